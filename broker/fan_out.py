"""To whom a query goes, in which frames, and what may come back. Pure.

Law: all bounds of the fan-out stand here. Nothing waits for a node: what does not fit its queue is left out, and that
node ends as silent for that lookup (a stopped node costs its own agencies' answers and nobody else's).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, parts_of
from fingerpost.protocol.ids import MemberId

Q = TypeVar("Q")

QUERIES_WAITING: Final = 4 * QUERIES_PER_FRAME
PARTS_AT_ONCE: Final = 20_000
"""Answer parts that all running lookups may have coming, 11 KiB each: what slow askers can make the broker hold."""
PARTS_PER_GATEWAY: Final = PARTS_AT_ONCE // 4
ANSWERS_OWED: Final = 2 * PARTS_AT_ONCE
"""What a node that has not answered for long may still send, at most."""


def expected_parts(agencies: tuple[Agency, ...]) -> Mapping[MemberId, int]:
    """How many parts each node will answer with: the count that node and asker derive from the same list."""
    by_node: dict[MemberId, list[Agency]] = {}
    for agency in agencies:
        by_node.setdefault(agency.node, []).append(agency)
    return {node: len(parts_of(tuple(mine), node)) for node, mine in by_node.items()}


class Waiting(Generic[Q]):
    """What waits for one node, oldest first."""

    def __init__(self, most: int = QUERIES_WAITING) -> None:
        self._most = most
        self._queries: deque[Q] = deque()

    def put(self, query: Q) -> bool:
        """False when full, and then it was not put."""
        if len(self._queries) >= self._most:
            return False
        self._queries.append(query)
        return True

    def take(self, most: int = QUERIES_PER_FRAME) -> tuple[Q, ...]:
        """Up to a frame's worth (1 MiB)."""
        return tuple(self._queries.popleft() for _ in range(min(most, len(self._queries))))

    def __len__(self) -> int:
        return len(self._queries)


class Owed:
    """How many answers a node may still send.

    A node owes each query its parts, and may be off by one part while it is a version of the list ahead. More than it
    was asked for is a flood (attack: frames of made-up answers that cost the broker its time and others theirs).
    """

    def __init__(self) -> None:
        self._answers = 0

    def asked(self, parts: int) -> None:
        self._answers = min(self._answers + parts + 1, ANSWERS_OWED)

    def answered(self, answers: int) -> None:
        """Raises ``Refused(MALFORMED)``."""
        if answers > self._answers:
            raise Refused(Code.MALFORMED, "more answers than asked")
        self._answers -= answers


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
