"""Serve gateways by gRPC: one call is one lookup."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

import grpc
import grpc.aio

from broker.service import Broker
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import read_lookup, write_event
from fingerpost.protocol.codec.strict import parse
from fingerpost.runtime.rpc import peer_of
from fingerpost.wire.v1 import broker_pb2

SERVICE: Final = "fingerpost.wire.v1.LookupService"
LONGEST_SECONDS: Final = 20.0
"""How long a lookup may last: the longest gathering time that parameters may state, and time for a
slow gateway to read."""

Context = grpc.aio.ServicerContext[bytes, broker_pb2.LookupResponse]


class RequestersEdge:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def lookup(
        self, request: bytes, context: Context
    ) -> AsyncIterator[broker_pb2.LookupResponse]:
        query, submission = read_lookup(
            parse(broker_pb2.LookupRequest, request, limits.MESSAGE_BYTES)
        )
        # Nothing may go on running for a gateway that has left: the lookup ends with the call.
        async with aclosing(self._broker.lookup(peer_of(context), query, submission)) as events:
            async for event in events:
                yield write_event(event)


def add_to(server: grpc.aio.Server, broker: Broker) -> None:
    handler = grpc.unary_stream_rpc_method_handler(
        RequestersEdge(broker).lookup,
        response_serializer=broker_pb2.LookupResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Lookup": handler}),)
    )
