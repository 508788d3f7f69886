"""Joining and padding: nothing ambiguous, nothing unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.private.framing import pad, prefixed, unpad
from fingerpost.protocol.errors import Code, Refused

PARTS = st.lists(st.binary(max_size=6), max_size=4)


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
    with pytest.raises(Refused) as refused:
        pad(bytes(61), 64, "x")
    assert refused.value.code is Code.MALFORMED


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
    with pytest.raises(Refused) as refused:
        unpad(padded, "x")
    assert refused.value.code is Code.BAD_SEAL
