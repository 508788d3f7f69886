"""Key files of the authority: Ed25519, PKCS #8 in PEM, mode 0600, one key a file.

Law: a key is made where it is used and never written over; whoever needs one is given its path. Nothing here knows
what a key is for: the charter does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from fingerpost.protocol.errors import Defect
from fingerpost.service import settings

KEY_FILE_BYTES: Final = 4096


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new key in a new file. Raises ``Defect`` when the file exists."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings.write_secret(path, pem)
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Raises ``Defect``: missing, open to others, or no Ed25519 key."""
    data = settings.read_secret(path, most=KEY_FILE_BYTES, setting="key file")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # its text may describe the content
        raise Defect(f"{path}: not a private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Defect(f"{path}: not an Ed25519 key")
    return key


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
    key = load_key(path)
    if public_of(key) != public:
        raise Defect(f"{path}: not the key that the charter lists")
    return signer(key)
