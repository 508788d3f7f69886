"""Hold the exchanges of packets that run, and which pairs had one in this hour.

Law: a packet passes through and is not kept, in neither direction. A gateway has one exchange an
hour with a node, whether it comes to an end or not: an exchange that was missed is not made up.
Nothing here can be sized or timed by what is in a packet. The number of an exchange, under which a
node sees a packet, is random and names no gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.packets import CarriedPacket

MOST_PAIRS: Final = 1_000_000
"""Pairs of a gateway and a node that may have an exchange in one hour: what is remembered of
them."""
MOST_AT_ONCE: Final = 20_000
"""Exchanges that may run, of 5 KB each."""


class Exchange:
    """One exchange that runs. ``carried`` goes to the node."""

    def __init__(self, node: MemberId, carried: CarriedPacket) -> None:
        self.node = node
        self.carried = carried
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    @property
    def over(self) -> bool:
        return self.answer.done()


class Exchanges:
    """``random_bytes`` draws the numbers."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._running: dict[bytes, Exchange] = {}
        self._had: dict[int, set[tuple[MemberId, MemberId]]] = {}

    def begin(self, gateway: MemberId, node: MemberId, hour: int, packet: bytes) -> Exchange:
        """Begin the one exchange of a gateway and a node in ``hour``, which is the present one.

        Raises:
            Refused: QUOTA, they had it; NOT_READY, there is no room.
        """
        for past in [known for known in self._had if known < hour - 1]:
            del self._had[past]
        had = self._had.setdefault(hour, set())
        if (gateway, node) in had:
            raise Refused(Code.QUOTA, "exchanges of this hour")
        if len(had) >= MOST_PAIRS or len(self._running) >= MOST_AT_ONCE:
            raise Refused(Code.NOT_READY, "exchanges")
        had.add((gateway, node))
        number = self._random_bytes(limits.EXCHANGE_BYTES)
        exchange = Exchange(node, CarriedPacket(number, hour, packet))
        self._running[number] = exchange
        return exchange

    def take(self, node: MemberId, carried: CarriedPacket) -> None:
        """Hand on what a node gives in return; drop what comes late, twice, or from another."""
        exchange = self._running.get(carried.exchange)
        if exchange is not None and exchange.node == node and not exchange.over:
            exchange.answer.set_result(carried.packet)

    def end(self, exchange: Exchange) -> None:
        exchange.answer.cancel()
        self._running.pop(exchange.carried.exchange, None)
