"""Keys of the authority, as TUF wants them. Their files are those of ``fingerpost.membership.signing_keys``.

Law: nothing here knows what a key is for: the charter does.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from fingerpost.membership.signing_keys import read_signing_key
from fingerpost.protocol.errors import Defect


def public_of(key: Ed25519PrivateKey) -> bytes:
    """Raw, 32 bytes."""
    return key.public_key().public_bytes_raw()


def tuf_key(public: bytes) -> SSlibKey:
    """The public key as TUF names it; its key id follows from the key."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public))


def signer(key: Ed25519PrivateKey) -> CryptoSigner:
    return CryptoSigner(key)


def load_signer(path: Path, public: bytes) -> CryptoSigner:
    """A signer with the key that the charter lists. Raises ``Defect`` when the file holds another
    (attack, or slip: a ceremony signed with a key nobody trusts)."""
    key = read_signing_key(path, setting="key file")
    if public_of(key) != public:
        raise Defect(f"{path}: not the key that the charter lists")
    return signer(key)
