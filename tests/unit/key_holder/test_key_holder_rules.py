"""Epochs and quotas of a key holder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import federations
from fakes.refusals import refused
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol.caseload import Used
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Epoch, Federation, Member, Party
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Workload
from key_holder.epochs import KEEP_AFTER_SECONDS, chores, serving
from key_holder.quota import Count, Period, allowance, used_of

NOW = int(federations.NOW)
A, B = federations.HOLDERS


def federation(*epochs: Epoch) -> Federation:
    common = federations.parameters(FederationId("test"), epochs, keys_per_child_hundredths=2400)
    return federations.federation(common)


def epoch(number: int, starts: int, ends: int) -> Epoch:
    keys = {A: bytes(32), B: bytes(32)}
    return Epoch(EpochNumber(number), starts - 1000, starts, ends, keys, bytes(32))


@given(st.integers(-5000, 5000))
def test_an_epoch_is_served_from_indexing_until_its_last_query_died(offset: int) -> None:
    known = federation(epoch(1, NOW, NOW + 2000))
    now = NOW + offset
    wanted = -1000 - limits.CLOCK_SKEW_SECONDS <= offset < 2000 + KEEP_AFTER_SECONDS
    if wanted:
        assert serving(known, A, EpochNumber(1), now).number == EpochNumber(1)
    else:
        with refused(Code.UNSUPPORTED):
            serving(known, A, EpochNumber(1), now)


def test_a_holder_serves_nothing_that_is_not_its_own() -> None:
    with refused(Code.UNSUPPORTED):
        serving(federation(epoch(1, NOW, NOW + 2000)), MemberId("other"), EpochNumber(1), NOW)


def test_the_next_key_is_made_ahead_and_dead_ones_are_destroyed() -> None:
    known = federation(epoch(3, NOW - 9000, NOW - 5000), epoch(4, NOW - 5100, NOW + 5000))
    held = frozenset(EpochNumber(n) for n in (1, 3, 4))
    due = chores(known, held, NOW)
    assert due.make == (EpochNumber(5),)
    assert due.destroy == (EpochNumber(1), EpochNumber(3))
    assert due.announce == (EpochNumber(5),)
    assert chores(known, frozenset({EpochNumber(4), EpochNumber(5)}), NOW).destroy == ()


def test_before_the_first_epoch_a_key_is_made_for_it() -> None:
    assert chores(federation(), frozenset(), NOW).make == (EpochNumber(1),)


@st.composite
def some_epochs(draw: st.DrawFn) -> Federation:
    numbers = draw(st.sets(st.integers(1, 8)))
    starts = {n: NOW + draw(st.integers(-9000, 9000)) for n in numbers}
    return federation(*(epoch(n, starts[n], starts[n] + 5000) for n in sorted(numbers)))


@given(some_epochs(), st.sets(st.integers(1, 12).map(EpochNumber)))
def test_the_chores_keep_what_is_needed_and_are_done_once(
    known: Federation, held: set[EpochNumber]
) -> None:
    due = chores(known, frozenset(held), NOW)
    after = (held | set(due.make)) - set(due.destroy)
    listed = {e.number for e in known.parameters.epochs}
    served = {e.number for e in known.parameters.epochs if e.ends_at + KEEP_AFTER_SECONDS > NOW}
    newest = max((n.value for n in listed), default=0)
    assert not served & set(due.destroy)
    assert not after & (listed - served)
    assert EpochNumber(newest + 1) in after
    assert set(due.announce) == after - listed
    again = chores(known, frozenset(after), NOW)
    assert (again.make, again.destroy) == ((), ())


def member(party: Party, caseload: int = 0, lookups: int = 0) -> Member:
    return federations.member(
        MemberId("m"), party, declared_caseload=caseload, lookups_per_day=lookups
    )


def test_allowances() -> None:
    known, one = federation(), epoch(2, NOW, NOW + 2000)
    node = allowance(known, member(Party.NODE, caseload=370), Workload.BULK, one, NOW)
    assert node.period == Period(Workload.BULK, 2, NORMALISATION_VERSION, NOW // 604_800)
    assert node.bulk is not None
    marked = node.bulk.marked
    assert (node.bulk.declared - marked, node.bulk.most - marked) == (370 * 24, 370 * 30)
    asking = member(Party.GATEWAY, lookups=100)
    requester = allowance(known, asking, Workload.LOOKUP, one, NOW)
    assert requester.day == 100 * 2 * 32
    assert requester.period.number == NOW // 86_400


def test_a_gateway_has_its_lookups_of_the_day_to_the_element() -> None:
    granted = allowance(
        federation(), member(Party.GATEWAY, lookups=10), Workload.LOOKUP, epoch(2, NOW, NOW), NOW
    )
    for amount in (1, 640):
        assert granted.charge((), amount) == Count(granted.period, amount, 0, refused=False)
    all_but_one = granted.charge((), 639)
    assert granted.charge((all_but_one,), 1).elements == 640
    for counted, amount in (((), 641), ((all_but_one,), 2)):
        with refused(Code.QUOTA):
            granted.charge(counted, amount)
    assert granted.refuse((all_but_one,)) == replace(all_but_one, refused=True)


def test_what_a_node_had_before_is_the_most_of_another_epoch_and_growth_is_of_the_week() -> None:
    """Attack: an epoch with few keys between two would make a week's growth of an old caseload, or
    take from what grew this week."""

    def count(number: int, week: int, elements: int, growth: int, rules: int = 1) -> Count:
        return Count(Period(Workload.BULK, number, rules, week), elements, growth)

    this = Period(Workload.BULK, 3, 1, 8)
    assert used_of((), this) == Used(None, 0, 0)
    assert used_of((count(3, 7, 50, 20),), this) == Used(None, 50, 0)
    counted = (
        *(count(1, 1, 300, 3), count(1, 2, 200, 4), count(2, 5, 100, 5)),
        *(count(3, 7, 50, 20), count(3, 8, 7, 6), count(3, 6, 400, 9, rules=2)),
    )
    assert used_of(counted[:-1], this) == Used(500, 57, 6)
    assert used_of(counted, this) == Used(500, 57, 6)
    assert used_of((*counted, count(2, 6, 500, 1)), this) == Used(600, 57, 6)


def test_other_blocking_rules_are_evaluated_anew_within_an_epoch() -> None:
    """A change of the rules must not need a raise at every node."""
    node, one = member(Party.NODE, caseload=370), epoch(2, NOW, NOW + 2000)
    changed = federations.parameters(FederationId("test"), normalisation_version=99)
    before = allowance(federation(), node, Workload.BULK, one, NOW)
    after = allowance(federations.federation(changed), node, Workload.BULK, one, NOW)
    all_of_it = before.charge((), 370 * 24)
    assert after.charge((all_of_it,), 370 * 24).growth == 0
    with refused(Code.QUOTA):
        before.charge((all_of_it,), 370 * 24)


@pytest.mark.parametrize(
    ("party", "workload"),
    [
        (Party.NODE, Workload.LOOKUP),
        (Party.GATEWAY, Workload.BULK),
        (Party.BROKER, Workload.LOOKUP),
        (Party.BROKER, Workload.BULK),
        (Party.KEY_HOLDER, Workload.BULK),
    ],
)
def test_nobody_has_another_members_workload(party: Party, workload: Workload) -> None:
    with refused(Code.NOT_ALLOWED):
        allowance(federation(), member(party, 10**6, 10**6), workload, epoch(1, NOW, NOW), NOW)
