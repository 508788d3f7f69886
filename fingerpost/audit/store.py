"""The audit log's tables and the statements on them. SQLAlchemy Core; no rule, no cipher.

Law: entries are added at the end and read; nothing here changes or removes one. A month's key is
written once and can be replaced once, by a row of the same size that says it is destroyed; the row
stays, so that no second key is made for the month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from fingerpost.audit.chain import GENESIS

_PAGE: Final = 500

# The tables as ``migrations`` makes them.
_entry = sa.table("audit_entry", *map(sa.column, ("seq", "header", "hash", "body")))
_month_key = sa.table("audit_month_key", *map(sa.column, ("number", "sealed")))

# SQLite accepts text in a column of bytes. An entry changed in that way must still be read, so that
# it is detected.
_AS_STORED: Final = (
    _entry.c.seq,
    *(sa.cast(_entry.c[name], sa.LargeBinary).label(name) for name in ("header", "hash", "body")),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The place of an entry: its number from 1, and the hash over it and all before it."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """An entry as it is stored; ``header`` and ``body`` are sealed."""

    seq: int
    header: bytes
    hash: bytes
    body: bytes


def last(connection: Connection) -> Receipt:
    """Return the newest entry; number 0 for an empty log."""
    row = connection.execute(
        sa.select(_entry.c.seq, _entry.c.hash).order_by(_entry.c.seq.desc()).limit(1)
    ).first()
    return Receipt(row.seq, row.hash) if row is not None else Receipt(0, GENESIS)


def hash_at(connection: Connection, seq: int) -> bytes | None:
    """Return the hash stored with an entry; None where there is no such entry."""
    if seq == 0:
        return GENESIS
    return connection.execute(sa.select(_entry.c.hash).where(_entry.c.seq == seq)).scalar()


def add(connection: Connection, row: Row) -> None:
    connection.execute(_entry.insert(), asdict(row))


def rows(connection: Connection, after: int | None = None) -> Iterator[Row]:
    """Yield entries in their order, read page by page; those after one of that number, if any."""
    query = sa.select(*_AS_STORED).order_by(_entry.c.seq).limit(_PAGE)
    while True:
        page = connection.execute(
            query if after is None else query.where(_entry.c.seq > after)
        ).all()
        for row in page:
            yield Row(row.seq, row.header, row.hash, row.body)
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def month_keys(connection: Connection) -> tuple[tuple[int, bytes], ...]:
    """Return the number and the sealed key of each month, the newest first."""
    rows = connection.execute(sa.select(_month_key).order_by(_month_key.c.number.desc()))
    return tuple((row.number, row.sealed) for row in rows)


def put_month_key(connection: Connection, number: int, sealed: bytes) -> None:
    """Add the row of a month's key, or write over it."""
    statement = sqlite.insert(_month_key).values(number=number, sealed=sealed)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["number"], set_={"sealed": sealed})
    )
