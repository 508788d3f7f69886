"""The gateway's edge to the broker: submits once, hands on events as values."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fingerpost.membership.rpc_channel import Redialled
from fingerpost.protocol.codec.carriage import read_event, write_lookup
from fingerpost.protocol.messages import LookupEvent
from fingerpost.wire.v1 import broker_pb2_grpc

LONGEST_SECONDS = 15.0
"""The deadline of the call itself; the client stops waiting earlier."""


class GrpcBroker:
    """Implements ``ports.Broker``."""

    def __init__(self, broker: Redialled) -> None:
        self._broker = broker

    async def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent, None]:
        with self._broker.call() as channel:
            call = broker_pb2_grpc.LookupServiceStub(channel).Lookup(
                write_lookup(query, submission), timeout=LONGEST_SECONDS
            )
            try:
                async for message in call:
                    yield read_event(message)
            finally:
                call.cancel()
