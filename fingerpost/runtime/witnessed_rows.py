"""Tables whose rows decide, in a database that is refused when an older copy is put back.

Law: every transaction first computes the keyed digest of all rows that decide and compares it with
the one stored beside them, and with the witness (``runtime.witness``). So a database that was put
back, a row that was changed, added, removed or exchanged for an earlier one, and a flipped bit are
refusals, and never another answer. The cost grows with the rows: some microseconds each. Tables
that grow for ever give only the rows that still decide something.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, Select, column, delete, insert, select, table

from fingerpost.runtime import database
from fingerpost.runtime.witness import (
    Adopted,
    Fault,
    Mark,
    PutBack,
    RecordAdoption,
    Witness,
    fault_of,
    unrecorded,
)

# The table as ``add_state`` makes it.
_STATE: Final = table("witnessed", column("number"), column("digest"))


def add_state(op: Operations) -> None:
    """Number and digest of the newest state: a revision for each database that is witnessed."""
    op.create_table(
        "witnessed",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )


class WitnessedRows:
    """Transactions over rows that decide.

    Raises:
        PutBack: from ``changing`` and ``reading``: the rows are not the newest that were written.
    """

    def __init__(
        self,
        engine: Engine,
        rows: Sequence[Select[Any]],
        witness: Witness,
        *,
        what: str,
        remedy: str,
        durable: bool = True,
    ) -> None:
        """
        Args:
            rows: the queries for all that decides, each in a fixed order.
            what: names the store for the operator.
            remedy: what the operator can do when it is refused.
            durable: see ``Witness.note``.
        """
        self.engine = engine
        self._rows = tuple(rows)
        self._witness = witness
        self._what = what
        self._remedy = remedy
        self._durable = durable
        self._first = threading.RLock()

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Open a transaction with the write lock; at its end the new state is witnessed.

        An exception in the block rolls it back.
        """
        with self._alone_until_witnessed():
            witnessed = self._witness.newest()
            with self.engine.begin() as connection:
                held = self._require(connection, witnessed)
                yield connection
                number = max(held.number if held else 0, witnessed.number if witnessed else 0) + 1
                mark = self._put(connection, number)
            self._witness.note(mark, durable=self._durable)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that takes no write lock."""
        with self._alone_until_witnessed():
            witnessed = self._witness.newest()
            with database.reading(self.engine) as connection:
                held = self._require(connection, witnessed)
                if held is not None and held != witnessed:
                    # A crash came between the commit and its mark.
                    self._witness.note(held, durable=self._durable)
                yield connection

    def adopt(
        self,
        change: Callable[[Connection], None] | None = None,
        record: RecordAdoption = unrecorded,
    ) -> Adopted:
        """Accept the rows as they are.

        Args:
            change: is made in the same step: whoever is killed leaves rows that are not accepted
                yet, or that are accepted and changed.
        """
        with self.engine.begin() as connection:
            try:
                held = self._held(connection)
            except PutBack:
                held = None
            before = 0 if held is None else held.number
            sound = held is not None and self._is_sound(connection, held)
            adopted = Adopted(before, self._witness.next_number(before), sound)
            if change is not None:
                change(connection)
            mark = self._put(connection, adopted.number)
            record(adopted)
        self._witness.adopt(mark)
        return adopted

    @contextmanager
    def _alone_until_witnessed(self) -> Iterator[None]:
        """Let one thread at a time through until a state was witnessed: another one that comes
        between the first commit and its mark would take the rows for some without a witness.
        """
        if self._witness.newest() is not None:
            yield
            return
        with self._first:
            yield

    def _require(self, connection: Connection, witnessed: Mark | None) -> Mark | None:
        held = None
        try:
            held = self._held(connection)
            fault = fault_of(held, witnessed)
            if held is None and fault is None and any(self._content(connection)):
                fault = Fault.CHANGED  # rows without a state
            if held is not None and fault in (None, Fault.UNWITNESSED, Fault.OTHER):
                fault = fault if self._is_sound(connection, held) else Fault.CHANGED
        except (sa.exc.SQLAlchemyError, UnicodeDecodeError):
            fault = Fault.CHANGED  # a value that no column of ours has
        if fault is not None:
            raise PutBack(self._what, fault, self._remedy)
        return held

    def _held(self, connection: Connection) -> Mark | None:
        rows = connection.execute(select(_STATE)).all()
        if not rows:
            return None
        (row,) = rows[:1]
        if (
            len(rows) > 1
            or not isinstance(row.number, int)
            or not 0 < row.number < 2**63
            or not isinstance(row.digest, bytes)
        ):
            raise PutBack(self._what, Fault.CHANGED, self._remedy)
        return Mark(row.number, row.digest)

    def _is_sound(self, connection: Connection, held: Mark) -> bool:
        return hmac.compare_digest(held.digest, self._digest(connection, held.number))

    def _put(self, connection: Connection, number: int) -> Mark:
        mark = Mark(number, self._digest(connection, number))
        connection.execute(delete(_STATE))
        connection.execute(insert(_STATE).values(number=number, digest=mark.digest))
        return mark

    def _digest(self, connection: Connection, number: int) -> bytes:
        return self._witness.digest(number, msgspec.msgpack.encode(self._content(connection)))

    def _content(self, connection: Connection) -> list[list[tuple[Any, ...]]]:
        return [[tuple(row) for row in connection.execute(query)] for query in self._rows]
