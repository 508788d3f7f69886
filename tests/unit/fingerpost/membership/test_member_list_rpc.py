"""Member list, certificates and deposits over real TLS on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from fakes.certificates import FakeAuthority
from fakes.refusals import refused
from fakes.repository import FakeRepository, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.rpc_issuer import IssuerClient, authority_only
from fingerpost.membership.rpc_member_list import MemberListFetcher
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import rpc
from fingerpost.runtime.identity import Identity, Party
from fingerpost.runtime.logs import Logger
from fingerpost.wire.v1 import member_list_pb2 as pb
from fingerpost.wire.v1 import member_list_pb2_grpc as stubs

FEDERATION = FederationId("test-federation")
BROKER = Identity(FEDERATION, MemberId("broker-1"), Party.BROKER)
ISSUER = Identity(FEDERATION, MemberId("issuer-1"), Party.ISSUER)
NODE = Identity(FEDERATION, MemberId("node-north"), Party.NODE)


class Files(stubs.MemberListServiceServicer):
    def __init__(self, read: Callable[[str], bytes]) -> None:
        self.read = read

    async def Fetch(self, request: pb.FetchRequest, context: Any) -> pb.FetchResponse:
        return pb.FetchResponse(content=self.read(request.path))


class Issuer(stubs.IssuerServiceServicer):
    def __init__(self) -> None:
        self.deposited: list[bytes] = []

    async def Certify(self, request: pb.CertifyRequest, context: Any) -> pb.CertifyResponse:
        return pb.CertifyResponse(certificates=b"certificate for " + request.envelope)

    async def Deposit(self, request: pb.DepositRequest, context: Any) -> pb.DepositResponse:
        if not request.envelope:
            raise Refused(Code.NOT_A_MEMBER, "signer")
        self.deposited.append(request.envelope)
        return pb.DepositResponse()


class Running:
    """A server of both services on loopback."""

    def __init__(self, credentials: grpc.ServerCredentials, log: Logger) -> None:
        self.files = Files(lambda path: path.encode())
        self.issuer = Issuer()
        self.address = ""
        self._credentials = credentials
        self._log = log
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = rpc.server(rpc.SERVER_NODES, rpc.Edge(self._log, longest=30))
        stubs.add_MemberListServiceServicer_to_server(self.files, self._server)
        stubs.add_IssuerServiceServicer_to_server(self.issuer, self._server)
        port = self._server.add_secure_port("127.0.0.1:0", self._credentials)
        self.address = f"127.0.0.1:{port}"
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


@pytest.fixture
async def broker(authority: FakeAuthority, log: Logger) -> AsyncIterator[Running]:
    running = Running(authority.server(BROKER).credentials(), log)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def issuer(authority: FakeAuthority, log: Logger) -> AsyncIterator[Running]:
    running = Running(authority.server(ISSUER).without_client_certificates(), log)
    await running.start()
    yield running
    await running.stop()


async def refusal(fetch: MemberListFetcher, path: str) -> Code:
    with pytest.raises(Refused) as refused:
        await asyncio.to_thread(fetch, path)
    return refused.value.code


def refusing(code: Code) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        raise Refused(code, "path")

    return read


class TestFetching:
    @pytest.fixture
    async def fetch(
        self, broker: Running, authority: FakeAuthority
    ) -> AsyncIterator[MemberListFetcher]:
        made = MemberListFetcher(broker.address, authority.client(NODE).credentials, BROKER)
        yield made
        made.close()

    async def test_a_member_s_whole_list(
        self, broker: Running, fetch: MemberListFetcher, tmp_path: Path
    ) -> None:
        now = time.time()
        repository = FakeRepository(tmp_path, now)
        repository.publish(*listed(now).parts)
        broker.files.read = repository.fetch
        client = MemberListClient(tmp_path / "list", repository.root, fetch)
        federation = await asyncio.to_thread(client.refresh, now)
        assert federation.parameters == listed(now).parameters
        assert len(federation.members) == 7

    async def test_no_such_file(self, broker: Running, fetch: MemberListFetcher) -> None:
        broker.files.read = refusing(Code.NOT_ALLOWED)
        assert await refusal(fetch, "metadata/2.root.json") is Code.NOT_ALLOWED

    async def test_the_longest_file_and_a_longer_one(
        self, broker: Running, fetch: MemberListFetcher
    ) -> None:
        broker.files.read = lambda path: bytes(int(path))
        assert len(await asyncio.to_thread(fetch, f"{512 * 1024}")) == 512 * 1024
        assert await refusal(fetch, f"{512 * 1024 + 1}") is Code.MALFORMED
        assert await refusal(fetch, f"{1024 * 1024}") is Code.MALFORMED  # stopped by gRPC

    async def test_a_fault_of_the_server(self, broker: Running, fetch: MemberListFetcher) -> None:
        nothing: dict[str, bytes] = {}
        broker.files.read = lambda path: nothing[path]
        assert await refusal(fetch, "x") is Code.UNAVAILABLE

    async def test_somebody_else_s_server(self, broker: Running, authority: FakeAuthority) -> None:
        fetch = MemberListFetcher(broker.address, authority.client(NODE).credentials, ISSUER)
        assert await refusal(fetch, "x") is Code.UNAVAILABLE
        fetch.close()

    async def test_without_a_certificate_the_broker_says_nothing(
        self, broker: Running, authority: FakeAuthority
    ) -> None:
        fetch = MemberListFetcher(broker.address, lambda: authority_only(authority.file), BROKER)
        assert await refusal(fetch, "x") is Code.UNAVAILABLE
        fetch.close()

    async def test_the_issuer_asks_for_no_certificate(
        self, issuer: Running, authority: FakeAuthority
    ) -> None:
        fetch = MemberListFetcher(issuer.address, lambda: authority_only(authority.file), ISSUER)
        assert await asyncio.to_thread(fetch, "x") == b"x"
        fetch.close()

    async def test_after_a_failure_the_newest_certificate_is_used(
        self, broker: Running, authority: FakeAuthority
    ) -> None:
        read: list[grpc.ChannelCredentials] = []

        def credentials() -> grpc.ChannelCredentials:
            read.append(authority.client(NODE).credentials())
            return read[-1]

        fetch = MemberListFetcher(broker.address, credentials, BROKER)
        for _ in range(3):
            assert await asyncio.to_thread(fetch, "x") == b"x"
        assert len(read) == 1
        for refuses in (Code.NOT_ALLOWED, Code.NOT_A_MEMBER):
            broker.files.read = refusing(refuses)
            assert await refusal(fetch, "x") is refuses
        broker.files.read = lambda path: path.encode()
        assert await asyncio.to_thread(fetch, "x") == b"x"
        assert len(read) == 2
        fetch.close()
        assert await asyncio.to_thread(fetch, "x") == b"x"  # opens again
        fetch.close()


class TestIssuer:
    @pytest.fixture
    def client(self, issuer: Running, authority: FakeAuthority) -> IssuerClient:
        return IssuerClient(issuer.address, authority.file, ISSUER)

    async def test_certifies_and_takes_deposits(
        self, issuer: Running, client: IssuerClient
    ) -> None:
        assert await client.certify(b"request") == b"certificate for request"
        await client.deposit(b"key")
        await client.deposit(b"key")
        assert issuer.issuer.deposited == [b"key", b"key"]

    async def test_a_refusal_keeps_its_code(self, client: IssuerClient) -> None:
        with refused(Code.NOT_A_MEMBER):
            await client.deposit(b"")

    async def test_one_that_is_away(self, issuer: Running, client: IssuerClient) -> None:
        await issuer.stop()
        with refused(Code.UNAVAILABLE):
            await client.certify(b"request")

    async def test_somebody_else_in_its_place(
        self, issuer: Running, authority: FakeAuthority
    ) -> None:
        client = IssuerClient(issuer.address, authority.file, BROKER)
        with refused(Code.UNAVAILABLE):
            await client.certify(b"request")
