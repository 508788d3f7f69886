"""Tags, peppers and locators agree with their formulas, and peppers only go forwards."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.locators import (
    DAYS_AHEAD,
    Opening,
    Pepper,
    locator,
    locators,
    opening,
    tag,
    wrap_secret,
)
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import EpochNumber

BYTES32 = st.binary(min_size=32, max_size=32)
EPOCH = EpochNumber(4)


def _expand(key: bytes, info: bytes) -> bytes:
    """HKDF-Expand (RFC 5869) for 32 bytes: one round of HMAC."""
    return hmac.digest(key, info + b"\1", "sha256")


@given(st.binary(min_size=64, max_size=64), st.binary(min_size=64, max_size=64))
def test_a_tag_is_hkdf_extract_of_both(f_a: bytes, f_b: bytes) -> None:
    assert tag(f_a, f_b) == hmac.digest(b"fingerpost/v1 T", f_a + f_b, "sha256")
    assert (tag(f_a, f_b) == tag(f_b, f_a)) == (f_a == f_b)


@pytest.mark.parametrize(("a", "b"), [(63, 64), (64, 63), (65, 63), (0, 128)])
def test_a_tag_takes_outputs_of_64_bytes(a: int, b: int) -> None:
    with pytest.raises(Defect):
        tag(bytes(a), bytes(b))


@settings(max_examples=30)
@given(BYTES32, st.integers(0, 30_000), st.integers(0, 20))
def test_a_pepper_goes_day_by_day(value: bytes, day: int, ahead: int) -> None:
    expected = value
    for _ in range(ahead):
        expected = _expand(expected, b"day")
    pepper = Pepper(EPOCH, day, value).at(day + ahead)
    assert (pepper.epoch, pepper.day, pepper.value) == (EPOCH, day + ahead, expected)


def test_a_pepper_does_not_go_back() -> None:
    pepper = Pepper(EPOCH, 100, bytes(32))
    for day in (99, 0, -1, 101 + DAYS_AHEAD):
        with refused(Code.NOT_READY):
            pepper.at(day)
    assert pepper.at(100) == pepper
    assert pepper.at(100 + DAYS_AHEAD).day == 100 + DAYS_AHEAD


@given(BYTES32, st.integers(0, 30_000), st.integers(0, 143), BYTES32)
def test_locators_follow_their_formula(value: bytes, day: int, slot_in_day: int, t: bytes) -> None:
    slot = day * 144 + slot_in_day
    slot_key = Pepper(EPOCH, day, value).slot_key(slot)
    assert slot_key == _expand(value, b"slot" + slot.to_bytes(8, "big"))
    assert locator(slot_key, t) == hashlib.blake2s(b"loc" + t, key=slot_key).digest()[:16]
    assert wrap_secret(slot_key, t) == hashlib.blake2s(b"wrap" + t, key=slot_key).digest()
    made = opening(slot_key, t)
    assert (made.locator, made.wrap_secret) == (locator(slot_key, t), wrap_secret(slot_key, t))


@given(BYTES32, st.lists(BYTES32, max_size=8))
def test_many_locators_are_the_single_ones(slot_key: bytes, tags: list[bytes]) -> None:
    assert list(locators(slot_key, tags)) == [locator(slot_key, t) for t in tags]


@pytest.mark.parametrize("slot", [100 * 144 - 1, 101 * 144, 0])
def test_a_slot_of_another_day_has_no_key_here(slot: int) -> None:
    with pytest.raises(Defect):
        Pepper(EPOCH, 100, bytes(32)).slot_key(slot)


def test_a_locator_lives_for_one_slot() -> None:
    pepper = Pepper(EPOCH, 100, bytes(32))
    seen = {locator(pepper.slot_key(100 * 144 + i), bytes(32)) for i in range(144)}
    assert len(seen) == 144


@pytest.mark.parametrize(("key", "size"), [(31, 32), (32, 31), (32, 33), (0, 32)])
def test_keys_and_tags_have_32_bytes(key: int, size: int) -> None:
    for derive in (locator, wrap_secret, opening):
        with pytest.raises(Defect):
            derive(bytes(key), bytes(size))
    with pytest.raises(Defect):
        list(locators(bytes(key), [bytes(size)]))


@pytest.mark.parametrize(("day", "size"), [(1, 31), (1, 33), (-1, 32)])
def test_a_pepper_of_another_shape_is_refused(day: int, size: int) -> None:
    with refused(Code.MALFORMED):
        Pepper(EPOCH, day, bytes(size))


def test_an_opening_of_another_shape_is_a_defect() -> None:
    with pytest.raises(Defect):
        Opening(bytes(15), bytes(32))


def test_nothing_secret_is_printed() -> None:
    assert repr(Pepper(EPOCH, 100, b"s" * 32)) == "Pepper(epoch 4, day 100)"
    assert repr(Opening(b"l" * 16, b"w" * 32)) == "Opening(…)"
