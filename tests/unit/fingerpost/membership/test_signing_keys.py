"""Ed25519 keys in files are made once and read by their owner; nothing else is taken for one."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from fingerpost.membership.signing_keys import make_signing_key, read_signing_key
from fingerpost.protocol.errors import Defect
from fingerpost.runtime import tls
from fingerpost.runtime.files import create_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signing.key"


def test_a_key_is_read_as_it_was_made(path: Path) -> None:
    made = make_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = read_signing_key(path, setting="key file")
    assert read.private_bytes_raw() == made.private_bytes_raw()


def test_a_key_is_not_written_over(path: Path) -> None:
    made = make_signing_key(path)
    with pytest.raises(Defect, match="exists already"):
        make_signing_key(path)
    read = read_signing_key(path, setting="key file")
    assert read.private_bytes_raw() == made.private_bytes_raw()


def test_a_key_that_others_can_read_is_not_used(path: Path) -> None:
    make_signing_key(path)
    path.chmod(0o640)
    with pytest.raises(Defect, match=r"^key file: .* is open to group or others"):
        read_signing_key(path, setting="key file")


def _under_a_password() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"of somebody")
    )


def _said_to_be_longer() -> bytes:
    """One bit of the key's kind has flipped, from Ed25519 to Ed448 (RFC 8410, section 3)."""
    der = Ed25519PrivateKey.generate().private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    text = base64.b64encode(der.replace(b"\x2b\x65\x70", b"\x2b\x65\x71"))
    return b"-----BEGIN PRIVATE KEY-----\n" + text + b"\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (_said_to_be_longer(), "is not a private key in PEM"),
        (b"-----BEGIN NOTHING-----\n", "is not a private key in PEM"),
        (_under_a_password(), "is not a private key in PEM"),
        (tls.make_key(), "is not an Ed25519 key"),
        (b"", "does not have 1 to 4096 bytes"),
    ],
    ids=["longer", "nothing", "password", "ecdsa", "empty"],
)
def test_what_is_no_key_is_named_by_setting_and_path(
    path: Path, content: bytes, fault: str
) -> None:
    create_file(path, content)
    with pytest.raises(Defect) as defect:
        read_signing_key(path, setting="key file")
    assert str(defect.value) == f"key file: {path} {fault}"
