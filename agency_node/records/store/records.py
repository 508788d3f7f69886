"""``ports.Records`` in a database: the reading side. ``store.imports`` writes.

What an attacker who has the file learns is said in ``store.tables``. Each agency's rows open with
its own key alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, select

from agency_node.records.ports import TAG_BLOCK
from agency_node.records.records import ChildRecord, Generation, RecordId, read_child
from agency_node.records.sealing import DataKey, GenerationSeal
from agency_node.records.store import migrations, tables
from agency_node.records.store.witness import Witness, is_behind
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.database import migrate, open_sqlite, reading

_SEALS_KEPT: Final = 64
_BLOCKS_KEPT: Final = 16
WITNESS: Final = ".witness"


class SqlRecords:
    """Implements ``ports.Records``. Thread-safe."""

    def __init__(self, engine: Engine, keys: Mapping[AgencyId, DataKey], witness: Witness) -> None:
        """Raises ``Defect`` when a data key is not the one that an agency's rows were sealed with."""
        self._engine = engine
        self._witness = witness
        self._keys = keys
        self._seal = lru_cache(_SEALS_KEPT)(self._make_seal)
        self._block = lru_cache(_BLOCKS_KEPT)(self._open_block)
        for agency, key in keys.items():
            self._require_key(agency, key)

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def witness(self) -> Witness:
        return self._witness

    def close(self) -> None:
        self._seal.cache_clear()
        self._block.cache_clear()
        self._engine.dispose()

    def agencies(self) -> tuple[AgencyId, ...]:
        return tuple(sorted(self._keys))

    def generation(self, agency: AgencyId) -> Generation | None:
        self.key(agency)
        with reading(self._engine) as connection:
            row = newest(connection, agency)
        return None if row is None else as_generation(row)

    def child(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        self.key(agency)
        query = (
            select(tables.child.c.sealed)
            .join(tables.generation, tables.generation.c.id == tables.child.c.generation)
            .where(*_is(agency, generation), tables.child.c.record == record.value)
        )
        with reading(self._engine) as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            raise Refused(Code.NOT_READY, "generation or record")
        plain = self.seal(agency, generation).open_child(record.value, sealed)
        return ChildRecord(record, *read_child(plain))

    def tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        self.key(agency)
        with reading(self._engine) as connection:
            row = connection.execute(
                select(tables.generation).where(*_is(agency, generation))
            ).one_or_none()
            if row is None or not fully_tagged(connection, row, epoch):
                raise Refused(Code.NOT_READY, "tags")
        return self._tags(agency, row, epoch)

    def _tags(
        self, agency: AgencyId, row: Row[Any], epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        for first in range(0, row.children, TAG_BLOCK):
            block = self._open_block(agency, row.id, row.number, epoch, first)
            if block is None:
                raise Refused(Code.NOT_READY, "tags")  # deleted meanwhile
            for record, tags in enumerate(block, first):
                for tag in tags:
                    yield RecordId(record), tag

    def ready(self, agency: AgencyId, epoch: EpochNumber) -> Generation | None:
        self.key(agency)
        complete = (
            select(tables.generation)
            .where(*_is_complete(agency))
            .order_by(tables.generation.c.number.desc())
        )
        if self.behind(agency):
            return None
        with reading(self._engine) as connection:
            for row in connection.execute(complete).all():
                if row.normalisation_version != NORMALISATION_VERSION:
                    return None  # nor from an older one: it would be a step back
                if fully_tagged(connection, row, epoch):
                    return as_generation(row)
        return None

    def behind(self, agency: AgencyId) -> bool:
        """Whether these records were put back from a copy that is older than what this node had
        imported.
        """
        witnessed = self._witness.of(agency)  # before the rows: an import writes it after them
        return is_behind(self.generation(agency), witnessed)

    # ---- shared with the writing side ----------------------------------------------------------

    def key(self, agency: AgencyId) -> DataKey:
        """Raises ``Refused(NOT_ALLOWED)`` for an agency that is not of this node."""
        found = self._keys.get(agency)
        if found is None:
            raise Refused(Code.NOT_ALLOWED, "agency of another node")
        return found

    def seal(self, agency: AgencyId, generation: int) -> GenerationSeal:
        return self._seal(agency, generation)

    def block(
        self, agency: AgencyId, row: int, generation: int, epoch: EpochNumber, first: int
    ) -> tuple[tuple[bytes, ...], ...] | None:
        """A block of tags, with the last few kept in memory."""
        return self._block(agency, row, generation, epoch, first)

    def _make_seal(self, agency: AgencyId, generation: int) -> GenerationSeal:
        return self.key(agency).generation(generation)

    def _open_block(
        self, agency: AgencyId, row: int, generation: int, epoch: EpochNumber, first: int
    ) -> tuple[tuple[bytes, ...], ...] | None:
        block = tables.tag_block.c
        query = select(block.sealed).where(
            block.generation == row, block.epoch == epoch.value, block.first_record == first
        )
        with reading(self._engine) as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            return None
        return self.seal(agency, generation).open_tags(epoch, first, sealed)

    def _require_key(self, agency: AgencyId, key: DataKey) -> None:
        with self._engine.begin() as connection:
            known = connection.execute(
                select(tables.agency.c.key_check).where(tables.agency.c.agency == agency.value)
            ).scalar_one_or_none()
            if known is None:
                connection.execute(
                    insert(tables.agency).values(
                        agency=agency.value, key_check=key.check_value, last_generation=0
                    )
                )
            elif known != key.check_value:
                raise Defect(f"data_key of {agency}: not the key its records were sealed with")


def open_records(path: Path, keys: Mapping[AgencyId, DataKey]) -> SqlRecords:
    """The records in SQLite at ``path``, made and migrated, with their witness beside them. Raises
    ``Defect``.
    """
    witness = Witness(path.with_suffix(WITNESS))
    with ExitStack() as opened:  # a file that does not fit is closed again
        engine = open_sqlite(path)
        opened.callback(engine.dispose)
        migrate(engine, migrations.RECORDS)
        records = SqlRecords(engine, keys, witness)
        opened.pop_all()
    return records


def newest(connection: Connection, agency: AgencyId, before: int | None = None) -> Row[Any] | None:
    """The newest complete generation, or the newest with a smaller number than ``before``."""
    query = select(tables.generation).where(*_is_complete(agency))
    if before is not None:
        query = query.where(tables.generation.c.number < before)
    return connection.execute(
        query.order_by(tables.generation.c.number.desc()).limit(1)
    ).one_or_none()


def fully_tagged(connection: Connection, row: Row[Any], epoch: EpochNumber) -> bool:
    blocks = connection.execute(
        select(func.count())
        .select_from(tables.tag_block)
        .where(tables.tag_block.c.generation == row.id, tables.tag_block.c.epoch == epoch.value)
    ).scalar_one()
    return bool(blocks == -(-row.children // TAG_BLOCK))


def as_generation(row: Row[Any]) -> Generation:
    return Generation(
        number=row.number,
        as_of=row.as_of,
        completed_at=row.completed_at,
        normalisation_version=row.normalisation_version,
        children=row.children,
    )


def _is_complete(agency: AgencyId) -> tuple[Any, ...]:
    return (
        tables.generation.c.agency == agency.value,
        tables.generation.c.completed_at.is_not(None),
        tables.generation.c.dropped.is_(False),
    )


def _is(agency: AgencyId, number: int) -> tuple[Any, ...]:
    return (*_is_complete(agency), tables.generation.c.number == number)
