"""The audit log's tables and the statements on them. SQLAlchemy Core; no rule, no cipher.

Law: entries are added at the end and read; nothing here changes or removes one. A month's key is
written once and can be destroyed once; the row stays, so that no second key is made for the month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fingerpost.audit.chain import GENESIS, Month
from fingerpost.protocol.errors import Defect

_PAGE: Final = 500

# The tables as ``migrations`` makes them.
_entry = sa.table("audit_entry", *map(sa.column, ("seq", "at", "header", "sealed", "hash")))
_month = sa.table("audit_month", *map(sa.column, ("month", "wrapped_key", "forgotten_at")))

# SQLite accepts text in a column of bytes. An entry changed in that way must still be read, so that
# it is detected.
_AS_STORED: Final = (
    _entry.c.seq,
    _entry.c.at,
    *(sa.cast(_entry.c[name], sa.LargeBinary).label(name) for name in ("header", "sealed", "hash")),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The place of an entry: its number from 1, and the hash over it and all before it."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """An entry as it is stored."""

    seq: int
    at: int
    header: bytes
    sealed: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, repr=False)
class MonthRow:
    """A month's key as it is stored; ``wrapped`` is None once it is destroyed."""

    month: Month
    wrapped: bytes | None


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


def rows(
    connection: Connection, *, since: int | None = None, until: int | None = None
) -> Iterator[Row]:
    """Yield entries in their order, read page by page; ``since`` ≤ at < ``until``, UNIX seconds."""
    query = sa.select(*_AS_STORED).order_by(_entry.c.seq).limit(_PAGE)
    if since is not None:
        query = query.where(_entry.c.at >= since)
    if until is not None:
        query = query.where(_entry.c.at < until)
    after: int | None = None
    while True:
        page = connection.execute(
            query if after is None else query.where(_entry.c.seq > after)
        ).all()
        for row in page:
            yield Row(row.seq, row.at, row.header, row.sealed, row.hash)
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def month_key(connection: Connection, month: Month) -> MonthRow | None:
    row = connection.execute(sa.select(_month).where(_month.c.month == month.value)).first()
    return MonthRow(month, row.wrapped_key) if row is not None else None


def newest_key(connection: Connection) -> MonthRow | None:
    """Return the newest key that is not destroyed, to check a master key with."""
    row = connection.execute(
        sa.select(_month)
        .where(_month.c.wrapped_key.is_not(None))
        .order_by(_month.c.month.desc())
        .limit(1)
    ).first()
    return MonthRow(Month(row.month), row.wrapped_key) if row is not None else None


def add_month_key(connection: Connection, month: Month, wrapped: bytes) -> None:
    connection.execute(_month.insert(), {"month": month.value, "wrapped_key": wrapped})


def destroy_month_key(connection: Connection, month: Month, at: int) -> None:
    """Destroy the key of a month. Raises ``Defect`` when there is none, or none any more."""
    done = connection.execute(
        _month.update()
        .where(_month.c.month == month.value, _month.c.wrapped_key.is_not(None))
        .values(wrapped_key=None, forgotten_at=at)
    )
    if done.rowcount != 1:
        raise Defect(f"the audit log has no key of {month} to forget")
