"""The day's pepper at a member: received once an epoch, turned on every night, and forgotten.

Law: for nodes and gateways alone (broker and key holders must not import this module: it reaches
the private layer). On the disk stands, for each epoch, either a receiving key or one day's pepper,
never both for longer than it takes to open one with the other, and never an earlier day than can
still be asked about (attack: whoever steals the folder reads what was recorded on earlier days).
What is erased here is gone from the folder; what the medium keeps is for the disk's own encryption.

    <epoch>.key               receiving key (96 bytes), until the pepper is opened
    <epoch>.<day>.pepper      the earliest pepper that is still needed (32 bytes, and 8 of checksum); later ones follow

The checksum is against a medium that decays and a file put in another's place, not against who can
write here: a pepper that is wrong by one bit finds nobody, and would make "no" of every answer
until the epoch ends.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.membership.epoch_keys import (
    earliest_day,
    epochs_to_prepare,
    is_over,
    plan_turning,
)
from fingerpost.membership.member_list import MemberList, MemberListClient
from fingerpost.private.locators import PEPPER_BYTES, Pepper
from fingerpost.private.pepper_sealing import make_receiving_key, open_pepper
from fingerpost.private.sealing import PRIVATE_KEY_BYTES, HybridKey
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Parameters
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.files import create_file, is_unfinished, read_secret, replace_file
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.run import every

PEPPER_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "pepper.opened": frozenset({"epoch"}),
    "pepper.not_opened": frozenset({"epoch", "error"}),
    "epoch_key.deposited": frozenset({"epoch"}),
}
"""For the log catalogue of each party that keeps peppers."""

Deposit = Callable[[EpochNumber, bytes], Awaitable[None]]
"""See ``Membership.deposit``."""

TEND_SECONDS: Final = 15.0
TEND_JITTER_SECONDS: Final = 5.0
DEPOSIT_LOOK_SECONDS: Final = 60.0
DEPOSIT_LOOK_JITTER_SECONDS: Final = 240.0
DEPOSIT_AGAIN_SECONDS: Final = 6 * 3600.0
"""A key is left again until its pepper arrives: the issuer may have lost it."""

CHECKSUM_BYTES: Final = 8
PEPPER_FILE_BYTES: Final = PEPPER_BYTES + CHECKSUM_BYTES

_LEFT: Final = msgspec.json.Decoder(dict[str, float])
_NAME: Final = re.compile(r"([1-9][0-9]{0,9})\.(?:key|([0-9]{1,7})\.pepper)")


def write_pepper(pepper: Pepper) -> bytes:
    """What stands in its file, 40 bytes. Raises ``Refused(MALFORMED)``: 32 zero bytes are nobody's
    pepper.
    """
    if not any(pepper.value):
        raise Refused(Code.MALFORMED, "pepper")
    return pepper.value + _checksum(pepper)


def read_pepper(path: Path, epoch: EpochNumber, day: int) -> Pepper:
    """Raises ``Defect``: open to others, not of its size, damaged, or that of another epoch or day."""
    held = read_secret(path, least=PEPPER_FILE_BYTES, most=PEPPER_FILE_BYTES, setting="pepper")
    pepper = Pepper(epoch, day, held[:PEPPER_BYTES])
    if held[PEPPER_BYTES:] != _checksum(pepper) or not any(pepper.value):
        raise Defect(f"{path}: damaged; once it is removed, the pepper is asked for anew")
    return pepper


def _checksum(pepper: Pepper) -> bytes:
    """The first 8 bytes of SHA-256. It stands beside the value that it is of, and so gives nothing
    away.
    """
    where = pepper.epoch.value.to_bytes(4, "big") + pepper.day.to_bytes(8, "big")
    digest = hashlib.sha256(b"fingerpost/v1 pepper file" + where + pepper.value).digest()
    return digest[:CHECKSUM_BYTES]


class PepperStore:
    """One folder of one member and one process. Thread-safe; all but ``pepper`` block on the disk.

    Raises ``Defect`` when the folder fails, or holds files that are not ours to read.
    """

    def __init__(self, folder: Path, member: MemberId) -> None:
        self._folder = folder
        self.member = member
        self._lock = threading.Lock()
        self._keys: dict[EpochNumber, HybridKey] = {}
        self._peppers: dict[EpochNumber, Pepper] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(folder.iterdir()):
                self._load(path)
        except OSError as error:
            raise Defect(f"{folder}: cannot be read ({type(error).__name__})") from None
        for epoch in set(self._keys) & set(self._peppers):  # stopped between the two
            self._forget_key(epoch)

    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        """The pepper of ``day`` (days since 1970). Raises ``Refused(NOT_READY)``: not received yet,
        or erased.
        """
        held = self._peppers.get(epoch)
        if held is None:
            raise Refused(Code.NOT_READY, "pepper of that epoch")
        return held.at(day)

    def prepare(self, parameters: Parameters, now: float) -> tuple[tuple[EpochNumber, bytes], ...]:
        """The epochs whose pepper is awaited, each with the public receiving key (1216 bytes) to
        leave with the issuer; keys are made where there are none yet."""
        with self._lock:
            awaited = epochs_to_prepare(parameters, self._peppers, now)
            for epoch in awaited:
                if epoch not in self._keys:
                    key = make_receiving_key(secrets.token_bytes)
                    create_file(self._key_path(epoch), key.serialise())
                    self._keys[epoch] = key
            return tuple((epoch, self._keys[epoch].public_key) for epoch in awaited)

    def open(self, sealed: SealedPepper, now: float) -> bool:
        """Open a pepper that has arrived, keep it, and destroy the receiving key; False when it was
        opened before.

        Raises ``Refused``: BAD_SEAL (made for an earlier key, which is gone: the next publication
        seals to the one deposited since), NOT_READY (no key for that epoch), NOT_ALLOWED (another
        member's), MALFORMED (all zero).
        """
        if sealed.member != self.member:
            raise Refused(Code.NOT_ALLOWED, "sealed pepper")
        with self._lock:
            if sealed.epoch in self._peppers:
                return False
            key = self._keys.get(sealed.epoch)
            if key is None:
                raise Refused(Code.NOT_READY, "receiving key")
            pepper = open_pepper(sealed, key)
            write_pepper(
                pepper
            )  # refuses what must not be turned on either: of zeros comes a pepper that looks well
            pepper = pepper.at(max(pepper.day, earliest_day(now)))
            replace_file(self._pepper_path(pepper), write_pepper(pepper))
            self._peppers[sealed.epoch] = pepper
            self._forget_key(sealed.epoch)
            return True

    def ratchet(self, parameters: Parameters, now: float) -> None:
        """Turn each pepper on to the earliest day that can still be asked about, and erase what
        came before.

        Forget epochs that are over or older than all announced. Call it at least once a minute.
        """
        with self._lock:
            days = {epoch: held.day for epoch, held in self._peppers.items()}
            due = plan_turning(parameters, days, self._keys, now)
            for epoch in due.forget & self._peppers.keys():
                _erase(self._pepper_path(self._peppers.pop(epoch)))
            for epoch in due.forget & self._keys.keys():
                self._forget_key(epoch)
            for epoch, day in due.turn.items():
                held = self._peppers[epoch]
                turned = held.at(day)
                replace_file(self._pepper_path(turned), write_pepper(turned))
                self._peppers[epoch] = turned
                _erase(self._pepper_path(held))

    def _load(self, path: Path) -> None:
        found = _NAME.fullmatch(path.name)
        if found is None:
            if is_unfinished(path):  # it may hold a secret
                _erase(path)
            return
        if path.stat().st_size == 0:  # an erasure that did not end
            path.unlink()
            return
        try:
            epoch = EpochNumber(int(found[1]))
        except Refused:
            raise Defect(f"{path}: not a number of an epoch") from None
        if found[2] is None:
            secret = read_secret(path, least=PRIVATE_KEY_BYTES, most=PRIVATE_KEY_BYTES)
            self._keys[epoch] = HybridKey.parse(secret)
            return
        pepper = read_pepper(path, epoch, int(found[2]))
        other = self._peppers.get(epoch)
        # Two days of one epoch: stopped between writing the later and erasing the earlier.
        if other is not None:
            earlier, pepper = sorted((other, pepper), key=lambda each: each.day)
            _erase(self._pepper_path(earlier))
        self._peppers[epoch] = pepper

    def _key_path(self, epoch: EpochNumber) -> Path:
        return self._folder / f"{epoch}.key"

    def _pepper_path(self, pepper: Pepper) -> Path:
        return self._folder / f"{pepper.epoch}.{pepper.day}.pepper"

    def _forget_key(self, epoch: EpochNumber) -> None:
        del self._keys[epoch]
        _erase(self._key_path(epoch))


def _erase(path: Path) -> None:
    """After this the content does not come back, whenever the power fails: the name is first given
    to an empty file, durably, and then removed."""
    replace_file(path, b"")
    path.unlink(missing_ok=True)


class PepperUpkeep:
    """What keeps a member's peppers: once, where nothing runs (``tend``, ``leave_keys``), or in loops."""

    def __init__(
        self,
        store: PepperStore,
        client: MemberListClient,
        members: MemberList,
        deposit: Deposit,
        clock: Clock,
        log: Logger,
        left: Path | None = None,
    ) -> None:
        """
        Args:
            left: the file that says which receiving keys were left with the issuer, and when, for
                processes that come one after the other. Without it, this process alone knows.
        """
        self._store = store
        self._client = client
        self._members = members
        self._deposit = deposit
        self._clock = clock
        self._log = log
        self._file = left
        self._left = _read_left(left)
        self._reported: dict[EpochNumber, Code] = {}

    async def tend(self) -> None:
        """Turn peppers on and open what has arrived.

        Raises:
            Refused: UNTRUSTED_METADATA, there has been no list.
            Defect: the disk.
        """
        # An expired list still says which epochs there are: forgetting must not wait for a fresh one.
        parameters = self._members.current.parameters
        await asyncio.to_thread(self._store.ratchet, parameters, self._clock.now())
        for epoch in parameters.epochs:
            sealed = self._client.sealed_pepper(epoch.number)
            if sealed is None or is_over(epoch, self._clock.now()):
                continue
            try:
                if await asyncio.to_thread(self._store.open, sealed, self._clock.now()):
                    self._log.info("pepper.opened", epoch=epoch.number)
            except Refused as refused:
                if self._reported.get(epoch.number) is not refused.code:
                    self._reported[epoch.number] = refused.code
                    self._log.warning("pepper.not_opened", epoch=epoch.number, error=refused)

    async def leave_keys(self) -> None:
        """Leave the receiving keys that are awaited with the issuer, each once in six hours.

        Raises:
            Refused: UNTRUSTED_METADATA, the list has expired; or what ``deposit`` raises.
            Defect: the disk.
        """
        parameters = self._members.at(self._clock.now()).parameters
        awaited = await asyncio.to_thread(self._store.prepare, parameters, self._clock.now())
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


def _read_left(file: Path | None) -> dict[str, float]:
    try:
        return {} if file is None else _LEFT.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}  # then the keys are left once more, which does no harm


async def keep_peppers(
    store: PepperStore,
    client: MemberListClient,
    members: MemberList,
    deposit: Deposit,
    clock: Clock,
    *,
    random: Callable[[], float],
    log: Logger,
) -> None:
    """Make and leave receiving keys, open what arrives, turn peppers on; for ever."""
    upkeep = PepperUpkeep(store, client, members, deposit, clock, log)
    async with asyncio.TaskGroup() as loops:
        for seconds, jitter, task, name in (
            (TEND_SECONDS, TEND_JITTER_SECONDS, upkeep.tend, "peppers"),
            (DEPOSIT_LOOK_SECONDS, DEPOSIT_LOOK_JITTER_SECONDS, upkeep.leave_keys, "epoch keys"),
        ):
            loops.create_task(
                every(seconds, jitter, task, clock, random=random, log=log, name=name)
            )
