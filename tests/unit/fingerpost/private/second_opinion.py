"""The VOPRF once more, from the text of RFC 9497 and RFC 9380 over libsodium's ristretto255.

Law: shares no code and no library with ``fingerpost.private.oprf``; for tests only (nothing here is
constant-time).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import rbcl

CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"


def expand_message_xmd(message: bytes, dst: bytes, length: int) -> bytes:
    """RFC 9380, section 5.3.1, with SHA-512 (128-byte blocks)."""
    dst_prime = dst + bytes([len(dst)])
    blocks = -(-length // 64)
    b_0 = hashlib.sha512(
        bytes(128) + message + length.to_bytes(2, "big") + b"\0" + dst_prime
    ).digest()
    block = hashlib.sha512(b_0 + b"\1" + dst_prime).digest()
    out = block
    for i in range(2, blocks + 1):
        mixed = bytes(x ^ y for x, y in zip(b_0, block, strict=True))
        block = hashlib.sha512(mixed + bytes([i]) + dst_prime).digest()
        out += block
    return out[:length]


def hash_to_group(message: bytes) -> bytes:
    uniform = expand_message_xmd(message, b"HashToGroup-" + CONTEXT, 64)
    return bytes(rbcl.crypto_core_ristretto255_from_hash(uniform))


def hash_to_scalar(message: bytes, dst: bytes = b"HashToScalar-" + CONTEXT) -> bytes:
    uniform = expand_message_xmd(message, dst, 64)
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(uniform))


def derive_secret_key(seed: bytes, info: bytes) -> bytes:
    derive = seed + _sized(info)
    return hash_to_scalar(derive + b"\0", b"DeriveKeyPair" + CONTEXT)


def public_key(secret: bytes) -> bytes:
    return bytes(rbcl.crypto_scalarmult_ristretto255_base(secret))


def times(scalar: bytes, point: bytes) -> bytes:
    return bytes(rbcl.crypto_scalarmult_ristretto255(scalar, point))


def unblind(blind: bytes, point: bytes) -> bytes:
    return times(bytes(rbcl.crypto_core_ristretto255_scalar_invert(blind)), point)


def finalise(input_: bytes, unblinded: bytes) -> bytes:
    return hashlib.sha512(_sized(input_) + _sized(unblinded) + b"Finalize").digest()


def evaluate(secret: bytes, input_: bytes) -> bytes:
    return finalise(input_, times(secret, hash_to_group(input_)))


def proof_holds(
    public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes
) -> bool:
    """RFC 9497, section 2.2.2, VerifyProof over a batch."""
    c, s = proof[:32], proof[32:]
    m, z = _composites(public, blinded, evaluated)
    t2 = _add(times(s, _generator()), times(c, public))
    t3 = _add(times(s, m), times(c, z))
    transcript = b"".join(_sized(part) for part in (public, m, z, t2, t3)) + b"Challenge"
    return hash_to_scalar(transcript) == c


def _composites(
    public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]
) -> tuple[bytes, bytes]:
    seed = hashlib.sha512(_sized(public) + _sized(b"Seed-" + CONTEXT)).digest()
    m = z = bytes(32)
    for i, (c, d) in enumerate(zip(blinded, evaluated, strict=True)):
        transcript = _sized(seed) + i.to_bytes(2, "big") + _sized(c) + _sized(d) + b"Composite"
        factor = hash_to_scalar(transcript)
        m = _add(m, times(factor, c))
        z = _add(z, times(factor, d))
    return m, z


def _generator() -> bytes:
    return public_key((1).to_bytes(32, "little"))


def _add(p: bytes, q: bytes) -> bytes:
    return bytes(rbcl.crypto_core_ristretto255_add(p, q))


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(2, "big") + part
