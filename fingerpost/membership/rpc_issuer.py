"""gRPC edge: what a member asks of the issuer.

Law: the issuer shows its certificate, the member shows none; what is asked is signed by the
member's signing key. One channel for each call, since calls are days apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import grpc
import grpc.aio

from fingerpost.protocol.codec.strict import refuse_unknown
from fingerpost.runtime.env import Dialler
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import asking, connect, refused_from
from fingerpost.runtime.tls import AuthorityOnly
from fingerpost.wire.v1 import member_list_pb2 as pb
from fingerpost.wire.v1 import member_list_pb2_grpc as stubs

CALL_SECONDS: Final = 15.0


class IssuerClient:
    """Calls the issuer. Each call raises ``Refused``: the issuer's code, UNAVAILABLE, or MALFORMED
    for a bad answer.
    """

    def __init__(
        self, address: str, authority: Path, issuer: Identity, dialler: Dialler = connect
    ) -> None:
        """
        Args:
            address: host:port.
            authority: the file of the certificate authority.
            issuer: the identity that the server's certificate must show.
        """
        self._address = address
        self._tls = AuthorityOnly(authority)
        self._issuer = issuer
        self._connect = dialler
        self.asked = issuer.at(address)

    async def certify(self, envelope: bytes) -> bytes:
        """Send a signed ``CertifyStatement``; return certificate and chain (PEM, leaf first), which
        ``renewal`` checks.
        """
        request = pb.CertifyRequest(envelope=envelope)
        async with self._stub() as stub:
            response = await stub.Certify(request, timeout=CALL_SECONDS)
            refuse_unknown(response)
            return response.certificates

    async def deposit(self, envelope: bytes) -> None:
        """Deposit a signed ``EpochKeyStatement`` for the next publication. May be repeated."""
        request = pb.DepositRequest(envelope=envelope)
        async with self._stub() as stub:
            refuse_unknown(await stub.Deposit(request, timeout=CALL_SECONDS))

    async def deposit_heads(self, envelope: bytes) -> None:
        """Leave a signed ``HeadsStatement``. May be repeated, with a later time."""
        request = pb.DepositHeadsRequest(envelope=envelope)
        async with self._stub() as stub:
            refuse_unknown(await stub.DepositHeads(request, timeout=CALL_SECONDS))

    async def heads(self, envelope: bytes) -> tuple[bytes, ...]:
        """Send a signed ``ReadHeadsStatement``; return envelopes, the newest first."""
        request = pb.ReadHeadsRequest(envelope=envelope)
        async with self._stub() as stub:
            response = await stub.ReadHeads(request, timeout=CALL_SECONDS)
            refuse_unknown(response)
            return tuple(response.envelopes)

    @asynccontextmanager
    async def _stub(self) -> AsyncIterator[stubs.IssuerServiceStub]:
        with asking(self.asked):
            async with self._connect(self._address, self._tls, self._issuer) as channel:
                try:
                    yield stubs.IssuerServiceStub(channel)
                except grpc.aio.AioRpcError as error:
                    raise refused_from(error) from None
