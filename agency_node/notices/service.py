"""Keep a notice of each lookup that opened, where the agencies' logs are written.

It happens on the schedule of the logs (``answering.journal``), after them, and is in steps with a
rest before each: no answer waits for it, and nothing that leaves the node shows in which lane a
lookup is, or whether it is in one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from agency_node.answering.pages import Opened
from agency_node.answering.ports import Record
from agency_node.notices.lanes import REMEMBERED_SECONDS, Earlier, lane_of
from agency_node.notices.ports import Notice, NoticesStore
from agency_node.reading.ports import Rest, in_steps, never_rest
from agency_node.records.records import ChildRecord, RecordId
from fingerpost.private.codec import write_demographics
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import AgencyId

CHILD_BYTES: Final = 16
Child = Callable[[AgencyId, int, RecordId], ChildRecord]
_Earlier = dict[tuple[AgencyId, bytes], dict[bytes, Earlier]]


class RecordWithNotices:
    """Implements ``answering.ports.Record``.

    Args:
        record: each agency's own log.
        store: keeps the notices. If it raises ``Defect``, the openings come again.
        child: reads a record of a generation of an agency; it may raise ``Refused`` or ``Defect``.
    """

    def __init__(
        self, record: Record, store: NoticesStore, child: Child, rest: Rest = never_rest
    ) -> None:
        self._record = record
        self._store = store
        self._child = child
        self._rest = rest
        self._earlier: _Earlier = {}
        self._counted = -1

    def opened(self, openings: Sequence[Opened], *, tried: bool = False) -> frozenset[AgencyId]:
        failed = self._record.opened(openings, tried=tried)
        self._know_earlier()
        notices = tuple(self._notices(openings))
        self._store.add(notices)
        self._counted = self._store.count()
        return failed

    def _notices(self, openings: Sequence[Opened]) -> Iterator[Notice]:
        for opening in openings:
            self._rest()
            notice = self._notice(opening)
            self._remember(notice)
            yield notice

    def _notice(self, opening: Opened) -> Notice:
        query = opening.query
        asking = AgencyId(query.requester.agency) if query.requester else None
        child = self._child_of(opening)
        before = self._earlier.get((opening.agency, child), {}) if child else {}
        return Notice(
            query.hash,
            opening.agency,
            lane_of(
                opening.finding,
                opening.answer,
                query.asked.purpose if query.asked else None,
                own=asking == opening.agency,
                earlier=[each for hash_, each in before.items() if hash_ != query.hash],
                at=opening.at,
            ),
            opening.at,
            child,
            "" if asking is None or opening.unexpected else asking.area.value,
        )

    def _child_of(self, opening: Opened) -> bytes:
        """Return what is equal for lookups of one child, as long as her record here is; empty where
        there is no record of hers, or it cannot be read any more."""
        if not opening.records:
            return b""
        number = RecordId(opening.records[0])
        try:
            record = self._child(opening.agency, opening.generation, number)
        except (Refused, Defect):
            return b""
        return hashlib.sha256(write_demographics(record.demographics)).digest()[:CHILD_BYTES]

    def _know_earlier(self) -> None:
        """Read what was asked before anew where a command line has added some."""
        if self._store.count() == self._counted:
            return
        self._earlier = defaultdict(dict)
        for notice in in_steps(self._store.all(self._rest), self._rest):
            self._remember(notice)

    def _remember(self, notice: Notice) -> None:
        if not notice.child:
            return
        known = self._earlier.setdefault((notice.agency, notice.child), {})
        known[notice.query] = Earlier(notice.at, notice.area)
        for query in [q for q, e in known.items() if e.at < notice.at - REMEMBERED_SECONDS]:
            del known[query]
