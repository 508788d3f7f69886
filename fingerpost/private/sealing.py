"""How bytes are framed, padded and sealed: the boxes that queries, answers and peppers travel in.

``prefixed`` is the one way to join parts whose lengths vary, so that no two lists of parts give the
same bytes (attack: "ab"+"c" read as "a"+"bc"). Parts of fixed length behind a constant label may be
joined plainly.

``HybridKey`` and ``seal`` are HPKE (RFC 9180) in base mode, single shot, with the hybrid KEM
MLKEM768-X25519, HKDF-SHA-256 and AES-256-GCM, all by the library ``cryptography``, so that neither
today's nor tomorrow's eavesdropper opens it. Base mode has no sender and single shot has no
additional data here: whatever a seal must be bound to stands in ``info``, and who made it is for a
signature inside. The library has no serialiser for hybrid private keys, so the two component keys
are kept one behind the other.

``wrap``, ``seal_body`` and ``commitment`` are the boxes inside a query; ``query_sealing`` has their
formulas. Each key derived there encrypts once, ever, so the nonce is all zeros: the key of a wrap
depends on q (new in each query) and on a locator (once in each query), the key of the body on K
(new in each query).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused

LENGTH_BYTES: Final = 4
PRIVATE_KEY_BYTES: Final = 96  # ML-KEM-768 seed (64, FIPS 203) | X25519 (32, RFC 7748)

_MLKEM_SEED_BYTES: Final = 64
_MLKEM_PUBLIC_BYTES: Final = 1184
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NONCE: Final = bytes(12)


def prefixed(*parts: bytes) -> bytes:
    """Return each part behind its length as 4 bytes, big-endian."""
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "big") + part for part in parts)


def pad(data: bytes, size: int, what: str) -> bytes:
    """Return length (4 bytes, big-endian), data and zeros: ``size`` bytes in all.

    Raises:
        Refused: MALFORMED, the data is too long; ``what`` names it.
    """
    if LENGTH_BYTES + len(data) > size:
        raise Refused(Code.MALFORMED, what)
    return prefixed(data).ljust(size, b"\0")


def unpad(padded: bytes, what: str) -> bytes:
    """Return what ``pad`` was given.

    Raises:
        Refused: BAD_SEAL, the length is wrong or the padding is not zeros (attack: a sender marks a
            message in bytes that no reader checks).
    """
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    if LENGTH_BYTES + length > len(padded) or padded[LENGTH_BYTES + length :].strip(b"\0"):
        raise Refused(Code.BAD_SEAL, what)
    return padded[LENGTH_BYTES : LENGTH_BYTES + length]


class HybridKey:
    """A private key to open seals with. ``public_key`` is ML-KEM-768 (1184 bytes) | X25519 (32
    bytes), raw."""

    __slots__ = ("_private", "_secret", "public_key")

    public_key: bytes

    def __init__(self, secret: bytes) -> None:
        """
        Args:
            secret: 96 bytes, as ``serialise`` gives them.

        Raises:
            Refused: MALFORMED, another size.
        """
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

    def serialise(self) -> bytes:
        """Return the 96 secret bytes, from which the key can be made again."""
        return self._secret

    def open(self, info: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext.

        Raises:
            Refused: BAD_SEAL, sealed to another key, under another ``info``, or altered on the way.
        """
        try:
            return _SUITE.decrypt(ciphertext, self._private, info=info)
        except (InvalidTag, ValueError):
            raise Refused(Code.BAD_SEAL, "hybrid seal") from None


def seal(public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
    """Seal ``plaintext`` to ``public_key``, bound to ``info``; the randomness is the library's.

    Returns:
        The ciphertext, ``limits.HPKE_OVERHEAD_BYTES`` longer than ``plaintext``.

    Raises:
        Refused: MALFORMED, ``public_key`` is none (FIPS 203's modulus check included).
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


def wrap(content_key: bytes, wrap_secret: bytes, *, q: bytes, bound: bytes, position: int) -> bytes:
    """Return w_i, the wrap of K at ``position``, 48 bytes. ``bound`` is H(core)."""
    key = _wrap_key(wrap_secret, q, bound)
    return AESGCM(key).encrypt(_NONCE, content_key, _wrap_aad(bound, position))


def unwrap(
    wrapped: bytes,
    wrap_secret: bytes,
    *,
    q: bytes,
    bound: bytes,
    position: int,
    key_commitment: bytes,
) -> bytes:
    """Return K, 32 bytes.

    Raises:
        Refused: BAD_SEAL, this secret does not open the wrap; BAD_COMMITMENT, another K comes out
            than the one that all readers of this query are shown.
    """
    key = _wrap_key(wrap_secret, q, bound)
    content_key = _decrypt(key, wrapped, _wrap_aad(bound, position), "wrap")
    if not hmac.compare_digest(commitment(q, content_key), key_commitment):
        raise Refused(Code.BAD_COMMITMENT, "core.key_commitment")
    return content_key


def seal_body(content_key: bytes, body: bytes, *, bound: bytes) -> bytes:
    """Return the sealed body under the key that K gives, bound to H(core)."""
    return AESGCM(_body_key(content_key)).encrypt(_NONCE, body, bound)


def open_body(content_key: bytes, sealed: bytes, *, bound: bytes) -> bytes:
    """Return the body of a query.

    Raises:
        Refused: BAD_SEAL, another K or another core, or altered.
    """
    return _decrypt(_body_key(content_key), sealed, bound, "sealed")


def commitment(q: bytes, content_key: bytes) -> bytes:
    """Return kc, the commitment to K, 32 bytes; both inputs have 32."""
    return hashlib.sha256(b"kc" + q + content_key).digest()


def _wrap_key(wrap_secret: bytes, q: bytes, bound: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=q, info=bound).derive(wrap_secret)


def _wrap_aad(bound: bytes, position: int) -> bytes:
    return bound + position.to_bytes(4, "big")


def _body_key(content_key: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"body").derive(content_key)


def _decrypt(key: bytes, ciphertext: bytes, aad: bytes, what: str) -> bytes:
    try:
        return AESGCM(key).decrypt(_NONCE, ciphertext, aad)
    except InvalidTag:
        raise Refused(Code.BAD_SEAL, what) from None
