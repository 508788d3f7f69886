"""Serve nodes by gRPC: each has one bidirectional stream.

Messages are read as bytes and parsed here, so that bytes that do not parse are refused as malformed
and end this stream alone. gRPC bounds a frame (1 MiB) before it is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import grpc
import grpc.aio

from broker.service import Broker, FromNode, ToNode
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import read_from_node, write_queries
from fingerpost.protocol.codec.packets import write_packets_to_node
from fingerpost.protocol.codec.strict import parse
from fingerpost.protocol.packets import Packets
from fingerpost.runtime.rpc import peer_of
from fingerpost.wire.v1 import broker_pb2

SERVICE: Final = "fingerpost.wire.v1.NodeService"
ATTACH: Final = f"/{SERVICE}/Attach"
STREAMS: Final = {ATTACH: limits.STREAM_AGE_SECONDS + 60.0}
"""The broker ends a stream in good order before the edge cuts it."""

Context = grpc.aio.ServicerContext[bytes, broker_pb2.AttachResponse]


class NodesEdge:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def attach(self, requests: AsyncIterator[bytes], context: Context) -> None:
        async def send(frame: ToNode) -> None:
            if isinstance(frame, Packets):
                await context.write(write_packets_to_node(frame))
            else:
                await context.write(write_queries(frame))

        await self._broker.attach(peer_of(context), _incoming(requests), send)


async def _incoming(requests: AsyncIterator[bytes]) -> AsyncIterator[FromNode]:
    async for request in requests:
        yield read_from_node(parse(broker_pb2.AttachRequest, request, limits.FRAME_BYTES))


def add_to(server: grpc.aio.Server, broker: Broker) -> None:
    handler = grpc.stream_stream_rpc_method_handler(
        NodesEdge(broker).attach,
        response_serializer=broker_pb2.AttachResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Attach": handler}),)
    )
