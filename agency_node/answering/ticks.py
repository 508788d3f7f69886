"""When answers leave, and whether there is time to look anything up for them. Pure.

All answers to a frame leave on one tick of the node's monotonic clock, a fixed delay after the
frame was received and never because they are ready (attack: the time of an answer discloses a hit).
If the work took longer, all of that frame's answers leave a whole delay later, together: a broker
that aims a frame at the edge of a tick, with others in front of it, would otherwise learn from the
tick whether the work took a millisecond more or less.

So that this is rare, a frame whose work might not be done in time touches no index: every agency in
it answers TRY_AGAIN. What decides this is when frames came and how long they are, which the broker
knows anyhow, and never how long the work took while it was as fast as is allowed for.
"""

from __future__ import annotations

from math import ceil, inf
from typing import Final

from fingerpost.protocol import limits

QUERY_SECONDS: Final = 0.003
"""The time allowed for one query. It bounds a node to 333 queries a second.

Measured (``benchmarks/node_answers.py``, two shared cores, one agency, frames of 127, log and
replay store on the disk): 0.3 to 0.45 ms where no child is known; 1.2 to 1.5 ms of CPU and 2.2 to
4.7 ms of wall time, on a busy machine, where every child is known."""
REFUSED_SECONDS: Final = 0.001
"""The time allowed for a query that touches no index: one signature is checked and one answer
sealed (0.3 to 0.45 ms).
"""
LEAST_RESERVE_SECONDS: Final = 0.15
"""The least reserve, however short a frame is: for one slow write of the log, or another process
that has the core for a moment.
"""
MOST_RESERVE: Final = 0.8
"""The largest reserve, as a share of the delay. An idle node works on every frame that comes,
however short the delay and however long the frame.
"""


def departure(received_at: float, ready_at: float, delay_ms: int) -> float:
    """Return when the answers leave, in monotonic seconds: on the first tick at or after receipt
    plus the least whole number of delays that cover the work.
    """
    tick, delay = limits.TICK_MS / 1000, delay_ms / 1000
    # The small terms keep what falls on a tick, or is ready to the delay, from moving by rounding.
    delays = max(1, ceil((ready_at - received_at) / delay - 1e-9))
    return ceil((received_at + delays * delay) / tick - 1e-9) * tick


def latest_start(received_at: float, queries: int, delay_ms: int) -> float:
    """Return the monotonic seconds after which work that begins may not be done in time."""
    delay = delay_ms / 1000
    reserve = max(LEAST_RESERVE_SECONDS, queries * QUERY_SECONDS)
    return received_at + delay - min(reserve, MOST_RESERVE * delay)


class Load:
    """The estimated length of the line of frames.

    Each frame counts with the time that is allowed for it and not with what it took (attack:
    fillers in front of a query and one behind it; whether the last is refused must not disclose how
    long the query took).
    """

    def __init__(self) -> None:
        self._busy_until = -inf

    def is_over(self, received_at: float, now: float, queries: int, delay_ms: int) -> bool:
        """Return whether there is no time for a frame.

        It is called once for each frame, in their order, just before its work would begin at
        ``now``. ``now`` decides only where work took longer than is allowed for: a disk that
        stalled, a machine that stood still.
        """
        begins = max(received_at, self._busy_until)
        over = max(begins, now) > latest_start(received_at, queries, delay_ms)
        ends = begins + queries * (REFUSED_SECONDS if over else QUERY_SECONDS)
        # The effect of a flood ends with it: no frame makes the next wait longer than one delay.
        self._busy_until = min(ends, received_at + delay_ms / 1000)
        return over
