"""Drive a key holder: decide who may have what evaluated, and keep the epoch keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from fingerpost.membership.ports import Members, Reached
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.identity import PeerIdentity, require_listed
from key_holder import epochs, quota
from key_holder.ports import Announce, Evaluations, Meter, Record, Vault

DEPOSIT_AGAIN_SECONDS: Final = 6 * 3600.0


class KeyHolder:
    """One of the two key holders.

    It trusts the member list for who may ask. No party trusts its result without a proof.
    """

    def __init__(
        self,
        me: MemberId,
        members: Members,
        vault: Vault,
        evaluations: Evaluations,
        meter: Meter,
        record: Record,
        clock: Clock,
        reached: Reached,
    ) -> None:
        self._me = me
        self._members = members
        self._vault = vault
        self._evaluations = evaluations
        self._meter = meter
        self._record = record
        self._clock = clock
        self._reached = reached
        self._deposited: dict[EpochNumber, float] = {}

    async def evaluate(self, caller: PeerIdentity, batch: Blinded) -> Evaluated:
        """Evaluate one batch for one member.

        The order matters: membership, epoch, quota, record, and only then is the key used.

        Raises:
            Refused: NOT_A_MEMBER, NOT_ALLOWED, UNSUPPORTED, QUOTA, MALFORMED, NOT_READY,
                UNTRUSTED_METADATA.
        """
        now = self._clock.now()
        current = self._members.current
        current.require_current(now)
        member = require_listed(current, caller, (Party.NODE, Party.GATEWAY), now)
        epoch = epochs.serving(current, self._me, batch.epoch, now)
        if self._vault.public_key(epoch.number) != epoch.holder_keys[self._me]:
            # The vault is an old backup, or the list is another holder's: a wrong key would give
            # wrong results that nothing shows.
            raise Refused(Code.NOT_READY, "key differs from the member list")
        granted = quota.allowance(current, member, batch.workload, epoch, now)
        await asyncio.to_thread(self._meter.charge, member.id, granted, len(batch.elements))
        await self._record.evaluated(member.id, batch, now)
        return await self._evaluations.evaluate(batch)

    async def keep_keys(self, announce: Announce) -> None:
        """Make and announce the next epoch's key, and destroy the keys of epochs that are over.

        The key holder calls it at its start and every ``KEEP_KEYS_SECONDS`` (see ``wiring``).
        """
        current = self._members.current
        due = epochs.chores(current, self._vault.held(), self._reached())
        for number in due.make:
            await asyncio.to_thread(self._vault.make, number)
        try:
            for number in due.destroy:
                await asyncio.to_thread(self._vault.destroy, number)
        finally:  # a file that cannot be destroyed must not keep the next epoch from being opened
            await self._announce(due.announce, announce)

    async def _announce(self, numbers: Iterable[EpochNumber], announce: Announce) -> None:
        now = self._clock.monotonic()
        for number in numbers:
            # The key is announced again until the list names it, as the issuer may have lost its
            # inbox; not more often, since the issuer records each deposit.
            if now - self._deposited.get(number, -DEPOSIT_AGAIN_SECONDS) >= DEPOSIT_AGAIN_SECONDS:
                await announce.deposit(number, self._vault.public_key(number))
                self._deposited[number] = now
