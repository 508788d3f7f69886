"""The attack that the commitment stops: one ciphertext, two keys, two contents.

AES-GCM promises nothing to a reader about which key made a ciphertext: whoever knows two keys can
choose one block so that the tag holds under both. A requester could show one child to a school and
another to a hospital, in one query, and each node's record would prove a different question. The
first test carries the attack out on GCM itself; the others show that a query stops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fakes.refusals import refused
from fingerpost.private import sealing
from fingerpost.private.query_sealing import open_query
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import seal_into_query, write_core
from fingerpost.protocol.envelope import core_hash
from fingerpost.protocol.errors import Code
from fingerpost.protocol.messages import Query
from unit.fingerpost.private.a_lookup import a_lookup, key_of, received, seeded

NONCE = bytes(12)
BLOCK = 16
FIRST, SECOND = bytes([1]) * 32, bytes([2]) * 32
LOOKUP = a_lookup()


def _times(x: int, y: int) -> int:
    """GF(2^128) as in GCM (NIST SP 800-38D, section 6.3): the leftmost bit is the lowest power."""
    z = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            z ^= y
        y = (y >> 1) ^ (0xE1 << 120 if y & 1 else 0)
    return z


ONE = 1 << 127


def _power(x: int, exponent: int) -> int:
    result = ONE
    while exponent:
        if exponent & 1:
            result = _times(result, x)
        x = _times(x, x)
        exponent >>= 1
    return result


def _aes(key: bytes, block: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    return int.from_bytes(encryptor.update(block), "big")


def _ghash(h: int, blocks: Sequence[int]) -> int:
    y = 0
    for block in blocks:
        y = _times(y ^ block, h)
    return y


def _blocks(data: bytes) -> list[int]:
    padded = data + bytes(-len(data) % BLOCK)
    return [int.from_bytes(padded[i : i + BLOCK], "big") for i in range(0, len(padded), BLOCK)]


def two_keyed(ciphertext: bytes, aad: bytes, one: bytes, other: bytes) -> bytes:
    """``ciphertext`` with its last block chosen, and a tag, so that both keys take it."""
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    blocks = [*_blocks(aad), *_blocks(ciphertext)[:-1], 0, *_blocks(lengths)]
    tags, factors = [], []
    for key in (one, other):
        h = _aes(key, bytes(BLOCK))
        tags.append(_ghash(h, blocks) ^ _aes(key, NONCE + (1).to_bytes(4, "big")))
        factors.append(_power(h, 2))  # the free block stands before the lengths
    difference = factors[0] ^ factors[1]
    free = _times(tags[0] ^ tags[1], _power(difference, 2**128 - 2))
    tag = tags[0] ^ _times(free, factors[0])
    return ciphertext[:-BLOCK] + free.to_bytes(BLOCK, "big") + tag.to_bytes(BLOCK, "big")


def test_gcm_itself_is_fooled() -> None:
    crafted = two_keyed(seeded("salamander")(limits.INNER_BYTES), b"aad", FIRST, SECOND)
    one = AESGCM(FIRST).decrypt(NONCE, crafted, b"aad")
    other = AESGCM(SECOND).decrypt(NONCE, crafted, b"aad")
    assert one != other


def _query_for_two(committed: bytes) -> Query:
    """Position 0 unwraps to FIRST, position 1 to SECOND, and the sealed part opens under both."""
    query = received(LOOKUP.sealed().wire)
    core = replace(query.core, key_commitment=sealing.commitment(query.core.q, committed))
    bound = core_hash(write_core(core))
    wraps = list(query.wraps)
    for position, content_key in enumerate((FIRST, SECOND)):
        secret = _secret(position)
        wraps[position] = sealing.wrap(
            content_key, secret, q=core.q, bound=bound, position=position
        )
    body_keys = (sealing._body_key(FIRST), sealing._body_key(SECOND))
    sealed = two_keyed(seeded("salamander")(limits.INNER_BYTES), bound, *body_keys)
    wire = seal_into_query(write_core(core), tuple(wraps), sealed, core.epoch, key_of("requesters"))
    made = received(wire)
    for content_key in (FIRST, SECOND):
        assert sealing.open_body(content_key, made.sealed, bound=made.core_hash)
    return made


def _secret(position: int) -> bytes:
    return bytes([50 + position]) * 32


@pytest.mark.parametrize("committed", [FIRST, SECOND], ids=["first", "second"])
def test_a_query_has_one_content_key(committed: bytes) -> None:
    """Whichever key the core commits to, the readers of the other learn nothing but a refusal. (The
    content is noise here, so the reader of the committed key finds no length that holds.)"""
    query = _query_for_two(committed)
    ours, theirs = (0, 1) if committed == FIRST else (1, 0)
    with refused(Code.BAD_COMMITMENT):
        open_query(query, theirs, _secret(theirs))
    with refused(Code.BAD_SEAL):
        open_query(query, ours, _secret(ours))


def test_a_key_nobody_committed_to_opens_nowhere() -> None:
    query = _query_for_two(bytes([3]) * 32)
    for position in (0, 1):
        with refused(Code.BAD_COMMITMENT):
            open_query(query, position, _secret(position))
