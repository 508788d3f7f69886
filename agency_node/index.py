"""Which locators of a slot are of which records: hash tables in memory, one for each agency, epoch and slot.

An agency's tags are read once for each generation and epoch and kept (32 + 4 bytes a key); each slot has a table from
locator to the key's place in them. Tables are cut into small shards, because a hash table that grows holds the
interpreter's lock for as long as it copies itself, and answers leave on a tick; building pauses after every ``CHUNK``
keys for the same reason.

While a newer generation is read, the old one answers. Two records with one tag (twins at one address share some match
keys) are one hit with both. Nothing of one agency is reached through another: there is no table over agencies."""

from __future__ import annotations

import itertools
import threading
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agency_node.ports import Hit, Records
from agency_node.records import Generation, RecordId
from fingerpost.private.locators import TAG_BYTES, Pepper, locators
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber

CHUNK: Final = 1024
"""Keys between two pauses: some 2 ms of work."""
_SHARD_KEYS: Final = 8192
_MOST_SHARDS: Final = 65_536

Pause = Callable[[], None]
"""Lets other threads run. In a process: ``time.sleep(0)``."""


class _Tags:
    """All tags of a generation for one epoch: the tag at each place, and the record it is of."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.tags = bytearray()
        self.records = array("I")

    def __len__(self) -> int:
        return len(self.records)

    def add(self, some: Iterable[tuple[RecordId, bytes]]) -> None:
        for record, tag in some:
            if len(tag) != TAG_BYTES:
                raise Defect("a tag has 32 bytes")
            self.tags += tag
            self.records.append(record.value)

    def tag(self, place: int) -> bytes:
        return bytes(self.tags[place * TAG_BYTES : (place + 1) * TAG_BYTES])


class _Slot:
    """From a locator to the place of its tag; ``more``: further places with the same tag."""

    def __init__(self, tags: _Tags) -> None:
        self.tags = tags
        shards = 1
        while shards * _SHARD_KEYS < len(tags) and shards < _MOST_SHARDS:
            shards *= 2
        self._mask = shards - 1
        self._shards: list[dict[bytes, int]] = [{} for _ in range(shards)]
        self._more: dict[int, list[int]] = {}

    def add(self, first: int, some: Iterable[bytes]) -> None:
        shards, mask = self._shards, self._mask
        for place, locator in enumerate(some, first):
            shard = shards[int.from_bytes(locator[:2], "big") & mask]
            known = shard.setdefault(locator, place)
            if known != place:
                self._more.setdefault(known, []).append(place)

    def places(self, locator: bytes) -> tuple[int, ...]:
        place = self._shards[int.from_bytes(locator[:2], "big") & self._mask].get(locator)
        return () if place is None else (place, *self._more.get(place, ()))


@dataclass(frozen=True, slots=True)
class Want:
    """One table that should be there, and the pepper that makes it (of the slot's day)."""

    agency: AgencyId
    pepper: Pepper
    slot: int

    @property
    def epoch(self) -> EpochNumber:
        return self.pepper.epoch

    @property
    def key(self) -> tuple[AgencyId, EpochNumber, int]:
        return self.agency, self.epoch, self.slot


class LocatorIndex:
    """Implements ``ports.Locators``. ``find`` and ``ready`` may be called from any thread; ``prepare`` from one at a
    time."""

    def __init__(self, records: Records, pause: Pause) -> None:
        self._records = records
        self._pause = pause
        self._tags: dict[tuple[AgencyId, EpochNumber], _Tags] = {}
        self._slots: dict[tuple[AgencyId, EpochNumber, int], _Slot] = {}
        self._building = threading.Lock()

    def find(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        table = self._slots.get((agency, epoch, slot))
        if table is None:
            raise Refused(Code.NOT_READY, "index")
        found = [(position, table.places(locator)) for position, locator in enumerate(locators)]
        tags = table.tags
        return tuple(
            Hit(
                position,
                tags.tag(places[0]),
                tuple(RecordId(n) for n in sorted({tags.records[place] for place in places})),
                tags.generation.number,
            )
            for position, places in found
            if places
        )

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        table = self._slots.get((agency, epoch, slot))
        return None if table is None else table.tags.generation

    def keys(self) -> int:
        """How many locators are held, over all tables."""
        return sum(len(table.tags) for table in tuple(self._slots.values()))

    def in_use(self, agency: AgencyId) -> int | None:
        """The oldest generation of the agency that a table answers from; None: no table."""
        numbers = [
            table.tags.generation.number
            for (of, _, _), table in tuple(self._slots.items())
            if of == agency
        ]
        return min(numbers, default=None)

    def prepare(
        self, wanted: Iterable[Want], due: Collection[tuple[EpochNumber, int]]
    ) -> tuple[AgencyId, ...]:
        """Blocking, for a thread: drops the tables of every epoch and slot that is not ``due``, then builds what is
        wanted and missing or of an older generation, first things first. The agencies of the tables built.

        A table outlives the pepper that made it (at midnight the pepper goes, the day's last slot is still asked). An
        agency that is not tagged for an epoch is left out: it stays "not ready", or on its older generation.
        """
        with self._building:
            self._drop(due)
            return tuple(want.agency for want in wanted if self._prepare(want))

    def _prepare(self, want: Want) -> bool:
        newest = self._records.ready(want.agency, want.epoch)
        if newest is None:
            return False
        table = self._slots.get(want.key)
        if table is not None and table.tags.generation.number >= newest.number:
            return False
        tags = self._tags.get((want.agency, want.epoch))
        if tags is None or tags.generation.number != newest.number:
            tags = self._read(want.agency, want.epoch, newest)
            if tags is None:
                return False
            self._tags[want.agency, want.epoch] = tags
        self._slots[want.key] = self._build(tags, want.pepper.slot_key(want.slot))
        return True

    def _read(self, agency: AgencyId, epoch: EpochNumber, generation: Generation) -> _Tags | None:
        tags = _Tags(generation)
        try:
            every = self._records.tags(agency, generation.number, epoch)
            while some := list(itertools.islice(every, CHUNK)):
                tags.add(some)
                self._pause()
        except Refused:
            return None  # deleted meanwhile: a newer one is there at the next turn
        return tags

    def _build(self, tags: _Tags, slot_key: bytes) -> _Slot:
        table = _Slot(tags)
        for first in range(0, len(tags), CHUNK):
            last = min(first + CHUNK, len(tags))
            table.add(first, locators(slot_key, map(tags.tag, range(first, last))))
            self._pause()
        return table

    def _drop(self, due: Collection[tuple[EpochNumber, int]]) -> None:
        agencies = set(self._records.agencies())
        for key in tuple(self._slots):
            if key[1:] not in due or key[0] not in agencies:
                del self._slots[key]
        epochs = {epoch for epoch, _ in due}
        for agency, epoch in tuple(self._tags):
            if epoch not in epochs or agency not in agencies:
                del self._tags[agency, epoch]
