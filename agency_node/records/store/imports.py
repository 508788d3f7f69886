"""``ports.Imports`` in a database: the writing side.

Each write is one short transaction. Sealing and opening are slow and happen outside of it, so that
a node that runs at the same time never waits long for the lock. A deleted generation is gone for
every reader at once; its rows are deleted a few in each transaction. ``ports.Records`` shows
nothing of a generation before ``complete``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import sqlite

from agency_node.records.origin import Came
from agency_node.records.ports import TAG_BLOCK, Child, Effort, Staged, Standing
from agency_node.records.records import Generation, RecordId, read_child, write_child
from agency_node.records.store import tables
from agency_node.records.store.records import (
    SqlRecords,
    as_generation,
    blocks_of,
    fully_tagged,
    newest,
    records_of,
    there,
)
from agency_node.records.store.witness import is_behind
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.database import reading
from fingerpost.runtime.witness import Mark

_ROWS_AT_ONCE: Final = 1000
_GENERATION: Final = tables.generation.c
_CHILD: Final = tables.child.c
_BLOCK: Final = tables.tag_block.c


class SqlImports:
    """Implements ``ports.Imports`` over the same database as ``records``. Thread-safe."""

    def __init__(self, records: SqlRecords) -> None:
        self._records = records
        self._engine = records.engine

    def mark(self, agency: AgencyId, inputs: Sequence[bytes]) -> bytes:
        return self._records.key(agency).mark(inputs)

    def source(self, agency: AgencyId, *parts: bytes) -> bytes:
        return self._records.key(agency).source(*parts)

    def staged(self, agency: AgencyId, source: bytes) -> Staged | None:
        self._records.key(agency)
        query = select(tables.generation).where(*_incomplete(agency), _GENERATION.source == source)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.number <= self._witnessed(agency):
            return None  # it is of a restored copy: another generation has had its number since
        return _as_staged(row)

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
        self._records.key(agency)
        mine = tables.agency.c.agency == agency.value
        witnessed = self._witnessed(agency)
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.generation).where(*_incomplete(agency)).values(dropped=True)
            )
            last = connection.execute(select(tables.agency.c.last_generation).where(mine))
            number = max(last.scalar_one(), witnessed) + 1
            connection.execute(update(tables.agency).where(mine).values(last_generation=number))
            connection.execute(
                insert(tables.generation).values(
                    agency=agency.value,
                    number=number,
                    source=source,
                    as_of=as_of,
                    started_at=now,
                    normalisation_version=normalisation_version,
                    upn=upn,
                    quality=quality,
                    children=0,
                    whole=False,
                    dropped=False,
                )
            )
        _sweep(self._engine, agency)
        return self.plan(agency, number)

    def plan(self, agency: AgencyId, generation: int) -> Staged:
        with reading(self._engine) as connection:
            return _as_staged(self._row(connection, agency, generation))

    def add(self, agency: AgencyId, generation: int, first: int, children: Sequence[Child]) -> None:
        seal = self._records.seal(agency, generation)
        came = self._came(agency, generation, children)
        sealed = [
            seal.seal_child(
                record,
                write_child(
                    child.demographics,
                    child.involvements,
                    came.origin(child),
                    child.local_id,
                ),
            )
            for record, child in enumerate(children, first)
        ]
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if row.completed_at is not None or row.whole or row.children != first:
                raise Defect("children are staged in order, before the generation is whole")
            rows = [
                _child_row(row, record, child, bytes_)
                for record, (child, bytes_) in enumerate(zip(children, sealed, strict=True), first)
            ]
            if rows:
                connection.execute(insert(tables.child), rows)
            _set(connection, row, children=first + len(rows))

    def _came(self, agency: AgencyId, generation: int, children: Sequence[Child]) -> Came:
        """Return when each of these children first came, as the generation before has it."""
        digests = {child.mark for child in children} | {child.own for child in children}
        with reading(self._engine) as connection:
            before = newest(connection, agency, before=generation)
            if before is None:
                return Came({})
            query = select(_CHILD.record, _CHILD.mark, _CHILD.own, _CHILD.sealed)
            either = _CHILD.mark.in_(digests) | _CHILD.own.in_(digests)
            rows = connection.execute(query.where(_CHILD.generation == before.id, either)).all()
        seal = self._records.seal(agency, before.number)
        return Came.of(
            (row.mark, row.own, read_child(seal.open_child(row.record, row.sealed))[2])
            for row in rows
        )

    def close_staging(
        self,
        agency: AgencyId,
        generation: int,
        census: bytes = b"",
        marked: Sequence[Child] = (),
    ) -> None:
        seal = self._records.seal(agency, generation)
        sealed = seal.seal_census(census) if census else b""
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if marked and not row.whole:
                rows = [
                    _child_row(
                        row,
                        record,
                        child,
                        seal.seal_child(
                            record,
                            write_child(child.demographics, child.involvements, child.origin),
                        ),
                    )
                    for record, child in enumerate(marked, row.children)
                ]
                connection.execute(insert(tables.child), rows)
                _set(connection, row, marked=len(marked))
            _set(connection, row, whole=True, census=sealed)

    def census(self, agency: AgencyId, generation: int) -> bytes:
        with reading(self._engine) as connection:
            sealed = self._row(connection, agency, generation).census
        try:
            return self._records.seal(agency, generation).open_census(sealed) if sealed else b""
        except Defect:  # an import is what mends damaged rows, so nothing may keep it from running
            return b""

    def complete(self, agency: AgencyId, generation: int, now: int) -> Generation:
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if not row.whole:
                raise Defect("a generation is completed when it is whole")
            if row.completed_at is None:
                before = newest(connection, agency)
                # It only grows, whatever the clock: requesters refuse an answer from before one
                # that they have seen.
                at = now if before is None else max(now, before.completed_at)
                _set(connection, row, completed_at=at)
                made = as_generation(self._row(connection, agency, generation))
                _set(connection, row, digest=self._records.digest(agency, made))
            done = as_generation(self._row(connection, agency, generation))
        if done.number > self._witnessed(agency):
            self._records.witness.note(agency, done)
        return done

    def behind(self, agency: AgencyId) -> bool:
        return self._records.behind(agency)

    def adopt(self, agency: AgencyId) -> Generation:
        witnessed = self._witnessed(agency)
        found = self._records.generation(agency)
        if found is None:
            raise Defect("there is no complete import to go on from")
        mine = tables.agency.c
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.agency)
                .where(mine.agency == agency.value, mine.last_generation < witnessed)
                .values(last_generation=witnessed)
            )
        self._records.witness.adopt(agency, found)
        return found

    def _witnessed(self, agency: AgencyId) -> int:
        """Return the number of the last generation that this node ever completed; 0 for none."""
        witnessed = self._records.witness.of(agency)
        return 0 if witnessed is None else witnessed.number

    def children(
        self, agency: AgencyId, generation: int, first: int, most: int
    ) -> tuple[tuple[RecordId, Demographics, bytes], ...]:
        some = (_CHILD.record >= first, _CHILD.record < first + most)
        with reading(self._engine) as connection:
            row = self._row(connection, agency, generation)
            query = select(_CHILD.record, _CHILD.mark, _CHILD.sealed)
            found = connection.execute(
                query.where(_CHILD.generation == row.id, *some).order_by(_CHILD.record)
            ).all()
        seal = self._records.seal(agency, generation)
        return tuple(
            (RecordId(r.record), read_child(seal.open_child(r.record, r.sealed))[0], r.mark)
            for r in found
        )

    def with_own(
        self, agency: AgencyId, generation: int, own: Callable[[Demographics], bytes]
    ) -> tuple[tuple[RecordId, Demographics], ...]:
        found: list[tuple[RecordId, Demographics]] = []
        seal = self._records.seal(agency, generation)
        for first in range(0, self.plan(agency, generation).children, _ROWS_AT_ONCE):
            with reading(self._engine) as connection:
                row = self._row(connection, agency, generation)
                some = (_CHILD.record >= first, _CHILD.record < first + _ROWS_AT_ONCE)
                query = select(_CHILD.record, _CHILD.own, _CHILD.sealed)
                rows = connection.execute(
                    query.where(_CHILD.generation == row.id, *some).order_by(_CHILD.record)
                ).all()
            for each in rows:
                child = read_child(seal.open_child(each.record, each.sealed))[0]
                if own(child) == each.own:
                    found.append((RecordId(each.record), child))
        return tuple(found)

    def untagged(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> tuple[int, ...]:
        with reading(self._engine) as connection:
            row = self._row(connection, agency, generation)
            query = select(_BLOCK.first_record).where(*_tagged(row, epoch))
            tagged = set(connection.execute(query).scalars())
        return tuple(f for f in range(0, records_of(row), TAG_BLOCK) if f not in tagged)

    def put_tags(
        self,
        agency: AgencyId,
        generation: int,
        epoch: EpochNumber,
        first: int,
        tags: Sequence[Sequence[bytes]],
        effort: Effort,
    ) -> None:
        sealed = self._records.seal(agency, generation).seal_tags(epoch, first, tags)
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if first % TAG_BLOCK or len(tags) != min(TAG_BLOCK, records_of(row) - first):
                raise Defect("tags are stored by whole blocks")
            connection.execute(
                sqlite.insert(tables.tag_block)
                .values(
                    generation=row.id,
                    epoch=epoch.value,
                    first_record=first,
                    sealed=sealed,
                    taken_over=effort.taken_over,
                    evaluated=effort.evaluated,
                )
                .on_conflict_do_nothing()
            )

    def effort(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> Effort:
        with reading(self._engine) as connection:
            row = self._row(connection, agency, generation)
            query = select(func.sum(_BLOCK.taken_over), func.sum(_BLOCK.evaluated))
            taken_over, evaluated = connection.execute(query.where(*_tagged(row, epoch))).one()
        return Effort(taken_over or 0, evaluated or 0)

    def earlier_tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber, marks: Sequence[bytes]
    ) -> tuple[tuple[bytes, ...] | None, ...]:
        self._records.key(agency)
        with reading(self._engine) as connection:
            row = newest(connection, agency, before=generation)
            if row is None or not fully_tagged(connection, row, epoch):
                return (None,) * len(marks)
            query = select(_CHILD.mark, _CHILD.record).where(
                _CHILD.generation == row.id, _CHILD.mark.in_(set(marks))
            )
            records = {r.mark: r.record for r in connection.execute(query)}

        def tags_of(mark: bytes) -> tuple[bytes, ...] | None:
            if mark not in records:
                return None
            place = records[mark] % TAG_BLOCK
            first = records[mark] - place
            block = self._records.block(agency, row.id, row.number, epoch, first)
            return None if block is None else block[place]

        return tuple(map(tags_of, marks))

    def standings(self) -> Mapping[AgencyId, Standing]:
        # The witness is read before the rows: an import writes it after them.
        witnessed = {
            agency: self._records.witness.of(agency) for agency in self._records.agencies()
        }
        complete = select(tables.generation).where(
            _GENERATION.completed_at.is_not(None), _GENERATION.dropped.is_(False)
        )
        by_epoch = (_BLOCK.generation, _BLOCK.epoch)
        counts = select(*by_epoch, func.count().label("blocks")).group_by(*by_epoch)
        with reading(self._engine) as connection:
            rows = connection.execute(complete.order_by(_GENERATION.number)).all()
            tagged = connection.execute(counts).all()
        blocks = {row.id: blocks_of(row) for row in rows}
        epochs: dict[int, list[EpochNumber]] = defaultdict(list)
        for row in tagged:
            if blocks.get(row.generation) == row.blocks:
                epochs[row.generation].append(EpochNumber(row.epoch))
        of_agency: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            of_agency[row.agency].append(row)
        return {
            agency: self._standing(agency, of_agency[agency.value], epochs, seen)
            for agency, seen in witnessed.items()
        }

    def _standing(
        self,
        agency: AgencyId,
        rows: Sequence[Row[Any]],
        epochs: Mapping[int, list[EpochNumber]],
        witnessed: Mark | None,
    ) -> Standing:
        """Return the state of one agency.

        Args:
            rows: its complete generations, the newest last.
            epochs: by a row's id, the epochs for which the generation is fully tagged.
        """
        last: Generation | None = None
        ready: dict[EpochNumber, Generation] = {}
        for row in rows:  # a newer generation takes an older one's place
            last = self._records.sound(agency, row)
            if last is not None and last.normalisation_version == NORMALISATION_VERSION:
                ready.update(dict.fromkeys(epochs[row.id], last))
            else:
                ready.clear()
        behind = is_behind(last, witnessed)
        return Standing(last, {} if behind else ready, behind)

    def delete_before(self, agency: AgencyId, generation: int) -> int:
        self._records.key(agency)
        with self._engine.begin() as connection:
            gone = connection.execute(
                update(tables.generation)
                .where(*there(agency), _GENERATION.number < generation)
                .values(dropped=True)
            ).rowcount
        _sweep(self._engine, agency)
        return gone

    def forget_epochs(self, keep: Sequence[EpochNumber]) -> None:
        key = (_BLOCK.generation, _BLOCK.epoch, _BLOCK.first_record)
        over = select(*key).where(_BLOCK.epoch.not_in([epoch.value for epoch in keep]))
        some = delete(tables.tag_block).where(tuple_(*key).in_(over.limit(_ROWS_AT_ONCE // 10)))
        gone = 1
        while gone:
            with self._engine.begin() as connection:
                gone = connection.execute(some).rowcount

    def _row(self, connection: Connection, agency: AgencyId, number: int) -> Row[Any]:
        """Raises ``Refused(NOT_READY)`` when the generation is gone."""
        self._records.key(agency)
        query = select(tables.generation).where(*there(agency), _GENERATION.number == number)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise Refused(Code.NOT_READY, "generation")
        return row


def _child_row(row: Row[Any], record: int, child: Child, sealed: bytes) -> dict[str, object]:
    return {
        "generation": row.id,
        "record": record,
        "mark": child.mark,
        "own": child.own,
        "sealed": sealed,
    }


def _set(connection: Connection, row: Row[Any], **values: object) -> None:
    """Change the row of a generation."""
    connection.execute(update(tables.generation).where(_GENERATION.id == row.id).values(**values))


def _incomplete(agency: AgencyId) -> tuple[Any, ...]:
    return (*there(agency), _GENERATION.completed_at.is_(None))


def _tagged(row: Row[Any], epoch: EpochNumber) -> tuple[Any, ...]:
    return _BLOCK.generation == row.id, _BLOCK.epoch == epoch.value


def _as_staged(row: Row[Any]) -> Staged:
    return msgspec.convert(row, Staged, from_attributes=True)


def _sweep(engine: Engine, agency: AgencyId) -> None:
    """Delete the rows of dropped generations, a few at a time."""
    dropped = select(tables.generation).where(
        _GENERATION.agency == agency.value, _GENERATION.dropped.is_(True)
    )
    with reading(engine) as connection:
        rows = connection.execute(dropped).all()
    for row in rows:
        for first in range(0, records_of(row), _ROWS_AT_ONCE):
            with engine.begin() as connection:
                for table, number in (
                    (tables.child, _CHILD.record),
                    (tables.tag_block, _BLOCK.first_record),
                ):
                    some = (number >= first, number < first + _ROWS_AT_ONCE)
                    connection.execute(delete(table).where(table.c.generation == row.id, *some))
        with engine.begin() as connection:
            connection.execute(delete(tables.generation).where(_GENERATION.id == row.id))
