"""Find the records of a slot's locators: tables in memory, one for each agency, epoch and slot.

An agency's tags are read once for each generation and epoch and kept; each slot has a table from
locator to the tag's place. A host has millions of keys, so a table is no ``dict`` (138 bytes a key)
but many short strings of bytes, chosen by the locator's first bits and searched through: some 24
bytes a key and slot, beside 36 for tag and record. Each look-up searches one shard of some 32
entries, whether it finds something or not.

Building pauses after every ``CHUNK`` keys: answers leave on a tick, and the interpreter's lock must
not be held for long. While a newer generation is read, the node answers from the old one. Two
records with one tag (twins at one address share some blocking keys) are one hit with both. No table
holds locators of two agencies, so nothing of one agency can be reached through another.
"""

from __future__ import annotations

import itertools
import threading
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agency_node.records.ports import Hit, Records
from agency_node.records.records import Generation, RecordId
from fingerpost.private.locators import TAG_BYTES, Pepper, locators
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber

CHUNK: Final = 512
"""Keys between two pauses: about 1 ms of work."""
_SHARD_KEYS: Final = 32
_PLACE_BYTES: Final = 4
_ENTRY_BYTES: Final = limits.LOCATOR_BYTES + _PLACE_BYTES

Pause = Callable[[], None]
"""It lets other threads run."""


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

    def is_marked(self, place: int) -> bool:
        return self.records[place] >= self.generation.children

    def tag(self, place: int) -> bytes:
        return bytes(self.tags[place * TAG_BYTES : (place + 1) * TAG_BYTES])


class _Slot:
    """From a locator to the places of its tag, in shards of about ``_SHARD_KEYS`` entries.

    A shard holds its entries one after another, each 16 bytes of locator and 4 of place.
    """

    def __init__(self, tags: _Tags) -> None:
        self.tags = tags
        shards = 1
        while shards * _SHARD_KEYS < len(tags):
            shards *= 2
        self._mask = shards - 1
        self._shards: list[bytes | bytearray] = [bytearray() for _ in range(shards)]

    def add(self, first: int, some: Iterable[bytes]) -> None:
        shards, mask = self._shards, self._mask
        for place, locator in enumerate(some, first):
            shard = shards[int.from_bytes(locator[:4], "big") & mask]
            shard += locator + place.to_bytes(_PLACE_BYTES, "big")

    def close(self, first: int, last: int) -> None:
        """Release the spare memory of the shards ``first`` to ``last`` - 1."""
        self._shards[first:last] = map(bytes, self._shards[first:last])

    def __len__(self) -> int:
        return len(self._shards)

    def places(self, locator: bytes) -> tuple[int, ...]:
        shard = self._shards[int.from_bytes(locator[:4], "big") & self._mask]
        found = []
        at = shard.find(locator)
        while at >= 0:
            if at % _ENTRY_BYTES:  # these bytes lie across two entries, by chance
                at = shard.find(locator, at + 1)
                continue
            end = at + _ENTRY_BYTES
            found.append(int.from_bytes(shard[end - _PLACE_BYTES : end], "big"))
            at = shard.find(locator, end)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Want:
    """A table that is wanted, and the pepper of the slot's day, from which it is made."""

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
    """Implements ``ports.Locators`` and ``ports.MarkedLocators``, whose methods may be called from
    any thread; ``prepare`` from one at a time."""

    def __init__(self, records: Records, pause: Pause) -> None:
        self._records = records
        self._pause = pause
        self._tags: dict[tuple[AgencyId, EpochNumber], _Tags] = {}
        self._slots: dict[tuple[AgencyId, EpochNumber, int], _Slot] = {}
        self._building = threading.Lock()

    def find(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        return self._find(agency, epoch, slot, locators, marked=False)

    def find_marked(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        return self._find(agency, epoch, slot, locators, marked=True)

    def _find(
        self,
        agency: AgencyId,
        epoch: EpochNumber,
        slot: int,
        locators: Sequence[bytes],
        *,
        marked: bool,
    ) -> tuple[Hit, ...]:
        table = self._slots.get((agency, epoch, slot))
        if table is None:
            raise Refused(Code.NOT_READY, "index")
        found = [(position, table.places(locator)) for position, locator in enumerate(locators)]
        tags = table.tags
        of_kind = [
            (position, [at for at in places if tags.is_marked(at) == marked])
            for position, places in found
        ]
        return tuple(
            Hit(
                position,
                tags.tag(places[0]),
                tuple(RecordId(n) for n in sorted({tags.records[place] for place in places})),
                tags.generation.number,
            )
            for position, places in of_kind
            if places
        )

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        table = self._slots.get((agency, epoch, slot))
        return None if table is None else table.tags.generation

    def keys(self) -> int:
        """Return how many locators all tables hold together."""
        return sum(len(table.tags) for table in tuple(self._slots.values()))

    def in_use(self) -> Mapping[AgencyId, int]:
        """Return, for each agency that has a table, the number of its oldest generation in one."""
        oldest: dict[AgencyId, int] = {}
        for (agency, _, _), table in tuple(self._slots.items()):
            number = table.tags.generation.number
            oldest[agency] = min(number, oldest.get(agency, number))
        return oldest

    def prepare(
        self, wanted: Iterable[Want], due: Collection[tuple[EpochNumber, int]]
    ) -> tuple[AgencyId, ...]:
        """Drop the tables that are not due, and build those that are wanted. Call from a thread.

        A table outlives the pepper that it was made from: the pepper is destroyed at midnight, and
        the day's last slot is still asked for. An agency that is not tagged for an epoch is left
        out: it stays "not ready", or on its older generation.

        Args:
            wanted: in this order, the tables to build where they are missing or of an older
                generation.
            due: every other epoch and slot is dropped.

        Returns:
            The agencies of the tables that were built.
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
            return None  # it was deleted meanwhile; the next turn finds a newer one
        return tags

    def _build(self, tags: _Tags, slot_key: bytes) -> _Slot:
        table = _Slot(tags)
        for first in range(0, len(tags), CHUNK):
            last = min(first + CHUNK, len(tags))
            table.add(first, locators(slot_key, map(tags.tag, range(first, last))))
            self._pause()
        for first in range(0, len(table), CHUNK):
            table.close(first, first + CHUNK)
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
