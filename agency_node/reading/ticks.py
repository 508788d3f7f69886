"""When frames are handed over and answers leave, and how many queries are taken. Pure.

What comes within one tick of the node's monotonic clock is one frame: it is handed over at the end
of the tick, and all its answers leave together on the tick that lies a fixed delay later, never
because they are ready (attack: the time of an answer discloses a hit). If the work took longer, all
of them leave a whole delay later: a broker that aims a frame at the edge of a tick, with others in
front of it, would otherwise learn from the tick whether the work took a millisecond more or less.

How many queries are taken follows from when they came and how many they were, which the broker
knows anyhow, and from nothing else (attack: a broker fills the line in front of a query and learns
from what is still taken how long the query took).
"""

from __future__ import annotations

from math import ceil, floor
from typing import Final

from fingerpost.protocol import limits

TICK: Final = limits.TICK_MS / 1000
QUERIES_PER_TICK: Final = 50
"""So many queries are taken in each tick for as long as they come: 1,000 a second, each of which
the node can at least refuse (see ``answering.load``)."""
QUERIES_AT_ONCE: Final = 508
"""So many are taken in one tick after a pause: the four frames that a broker lets wait for a node.
"""


def tick_at_or_after(at: float) -> float:
    """Return the tick that ends the one in which ``at`` lies; monotonic seconds."""
    return ceil(at / TICK - 1e-9) * TICK


def departure(received_at: float, ready_at: float, delay_ms: int) -> float:
    """Return when the answers leave, in monotonic seconds: on the first tick at or after receipt
    plus the least whole number of delays that cover the work.
    """
    delay = delay_ms / 1000
    # The small terms keep what falls on a tick, or is ready to the delay, from moving by rounding.
    delays = max(1, ceil((ready_at - received_at) / delay - 1e-9))
    return tick_at_or_after(received_at + delays * delay)


class Meter:
    """The count of queries that are taken. What exceeds it gets no answer: a named gap."""

    def __init__(self) -> None:
        self._room = QUERIES_AT_ONCE
        self._tick = 0

    def take(self, at: float, queries: int) -> int:
        """Return how many of the queries that came at ``at`` (monotonic seconds) are taken, the
        first ones."""
        tick = floor(at / TICK + 1e-9)
        self._room += max(0, tick - self._tick) * QUERIES_PER_TICK
        self._room = min(self._room, QUERIES_AT_ONCE)
        self._tick = tick
        taken = min(queries, self._room)
        self._room -= taken
        return taken


class Tally:
    """Counts what should be rare, so that it is reported once in a while and not each time.

    Args:
        least: so many are worth a report.
        seconds: between two reports, at least.
    """

    def __init__(self, least: int, seconds: float) -> None:
        self._least = least
        self._seconds = seconds
        self._counts: dict[str, int] = {}
        self._reported_at: float | None = None

    def count(self, now: float, **counts: int) -> dict[str, int] | None:
        """Add the counts. Return all that have added up since the last report, once a report is
        due; None otherwise. ``now``: seconds of any one clock."""
        for name, number in counts.items():
            self._counts[name] = self._counts.get(name, 0) + number
        at = self._reported_at
        if sum(self._counts.values()) < self._least or (
            at is not None and abs(now - at) < self._seconds
        ):
            return None
        due, self._counts, self._reported_at = self._counts, {}, now
        return due
