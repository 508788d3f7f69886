"""Many rows that decide, in a database that is refused when an older copy is put back.

Law: as in ``witnessed_rows``, for tables to which every query adds a row, so that a digest of all
rows with each change would cost too much. Each row has a keyed digest (HMAC-SHA-256), and the state
of the store is their sum modulo 2^256: a row that is added or removed costs one digest. The sum is
the row that decides; it is numbered, authenticated and witnessed. All rows are compared with it
once, by ``require_whole``, when the store is opened, and the indexes with the rows (attack, and
accident: an index that has lost an entry hides a row that is there). From then on the process alone
changes them, and only through ``changing``.

Whoever does not have the witness's key can make no set of rows that has the same sum. Source:
Clarke, Devadas, van Dijk, Gassend, Suh, "Incremental Multiset Hash Functions and Their Application
to Memory Integrity Checking" (2003), MSet-Add-Hash with a keyed function.

The mark is written without a sync of the disk, as for an audit log: after a loss of power an
earlier mark is still true.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    TableClause,
    column,
    delete,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.dialects import sqlite

from fingerpost.runtime.witness import (
    DIGEST_BYTES,
    Adopted,
    Fault,
    PutBack,
    RecordAdoption,
    Witness,
    unrecorded,
)
from fingerpost.runtime.witnessed_rows import WitnessedRows, add_state

_MODULUS: Final = 1 << (8 * DIGEST_BYTES)
# The table as ``add_sum`` makes it.
_SUM: Final = table("summed", column("sum"))


def add_sum(op: Operations) -> None:
    """The sum of the rows, and its state: a revision for each database whose rows are summed."""
    op.create_table("summed", sa.Column("sum", sa.LargeBinary(DIGEST_BYTES), primary_key=True))
    add_state(op)


class Change:
    """The statements of one transaction. Rows are changed through it alone.

    A table of ``SummedRows`` names all of its columns. What is written must read back as the same
    value: a boolean is 0 or 1.
    """

    def __init__(self, connection: Connection, key: bytes) -> None:
        self.connection = connection
        self._key = key
        self.difference = 0

    def insert(self, into: TableClause, rows: Sequence[Mapping[str, object]]) -> None:
        """Add rows; one whose key is there already is left out."""
        statement = sqlite.insert(into).on_conflict_do_nothing().returning(*into.c)
        if rows:
            self._count(into, self.connection.execute(statement, rows), 1)

    def update(
        self, of: TableClause, where: ColumnElement[bool], values: Mapping[str, object]
    ) -> None:
        """Change values that ``where`` does not depend on."""
        self._count(of, self.connection.execute(select(*of.c).where(where)), -1)
        self.connection.execute(update(of).where(where).values(**values))
        self._count(of, self.connection.execute(select(*of.c).where(where)), 1)

    def delete(self, of: TableClause, where: ColumnElement[bool]) -> None:
        self._count(of, self.connection.execute(delete(of).where(where).returning(*of.c)), -1)

    def _count(self, of: TableClause, rows: sa.Result[Any], sign: int) -> None:
        for row in rows.all():
            self.difference += sign * _digest(self._key, of, row)


class SummedRows:
    """Transactions over the rows of some tables.

    Raises:
        PutBack: from ``changing`` and ``require_whole``: the rows are not the newest that were
            written.
    """

    def __init__(
        self,
        engine: Engine,
        tables: Sequence[TableClause],
        witness: Witness,
        *,
        what: str,
        remedy: str,
    ) -> None:
        """
        Args:
            what: names the store for the operator.
            remedy: what the operator can do when it is refused.
        """
        self.engine = engine
        self._tables = tuple(tables)
        self._key = witness.key_of_rows
        self._what = what
        self._remedy = remedy
        self._sum = WitnessedRows(
            engine, [select(_SUM)], witness, what=what, remedy=remedy, durable=False
        )

    def require_whole(self) -> None:
        """Compare all rows with their sum and their indexes, and the sum with the witness."""
        with self._sum.reading() as connection:
            if connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one() != "ok":
                raise PutBack(self._what, Fault.CHANGED, self._remedy)
            if not hmac.compare_digest(_kept(connection), self._counted(connection)):
                raise PutBack(self._what, Fault.CHANGED, self._remedy)

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Open a transaction with the write lock; at its end the new state is witnessed.

        An exception in the block rolls it back.
        """
        with self._sum.changing() as connection:
            change = Change(connection, self._key)
            yield change
            before = int.from_bytes(_kept(connection), "big")
            _keep(connection, _written(before + change.difference))

    def adopt(
        self,
        record: RecordAdoption = unrecorded,
        change: Callable[[Change], None] | None = None,
    ) -> Adopted:
        """Accept the rows as they are, and make their indexes anew.

        Args:
            change: is made before: whoever is killed leaves rows that are not accepted yet.
        """
        with self.engine.begin() as connection:
            connection.exec_driver_sql("REINDEX")
            if change is not None:
                change(Change(connection, self._key))
            _keep(connection, self._counted(connection))
        return self._sum.adopt(record=record)

    def clear(self) -> None:
        """Delete all rows, whatever they are, and begin with none."""
        with self.engine.begin() as connection:
            for each in self._tables:
                connection.execute(delete(each))
        self.adopt()

    def _counted(self, connection: Connection) -> bytes:
        try:
            return _written(
                sum(
                    _digest(self._key, of, row)
                    for of in self._tables
                    for row in connection.execute(select(*of.c))
                )
            )
        except (sa.exc.SQLAlchemyError, UnicodeDecodeError):  # a value that no column of ours has
            raise PutBack(self._what, Fault.CHANGED, self._remedy) from None


def _digest(key: bytes, of: TableClause, row: sa.Row[Any]) -> int:
    written = msgspec.msgpack.encode((of.name, *row))
    return int.from_bytes(hmac.digest(key, written, sha256), "big")


def _written(total: int) -> bytes:
    return (total % _MODULUS).to_bytes(DIGEST_BYTES, "big")


def _kept(connection: Connection) -> bytes:
    """Return the sum that is stored; 0 before the first."""
    kept: bytes | None = connection.execute(select(_SUM)).scalar_one_or_none()
    return bytes(DIGEST_BYTES) if kept is None else kept


def _keep(connection: Connection, total: bytes) -> None:
    connection.execute(delete(_SUM))
    connection.execute(insert(_SUM).values(sum=total))
