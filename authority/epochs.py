"""Epochs: when one begins, whose keys it runs on, and its pepper on the way to the members.

Law: an epoch is named in the parameters with both key holders' public keys, or not at all. Its pepper is made here,
once, and leaves only sealed to keys that members have signed for that epoch. A late joiner gets the current day's,
never an earlier one. Who is denied gets none (attack: a stolen node asks for the next epoch).

Times are seconds since 1970 UTC. What touches a file does so through ``Inbox`` and ``Vault``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from authority import changes
from authority import vault as vaults
from authority.draft import Draft
from authority.inbox import Inbox
from authority.vault import Vault
from fingerpost.private.locators import Pepper
from fingerpost.private.pepper_sealing import new_pepper, seal_pepper
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import DenyList, Epoch, Party
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.schedule import day_of

LONGEST_SECONDS = (limits.EPOCH_DAYS + limits.EPOCH_OVERLAP_DAYS) * limits.DAY
"""An epoch that lived longer would keep one pair of OPRF keys worth attacking for longer."""
KEPT_AFTER_END_SECONDS = limits.DAY


@dataclass(frozen=True, slots=True)
class Times:
    """Nodes index from ``index_from``; lookups use the epoch from ``starts_at`` until before ``ends_at``."""

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
        """90 days, indexed 7 days ahead, and 7 days longer than the next one's start."""
        overlap = limits.EPOCH_OVERLAP_DAYS * limits.DAY
        return Times(
            starts_at - overlap, starts_at, starts_at + limits.EPOCH_DAYS * limits.DAY + overlap
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of the peppers of one epoch: sealed now, and the members without a receiving key."""

    epoch: EpochNumber
    members: tuple[MemberId, ...]
    lacking: tuple[MemberId, ...]


def next_number(draft: Draft) -> EpochNumber:
    newest = max((epoch.number.value for epoch in draft.parameters.epochs), default=0)
    return EpochNumber(newest + 1)


def name_epoch(draft: Draft, number: EpochNumber, times: Times, inbox: Inbox) -> Draft:
    """The parameters with a new epoch, its keys as both key holders have signed them.

    Raises ``Defect``: not the next number, an epoch that begins before another, a key holder without a key.
    """
    if any(epoch.number >= number for epoch in draft.parameters.epochs):
        raise Defect(f"the next epoch is {next_number(draft)}")
    if any(epoch.starts_at >= times.starts_at for epoch in draft.parameters.epochs):
        raise Defect("another epoch starts no earlier")
    keys: dict[MemberId, bytes] = {}
    for holder in draft.parameters.key_holders:
        member = changes.find_member(draft, holder, Party.KEY_HOLDER)
        statement = inbox.statement(number, member, draft.parameters.federation)
        if statement is None:
            raise Defect(f"key holder {holder} has deposited no key for epoch {number}")
        keys[holder] = statement.key
    if len(set(keys.values())) != len(keys):
        raise Defect(
            "both key holders state one and the same key"
        )  # then one of them holds the other's
    epoch = Epoch(number, times.index_from, times.starts_at, times.ends_at, keys)
    epochs = tuple(sorted([*draft.parameters.epochs, epoch], key=lambda e: e.number))
    return replace(draft, parameters=replace(draft.parameters, epochs=epochs))


def cut_short(draft: Draft, starts_at: int, ends_at: int) -> Draft:
    """Before an epoch that replaces all others: those running end by ``ends_at``, and those that would have started
    no earlier than ``starts_at`` are dropped. Raises ``Defect`` when the end is not after the start."""
    if ends_at <= starts_at:
        raise Defect("an epoch that is replaced ends after the next one starts")
    epochs = tuple(
        replace(epoch, ends_at=min(epoch.ends_at, ends_at))
        for epoch in draft.parameters.epochs
        if epoch.starts_at < starts_at
    )
    kept = {epoch.number for epoch in epochs}
    peppers = {key: pepper for key, pepper in draft.peppers.items() if key[0] in kept}
    return replace(draft, parameters=replace(draft.parameters, epochs=epochs), peppers=peppers)


def make_pepper(
    number: EpochNumber,
    times: Times,
    vault: Vault,
    now: float,
    random_bytes: Callable[[int], bytes],
) -> Pepper:
    """From the day on which nodes first index; a little before, since nodes hold the slot before, too."""
    first = max(times.index_from, int(now)) - limits.PREVIOUS_SLOT_HELD_SECONDS
    pepper = new_pepper(number, day_of(first), random_bytes)
    vault.create(pepper)
    return pepper


def seal_to_members(
    draft: Draft, number: EpochNumber, inbox: Inbox, vault: Vault, deny: DenyList, now: float
) -> tuple[Draft, Sealed]:
    """Seals the epoch's pepper, as of today, to each receiving key that it is not yet sealed to.

    Raises ``Defect`` when this machine has no pepper of that epoch.
    """
    known = vault.sealed_to(number)
    sealed_to = dict(known)
    pepper = vault.on(number, day_of(now - limits.PREVIOUS_SLOT_HELD_SECONDS))
    peppers = dict(draft.peppers)
    lacking: list[MemberId] = []
    for member in draft.members.values():
        if member.party not in (Party.NODE, Party.GATEWAY):
            continue
        if member.id in deny.members:
            peppers.pop((number, member.id), None)
            sealed_to.pop(member.id, None)
            continue
        statement = inbox.statement(number, member, draft.parameters.federation)
        if statement is None:
            if (number, member.id) not in peppers:
                lacking.append(member.id)
            continue
        fingerprint = vaults.fingerprint(statement.key)
        if known.get(member.id) == fingerprint and (number, member.id) in peppers:
            continue
        try:
            peppers[number, member.id] = seal_pepper(pepper, member.id, statement.key)
        except Refused:  # 1216 bytes that are no public key: this member's fault, and nobody else's
            lacking.append(member.id)
            continue
        sealed_to[member.id] = fingerprint
    vault.record_sealed(number, sealed_to)
    done = tuple(sorted(m for m, print_ in sealed_to.items() if known.get(m) != print_))
    return replace(draft, peppers=peppers), Sealed(number, done, tuple(sorted(lacking)))


def forget_ended(draft: Draft, inbox: Inbox, vault: Vault, now: float) -> Draft:
    """Epochs that are over leave the parameters, and their peppers and deposits are erased.

    The newest stays named even when it is over, so that no number is given twice: members hold on to keys by number.
    """
    over = [e.number for e in draft.parameters.epochs if e.ends_at + KEPT_AFTER_END_SECONDS <= now]
    for number in over:
        vault.forget(number)
        inbox.forget(number)
    newest = max((e.number for e in draft.parameters.epochs), default=None)
    epochs = tuple(e for e in draft.parameters.epochs if e.number not in over or e.number == newest)
    peppers = {key: pepper for key, pepper in draft.peppers.items() if key[0] not in over}
    return replace(draft, parameters=replace(draft.parameters, epochs=epochs), peppers=peppers)
