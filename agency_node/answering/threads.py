"""Keep what notes about a query need, where the agencies' logs are written.

It happens on the schedule of the logs (``journal``), after them: no answer waits for it, so nothing
that an answer shows follows from whether a thread was kept. A thread is kept of every query that
opened, and has a key only where the child is known (attack: whoever copies the disk twice, or
counts the log's entries and the threads, sees without any key what was found).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from agency_node.answering.matching import Finding
from agency_node.answering.pages import Opened
from agency_node.answering.ports import Record
from agency_node.notes.ports import Thread
from fingerpost.protocol.ids import AgencyId

_CONCERNED: Final = frozenset({Finding.MATCH.value, Finding.POSSIBLE.value})
"""Only an agency that knows the child, or perhaps does, gets notes about the query: not one where
it opened by chance."""


class RecordWithThreads:
    """Implements ``ports.Record``.

    Args:
        record: each agency's own log.
        keep: keeps threads, those that are there once. It raises ``Defect``, and then the openings
            come again.
    """

    def __init__(self, record: Record, keep: Callable[[Sequence[Thread]], None]) -> None:
        self._record = record
        self._keep = keep

    def opened(self, openings: Sequence[Opened], *, tried: bool = False) -> frozenset[AgencyId]:
        failed = self._record.opened(openings, tried=tried)
        self._keep(threads_of(openings))
        return failed


def threads_of(openings: Sequence[Opened]) -> tuple[Thread, ...]:
    """Return a thread of each agency at which a query opened; without a key where it does not know
    the child."""
    return tuple(_thread(opening) for opening in openings)


def _thread(opening: Opened) -> Thread:
    query, concerned = opening.query, opening.finding in _CONCERNED
    return Thread(
        query.hash,
        opening.agency,
        query.note_key if concerned else b"",
        opening.at,
        AgencyId(query.requester.agency) if concerned and query.requester else None,
        query.revision,
    )
