"""Construct the parts of the reader's process, which holds the stream to the broker and nothing
else: no record, no key of the node but that of its certificate. Construct the gate, too, for each
process that opens channels.
"""

from __future__ import annotations

import asyncio
import random
import signal
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import grpc.aio

from agency_node.reading.channel import (
    Attached,
    Came,
    Channel,
    Denied,
    HeardFeed,
    Leave,
    RelayedLog,
    Told,
    answers_of,
    carried,
    until_one_ends,
)
from agency_node.reading.gate import Gate, stand
from agency_node.reading.grpc_broker import BrokerStream
from agency_node.reading.line import Line
from fingerpost.protocol.errors import Code, Refused
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.runtime.run import Task, reconnect
from fingerpost.runtime.tls import ClientTls
from fingerpost.runtime.worker_processes import begin

LOOK_SECONDS: Final = 0.25
"""How often the worker is told whether the stream is attached, if that has changed."""
READER_SECONDS: Final = 1.0
"""After this time a reader, or a gate, that ended is started again."""


@asynccontextmanager
async def through_a_gate(
    addresses: Iterable[str], env: Env
) -> AsyncIterator[tuple[Env, Mapping[str, Task]]]:
    """Give the environment in which all channels go through a gate, and the gate's tasks.

    Args:
        addresses: all that channels are opened to, host:port.
    """
    if env.beside is None:
        yield env, {}
        return
    gate = Gate(partial(env.beside, stand), addresses, env.log)
    try:
        await asyncio.to_thread(gate.start)
        again = env.every(READER_SECONDS, 0.0, gate.run, "gate")
        yield replace(env, route=gate.route), {"gate": again}
    finally:
        await asyncio.to_thread(gate.close)


@dataclass(frozen=True, slots=True)
class Door:
    """Where the broker is, who it must prove to be, and the files of this node's certificate."""

    address: str
    tls: ClientTls
    broker: Identity

    def dial(self) -> grpc.aio.Channel:
        return connect(self.address, self.tls, self.broker, options=CLIENT_FRAMES)


def read_stream(end: socket.socket, door: Door) -> None:
    """Read the stream until the worker's end of the channel is closed: the reader's process.

    It ignores the signals that stop a service: the worker stops first, and the channel with it.
    """
    begin()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(_read(end, door))


async def _read(end: socket.socket, door: Door) -> None:
    clock, channel = SystemClock(), await Channel.over(end)
    feed, log = HeardFeed(clock), RelayedLog(channel)
    line = Line(feed, clock, log)
    draw = random.SystemRandom().random
    stream = BrokerStream(door.dial, line, feed, clock, log, random=draw)

    async def attach() -> None:
        await feed.heard()
        await reconnect(stream.attach, clock, random=draw, log=log, name="broker")

    try:
        await until_one_ends(
            _hear(channel, feed, line),
            _hand_over(line, channel),
            _look(stream, channel, clock),
            line.run(),
            attach(),
        )
    except Refused:
        pass  # the worker has ended
    finally:
        channel.close()


async def _hear(channel: Channel, feed: HeardFeed, line: Line) -> None:
    while True:
        match await channel.receive():
            case Told() | Denied() as told:
                feed.hear(told)
            case Leave() as message:
                line.leave(answers_of(message))
            case _:
                raise Refused(Code.MALFORMED, "channel")


async def _hand_over(line: Line, channel: Channel) -> None:
    """Hand frames over. Only this task waits when the worker does not take them; what comes
    meanwhile waits in the line, which leaves out what is too old.
    """
    while True:
        frame = await line.next()
        channel.send(Came(frame.received_at, frame.queries, carried(frame.packets)))
        await channel.flush()


async def _look(stream: BrokerStream, channel: Channel, clock: Clock) -> None:
    attached = False
    while True:
        if stream.attached != attached:
            attached = stream.attached
            channel.send(Attached(attached))
        await clock.sleep_until(clock.monotonic() + LOOK_SECONDS)
