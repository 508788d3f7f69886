"""The change of epochs as a plan: what is known → what is to be done. Pure.

``Ceremony`` gathers the facts, asks here for a plan and applies it. A plan obeys these laws, and a
test with random facts holds each of them:

- Wherever an epoch ran before the change, an epoch runs after it; an epoch that is replaced early
  ends only after the next one has started.
- An epoch is named in the parameters with the public keys of both key holders, or it is not named.
- The pepper of an epoch is made once and leaves only sealed to keys that members have signed for
  that epoch. A member that joins late receives the current day's pepper, never an earlier one. A
  denied member receives none (attack: a stolen node asks for the next epoch).
- Nothing is erased that an epoch still needs, and nothing is kept of an epoch that is over.
- Whoever applies a plan and is interrupted plans again from what is there, and goes on. A plan that
  has been applied leaves nothing to do.

Times are seconds since 1970 UTC, days are days since 1970 UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from authority import changes
from authority.draft import Draft
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Epoch, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import day_of

LONGEST_SECONDS = (limits.EPOCH_DAYS + limits.EPOCH_OVERLAP_DAYS) * limits.DAY
"""An epoch that lived longer would keep one pair of OPRF keys worth attacking for longer."""
KEPT_AFTER_END_SECONDS = limits.DAY

Place = tuple[EpochNumber, MemberId]
"""The pepper of an epoch, or the key that it is sealed to, at one member."""


@dataclass(frozen=True, slots=True)
class Times:
    """Nodes index from ``index_from``; lookups use the epoch from ``starts_at`` until before
    ``ends_at``.

    Raises:
        Defect: in another order, or longer than ``LONGEST_SECONDS``.
    """

    index_from: int
    starts_at: int
    ends_at: int

    def __post_init__(self) -> None:
        if not self.index_from <= self.starts_at < self.ends_at:
            raise Defect("an epoch is indexed, then starts, then ends")
        if self.ends_at - self.starts_at > LONGEST_SECONDS:
            raise Defect(f"an epoch lasts at most {LONGEST_SECONDS // limits.DAY} days")

    @staticmethod
    def usual(starts_at: int) -> Times:
        """Return 90 days, indexed 7 days ahead, and 7 days beside the epoch that follows."""
        overlap = limits.EPOCH_OVERLAP_DAYS * limits.DAY
        return Times(
            starts_at - overlap, starts_at, starts_at + limits.EPOCH_DAYS * limits.DAY + overlap
        )


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What is known before a change. Its keys are public; it holds no pepper."""

    draft: Draft
    now: float
    reached: float
    """The earlier of ``now`` and the time that the issuer has signed: what is over by then is
    erased. An offline machine that is ahead would otherwise erase the peppers of running epochs."""
    denied: Set[MemberId]
    deposits: Mapping[Place, bytes]
    """The public keys that members have deposited, each verified as that member's."""
    sealed_to: Mapping[Place, str]
    """The fingerprint of the receiving key that a member's pepper was last sealed to."""
    peppers_here: Set[EpochNumber]
    """The epochs whose pepper this machine holds."""
    requester_keys: Mapping[EpochNumber, bytes]
    """The public keys under which queries of an epoch are signed, where this machine holds the
    seed or has just made one."""
    deposits_here: Set[EpochNumber]
    """The epochs for which the inbox holds deposits."""


@dataclass(frozen=True, slots=True, repr=False)
class Sealing:
    """The pepper of one epoch is sealed, as of ``day``, to each of ``receiving_keys``; here it is
    kept as of ``kept_day``, if that is earlier.

    ``make``: the pepper does not exist yet. ``lacking``: members without a pepper and without a
    receiving key. ``denied``: whoever of them has a pepper in the draft loses it.
    """

    epoch: EpochNumber
    day: int
    kept_day: int
    make: bool
    receiving_keys: Mapping[MemberId, bytes]
    denied: Set[MemberId]
    lacking: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What to do, in this order: make and seal peppers, save the draft with ``epochs``, note whom
    was sealed to, erase peppers and deposits of the epochs of ``erase``.

    Erasing comes last: until the draft is saved, the epochs that it names need what they have.
    """

    epochs: tuple[Epoch, ...]
    seal: tuple[Sealing, ...]
    erase: tuple[EpochNumber, ...]

    def draft(self, before: Draft, sealed: Mapping[Place, SealedPepper]) -> Draft:
        """Return the draft with the plan's epochs and the peppers that were ``sealed``."""
        named = {epoch.number for epoch in self.epochs} - set(self.erase)
        denied = {(sealing.epoch, member) for sealing in self.seal for member in sealing.denied}
        peppers = {
            place: pepper
            for place, pepper in {**before.peppers, **sealed}.items()
            if place[0] in named and place not in denied
        }
        parameters = replace(before.parameters, epochs=self.epochs)
        return replace(before, parameters=parameters, peppers=peppers)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The peppers of one epoch: the members sealed to just now, and those without a usable
    receiving key.
    """

    epoch: EpochNumber
    members: tuple[MemberId, ...]
    lacking: tuple[MemberId, ...]


def not_over(draft: Draft, now: float) -> tuple[Epoch, ...]:
    """Return the epochs that run or will run."""
    return tuple(epoch for epoch in draft.parameters.epochs if epoch.ends_at > now)


def fingerprint(receiving_key: bytes) -> str:
    return hashlib.sha256(receiving_key).hexdigest()


def plan_opening(facts: Facts, number: EpochNumber, times: Times) -> Plan:
    """Plan a further epoch, after all others.

    Raises:
        Defect: not the next number, an epoch that is over already or starts before another, or a
            key holder without a key.
    """
    others = facts.draft.parameters.epochs
    epoch = _new_epoch(facts, number, times, others)
    return _plan(facts, (*others, epoch), (epoch,))


def plan_replacing(facts: Facts, number: EpochNumber, times: Times, overlap_seconds: int) -> Plan:
    """Plan an epoch that replaces all others, after a theft.

    Epochs that run end ``overlap_seconds`` after the start of the new one; those that would have
    started no earlier than it are dropped.

    Raises:
        Defect: as ``plan_opening``, or no overlap.
    """
    if number < facts.draft.parameters.next_epoch:
        raise Defect(f"the next epoch is {facts.draft.parameters.next_epoch}")
    if overlap_seconds <= 0:
        raise Defect("an epoch that is replaced ends after the next one starts")
    end = times.starts_at + overlap_seconds
    kept = tuple(
        replace(epoch, ends_at=min(epoch.ends_at, end))
        for epoch in facts.draft.parameters.epochs
        if epoch.starts_at < times.starts_at
    )
    epoch = _new_epoch(facts, number, times, kept)
    return _plan(facts, (*kept, epoch), (epoch,))


def plan_late(facts: Facts) -> Plan:
    """Plan the current day's pepper for members that have joined, or lost their receiving key,
    since the opening.

    Raises:
        Defect: the pepper or the requesters' key of an epoch that is not over is not on this
            machine.
    """
    going_on = not_over(facts.draft, facts.now)
    for epoch in going_on:
        if epoch.number not in facts.peppers_here:
            raise Defect(f"the pepper of epoch {epoch.number} is not on this machine")
        if facts.requester_keys.get(epoch.number) != epoch.requester_key:
            raise Defect(f"the requesters' key of epoch {epoch.number} is not on this machine")
    return _plan(facts, facts.draft.parameters.epochs, going_on)


def _new_epoch(facts: Facts, number: EpochNumber, times: Times, others: tuple[Epoch, ...]) -> Epoch:
    if times.ends_at <= facts.now:
        raise Defect("the epoch would be over already: look at the days given")
    if any(epoch.number >= number for epoch in others):
        raise Defect(f"the next epoch is {facts.draft.parameters.next_epoch}")
    if any(epoch.starts_at >= times.starts_at for epoch in others):
        raise Defect("another epoch starts no earlier")
    keys: dict[MemberId, bytes] = {}
    for holder in facts.draft.parameters.key_holders:
        changes.find_member(facts.draft, holder, Party.KEY_HOLDER)
        key = facts.deposits.get((number, holder))
        if key is None:
            raise Defect(f"key holder {holder} has deposited no key for epoch {number}")
        keys[holder] = key
    if len(set(keys.values())) != len(keys):  # one of them holds the other's
        raise Defect("both key holders state one and the same key")
    requester_key = facts.requester_keys[number]
    return Epoch(number, times.index_from, times.starts_at, times.ends_at, keys, requester_key)


def _plan(facts: Facts, epochs: tuple[Epoch, ...], to_seal: tuple[Epoch, ...]) -> Plan:
    """Plan to name ``epochs``, to seal the peppers of ``to_seal``, and to erase what is over.

    The newest epoch stays named even when it is over, so that no number is given twice: members
    keep their keys by number. What is held for a number above it belongs to an opening that was
    interrupted, or is still to come.
    """
    kept = {e.number for e in epochs if e.ends_at + KEPT_AFTER_END_SECONDS > facts.reached}
    newest = max((e.number for e in epochs), default=None)
    here = {*facts.peppers_here, *facts.deposits_here, *(n for n, _ in facts.draft.peppers)}
    named = [e for e in epochs if e.number in kept or e.number == newest]
    return Plan(
        epochs=tuple(sorted(named, key=lambda e: e.number)),
        seal=tuple(_sealing(facts, epoch) for epoch in to_seal),
        erase=tuple(n for n in sorted(here - kept) if newest is not None and n <= newest),
    )


def _sealing(facts: Facts, epoch: Epoch) -> Sealing:
    receiving_keys: dict[MemberId, bytes] = {}
    lacking: list[MemberId] = []
    for member in facts.draft.members.values():
        if member.party not in (Party.NODE, Party.GATEWAY) or member.id in facts.denied:
            continue
        place = (epoch.number, member.id)
        key = facts.deposits.get(place)
        if key is None:
            if place not in facts.draft.peppers:
                lacking.append(member.id)
        elif place not in facts.draft.peppers or facts.sealed_to.get(place) != fingerprint(key):
            receiving_keys[member.id] = key
    # A node holds the slot before, too, and so needs the pepper of a moment earlier.
    first = max(epoch.index_from, int(facts.now)) - limits.PREVIOUS_SLOT_HELD_SECONDS
    return Sealing(
        epoch=epoch.number,
        day=day_of(first),
        kept_day=day_of(max(0.0, facts.reached - limits.PREVIOUS_SLOT_HELD_SECONDS)),
        make=epoch.number not in facts.peppers_here,
        receiving_keys=receiving_keys,
        denied=facts.denied,
        lacking=tuple(sorted(lacking)),
    )
