"""The gateway's edge to the broker for exchanges of packets with nodes."""

from __future__ import annotations

from typing import Final

from fingerpost.membership.rpc_channel import Redialled
from fingerpost.protocol.codec.packets import read_exchanged, write_exchange
from fingerpost.protocol.ids import MemberId
from fingerpost.wire.v1 import notes_pb2_grpc

LONGEST_SECONDS: Final = 15.0


class GrpcExchanges:
    """Implements ``ports.Exchanges``."""

    def __init__(self, broker: Redialled) -> None:
        self._broker = broker

    async def exchange(self, node: MemberId, hour: int, packet: bytes) -> bytes:
        with self._broker.call() as channel:
            stub = notes_pb2_grpc.NoteServiceStub(channel)
            request = write_exchange(node, hour, packet)
            return read_exchanged(await stub.Exchange(request, timeout=LONGEST_SECONDS))
