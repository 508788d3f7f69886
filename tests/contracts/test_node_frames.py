"""``reading.ports.Frames``: one suite, on a reader in this process and on one in its own, each with
a real stream to a broker.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from agency_node.reading.channel import ReaderProcess
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.grpc_broker import BrokerStream
from agency_node.reading.line import Line
from agency_node.reading.ports import Frame, Frames, Leaving
from agency_node.reading.ticks import PACKETS_AT_ONCE, TICK
from agency_node.reading.wiring import Door, read_stream
from fakes.certificates import FakeAuthority
from fakes.node_broker import Attached, NodeBroker, listening
from fakes.node_world import BROKER, FEDERATION, NODE, a_federation
from fakes.party_folder import free_address
from fakes.waiting import until
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.codec.packets import write_packets_to_node
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.messages import NodeHello, SealedAnswer, size_class
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.runtime.run import every, reconnect
from fingerpost.runtime.worker_processes import beside

THE_BROKER = Identity(FEDERATION, BROKER, Party.BROKER)
ME = Identity(FEDERATION, NODE, Party.NODE)
GRACE = 60.0
"""What has not come by then does not come."""


class Log:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def _take(self, event: str, /, **fields: object) -> None:
        self.events.append((event, fields))

    debug = info = warning = error = _take


@dataclass
class Reading:
    """A reader whose worker is the test. ``processes``: those that were started for it."""

    frames: Frames
    is_attached: Callable[[], bool]
    parts: tuple[Coroutine[Any, Any, None], ...]
    broker: NodeBroker
    members: Members
    log: Log
    processes: list[BaseProcess] = field(default_factory=list)

    async def stream(self, number: int = 1) -> Attached:
        stream = await self.broker.stream(number)
        await until(self.is_attached)
        return stream


@dataclass
class Members:
    current: Federation = field(default_factory=lambda: a_federation(time.time()))

    def at(self, now: float) -> Federation:
        return self.current


def a_wire(number: int) -> bytes:
    return number.to_bytes(32, "big").ljust(limits.QUERY_BYTES, b"x")


def in_this_process(door: Door, broker: NodeBroker) -> Reading:
    members, clock, log = Members(), SystemClock(), Log()
    feed = MemberListFeed(BROKER, members, lambda: time.time() + limits.DAY)
    line = Line(feed, clock, log)

    def dial() -> grpc.aio.Channel:
        return connect(door.address, door.tls, door.broker, options=CLIENT_FRAMES)

    stream = BrokerStream(dial, line, feed, clock, log, random=lambda: 0.5)
    attach = reconnect(stream.attach, clock, random=lambda: 0.0, log=log, name="broker")
    parts = (line.run(), attach)
    return Reading(line, lambda: stream.attached, parts, broker, members, log)


def in_its_own(door: Door, broker: NodeBroker) -> Reading:
    members, clock, log = Members(), SystemClock(), Log()
    feed = MemberListFeed(BROKER, members, lambda: time.time() + limits.DAY)
    started: list[BaseProcess] = []

    def spawn(end: Any) -> BaseProcess:
        started.append(beside(read_stream, end, door))
        return started[-1]

    reader = ReaderProcess(spawn, feed, clock, log)
    again = every(0.1, 0.0, reader.run, clock, random=lambda: 0.0, log=log, name="reader")
    return Reading(reader, lambda: reader.attached, (again,), broker, members, log, started)


KINDS = {"in this process": in_this_process, "in its own": in_its_own}


@asynccontextmanager
async def reading_of(kind: str, folder: Path) -> AsyncIterator[Reading]:
    authority, address = FakeAuthority.create(folder / "authority"), free_address()
    broker = NodeBroker()
    async with listening(broker, authority, THE_BROKER, address):
        made = KINDS[kind](Door(address, authority.client(ME), THE_BROKER), broker)
        tasks = [asyncio.ensure_future(part) for part in made.parts]
        try:
            async with asyncio.timeout(GRACE):
                yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(params=sorted(KINDS))
async def reading(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Reading]:
    async with reading_of(request.param, tmp_path) as made:
        yield made


async def queries_of(reading: Reading, count: int) -> list[Frame]:
    frames: list[Frame] = []
    while sum(len(frame.queries) for frame in frames) < count:
        frames.append(await reading.frames.next())
    return frames


def leaving(frame: Frame, at: float) -> Leaving:
    answers = tuple(
        SealedAnswer(q[:32], 0, bytes(size_class(1).sealed_bytes)) for q in frame.queries
    )
    return Leaving(at, frame.received_at, answers)


async def test_frames_come_on_ticks_and_answers_leave_on_theirs(reading: Reading) -> None:
    stream = await reading.stream()
    assert stream.hello == NodeHello(reading.members.current.version)
    sent = time.monotonic()
    stream.send(a_wire(1), a_wire(2))
    stream.send(a_wire(3))
    frames = await queries_of(reading, 3)
    came = time.monotonic()
    assert [q for frame in frames for q in frame.queries] == [a_wire(n) for n in (1, 2, 3)]
    for frame in frames:
        assert abs(frame.received_at / TICK - round(frame.received_at / TICK)) < 1e-6
        assert sent <= frame.received_at <= came
    at = frames[-1].received_at + 10 * TICK
    for frame in frames:
        reading.frames.leave(leaving(frame, at))
    answers = await stream.answers(3)
    assert [answer.query_hash for answer in answers] == [a_wire(n)[:32] for n in (1, 2, 3)]
    assert all(arrived >= at for arrived, _ in stream.frames)


def a_packet(number: int) -> CarriedPacket:
    return CarriedPacket(number.to_bytes(16, "big"), 7, bytes(limits.PACKET_BYTES))


async def test_packets_come_beside_queries_and_leave_alone(reading: Reading) -> None:
    stream = await reading.stream()
    sent = write_packets_to_node(Packets((a_packet(1), a_packet(2))))
    stream.send(a_wire(1))
    stream.send_raw(sent)
    packets: list[CarriedPacket] = []
    frames: list[Frame] = []
    while len(packets) < 2 or not any(frame.queries for frame in frames):
        frames.append(await reading.frames.next())
        packets += frames[-1].packets
    assert packets == [a_packet(1), a_packet(2)]
    last = frames[-1].received_at
    reading.frames.leave(Leaving(last + 4 * TICK, last, Packets((a_packet(2),))))
    await until(lambda: stream.packets)
    assert stream.packets == [a_packet(2)]
    assert stream.frames == []


async def test_packets_are_taken_by_a_count_of_their_own(reading: Reading) -> None:
    stream = await reading.stream()
    many = Packets(tuple(a_packet(n) for n in range(2 * PACKETS_AT_ONCE)))
    stream.send_raw(write_packets_to_node(many))
    stream.send(a_wire(1))
    taken = 0
    while taken < PACKETS_AT_ONCE:
        taken += len((await reading.frames.next()).packets)
    await until(lambda: [f for event, f in reading.log.events if event == "node.flooded"])
    flooded = next(f for event, f in reading.log.events if event == "node.flooded")
    assert flooded == {"queries": 0, "packets": PACKETS_AT_ONCE}


async def test_the_stream_is_read_though_nobody_takes_a_frame(reading: Reading) -> None:
    """Frames of more ticks than a line of eight holds, and then far more than any buffer on the way
    does: the broker's writes would stand still."""
    stream = await reading.stream()
    for n in range(12):
        came = time.monotonic()
        stream.send(a_wire(n))
        await until(lambda tick=came + TICK: time.monotonic() > tick)  # type: ignore[misc]
    whole = [a_wire(n) for n in range(QUERIES_PER_FRAME)]
    for _ in range(40):  # 40 MiB
        stream.send(*whole)
    await until(stream._out.empty)
    flooded = [f for event, f in reading.log.events if event == "node.flooded"]
    assert flooded, "what exceeds the count is reported"
    frame = await reading.frames.next()
    assert 1 <= len(frame.queries) <= limits.BURST_TICKS * limits.QUERIES_PER_TICK


async def test_a_broker_that_is_denied_is_left_and_gets_no_answer(reading: Reading) -> None:
    stream = await reading.stream()
    stream.send(a_wire(1))
    (frame,) = await queries_of(reading, 1)
    denied = DenyList(members=frozenset({BROKER}))
    reading.members.current = replace(reading.members.current, deny=denied)
    reading.frames.leave(leaving(frame, frame.received_at + 60 * TICK))
    await until(lambda: not reading.is_attached())
    await stream.ended.wait()
    assert stream.frames == []


async def test_a_stream_that_broke_is_followed_by_another(reading: Reading) -> None:
    (await reading.stream()).hang_up()
    second = await reading.stream(2)
    second.send(a_wire(1))
    assert (await queries_of(reading, 1))[0].queries == (a_wire(1),)


# ---- the reader's process ------------------------------------------------------------------------


async def test_a_reader_that_is_killed_is_started_again_and_its_answers_leave(
    tmp_path: Path,
) -> None:
    async with reading_of("in its own", tmp_path) as reading:
        stream = await reading.stream()
        stream.send(a_wire(1))
        (frame,) = await queries_of(reading, 1)
        reading.processes[0].kill()
        await until(lambda: not reading.is_attached())
        second = await reading.stream(2)
        now = time.monotonic()
        reading.frames.leave(leaving(replace(frame, received_at=now), now + 10 * TICK))
        assert [a.query_hash for a in await second.answers(1)] == [a_wire(1)[:32]]
        assert stream.frames == []
        failed = [f["error"] for event, f in reading.log.events if event == "task.failed"]
        assert any(isinstance(error, Refused) for error in failed)


async def test_no_process_is_left_when_the_worker_stops(tmp_path: Path) -> None:
    async with reading_of("in its own", tmp_path) as reading:
        await reading.stream()
        (process,) = reading.processes
        pid = process.pid
        assert pid is not None
    assert process.exitcode == 0, "it ended by itself"
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        raise AssertionError("it is still there")


async def test_the_reader_loads_nothing_that_reads_a_person(tmp_path: Path) -> None:
    """Whoever breaks into the process that talks to the broker finds no record and no key."""
    program = (
        "import agency_node.reading.wiring, sys;"
        "print([m for m in sys.modules if m.startswith(('fingerpost.private', 'fingerpost.audit',"
        " 'agency_node.records', 'agency_node.answering'))])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.strip() == b"[]"
