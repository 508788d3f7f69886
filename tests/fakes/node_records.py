"""A node's records in memory: the same promises but the disk and the sealing.

``MemoryRecords`` implements the ports ``Records`` and ``Imports`` of ``agency_node.records``.
``put`` is the short way to a complete generation.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import msgspec

from agency_node.records.origin import Came
from agency_node.records.ports import TAG_BLOCK, Child, Effort, Staged, Standing
from agency_node.records.records import (
    ChildRecord,
    Doubt,
    Generation,
    Involvement,
    Origin,
    RecordId,
)
from fakes.federations import NOW
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.private.sealing import prefixed
from fingerpost.protocol import limits
from fingerpost.protocol.codes import InvolvementStatus, Kind, Quality
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber


def an_involvement(kind: Kind = Kind.EDU_SCHOOL, **changes: object) -> Involvement:
    made = Involvement(
        kind=kind,
        status=InvolvementStatus.OPEN,
        worker_name="Robin Ferris",
        worker_role="Safeguarding lead",
        desk_phone="+44 1632 960001",
        desk_email="desk@example.org",
        ooh_phone="",
        hours=(),
        as_of=int(NOW) - limits.DAY,
        lead=False,
        early_help=False,
        sensitive=kind.sensitive,
        shielded=False,
        ended_on=None,
    )
    return msgspec.structs.replace(made, **changes)


LONG_KNOWN = Origin(0, Doubt(0))
"""Of a record that was always there, and about which nothing is unusual."""


Block = tuple[tuple[bytes, ...], ...]


@dataclass
class _Generation:
    staged: Staged
    children: list[Child] = field(default_factory=list)
    blocks: dict[EpochNumber, dict[int, Block]] = field(default_factory=dict)
    efforts: dict[EpochNumber, list[Effort]] = field(default_factory=dict)
    completed_at: int | None = None
    quality: Quality | None = None
    census: bytes = b""
    marked: list[Child] = field(default_factory=list)

    @property
    def records(self) -> list[Child]:
        return [*self.children, *self.marked]

    def tagged(self, epoch: EpochNumber) -> bool:
        return len(self.blocks.get(epoch, {})) == -(-len(self.records) // TAG_BLOCK)

    def sound(self) -> bool:
        return self.staged.normalisation_version == NORMALISATION_VERSION

    def value(self) -> Generation:
        assert self.completed_at is not None
        plan = self.staged
        return Generation(
            plan.number,
            plan.as_of,
            self.completed_at,
            plan.normalisation_version,
            len(self.children),
            self.quality,
            len(self.marked) or None,
        )


class MemoryRecords:
    def __init__(self, agencies: Iterable[AgencyId]) -> None:
        self._agencies: dict[AgencyId, dict[int, _Generation]] = {a: {} for a in agencies}
        self._last = dict.fromkeys(self._agencies, 0)

    def put(
        self,
        agency: AgencyId,
        children: Sequence[ChildRecord],
        tags: Mapping[EpochNumber, Sequence[Sequence[bytes]]],
        *,
        as_of: int = 0,
        completed_at: int = 0,
        quality: Quality | None = None,
    ) -> Generation:
        """A complete generation. ``tags``: by epoch, a sequence for each child in their order."""
        staged = self.begin(
            agency,
            bytes(32),
            as_of=as_of,
            normalisation_version=NORMALISATION_VERSION,
            upn=False,
            now=completed_at,
            quality=quality,
        )
        number = staged.number
        self.add(
            agency,
            number,
            0,
            [
                Child(c.demographics, c.involvements, b"", b"", c.origin, c.local_id)
                for c in children
            ],
        )
        for epoch, of_records in tags.items():
            for first in range(0, len(children), TAG_BLOCK):
                block = of_records[first : first + TAG_BLOCK]
                self.put_tags(agency, number, epoch, first, block, Effort())
        self.close_staging(agency, number)
        return self.complete(agency, number, completed_at)

    # ---- Records -------------------------------------------------------------------------------

    def agencies(self) -> tuple[AgencyId, ...]:
        return tuple(sorted(self._agencies))

    def generation(self, agency: AgencyId) -> Generation | None:
        return next((g.value() for g in self._complete(agency)), None)

    def child(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        found = self._of(agency).get(generation)
        if found is None or found.completed_at is None or record.value >= len(found.records):
            raise Refused(Code.NOT_READY, "generation or record")
        child = found.records[record.value]
        return ChildRecord(
            record, child.demographics, child.involvements, child.origin, child.local_id
        )

    def tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        found = self._of(agency).get(generation)
        if found is None or found.completed_at is None or not found.tagged(epoch):
            raise Refused(Code.NOT_READY, "tags")
        blocks = sorted(found.blocks.get(epoch, {}).items())
        return (
            (RecordId(record), tag)
            for first, block in blocks
            for record, tags in enumerate(block, first)
            for tag in tags
        )

    def ready(self, agency: AgencyId, epoch: EpochNumber) -> Generation | None:
        usable = takewhile(_Generation.sound, self._complete(agency))
        return next((g.value() for g in usable if g.tagged(epoch)), None)

    # ---- Imports -------------------------------------------------------------------------------

    def staged(self, agency: AgencyId, source: bytes) -> Staged | None:
        for found in self._of(agency).values():
            if found.completed_at is None and found.staged.source == source:
                return self.plan(agency, found.staged.number)
        return None

    def begin(
        self,
        agency: AgencyId,
        source: bytes,
        *,
        as_of: int,
        normalisation_version: int,
        upn: bool,
        now: int,
        quality: Quality | None = None,
    ) -> Staged:
        generations = self._of(agency)
        for number in [n for n, g in generations.items() if g.completed_at is None]:
            del generations[number]
        self._last[agency] += 1
        number = self._last[agency]
        staged = Staged(number, as_of, normalisation_version, upn, 0, whole=False, source=source)
        generations[number] = _Generation(staged, quality=quality)
        return staged

    def plan(self, agency: AgencyId, generation: int) -> Staged:
        found = self._row(agency, generation)
        marked = len(found.marked) or None
        return dataclasses.replace(found.staged, children=len(found.children), marked=marked)

    def add(self, agency: AgencyId, generation: int, first: int, children: Sequence[Child]) -> None:
        found = self._row(agency, generation)
        if found.completed_at is not None or found.staged.whole or first != len(found.children):
            raise Defect("children are staged in order, before the generation is whole")
        before = next((g for g in self._complete(agency) if g.staged.number < generation), None)
        known = [] if before is None else before.children
        came = Came.of((child.mark, child.own, child.origin) for child in known)
        found.children += [
            dataclasses.replace(child, origin=came.origin(child)) for child in children
        ]

    def close_staging(
        self,
        agency: AgencyId,
        generation: int,
        census: bytes = b"",
        marked: Sequence[Child] = (),
    ) -> None:
        found = self._row(agency, generation)
        found.marked = found.marked if found.staged.whole else [*marked]
        found.staged = dataclasses.replace(found.staged, whole=True)
        found.census = census

    def census(self, agency: AgencyId, generation: int) -> bytes:
        return self._row(agency, generation).census

    def complete(self, agency: AgencyId, generation: int, now: int) -> Generation:
        found = self._row(agency, generation)
        if not found.staged.whole:
            raise Defect("a generation is completed when it is whole")
        if found.completed_at is None:
            found.completed_at = now
        return found.value()

    def behind(self, agency: AgencyId) -> bool:
        self._of(agency)
        return False  # memory is never put back

    def adopt(self, agency: AgencyId) -> Generation:
        found = self.generation(agency)
        if found is None:
            raise Defect("there is no complete import to go on from")
        return found

    def mark(self, agency: AgencyId, inputs: Sequence[bytes]) -> bytes:
        self._of(agency)
        return hashlib.sha256(prefixed(agency.value.encode(), *inputs)).digest()[:16]

    def source(self, agency: AgencyId, *parts: bytes) -> bytes:
        self._of(agency)
        return hashlib.sha256(prefixed(agency.value.encode(), *parts)).digest()

    def children(
        self, agency: AgencyId, generation: int, first: int, most: int
    ) -> tuple[tuple[RecordId, Demographics, bytes], ...]:
        found = self._row(agency, generation).records[first : first + most]
        return tuple((RecordId(n), c.demographics, c.mark) for n, c in enumerate(found, first))

    def with_own(
        self, agency: AgencyId, generation: int, own: Callable[[Demographics], bytes]
    ) -> tuple[tuple[RecordId, Demographics], ...]:
        found = enumerate(self._row(agency, generation).children)
        return tuple(
            (RecordId(n), c.demographics) for n, c in found if c.own == own(c.demographics)
        )

    def untagged(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> tuple[int, ...]:
        found = self._row(agency, generation)
        done = found.blocks.get(epoch, {})
        return tuple(f for f in range(0, len(found.records), TAG_BLOCK) if f not in done)

    def put_tags(
        self,
        agency: AgencyId,
        generation: int,
        epoch: EpochNumber,
        first: int,
        tags: Sequence[Sequence[bytes]],
        effort: Effort,
    ) -> None:
        found = self._row(agency, generation)
        if first % TAG_BLOCK or len(tags) != min(TAG_BLOCK, len(found.records) - first):
            raise Defect("tags are stored by whole blocks")
        if first not in found.blocks.setdefault(epoch, {}):
            found.blocks[epoch][first] = tuple(map(tuple, tags))
            found.efforts.setdefault(epoch, []).append(effort)

    def effort(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> Effort:
        efforts = self._row(agency, generation).efforts.get(epoch, [])
        return Effort(sum(e.taken_over for e in efforts), sum(e.evaluated for e in efforts))

    def earlier_tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber, marks: Sequence[bytes]
    ) -> tuple[tuple[bytes, ...] | None, ...]:
        before = next((g for g in self._complete(agency) if g.staged.number < generation), None)
        if before is None or not before.tagged(epoch):
            return (None,) * len(marks)
        blocks = before.blocks.get(epoch, {})
        tags = {
            child.mark: blocks[n - n % TAG_BLOCK][n % TAG_BLOCK]
            for n, child in enumerate(before.records)
        }
        return tuple(map(tags.get, marks))

    def standings(self) -> Mapping[AgencyId, Standing]:
        return {agency: self._standing(agency) for agency in self._agencies}

    def _standing(self, agency: AgencyId) -> Standing:
        ready: dict[EpochNumber, Generation] = {}
        for found in reversed(tuple(takewhile(_Generation.sound, self._complete(agency)))):
            for epoch in found.blocks:
                if found.records and found.tagged(epoch):
                    ready[epoch] = found.value()
        return Standing(self.generation(agency), ready)

    def delete_before(self, agency: AgencyId, generation: int) -> int:
        generations = self._of(agency)
        old = [number for number in generations if number < generation]
        for number in old:
            del generations[number]
        return len(old)

    def forget_epochs(self, keep: Sequence[EpochNumber]) -> None:
        for generations in self._agencies.values():
            for found in generations.values():
                for epoch in set(found.blocks) - set(keep):
                    del found.blocks[epoch]

    def _of(self, agency: AgencyId) -> dict[int, _Generation]:
        if agency not in self._agencies:
            raise Refused(Code.NOT_ALLOWED, "agency of another node")
        return self._agencies[agency]

    def _complete(self, agency: AgencyId) -> list[_Generation]:
        complete = [g for g in self._of(agency).values() if g.completed_at is not None]
        return sorted(complete, key=lambda g: -g.staged.number)

    def _row(self, agency: AgencyId, generation: int) -> _Generation:
        found = self._of(agency).get(generation)
        if found is None:
            raise Refused(Code.NOT_READY, "generation")
        return found
