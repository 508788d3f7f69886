"""The age of the records that a node answers from: until when they are good, and a report once a
day from half of their greatest age on.

Invariant: a report names an agency and days, and nothing of a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from agency_node.records.records import Generation
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.feed_age import FeedLife
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import day_of, slot_of
from fingerpost.runtime.logs import Logger

AGE_EVENTS: Final = {"node.records_old": frozenset({"agency", "days_left", "too_old"})}


class Tables(Protocol):
    """The tables that the node answers from."""

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        """Return the generation of a table; None where there is none."""


class Ages:
    """Watches the ages of the records in ``tables``."""

    def __init__(self, tables: Tables, log: Logger) -> None:
        self._tables = tables
        self._log = log
        self._reported: dict[AgencyId, tuple[int, bool]] = {}
        """By agency, the day (UTC) of the last report, and whether the records were too old."""

    def lives(self, federation: Federation, agency: AgencyId, now: float) -> tuple[FeedLife, ...]:
        """Return how long the imports are good that the agency answers from at ``now``.

        They are none where it has no table, or is not in the list.
        """
        found = [
            self._tables.ready(agency, epoch.number, slot_of(now))
            for epoch in federation.parameters.epochs
        ]
        try:
            return tuple(federation.feed_life(agency, each.as_of) for each in found if each)
        except Refused:
            return ()

    def report(self, agency: AgencyId, lives: Sequence[FeedLife], now: float) -> None:
        """Report records that grow old, once a day, and once more when they are too old."""
        ends_at = min((life.ends_at for life in lives if life.is_ageing(now)), default=None)
        if ends_at is None:
            return
        state = day_of(now), now > ends_at
        if self._reported.get(agency) != state:
            self._reported[agency] = state
            days_left = int((ends_at - now) // limits.DAY)
            self._log.warning(
                "node.records_old", agency=agency, days_left=days_left, too_old=state[1]
            )
