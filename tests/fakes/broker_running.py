"""A broker in this process with its clock stopped, nodes that a test directs, and a requester."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from broker.ports import LookupRecord
from broker.service import LOG_EVENTS, Broker, FromNode, ToNode
from broker.store import hash_log_writer
from fakes.answers import shown_in
from fakes.broker_store import MemoryStore
from fakes.broker_world import NODES, Asked, a_federation, a_query, node_peer, peer
from fakes.clock import ManualClock
from fakes.federations import NOW, Members
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Ended, LookupEvent, NodeHello, SealedAnswer, size_class
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.runtime import logs
from fingerpost.runtime.group_commit import GroupCommit

NEVER_SECONDS = 30
"""Of the machine's time, as the broker's clock stands still: what takes longer never ends."""


def an_answer(
    query_hash: bytes, part: int = 0, fill: int = 1, *, node: MemberId = NODES[0]
) -> SealedAnswer:
    """Of the size that the number of the node's agencies gives."""
    areas = a_federation().areas.values()
    agencies = sum(agency.node == node for area in areas for agency in area.agencies)
    return SealedAnswer(query_hash, part, bytes([fill]) * size_class(agencies).sealed_bytes)


class FakeNode:
    """A node's end of its stream.

    ``frames`` holds what the broker sent. While ``reading`` is cleared, the node takes nothing
    more.
    """

    def __init__(self, id_: MemberId) -> None:
        self.id = id_
        self.peer = node_peer(id_)
        self.frames: list[tuple[bytes, ...]] = []
        self.packets: list[CarriedPacket] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.running: asyncio.Task[None] | None = None
        self._says: asyncio.Queue[FromNode | None] = asyncio.Queue()

    def attach(self, broker: Broker, *, hello: bool = True) -> None:
        self._says = asyncio.Queue()
        if hello:
            self.say(NodeHello(7))
        self.running = asyncio.create_task(broker.attach(self.peer, self._incoming(), self._send))

    def say(self, message: FromNode) -> None:
        self._says.put_nowait(message)

    def answer(self, query_hash: bytes, part: int = 0, fill: int = 1) -> None:
        self.say((an_answer(query_hash, part, fill, node=self.id),))

    def hang_up(self) -> None:
        self._says.put_nowait(None)

    async def outcome(self) -> None:
        """Wait for the stream's end, and raise what it ended with."""
        assert self.running is not None
        await asyncio.wait_for(self.running, NEVER_SECONDS)

    async def refusal(self) -> Code:
        with pytest.raises(Refused) as caught:
            await self.outcome()
        return caught.value.code

    @property
    def attached(self) -> bool:
        return self.running is not None and not self.running.done()

    @property
    def queries(self) -> list[bytes]:
        return [query for frame in self.frames for query in frame]

    async def _incoming(self) -> AsyncIterator[FromNode]:
        while (message := await self._says.get()) is not None:
            yield message

    async def _send(self, frame: ToNode) -> None:
        if isinstance(frame, Packets):
            self.packets += frame
        else:
            self.frames.append(frame)
        await self.reading.wait()  # flow control: the write ends when it reads


class Asking:
    """One lookup from the requester's side, which reads the events as they come."""

    def __init__(self, broker: Broker, asked: Asked) -> None:
        self.asked = asked
        self.events: list[LookupEvent] = []
        self._broker = broker
        self.running = asyncio.create_task(self._read())

    async def _read(self) -> None:
        events = self._broker.lookup(peer(), self.asked.query, self.asked.submission)
        try:
            async for event in events:
                self.events.append(event)
        finally:
            await events.aclose()

    async def refusal(self) -> Code:
        with pytest.raises(Refused) as caught:
            await asyncio.wait_for(self.running, NEVER_SECONDS)
        return caught.value.code

    @property
    def answers(self) -> list[tuple[MemberId, int, int]]:
        """Node, part, and what fills it."""
        return [(a.node, a.part, a.sealed[0]) for a in shown_in(self.events)]

    @property
    def silent(self) -> tuple[MemberId, ...] | None:
        """None until it has ended."""
        return next((e.silent for e in self.events if isinstance(e, Ended)), None)

    @property
    def ended(self) -> bool:
        return self.silent is not None


@dataclass
class Running:
    broker: Broker
    clock: ManualClock
    members: Members
    store: MemoryStore
    recorder: GroupCommit[LookupRecord]
    log: io.StringIO
    every_node: list[FakeNode] = field(default_factory=list)

    def node(self, id_: MemberId, *, attach: bool = True) -> FakeNode:
        node = FakeNode(id_)
        self.every_node.append(node)
        if attach:
            node.attach(self.broker)
        return node

    async def nodes(self, *ids: MemberId) -> list[FakeNode]:
        """Attach these nodes, and wait until the broker knows them."""
        attached = [self.node(id_) for id_ in ids]
        await self.settle()
        return attached

    def ask(self, asked: Asked | None = None) -> Asking:
        return Asking(self.broker, asked or a_query())

    async def asked(self, asked: Asked | None = None) -> Asking:
        """Ask, and wait until the broker has done all that it can do at once."""
        asking = self.ask(asked)
        await self.settle()
        return asking

    async def settle(self) -> None:
        """Let all run that can, with the commits of the recorder."""
        for _ in range(3):
            await self.clock.settle()
            if self.recorder._writing is not None:
                await asyncio.wait([self.recorder._writing])
        await self.clock.settle()

    async def run_for(self, seconds: float) -> None:
        """Let the clock go on once what is being recorded is recorded: a commit takes none of its
        time.
        """
        await self.settle()
        await self.clock.run_for(seconds)


@asynccontextmanager
async def running(*, established: bool = True) -> AsyncIterator[Running]:
    """Run a broker. An ``established`` one takes a node that is not attached to be away."""
    clock, members, log = ManualClock(NOW), Members(a_federation()), io.StringIO()
    store = MemoryStore(complete_since=NOW - 10_000)
    recorder = hash_log_writer(store, clock.now)
    broker = Broker(
        members,
        recorder,
        clock,
        clock.now,
        logs.configure("broker", LOG_EVENTS, strict=True, stream=log, now=clock.now),
        complete_since=store.complete_since,
        seen=store.seen(NOW),
        random=lambda: 0.5,
        random_bytes=secrets.token_bytes,
    )
    if established:
        clock.advance(60)
        clock.step_wall(-60)
    this = Running(broker, clock, members, store, recorder, log)
    tasks = [asyncio.create_task(recorder.run())]
    try:
        yield this
    finally:
        tasks += [node.running for node in this.every_node if node.running is not None]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(BaseException):
                await task
