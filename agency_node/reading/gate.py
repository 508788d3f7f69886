"""The gate: the process that holds a node's connections, and moves bytes on ticks alone.

A channel of the node ends at a socket of the gate, which holds the connection to the other party
and sees only what TLS has sealed. What the other party sends is read, and what the node sends is
sent, on the gate's ticks and at no other moment (attack: a broker pings all the time; how soon each
ping is answered shows how long the machine is busy, and so whether a query opened). The gate's
ticks lie between those of the line, so that the work on the frame of an ordinary tick is over when
bytes move next. Whoever names a moment of the network's now learns only of which tick it was.

The gate wakes a little before each tick and watches the clock until it: how soon a busy machine
wakes a process does not show either. Bytes move at a moment drawn within some milliseconds after
the tick (attack: a machine that has just worked moves them some hundredths of a millisecond sooner
than one that slept). It begins to make a connection on a tick, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import selectors
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from agency_node.reading.ticks import MOVES_WITHIN, Tally, next_move
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.worker_processes import begin

EARLY_SECONDS: Final = 0.0015
"""It wakes so long before a tick, of which the timer takes up to a millisecond."""
CONNECT_SECONDS: Final = 5.0
READY: Final = b"\n"
READ_BYTES: Final = 256 * 1024
HELD_BYTES: Final = 4 * 1024 * 1024
"""While so much waits to be passed on in one direction, no more of it is read."""
LAST_MOVES: Final = 200
"""How often it is tried to send to a party that takes nothing, or what is left when one end was
closed: for 10 s (attack: a party that takes nothing, and dials again and again, fills the memory).
"""
ADDRESSES_TRIED: Final = 8
END_SECONDS: Final = 5.0
_DRAW: Final = random.SystemRandom().random

REPORT_SECONDS: Final = 60.0

EVENTS: Final = {"gate.unreached": frozenset({"to", "times"})}


class Gate:
    """The worker's end: it starts the gate's process, and says where channels are opened.

    Args:
        spawn: starts the gate's process, see ``stand``.
        addresses: all that the node has channels to, host:port.
    """

    def __init__(
        self,
        spawn: Callable[[socket.socket, Mapping[str, socket.socket]], BaseProcess],
        addresses: Iterable[str],
        log: Logger,
    ) -> None:
        self._spawn = spawn
        self._log = log
        self._unreached = {address: Tally(1, REPORT_SECONDS) for address in addresses}
        self._folder = Path(tempfile.mkdtemp(prefix="fingerpost-"))
        # They are the worker's, so that a channel finds them though the gate has just ended.
        self._listening = {
            address: _listening(self._folder / str(number))
            for number, address in enumerate(self._unreached)
        }
        self._process: BaseProcess | None = None
        self._control: socket.socket | None = None

    def route(self, address: str) -> str:
        """Return where a channel to ``address`` is opened.

        Raises:
            Defect: the gate does not lead there.
        """
        listening = self._listening.get(address)
        if listening is None:
            raise Defect("a node opens channels through its gate alone")
        return f"unix:{listening.getsockname()}"

    def start(self) -> None:
        """Start the process, and wait until it moves bytes. Blocking."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._spawn(theirs, self._listening)
        # A channel that is opened before the process runs would time out on a busy machine.
        ours.recv(len(READY))
        self._control = ours

    async def run(self) -> None:
        """Write the log for the process until it ends. Raises ``Refused`` then; a further call
        starts another.
        """
        if self._control is None:
            await asyncio.to_thread(self.start)
        control, self._control = self._control, None
        reader, writer = await asyncio.open_unix_connection(sock=control)
        try:
            while line := await reader.readline():
                address = line.decode().strip()
                due = self._unreached[address].count(time.monotonic(), times=1)
                if due is not None:
                    self._log.warning("gate.unreached", to=address, **due)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            await asyncio.to_thread(self._stop)
        raise Refused(Code.UNAVAILABLE, "the gate has ended")

    def close(self) -> None:
        """End the process and remove the sockets. Blocking."""
        self._stop()
        for listening in self._listening.values():
            listening.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        control, self._control = self._control, None
        process, self._process = self._process, None
        if control is not None:
            control.close()
        if process is not None:
            process.join(END_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()


def _listening(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    made.listen()
    made.setblocking(False)
    return made


def stand(control: socket.socket, listening: Mapping[str, socket.socket]) -> None:
    """Move bytes until the worker's end of ``control`` is closed: the gate's process.

    Args:
        control: to the worker, which is told each address that cannot be reached.
        listening: for each address, the socket at which the node opens channels to it.
    """
    begin()
    moving = Moving(control, listening)
    control.sendall(READY)
    moving.run()


class Connection:
    """A channel of the node (``inner``) and the connection to the other party (``outer``).

    ``leaving`` was read from the channel, and ``came`` from the connection.
    """

    def __init__(self, inner: socket.socket, outer: socket.socket) -> None:
        self.inner = inner
        self.outer = outer
        self.leaving = bytearray()
        self.came = bytearray()
        self.ends = False
        """Whether one of the two was closed. What was read before is passed on, and then the other
        is closed."""
        self.moves_left = LAST_MOVES
        """After so many moves both are closed, unless something is sent, or nothing is to be."""


class Moving:
    """What the gate's process does. The node's side is served at any time; the other side is
    touched by ``move`` alone.
    """

    def __init__(
        self,
        control: socket.socket,
        listening: Mapping[str, socket.socket],
        monotonic: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = _DRAW,
    ) -> None:
        self._monotonic = monotonic
        self._draw = draw
        self._control = control
        self._open = True
        self._all: set[Connection] = set()
        self._made: list[Connection] = []
        self._look, made = os.pipe()
        self._tell_made = made
        self._inner = selectors.DefaultSelector()
        self._outer = selectors.DefaultSelector()
        self._inner.register(control, selectors.EVENT_READ, self._control_ended)
        self._inner.register(self._look, selectors.EVENT_READ, self._take_made)
        for address, each in listening.items():
            self._inner.register(each, selectors.EVENT_READ, self._accepting(each, address))

    def run(self) -> None:
        """Move bytes on each tick until the worker's end of the control is closed."""
        while self._open:
            if not self._all:
                self.serve(None)
                continue
            at = self._next_move(self._monotonic() + EARLY_SECONDS)
            while self._open and (wait := at - EARLY_SECONDS - self._monotonic()) > 0:
                self.serve(wait)
            # What is moved is what is there on the tick, and not what was there when it woke.
            while self._monotonic() < at:
                self.anything_to_move()
            if self.anything_to_move():
                self.move()
        self.move()

    def close(self) -> None:
        """Close all of it, whatever has not been passed on."""
        for each in tuple(self._all):
            self._close(each)
        self._inner.close()
        self._outer.close()
        os.close(self._look)
        os.close(self._tell_made)

    def serve(self, seconds: float | None) -> None:
        """Wait until something is to be done for the node, and do it."""
        for key, events in self._inner.select(seconds):
            key.data(events)

    def anything_to_move(self) -> bool:
        """Return whether ``move`` would send, read or close anything."""
        return any(each.leaving or each.ends for each in self._all) or bool(self._outer.select(0))

    def move(self) -> None:
        """Send what is leaving, then read what came, on all connections."""
        for each in self._all:
            before = len(each.leaving)
            self._send(each)
            if not each.ends and (not before or len(each.leaving) < before):
                each.moves_left = LAST_MOVES
        for each in tuple(self._all):
            if not each.ends:
                self._receive(each)
            self._pass_on(each)
            each.moves_left -= 1
            if not each.moves_left or (each.ends and not (each.leaving or each.came)):
                self._close(each)

    def add(self, connection: Connection) -> None:
        """Move the bytes of this connection, too."""
        for each in (connection.inner, connection.outer):
            each.setblocking(False)
        self._all.add(connection)
        self._outer.register(connection.outer, selectors.EVENT_READ)
        self._watch(connection)

    def _control_ended(self, _: int) -> None:
        self._open = False

    def _accepting(self, listening: socket.socket, address: str) -> Callable[[int], None]:
        def accept(_: int) -> None:
            with contextlib.suppress(OSError):
                inner, _address = listening.accept()
                threading.Thread(target=self._reach, args=(inner, address), daemon=True).start()

        return accept

    def _reach(self, inner: socket.socket, address: str) -> None:
        """Make a connection; looking a name up and waiting for the other party block.

        Each attempt begins on a tick (attack: a name with many addresses, each of which refuses
        when its owner likes, so that the next attempt comes at once: a ping by other means).
        """
        host, _, port = address.rpartition(":")
        outer = None
        with contextlib.suppress(OSError):
            self._until_move()
            found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
            for family, kind, protocol, _, place in found[:ADDRESSES_TRIED]:
                self._until_move()
                outer = _connected(socket.socket(family, kind, protocol), place)
                if outer is not None:
                    break
        if outer is None:
            inner.close()
            with contextlib.suppress(OSError):
                self._control.sendall(f"{address}\n".encode())
            return
        outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._made.append(Connection(inner, outer))
        os.write(self._tell_made, b"\0")

    def _until_move(self) -> None:
        now = self._monotonic()
        time.sleep(self._next_move(now) - now)

    def _next_move(self, after: float) -> float:
        return next_move(after) + self._draw() * MOVES_WITHIN

    def _take_made(self, _: int) -> None:
        os.read(self._look, 1)
        self.add(self._made.pop())

    def _take(self, connection: Connection) -> None:
        data = _received(connection.inner)
        if data is not None:
            connection.leaving += data
            connection.ends = connection.ends or not data
        self._watch(connection)

    def _send(self, connection: Connection) -> None:
        if not _sent(connection.outer, connection.leaving):
            connection.ends = True
        self._watch(connection)

    def _receive(self, connection: Connection) -> None:
        while len(connection.came) < HELD_BYTES:
            data = _received(connection.outer)
            if data is None:
                return
            if not data:
                connection.ends = True
                return
            connection.came += data

    def _pass_on(self, connection: Connection) -> None:
        if not _sent(connection.inner, connection.came):
            connection.ends = True
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        """Wait for what the node's side can do now."""
        reads = not connection.ends and len(connection.leaving) < HELD_BYTES
        events = (selectors.EVENT_READ if reads else 0) | (
            selectors.EVENT_WRITE if connection.came else 0
        )
        watched = self._inner.get_map().get(connection.inner)
        if watched is not None and watched.events == events:
            return
        if watched is not None:
            self._inner.unregister(connection.inner)
        if events:
            self._inner.register(connection.inner, events, self._serving(connection))

    def _serving(self, connection: Connection) -> Callable[[int], None]:
        def serve(events: int) -> None:
            if events & selectors.EVENT_WRITE:
                self._pass_on(connection)
            if events & selectors.EVENT_READ:
                self._take(connection)

        return serve

    def _close(self, connection: Connection) -> None:
        self._all.discard(connection)
        self._outer.unregister(connection.outer)
        if connection.inner in self._inner.get_map():
            self._inner.unregister(connection.inner)
        connection.inner.close()
        connection.outer.close()


def _connected(end: socket.socket, place: Any) -> socket.socket | None:
    """Return the socket, connected; None where nobody listens there."""
    end.settimeout(CONNECT_SECONDS)
    try:
        end.connect(place)
    except OSError:
        end.close()
        return None
    return end


def _received(end: socket.socket) -> bytes | None:
    """Return what is there to be read; nothing once the other end is closed, and None before more
    has come."""
    try:
        return end.recv(READ_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _sent(end: socket.socket, data: bytearray) -> bool:
    """Send as much as there is room for, and leave the rest. Return False where the other end is
    closed, so that nothing more can be sent.
    """
    try:
        while data:
            del data[: end.send(data)]
    except BlockingIOError:
        pass
    except OSError:
        data.clear()
        return False
    return True
