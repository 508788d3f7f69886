"""The node's edge to the broker: one stream, which the node dials.

No agency opens a port. The certificate proves that the other end is the broker. The member list is
checked at each frame and every few seconds for whether the broker is still a member, since a stream
outlives the certificate that opened it. A frame is trusted only by the signatures in it.

The stream is always read, and nothing that is done with a frame is waited for (attack: see
``line``).

A stream is renewed before it is old and before its certificate ends. The new stream is opened
first, so that there is no gap: what the broker sent on the old one is still read, and all answers
leave on the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio

from agency_node.reading.line import Line
from agency_node.reading.ports import Answered, Feed
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import (
    read_queries,
    write_answers,
    write_hello,
)
from fingerpost.protocol.codec.packets import read_packets, write_packets_to_broker
from fingerpost.protocol.codec.strict import parse
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import NodeHello, in_frames
from fingerpost.protocol.packets import Packets
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import refused_from
from fingerpost.wire.v1 import broker_pb2

ATTACH: Final = "/fingerpost.wire.v1.NodeService/Attach"
CONNECT_SECONDS: Final = 10.0
RENEW_SECONDS: Final = 3000.0
"""A new stream is opened before the broker ends the old one, which is after 54 to 60 minutes."""
RENEW_JITTER_SECONDS: Final = 300.0
CERTIFICATE_MARGIN_SECONDS: Final = 60.0
LEAST_SECONDS: Final = 30.0
OLD_STREAM_SECONDS: Final = 10.0
"""How long an old stream is read; the broker has ended it by then."""
MEMBERSHIP_SECONDS: Final = 5.0
"""How often the broker's membership is checked while no frame comes."""

EVENTS: Final = {"stream.attached": frozenset({"metadata_version"})}

_EOF: Final[object] = grpc.aio.EOF  # type: ignore[attr-defined]  # the stubs do not have it


@dataclass(frozen=True, slots=True)
class _Stream:
    channel: grpc.aio.Channel
    call: Any
    reading: asyncio.Task[None]


class BrokerStream:
    """The node's stream to the broker.

    Args:
        dial: opens a channel on which only the broker can prove to be the other end.
        line: takes the frames that come and gives the answers that leave.
        random: returns a number in [0, 1), which spreads the renewals of many nodes.
    """

    def __init__(
        self,
        dial: Callable[[], grpc.aio.Channel],
        line: Line,
        feed: Feed,
        clock: Clock,
        log: Logger,
        *,
        random: Callable[[], float],
    ) -> None:
        self._dial = dial
        self._line = line
        self._feed = feed
        self._clock = clock
        self._log = log
        self._random = random
        self._current: _Stream | None = None
        self._writing = asyncio.Lock()
        self._old: set[asyncio.Task[None]] = set()

    @property
    def attached(self) -> bool:
        return self._current is not None

    async def attach(self) -> None:
        """Hold one stream after another without a gap until one breaks. Raises ``Refused``."""
        lasting: tuple[asyncio.Task[None], ...] = ()
        try:
            await self._open()
            lasting = asyncio.create_task(self._send()), asyncio.create_task(self._watch())
            while True:
                await self._until_old(lasting)
                old = self._current
                await self._open()
                if old is not None:
                    self._read_out(old)
        finally:
            last, self._current = self._current, None
            ending = (*lasting, *self._old)
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
            if last is not None:
                await _close(last)

    async def _open(self) -> None:
        """Open a new stream, on which answers leave from now on. Raises ``Refused``."""
        version = self._feed.carriage().metadata_version
        channel = self._dial()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await channel.channel_ready()
            method: Any = channel.stream_stream(
                ATTACH,
                request_serializer=broker_pb2.AttachRequest.SerializeToString,
                response_deserializer=_as_it_came,
            )
            call = method(timeout=limits.STREAM_AGE_SECONDS + 60.0)
            # The hello is the first message on the new stream, and after it nothing is sent on the
            # old one.
            async with self._writing:
                with _refusals():
                    await call.write(write_hello(NodeHello(version)))
                reading = asyncio.create_task(self._read(call))
                self._current = _Stream(channel, call, reading)
        except TimeoutError:
            await channel.close(None)
            raise Refused(Code.UNAVAILABLE, "broker") from None
        except BaseException:
            await channel.close(None)
            raise
        self._log.info("stream.attached", metadata_version=version)

    async def _until_old(self, lasting: tuple[asyncio.Task[None], ...]) -> None:
        """Return when it is time for a new stream. Raises ``Refused`` if this one ends before."""
        stream = self._current
        if stream is None:
            raise Refused(Code.UNAVAILABLE, "stream")
        age = RENEW_SECONDS - self._random() * RENEW_JITTER_SECONDS
        ends = self._feed.carriage().certificate_ends
        certified = ends - self._clock.now() - CERTIFICATE_MARGIN_SECONDS
        lasts = max(LEAST_SECONDS, min(age, certified))
        timer = asyncio.create_task(self._clock.sleep_until(self._clock.monotonic() + lasts))
        try:
            await asyncio.wait(
                (stream.reading, *lasting, timer), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            timer.cancel()
        for task in (stream.reading, *lasting):
            if task.done():
                task.result()
                raise Refused(Code.UNAVAILABLE, "stream ended")

    async def _read(self, call: Any) -> None:
        """Read until the broker ends the stream without an error. Raises ``Refused`` otherwise."""
        while True:
            with _refusals():
                data = await call.read()
            received_at = self._clock.monotonic()  # one moment for the whole frame
            if data is _EOF:
                return
            message = parse(broker_pb2.AttachResponse, data, limits.FRAME_BYTES)
            self._line.take(received_at, read_queries(message), read_packets(message.packets))

    async def _send(self) -> None:
        """Send answers as they leave. Raises ``Refused`` when the present stream has ended."""
        while True:
            answers = await self._line.departure()
            async with self._writing:
                stream = self._current
                if stream is None:
                    raise Refused(Code.UNAVAILABLE, "stream")
                self._feed.carriage()
                await _write(stream, answers)

    async def _watch(self) -> None:
        """Check the broker's membership while no frame comes. Raises ``Refused``."""
        while True:
            await self._clock.sleep_until(self._clock.monotonic() + MEMBERSHIP_SECONDS)
            self._feed.carriage()

    def _read_out(self, old: _Stream) -> None:
        async def read_out() -> None:
            try:
                await asyncio.wait((old.reading,), timeout=OLD_STREAM_SECONDS)
            finally:
                await _close(old)

        task = asyncio.create_task(read_out())
        self._old.add(task)
        task.add_done_callback(self._old.discard)


async def _write(stream: _Stream, answers: Answered) -> None:
    if isinstance(answers, Packets):
        with _refusals():
            await stream.call.write(write_packets_to_broker(answers))
        return
    for some in in_frames(answers):
        with _refusals():
            await stream.call.write(write_answers(some))


async def _close(stream: _Stream) -> None:
    """Cancel, await, close, in this order."""
    stream.call.cancel()
    stream.reading.cancel()
    await asyncio.gather(stream.reading, return_exceptions=True)
    await stream.channel.close(None)


def _as_it_came(data: bytes) -> bytes:
    """Return the bytes; they are parsed after the moment of receipt, where a fault is refused."""
    return data


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise refused_from(error) from None
    except (asyncio.InvalidStateError, grpc.aio.UsageError):
        # gRPC raises these for a call that is over.
        raise Refused(Code.UNAVAILABLE, "stream ended") from None
