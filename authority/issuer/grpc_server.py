"""Serve the issuer by gRPC: hand the bytes of messages to the service, which decides."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio

from authority.issuer.service import Issuer
from fingerpost.protocol.codec.statements import STATEMENT_BYTES
from fingerpost.protocol.codec.strict import refuse_unknown
from fingerpost.protocol.errors import Code, Refused
from fingerpost.runtime.clock import Clock
from fingerpost.wire.v1 import member_list_pb2 as pb
from fingerpost.wire.v1 import member_list_pb2_grpc as pb_grpc

_Request = (
    pb.CertifyRequest
    | pb.ReadRequest
    | pb.DepositRequest
    | pb.DepositHeadsRequest
    | pb.ReadHeadsRequest
)


class IssuerServicer(pb_grpc.IssuerServiceServicer):
    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock

    async def Certify(self, request: pb.CertifyRequest, context: Any) -> pb.CertifyResponse:
        envelope = _bounded(request, request.envelope)
        pem = await asyncio.to_thread(self._issuer.certify, envelope, self._clock.now())
        return pb.CertifyResponse(certificates=pem)

    async def Read(self, request: pb.ReadRequest, context: Any) -> pb.ReadResponse:
        envelope = _bounded(request, request.envelope)
        content = await asyncio.to_thread(self._issuer.read, envelope, self._clock.now())
        return pb.ReadResponse(content=content)

    async def Deposit(self, request: pb.DepositRequest, context: Any) -> pb.DepositResponse:
        envelope = _bounded(request, request.envelope)
        await asyncio.to_thread(self._issuer.deposit, envelope, self._clock.now())
        return pb.DepositResponse()

    async def DepositHeads(
        self, request: pb.DepositHeadsRequest, context: Any
    ) -> pb.DepositHeadsResponse:
        envelope = _bounded(request, request.envelope)
        await asyncio.to_thread(self._issuer.deposit_heads, envelope, self._clock.now())
        return pb.DepositHeadsResponse()

    async def ReadHeads(self, request: pb.ReadHeadsRequest, context: Any) -> pb.ReadHeadsResponse:
        envelope = _bounded(request, request.envelope)
        found = await asyncio.to_thread(self._issuer.heads, envelope, self._clock.now())
        return pb.ReadHeadsResponse(envelopes=found)


def add_services(server: grpc.aio.Server, issuer: Issuer, clock: Clock) -> None:
    pb_grpc.add_IssuerServiceServicer_to_server(IssuerServicer(issuer, clock), server)


def _bounded(request: _Request, envelope: bytes) -> bytes:
    refuse_unknown(request)
    if len(envelope) > STATEMENT_BYTES:
        raise Refused(Code.MALFORMED, "envelope too long")
    return envelope
