"""``records.ports.JournalStore`` in a database: every query received, with or without a hit, for
as long as it could be fresh, and the sealed pages of what opened, until the agencies' logs have it.

It has a file of its own: an import that writes the records must not make a query wait. A query is
kept by a keyed name, so that the file cannot be joined with another party's. There is a page for
each frame, of a size that follows from public facts, so nothing in the file shows whether a query
was about a child known here.

A journal that is not the newest that was written (``runtime.summed_rows``) may lack queries. So it
counts as complete from its opening on: what was issued before may have been answered, and is told
to try again. Its pages may be in the agencies' logs already, and count as tried. Who deletes the
file takes the last seconds of the agencies' logs with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import column, select, table, true

from agency_node.records.ports import StoredPage
from agency_node.records.store.migrations import JOURNAL
from fingerpost.membership.ports import Reached
from fingerpost.protocol import limits
from fingerpost.protocol.messages import Query
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.sealed_rows import RowNames, step_after
from fingerpost.runtime.summed_rows import Change, SummedRows
from fingerpost.runtime.witness import Fault, PutBack, Witness

CLOCK_SET_BACK_SECONDS: Final = 3600
"""If the clock is set back by no more than this, no query whose hash was deleted is fresh again.
A clock that was ahead deletes nothing: see ``membership.ports.Reached``."""
FORGET_EVERY_SECONDS: Final = 60.0

# The tables as ``migrations`` makes them.
seen = table("seen", column("name"), column("forget_at"))
pages = table("page", column("number"), column("sealed"), column("tried"))
memory = table("memory", column("complete_since"))


class SqlJournal:
    """Implements ``records.ports.JournalStore``. Raises ``StoreFailed``, a ``Defect``.

    Attributes:
        fault: why the journal was not the newest at its opening; None where it was.
    """

    def __init__(
        self, rows: SummedRows, key: bytes, reached: Reached, now: float, *, adopt: bool = True
    ) -> None:
        """
        Args:
            key: 32 bytes, secret; the key of the names is derived from it.
            now: from when on a journal that was put back is complete, UNIX seconds.
            adopt: go on from a journal that was put back. Only the node may: what a command adopts
                beside it (attack), the node would take for what it has seen.

        Raises:
            PutBack: the journal was put back, and ``adopt`` is false.
        """
        self._rows = rows
        self._names = RowNames("seen queries", key)
        self._reached = reached
        self._forgot_at: float | None = None
        self.fault: Fault | None = None
        try:
            rows.require_whole()
        except PutBack as put_back:
            if not adopt:
                raise
            self.fault = put_back.fault
            self._adopt(now)
        with reading(rows.engine) as connection:
            since: float | None = connection.execute(select(memory)).scalar_one_or_none()
        self._complete_since = since

    def _adopt(self, now: float) -> None:
        def begin(change: Change) -> None:
            change.delete(memory, true())
            change.insert(memory, [{"complete_since": now}])
            change.update(pages, true(), {"tried": 1})

        # In one step (attack: a process that is killed between the two takes a journal that was put
        # back for the newest).
        self._rows.adopt(change=begin)

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        named = {self._names.of(query.core_hash): query.core_hash for query in queries}
        with reading(self._rows.engine) as connection:
            rows = connection.execute(select(seen.c.name).where(seen.c.name.in_(named)))
            found = frozenset(named[name] for name in rows.scalars())
        return found | {query.core_hash for query in queries if self._may_be_older(query)}

    def _may_be_older(self, query: Query) -> bool:
        """Return whether the query may have been answered before the journal was complete."""
        since = self._complete_since
        return since is not None and query.core.issued_at <= since + limits.CLOCK_SKEW_SECONDS

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
        with self._rows.changing() as change:
            change.insert(seen, rows)
            if page:
                change.insert(pages, [{"sealed": page, "tried": 0}])
            if self._is_time_to_forget(now):
                change.delete(seen, seen.c.forget_at < int(self._reached()))

    def pages(self, after: int, most: int) -> tuple[StoredPage, ...]:
        query = select(pages.c.number, pages.c.sealed, pages.c.tried)
        query = query.where(pages.c.number > after).order_by(pages.c.number).limit(most)
        with reading(self._rows.engine) as connection:
            return tuple(
                StoredPage(row.number, row.sealed, bool(row.tried))
                for row in connection.execute(query)
            )

    def mark_tried(self, numbers: Sequence[int]) -> None:
        with self._rows.changing() as change:
            change.update(pages, pages.c.number.in_(numbers), {"tried": 1})

    def remove(self, numbers: Sequence[int]) -> None:
        if numbers:
            with self._rows.changing() as change:
                change.delete(pages, pages.c.number.in_(numbers))

    def close(self) -> None:
        self._rows.engine.dispose()

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


def open_journal(
    path: Path, key: bytes, reached: Reached, witness: Witness, now: float, *, adopt: bool = True
) -> SqlJournal:
    """Open the journal in SQLite at ``path``, made and migrated. Raises ``Defect``, and as
    ``SqlJournal``.
    """
    engine = open_migrated(path, JOURNAL)
    rows = SummedRows(
        engine,
        [seen, pages, memory],
        witness,
        what="the journal",
        remedy="Start the node: what was issued before its start is told to try again",
    )
    try:
        return SqlJournal(rows, key, reached, now, adopt=adopt)
    except BaseException:
        engine.dispose()
        raise
