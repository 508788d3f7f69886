"""The issuer as members meet it: over TLS, without a certificate of their own."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import grpc
import pytest
from grpc.aio import AioRpcError

from authority import changes
from authority.issuer import wiring
from authority.issuer.wiring import Watch
from fakes.clock import ManualClock
from fakes.opened import running
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.codec.statements import (
    CertifyStatement,
    EpochKeyStatement,
    write_certify,
    write_epoch_key,
)
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import DenyList
from fingerpost.runtime import logs, rpc, tls
from fingerpost.runtime.env import Env
from fingerpost.runtime.tls import AuthorityOnly, Identity
from fingerpost.wire.v1 import member_list_pb2 as pb
from fingerpost.wire.v1 import member_list_pb2_grpc as pb_grpc
from unit.authority.conftest import EPOCH, FEDERATION, HOME, ISSUER, NODE, World

SECONDS = 20.0


@dataclass
class Served:
    world: World
    port: int
    clock: ManualClock

    def channel(self, identity: Identity) -> grpc.aio.Channel:
        authority = AuthorityOnly(self.world.folder / "certificate-authority.pem")
        return rpc.connect(f"127.0.0.1:{self.port}", authority, identity, options=rpc.CLIENT_FRAMES)


@pytest.fixture
async def served(published: World) -> AsyncIterator[Served]:
    path = published.folder / "online" / "issuer.toml"
    path.write_text(path.read_text().replace("127.0.0.1:7443", "127.0.0.1:0"))
    clock = ManualClock(published.now)
    log = logs.configure("issuer", wiring.LOG_EVENTS, strict=True, stream=io.StringIO())
    async with running(wiring.open(published.issuer_settings, Env(clock, log)), log) as issuer:
        yield Served(published, issuer.port, clock)


def identity() -> Identity:
    return Identity(FEDERATION, ISSUER, tls.Party.ISSUER)


async def test_a_member_without_a_certificate_gets_one(served: Served) -> None:
    key = tls.make_key()
    own = Identity(FEDERATION, NODE, tls.Party.NODE)
    statement = CertifyStatement(
        FEDERATION, NODE, int(served.world.now), os.urandom(32), tls.make_csr(key, own)
    )
    envelope = write_certify(statement, served.world.keys[NODE])
    async with served.channel(identity()) as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        reply = await stub.Certify(pb.CertifyRequest(envelope=envelope), timeout=SECONDS)
        assert tls.certificate_lifetime(reply.certificates)[1] > served.world.now
        with pytest.raises(AioRpcError) as again:
            await stub.Certify(pb.CertifyRequest(envelope=envelope), timeout=SECONDS)
    assert rpc.refused_from(again.value).code is Code.REPLAYED


async def test_a_deposit_is_taken(served: Served) -> None:
    statement = EpochKeyStatement(FEDERATION, NODE, EPOCH, bytes(1216), int(served.world.now))
    envelope = write_epoch_key(statement, served.world.keys[NODE])
    async with served.channel(identity()) as channel:
        await pb_grpc.IssuerServiceStub(channel).Deposit(
            pb.DepositRequest(envelope=envelope), timeout=SECONDS
        )
    assert served.world.ceremony.inbox.envelope(EPOCH, NODE) == envelope


async def test_the_list_is_served_and_nothing_beside_it(served: Served) -> None:
    async with served.channel(identity()) as channel:
        stub = pb_grpc.MemberListServiceStub(channel)
        reply = await stub.Fetch(pb.FetchRequest(path="metadata/root.json"), timeout=SECONDS)
        assert reply.content == served.world.ceremony.trusted_root()
        for path in ("metadata/../.lock", "targets/members/nobody.json", "x" * 10_000):
            with pytest.raises(AioRpcError) as refused:
                await stub.Fetch(pb.FetchRequest(path=path), timeout=SECONDS)
            assert rpc.refused_from(refused.value).code is Code.NOT_ALLOWED


async def test_a_file_as_long_as_allowed_passes(served: Served) -> None:
    path = served.world.folder / "repository" / "targets" / files.member_path(NODE)
    path.write_bytes(bytes(512 * 1024))
    async with served.channel(identity()) as channel:
        stub = pb_grpc.MemberListServiceStub(channel)
        request = pb.FetchRequest(path=f"targets/{files.member_path(NODE)}")
        assert len((await stub.Fetch(request, timeout=SECONDS)).content) == 512 * 1024


async def test_an_envelope_too_long_is_refused(served: Served) -> None:
    async with served.channel(identity()) as channel:
        with pytest.raises(AioRpcError) as refused:
            await pb_grpc.IssuerServiceStub(channel).Certify(
                pb.CertifyRequest(envelope=bytes(9000)), timeout=SECONDS
            )
    assert rpc.refused_from(refused.value).code is Code.MALFORMED


async def test_a_server_that_is_not_the_issuer_is_not_believed(served: Served) -> None:
    """Attack: a member with a certificate of the same authority stands in the issuer's place."""
    other = Identity(FEDERATION, NODE, tls.Party.ISSUER)
    async with served.channel(other) as channel:
        with pytest.raises(AioRpcError) as refused:
            await pb_grpc.MemberListServiceStub(channel).Fetch(
                pb.FetchRequest(path="metadata/root.json"), timeout=SECONDS
            )
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_port_taken_is_said_plainly(served: Served) -> None:
    path = served.world.folder / "online" / "issuer.toml"
    path.write_text(path.read_text().replace("127.0.0.1:0", f"127.0.0.1:{served.port}"))
    log = logs.get_logger("issuer")
    with pytest.raises(Defect, match="cannot be listened on"):
        async with wiring.open(served.world.issuer_settings, Env(served.clock, log)):
            pytest.fail("opened")


# ---- watching the disk -----------------------------------------------------------------------


@pytest.fixture
def watching(published: World) -> Iterator[tuple[World, Watch, ManualClock]]:
    found = published.issuer_settings
    audit = wiring.open_audit(found)
    issuer = wiring.open_issuer(found, audit)
    clock = ManualClock(published.now)
    log = logs.configure("issuer", wiring.LOG_EVENTS, strict=True, stream=io.StringIO())
    yield published, Watch(issuer, found, clock, log), clock
    audit.close()


def version(world: World) -> bytes:
    return (world.metadata / "snapshot.json").read_bytes()


async def test_a_publication_is_signed_at_the_next_look(
    watching: tuple[World, Watch, ManualClock],
) -> None:
    world, watch, clock = watching
    await watch.look()
    before = version(world)
    await watch.look()
    assert version(world) == before
    world.ceremony.change(lambda d: changes.add_area(d, HOME, "Renamed"))
    world.ceremony.publish(world.now)
    clock.advance(1)
    await watch.look()
    assert version(world) != before


async def test_a_suspension_by_the_command_line_is_taken_up(
    watching: tuple[World, Watch, ManualClock],
) -> None:
    world, watch, clock = watching
    await watch.look()
    world.online.change_deny_list(lambda _: DenyList(frozenset({NODE})), world.now)
    clock.advance(1)
    await watch.look()
    issuer = watch._issuer
    assert issuer._roll is not None
    assert NODE in issuer._roll.deny.members


async def test_the_timestamp_follows_the_clock(watching: tuple[World, Watch, ManualClock]) -> None:
    world, watch, clock = watching
    await watch.look()
    path = world.metadata / "timestamp.json"
    before = path.read_bytes()
    clock.advance(599)
    await watch.look()
    assert path.read_bytes() == before
    clock.advance(1)
    await watch.look()
    assert path.read_bytes() != before


async def test_nothing_published_yet_is_waited_for(world: World) -> None:
    found = world.issuer_settings
    audit = wiring.open_audit(found)
    issuer = wiring.open_issuer(found, audit)
    clock = ManualClock(world.now)
    log = logs.configure("issuer", wiring.LOG_EVENTS, strict=True, stream=io.StringIO())
    watch = Watch(issuer, found, clock, log)
    await watch.look()
    assert not (world.metadata / "snapshot.json").exists()
    world.ceremony.publish(world.now)
    await watch.look()
    assert (world.metadata / "snapshot.json").exists()
    audit.close()
