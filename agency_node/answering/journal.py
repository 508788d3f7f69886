"""The node's journal: the one durable write that the answers to a frame wait for.

For each frame it holds, in one commit, the hashes of its queries and one sealed page of what
opened. How much is written follows from public facts, whatever opened (``pages``). The agencies'
own logs are written from it on a schedule, so that no answer waits for them (attack: a log that is
written only where a query opened makes the answer of a hit cost one write more).

Every page comes into the logs once, wherever the process is killed: it is marked before its first
attempt, a page that was tried before is compared with what the logs hold, and it is removed when
all of it is in them. An agency whose log cannot be written is silenced whole by the caller, and
what it has not recorded stays in the journal. A page that does not open keeps no other out of the
logs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from agency_node.answering.pages import Entry, Opened, read_page, size_of, write_page
from agency_node.answering.ports import Record
from agency_node.records.ports import JournalStore, StoredPage
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import Query
from fingerpost.runtime.sealed_box import SealedBox

PAGES_AT_ONCE: Final = 64
_LENGTH_BYTES: Final = 4
_PLACE: Final = b"fingerpost/v1 page of the journal"


class Journal:
    """Implements ``ports.Journal``. ``write`` and ``carry_over`` may be called from two threads.

    Args:
        box: seals pages, under a key of their own.
    """

    def __init__(self, store: JournalStore, record: Record, box: SealedBox) -> None:
        self._store = store
        self._record = record
        self._box = box
        self._carrying = threading.Lock()
        self._stuck: set[int] = set()

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        return self._store.known(queries)

    def write(
        self,
        queries: Sequence[Query],
        entries: Sequence[Entry],
        now: float,
        *,
        looked_up: int,
        asked: int,
    ) -> None:
        page = b""
        if looked_up:
            plain = write_page(entries, int(now))
            size = size_of(looked_up, asked) + _LENGTH_BYTES
            page = self._box.seal_padded(plain, _PLACE, (size,))
        self._store.keep(queries, page, now)

    def carry_over(self) -> frozenset[AgencyId]:
        """Write into the agencies' logs what is not there yet. Blocking.

        Raises:
            Defect: the journal failed; or a page does not open, and there is nothing to return.

        Returns:
            The agencies whose log could not be written.
        """
        failed: set[AgencyId] = set()
        broken: list[Defect] = []
        with self._carrying:
            after = 0
            while some := self._store.pages(after, PAGES_AT_ONCE):
                after = some[-1].number
                fresh = [page.number for page in some if not page.tried]
                if fresh:
                    self._store.mark_tried(fresh)
                self._carry(some, failed, broken)
        if broken and not failed:
            raise broken[0]
        return frozenset(failed)

    def _carry(
        self, some: Sequence[StoredPage], failed: set[AgencyId], broken: list[Defect]
    ) -> None:
        openings: dict[int, tuple[Opened, ...]] = {}
        for page in some:
            if page.number not in self._stuck:
                try:
                    openings[page.number] = self._open(page)
                except Defect as defect:
                    broken.append(defect)
        for tried in (True, False):
            read = [page for page in some if page.tried is tried]
            these = [o for page in read for o in openings.get(page.number, ())]
            if these:
                failed |= self._record.opened(these, tried=tried)
        done = [
            number
            for number, of_page in openings.items()
            if failed.isdisjoint(opening.agency for opening in of_page)
        ]
        # What is left has a log that failed: its agency is silenced until the process is started
        # again, which tries once more.
        self._stuck.update(openings.keys() - set(done))
        self._store.remove(done)

    def _open(self, page: StoredPage) -> tuple[Opened, ...]:
        refusal = f"page {page.number} of the journal does not open: wrong audit key, or changed"
        return tuple(read_page(self._box.open_padded(page.sealed, _PLACE, refusal)))
