"""Sealing to a key so that neither today's nor tomorrow's eavesdropper opens it.

Law: HPKE (RFC 9180) base mode, single shot, with the hybrid KEM MLKEM768-X25519, HKDF-SHA-256 and AES-256-GCM, all
by the ``cryptography`` library. Base mode has no sender and single shot no aad here: whatever a seal must
be bound to stands in ``info``; who made it is for a signature inside.

The library has no serialiser for hybrid private keys: the two component keys are kept one behind the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused

PRIVATE_KEY_BYTES: Final = 96  # ML-KEM-768 seed (64, FIPS 203) | X25519 (32, RFC 7748)

_MLKEM_SEED_BYTES: Final = 64
_MLKEM_PUBLIC_BYTES: Final = 1184
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class HybridKey:
    """A private key. ``public_key`` is ML-KEM-768 (1184 bytes) | X25519 (32 bytes), raw."""

    __slots__ = ("_private", "_secret", "public_key")

    public_key: bytes

    def __init__(self, secret: bytes) -> None:
        if len(secret) != PRIVATE_KEY_BYTES:
            raise Refused(Code.MALFORMED, "hybrid private key")
        mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:_MLKEM_SEED_BYTES])
        x25519 = X25519PrivateKey.from_private_bytes(secret[_MLKEM_SEED_BYTES:])
        self._secret = secret
        self._private = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public_key = (
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    def __repr__(self) -> str:
        return "HybridKey(…)"

    @classmethod
    def generate(cls, random_bytes: Callable[[int], bytes]) -> Self:
        return cls(random_bytes(PRIVATE_KEY_BYTES))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """What ``serialise`` gave, 96 bytes. Raises ``Refused(MALFORMED)`` for another size."""
        return cls(data)

    def serialise(self) -> bytes:
        """96 secret bytes."""
        return self._secret

    def open(self, info: bytes, ciphertext: bytes) -> bytes:
        """Raises ``Refused(BAD_SEAL)``: sealed to another key, under another ``info``, or altered on the way."""
        try:
            return _SUITE.decrypt(ciphertext, self._private, info=info)
        except (InvalidTag, ValueError):
            raise Refused(Code.BAD_SEAL, "hybrid seal") from None


def seal(public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
    """``limits.HPKE_OVERHEAD_BYTES`` longer than ``plaintext``; the randomness is the library's.

    Raises ``Refused(MALFORMED)`` when ``public_key`` is none (FIPS 203's modulus check included).
    """
    if len(public_key) != limits.HYBRID_PUBLIC_KEY_BYTES:
        raise Refused(Code.MALFORMED, "hybrid public key")
    try:
        recipient = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public_key[:_MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public_key[_MLKEM_PUBLIC_BYTES:]),
        )
        return _SUITE.encrypt(plaintext, recipient, info=info)
    except ValueError:  # also an X25519 key of low order, found when encapsulating
        raise Refused(Code.MALFORMED, "hybrid public key") from None
