"""The node's stream over real gRPC: who is believed, what travels, and how one stream follows
another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import grpc.aio
import pytest

from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.load import Load
from agency_node.reading import grpc_broker, line
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.grpc_broker import RENEW_JITTER_SECONDS, RENEW_SECONDS, BrokerStream
from agency_node.reading.line import Line
from fakes.certificates import FakeAuthority
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.node_broker import NodeBroker, listening
from fakes.node_world import BROKER, FEDERATION, NODE, a_federation
from fakes.notes import no_exchange
from fakes.party_folder import free_address
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import NodeHello, SealedAnswer, size_class
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.wire.v1 import broker_pb2

THE_BROKER = Identity(FEDERATION, BROKER, Party.BROKER)
ME = Identity(FEDERATION, NODE, Party.NODE)


class NoLog:
    def _take(self, event: str, /, **fields: object) -> None:
        assert event in {*grpc_broker.EVENTS, *line.EVENTS}

    debug = info = warning = error = _take


class Moving(ManualClock):
    """Goes on by itself with the machine's steady time, and jumps when a test says so."""

    def __init__(self) -> None:
        super().__init__(NOW)

    async def go_on(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            self.advance(time.monotonic() - before)


class Place(NamedTuple):
    """Where the broker listens, and who certifies both ends."""

    authority: FakeAuthority
    address: str


@dataclass
class Node:
    """The node's end, over a work that answers each query with one sealed part."""

    place: Place
    clock: Clock = field(default_factory=SystemClock)
    current: Federation = field(default_factory=a_federation)
    certificate_ends: float = NOW + 7 * limits.DAY

    def at(self, now: float) -> Federation:
        self.current.require_current(now)
        return self.current

    def __post_init__(self) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.worked_on: list[bytes] = []
        log = NoLog()
        feed = MemberListFeed(BROKER, self, lambda: self.certificate_ends)
        self.reader = Line(feed, self.clock, log)
        self.line = AnswerLine(
            self.work, no_exchange, self.thread, self.reader, self, self.clock, log
        )
        self.stream = BrokerStream(
            self.connect, self.reader, feed, self.clock, log, random=lambda: 0.5
        )

    def connect(self) -> grpc.aio.Channel:
        tls = self.place.authority.client(ME)
        return connect(self.place.address, tls, THE_BROKER, options=CLIENT_FRAMES)

    def deny_the_broker(self) -> None:
        self.current = replace(self.current, deny=DenyList(members=frozenset({BROKER})))

    def work(self, frame: Sequence[bytes], load: Load) -> tuple[SealedAnswer, ...]:
        self.worked_on += frame
        return tuple(SealedAnswer(q[:32], 0, bytes(size_class(1).sealed_bytes)) for q in frame)


def a_wire(number: int = 0) -> bytes:
    return number.to_bytes(32, "big").ljust(limits.QUERY_BYTES, b"x")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(FakeAuthority.create(tmp_path / "authority"), free_address())


def serving(
    broker: NodeBroker, place: Place, identity: Identity = THE_BROKER
) -> AbstractAsyncContextManager[object]:
    return listening(broker, place.authority, identity, place.address)


@asynccontextmanager
async def attached(node: Node) -> AsyncIterator[asyncio.Task[None]]:
    tasks = [
        asyncio.create_task(node.line.run()),
        asyncio.create_task(node.stream.attach()),
        asyncio.create_task(node.reader.run()),
    ]
    if isinstance(node.clock, Moving):
        tasks.append(asyncio.create_task(node.clock.go_on()))
    try:
        async with asyncio.timeout(30):
            yield tasks[1]
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(BaseException):
                await task
        node.thread.shutdown()


async def test_hello_then_answers_after_the_delay_in_frames_that_fit(place: Place) -> None:
    broker, node = NodeBroker(), Node(place)
    async with serving(broker, place), attached(node):
        stream = await broker.stream()
        assert stream.peer == ME
        assert stream.hello == NodeHello(node.current.version)
        sent = time.monotonic()
        stream.send(*(a_wire(n) for n in range(QUERIES_PER_FRAME)))
        answers = await stream.answers(QUERIES_PER_FRAME)
        assert [a.query_hash for a in answers] == [a_wire(n)[:32] for n in range(QUERIES_PER_FRAME)]
        assert len(stream.frames) == 1
        assert all(at - sent >= limits.ANSWER_DELAY_MS / 1000 for at, _ in stream.frames)


async def test_a_server_with_another_members_certificate_is_not_the_broker(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_broker, "CONNECT_SECONDS", 1.0)
    other = Identity(FEDERATION, MemberId("broker-2"), Party.BROKER)
    broker, node = NodeBroker(), Node(place)
    async with serving(broker, place, other), attached(node) as task:
        with refused(Code.UNAVAILABLE):
            await task
        assert broker.streams == []
        assert not node.stream.attached


async def test_a_broker_that_is_not_there_is_unavailable(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_broker, "CONNECT_SECONDS", 0.3)
    async with attached(Node(place)) as task:
        with refused(Code.UNAVAILABLE):
            await task


@pytest.mark.parametrize("code", [None, Code.NOT_A_MEMBER, Code.NOT_READY])
async def test_the_end_of_a_stream_is_a_refusal_and_the_next_attempt_attaches(
    place: Place, code: Code | None
) -> None:
    broker, node = NodeBroker(), Node(place)
    async with serving(broker, place):
        async with attached(node) as task:
            stream = await broker.stream()
            if code is None:
                stream.hang_up()
            else:
                stream.refuse(Refused(code, "test"))
            with refused(code or Code.UNAVAILABLE):
                await task
            assert not node.stream.attached
        async with attached(Node(place)):
            await broker.stream(2)


@pytest.mark.parametrize(
    "message",
    [
        broker_pb2.AttachResponse(queries=[b"x"] * (QUERIES_PER_FRAME + 1)),
        broker_pb2.AttachResponse.FromString(b"\x7a\x01x"),
    ],
)
async def test_what_is_not_of_the_contract_ends_the_stream(
    place: Place, message: broker_pb2.AttachResponse
) -> None:
    broker, node = NodeBroker(), Node(place)
    async with serving(broker, place), attached(node) as task:
        (await broker.stream()).send_raw(message)
        with refused(Code.MALFORMED):
            await task


@pytest.mark.parametrize("how", ["denied", "replaced"])
async def test_a_former_broker_is_left_at_the_next_frame(place: Place, how: str) -> None:
    broker, node = NodeBroker(), Node(place)
    async with serving(broker, place), attached(node) as task:
        stream = await broker.stream()
        if how == "denied":
            node.deny_the_broker()
        else:
            parameters = replace(node.current.parameters, broker=MemberId("broker-2"))
            node.current = replace(node.current, parameters=parameters)
        stream.send(a_wire())
        with refused(Code.NOT_A_MEMBER):
            await task
        assert stream.frames == []
        assert node.worked_on == [], "nothing that it sent is looked at"


async def test_a_former_broker_gets_no_answer_to_an_earlier_frame(place: Place) -> None:
    broker, node = NodeBroker(), Node(place)
    work = node.work

    def suspended_meanwhile(frame: Sequence[bytes], load: Load) -> tuple[SealedAnswer, ...]:
        node.deny_the_broker()
        return work(frame, load)

    node.line._work = suspended_meanwhile
    async with serving(broker, place), attached(node) as task:
        stream = await broker.stream()
        stream.send(a_wire())
        with refused(Code.NOT_A_MEMBER):
            await task
        assert node.worked_on == [a_wire()]
        assert stream.frames == []


async def test_a_former_broker_is_left_though_it_sends_nothing(place: Place) -> None:
    broker, node = NodeBroker(), Node(place, clock=Moving())
    async with serving(broker, place), attached(node) as task:
        await broker.stream()
        node.clock.advance(grpc_broker.MEMBERSHIP_SECONDS)  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        assert not task.done()
        node.deny_the_broker()
        node.clock.advance(grpc_broker.MEMBERSHIP_SECONDS)  # type: ignore[attr-defined]
        with refused(Code.NOT_A_MEMBER):
            await task
        assert not node.stream.attached


async def test_an_expired_member_list_does_not_end_the_stream(place: Place) -> None:
    """It stays attached and says that it cannot answer, so that nobody takes it for away."""
    node = Node(place, current=replace(a_federation(), valid_until=0.0))
    broker = NodeBroker()
    async with serving(broker, place), attached(node):
        stream = await broker.stream()
        stream.send(a_wire())
        assert len(await stream.answers(1)) == 1


@pytest.mark.parametrize(
    ("lasts", "certificate_ends"),
    [
        (RENEW_SECONDS - RENEW_JITTER_SECONDS / 2, NOW + 7 * limits.DAY),
        (600.0 - grpc_broker.CERTIFICATE_MARGIN_SECONDS, NOW + 600),
    ],
)
async def test_a_new_stream_comes_before_the_old_one_is_old_and_nothing_is_lost(
    place: Place, lasts: float, certificate_ends: float
) -> None:
    broker, clock = NodeBroker(), Moving()
    node = Node(place, clock=clock, certificate_ends=certificate_ends)
    async with serving(broker, place), attached(node):
        old = await broker.stream()
        clock.advance(lasts - 20.0)
        old.send(a_wire(1))
        await old.answers(1)
        assert len(broker.streams) == 1, "not before its time"
        clock.advance(20.0)
        new = await broker.stream(2)
        old.send(a_wire(2))  # the broker wrote it before it saw the new one
        new.send(a_wire(3))
        answers = await new.answers(2)
        assert {a.query_hash for a in answers} == {a_wire(2)[:32], a_wire(3)[:32]}
        assert len(old.frames) == 1, "all answers leave on the new one"
        old.refuse(Refused(Code.NOT_READY, "replaced by a newer stream"))
        new.send(a_wire(4))
        await new.answers(3)
        assert node.stream.attached


async def test_answers_of_a_stream_that_broke_leave_on_the_next(place: Place) -> None:
    broker, clock = NodeBroker(), Moving()
    node = Node(place, clock=clock)
    async with serving(broker, place), attached(node) as task:
        first = await broker.stream()
        first.send(a_wire(1))
        first.hang_up()
        with refused(Code.UNAVAILABLE):
            await task
        again = asyncio.create_task(node.stream.attach())
        second = await broker.stream(2)
        assert [a.query_hash for a in await second.answers(1)] == [a_wire(1)[:32]]
        assert first.frames == []
        again.cancel()
        with suppress(asyncio.CancelledError):
            await again
