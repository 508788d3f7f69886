"""The queries seen and not yet expired. Pure; time comes in as an argument.

Law: H(query) stays until nobody would take the query any more: its expiry plus the clock skew. Nodes hold their own
durable sets; this one keeps a replay from reaching them at all, and a query from being paid for once and asked twice.
The set grows only by admitted queries, so quotas bound it.
"""

from __future__ import annotations

import heapq

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused


def keep_until(expires_at: int) -> int:
    """UNIX seconds until which a query with this expiry could still be admitted."""
    return expires_at + limits.CLOCK_SKEW_SECONDS


class ReplaySet:
    """Hashes (32 bytes) with the last second at which each still counts."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._ends: list[tuple[int, bytes]] = []

    def require_new(self, query_hash: bytes) -> None:
        """Raises ``Refused(REPLAYED)``."""
        if query_hash in self._seen:
            raise Refused(Code.REPLAYED, "query")

    def add(self, query_hash: bytes, until: int, now: float) -> None:
        """Remembers, and lets go what nobody would take at ``now``."""
        while self._ends and self._ends[0][0] < now:
            self._seen.discard(heapq.heappop(self._ends)[1])
        if query_hash not in self._seen:
            self._seen.add(query_hash)
            heapq.heappush(self._ends, (until, query_hash))

    def __len__(self) -> int:
        return len(self._seen)
