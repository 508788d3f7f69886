"""``records.ports.JournalStore`` in a database: every query received, with or without a hit, for
as long as it could be fresh, and the sealed pages of what opened, until the agencies' logs have it.

It has a file of its own: an import that writes the records must not make a query wait. A query is
kept by a keyed name, so that the file cannot be joined with another party's. There is a page for
each frame, of a size that follows from public facts, so nothing in the file shows whether a query
was about a child known here. An attacker who can change this file can have a query answered twice;
one who deletes it, every query of the last minutes, and the last seconds of the agencies' logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, column, delete, select, table
from sqlalchemy.dialects import sqlite

from agency_node.records.ports import StoredPage
from agency_node.records.store.migrations import JOURNAL
from fingerpost.membership.ports import Reached
from fingerpost.protocol import limits
from fingerpost.protocol.messages import Query
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.sealed_rows import RowNames, step_after

CLOCK_SET_BACK_SECONDS: Final = 3600
"""If the clock is set back by no more than this, no query whose hash was deleted is fresh again.
A clock that was ahead deletes nothing: see ``membership.ports.Reached``."""
FORGET_EVERY_SECONDS: Final = 60.0

# The tables as ``migrations`` makes them.
seen = table("seen", column("name"), column("forget_at"))
pages = table("page", column("number"), column("sealed"), column("tried"))


class SqlJournal:
    """Implements ``records.ports.JournalStore``. Raises ``StoreFailed``, a ``Defect``."""

    def __init__(self, engine: Engine, key: bytes, reached: Reached) -> None:
        """``key``: 32 bytes, secret; the key of the names is derived from it."""
        self._engine = engine
        self._names = RowNames("seen queries", key)
        self._reached = reached
        self._forgot_at: float | None = None

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        named = {self._names.of(query.core_hash): query.core_hash for query in queries}
        with reading(self._engine) as connection:
            rows = connection.execute(select(seen.c.name).where(seen.c.name.in_(named)))
            return frozenset(named[name] for name in rows.scalars())

    def keep(self, queries: Sequence[Query], page: bytes, now: float) -> None:
        rows = [
            {
                "name": self._names.of(query.core_hash),
                "forget_at": step_after(keep_until(query, now)),
            }
            for query in queries
        ]
        if not rows:
            return
        with self._engine.begin() as connection:
            connection.execute(sqlite.insert(seen).on_conflict_do_nothing(), rows)
            if page:
                connection.execute(pages.insert(), {"sealed": page, "tried": False})
            if self._is_time_to_forget(now):
                connection.execute(delete(seen).where(seen.c.forget_at < int(self._reached())))

    def pages(self, after: int, most: int) -> tuple[StoredPage, ...]:
        query = select(pages.c.number, pages.c.sealed, pages.c.tried)
        query = query.where(pages.c.number > after).order_by(pages.c.number).limit(most)
        with reading(self._engine) as connection:
            return tuple(
                StoredPage(row.number, row.sealed, bool(row.tried))
                for row in connection.execute(query)
            )

    def mark_tried(self, numbers: Sequence[int]) -> None:
        with self._engine.begin() as connection:
            connection.execute(pages.update().where(pages.c.number.in_(numbers)).values(tried=True))

    def remove(self, numbers: Sequence[int]) -> None:
        if numbers:
            with self._engine.begin() as connection:
                connection.execute(delete(pages).where(pages.c.number.in_(numbers)))

    def close(self) -> None:
        self._engine.dispose()

    def _is_time_to_forget(self, now: float) -> bool:
        if self._forgot_at is not None and abs(now - self._forgot_at) < FORGET_EVERY_SECONDS:
            return False
        self._forgot_at = now
        return True


def keep_until(query: Query, now: float) -> int:
    """Return until when the hash is kept, in seconds since 1970 UTC.

    The time is bounded, whatever the query states. A query from the future was answered TRY_AGAIN
    and nothing more, so deleting its hash early discloses nothing.
    """
    life = min(max(query.core.expires_at, int(now)), int(now) + limits.DAY)
    return life + limits.CLOCK_SKEW_SECONDS + CLOCK_SET_BACK_SECONDS


def open_journal(path: Path, key: bytes, reached: Reached) -> SqlJournal:
    """Open the journal in SQLite at ``path``, made and migrated. Raises ``Defect``."""
    return SqlJournal(open_migrated(path, JOURNAL), key, reached)
