"""Member list, certificates and deposits over real TLS on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import grpc.aio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.certificates import FakeAuthority
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.member_list import NODE as MEMBER
from fakes.refusals import refused
from fakes.repository import FakeRepository, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.rpc_issuer import IssuerClient
from fingerpost.membership.rpc_member_list import MemberListFetcher, at_issuer
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.tls import AuthorityOnly
from unit.fingerpost.membership.conftest import ISSUER, Running, running

FEDERATION = listed().parameters.federation
BROKER = Identity(FEDERATION, listed().parameters.broker, Party.BROKER)
NODE = Identity(FEDERATION, MEMBER, Party.NODE)


@pytest.fixture
async def broker(authority: FakeAuthority, log: Logger) -> AsyncIterator[Running]:
    async with running(authority.server(BROKER).credentials(), log) as made:
        yield made


async def require_refused(code: Code, fetch: MemberListFetcher, path: str = "x") -> None:
    with refused(code):
        await asyncio.to_thread(fetch, path)


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
        repository.publish(listed(now))
        broker.files.read = repository.fetch
        client = MemberListClient(tmp_path / "list", repository.root, fetch)
        federation = await asyncio.to_thread(client.refresh, now)
        assert federation.parameters == listed(now).parameters
        assert len(federation.members) == 7

    async def test_no_such_file(self, broker: Running, fetch: MemberListFetcher) -> None:
        broker.files.read = refusing(Code.NOT_ALLOWED)
        await require_refused(Code.NOT_ALLOWED, fetch, "metadata/2.root.json")

    async def test_the_longest_file_and_a_longer_one(
        self, broker: Running, fetch: MemberListFetcher
    ) -> None:
        broker.files.read = lambda path: bytes(int(path))
        assert len(await asyncio.to_thread(fetch, f"{512 * 1024}")) == 512 * 1024
        await require_refused(Code.MALFORMED, fetch, f"{512 * 1024 + 1}")
        await require_refused(Code.MALFORMED, fetch, f"{1024 * 1024}")  # stopped by gRPC

    async def test_a_fault_of_the_server(self, broker: Running, fetch: MemberListFetcher) -> None:
        nothing: dict[str, bytes] = {}
        broker.files.read = lambda path: nothing[path]
        await require_refused(Code.UNAVAILABLE, fetch)

    async def test_somebody_else_s_server(self, broker: Running, authority: FakeAuthority) -> None:
        fetch = MemberListFetcher(broker.address, authority.client(NODE).credentials, ISSUER)
        await require_refused(Code.UNAVAILABLE, fetch)
        fetch.close()

    async def test_without_a_certificate_the_broker_says_nothing(
        self, broker: Running, authority: FakeAuthority
    ) -> None:
        fetch = MemberListFetcher(broker.address, AuthorityOnly(authority.file).credentials, BROKER)
        await require_refused(Code.UNAVAILABLE, fetch)
        fetch.close()

    async def test_the_issuer_asks_for_no_certificate(
        self, issuer: Running, authority: FakeAuthority
    ) -> None:
        key = Ed25519PrivateKey.generate()
        fetch = MemberListFetcher(
            issuer.address,
            AuthorityOnly(authority.file).credentials,
            ISSUER,
            at_issuer(FEDERATION, MEMBER, key, ManualClock(NOW)),
        )
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
            await require_refused(refuses, fetch)
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
        await issuer.server.stop(None)
        with refused(Code.UNAVAILABLE):
            await client.certify(b"request")

    async def test_another_in_its_place(self, issuer: Running, authority: FakeAuthority) -> None:
        client = IssuerClient(issuer.address, authority.file, BROKER)
        with refused(Code.UNAVAILABLE):
            await client.certify(b"request")
