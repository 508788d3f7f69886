"""``agency_node.notices.ports.NoticesStore`` without a disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agency_node.notices.ports import KEPT_SECONDS, Channel, Delivery, Notice
from agency_node.reading.ports import Rest, in_steps, never_rest
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId


class MemoryNotices:
    """``fails``: the disk does."""

    def __init__(self) -> None:
        self.fails = False
        self._notices: dict[tuple[bytes, AgencyId], Notice] = {}
        self._deliveries: dict[tuple[AgencyId, Channel], Delivery] = {}

    def add(self, notices: Sequence[Notice]) -> None:
        if self.fails:
            raise Defect("the store of notices failed")
        for each in notices:
            self._notices.setdefault((each.query, each.agency), each)

    def all(self, rest: Rest = never_rest) -> tuple[Notice, ...]:
        return tuple(in_steps(self._notices.values(), rest))

    def of(self, agency: AgencyId) -> tuple[Notice, ...]:
        found = (each for each in self._notices.values() if each.agency == agency)
        return tuple(sorted(found, key=lambda each: (-each.at, each.query)))

    def count(self) -> int:
        return len(self._notices)

    def change(self, notices: Sequence[Notice], change: Callable[[Notice], Notice]) -> None:
        for each in notices:
            key = each.query, each.agency
            if key in self._notices:
                self._notices[key] = change(self._notices[key])

    def deliveries(self) -> tuple[Delivery, ...]:
        return tuple(self._deliveries.values())

    def keep_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        self._deliveries.update({(each.agency, each.channel): each for each in deliveries})

    def forget_due(self, reached: float) -> None:
        kept = {k: n for k, n in self._notices.items() if n.at > int(reached) - KEPT_SECONDS}
        self._notices = kept
