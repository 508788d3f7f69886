"""The day's pepper at a member: received once an epoch, advanced every night, and forgotten.

Law: only nodes and gateways use this module (the broker and the key holders must not import it: it
reaches the private layer). A pepper is advanced, and anything is erased, only by the time that both
clocks have reached (``trusted_time``): a member whose clock was a day ahead for a while still has
every pepper that it needs, and computes those of later days where they are needed. For each epoch
the disk holds either a receiving key or one day's pepper, both together only while the key opens
the pepper, and never the pepper of a day that no query can name any more (attack: a thief of the
folder reads what was recorded on earlier days). An erased file is gone from the folder; what the
medium keeps is left to disk encryption. ``pepper_files`` says what lies in the folder.

A receiving key is made as soon as an epoch is in sight, so that the authority can change epochs at
once after a theft, and may wait for months. Whoever copied it on any day of them could open the
pepper later (attack: a thief of an old backup). So a key that waits is replaced every week, once it
lies with the issuer. The one before it is kept for a week more, as the authority may just be
sealing to it. A stolen key is of use for two weeks.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.membership.epoch_keys import (
    earliest_day,
    epochs_to_prepare,
    plan_turning,
)
from fingerpost.membership.member_list import MemberList, MemberListClient
from fingerpost.membership.pepper_files import PepperFiles, ReceivingKey, require_pepper
from fingerpost.membership.ports import Reached
from fingerpost.private.locators import Pepper
from fingerpost.private.pepper_sealing import (
    open_pepper,
    open_requester_seed,
)
from fingerpost.private.sealing import HybridKey
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Parameters
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import day_of
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import (
    is_unfinished,
    or_defect,
    replace_file,
)
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.run import every

PEPPER_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "pepper.opened": frozenset({"epoch"}),
    "pepper.not_opened": frozenset({"epoch", "error"}),
    "epoch_key.deposited": frozenset({"epoch"}),
}
"""Events for the log catalogue of each party that keeps peppers."""

Deposit = Callable[[EpochNumber, bytes], Awaitable[None]]
"""See ``Membership.deposit``."""

TEND_SECONDS: Final = 15.0
TEND_JITTER_SECONDS: Final = 5.0
DEPOSIT_LOOK_SECONDS: Final = 60.0
DEPOSIT_LOOK_JITTER_SECONDS: Final = 240.0
DEPOSIT_AGAIN_SECONDS: Final = 6 * 3600.0
"""A key is deposited again until its pepper arrives: the issuer may have lost it."""

_LEFT: Final = msgspec.json.Decoder(dict[str, float])
_NAME: Final = re.compile(r"([1-9][0-9]{0,9})\.(?:(key|earlier)|([0-9]{1,7})\.pepper|(requesters))")
KEY_DAYS: Final = 7
"""A receiving key is replaced after so many days, and destroyed after as many more."""


class PepperStore:
    """The peppers of one member, in a folder that one process uses. Thread-safe; all but ``pepper``
    block on the disk.

    Every method but ``pepper`` raises ``Defect`` when the folder fails.
    """

    def __init__(self, files: PepperFiles, member: MemberId) -> None:
        """
        Raises:
            Defect: the folder fails, or holds a file that this process must not or cannot read.
        """
        self._files = files
        self.member = member
        self._lock = threading.Lock()
        self._keys: dict[EpochNumber, ReceivingKey] = {}
        self._earlier: dict[EpochNumber, ReceivingKey] = {}
        self._peppers: dict[EpochNumber, Pepper] = {}
        self._requesters: set[EpochNumber] = set()
        folder = files.folder
        with or_defect(f"{folder}: cannot be read"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(folder.iterdir()):
                self._load(path)
        # Both are there where the process stopped before it destroyed the key.
        for epoch in {*self._keys, *self._earlier} & set(self._peppers):
            self._forget_key(epoch)

    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        """Return the pepper of ``day`` (days since 1970).

        Raises:
            Refused: NOT_READY, it was not received yet, or is erased.
        """
        held = self._peppers.get(epoch)
        if held is None:
            raise Refused(Code.NOT_READY, "pepper of that epoch")
        return held.at(day)

    def prepare(
        self, parameters: Parameters, reached: float
    ) -> tuple[tuple[EpochNumber, bytes], ...]:
        """Return the epochs whose pepper is awaited, each with the public receiving key (1216
        bytes) to deposit.

        Keys are made where there are none yet.

        Args:
            reached: see ``ports.Reached``.
        """
        with self._lock:
            awaited = epochs_to_prepare(parameters, self._peppers, reached)
            for epoch in awaited:
                if epoch not in self._keys:
                    made = _new_key(reached)
                    self._files.create_key(epoch, made)
                    self._keys[epoch] = made
            return tuple((epoch, self._keys[epoch].key.public_key) for epoch in awaited)

    def renew_keys(self, reached: float) -> None:
        """Replace each receiving key that has waited for ``KEY_DAYS``, and destroy the one before
        it. Call it once all keys are deposited, and deposit the new ones soon.

        Args:
            reached: see ``ports.Reached``.
        """
        today = day_of(reached)
        with self._lock:
            for epoch, held in tuple(self._keys.items()):
                if today - held.made < KEY_DAYS:
                    continue
                made = _new_key(reached)
                self._files.replace_key(epoch, held, made)
                self._keys[epoch], self._earlier[epoch] = made, held

    def open(self, sealed: SealedPepper, reached: float) -> bool:
        """Open a pepper that has arrived, keep it, and destroy the receiving key.

        Args:
            reached: see ``ports.Reached``; no pepper of an earlier day is kept.

        Returns:
            False when it was opened before.

        Raises:
            Refused: BAD_SEAL (it was sealed to an earlier key, which is gone; the next publication
                seals to the key deposited since), NOT_READY (there is no key for that epoch),
                NOT_ALLOWED (it is another member's), MALFORMED (all zero).
        """
        if sealed.member != self.member:
            raise Refused(Code.NOT_ALLOWED, "sealed pepper")
        with self._lock:
            if sealed.epoch in self._peppers:
                return False
            pepper, seed = self._opened(sealed)
            require_pepper(pepper)  # before zeros become a pepper that looks valid
            if seed:
                self._files.write_requester_seed(sealed.epoch, seed)
                self._requesters.add(sealed.epoch)
            pepper = pepper.at(max(pepper.day, earliest_day(reached)))
            self._files.write_pepper(pepper)
            self._peppers[sealed.epoch] = pepper
            self._forget_key(sealed.epoch)
            return True

    def _opened(self, sealed: SealedPepper) -> tuple[Pepper, bytes]:
        """Return what opens with the receiving key, or with the one before it."""
        held = self._keys.get(sealed.epoch)
        if held is None:
            raise Refused(Code.NOT_READY, "receiving key")
        earlier = self._earlier.get(sealed.epoch)
        try:
            return open_pepper(sealed, held.key), open_requester_seed(sealed, held.key)
        except Refused as refused:
            if earlier is None or refused.code is not Code.BAD_SEAL:
                raise
        return open_pepper(sealed, earlier.key), open_requester_seed(sealed, earlier.key)

    def ratchet(self, parameters: Parameters, reached: float) -> None:
        """Advance each pepper to the earliest day that a query can still name, and erase the
        earlier ones. What is erased does not come back: see ``ports.Reached``.

        Forget epochs that are over or older than all announced. Call it at least once a minute.
        """
        with self._lock:
            days = {epoch: held.day for epoch, held in self._peppers.items()}
            held_keys = {*self._keys, *self._earlier, *self._requesters}
            due = plan_turning(parameters, days, held_keys, reached)
            with ExitStack() as due_now:  # what fails keeps nothing else from being done
                for epoch, day in due.turn.items():
                    due_now.callback(self._turn, epoch, day)
                for epoch in due.forget & self._peppers.keys():
                    due_now.callback(self._forget_pepper, epoch)
                for epoch in due.forget & self._requesters:
                    due_now.callback(self._forget_requesters, epoch)
                # Those of a pepper that was opened are left where the disk failed then.
                for epoch in {*due.forget, *self._peppers} & {*self._keys, *self._earlier}:
                    due_now.callback(self._forget_key, epoch)

    def _load(self, path: Path) -> None:
        found = _NAME.fullmatch(path.name)
        if found is None:
            if is_unfinished(path):  # it may hold a secret
                _erase(path)
            return
        if path.stat().st_size == 0:  # an unfinished erasure
            path.unlink()
            return
        try:
            epoch = EpochNumber(int(found[1]))
        except Refused:
            raise Defect(f"{path}: not a number of an epoch") from None
        if found[4] is not None:
            self._files.read_requester_key(path)
            self._requesters.add(epoch)
            return
        if found[2] is not None:
            kept = self._keys if found[2] == "key" else self._earlier
            kept[epoch] = self._files.read_key(path)
            return
        pepper = self._files.read_pepper(path, epoch, int(found[3]))
        other = self._peppers.get(epoch)
        # Two days of one epoch: the process stopped before it erased the earlier one.
        if other is not None:
            earlier, pepper = sorted((other, pepper), key=lambda each: each.day)
            _erase(self._files.pepper_path(earlier))
        self._peppers[epoch] = pepper

    # What could not be erased is held still, so that the next turn tries again.

    def _turn(self, epoch: EpochNumber, day: int) -> None:
        held = self._peppers[epoch]
        turned = held.at(day)
        self._files.write_pepper(turned)
        _erase(self._files.pepper_path(held))
        self._peppers[epoch] = turned

    def _forget_pepper(self, epoch: EpochNumber) -> None:
        _erase(self._files.pepper_path(self._peppers[epoch]))
        del self._peppers[epoch]

    def _forget_requesters(self, epoch: EpochNumber) -> None:
        _erase(self._files.requester_path(epoch))
        self._requesters.discard(epoch)

    def _forget_key(self, epoch: EpochNumber) -> None:
        if epoch in self._earlier:
            _erase(self._files.earlier_path(epoch))
            del self._earlier[epoch]
        if epoch in self._keys:
            _erase(self._files.key_path(epoch))
            del self._keys[epoch]


def _new_key(reached: float) -> ReceivingKey:
    return ReceivingKey(HybridKey.generate(secrets.token_bytes), day_of(reached))


def _erase(path: Path) -> None:
    """Remove a file so that its content does not come back, whenever the power fails.

    The name is first given to an empty file, durably, and then removed.
    """
    replace_file(path, b"")
    with or_defect(f"{path}: cannot be removed"):
        path.unlink(missing_ok=True)


class PepperUpkeep:
    """The work on a member's peppers, for one run of a command or for the loops of
    ``keep_peppers``.
    """

    def __init__(
        self,
        store: PepperStore,
        client: MemberListClient,
        members: MemberList,
        deposit: Deposit,
        reached: Reached,
        clock: Clock,
        log: Logger,
        left: Path | None = None,
    ) -> None:
        """
        Args:
            reached: the time by which peppers are advanced and erased.
            left: the file that records which receiving keys were deposited, and when, for processes
                that follow each other. Without it, only this process knows.
        """
        self._store = store
        self._client = client
        self._members = members
        self._deposit = deposit
        self._reached = reached
        self._clock = clock
        self._log = log
        self._file = left
        self._left = _read_left(left)
        self._reported: dict[EpochNumber, Code] = {}

    async def tend(self) -> None:
        """Advance the peppers and open those that have arrived.

        Raises:
            Refused: UNTRUSTED_METADATA, there has been no list.
            Defect: the disk failed.
        """
        # An expired list still names the epochs: forgetting must not wait for a fresh list.
        parameters = self._members.current.parameters
        reached = self._reached()
        try:
            await asyncio.to_thread(self._store.ratchet, parameters, reached)
        finally:  # a file that cannot be erased must not keep the next epoch's pepper out
            await self._open_those_that_arrived(parameters, reached)

    async def _open_those_that_arrived(self, parameters: Parameters, reached: float) -> None:
        for epoch in parameters.epochs:
            sealed = self._client.sealed_pepper(epoch.number)
            if sealed is None or epoch.is_over(reached):
                continue
            try:
                if await asyncio.to_thread(self._store.open, sealed, reached):
                    self._log.info("pepper.opened", epoch=epoch.number)
            except Refused as refused:
                if self._reported.get(epoch.number) is not refused.code:
                    self._reported[epoch.number] = refused.code
                    self._log.warning("pepper.not_opened", epoch=epoch.number, error=refused)

    async def leave_keys(self) -> None:
        """Deposit the receiving keys whose pepper is awaited, each once in six hours, and replace
        those that have waited for a week.

        Raises:
            Refused: UNTRUSTED_METADATA, the list has expired; or what ``deposit`` raises.
            Defect: the disk failed.
        """
        parameters = self._members.at(self._clock.now()).parameters
        reached = self._reached()
        awaited = await asyncio.to_thread(self._store.prepare, parameters, reached)
        left: dict[str, float] = {}
        for epoch, key in awaited:
            name = hashlib.sha256(key).hexdigest()
            at = self._left.get(name, 0.0)
            if not 0 <= self._clock.now() - at < DEPOSIT_AGAIN_SECONDS:
                await self._deposit(epoch, key)
                at = self._left[name] = self._clock.now()
                self._log.info("epoch_key.deposited", epoch=epoch)
            left[name] = at
        if self._file is not None and left != _read_left(self._file):
            await asyncio.to_thread(replace_file, self._file, msgspec.json.encode(left))
        self._left = left
        # Only now: of a key that the issuer does not have, the one before it is still needed.
        await asyncio.to_thread(self._store.renew_keys, reached)


def _read_left(file: Path | None) -> dict[str, float]:
    try:
        return {} if file is None else _LEFT.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}  # the keys are then deposited once more, which does no harm


async def keep_peppers(
    store: PepperStore,
    client: MemberListClient,
    members: MemberList,
    deposit: Deposit,
    reached: Reached,
    env: Env,
) -> None:
    """Make and deposit receiving keys, open the peppers that arrive, and advance them; for ever."""
    upkeep = PepperUpkeep(store, client, members, deposit, reached, env.clock, env.log)
    async with asyncio.TaskGroup() as loops:
        for seconds, jitter, task, name in (
            (TEND_SECONDS, TEND_JITTER_SECONDS, upkeep.tend, "peppers"),
            (DEPOSIT_LOOK_SECONDS, DEPOSIT_LOOK_JITTER_SECONDS, upkeep.leave_keys, "epoch keys"),
        ):
            loop = every(
                seconds, jitter, task, env.clock, random=env.random, log=env.log, name=name
            )
            loops.create_task(loop)
