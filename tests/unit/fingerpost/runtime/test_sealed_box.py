"""What is sealed opens in its own place with its own key, and nowhere else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.sealed_box import SealedBox

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_it_opens_where_it_was_sealed(plain: bytes, bound: bytes) -> None:
    box = SealedBox(KEY)
    sealed = box.seal(plain, bound)
    assert len(sealed) == len(plain) + 28
    assert box.open(sealed, bound, "no") == plain
    assert box.seal(plain, bound) != sealed
    for key, data, place in (
        (bytes(32), sealed, bound),
        (KEY, sealed, bound + b"x"),
        (KEY, sealed[:-1] + bytes([sealed[-1] ^ 1]), bound),
        (KEY, bytes([sealed[0] ^ 1]) + sealed[1:], bound),
        (KEY, sealed[:27], bound),
        (KEY, sealed[:5], bound),
        (KEY, b"", bound),
    ):
        with pytest.raises(Defect, match=r"^no$"):
            SealedBox(key).open(data, place, "no")


def test_the_form_that_lies_on_disks_stays() -> None:
    """Nonce first, then what AES-256-GCM makes: earlier files open, and later ones are alike."""
    earlier = bytes.fromhex("000102030405060708090a0b376eb772ab60fb38b15a727ee8070143b9947c44de")
    assert SealedBox(KEY).open(earlier, b"place", "no") == b"plain"
    sealed = SealedBox(KEY).seal(b"plain", b"place")
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], b"place") == b"plain"


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(Defect, match="32 bytes"):
        SealedBox(bytes(size))


def test_it_does_not_show_its_key() -> None:
    assert repr(SealedBox(KEY)) == "SealedBox(…)"
