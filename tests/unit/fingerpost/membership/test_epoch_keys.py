"""Which keys a member makes ahead, which peppers it turns on and what it forgets, with random
epochs.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakes import federations
from fakes.federations import HOLDERS
from fingerpost.membership.epoch_keys import (
    earliest_day,
    epochs_to_prepare,
    plan_turning,
)
from fingerpost.protocol import limits
from fingerpost.protocol.federation import Epoch, Parameters
from fingerpost.protocol.ids import EpochNumber, FederationId

NOW = int(federations.NOW)
NUMBERS = st.integers(1, 9).map(EpochNumber)
TODAY = earliest_day(NOW)


@st.composite
def announced(draw: st.DrawFn) -> Parameters:
    epochs = []
    for number in sorted(draw(st.sets(NUMBERS, max_size=4))):
        ends = NOW + draw(st.integers(-1000, 1000))
        keys = dict.fromkeys(HOLDERS, bytes(32))
        epochs.append(Epoch(number, ends - 3000, ends - 2000, ends, keys, bytes(32)))
    return federations.parameters(FederationId("test"), epochs)


@given(announced(), st.sets(NUMBERS))
def test_a_key_is_made_for_every_epoch_to_come_and_for_none_twice(
    parameters: Parameters, opened: set[EpochNumber]
) -> None:
    wanted = epochs_to_prepare(parameters, opened, NOW)
    assert not set(wanted) & opened
    usable = {e.number for e in parameters.epochs if not e.is_over(NOW)}
    assert set(wanted) | opened >= usable | {parameters.next_epoch}


@given(announced(), st.dictionaries(NUMBERS, st.integers(TODAY - 3, TODAY + 3)), st.sets(NUMBERS))
def test_what_can_still_be_asked_about_is_kept_and_nothing_earlier(
    parameters: Parameters, peppers: dict[EpochNumber, int], keys: set[EpochNumber]
) -> None:
    due = plan_turning(parameters, peppers, keys, NOW)
    usable = {e.number for e in parameters.epochs if not e.is_over(NOW)}
    assert not due.forget & (usable | {parameters.next_epoch})
    after = {n: due.turn.get(n, day) for n, day in peppers.items() if n not in due.forget}
    assert all(day >= TODAY for day in after.values())
    assert all(after[n] == max(peppers[n], TODAY) for n in after)
    over = {e.number for e in parameters.epochs} - usable
    assert not (after.keys() | (keys - due.forget)) & over
    again = plan_turning(parameters, after, keys - due.forget, NOW)
    assert (again.turn, again.forget) == ({}, frozenset())


def test_the_last_slot_of_a_day_is_held_into_the_next() -> None:
    today = NOW // limits.DAY
    held_until = today * limits.DAY + limits.PREVIOUS_SLOT_HELD_SECONDS
    assert earliest_day(held_until - 1) == today - 1
    assert earliest_day(held_until) == today
