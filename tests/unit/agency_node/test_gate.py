"""The gate: what it moves, when, and what becomes of a channel whose other party is not there."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.reading import gate as gate_module
from agency_node.reading.gate import (
    EVENTS,
    HELD_BYTES,
    LAST_MOVES,
    Connection,
    Gate,
    Moving,
    stand,
)
from agency_node.reading.ticks import (
    MOVES_AFTER,
    MOVES_WITHIN,
    TICK,
    next_move,
    rests_until,
)
from fakes.party_folder import free_address
from fakes.waiting import until
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.runtime.worker_processes import beside

SECONDS = 60.0
BEFORE, AFTER, WITHIN = 0.004, 0.002, 0.003
"""So long before and after bytes move no step of the work begins; the gate draws when they move,
within so long. In seconds."""


@given(st.floats(min_value=0.0, max_value=1e9))
def test_bytes_move_half_a_tick_after_the_ticks_of_the_line(now: float) -> None:
    at = next_move(now)
    assert now - 1e-6 < at < now + TICK + 1e-6
    place = (at - TICK / 2) / TICK
    assert abs(place - round(place)) < 1e-4


EDGES = st.sampled_from([-BEFORE, 0.0, WITHIN, WITHIN + AFTER])
"""When the worker begins to rest and goes on again, from a move on."""


@given(
    st.integers(0, 10**6),
    st.floats(-TICK / 2, TICK / 2) | st.builds(sum, st.tuples(EDGES, st.floats(-0.001, 0.001))),
)
def test_no_step_of_the_work_begins_while_bytes_move(tick: int, after: float) -> None:
    now = max(0.0, tick * TICK + MOVES_AFTER + after)
    begins = rests_until(now)
    assert now <= begins < now + BEFORE + WITHIN + AFTER + 1e-6
    for move in (next_move(begins - TICK), next_move(begins)):
        assert not move - BEFORE + 1e-6 < begins < move + WITHIN + AFTER - 1e-6
    if begins == now:
        assert rests_until(begins) == begins


class Ends:
    """A connection of the gate with the test at both of its other ends."""

    def __init__(self, moving: Moving) -> None:
        inner, self.node = socket.socketpair()
        outer, self.peer = socket.socketpair()
        for end in (self.node, self.peer):
            end.setblocking(False)
        moving.add(Connection(inner, outer))

    def close(self) -> None:
        self.node.close()
        self.peer.close()


@pytest.fixture
def moving() -> Iterator[Moving]:
    control, ours = socket.socketpair()
    with control, ours:
        made = Moving(control, {})
        yield made
        made.close()


@pytest.fixture
def ends(moving: Moving) -> Iterator[Ends]:
    made = Ends(moving)
    yield made
    made.close()


def nothing_at(end: socket.socket) -> bool:
    try:
        end.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    return False


def test_what_the_node_sends_leaves_by_move_alone(moving: Moving, ends: Ends) -> None:
    ends.node.send(b"an answer")
    for _ in range(5):
        moving.serve(0)
    assert nothing_at(ends.peer)
    assert moving.anything_to_move()
    moving.move()
    assert ends.peer.recv(100) == b"an answer"


def test_what_the_other_party_sends_is_read_by_move_alone(moving: Moving, ends: Ends) -> None:
    room = 0
    with pytest.raises(BlockingIOError):
        while True:  # until no more fits into the gate's end
            room += ends.peer.send(b"p" * 4096)
    for _ in range(5):
        moving.serve(0)
    assert nothing_at(ends.node)
    with pytest.raises(BlockingIOError):  # nothing of it was read
        ends.peer.send(b"p" * 4096)
    moving.move()
    assert not nothing_at(ends.node)
    assert ends.peer.send(b"p") == 1


def test_nothing_is_moved_where_there_is_nothing(moving: Moving, ends: Ends) -> None:
    assert not moving.anything_to_move()
    ends.peer.send(b"a ping")
    assert moving.anything_to_move()


def test_what_the_node_said_before_it_closed_leaves(moving: Moving, ends: Ends) -> None:
    ends.node.send(b"goodbye")
    ends.node.close()
    moving.serve(0)
    moving.serve(0)
    moving.move()
    assert ends.peer.recv(100) == b"goodbye"
    assert ends.peer.recv(100) == b""
    assert not moving.anything_to_move()


def test_what_the_other_party_said_before_it_closed_comes(moving: Moving, ends: Ends) -> None:
    ends.peer.send(b"goodbye")
    ends.peer.close()
    moving.move()
    assert ends.node.recv(100) == b"goodbye"
    assert ends.node.recv(100) == b""
    assert not moving.anything_to_move()


def test_all_that_the_node_said_before_it_closed_leaves_however_slowly_it_is_taken(
    moving: Moving, ends: Ends
) -> None:
    sent = 0
    while sent < 2 * 1024 * 1024:
        with suppress(BlockingIOError):
            sent += ends.node.send(bytes(64 * 1024))
        moving.serve(0)
    ends.node.close()
    taken = 0
    while data := received_or_nothing(ends.peer, moving):
        taken += len(data)
    assert taken == sent
    assert not moving.anything_to_move()


def received_or_nothing(end: socket.socket, moving: Moving) -> bytes:
    """Return some bytes after a move; none once the gate has closed its end."""
    while True:
        moving.serve(0)
        moving.move()
        with suppress(BlockingIOError):
            return end.recv(64 * 1024)


def test_an_idle_connection_stays(moving: Moving, ends: Ends) -> None:
    for _ in range(3 * LAST_MOVES):
        moving.move()
    ends.peer.send(b"still here")
    moving.move()
    assert ends.node.recv(100) == b"still here"


def test_an_end_that_takes_no_more_is_closed_after_a_while(moving: Moving, ends: Ends) -> None:
    with suppress(BlockingIOError):
        while True:
            moving.serve(0)
            ends.node.send(bytes(64 * 1024))
            moving.move()
    for _ in range(LAST_MOVES):
        moving.serve(0)
        moving.move()
    assert not moving.anything_to_move()
    with pytest.raises(ConnectionError):
        ends.peer.sendall(bytes(1024))


def test_what_a_channel_does_not_take_is_bounded_and_not_lost(moving: Moving, ends: Ends) -> None:
    sent = 0
    for _ in range(200):
        try:
            while True:
                sent += ends.peer.send(bytes(64 * 1024))
        except BlockingIOError:
            moving.move()
    assert HELD_BYTES <= sent < 2 * HELD_BYTES
    taken = 0
    while taken < sent:
        taken += len(ends.node.recv(1024 * 1024))
        moving.serve(0)
        moving.move()
    assert nothing_at(ends.node)


class Stepped(Moving):
    """Its clock goes on as it waits, a little later than asked, and a little at each look. What it
    draws is spread evenly."""

    def __init__(self, control: socket.socket) -> None:
        self.now = 1000.0
        self.moves: list[float] = []
        self.waits = 0
        self.drawn: list[float] = []
        super().__init__(control, {}, self.look, self.draw)

    def draw(self) -> float:
        self.drawn.append(len(self.drawn) * 0.618 % 1.0)
        return self.drawn[-1]

    def look(self) -> float:
        self.now += 0.000_01
        return self.now

    def serve(self, seconds: float | None) -> None:
        self.waits += 1
        self.now += (seconds or 0.0) + 0.000_3 * (self.waits % 5)
        super().serve(0)

    def anything_to_move(self) -> bool:
        return True

    def move(self) -> None:
        self.moves.append(self.now)
        if len(self.moves) == 50:
            self._control_ended(0)
        super().move()


def test_however_late_it_wakes_it_moves_when_it_drew(moving: Moving) -> None:
    control, ours = socket.socketpair()
    with control, ours:
        stepped = Stepped(control)
        end = Ends(stepped)
        stepped.run()
        end.close()
        stepped.close()
    after = [(at - MOVES_AFTER) % TICK for at in stepped.moves[:50]]
    late = [at - drawn * WITHIN for at, drawn in zip(after, stepped.drawn, strict=False)]
    assert min(late) > -1e-6
    assert max(late) < 0.000_05
    assert len({round((at - MOVES_AFTER) / TICK) for at in stepped.moves[:50]}) == 50


class Log:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def _take(self, event: str, /, **fields: object) -> None:
        assert fields.keys() <= EVENTS.get(event, frozenset(fields))
        self.events.append((event, fields))

    debug = info = warning = error = _take


@asynccontextmanager
async def echo(address: str) -> AsyncIterator[None]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    host, port = address.split(":")
    async with await asyncio.start_server(answer, host, int(port)):
        yield


@asynccontextmanager
async def a_gate(*addresses: str) -> AsyncIterator[tuple[Gate, Log, list[BaseProcess]]]:
    started: list[BaseProcess] = []

    def spawn(control: socket.socket, listening: Mapping[str, socket.socket]) -> BaseProcess:
        started.append(beside(stand, control, listening))
        return started[-1]

    log = Log()
    gate = Gate(spawn, addresses, log)

    async def again() -> None:
        while True:
            try:
                await gate.run()
            except Refused:
                continue

    running = asyncio.create_task(again())
    try:
        yield gate, log, started
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(gate.close)


async def through(gate: Gate, address: str, data: bytes) -> bytes:
    path = gate.route(address).removeprefix("unix:")
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    back = await asyncio.wait_for(reader.readexactly(len(data)), SECONDS)
    writer.close()
    return back


async def test_much_goes_through_and_nothing_is_lost_or_changed() -> None:
    address = free_address()
    data = os.urandom(3 * HELD_BYTES)
    async with echo(address), a_gate(address) as (gate, _, _):
        one, other = await asyncio.gather(
            through(gate, address, data), through(gate, address, data[::-1])
        )
    assert (one, other) == (data, data[::-1])


async def test_a_gate_that_was_killed_is_started_again_and_its_channels_find_it() -> None:
    address = free_address()
    async with echo(address), a_gate(address) as (gate, _, started):
        assert await through(gate, address, b"before") == b"before"
        os.kill(started[0].pid or 0, signal.SIGKILL)
        await until(lambda: len(started) == 2)
        assert await through(gate, address, b"after") == b"after"


async def test_an_address_where_nobody_listens_is_said_and_its_channel_closed() -> None:
    address = free_address()
    async with a_gate(address) as (gate, log, _):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await through(gate, address, b"hello")
        await until(lambda: bool(log.events))
        assert log.events[0] == ("gate.unreached", {"to": address, "times": 1})
        async with echo(address):
            assert await through(gate, address, b"hello") == b"hello"


def test_each_attempt_to_connect_begins_on_a_tick(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name of many addresses, all of which refuse: one attempt a tick, and not too many."""
    slept: list[float] = []
    tried: list[int] = []
    port = int(free_address().rpartition(":")[2])
    place = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [place] * 20)
    monkeypatch.setattr(time, "sleep", slept.append)
    real = gate_module._connected

    def counted(end: socket.socket, at: object) -> socket.socket | None:
        tried.append(len(slept))
        return real(end, at)

    monkeypatch.setattr(gate_module, "_connected", counted)
    inner, ours = socket.socketpair()
    moving._reach(inner, f"many.example:{port}")
    ours.close()
    assert tried == list(range(2, 10))
    # The moment is drawn within so long after the tick.
    assert all(0 < seconds <= TICK + MOVES_WITHIN + 1e-6 for seconds in slept)


async def test_it_is_open_when_it_has_started() -> None:
    """A channel does not wait for a process that a busy machine has not begun."""
    address = free_address()
    gate = Gate(lambda *ends: beside(stand, *ends), [address], Log())
    try:
        await asyncio.to_thread(gate.start)
        control = gate._control
        assert control is not None
        with pytest.raises(BlockingIOError):
            control.recv(1, socket.MSG_DONTWAIT)
        async with echo(address):
            assert await through(gate, address, b"hello") == b"hello"
    finally:
        await asyncio.to_thread(gate.close)


async def test_a_node_has_no_way_but_the_gate() -> None:
    address = free_address()
    async with a_gate(address) as (gate, _, _):
        with pytest.raises(Defect):
            gate.route("another.example:1")


async def test_its_sockets_are_gone_when_it_is_closed() -> None:
    address = free_address()
    async with a_gate(address) as (gate, _, started):
        path = Path(gate.route(address).removeprefix("unix:"))
        mode = (await asyncio.to_thread(path.parent.stat)).st_mode
        assert mode & 0o077 == 0
        async with echo(address):
            assert await through(gate, address, b"hello") == b"hello"
    assert not await asyncio.to_thread(path.exists)
    assert not started[0].is_alive()
