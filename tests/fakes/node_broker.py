"""A broker that a node dials for real: it sends the frames that a test puts in, and keeps what
comes back and when.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from fakes.certificates import FakeAuthority
from fakes.serving import serving
from fakes.waiting import until
from fingerpost.protocol.codec.carriage import read_from_node, write_queries
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import NodeHello, SealedAnswer
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import SERVER_NODES, peer_of
from fingerpost.wire.v1 import broker_pb2, broker_pb2_grpc, member_list_pb2, member_list_pb2_grpc

Fetch = Callable[[str], bytes]
ATTACH = "/fingerpost.wire.v1.NodeService/Attach"


@dataclass
class Attached:
    """One stream as the broker sees it. ``send`` a frame of queries; ``refuse`` or ``hang_up`` ends
    it.
    """

    peer: Identity
    hello: NodeHello | None = None
    frames: list[tuple[float, tuple[SealedAnswer, ...]]] = field(default_factory=list)
    packets: list[CarriedPacket] = field(default_factory=list)
    _out: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    _got: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, *queries: bytes) -> None:
        self._out.put_nowait(write_queries(queries))

    def send_raw(self, message: broker_pb2.AttachResponse) -> None:
        self._out.put_nowait(message)

    def refuse(self, refused: Refused) -> None:
        self._out.put_nowait(refused)

    def hang_up(self) -> None:
        self._out.put_nowait(None)

    async def answers(self, count: int) -> list[SealedAnswer]:
        """Once so many have come."""
        while sum(len(frame) for _, frame in self.frames) < count:
            self._got.clear()
            await self._got.wait()
        return [answer for _, frame in self.frames for answer in frame]


class NodeBroker(
    broker_pb2_grpc.NodeServiceServicer, member_list_pb2_grpc.MemberListServiceServicer
):
    def __init__(self, fetch: Fetch | None = None) -> None:
        self._fetch = fetch
        self.streams: list[Attached] = []

    async def Attach(
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        stream = Attached(peer_of(context).identity)

        async def read() -> None:
            async for message in request_iterator:
                at = time.monotonic()
                value = read_from_node(message)
                if isinstance(value, NodeHello):
                    stream.hello = value
                    self.streams.append(stream)
                else:
                    if isinstance(value, Packets):
                        stream.packets += value
                    else:
                        stream.frames.append((at, value))
                    stream._got.set()

        reading = asyncio.create_task(read())
        try:
            while (frame := await stream._out.get()) is not None:
                if isinstance(frame, Refused):
                    raise frame
                yield frame
        finally:
            stream.ended.set()
            reading.cancel()
            with suppress(BaseException):
                await reading

    async def Fetch(self, request: member_list_pb2.FetchRequest, context: Any) -> Any:
        assert self._fetch is not None
        return member_list_pb2.FetchResponse(content=self._fetch(request.path))

    async def stream(self, number: int = 1, of: MemberId | None = None) -> Attached:
        """The ``number``-th stream that said hello, of this node or of any, once there is one."""

        def found() -> list[Attached]:
            return [s for s in self.streams if of in (None, s.peer.member)]

        await until(lambda: len(found()) >= number)
        return found()[number - 1]


def listening(
    broker: NodeBroker, authority: FakeAuthority, identity: Identity, address: str
) -> AbstractAsyncContextManager[grpc.aio.Server]:
    def add(server: grpc.aio.Server) -> None:
        broker_pb2_grpc.add_NodeServiceServicer_to_server(broker, server)
        member_list_pb2_grpc.add_MemberListServiceServicer_to_server(broker, server)

    credentials = authority.server(identity).credentials()
    return serving(address, credentials, add, options=SERVER_NODES, streams={ATTACH: 3660.0})
