"""A published member list and a member that reads it; an issuer that takes deposits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from fakes.certificates import FakeAuthority
from fakes.federations import NOW
from fakes.member_list import NODE
from fakes.party_folder import asked_for
from fakes.repository import FakeRepository, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.runtime import rpc
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import Logger
from fingerpost.wire.v1 import member_list_pb2 as pb
from fingerpost.wire.v1 import member_list_pb2_grpc as stubs

ISSUER = Identity(listed().parameters.federation, listed().parameters.issuer, Party.ISSUER)


@dataclass
class World:
    """``listed``, published by ``repository`` and read by ``client``, which keeps it in
    ``folder/list``.
    """

    folder: Path
    repository: FakeRepository
    client: MemberListClient

    def refresh(self, now: float = NOW) -> Federation:
        return self.client.refresh(now)

    def reader(
        self, folder: str = "list", fetch: Callable[[str], bytes] | None = None
    ) -> MemberListClient:
        """Return another client of the same member. With the same ``folder`` it is that of a
        process that was started again.
        """
        fetch = fetch or self.repository.fetch
        return MemberListClient(self.folder / folder, self.repository.root, fetch, NODE)

    def restarted(self) -> MemberListClient:
        """Return the client of the process after a restart, while there is no network."""
        return self.reader(fetch=nobody)

    def publish(self, *, peppers: Iterable[SealedPepper] = (), **changed: Any) -> None:
        """Publish the list anew with these of its parts ``changed``."""
        self.repository.publish(replace(listed(NOW), **changed), peppers)

    def publish_with(self, path: str, content: bytes) -> None:
        """Publish the list anew with this content in place of the file at ``path``."""
        self.publish()
        self.repository.publish_files({**self.repository._targets, path: content}, DenyList())


def nobody(path: str) -> bytes:
    """What a client fetches from while there is no network."""
    raise Refused(Code.UNAVAILABLE, "no network")


@pytest.fixture
def world(tmp_path: Path) -> World:
    repository = FakeRepository(tmp_path, NOW)
    client = MemberListClient(tmp_path / "list", repository.root, repository.fetch, NODE)
    made = World(tmp_path, repository, client)
    made.publish()
    return made


class Files(stubs.MemberListServiceServicer):
    def __init__(self, read: Callable[[str], bytes]) -> None:
        self.read = read

    async def Fetch(self, request: pb.FetchRequest, context: Any) -> pb.FetchResponse:
        return pb.FetchResponse(content=self.read(request.path))


class Issuer(stubs.IssuerServiceServicer):
    """Takes any deposit but an empty one. Gives of a file its path."""

    def __init__(self) -> None:
        self.deposited: list[bytes] = []
        self.heads: list[bytes] = []

    async def Read(self, request: pb.ReadRequest, context: Any) -> pb.ReadResponse:
        return pb.ReadResponse(content=asked_for(request).encode())

    async def Certify(self, request: pb.CertifyRequest, context: Any) -> pb.CertifyResponse:
        return pb.CertifyResponse(certificates=b"certificate for " + request.envelope)

    async def Deposit(self, request: pb.DepositRequest, context: Any) -> pb.DepositResponse:
        if not request.envelope:
            raise Refused(Code.NOT_A_MEMBER, "signer")
        self.deposited.append(request.envelope)
        return pb.DepositResponse()

    async def DepositHeads(
        self, request: pb.DepositHeadsRequest, context: Any
    ) -> pb.DepositHeadsResponse:
        self.heads.insert(0, request.envelope)
        return pb.DepositHeadsResponse()

    async def ReadHeads(self, request: pb.ReadHeadsRequest, context: Any) -> pb.ReadHeadsResponse:
        return pb.ReadHeadsResponse(envelopes=self.heads)


class Running:
    """A server of both services on loopback."""

    def __init__(self, credentials: grpc.ServerCredentials, log: Logger) -> None:
        self.files = Files(lambda path: path.encode())
        self.issuer = Issuer()
        self.server = rpc.server(rpc.SERVER_NODES, rpc.Edge(log, longest=30))
        stubs.add_MemberListServiceServicer_to_server(self.files, self.server)
        stubs.add_IssuerServiceServicer_to_server(self.issuer, self.server)
        self.address = f"127.0.0.1:{rpc.listen(self.server, '127.0.0.1:0', credentials)}"


@asynccontextmanager
async def running(credentials: grpc.ServerCredentials, log: Logger) -> AsyncIterator[Running]:
    made = Running(credentials, log)
    await made.server.start()
    yield made
    await made.server.stop(None)


@pytest.fixture
async def issuer(authority: FakeAuthority, log: Logger) -> AsyncIterator[Running]:
    async with running(authority.server(ISSUER).without_client_certificates(), log) as made:
        yield made
