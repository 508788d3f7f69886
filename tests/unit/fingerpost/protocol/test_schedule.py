"""Slots, days and freshness."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.broker_world import a_core
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import (
    QueryCore,
    day_of,
    day_of_slot,
    require_fresh,
    slot_of,
    slots_to_hold,
)

NOW = 1_800_000_000


def core(issued_at: int, life: int = 120, passport: int = 600) -> QueryCore:
    ends = {"expires_at": issued_at + life, "passport_expires_at": issued_at + passport}
    return a_core(issued_at, **ends)


@given(
    now=st.integers(10**9, 2 * 10**9),
    age=st.integers(-400, 400),
    life=st.integers(-10, 400),
    passport=st.integers(-10, 1200),
)
def test_whatever_is_fresh_finds_its_slot_held(
    now: int, age: int, life: int, passport: int
) -> None:
    query = core(now - age, life, passport)
    try:
        require_fresh(query, now)
    except Refused as refused:
        assert refused.code is Code.NOT_FRESH
    else:
        assert query.slot in slots_to_hold(now)
        assert query.expires_at <= query.passport_expires_at


@given(st.integers(0, 2**33))
def test_a_slot_lies_within_one_day(at: int) -> None:
    assert day_of_slot(slot_of(at)) == day_of(at)


@pytest.mark.parametrize("age", [0, -60, 179, 180])
def test_an_honest_clock_within_the_skew_is_accepted(age: int) -> None:
    require_fresh(core(NOW - age), NOW)


@pytest.mark.parametrize("age", [-61, 181, 100_000])
def test_a_query_from_the_past_or_the_future_is_refused(age: int) -> None:
    with pytest.raises(Refused, match="not_fresh"):
        require_fresh(core(NOW - age), NOW)


def test_a_slot_that_is_not_that_of_its_time_is_malformed() -> None:
    query = dataclasses.replace(core(NOW), slot=slot_of(NOW) - 1)
    with pytest.raises(Refused, match="malformed"):
        require_fresh(query, NOW)


def test_at_most_two_slots_are_held() -> None:
    assert {len(slots_to_hold(NOW + s)) for s in range(limits.SLOT_SECONDS)} == {1, 2}
