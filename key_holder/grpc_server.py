"""Serve a key holder by gRPC: identify the caller, and turn messages into values and back."""

from __future__ import annotations

from typing import Any

import grpc.aio

from fingerpost.protocol.codec.carriage import read_blinded, write_evaluated
from fingerpost.runtime.rpc import peer_of
from fingerpost.wire.v1 import key_holder_pb2, key_holder_pb2_grpc
from key_holder.service import KeyHolder


class KeyHolderEdge(key_holder_pb2_grpc.KeyHolderServiceServicer):
    def __init__(self, service: KeyHolder) -> None:
        self._service = service

    async def Evaluate(
        self,
        request: key_holder_pb2.EvaluateRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> key_holder_pb2.EvaluateResponse:
        return write_evaluated(
            await self._service.evaluate(peer_of(context), read_blinded(request))
        )


def add_to(server: grpc.aio.Server, service: KeyHolder) -> None:
    key_holder_pb2_grpc.add_KeyHolderServiceServicer_to_server(KeyHolderEdge(service), server)
