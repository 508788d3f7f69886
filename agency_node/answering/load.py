"""Whether there is time to look a query up. Pure.

Answers leave a fixed delay after their frame (``reading.ticks``). So that the work is rarely late,
a query that might not be done in time touches no index: every agency in it answers TRY_AGAIN. What
decides this is when frames came, how many queries and packets they hold, and how many agencies and
parts each of these queries asks, which the broker knows anyhow; and never how long the work took
while it was as fast as is allowed for.
"""

from __future__ import annotations

from math import ceil, inf
from typing import Final

from fingerpost.protocol import limits

QUERY_SECONDS: Final = 0.0024
PART_SECONDS: Final = 0.0005
AGENCY_SECONDS: Final = 0.000_04
"""The time allowed for one query, and beside it for each part of its answer and each agency that it
asks. They bound a node of one agency to 340 queries a second, and one of 640 agencies, all of them
asked, to 30.

Measured (``benchmarks/node_answers.py``, two shared cores, frames of 120, stores on the disk): one
agency, 0.3 to 0.45 ms where no child is known and 1.2 to 1.5 ms of CPU where every child is; 640
agencies, 20 ms."""
REFUSED_SECONDS: Final = 0.0005
"""The time allowed for a query that touches no index, beside its parts: one signature is checked.
"""
PACKETS_SECONDS: Final = 0.006
PACKET_SECONDS: Final = 0.0015
"""The time allowed for the packets of a frame, and for each of them (attack: 40 packets in front of
a frame of queries make it begin late, by the time that the queries before them really took).

Measured on two cores that others used, with the store on a disk: 2 packets, 6.5 ms; 40, 56 ms."""
LEAST_RESERVE_SECONDS: Final = 0.11
"""The least reserve, however little a query asks: for one slow write of the journal, or another
process that has the core for a moment."""
MOST_RESERVE: Final = 0.8
"""The largest reserve, as a share of the delay. An idle node looks up the first query that comes,
however short the delay and however many agencies it asks."""


def seconds_for(agencies: int, parts: int) -> float:
    """Return the time allowed for a query that asks so many agencies, in so many parts."""
    return QUERY_SECONDS + parts * PART_SECONDS + agencies * AGENCY_SECONDS


def seconds_for_packets(packets: int) -> float:
    """Return the time allowed for so many packets of one frame, at least one."""
    return PACKETS_SECONDS + packets * PACKET_SECONDS


def most_at_once(agencies: int, delay_ms: int) -> int:
    """Return how many queries an idle node looks up in time that come at once and each ask
    ``agencies`` of its agencies: the bound that an operator sees."""
    cost = seconds_for(agencies, max(1, ceil(agencies / limits.AGENCIES_PER_PART)))
    delay = delay_ms / 1000
    spare = delay - min(max(LEAST_RESERVE_SECONDS, cost), MOST_RESERVE * delay)
    return int(spare / cost + 1e-9) + 1


class Load:
    """The estimated length of the line of frames.

    Each query counts with the time that is allowed for it and not with what it took (attack:
    fillers in front of a query and one behind it; whether the last is refused must not disclose how
    long the query took). ``begin`` is called once for each frame, in their order; then ``looks_up``
    or ``refuses`` for each query of it, in theirs, and ``exchanges`` for its packets.
    """

    def __init__(self) -> None:
        self._busy_until = -inf
        self._due = inf
        self._late = 0.0
        self._delay = inf

    def begin(self, received_at: float, now: float, delay_ms: int) -> None:
        """Begin with a frame, just before its work does at ``now``; all in monotonic seconds.

        ``now`` decides only where work took longer than is allowed for: a disk that stalled, a
        machine that stood still.
        """
        self._delay = delay_ms / 1000
        self._due = received_at + self._delay
        # The effect of a flood ends with it: no frame makes the next wait longer than one delay.
        self._busy_until = max(received_at, min(self._busy_until, self._due))
        self._late = max(0.0, now - self._busy_until)

    def looks_up(self, agencies: int, parts: int) -> bool:
        """Return whether there is time to look a query up that asks so many agencies, in so many
        parts. If there is, it is taken; if not, the time to refuse the query is."""
        cost = seconds_for(agencies, parts)
        reserve = min(max(LEAST_RESERVE_SECONDS, cost), MOST_RESERVE * self._delay)
        if self._busy_until + self._late > self._due - reserve + 1e-9:
            self.refuses(parts)
            return False
        self._busy_until += cost
        return True

    def refuses(self, parts: int) -> None:
        """Take the time of a query that is answered without a look."""
        self._busy_until += REFUSED_SECONDS + parts * PART_SECONDS

    def exchanges(self, packets: int) -> None:
        """Take the time of packets."""
        self._busy_until += seconds_for_packets(packets)
