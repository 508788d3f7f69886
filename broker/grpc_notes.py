"""Serve gateways by gRPC: one call is one exchange of packets with a node."""

from __future__ import annotations

from typing import Final

import grpc
import grpc.aio

from broker.service import Broker
from fingerpost.protocol import limits
from fingerpost.protocol.codec.packets import read_exchange, write_exchanged
from fingerpost.protocol.codec.strict import parse
from fingerpost.runtime.rpc import peer_of
from fingerpost.wire.v1 import notes_pb2

SERVICE: Final = "fingerpost.wire.v1.NoteService"

Context = grpc.aio.ServicerContext[bytes, notes_pb2.ExchangeResponse]


class NotesEdge:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def exchange(self, request: bytes, context: Context) -> notes_pb2.ExchangeResponse:
        parsed = parse(notes_pb2.ExchangeRequest, request, limits.MESSAGE_BYTES)
        node, hour, packet = read_exchange(parsed)
        return write_exchanged(await self._broker.exchange(peer_of(context), node, hour, packet))


def add_to(server: grpc.aio.Server, broker: Broker) -> None:
    handler = grpc.unary_unary_rpc_method_handler(
        NotesEdge(broker).exchange,
        response_serializer=notes_pb2.ExchangeResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Exchange": handler}),)
    )
