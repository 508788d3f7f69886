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
MOVES_AFTER: Final = TICK / 2
"""The gate moves bytes so long after the ticks on which frames are handed over and answers leave:
the work on an ordinary frame is over by then."""
MOVES_WITHIN: Final = 0.003
"""When a move is due, the gate draws a moment within so long, at which bytes move."""
RESTS_BEFORE: Final = 0.004
RESTS_AFTER: Final = 0.002
"""So long before and after bytes move the worker rests (attack: one query or twelve, of a child who
is known, make work that lasts until then, and what else runs on a machine shows in when bytes move,
by some hundredths of a millisecond)."""
PACKETS_PER_TICK: Final = 2
PACKETS_AT_ONCE: Final = 40
"""So many packets are taken in each tick for as long as they come, and in one tick after a pause. A
node within everybody's reach is sent one in two seconds, in the mean."""


def tick_at_or_after(at: float) -> float:
    """Return the tick that ends the one in which ``at`` lies; monotonic seconds."""
    return ceil(at / TICK - 1e-9) * TICK


def next_move(after: float) -> float:
    """Return from when on bytes move next, later than ``after``: within ``MOVES_WITHIN``. Monotonic
    seconds."""
    return (floor((after - MOVES_AFTER) / TICK + 1e-9) + 1) * TICK + MOVES_AFTER


def rests_until(now: float) -> float:
    """Return until when the worker rests that comes to a step of its work at ``now``; ``now``
    itself where it goes on."""
    after = MOVES_WITHIN + RESTS_AFTER
    move = next_move(now - after)
    return max(now, move + after) if now >= move - RESTS_BEFORE else now


def departure(received_at: float, ready_at: float, delay_ms: int) -> float:
    """Return when the answers leave, in monotonic seconds: on the first tick at or after receipt
    plus the least whole number of delays that cover the work.
    """
    delay = delay_ms / 1000
    # The small terms keep what falls on a tick, or is ready to the delay, from moving by rounding.
    delays = max(1, ceil((ready_at - received_at) / delay - 1e-9))
    return tick_at_or_after(received_at + delays * delay)


class Meter:
    """The count of queries, or packets, that are taken. What exceeds it gets no answer: a named
    gap."""

    def __init__(self) -> None:
        self._counted = 0
        self._tick = 0

    def take(self, at: float, came: int, per_tick: int, at_once: int) -> int:
        """Return how many of those that came are taken, the first ones.

        Args:
            at: when they came, in monotonic seconds.
            per_tick: so many are taken in each tick for as long as they come.
            at_once: so many in one tick after a pause.
        """
        tick = floor(at / TICK + 1e-9)
        self._counted = max(0, self._counted - max(0, tick - self._tick) * per_tick)
        self._tick = tick
        taken = min(came, max(0, at_once - self._counted))
        self._counted += taken
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
