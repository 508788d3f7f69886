"""Hold the lookups that run at the broker, and the streams to the nodes that carry them.

Law: answers pass through and are not kept. The parts that running lookups expect bound what waits
for slow requesters (``Room``).

Each node has one live stream with a queue of its own, and no node's stream waits for another's. A
lookup that does not fit a node's queue goes without that node, which is then silent for that
lookup: a stopped node costs the answers of its own agencies alone. A newer stream of a node
replaces the older, since the node knows best which of its connections lives. A stream that ended
stays ended, whatever its transport still does: it gets no query, and what it sends is refused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from typing import Final, Generic, TypeVar

from broker.admission import Admitted
from broker.exchanges import Exchange
from broker.gathering import Gathering, Taken
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.codec.packets import PACKETS_PER_FRAME
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, parts_of
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Answers, NodeAnswer, SealedAnswer, in_frames, size_class
from fingerpost.runtime.identity import PeerIdentity

PARTS_AT_ONCE: Final = 20_000
"""How many answer parts, of 13 KiB at most, all running lookups may expect: what slow requesters
can make the broker hold."""
PARTS_PER_GATEWAY: Final = PARTS_AT_ONCE // 4


def expected_parts(agencies: tuple[Agency, ...]) -> Mapping[MemberId, tuple[int, ...]]:
    """Return the sizes in bytes of the parts that each node will answer with.

    Node and requester derive the same from the same list.
    """
    by_node: dict[MemberId, list[Agency]] = {}
    for agency in agencies:
        by_node.setdefault(agency.node, []).append(agency)
    return {
        node: tuple(size_class(len(part)).sealed_bytes for part in parts_of(tuple(mine), node))
        for node, mine in by_node.items()
    }


class Lookup:
    """A query that has left or is about to leave. ``answers`` has one reader."""

    def __init__(self, admitted: Admitted) -> None:
        expected = expected_parts(admitted.agencies)
        self.query = admitted.query
        self.nodes = admitted.nodes
        self.gateway = admitted.gateway.id
        self.parts = sum(map(len, expected.values()))
        self.gathering = Gathering(expected)
        self._arrived: list[NodeAnswer] = []
        self._some = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def take(self, node: MemberId, answer: SealedAnswer) -> None:
        """Hand on the first answer of ``node`` to a part; drop any other, and a late one."""
        if self._closed:
            return
        if self.gathering.take(node, answer.part, len(answer.sealed)) is Taken.FIRST:
            self._arrived.append(NodeAnswer(node, answer.part, answer.sealed))
            self._some.set()

    def close(self) -> None:
        """Take no more answers. ``answers`` ends after those that have arrived."""
        self._closed = True
        self._some.set()

    async def answers(self) -> AsyncGenerator[Answers]:
        """Yield all answers that have come since the reader last asked, a frame at a time.

        Nothing waits for others to come: what is passed on together came while the reader was not
        ready, or in one frame of a node.
        """
        while self._arrived or not self._closed:
            await self._some.wait()
            self._some.clear()
            arrived, self._arrived = self._arrived, []
            for frame in in_frames(arrived):
                yield Answers(frame)


class Room:
    """How many answer parts running lookups may make the broker hold, and each gateway's share."""

    def __init__(
        self, most: int = PARTS_AT_ONCE, most_per_gateway: int = PARTS_PER_GATEWAY
    ) -> None:
        self._most = most
        self._most_per_gateway = most_per_gateway
        self._held: dict[MemberId, int] = {}
        self._sum = 0

    def enter(self, gateway: MemberId, parts: int) -> None:
        """Reserve room for ``parts``. A lookup larger than a share may still run by itself.

        Raises:
            Refused: NOT_READY when there is no room.
        """
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


Q = TypeVar("Q")

ANSWERS_OWED: Final = 2 * PARTS_AT_ONCE
"""The most answers that a node may still send after it has not answered for long."""
RECONNECT_SECONDS: Final = 15.0
"""A node dials again within this time (its longest wait, and the time for one attempt), so a lookup
waits for a node that left less long ago."""
SENDING_SECONDS: Final = 30.0
"""A node that has not taken one frame within this time has stopped."""


class Waiting(Generic[Q]):
    """What waits for one node, oldest first.

    Args:
        frame: so much fits a frame (1 MiB).
    """

    def __init__(self, frame: int = QUERIES_PER_FRAME) -> None:
        self._frame = frame
        self._all: deque[Q] = deque()

    def put(self, one: Q, most: int) -> bool:
        """Append ``one``. Return False, and leave it out, where ``most`` wait already."""
        if len(self._all) >= most:
            return False
        self._all.append(one)
        return True

    def take(self) -> tuple[Q, ...]:
        """Remove and return up to a frame."""
        count = min(self._frame, len(self._all))
        return tuple(self._all.popleft() for _ in range(count))

    def __len__(self) -> int:
        return len(self._all)


class Owed:
    """How many answers a node may still send.

    A node owes the parts of each query, and may be off by one part while it is a version of the
    list ahead. More than that is a flood (attack: frames of made-up answers that cost the broker
    and other nodes time).
    """

    def __init__(self) -> None:
        self._answers = 0

    def asked(self, parts: int) -> None:
        self._answers = min(self._answers + parts + 1, ANSWERS_OWED)

    def answered(self, answers: int) -> None:
        """Count answers that came.

        Raises:
            Refused: MALFORMED for more than the node owes.
        """
        if answers > self._answers:
            raise Refused(Code.MALFORMED, "more answers than asked")
        self._answers -= answers


class Stream:
    """One stream of one node. Times are seconds of the monotonic clock."""

    def __init__(
        self,
        peer: PeerIdentity,
        ends_at: float,
        owed: Owed,
        revisions: Collection[int] = limits.REVISIONS,
    ) -> None:
        self.peer = peer
        self.ends_at = ends_at
        self.owed = owed
        self.sending_since: float | None = None
        self._revisions = frozenset(revisions)
        self._waiting: Waiting[Lookup] = Waiting()
        self._packets: Waiting[Exchange] = Waiting(PACKETS_PER_FRAME)
        self._ready = asyncio.Event()
        self._end = asyncio.Event()
        self._reason: Refused | None = None

    @property
    def node(self) -> MemberId:
        return self.peer.member

    def speaks(self, lookup: Lookup) -> bool:
        """Return whether the node can read the query: it is of a revision that it speaks."""
        return lookup.query.core.revision in self._revisions

    def offer(self, lookup: Lookup, most: int) -> bool:
        """Queue ``lookup``. Return False where ``most`` wait already, which is what the node would
        take at once: it is then left out."""
        if not self._waiting.put(lookup, most):
            return False
        self._ready.set()
        return True

    def offer_packet(self, exchange: Exchange) -> bool:
        """Queue the packet of an exchange. Return False when the queue is full."""
        if not self._packets.put(exchange, PACKETS_PER_FRAME):
            return False
        self._ready.set()
        return True

    async def next_frame(self) -> tuple[Lookup, ...] | tuple[Exchange, ...]:
        """Wait for the next queries, or else packets, and take them.

        A query whose lookup has ended is not sent, and so is not shown to the node.

        Raises:
            Refused: the stream has ended.
        """
        while True:
            await self._ready.wait()
            self.require_open()
            taken = self._waiting.take()
            packets = () if taken else self._packets.take()
            if not len(self._waiting) and not len(self._packets):
                self._ready.clear()
            frame = tuple(q for q in taken if not q.closed and q.gathering.is_unsent(self.node))
            exchanges = tuple(exchange for exchange in packets if not exchange.over)
            if frame or exchanges:
                return frame or exchanges

    def end(self, reason: Refused | None = None) -> None:
        """End the stream, at once for the broker.

        Args:
            reason: None when it ends in good order: the node may dial again.
        """
        if not self._end.is_set():
            self._reason = reason
            self._end.set()

    async def ended(self) -> None:
        """Return, or raise the reason, once the stream has been ended."""
        await self._end.wait()
        if self._reason is not None:
            raise self._reason

    def require_open(self) -> None:
        """Raise ``Refused`` once the stream has been ended."""
        if self._end.is_set():
            raise self._reason or Refused(Code.NOT_READY, "stream ended")

    def overdue(self, now: float) -> bool:
        return self.sending_since is not None and now - self.sending_since > SENDING_SECONDS


class Streams:
    """Which nodes are attached, and when others left.

    ``started_at`` is when this broker began to listen.
    """

    def __init__(self, started_at: float) -> None:
        self._started_at = started_at
        self._live: dict[MemberId, Stream] = {}
        self._left_at: dict[MemberId, float] = {}
        self._owed: dict[MemberId, Owed] = {}

    def open(self, peer: PeerIdentity, ends_at: float, revisions: Collection[int]) -> Stream:
        older = self._live.get(peer.member)
        if older is not None:
            older.end(Refused(Code.NOT_READY, "replaced by a newer stream"))
        # What a node owes outlives its stream: the answers to an old stream's queries come on the
        # new one.
        stream = Stream(peer, ends_at, self._owed.setdefault(peer.member, Owed()), revisions)
        self._live[peer.member] = stream
        return stream

    def close(self, stream: Stream, now: float) -> None:
        stream.end()
        if self._live.get(stream.node) is stream:
            del self._live[stream.node]
            self._left_at[stream.node] = now

    def find(self, node: MemberId) -> Stream | None:
        return self._live.get(node)

    def __iter__(self) -> Iterator[Stream]:
        return iter(tuple(self._live.values()))

    def may_take(self, lookup: Lookup, node: MemberId, now: float) -> bool:
        """Return whether a node without the query may yet take it: attached, or likely dialling.

        One that does not speak the query's revision is not waited for.
        A node that has been away for longer does not make every lookup last the whole gathering
        time.
        """
        stream = self._live.get(node)
        if stream is not None:
            return stream.speaks(lookup)
        return now - self._left_at.get(node, self._started_at) < RECONNECT_SECONDS
