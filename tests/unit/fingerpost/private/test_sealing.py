"""Framing is unambiguous; seals open with the one key under the one ``info``, or not at all."""

from __future__ import annotations

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.sealing import HybridKey, pad, prefixed, seal, unpad
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code

PARTS = st.lists(st.binary(max_size=6), max_size=4)
KEY = HybridKey.generate(secrets.token_bytes)


@settings(max_examples=25, deadline=None)
@given(info=st.binary(max_size=64), plain=st.binary(max_size=200))
def test_what_was_sealed_opens(info: bytes, plain: bytes) -> None:
    sealed = seal(KEY.public_key, info, plain)
    assert len(sealed) == len(plain) + limits.HPKE_OVERHEAD_BYTES
    assert KEY.open(info, sealed) == plain


def test_a_key_comes_back_from_its_bytes() -> None:
    again = HybridKey(KEY.serialise())
    assert again.public_key == KEY.public_key
    assert again.open(b"i", seal(KEY.public_key, b"i", b"x")) == b"x"


def test_the_public_key_is_mlkem_then_x25519() -> None:
    secret = KEY.serialise()
    mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:64]).public_key().public_bytes_raw()
    x25519 = X25519PrivateKey.from_private_bytes(secret[64:]).public_key().public_bytes_raw()
    assert KEY.public_key == mlkem + x25519
    assert len(KEY.public_key) == limits.HYBRID_PUBLIC_KEY_BYTES


def test_both_halves_of_the_key_are_needed() -> None:
    """A computer that breaks one of the two has nothing."""
    other = HybridKey.generate(secrets.token_bytes).serialise()
    mine = KEY.serialise()
    sealed = seal(KEY.public_key, b"i", b"x")
    for mixed in (mine[:64] + other[64:], other[:64] + mine[64:]):
        with refused(Code.BAD_SEAL):
            HybridKey(mixed).open(b"i", sealed)


@pytest.mark.parametrize("position", [0, 500, 1087, 1088, 1119, 1120, 1135, 1151])
def test_an_altered_seal_does_not_open(position: int) -> None:
    sealed = bytearray(seal(KEY.public_key, b"i", bytes(16)))
    sealed[position] ^= 1
    with refused(Code.BAD_SEAL):
        KEY.open(b"i", bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", bytes(10), bytes(1119), bytes(1120), bytes(1300)])
def test_bytes_that_are_no_seal_do_not_open(sealed: bytes) -> None:
    with refused(Code.BAD_SEAL):
        KEY.open(b"i", sealed)


def test_another_info_does_not_open() -> None:
    with refused(Code.BAD_SEAL):
        KEY.open(b"j", seal(KEY.public_key, b"i", b"x"))


@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        KEY.public_key[:-1],
        KEY.public_key + b"\0",
        pytest.param(b"\xff" * 1184 + KEY.public_key[1184:], id="not reduced"),
        pytest.param(KEY.public_key[:1184] + bytes(32), id="low order"),
    ],
)
def test_a_public_key_that_is_none_is_refused(public_key: bytes) -> None:
    with refused(Code.MALFORMED):
        seal(public_key, b"i", b"x")


def test_a_private_key_of_another_size_is_refused() -> None:
    with refused(Code.MALFORMED):
        HybridKey(bytes(95))


def test_nothing_secret_is_printed() -> None:
    assert repr(KEY) == str(KEY) == "HybridKey(…)"


def test_lengths_are_four_bytes_big_endian() -> None:
    assert prefixed(b"ab", b"") == b"\0\0\0\2ab\0\0\0\0"


@given(PARTS, PARTS)
def test_different_parts_give_different_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (prefixed(*one) == prefixed(*other)) == (one == other)


@given(st.binary(max_size=60), st.integers(64, 80))
def test_what_was_padded_comes_back(data: bytes, size: int) -> None:
    padded = pad(data, size, "x")
    assert len(padded) == size
    assert unpad(padded, "x") == data


def test_what_does_not_fit_is_refused() -> None:
    assert pad(bytes(60), 64, "x") == b"\0\0\0\x3c" + bytes(60)
    with refused(Code.MALFORMED):
        pad(bytes(61), 64, "x")


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        b"\0\0",
        b"\0\0\0\2a",
        b"\xff\xff\xff\xff" + bytes(60),
        pad(b"ab", 64, "x")[:-1] + b"\1",
        b"\0\0\0\1ab" + bytes(58),
    ],
)
def test_padding_that_is_none_is_refused(padded: bytes) -> None:
    with refused(Code.BAD_SEAL):
        unpad(padded, "x")
