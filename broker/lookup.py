"""One lookup while it runs: its gathering, and the answers on their way to the asker.

Law: answers pass through and are not kept; what waits for a slow asker is bounded by the parts
expected (``fan_out.Room``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from broker.admission import Admitted
from broker.fan_out import expected_parts
from broker.gathering import Gathering, Taken
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import NodeAnswer, SealedAnswer


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
