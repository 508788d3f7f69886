"""``answering.ports.Seen`` in a database: the hash of every query received, with or without a hit,
for as long as the query could be fresh.

It has a file of its own: an import that writes the records must not make a query wait. Nothing in
it shows whether a query was about a child known here. An attacker who can change this file can have
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

CLOCK_SET_BACK_SECONDS: Final = 3600
"""If the clock is set back by no more than this, no query whose hash was deleted is fresh again.
A clock that was ahead deletes nothing: see ``membership.ports.Reached``."""
FORGET_EVERY_SECONDS: Final = 60.0

# The table as ``migrations`` makes it.
seen = table("seen", column("query_hash"), column("keep_until"))


class SqlSeen:
    """Implements ``answering.ports.Seen``. Raises ``StoreFailed``, a ``Defect``."""

    def __init__(self, engine: Engine, reached: Reached) -> None:
        self._engine = engine
        self._reached = reached
        self._forgot_at: float | None = None

    def take(self, queries: Sequence[Query], now: float) -> frozenset[bytes]:
        fresh = {query.core_hash: keep_until(query, now) for query in queries}
        if not fresh:
            return frozenset()
        with self._engine.begin() as connection:
            known = select(seen.c.query_hash).where(seen.c.query_hash.in_(fresh))
            before = frozenset(connection.execute(known).scalars())
            connection.execute(
                sqlite.insert(seen).on_conflict_do_nothing(),
                [{"query_hash": hash_, "keep_until": until} for hash_, until in fresh.items()],
            )
            if self._is_time_to_forget(now):
                connection.execute(delete(seen).where(seen.c.keep_until < int(self._reached())))
        return before

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


def open_seen(path: Path, reached: Reached) -> SqlSeen:
    """Open the hashes in SQLite at ``path``, made and migrated. Raises ``Defect``."""
    return SqlSeen(open_migrated(path, SEEN), reached)
