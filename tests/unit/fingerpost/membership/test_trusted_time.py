"""What cannot be undone waits for the issuer's signed time: no wrong clock destroys anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.repository import DAY, listed
from fingerpost.membership.trusted_time import (
    CARRIED_SECONDS,
    Clocks,
    Reading,
    Signed,
    TrustedTime,
    reached,
)
from unit.fingerpost.membership.conftest import World

OFFSET = st.integers(-400 * DAY, 400 * DAY)
LIST = listed(NOW)


@given(ours=OFFSET, age=st.integers(0, 400 * DAY), run=st.integers(0, 3 * DAY))
def test_nothing_is_reached_before_its_time(ours: int, age: int, run: int) -> None:
    """However wrong this clock is, and however old a timestamp is that a broker plays back."""
    signed = Signed(NOW - age, received=100.0)
    true = NOW + run
    assert reached(true + ours, 100.0 + run, signed) <= true


@given(theirs=OFFSET, run=st.integers(0, 3 * DAY))
def test_an_issuer_that_is_ahead_moves_nobody_whose_clock_is_right(theirs: int, run: int) -> None:
    true = NOW + run
    assert reached(true, 100.0 + run, Signed(NOW + theirs, received=100.0)) <= true


@given(run=st.integers(0, CARRIED_SECONDS))
def test_with_right_clocks_the_present_is_reached(run: int) -> None:
    assert reached(NOW + run, 100.0 + run, Signed(NOW, received=100.0)) == NOW + run


def test_a_signed_time_confirms_no_more_than_the_list_lives() -> None:
    signed = Signed(NOW, received=0.0)
    assert reached(NOW + 9 * DAY, 9.0 * DAY, signed) == NOW + CARRIED_SECONDS


def test_without_a_signed_time_nothing_is_reached() -> None:
    assert TrustedTime(ManualClock(NOW)).reached() == 0


def test_the_newest_list_counts_from_when_it_came() -> None:
    clock = ManualClock(NOW)
    time = TrustedTime(clock)
    time.note(replace(LIST, signed_at=NOW - 300))
    clock.advance(30)
    time.note(replace(LIST, signed_at=NOW - 300, version=99))
    assert time.reached() == NOW - 270, "the same signed time arrived half a minute ago"
    time.note(replace(LIST, signed_at=NOW + 20))
    assert time.reached() == NOW + 20


def test_an_issuer_that_was_ahead_is_believed_no_longer_than_it_was() -> None:
    clock = ManualClock(NOW)
    time = TrustedTime(clock)
    clock.step_wall(200 * DAY)
    time.note(replace(LIST, signed_at=NOW + 100 * DAY))
    time.note(replace(LIST, signed_at=NOW))
    assert time.reached() == NOW


@given(
    jump=st.one_of(st.integers(-400 * DAY, -71), st.integers(181, 400 * DAY)),
    run=st.integers(0, 1500),
)
def test_a_clock_that_jumped_is_found_out(jump: int, run: int) -> None:
    """By the time since which it is wrong, and in the right direction."""
    clock = ManualClock(NOW)
    time = TrustedTime(clock)
    time.note(replace(LIST, signed_at=NOW - 600))
    clock.advance(10)
    time.note(replace(LIST, signed_at=NOW))
    assert read(time).clocks is Clocks.AGREE
    clock.advance(run)
    clock.step_wall(jump)
    reading = read(time)
    assert reading.clocks is Clocks.OURS
    assert reading.ahead == jump + 10
    clock.step_wall(-jump)
    assert read(time).clocks is Clocks.AGREE


@pytest.mark.parametrize("theirs", [-3600, 3600, 100 * DAY])
def test_an_issuer_whose_clock_is_wrong_is_found_out(theirs: int) -> None:
    clock = ManualClock(NOW)
    time = TrustedTime(clock)
    time.note(replace(LIST, signed_at=NOW))
    assert read(time).clocks is Clocks.AGREE
    clock.advance(600)
    time.note(replace(LIST, signed_at=NOW + 600 + theirs))
    reading = read(time)
    assert (reading.clocks, reading.ahead) == (Clocks.ISSUERS, -theirs)


def test_who_has_never_agreed_is_not_accused() -> None:
    clock = ManualClock(NOW + 5 * 3600)
    time = TrustedTime(clock)
    assert time.read() is None
    time.note(replace(LIST, signed_at=NOW))
    assert read(time) == Reading(Clocks.ONE, 5 * 3600, 0)


def test_a_list_that_stands_still_is_no_wrong_clock() -> None:
    clock = ManualClock(NOW)
    time = TrustedTime(clock)
    time.note(replace(LIST, signed_at=NOW))
    clock.advance(20 * 3600)
    assert read(time) == Reading(Clocks.AGREE, 0, 20 * 3600)


def read(time: TrustedTime) -> Reading:
    reading = time.read()
    assert reading is not None
    return reading


def test_a_verified_list_says_when_it_was_signed(world: World) -> None:
    assert world.refresh(NOW + 60).signed_at == NOW
    world.repository.tick(NOW + 600)
    assert world.refresh(NOW + 610).signed_at == NOW + 600
    assert world.restarted().load(NOW + 650).signed_at == NOW + 600


def test_a_list_from_the_future_is_good_for_a_day_at_most(world: World) -> None:
    """An issuer that was 100 days ahead for a moment must not leave a list that can be played back
    for 100 days.
    """
    world.repository.tick(NOW + 20 * DAY)
    federation = world.refresh(NOW)
    assert federation.signed_at == NOW + 20 * DAY
    assert federation.valid_until == NOW + DAY + 60
