"""Who gets in: certificates and the member list, at every real port.

Each port refuses alike: without papers of our authority no handler begins; with papers of a wrong
role, member or service the call ends with a code. What is refused leaves no trace in a store.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc.aio
import pytest
from cryptography import x509

from broker.service import REVIEW_SECONDS
from broker.wiring import EVENTS
from fakes.certificates import FakeAuthority, Papers
from fakes.clock import ManualClock
from fakes.federations import HOLDERS
from fakes.waiting import until
from fingerpost.membership.list_sources import ListSources
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import DenyList, Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity, subject_names
from fingerpost.wire.v1 import key_holder_pb2, member_list_pb2
from integration.running_federation import (
    BROKER,
    COUNCIL,
    ELM,
    GATEWAY,
    GP,
    ISSUER,
    OAK,
    PORTS,
    QUESTION,
    SCHOOLS,
    SPARE,
    Door,
    Federation,
    identity,
    running,
    statuses,
)
from integration.wire_callers import (
    ATTACH,
    EVALUATE,
    FETCH,
    HELLO,
    LOOKUP,
    Ended,
    Refusal,
    ask,
    attach,
    dial,
    require_not_heard,
    require_refused,
    tls_context,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

NODE = identity(SPARE, Party.NODE)
REQUESTER = identity(GATEWAY, Party.GATEWAY)
OWN = {"nodes": NODE, "requesters": REQUESTER, "holder": REQUESTER}
"""Whom each port is there for."""
NO_MEMBER = {
    "nodes": (Code.NOT_A_MEMBER,),
    "requesters": (Code.NOT_A_MEMBER, Code.MALFORMED),  # what is sent there is no query
    "holder": (Code.NOT_A_MEMBER,),
}
"""With which codes each refuses who is no member."""


async def knock(door: Door, papers: Papers | None, method: str = "", data: bytes = b"") -> Ended:
    method = method or PORTS[door.port]
    async with door.dial(papers) as channel:
        if method == ATTACH:
            return await attach(channel, [HELLO])
        return await ask(channel, method, data)


@pytest.fixture(params=list(PORTS))
def door(federation: Federation, request: pytest.FixtureRequest) -> Door:
    return federation.door(request.param)


async def test_without_papers_of_the_authority_no_handler_begins(
    federation: Federation, door: Door, tmp_path: Path
) -> None:
    authority, own = federation.authority, OWN[door.port]
    stranger = FakeAuthority.create(tmp_path / "another")
    day = timedelta(days=1)
    refused = (
        None,
        stranger.issue(own),
        authority.issue(own, starts_in=-7 * day, ends_in=-day / 24),  # expired
        authority.issue(own, starts_in=day, ends_in=2 * day),  # not begun
    )
    before, kept = door.party.tape.began.total(), door.kept()
    for papers in refused:
        require_not_heard(await knock(door, papers), grpc.StatusCode.UNAVAILABLE)
    assert door.party.tape.began.total() == before
    assert door.kept() == kept
    # The same with good papers comes to a handler, which speaks in codes.
    assert isinstance(await knock(door, authority.issue(own)), Refusal | tuple)
    assert door.party.tape.began.total() == before + 1


def impostors() -> dict[str, Identity]:
    return {
        "another federation": Identity(FederationId("elsewhere"), SPARE, Party.NODE),
        "unlisted node": identity(MemberId("nobody"), Party.NODE),
        "unlisted gateway": identity(MemberId("nobody"), Party.GATEWAY),
        "a gateway as node": identity(GATEWAY, Party.NODE),
        "a node as gateway": identity(SPARE, Party.GATEWAY),
        "the broker": identity(BROKER, Party.BROKER),
        "the issuer": identity(ISSUER, Party.ISSUER),
        "a key holder": identity(HOLDERS[1], Party.KEY_HOLDER),
        "a key holder as gateway": identity(HOLDERS[1], Party.GATEWAY),
    }


@pytest.mark.parametrize("name", impostors())
async def test_a_wrong_member_role_or_service_is_refused(
    federation: Federation, door: Door, name: str
) -> None:
    """All with the same code, and before anything is written."""
    kept = door.kept()
    data = valid_batch() if door.port == "holder" else b""
    ended = await knock(door, federation.authority.issue(impostors()[name]), data=data)
    require_refused(ended, *NO_MEMBER[door.port])
    assert door.kept() == kept


def valid_batch(elements: int = 32, workload: int = 1) -> bytes:
    return key_holder_pb2.EvaluateRequest(
        epoch=1,
        workload=workload,  # type: ignore[arg-type]
        blinded=secrets.token_bytes(32 * elements),
    ).SerializeToString()


async def test_each_port_is_for_its_own_callers(federation: Federation) -> None:
    """A node's papers on the requesters' port and a gateway's on the nodes' port, in full form."""
    request, _ = await honest_messages(federation)
    node, requester = federation.authority.issue(NODE), federation.authority.issue(REQUESTER)
    for port, papers, method, data, code in (
        ("requesters", node, LOOKUP, request, Code.NOT_A_MEMBER),
        ("nodes", requester, ATTACH, b"", Code.NOT_A_MEMBER),
        ("holder", node, EVALUATE, valid_batch(), Code.NOT_ALLOWED),
        ("holder", requester, EVALUATE, valid_batch(256, 2), Code.NOT_ALLOWED),
    ):
        door = federation.door(port)
        kept = door.kept()
        ended = await knock(door, papers, method, data)
        require_refused(ended, code)
        assert door.kept() == kept
    # And a service of the other port is not there at all.
    for port, method in (("requesters", ATTACH), ("nodes", LOOKUP), ("holder", LOOKUP)):
        door = federation.door(port)
        ended = await knock(door, federation.authority.issue(OWN[port]), method)
        require_not_heard(ended, grpc.StatusCode.UNIMPLEMENTED)


async def test_a_certificate_with_a_second_name_is_nobodys(
    federation: Federation, door: Door
) -> None:
    own = OWN[door.port]
    other = identity(SCHOOLS, Party.NODE)
    names = [*subject_names(own), *subject_names(other)]
    for attempt in (names, names[:3], names[1:], [*subject_names(own), x509.DNSName("localhost")]):
        papers = federation.authority.issue(own, names=x509.SubjectAlternativeName(attempt))
        ended = await knock(door, papers, data=valid_batch())
        require_refused(ended, *NO_MEMBER[door.port])


async def test_nobody_speaks_to_a_server_that_shows_anothers_papers(
    federation: Federation,
) -> None:
    """A listed key holder at the broker's address, for a gateway; the broker at a holder's."""
    papers, root = federation.authority.issue(REQUESTER), federation.authority.file.read_bytes()
    broker, (first, second) = federation.broker, federation.holders
    for address, tape, expected in (
        (first.address, first.tape, broker.me),
        (broker.requesters, broker.tape, first.me),
        (second.address, second.tape, first.me),
    ):
        before = tape.began.total()
        async with dial(address, root, papers, expected) as channel:
            ended = await ask(channel, EVALUATE, valid_batch())
        require_not_heard(ended, grpc.StatusCode.UNAVAILABLE)
        assert tape.began.total() == before


async def test_tls_below_1_3_is_not_spoken(
    federation: Federation, door: Door, tmp_path: Path
) -> None:
    """Nor is HTTP/1.1, and the same client with 1.3 gets through."""
    papers = federation.authority.issue(OWN[door.port]).write(tmp_path)

    def shake_hands(version: ssl.TLSVersion) -> str | None:
        context = tls_context(federation.authority.file, papers, version)
        host, port = door.address.split(":")
        with (
            socket.create_connection((host, int(port)), 5) as plain,
            context.wrap_socket(plain, server_hostname=door.party.me.server_name) as safe,
        ):
            safe.settimeout(5)
            assert safe.version() == "TLSv1.3"
            assert safe.recv(9)  # the server's SETTINGS: it took the client's papers
            return safe.selected_alpn_protocol()

    assert await asyncio.to_thread(shake_hands, ssl.TLSVersion.TLSv1_3) == "h2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.to_thread(shake_hands, ssl.TLSVersion.TLSv1_2)


# ---- suspension ----------------------------------------------------------------------------------


async def test_a_suspension_ends_an_open_stream_within_a_minute(tmp_path: Path) -> None:
    """From the issuer's deny-list through the broker's polling to the node's stream, in simulated
    seconds.
    """
    clock = ManualClock()
    async with running(tmp_path, broker_held_back=("review",)) as federation:
        clock.step_wall(federation.clock.now() - clock.now())
        log = logs.configure("broker", EVENTS, strict=True, stream=io.StringIO())
        late = Env(clock, log, random=lambda: 0.99)
        membership, broker = federation.broker.membership, federation.broker.broker
        poll = ListSources(membership.client, membership.members, late).poll()
        review = late.every(REVIEW_SECONDS, 0.0, broker.review, "review")
        loops = [asyncio.ensure_future(loop) for loop in (poll(), review())]
        try:
            await until(lambda: clock.sleeping == len(loops))
            assert SCHOOLS in federation.broker.broker.attached()
            federation.repository.suspend(SCHOOLS, now=federation.clock.now())
            seconds = 0
            while SCHOOLS in federation.broker.broker.attached():
                assert seconds < limits.SUSPENSION_SECONDS
                clock.advance(1)
                seconds += 1
                await until(lambda: clock.sleeping == len(loops))
            node = federation.nodes[SCHOOLS]
            await until(lambda: not node.opened.reader.attached())
            await until(lambda: "not_a_member" in node.written.getvalue())
            await federation.gateway.refresh()
            outcome = await federation.ask()
            assert statuses(outcome).keys() == {COUNCIL, GP}
            assert {gap.name for _, gap in outcome.not_connected} == {"Oak", "Elm"}
            assert SCHOOLS not in federation.broker.broker.attached()
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


@pytest.mark.parametrize("how", ["member", "certificate"])
async def test_who_is_denied_is_refused_at_the_next_call(federation: Federation, how: str) -> None:
    """On a connection that was opened before, and by every party that is called."""
    papers = federation.authority.issue(REQUESTER)
    serial = x509.load_pem_x509_certificate(papers.chain).serial_number
    channels = [federation.door(port).dial(papers) for port in ("requesters", "holder")]
    _, batch = await honest_messages(federation)
    calls = ((FETCH, fetch("targets/parameters.json")), (EVALUATE, batch))
    honest = federation.members.current
    try:
        for channel, (method, data) in zip(channels, calls, strict=True):
            assert isinstance(await ask(channel, method, data), tuple)
        deny = (
            DenyList(members=frozenset({GATEWAY}))
            if how == "member"
            else DenyList(certificates=frozenset({serial}))
        )
        federation.repository.deny(deny, now=federation.clock.now())
        await federation.refresh()
        for channel, (method, data) in zip(channels, calls, strict=True):
            require_refused(await ask(channel, method, data), Code.NOT_A_MEMBER)
    finally:
        federation.repository.deny(DenyList(), now=federation.clock.now())
        await federation.refresh()
        for channel in channels:
            await channel.close(None)
    assert federation.members.current.deny == honest.deny


def fetch(path: str) -> bytes:
    return member_list_pb2.FetchRequest(path=path).SerializeToString()


async def honest_messages(federation: Federation) -> tuple[bytes, bytes]:
    """What a lookup has sent: to the broker, and to the first key holder."""
    federation.wind_back()
    await federation.ask()
    to_broker = next(t.data for t in federation.broker.tape.heard if t.method == "Lookup")
    return to_broker, federation.holders[0].tape.heard[0].data


async def test_after_all_that_lookups_work(federation: Federation) -> None:
    outcome = await federation.ask(replace(QUESTION, reach=None))
    assert statuses(outcome)[OAK] is Status.INVOLVED
    assert set(statuses(outcome)) == {COUNCIL, ELM, GP, OAK}
