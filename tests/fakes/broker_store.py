"""The broker's store in memory: the same promises but the disk. ``fail`` plays a disk that does not
write.
"""

from __future__ import annotations

from collections.abc import Sequence

from broker.ports import LookupRecord, Seen
from fingerpost.runtime.database import StoreFailed


class MemoryStore:
    """Implements ``broker.ports.Store``. ``groups`` holds the records as they were committed
    together.
    """

    def __init__(self, complete_since: float) -> None:
        self.groups: list[tuple[LookupRecord, ...]] = []
        self.fail = False
        self._complete_since = complete_since

    @property
    def records(self) -> tuple[LookupRecord, ...]:
        return tuple(record for group in self.groups for record in group)

    @property
    def complete_since(self) -> float:
        return self._complete_since

    def seen(self, now: float) -> tuple[Seen, ...]:
        return tuple(
            Seen(r.query_hash, r.keep_until) for r in self.records if r.keep_until >= int(now)
        )

    def append(self, records: Sequence[LookupRecord], now: float) -> None:
        if self.fail:
            raise StoreFailed("SQLITE_FULL", fatal=False)
        self.groups.append(tuple(records))
