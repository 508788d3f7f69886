"""Ed25519 private keys in files: PKCS #8 (RFC 8410) in PEM, mode 0600, one key a file.

Law: a key is made where it is used and never overwritten; code that needs a key is given its path.
Nothing here knows the purpose of a key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import create_file, read_secret

_FILE_BYTES: Final = 4096


def make_signing_key(path: Path) -> Ed25519PrivateKey:
    """Make a new key in a new file, durable on return.

    Raises:
        Defect: the file exists, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    create_file(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def read_signing_key(path: Path, *, setting: str) -> Ed25519PrivateKey:
    """Read the key of a file.

    Raises:
        Defect: as ``read_secret``, or the file holds no Ed25519 key in PEM; the message names
            ``setting``.
    """
    pem = read_secret(path, most=_FILE_BYTES, setting=setting)
    try:
        key = load_pem_private_key(pem, password=None)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        InternalError,
    ):  # its text may describe the content
        raise Defect(f"{setting}: {path} is not a private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Defect(f"{setting}: {path} is not an Ed25519 key")
    return key
