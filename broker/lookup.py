"""One lookup while it runs: the parts it expects, its gathering, and the answers on their way to the requester.

Law: answers pass through and are not kept. The parts that running lookups expect bound what waits for slow
requesters (``Room``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from broker.admission import Admitted
from broker.gathering import Gathering, Taken
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, parts_of
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import NodeAnswer, SealedAnswer

PARTS_AT_ONCE: Final = 20_000
"""The answer parts that all running lookups may have coming, 11 KiB each: what slow requesters can make the broker
hold."""
PARTS_PER_GATEWAY: Final = PARTS_AT_ONCE // 4


def expected_parts(agencies: tuple[Agency, ...]) -> Mapping[MemberId, int]:
    """How many parts each node will answer with: the count that node and asker derive from the same list."""
    by_node: dict[MemberId, list[Agency]] = {}
    for agency in agencies:
        by_node.setdefault(agency.node, []).append(agency)
    return {node: len(parts_of(tuple(mine), node)) for node, mine in by_node.items()}


class Lookup:
    """A query that left or is about to. ``answers`` has one reader."""

    def __init__(self, admitted: Admitted) -> None:
        expected = expected_parts(admitted.agencies)
        self.query = admitted.query
        self.nodes = admitted.nodes
        self.gateway = admitted.gateway.id
        self.parts = sum(expected.values())
        self.gathering = Gathering(expected)
        self._arrived: asyncio.Queue[NodeAnswer | None] = asyncio.Queue()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def take(self, node: MemberId, answer: SealedAnswer) -> None:
        """Hands on the first answer of ``node`` to a part; drops any other, and what comes too late."""
        if not self._closed and self.gathering.take(node, answer.part) is Taken.FIRST:
            self._arrived.put_nowait(NodeAnswer(node, answer.part, answer.sealed))

    def close(self) -> None:
        """Nothing is taken any more; ``answers`` ends after what has arrived."""
        if not self._closed:
            self._closed = True
            self._arrived.put_nowait(None)

    async def answers(self) -> AsyncGenerator[NodeAnswer]:
        while (answer := await self._arrived.get()) is not None:
            yield answer


class Room:
    """What the running lookups may make the broker hold, and each gateway's share of it."""

    def __init__(
        self, most: int = PARTS_AT_ONCE, most_per_gateway: int = PARTS_PER_GATEWAY
    ) -> None:
        self._most = most
        self._most_per_gateway = most_per_gateway
        self._held: dict[MemberId, int] = {}
        self._sum = 0

    def enter(self, gateway: MemberId, parts: int) -> None:
        """Raises ``Refused(NOT_READY)`` when it is full; a lookup larger than a share may still run by itself."""
        mine = self._held.get(gateway, 0)
        if mine and mine + parts > self._most_per_gateway:
            raise Refused(Code.NOT_READY, "lookups of this gateway")
        if self._sum and self._sum + parts > self._most:
            raise Refused(Code.NOT_READY, "lookups")
        self._sum += parts
        if parts:
            self._held[gateway] = mine + parts

    def leave(self, gateway: MemberId, parts: int) -> None:
        self._sum -= parts
        left = self._held.pop(gateway, 0) - parts
        if left:  # a lookup that asks nobody holds nothing
            self._held[gateway] = left
