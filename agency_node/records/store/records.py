"""``ports.Records`` in a database: the reading side. ``store.imports`` writes.

``store.tables`` says what an attacker who has the file learns. Each agency's rows open with its own
key alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, func, insert, select

from agency_node.records.ports import TAG_BLOCK
from agency_node.records.records import ChildRecord, Generation, RecordId, read_child
from agency_node.records.sealing import DataKey, GenerationSeal
from agency_node.records.store import migrations, tables
from agency_node.records.store.witness import RecordsWitness, is_behind
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.database import open_migrated, open_to_read, reading
from fingerpost.runtime.witness import WitnessFolder

_SEALS_KEPT: Final = 64
_BLOCKS_KEPT: Final = 16
_GENERATION: Final = tables.generation.c
_BLOCK: Final = tables.tag_block.c


class SqlRecords:
    """Implements ``ports.Records``. Thread-safe.

    Attributes:
        seal: returns the seal of a generation; the last few are kept in memory.
        block: returns a block of tags as ``_open_block``; the last few are kept in memory.

    Args:
        note: whether an agency that is new is noted with its key.

    Raises:
        Defect: a data key is not the one that an agency's rows were sealed with.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Mapping[AgencyId, DataKey],
        witness: RecordsWitness,
        *,
        note: bool = True,
    ) -> None:
        self.engine = engine
        self.witness = witness
        self._keys = keys
        self.seal = lru_cache(_SEALS_KEPT)(self._make_seal)
        self.block = lru_cache(_BLOCKS_KEPT)(self._open_block)
        for agency, key in keys.items():
            self._require_key(agency, key, note=note)

    def close(self) -> None:
        self.seal.cache_clear()
        self.block.cache_clear()
        self.engine.dispose()

    def agencies(self) -> tuple[AgencyId, ...]:
        return tuple(sorted(self._keys))

    def generation(self, agency: AgencyId) -> Generation | None:
        self.key(agency)
        with reading(self.engine) as connection:
            row = newest(connection, agency)
        return None if row is None else self.sound(agency, row)

    def child(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        self.key(agency)
        query = (
            select(tables.child.c.sealed)
            .join(tables.generation, _GENERATION.id == tables.child.c.generation)
            .where(*_is(agency, generation), tables.child.c.record == record.value)
        )
        with reading(self.engine) as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            raise Refused(Code.NOT_READY, "generation or record")
        plain = self.seal(agency, generation).open_child(record.value, sealed)
        return ChildRecord(record, *read_child(plain))

    def tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        self.key(agency)
        query = select(tables.generation).where(*_is(agency, generation))
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
            if row is None or not fully_tagged(connection, row, epoch):
                raise Refused(Code.NOT_READY, "tags")
        return self._tags(agency, row, epoch)

    def _tags(
        self, agency: AgencyId, row: Row[Any], epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        for first in range(0, records_of(row), TAG_BLOCK):
            block = self._open_block(agency, row.id, row.number, epoch, first)
            if block is None:
                raise Refused(Code.NOT_READY, "tags")  # deleted meanwhile
            for record, tags in enumerate(block, first):
                for tag in tags:
                    yield RecordId(record), tag

    def ready(self, agency: AgencyId, epoch: EpochNumber) -> Generation | None:
        self.key(agency)
        if self.behind(agency):
            return None
        with reading(self.engine) as connection:
            for row in connection.execute(_newest_first(agency)).all():
                if row.normalisation_version != NORMALISATION_VERSION:
                    return None  # an older generation would be a step back
                if fully_tagged(connection, row, epoch):
                    return self.sound(agency, row)
        return None

    def behind(self, agency: AgencyId) -> bool:
        """Return whether these records were restored from a copy that is older than what this node
        had imported.
        """
        # The witness is read before the rows: an import writes it after them.
        witnessed = self.witness.of(agency)
        return is_behind(self.generation(agency), witnessed)

    # ---- shared with the writing side ----------------------------------------------------------

    def key(self, agency: AgencyId) -> DataKey:
        """Raises ``Refused(NOT_ALLOWED)`` for an agency that is not of this node."""
        found = self._keys.get(agency)
        if found is None:
            raise Refused(Code.NOT_ALLOWED, "agency of another node")
        return found

    def digest(self, agency: AgencyId, generation: Generation) -> bytes:
        """Return what is kept beside a complete generation, so that nobody else can make one."""
        return self.key(agency).digest(generation.stored())

    def sound(self, agency: AgencyId, row: Row[Any]) -> Generation | None:
        """Return the generation of a row; None where the row is not as it was when the generation
        was completed, so that nothing is answered from it (attack: somebody who can write the
        database makes old records look like new ones).
        """
        try:
            found = as_generation(row)
        except msgspec.ValidationError:
            return None
        kept = row.digest if isinstance(row.digest, bytes) else b""
        return found if hmac.compare_digest(kept, self.digest(agency, found)) else None

    def _make_seal(self, agency: AgencyId, generation: int) -> GenerationSeal:
        return self.key(agency).generation(generation)

    def _open_block(
        self, agency: AgencyId, row: int, generation: int, epoch: EpochNumber, first: int
    ) -> tuple[tuple[bytes, ...], ...] | None:
        """Return the tags of the records from ``first`` on; None where the block is not stored."""
        query = select(_BLOCK.sealed).where(
            _BLOCK.generation == row, _BLOCK.epoch == epoch.value, _BLOCK.first_record == first
        )
        with reading(self.engine) as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            return None
        return self.seal(agency, generation).open_tags(epoch, first, sealed)

    def _require_key(self, agency: AgencyId, key: DataKey, *, note: bool) -> None:
        query = select(tables.agency.c.key_check).where(tables.agency.c.agency == agency.value)
        with self.engine.begin() if note else reading(self.engine) as connection:
            known = connection.execute(query).scalar_one_or_none()
            if known is None and not note:
                return
            if known is None:
                connection.execute(
                    insert(tables.agency).values(
                        agency=agency.value, key_check=key.check_value, last_generation=0
                    )
                )
            elif known != key.check_value:
                raise Defect(f"data_key of {agency}: its records were sealed with another key")


def open_records(
    path: Path, keys: Mapping[AgencyId, DataKey], witness: WitnessFolder
) -> SqlRecords:
    """Open the records in SQLite at ``path``, made and migrated, with their witness elsewhere.

    Raises:
        Defect: the database or its witness cannot be used, or a data key is another one.
    """
    with ExitStack() as opened:  # a file that does not fit is closed again
        engine = open_migrated(path, migrations.RECORDS)
        opened.callback(engine.dispose)
        records = SqlRecords(engine, keys, RecordsWitness(lambda: witness))
        opened.pop_all()
    return records


def open_records_to_read(path: Path, keys: Mapping[AgencyId, DataKey], witness: Path) -> SqlRecords:
    """Open the records without changing a byte of them; nothing can be written.

    Raises:
        Defect: as ``open_records``, or another release has made them.
    """
    with ExitStack() as opened:
        engine = open_to_read(path, migrations.RECORDS)
        opened.callback(engine.dispose)
        records = SqlRecords(
            engine, keys, RecordsWitness(lambda: WitnessFolder(witness)), note=False
        )
        opened.pop_all()
    return records


def newest(connection: Connection, agency: AgencyId, before: int | None = None) -> Row[Any] | None:
    """Return the newest complete generation, or the newest with a number below ``before``."""
    query = _newest_first(agency)
    if before is not None:
        query = query.where(_GENERATION.number < before)
    return connection.execute(query.limit(1)).one_or_none()


def fully_tagged(connection: Connection, row: Row[Any], epoch: EpochNumber) -> bool:
    query = select(func.count()).where(_BLOCK.generation == row.id, _BLOCK.epoch == epoch.value)
    return bool(connection.execute(query).scalar_one() == blocks_of(row))


def blocks_of(row: Row[Any]) -> int:
    """Return how many blocks of tags a generation has when it is fully tagged for an epoch."""
    return len(range(0, records_of(row), TAG_BLOCK))


def records_of(row: Row[Any]) -> int:
    """Return how many records a generation has, of children and marked ones."""
    return int(row.children + (row.marked or 0))


def as_generation(row: Row[Any]) -> Generation:
    return msgspec.convert(row, Generation, from_attributes=True)


def there(agency: AgencyId) -> tuple[Any, ...]:
    """Return the conditions for the rows of an agency's generations that are not deleted."""
    return _GENERATION.agency == agency.value, _GENERATION.dropped.is_(False)


def _newest_first(agency: AgencyId) -> Select[Any]:
    """Return the query for an agency's complete generations."""
    complete = (*there(agency), _GENERATION.completed_at.is_not(None))
    return select(tables.generation).where(*complete).order_by(_GENERATION.number.desc())


def _is(agency: AgencyId, number: int) -> tuple[Any, ...]:
    return *there(agency), _GENERATION.completed_at.is_not(None), _GENERATION.number == number
