"""The keys and the commitment inside a query. Derivation only, for ``query_sealing``; the formulas stand there.

Law: each key made here encrypts once, ever, so the nonce is all zeros: a wrap's key depends on q (new in each query)
and on a locator (once in each query), the body's key on K (new in each query).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fingerpost.protocol.errors import Code, Refused

_NONCE: Final = bytes(12)


def wrap(content_key: bytes, wrap_secret: bytes, *, q: bytes, bound: bytes, position: int) -> bytes:
    """w_i, 48 bytes. ``bound`` is H(core)."""
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
    """K. Raises ``Refused``: BAD_SEAL when this secret does not open it, BAD_COMMITMENT when another K comes out than
    the one that all readers of this query are shown."""
    key = _wrap_key(wrap_secret, q, bound)
    content_key = _decrypt(key, wrapped, _wrap_aad(bound, position), "wrap")
    if not hmac.compare_digest(commitment(q, content_key), key_commitment):
        raise Refused(Code.BAD_COMMITMENT, "core.key_commitment")
    return content_key


def seal_body(content_key: bytes, body: bytes, *, bound: bytes) -> bytes:
    return AESGCM(_body_key(content_key)).encrypt(_NONCE, body, bound)


def open_body(content_key: bytes, sealed: bytes, *, bound: bytes) -> bytes:
    """Raises ``Refused(BAD_SEAL)``."""
    return _decrypt(_body_key(content_key), sealed, bound, "sealed")


def commitment(q: bytes, content_key: bytes) -> bytes:
    """kc, 32 bytes; both inputs have 32."""
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
