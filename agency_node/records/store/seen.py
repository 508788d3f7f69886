"""``answering.ports.Seen`` in a database: every query received, with or without a hit, for as long
as the query could be fresh.

It has a file of its own: an import that writes the records must not make a query wait. A query is
kept by a keyed name, so that the file cannot be joined with another party's, and nothing in it
shows whether a query was about a child known here. An attacker who can change this file can have
a query answered twice; one who deletes it, every query of the last minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, column, delete, select, table
from sqlalchemy.dialects import sqlite

from agency_node.records.store.migrations import SEEN
from fingerpost.membership.ports import Reached
from fingerpost.protocol import limits
from fingerpost.protocol.messages import Query
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.sealed_rows import RowNames, step_after

CLOCK_SET_BACK_SECONDS: Final = 3600
"""If the clock is set back by no more than this, no query whose hash was deleted is fresh again.
A clock that was ahead deletes nothing: see ``membership.ports.Reached``."""
FORGET_EVERY_SECONDS: Final = 60.0

# The table as ``migrations`` makes it.
seen = table("seen", column("name"), column("forget_at"))


class SqlSeen:
    """Implements ``answering.ports.Seen``. Raises ``StoreFailed``, a ``Defect``."""

    def __init__(self, engine: Engine, key: bytes, reached: Reached) -> None:
        """``key``: 32 bytes, secret; the key of the names is derived from it."""
        self._engine = engine
        self._names = RowNames("seen queries", key)
        self._reached = reached
        self._forgot_at: float | None = None

    def take(self, queries: Sequence[Query], now: float) -> frozenset[bytes]:
        if not queries:
            return frozenset()
        named = {self._names.of(query.core_hash): query for query in queries}
        rows = [
            {"name": name, "forget_at": step_after(keep_until(query, now))}
            for name, query in named.items()
        ]
        with self._engine.begin() as connection:
            known = select(seen.c.name).where(seen.c.name.in_(named))
            before = connection.execute(known).scalars().all()
            connection.execute(sqlite.insert(seen).on_conflict_do_nothing(), rows)
            if self._is_time_to_forget(now):
                connection.execute(delete(seen).where(seen.c.forget_at < int(self._reached())))
        return frozenset(named[name].core_hash for name in before)

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


def open_seen(path: Path, key: bytes, reached: Reached) -> SqlSeen:
    """Open the queries in SQLite at ``path``, made and migrated. Raises ``Defect``."""
    return SqlSeen(open_migrated(path, SEEN), key, reached)
