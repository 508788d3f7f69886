"""The laws of a plan for a change of epochs, held against random facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from authority import epochs
from authority.draft import Draft
from authority.epochs import Facts, Place, Plan, Times
from fakes import federations
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Epoch, Member, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import day_of

NOW = 1_800_000_000
HOUR = 3600
A, B, BROKER, ISSUER = map(MemberId, ("holder-a", "holder-b", "broker", "issuer"))
ENDS = tuple(MemberId(name) for name in ("node-1", "node-2", "gateway-1", "gateway-2"))
STEPS = 4
"""Make, save, note, erase: after each of them a ceremony can be interrupted."""

Change = tuple[Facts, Callable[[Facts], Plan]]
"""What a change of epochs is planned for, and how."""


def members() -> dict[MemberId, Member]:
    parties = {A: Party.KEY_HOLDER, B: Party.KEY_HOLDER, BROKER: Party.BROKER, ISSUER: Party.ISSUER}
    parties |= {m: Party.NODE if m.value.startswith("node") else Party.GATEWAY for m in ENDS}
    return {m: federations.member(m, party) for m, party in parties.items()}


def holder_keys(number: int) -> dict[MemberId, bytes]:
    return {A: bytes([1, number]) * 16, B: bytes([2, number]) * 16}


def requester_key(number: int) -> bytes:
    return federations.public(federations.requester_key(EpochNumber(number)))


def facts_of(*epochs: Epoch, **changed: Any) -> Facts:
    """Return these epochs with nothing deposited, sealed or kept here but what is ``changed``."""
    common = federations.parameters(FederationId("f"), epochs)
    none: frozenset[EpochNumber] = frozenset()
    draft = Draft(common, members(), {}, {})
    bare = Facts(draft, NOW, NOW, frozenset(), {}, {}, none, {}, none)
    return replace(bare, **changed)


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    """Up to four epochs, over, running and to come; deposits, sealed peppers and denials in any
    combination.
    """
    starts = sorted(draw(st.sets(st.integers(-200, 60), max_size=4)))
    named = []
    for count, start in enumerate(starts, start=1):
        starts_at = NOW + start * limits.DAY
        ends_at = starts_at + draw(st.integers(1, 97 * 24)) * HOUR
        index_from = starts_at - draw(st.integers(0, 7)) * limits.DAY
        keys, shared = holder_keys(count), requester_key(count)
        named.append(Epoch(EpochNumber(count), index_from, starts_at, ends_at, keys, shared))
    numbers = [EpochNumber(n) for n in range(1, len(named) + 3)]
    listed = [e.number for e in named]
    places = [(number, member) for number in numbers for member in ENDS]
    deposits = {p: bytes([9, p[0].value]) for p in draw(st.sets(st.sampled_from(places)))}
    for number in numbers:
        deposits |= {(number, holder): key for holder, key in holder_keys(number.value).items()}
    peppers: dict[Place, SealedPepper] = {}
    if listed:
        having = draw(st.sets(st.sampled_from([p for p in places if p[0] in listed])))
        peppers = {p: SealedPepper(*p, 20_000, b"earlier") for p in having}
    sealed_to = {
        p: draw(st.sampled_from(("another", epochs.fingerprint(deposits.get(p, b"")))))
        for p in draw(st.sets(st.sampled_from(places)))
    }
    bare = facts_of(*named)
    return replace(
        bare,
        draft=replace(bare.draft, peppers=peppers),
        denied=draw(st.sets(st.sampled_from(ENDS), max_size=2)),
        deposits=deposits,
        sealed_to=sealed_to,
        peppers_here={*listed, *draw(st.sets(st.sampled_from(numbers)))},
        requester_keys={number: requester_key(number.value) for number in numbers},
        deposits_here=draw(st.sets(st.sampled_from(numbers))),
    )


def due(facts: Facts, starts_in: int) -> tuple[EpochNumber, Times]:
    """Return the next epoch, which starts after all others and ``starts_in`` hours from now at the
    earliest.
    """
    latest = max((e.starts_at for e in facts.draft.parameters.epochs), default=NOW)
    start = max(latest + 1, NOW + starts_in * HOUR)
    return facts.draft.parameters.next_epoch, Times(start - HOUR, start, start + 90 * limits.DAY)


def soon(facts: Facts) -> tuple[EpochNumber, Times]:
    assume(all(e.starts_at != NOW + HOUR for e in facts.draft.parameters.epochs))
    start = NOW + HOUR
    return facts.draft.parameters.next_epoch, Times(NOW, start, start + 90 * limits.DAY)


@st.composite
def changes_of_epochs(draw: st.DrawFn) -> Change:
    facts = draw(some_facts())
    kind = draw(st.sampled_from(("open", "replace", "late")))
    if kind == "open":
        number, times = due(facts, draw(st.integers(1, 1000)))
        return facts, partial(epochs.plan_opening, number=number, times=times)
    if kind == "replace":
        number, times = soon(facts)
        replacing = partial(epochs.plan_replacing, number=number, times=times)
        return facts, partial(replacing, overlap_seconds=draw(st.integers(1, 100 * HOUR)))
    return facts, epochs.plan_late


def applied(facts: Facts, plan: Plan, steps: int = STEPS) -> Facts:
    """Return the facts after so many steps of the plan, as the ceremony takes them."""
    sealed = {
        (s.epoch, m): SealedPepper(s.epoch, m, s.day, key)
        for s in plan.seal
        for m, key in s.receiving_keys.items()
    }
    if steps >= 1:
        made = {s.epoch for s in plan.seal if s.make}
        facts = replace(facts, peppers_here={*facts.peppers_here, *made})
    if steps >= 2:
        facts = replace(facts, draft=plan.draft(facts.draft, sealed))
    if steps >= 3:
        noted = {p: epochs.fingerprint(pepper.sealed) for p, pepper in sealed.items()}
        withdrawn = {(s.epoch, m) for s in plan.seal for m in s.denied}
        known = {p: f for p, f in facts.sealed_to.items() if p not in withdrawn}
        facts = replace(facts, sealed_to={**known, **noted})
    if steps >= 4:
        facts = replace(
            facts,
            peppers_here=set(facts.peppers_here) - set(plan.erase),
            deposits_here=set(facts.deposits_here) - set(plan.erase),
            sealed_to={p: f for p, f in facts.sealed_to.items() if p[0] not in plan.erase},
        )
    return facts


def running(named: tuple[Epoch, ...], at: int) -> bool:
    return any(e.starts_at <= at < e.ends_at for e in named)


@given(changes_of_epochs())
def test_wherever_an_epoch_ran_before_one_runs_after(change: Change) -> None:
    facts, planning = change
    before, after = facts.draft.parameters.epochs, planning(facts).epochs
    turns = (t for e in (*before, *after) for t in (e.starts_at, e.ends_at - 1, e.ends_at))
    until = max((e.ends_at for e in after), default=NOW)
    for at in {NOW, *turns}:
        if NOW <= at < until and running(before, at):
            assert running(after, at)


@given(changes_of_epochs())
def test_an_epoch_has_two_keys_in_order_and_a_number_of_its_own(change: Change) -> None:
    facts, planning = change
    after = planning(facts).epochs
    for epoch in after:
        assert set(epoch.holder_keys) == {A, B}
        assert len(set(epoch.holder_keys.values())) == 2
    numbers = [e.number for e in after]
    assert numbers == sorted(set(numbers))
    newest = max((e.number for e in facts.draft.parameters.epochs), default=None)
    assert newest is None or max(numbers) >= newest  # so that no number is given twice


@given(changes_of_epochs())
def test_an_epoch_is_signed_for_with_the_key_that_is_here_and_keeps_it(change: Change) -> None:
    """Gateways would hold one key and members verify by another."""
    facts, planning = change
    before = {e.number: e.requester_key for e in facts.draft.parameters.epochs}
    after = {e.number: e.requester_key for e in planning(facts).epochs}
    assert after == {number: facts.requester_keys[number] for number in after}
    assert all(key == before.get(number, key) for number, key in after.items())
    assert len(set(after.values())) == len(after)


@given(changes_of_epochs())
def test_every_member_with_a_key_can_use_the_epochs_that_are_sealed(change: Change) -> None:
    facts, planning = change
    plan = planning(facts)
    after = applied(facts, plan)
    for sealing in plan.seal:
        assert sealing.day >= day_of(NOW - limits.PREVIOUS_SLOT_HELD_SECONDS)
        for member in ENDS:
            place = (sealing.epoch, member)
            has = place in after.draft.peppers
            if member in facts.denied:
                assert not has
                assert place not in after.sealed_to
            else:
                assert has == (place in facts.deposits or place in facts.draft.peppers)
                assert has == (member not in sealing.lacking)
            if has and place in facts.deposits:
                assert after.sealed_to[place] == epochs.fingerprint(facts.deposits[place])


@given(changes_of_epochs(), st.integers(1, STEPS))
def test_at_no_step_does_an_epoch_lose_what_it_needs(change: Change, steps: int) -> None:
    facts, planning = change
    plan = planning(facts)
    after = applied(facts, plan, steps)
    sealed_anew = {s.epoch for s in plan.seal}
    for epoch in epochs.not_over(after.draft, NOW):
        assert epoch.number in after.peppers_here
        if epoch.number in facts.deposits_here:
            assert epoch.number in after.deposits_here
        for member in ENDS:
            place = (epoch.number, member)
            if place in facts.draft.peppers and not (
                member in facts.denied and epoch.number in sealed_anew
            ):
                assert place in after.draft.peppers


@given(changes_of_epochs())
def test_nothing_is_kept_of_an_epoch_that_is_over_or_was_dropped(change: Change) -> None:
    facts, planning = change
    plan = planning(facts)
    after = applied(facts, plan)
    if not plan.epochs:
        return
    newest = max(e.number for e in plan.epochs)
    kept = {e.number for e in plan.epochs if e.ends_at + epochs.KEPT_AFTER_END_SECONDS > NOW}
    held = {*after.peppers_here, *after.deposits_here, *(n for n, _ in after.draft.peppers)}
    assert {number for number in held if number <= newest} <= kept
    ahead = {number for number in facts.deposits_here if number > newest}
    assert ahead <= set(after.deposits_here)


@given(some_facts(), st.integers(1, 100 * HOUR))
def test_an_epoch_that_is_replaced_goes_on_for_the_overlap(facts: Facts, overlap: int) -> None:
    number, times = soon(facts)
    after = epochs.plan_replacing(facts, number, times, overlap).epochs
    end = times.starts_at + overlap
    for before in facts.draft.parameters.epochs:
        still = [e for e in after if e.number == before.number]
        if before.starts_at < times.starts_at and before.ends_at > NOW:
            assert still == [replace(before, ends_at=min(before.ends_at, end))]
        elif before.starts_at > times.starts_at:
            assert not still


@given(changes_of_epochs())
def test_a_plan_that_was_applied_leaves_nothing_to_do(change: Change) -> None:
    facts, planning = change
    after = applied(facts, planning(facts))
    late = applied(after, epochs.plan_late(after))
    again = epochs.plan_late(late)
    assert again.erase == ()
    assert not any(sealing.receiving_keys or sealing.make for sealing in again.seal)
    assert applied(late, again) == late


@given(changes_of_epochs(), st.integers(0, STEPS - 1))
def test_an_application_that_was_interrupted_goes_on(change: Change, steps: int) -> None:
    """The same command goes on while the draft is as it was; `epoch late` does once the draft names
    the epoch.
    """
    facts, planning = change
    whole = applied(facts, planning(facts))
    stopped = applied(facts, planning(facts), steps)
    resumed = stopped if steps >= 2 else applied(stopped, planning(stopped))

    def completed(each: Facts) -> Facts:
        return applied(each, epochs.plan_late(each))

    assert completed(resumed) == completed(whole)


def test_the_pepper_that_an_interrupted_opening_made_is_the_one_that_is_sealed() -> None:
    """Two peppers of one epoch would split the federation."""
    one = EpochNumber(1)
    deposits = {(one, holder): key for holder, key in holder_keys(1).items()}
    shared = {one: requester_key(1)}
    facts = facts_of(deposits=deposits, deposits_here=frozenset({one}), requester_keys=shared)
    times = Times(NOW, NOW, NOW + limits.DAY)
    first = epochs.plan_opening(facts, one, times)
    again = epochs.plan_opening(applied(facts, first, steps=1), one, times)
    assert [s.make for s in (*first.seal, *again.seal)] == [True, False]


ONE = Epoch(EpochNumber(1), NOW, NOW, NOW + 1, holder_keys(1), requester_key(1))


def test_late_needs_the_pepper_of_every_epoch_that_is_not_over() -> None:
    shared = {EpochNumber(1): requester_key(1)}
    with pytest.raises(Defect, match="pepper of epoch 1 is not on this machine"):
        epochs.plan_late(facts_of(ONE, requester_keys=shared))


@pytest.mark.parametrize(
    "here",
    [{}, {EpochNumber(2): requester_key(1)}, {EpochNumber(1): requester_key(2)}],
    ids=["none", "of another epoch", "another than the list names"],
)
def test_late_needs_the_requesters_key_of_every_epoch_that_is_not_over(
    here: dict[EpochNumber, bytes],
) -> None:
    facts = facts_of(ONE, peppers_here={EpochNumber(1)}, requester_keys=here)
    with pytest.raises(Defect, match="requesters' key of epoch 1 is not on this machine"):
        epochs.plan_late(facts)
    over = replace(facts, now=NOW + 1)
    assert epochs.plan_late(over).seal == ()
    right = replace(facts, requester_keys={EpochNumber(1): requester_key(1)})
    assert len(epochs.plan_late(right).seal) == 1
