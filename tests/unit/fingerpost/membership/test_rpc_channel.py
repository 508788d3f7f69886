"""Who is called must still be a member, at each call and while nothing is called."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import grpc.aio
import pytest

from fakes.certificates import FakeAuthority
from fakes.clock import ManualClock
from fakes.federations import HOLDERS, NOW
from fakes.node_world import BROKER, FEDERATION, ISSUER, NODE, a_federation
from fakes.party_folder import free_address
from fakes.refusals import refused
from fakes.serving import serving
from fakes.waiting import until
from fingerpost.membership import rpc_channel
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.rpc_channel import Redialled, require_in_office
from fingerpost.protocol import limits
from fingerpost.protocol.errors import CallRule, Code
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CODE_KEY

ADDRESS = "127.0.0.1:9"
PEERS = [
    Identity(FEDERATION, BROKER, Party.BROKER),
    Identity(FEDERATION, HOLDERS[0], Party.KEY_HOLDER),
    Identity(FEDERATION, HOLDERS[1], Party.KEY_HOLDER),
]
OTHER = MemberId("other")


def denied(federation: Federation, peer: Identity) -> Federation:
    return replace(federation, deny=DenyList(members=frozenset({peer.member})))


def unlisted(federation: Federation, peer: Identity) -> Federation:
    members = {k: v for k, v in federation.members.items() if k != peer.member}
    return replace(federation, members=members)


def replaced(federation: Federation, peer: Identity) -> Federation:
    """Return a list in which the peer is still a member, and another has its office."""
    parameters = federation.parameters
    holders = tuple(OTHER if h == peer.member else h for h in parameters.key_holders)
    broker = OTHER if peer.party is Party.BROKER else parameters.broker
    changed = replace(parameters, broker=broker, key_holders=(holders[0], holders[1]))
    return replace(federation, parameters=changed)


@pytest.fixture
def members() -> MemberList:
    members = MemberList()
    members.update(a_federation())
    return members


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def peer() -> Identity:
    """The peer that is called where a test does not name another."""
    return PEERS[0]


@pytest.fixture
async def redialled(
    authority: FakeAuthority, members: MemberList, peer: Identity, clock: ManualClock
) -> AsyncIterator[Redialled]:
    tls = authority.client(Identity(FEDERATION, NODE, Party.NODE))
    made = Redialled(ADDRESS, tls, peer, clock, members)
    yield made
    await made.close()


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: str(peer.member))
@pytest.mark.parametrize("change", [denied, unlisted, replaced])
async def test_a_channel_to_one_that_was_put_out_is_closed_and_none_is_dialled(
    redialled: Redialled,
    members: MemberList,
    peer: Identity,
    clock: ManualClock,
    change: Callable[[Federation, Identity], Federation],
) -> None:
    before = redialled.channel()
    assert redialled.channel() is before
    listed = members.current
    members.update(change(listed, peer))
    await clock.settle()
    with pytest.raises(grpc.aio.UsageError):
        await before.unary_unary("/x/Y", bytes, bytes)(b"")
    with refused(Code.NOT_A_MEMBER):
        redialled.channel()
    members.update(listed)
    assert redialled.channel() is not before


async def test_an_expired_list_calls_nobody(redialled: Redialled, clock: ManualClock) -> None:
    redialled.channel()
    clock.advance(limits.DAY)
    with refused(Code.UNTRUSTED_METADATA) as caught, redialled.call():
        raise AssertionError
    assert caught.value.asked == PEERS[0].at(ADDRESS)


async def test_a_list_that_changes_for_others_leaves_the_channel(
    redialled: Redialled, members: MemberList
) -> None:
    before = redialled.channel()
    members.update(denied(members.current, PEERS[1]))
    assert redialled.channel() is before


async def test_a_peer_that_was_not_reached_is_dialled_anew(redialled: Redialled) -> None:
    before = redialled.channel()
    with refused(Code.UNAVAILABLE) as caught, redialled.call() as channel:
        assert channel is before
        await channel.unary_unary("/x/Y", bytes, bytes)(b"", timeout=5)
    assert caught.value.asked == PEERS[0].at(ADDRESS)
    assert redialled.channel() is not before


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_channel, "QUIET_SECONDS", 0.01)


async def test_a_peer_that_accepts_no_connection_is_given_up_before_the_deadline(
    authority: FakeAuthority, members: MemberList, clock: ManualClock
) -> None:
    """A process that is stopped: the system takes connections for it, and nobody speaks."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        tls = authority.client(Identity(FEDERATION, NODE, Party.NODE))
        redialled = Redialled(f"{host}:{port}", tls, PEERS[0], clock, members)
        before = redialled.channel()
        async with asyncio.timeout(600):
            with refused(Code.UNAVAILABLE, CallRule.TOO_LATE) as caught:
                await redialled.soon(lambda to: _unary(to, seconds=3600))
        assert caught.value.asked == PEERS[0].at(f"{host}:{port}")
        assert redialled.channel() is not before
        await redialled.close()


async def test_a_peer_that_is_only_busy_is_waited_for(
    authority: FakeAuthority,
    members: MemberList,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    monkeypatch.setattr(rpc_channel, "CONNECT_SECONDS", 60.0)
    may_answer = asyncio.Event()

    async def answer(request: bytes, context: Any) -> bytes:
        await may_answer.wait()
        return request

    def add(server: grpc.aio.Server) -> None:
        method = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("x", {"Y": method}),))

    address = free_address()
    async with serving(address, authority.server(PEERS[0]).credentials(), add, longest=600.0):
        tls = authority.client(Identity(FEDERATION, NODE, Party.NODE))
        redialled = Redialled(address, tls, PEERS[0], clock, members)
        calls = [
            asyncio.create_task(redialled.soon(lambda to: _unary(to, seconds=600)))
            for _ in range(3)
        ]
        await until(lambda: redialled._look is not None and redialled._look.done())
        may_answer.set()
        assert await asyncio.gather(*calls) == [b"x"] * 3
        await redialled.close()


async def _unary(channel: grpc.aio.Channel, *, seconds: float) -> bytes:
    answer: bytes = await channel.unary_unary("/x/Y", bytes, bytes)(b"x", timeout=seconds)
    return answer


async def test_a_peer_that_refuses_keeps_its_channel(redialled: Redialled) -> None:
    before = redialled.channel()
    said = grpc.aio.Metadata((CODE_KEY, Code.QUOTA.value))
    status = grpc.StatusCode.RESOURCE_EXHAUSTED
    quota = grpc.aio.AioRpcError(status, grpc.aio.Metadata(), said, "", "")
    with refused(Code.QUOTA), redialled.call():
        raise quota
    with pytest.raises(KeyError), redialled.call():
        raise KeyError
    assert redialled.channel() is before


async def test_once_closed_it_leaves_the_list(redialled: Redialled, members: MemberList) -> None:
    await redialled.close()
    assert not members._subscribers


@pytest.mark.parametrize(
    ("member", "party"),
    [
        (NODE, Party.NODE),
        (BROKER, Party.KEY_HOLDER),
        (HOLDERS[0], Party.BROKER),
        (OTHER, Party.BROKER),
    ],
)
def test_who_has_no_office_is_not_called(member: MemberId, party: Party) -> None:
    with refused(Code.NOT_A_MEMBER):
        require_in_office(a_federation(), Identity(FEDERATION, member, party))


def test_the_issuer_has_one() -> None:
    require_in_office(a_federation(), Identity(FEDERATION, ISSUER, Party.ISSUER))
