"""The issuer as members meet it: over TLS, without a certificate of their own."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc.aio import AioRpcError

from authority.issuer import wiring
from authority.issuer.service import Issuer
from authority.issuer.wiring import Watch
from fakes.clock import ManualClock
from fakes.opened import running
from fakes.refusals import refused_over_the_wire
from fingerpost.protocol import federation_files as files
from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import (
    CertifyStatement,
    EpochKeyStatement,
    HeadsStatement,
    ReadHeadsStatement,
    ReadStatement,
    write_certify,
    write_epoch_key,
    write_heads,
    write_read,
    write_read_heads,
)
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime import logs, rpc, tls
from fingerpost.runtime.clock import SteadyClock
from fingerpost.runtime.env import Env
from fingerpost.runtime.health import probe
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.tls import AuthorityOnly
from fingerpost.runtime.witness import PutBack
from fingerpost.wire.v1 import member_list_pb2 as pb
from fingerpost.wire.v1 import member_list_pb2_grpc as pb_grpc
from unit.authority.conftest import DAY, EPOCH, FEDERATION, ISSUER, NODE, World

SECONDS = 20.0
ISSUER_IDENTITY = Identity(FEDERATION, ISSUER, Party.ISSUER)


def quiet_log() -> Logger:
    return logs.configure("issuer", wiring.LOG_EVENTS, strict=True, stream=io.StringIO())


@dataclass
class Served:
    world: World
    opened: wiring.Opened
    clock: ManualClock

    def channel(self, identity: Identity = ISSUER_IDENTITY) -> grpc.aio.Channel:
        authority = AuthorityOnly(self.world.folder / "certificate-authority.pem")
        return rpc.connect(
            f"127.0.0.1:{self.opened.port}", authority, identity, options=rpc.CLIENT_FRAMES
        )


@pytest.fixture
async def served(published: World) -> AsyncIterator[Served]:
    published.change_issuer_settings("127.0.0.1:7443", "127.0.0.1:0")
    clock, log = ManualClock(published.now), quiet_log()
    async with running(wiring.open(published.issuer_settings, Env(clock, log)), log) as issuer:
        yield Served(published, issuer, clock)


async def test_a_member_without_a_certificate_gets_one(served: Served) -> None:
    key = tls.make_key()
    own = Identity(FEDERATION, NODE, Party.NODE)
    statement = CertifyStatement(
        FEDERATION, NODE, int(served.world.now), os.urandom(32), tls.make_csr(key, own)
    )
    envelope = write_certify(statement, served.world.keys[NODE])
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        reply = await stub.Certify(pb.CertifyRequest(envelope=envelope), timeout=SECONDS)
        assert tls.certificate_lifetime(reply.certificates)[1] > served.world.now
        with refused_over_the_wire(Code.REPLAYED):
            await stub.Certify(pb.CertifyRequest(envelope=envelope), timeout=SECONDS)


async def test_a_deposit_is_taken(served: Served) -> None:
    statement = EpochKeyStatement(FEDERATION, NODE, EPOCH, bytes(1216), int(served.world.now))
    envelope = write_epoch_key(statement, served.world.keys[NODE])
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        await stub.Deposit(pb.DepositRequest(envelope=envelope), timeout=SECONDS)
    assert served.world.ceremony.inbox.envelope(EPOCH, NODE) == envelope


async def test_an_issuer_whose_record_was_put_back_does_not_serve(served: Served) -> None:
    found, opened = served.world.issuer_settings, served.opened
    assert found.health is not None
    record, copy = found.deny_list, found.deny_list.read_bytes()
    served.world.suspend(NODE)
    newest = record.read_bytes()
    await opened.look()
    assert await probe(found.health)
    record.write_bytes(copy)
    with pytest.raises(PutBack):
        await opened.look()
    assert not await probe(found.health)
    record.write_bytes(newest)
    await opened.look()
    assert await probe(found.health)


async def test_heads_are_taken_and_given_back(served: Served) -> None:
    now, key = int(served.world.now), served.world.keys[NODE]
    envelope = write_heads(HeadsStatement(FEDERATION, NODE, now, 0, bytes(84)), key)
    asked = write_read_heads(ReadHeadsStatement(FEDERATION, NODE, now, 0, now + 1), key)
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        await stub.DepositHeads(pb.DepositHeadsRequest(envelope=envelope), timeout=SECONDS)
        with refused_over_the_wire(Code.REPLAYED):
            await stub.DepositHeads(pb.DepositHeadsRequest(envelope=envelope), timeout=SECONDS)
        reply = await stub.ReadHeads(pb.ReadHeadsRequest(envelope=asked), timeout=SECONDS)
    assert list(reply.envelopes) == [envelope]


def read_request(
    served: Served, path: str, member: MemberId = NODE, key: Ed25519PrivateKey | None = None
) -> pb.ReadRequest:
    statement = ReadStatement(FEDERATION, member, path, int(served.world.now))
    return pb.ReadRequest(envelope=write_read(statement, key or served.world.keys[member]))


async def test_the_list_is_served_and_nothing_beside_it(served: Served) -> None:
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        reply = await stub.Read(read_request(served, "metadata/root.json"), timeout=SECONDS)
        assert reply.content == served.world.ceremony.trusted_root()
        for path in ("metadata/../.lock", "targets/members/nobody.json"):
            with refused_over_the_wire(Code.NOT_ALLOWED):
                await stub.Read(read_request(served, path), timeout=SECONDS)


@pytest.mark.parametrize("path", ["metadata/timestamp.json", f"targets/{files.member_path(NODE)}"])
async def test_a_stranger_is_shown_no_file(served: Served, path: str) -> None:
    """Nobody whose key is not in the list, under whatever name."""
    key = Ed25519PrivateKey.generate()
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        with refused_over_the_wire(Code.BAD_SIGNATURE):
            await stub.Read(read_request(served, path, NODE, key), timeout=SECONDS)
        with refused_over_the_wire(Code.NOT_A_MEMBER):
            stranger = read_request(served, path, MemberId("stranger"), key)
            await stub.Read(stranger, timeout=SECONDS)
        with refused_over_the_wire(Code.MALFORMED):
            await stub.Read(pb.ReadRequest(), timeout=SECONDS)
        unsigned = pb_grpc.MemberListServiceStub(channel)
        with pytest.raises(AioRpcError) as unknown:
            await unsigned.Fetch(pb.FetchRequest(path=path), timeout=SECONDS)
    assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_file_as_long_as_allowed_passes(served: Served) -> None:
    path = served.world.folder / "repository" / "targets" / files.member_path(NODE)
    path.write_bytes(bytes(512 * 1024))
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        request = read_request(served, f"targets/{files.member_path(NODE)}")
        assert len((await stub.Read(request, timeout=SECONDS)).content) == 512 * 1024


async def test_an_envelope_too_long_is_refused(served: Served) -> None:
    async with served.channel() as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        with refused_over_the_wire(Code.MALFORMED):
            await stub.Certify(pb.CertifyRequest(envelope=bytes(9000)), timeout=SECONDS)


async def test_a_server_that_is_not_the_issuer_is_not_believed(served: Served) -> None:
    """Attack: a member with a certificate of the same authority stands in the issuer's place."""
    other = Identity(FEDERATION, NODE, Party.ISSUER)
    async with served.channel(other) as channel:
        stub = pb_grpc.IssuerServiceStub(channel)
        with pytest.raises(AioRpcError) as refused:
            await stub.Read(read_request(served, "metadata/root.json"), timeout=SECONDS)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_second_process_on_one_state_is_refused(served: Served) -> None:
    """Two would sign two versions of one number."""
    log = logs.get_logger("issuer")
    with pytest.raises(Defect, match="another process runs this issuer"):
        async with wiring.open(served.world.issuer_settings, Env(served.clock, log)):
            pytest.fail("opened")


async def test_the_port_taken_is_said_plainly(published: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        published.change_issuer_settings("127.0.0.1:7443", address)
        env = Env(ManualClock(published.now), quiet_log())
        with pytest.raises(Defect, match="cannot be listened on"):
            async with wiring.open(published.issuer_settings, env):
                pytest.fail("opened")


# ---- watching the disk -----------------------------------------------------------------------


@dataclass
class Watching:
    """An issuer that looks at the disk when the test says so."""

    world: World
    issuer: Issuer
    clock: ManualClock

    def __post_init__(self) -> None:
        self.steady = SteadyClock(self.clock, limits.CLOCK_SKEW_SECONDS)
        self.log = io.StringIO()
        log = logs.configure("issuer", wiring.LOG_EVENTS, strict=True, stream=self.log)
        self.watch = Watch(self.issuer, self.world.issuer_settings, self.steady, log)

    async def look(self, after: float = 0) -> None:
        self.clock.advance(after)
        await self.watch.look()

    def held(self, role: str) -> bytes | None:
        """Return what is published of ``role``, or None before there is any."""
        path = self.world.metadata / f"{role}.json"
        return path.read_bytes() if path.exists() else None


@pytest.fixture
def watching(world: World) -> Iterator[Watching]:
    with world.issuer() as (issuer, _):
        yield Watching(world, issuer, ManualClock(world.now))


async def test_a_change_is_signed_at_the_next_look(published: World, watching: Watching) -> None:
    await watching.look()
    before = watching.held("snapshot")
    await watching.look()
    assert watching.held("snapshot") == before
    published.rename_home()
    published.ceremony.publish(published.now)
    await watching.look(after=1)
    assert watching.held("snapshot") != before


async def test_a_suspension_by_hand_is_taken_up(published: World, watching: Watching) -> None:
    await watching.look()
    published.suspend(NODE)
    await watching.look(after=1)
    assert watching.issuer._roll is not None
    assert NODE in watching.issuer._roll.deny.members


async def test_the_timestamp_follows_the_clock(published: World, watching: Watching) -> None:
    await watching.look()
    before = watching.held("timestamp")
    await watching.look(after=599)
    assert watching.held("timestamp") == before
    await watching.look(after=1)
    assert watching.held("timestamp") != before


@pytest.mark.parametrize("jump", [100 * DAY, -100 * DAY])
async def test_a_clock_that_jumps_is_not_signed(
    published: World, watching: Watching, jump: int
) -> None:
    """All others go by the issuer's time: it goes on by the monotonic clock, and says so."""
    await watching.look()
    watching.clock.step_wall(jump)
    for _ in range(3):
        await watching.look(after=600)
    signed = published.online.repository.signed_at(published.ceremony.trusted_root())
    assert signed == int(published.now) + 1800
    assert watching.log.getvalue().count('"clock.jumped"') == 1
    watching.clock.step_wall(-jump)
    await watching.look(after=600)
    assert watching.steady.ahead == 0


@pytest.mark.parametrize(("behind", "starts"), [(60, True), (61, False), (10 * DAY, False)])
async def test_an_issuer_does_not_start_behind_its_own_last_word(
    published: World, behind: int, starts: bool
) -> None:
    published.change_issuer_settings("127.0.0.1:7443", "127.0.0.1:0")
    log = quiet_log()
    back = Env(ManualClock(int(published.now) - behind), log)
    if starts:
        async with wiring.open(published.issuer_settings, back):
            return
    with pytest.raises(Defect, match="behind the last timestamp"):
        async with wiring.open(published.issuer_settings, back):
            pytest.fail("opened")
    # A person decides that this clock is right, and the other was ahead.
    published.refresh(int(published.now) - behind)
    async with wiring.open(published.issuer_settings, back):
        pass


async def test_nothing_published_yet_is_waited_for(world: World, watching: Watching) -> None:
    await watching.look()
    assert watching.held("snapshot") is None
    world.ceremony.publish(world.now)
    await watching.look()
    assert watching.held("snapshot") is not None
