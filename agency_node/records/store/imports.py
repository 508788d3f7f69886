"""``ports.Imports`` in a database: the writing side.

Each write is one short transaction; what is slow (sealing, opening) happens outside, so that the
node, which may run at the same time, never waits long for the lock. Rows are deleted a few in each
transaction, and are gone for every reader before that. Nothing is visible to ``ports.Records``
before ``complete``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from agency_node.records.ports import TAG_BLOCK, Child, Effort, Staged, Standing
from agency_node.records.records import Generation, RecordId, read_child, write_child
from agency_node.records.store import tables
from agency_node.records.store.records import SqlRecords, as_generation, fully_tagged, newest
from agency_node.records.store.witness import is_behind
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.database import reading


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
        query = select(tables.generation).where(
            *_incomplete(agency), tables.generation.c.source == source
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.number <= self._witnessed(agency):
            return None  # of a copy that was put back: its number was used for something else since
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
    ) -> Staged:
        self._records.key(agency)
        mine = tables.agency.c.agency == agency.value
        witnessed = self._witnessed(agency)
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.generation).where(*_incomplete(agency)).values(dropped=True)
            )
            last = connection.execute(
                select(tables.agency.c.last_generation).where(mine)
            ).scalar_one()
            last = max(last, witnessed)
            connection.execute(update(tables.agency).where(mine).values(last_generation=last + 1))
            connection.execute(
                insert(tables.generation).values(
                    agency=agency.value,
                    number=last + 1,
                    source=source,
                    as_of=as_of,
                    started_at=now,
                    normalisation_version=normalisation_version,
                    upn=upn,
                    children=0,
                    whole=False,
                    dropped=False,
                )
            )
        sweep(self._engine, agency)
        return self.plan(agency, last + 1)

    def plan(self, agency: AgencyId, generation: int) -> Staged:
        with reading(self._engine) as connection:
            return _as_staged(self._row(connection, agency, generation))

    def add(self, agency: AgencyId, generation: int, first: int, children: Sequence[Child]) -> None:
        seal = self._records.seal(agency, generation)
        rows = [
            {
                "record": record,
                "mark": child.mark,
                "sealed": seal.seal_child(
                    record, write_child(child.demographics, child.involvements)
                ),
            }
            for record, child in enumerate(children, first)
        ]
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if row.completed_at is not None or row.whole or row.children != first:
                raise Defect("children are staged in order, before the generation is whole")
            if rows:
                connection.execute(
                    insert(tables.child), [{"generation": row.id, **values} for values in rows]
                )
            connection.execute(
                update(tables.generation)
                .where(tables.generation.c.id == row.id)
                .values(children=first + len(rows))
            )

    def close_staging(self, agency: AgencyId, generation: int) -> None:
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            connection.execute(
                update(tables.generation).where(tables.generation.c.id == row.id).values(whole=True)
            )

    def complete(self, agency: AgencyId, generation: int, now: int) -> Generation:
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if not row.whole:
                raise Defect("a generation is completed when it is whole")
            if row.completed_at is None:
                connection.execute(
                    update(tables.generation)
                    .where(tables.generation.c.id == row.id)
                    .values(completed_at=now)
                )
            done = as_generation(self._row(connection, agency, generation))
        if done.number > self._witnessed(agency):
            self._records.witness.write(agency, done)
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
        self._records.witness.write(agency, found)
        return found

    def _witnessed(self, agency: AgencyId) -> int:
        """The number of the last generation that this node ever completed; 0: none."""
        witnessed = self._records.witness.of(agency)
        return 0 if witnessed is None else witnessed.number

    def children(
        self, agency: AgencyId, generation: int, first: int, most: int
    ) -> tuple[tuple[RecordId, Demographics, bytes], ...]:
        with reading(self._engine) as connection:
            row = self._row(connection, agency, generation)
            found = connection.execute(
                select(tables.child.c.record, tables.child.c.mark, tables.child.c.sealed)
                .where(
                    tables.child.c.generation == row.id,
                    tables.child.c.record >= first,
                    tables.child.c.record < first + most,
                )
                .order_by(tables.child.c.record)
            ).all()
        seal = self._records.seal(agency, generation)
        return tuple(
            (RecordId(r.record), read_child(seal.open_child(r.record, r.sealed))[0], r.mark)
            for r in found
        )

    def untagged(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> tuple[int, ...]:
        block = tables.tag_block.c
        with reading(self._engine) as connection:
            row = self._row(connection, agency, generation)
            tagged = set(
                connection.execute(
                    select(block.first_record).where(
                        block.generation == row.id, block.epoch == epoch.value
                    )
                ).scalars()
            )
        return tuple(f for f in range(0, row.children, TAG_BLOCK) if f not in tagged)

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
        block = tables.tag_block.c
        with self._engine.begin() as connection:
            row = self._row(connection, agency, generation)
            if first % TAG_BLOCK or len(tags) != min(TAG_BLOCK, row.children - first):
                raise Defect("tags are stored by whole blocks")
            there = connection.execute(
                select(block.first_record).where(
                    block.generation == row.id,
                    block.epoch == epoch.value,
                    block.first_record == first,
                )
            ).one_or_none()
            if there is None:
                connection.execute(
                    insert(tables.tag_block).values(
                        generation=row.id,
                        epoch=epoch.value,
                        first_record=first,
                        sealed=sealed,
                        taken_over=effort.taken_over,
                        evaluated=effort.evaluated,
                    )
                )

    def effort(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> Effort:
        block = tables.tag_block.c
        with reading(self._engine) as connection:
            row = self._row(connection, agency, generation)
            taken_over, evaluated = connection.execute(
                select(func.sum(block.taken_over), func.sum(block.evaluated)).where(
                    block.generation == row.id, block.epoch == epoch.value
                )
            ).one()
        return Effort(taken_over or 0, evaluated or 0)

    def earlier_tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber, marks: Sequence[bytes]
    ) -> tuple[tuple[bytes, ...] | None, ...]:
        self._records.key(agency)
        with reading(self._engine) as connection:
            row = newest(connection, agency, before=generation)
            if row is None or not fully_tagged(connection, row, epoch):
                return (None,) * len(marks)
            found = connection.execute(
                select(tables.child.c.mark, tables.child.c.record).where(
                    tables.child.c.generation == row.id, tables.child.c.mark.in_(set(marks))
                )
            ).all()
        where = {r.mark: r.record for r in found}
        tags: list[tuple[bytes, ...] | None] = []
        for mark in marks:
            record = where.get(mark)
            if record is None:
                tags.append(None)
                continue
            first = record - record % TAG_BLOCK
            block = self._records.block(agency, row.id, row.number, epoch, first)
            tags.append(None if block is None else block[record - first])
        return tuple(tags)

    def standings(self) -> Mapping[AgencyId, Standing]:
        made, block = tables.generation, tables.tag_block
        agencies = self._records.agencies()
        witnessed = {agency: self._records.witness.of(agency) for agency in agencies}
        complete = (
            select(made)
            .where(made.c.completed_at.is_not(None), made.c.dropped.is_(False))
            .order_by(made.c.number)
        )
        counts = select(block.c.generation, block.c.epoch, func.count().label("blocks")).group_by(
            block.c.generation, block.c.epoch
        )
        with reading(self._engine) as connection:
            rows = connection.execute(complete).all()
            tagged = connection.execute(counts).all()
        epochs: dict[int, list[EpochNumber]] = {}
        whole = {row.id: -(-row.children // TAG_BLOCK) for row in rows}
        for row in tagged:
            if whole.get(row.generation) == row.blocks:
                epochs.setdefault(row.generation, []).append(EpochNumber(row.epoch))
        newest: dict[str, Generation] = {}
        ready: dict[str, dict[EpochNumber, Generation]] = {}
        for row in rows:  # by number: a newer one takes the older one's place
            generation = newest[row.agency] = as_generation(row)
            if row.normalisation_version != NORMALISATION_VERSION:
                ready.pop(row.agency, None)
                continue
            for epoch in epochs.get(row.id, ()):
                ready.setdefault(row.agency, {})[epoch] = generation
        standings = {}
        for agency, seen in witnessed.items():
            last = newest.get(agency.value)
            behind = is_behind(last, seen)
            epochs_ready = {} if behind else ready.get(agency.value, {})
            standings[agency] = Standing(last, epochs_ready, behind)
        return standings

    def delete_before(self, agency: AgencyId, generation: int) -> int:
        self._records.key(agency)
        with self._engine.begin() as connection:
            gone = connection.execute(
                update(tables.generation)
                .where(
                    tables.generation.c.agency == agency.value,
                    tables.generation.c.number < generation,
                    tables.generation.c.dropped.is_(False),
                )
                .values(dropped=True)
            ).rowcount
        sweep(self._engine, agency)
        return gone

    def forget_epochs(self, keep: Sequence[EpochNumber]) -> None:
        forget_epochs(self._engine, keep)

    def _row(self, connection: Connection, agency: AgencyId, number: int) -> Row[Any]:
        """Raises ``Refused(NOT_READY)`` when the generation is gone."""
        self._records.key(agency)
        row = connection.execute(
            select(tables.generation).where(
                tables.generation.c.agency == agency.value,
                tables.generation.c.number == number,
                tables.generation.c.dropped.is_(False),
            )
        ).one_or_none()
        if row is None:
            raise Refused(Code.NOT_READY, "generation")
        return row


def _incomplete(agency: AgencyId) -> tuple[Any, ...]:
    return (
        tables.generation.c.agency == agency.value,
        tables.generation.c.completed_at.is_(None),
        tables.generation.c.dropped.is_(False),
    )


def _as_staged(row: Row[Any]) -> Staged:
    return Staged(
        number=row.number,
        as_of=row.as_of,
        normalisation_version=row.normalisation_version,
        upn=row.upn,
        children=row.children,
        whole=row.whole,
        source=row.source,
    )


_ROWS_AT_ONCE: Final = 1000


def sweep(engine: Engine, agency: AgencyId) -> None:
    """Deletes the rows of dropped generations, a few at a time."""
    dropped = select(tables.generation.c.id, tables.generation.c.children).where(
        tables.generation.c.agency == agency.value, tables.generation.c.dropped.is_(True)
    )
    with reading(engine) as connection:
        rows = connection.execute(dropped).all()
    for row in rows:
        for first in range(0, row.children, _ROWS_AT_ONCE):
            with engine.begin() as connection:
                connection.execute(
                    delete(tables.child).where(
                        tables.child.c.generation == row.id,
                        tables.child.c.record >= first,
                        tables.child.c.record < first + _ROWS_AT_ONCE,
                    )
                )
                connection.execute(
                    delete(tables.tag_block).where(
                        tables.tag_block.c.generation == row.id,
                        tables.tag_block.c.first_record >= first,
                        tables.tag_block.c.first_record < first + _ROWS_AT_ONCE,
                    )
                )
        with engine.begin() as connection:
            connection.execute(delete(tables.generation).where(tables.generation.c.id == row.id))


def forget_epochs(engine: Engine, keep: Sequence[EpochNumber]) -> None:
    """Deletes the tags of all other epochs."""
    block = tables.tag_block.c
    over = block.epoch.not_in([epoch.value for epoch in keep])
    keys = select(block.generation, block.epoch, block.first_record).where(over)
    while True:
        with engine.begin() as connection:
            some = connection.execute(keys.limit(_ROWS_AT_ONCE // 10)).all()
            for generation, epoch, first in some:
                connection.execute(
                    delete(tables.tag_block).where(
                        block.generation == generation,
                        block.epoch == epoch,
                        block.first_record == first,
                    )
                )
        if not some:
            return
