"""The searches of this folder find what they look for."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from privacy.traces import forms, shared, spellings_of_day, traces

NAME = "Ottoline Vance"
HIDINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "no space": lambda data: data.replace(b" ", b""),
    "upper": bytes.upper,
    "wide": lambda data: data.decode().encode("utf-16-le"),
    "hex": lambda data: data.hex().encode(),
    "turned": lambda data: data[::-1],
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha1 in hex": lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest().encode(),
    "a cut blake2s": lambda data: hashlib.blake2s(data).digest()[:16],
}


@pytest.mark.parametrize("how", HIDINGS)
def test_each_form_is_found(how: str) -> None:
    hidden = os.urandom(50) + HIDINGS[how](NAME.encode()) + os.urandom(50)
    assert traces([os.urandom(50), hidden], forms(NAME))
    assert not traces([os.urandom(5000)], forms(NAME))


@given(before=st.binary(max_size=8), behind=st.binary(max_size=8), url=st.booleans())
@examples(50)
def test_base64_is_found_wherever_it_begins(before: bytes, behind: bytes, url: bool) -> None:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    assert traces([encode(before + NAME.encode() + behind)], forms(NAME))


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
@pytest.mark.parametrize("at", [0, 5])
def test_what_is_compressed_is_found(pack: Callable[[bytes], bytes], at: int) -> None:
    assert traces([bytes(at) + pack(b"to " + NAME.encode() * 3)], forms(NAME))


def test_a_day_is_found_in_the_usual_spellings() -> None:
    spelled = spellings_of_day(date(2015, 3, 9))
    assert {"2015-03-09", "09/03/2015", "20150309", "09 Mar 2015"} <= spelled


@given(one=st.binary(min_size=40, max_size=60), at=st.integers(0, 24))
@examples(50)
def test_a_shared_run_is_found_wherever_it_stands(one: bytes, at: int) -> None:
    other = os.urandom(30) + one[at : at + 16] + os.urandom(30)
    assert one[at : at + 16] in shared(one, other, 16)
    assert not shared(one, os.urandom(100), 16)
