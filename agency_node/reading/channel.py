"""The channel between the reader's process and the worker's, and what each end makes of the other.

The channel is a pair of connected sockets that no other process can reach. Frames and whether the
stream is attached go one way; answers and what the member list says go the other. Each message is
its length (4 bytes) and its MessagePack form. No end waits for the other: what the worker does not
take in time is left out, and its requesters see a gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from heapq import heappop, heappush
from itertools import count
from multiprocessing.process import BaseProcess
from typing import Any, Final

import msgspec

from agency_node.reading.line import FRAMES_WAITING, REPORT_SECONDS
from agency_node.reading.ports import Carriage, Feed, Frame, Leaving
from agency_node.reading.ticks import TICK, Tally
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import SealedAnswer
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger, error_name

FEED_SECONDS: Final = 1.0
"""How often the reader is told what the member list says."""
HEARD_SECONDS: Final = 15.0
"""A reader that has been told nothing for so long takes the broker for no member."""
END_SECONDS: Final = 5.0
MESSAGE_BYTES: Final = 64 * 1024 * 1024
_LENGTH_BYTES: Final = 4


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One of the messages; the order of fields is that of the form."""


Carried = tuple[tuple[bytes, int, bytes], ...]
"""Packets: each an exchange, an hour and what is sealed."""


class Came(_Message, frozen=True, array_like=True, tag="came"):
    """A frame, from the reader."""

    received_at: float
    queries: tuple[bytes, ...]
    packets: Carried


class Attached(_Message, frozen=True, array_like=True, tag="attached"):
    """Whether the stream to the broker is open, from the reader."""

    attached: bool


class Logged(_Message, frozen=True, array_like=True, tag="logged"):
    """An event for the log, from the reader."""

    level: str
    event: str
    fields: dict[str, int | str]


class Told(_Message, frozen=True, array_like=True, tag="told"):
    """What the member list says of carrying, from the worker."""

    carriage: Carriage


class Denied(_Message, frozen=True, array_like=True, tag="denied"):
    """The member list says that the broker may not carry, from the worker."""

    code: str


class Leave(_Message, frozen=True, array_like=True, tag="leave"):
    """The answers to a frame, from the worker; each is a hash, a part and what is sealed. Or else
    the packets in return."""

    at: float
    received_at: float
    answers: tuple[tuple[bytes, int, bytes], ...]
    packets: Carried


Message = Came | Attached | Logged | Told | Denied | Leave
_DECODER: Final = msgspec.msgpack.Decoder(Message)
_ENCODER: Final = msgspec.msgpack.Encoder()


class Channel:
    """One end. ``send`` does not wait; ``receive`` has one caller."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, message: Message) -> None:
        data = _ENCODER.encode(message)
        self._writer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)

    async def flush(self) -> None:
        """Wait until the other end takes what was sent. Raises ``Refused``: it has ended."""
        with _ended():
            await self._writer.drain()

    async def receive(self) -> Message:
        """Wait for the next message. Raises ``Refused``: the other end has ended."""
        with _ended():
            head = await self._reader.readexactly(_LENGTH_BYTES)
            length = int.from_bytes(head, "big")
            if length > MESSAGE_BYTES:
                raise Refused(Code.MALFORMED, "channel")
            message: Message = _DECODER.decode(await self._reader.readexactly(length))
            return message

    def close(self) -> None:
        self._writer.close()


@contextlib.contextmanager
def _ended() -> Any:
    try:
        yield
    except (OSError, EOFError):
        raise Refused(Code.UNAVAILABLE, "the other end of the channel") from None


async def until_one_ends(*parts: Coroutine[None, None, None]) -> None:
    """Run all until the first ends, end the others, and raise what the first raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ReaderProcess:
    """The worker's end: implements ``ports.Frames`` over the reader's process.

    Args:
        spawn: starts the reader, which is given its end of the channel.
    """

    def __init__(
        self, spawn: Callable[[socket.socket], BaseProcess], feed: Feed, clock: Clock, log: Logger
    ) -> None:
        self._spawn = spawn
        self._feed = feed
        self._clock = clock
        self._log = log
        self._behind = Tally(1, REPORT_SECONDS)
        self._waiting: deque[Frame] = deque()
        self._some = asyncio.Event()
        self._leaving: list[tuple[float, int, Leaving]] = []
        self._turns = count()
        self._more = asyncio.Event()
        self._attached = False

    @property
    def attached(self) -> bool:
        """Whether the stream to the broker is open."""
        return self._attached

    async def run(self) -> None:
        """Start the reader, and serve it until it ends. Raises ``Refused`` then; a further call
        starts another, and what was not handed back waits for it.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.to_thread(self._spawn, theirs)
        channel = await Channel.over(ours)
        try:
            await until_one_ends(self._hear(channel), self._tell(channel), self._hand_back(channel))
        finally:
            self._attached = False
            channel.close()
            await asyncio.to_thread(_end, process)

    async def next(self) -> Frame:
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()

    def leave(self, leaving: Leaving) -> None:
        heappush(self._leaving, (leaving.at, next(self._turns), leaving))
        self._more.set()

    async def _hear(self, channel: Channel) -> None:
        while True:
            match await channel.receive():
                case Came(received_at, queries, packets):
                    if len(self._waiting) >= FRAMES_WAITING:
                        due = self._behind.count(
                            received_at, queries=len(self._waiting.popleft().queries)
                        )
                        if due is not None:
                            self._log.warning("node.behind", **due)
                    self._waiting.append(Frame(received_at, queries, packets_of(packets)))
                    self._some.set()
                case Attached(attached):
                    self._attached = attached
                case Logged(level, event, fields):
                    {"info": self._log.info, "warning": self._log.warning}.get(
                        level, self._log.error
                    )(event, **fields)
                case _:
                    raise Refused(Code.MALFORMED, "channel")

    async def _tell(self, channel: Channel) -> None:
        while True:
            try:
                told = self._feed.carriage()
            except Refused as refused:
                channel.send(Denied(refused.code.value))
            else:
                channel.send(Told(told))
            await self._clock.sleep_until(self._clock.monotonic() + FEED_SECONDS)

    async def _hand_back(self, channel: Channel) -> None:
        """Hand answers back on the tick before they leave, and not when they are ready (attack:
        what the reader does at that moment is seen in how soon it answers a ping).
        """
        while True:
            self._more.clear()
            if not self._leaving:
                await self._more.wait()
                continue
            at = self._leaving[0][0] - TICK
            if self._clock.monotonic() < at:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._more.wait(), at - self._clock.monotonic())
                continue
            channel.send(leave_of(heappop(self._leaving)[2]))


def _end(process: BaseProcess) -> None:
    process.join(END_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


class HeardFeed:
    """The reader's end: implements ``ports.Feed`` from what the worker tells."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: Carriage | Code = Code.UNAVAILABLE
        self._heard_at = clock.monotonic()
        self._first = asyncio.Event()

    def hear(self, message: Told | Denied) -> None:
        self._heard_at = self._clock.monotonic()
        self._told = Code(message.code) if isinstance(message, Denied) else message.carriage
        self._first.set()

    async def heard(self) -> None:
        """Wait until something has been told."""
        await self._first.wait()

    def carriage(self) -> Carriage:
        if self._clock.monotonic() - self._heard_at > HEARD_SECONDS:
            raise Refused(Code.UNAVAILABLE, "member list")
        if isinstance(self._told, Code):
            raise Refused(self._told, "broker")
        return self._told


class RelayedLog:
    """The reader's end: a ``Logger`` whose events the worker's process writes."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def debug(self, event: str, /, **fields: object) -> None:
        """Leave it out: the log of the process would not show it."""

    def info(self, event: str, /, **fields: object) -> None:
        self._relay("info", event, fields.items())

    def warning(self, event: str, /, **fields: object) -> None:
        self._relay("warning", event, fields.items())

    def error(self, event: str, /, **fields: object) -> None:
        self._relay("error", event, fields.items())

    def _relay(self, level: str, event: str, fields: Iterable[tuple[str, object]]) -> None:
        told = {name: _plain(value) for name, value in fields}
        self._channel.send(Logged(level, event, told))


def _plain(value: object) -> int | str:
    if isinstance(value, BaseException):
        return error_name(value)
    return value if isinstance(value, int) else str(value)


def carried(packets: Packets) -> Carried:
    return tuple((each.exchange, each.hour, each.packet) for each in packets)


def packets_of(carried_: Carried) -> Packets:
    return Packets(tuple(CarriedPacket(*each) for each in carried_))


def leave_of(leaving: Leaving) -> Leave:
    answers = leaving.answers
    if isinstance(answers, Packets):
        return Leave(leaving.at, leaving.received_at, (), carried(answers))
    sealed = tuple((each.query_hash, each.part, each.sealed) for each in answers)
    return Leave(leaving.at, leaving.received_at, sealed, ())


def answers_of(message: Leave) -> Leaving:
    """Return the answers, or the packets, that a message of the worker holds."""
    answers = tuple(SealedAnswer(*answer) for answer in message.answers)
    return Leaving(message.at, message.received_at, answers or packets_of(message.packets))
