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
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc.aio
import pytest
import pytest_asyncio
from cryptography import x509

from broker.service import REVIEW_SECONDS
from broker.wiring import EVENTS
from fakes.certificates import FakeAuthority
from fakes.clock import ManualClock
from fakes.waiting import until
from fingerpost.membership import member_list
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_hello
from fingerpost.protocol.codes import Purpose, Reach, Status
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import DenyList, Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.protocol.messages import NodeHello
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity, subject_names
from fingerpost.wire.v1 import key_holder_pb2, member_list_pb2
from integration.running_federation import (
    ASKED,
    BROKER,
    COUNCIL,
    ELM,
    GATEWAY,
    GP,
    HOLDERS,
    ISSUER,
    OAK,
    SCHOOLS,
    SPARE,
    Federation,
    identity,
    running,
    statuses,
)
from integration.wire_callers import (
    ATTACH,
    EVALUATE,
    FETCH,
    LOOKUP,
    Ended,
    Papers,
    Refusal,
    ask,
    attach,
    dial,
    issue,
    tls_context,
)
from practitioner.asking.outcome import Question

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = write_hello(NodeHello(1)).SerializeToString()
NODE = identity(SPARE, Party.NODE)
REQUESTER = identity(GATEWAY, Party.GATEWAY)
PORTS = {"nodes": ATTACH, "askers": LOOKUP, "holder": EVALUATE}
OWN = {"nodes": NODE, "askers": REQUESTER, "holder": REQUESTER}
"""Whom each port is there for."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def federation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Federation]:
    async with running(tmp_path_factory.mktemp("papers")) as made:
        yield made


class Door:
    """One port, and those who knock."""

    def __init__(self, federation: Federation, port: str) -> None:
        holder = federation.holders[0]
        self.federation = federation
        self.port = port
        self.address = {
            "nodes": federation.broker.nodes,
            "askers": federation.broker.requesters,
            "holder": holder.address,
        }[port]
        self.server = holder.me if port == "holder" else federation.broker_identity
        self.tape = holder.tape if port == "holder" else federation.broker.tape
        self.root = federation.authority.file.read_bytes()

    async def knock(self, papers: Papers | None, method: str = "", data: bytes = b"") -> Ended:
        method = method or PORTS[self.port]
        async with dial(self.address, self.root, papers, self.server) as channel:
            return (
                await attach(channel, [HELLO])
                if method == ATTACH
                else await ask(channel, method, data)
            )

    def kept(self) -> list[bytes]:
        """All that this party has on the disk."""
        party = self.federation.holders[0] if self.port == "holder" else self.federation.broker
        return [path.read_bytes() for path in sorted(party.folder.rglob("*.sqlite*"))]


@pytest.fixture(params=list(PORTS))
def door(federation: Federation, request: pytest.FixtureRequest) -> Door:
    return Door(federation, request.param)


async def test_without_papers_of_the_authority_no_handler_begins(
    door: Door, tmp_path: Path
) -> None:
    authority, own = door.federation.authority, OWN[door.port]
    stranger = FakeAuthority.create(tmp_path / "another")
    day = timedelta(days=1)
    refused: dict[str, Papers | None] = {
        "none": None,
        "another authority's": issue(stranger, own),
        "expired": issue(authority, own, starts_in=-7 * day, ends_in=-day / 24),
        "not begun": issue(authority, own, starts_in=day, ends_in=2 * day),
    }
    before, kept = door.tape.began.total(), door.kept()
    for name, papers in refused.items():
        ended = await door.knock(papers)
        assert isinstance(ended, Refusal), name
        assert ended.status is grpc.StatusCode.UNAVAILABLE, name
        assert ended.code is None
    assert door.tape.began.total() == before
    assert door.kept() == kept
    # The same with good papers comes to a handler, which speaks in codes.
    assert isinstance(await door.knock(issue(authority, own)), Refusal | tuple)
    assert door.tape.began.total() == before + 1


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
async def test_a_wrong_member_role_or_service_is_refused(door: Door, name: str) -> None:
    """In one word for all of them, and before anything is written."""
    kept = door.kept()
    data = valid_batch() if door.port == "holder" else b""
    method = PORTS[door.port]
    if door.port == "askers":  # so that it is the caller that is refused, and not the message
        method, data = LOOKUP, b""
    ended = await door.knock(issue(door.federation.authority, impostors()[name]), method, data)
    assert isinstance(ended, Refusal)
    if door.port == "askers":
        assert ended.code in (Code.NOT_A_MEMBER, Code.MALFORMED)
    else:
        assert ended.code is Code.NOT_A_MEMBER
    ended.require_tidy()
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
    node, requester = issue(federation.authority, NODE), issue(federation.authority, REQUESTER)
    for port, papers, method, data, code in (
        ("askers", node, LOOKUP, request, Code.NOT_A_MEMBER),
        ("nodes", requester, ATTACH, b"", Code.NOT_A_MEMBER),
        ("holder", node, EVALUATE, valid_batch(), Code.NOT_ALLOWED),
        ("holder", requester, EVALUATE, valid_batch(256, 2), Code.NOT_ALLOWED),
    ):
        door = Door(federation, port)
        kept = door.kept()
        ended = await door.knock(papers, method, data)
        assert isinstance(ended, Refusal)
        assert ended.code is code
        ended.require_tidy()
        assert door.kept() == kept
    # And a service of the other port is not there at all.
    for port, method in (("askers", ATTACH), ("nodes", LOOKUP), ("holder", LOOKUP)):
        door = Door(federation, port)
        ended = await door.knock(issue(federation.authority, OWN[port]), method)
        assert isinstance(ended, Refusal)
        assert ended.status is grpc.StatusCode.UNIMPLEMENTED


async def test_a_certificate_with_a_second_name_is_nobodys(door: Door) -> None:
    own = OWN[door.port]
    other = identity(SCHOOLS, Party.NODE)
    names = [*subject_names(own), *subject_names(other)]
    for attempt in (names, names[:3], names[1:], [*subject_names(own), x509.DNSName("localhost")]):
        papers = issue(door.federation.authority, own, names=x509.SubjectAlternativeName(attempt))
        ended = await door.knock(papers, data=valid_batch())
        assert isinstance(ended, Refusal)
        assert ended.code in (Code.NOT_A_MEMBER, Code.MALFORMED)
        if door.port != "askers":
            assert ended.code is Code.NOT_A_MEMBER


async def test_nobody_speaks_to_a_server_that_shows_anothers_papers(
    federation: Federation,
) -> None:
    """A listed key holder at the broker's address, for a gateway; the broker at a holder's."""
    for address, tape, expected in (
        (federation.holders[0].address, federation.holders[0].tape, federation.broker_identity),
        (federation.broker.requesters, federation.broker.tape, federation.holders[0].me),
        (federation.holders[1].address, federation.holders[1].tape, federation.holders[0].me),
    ):
        before = tape.began.total()
        root = federation.authority.file.read_bytes()
        async with dial(address, root, issue(federation.authority, REQUESTER), expected) as channel:
            ended = await ask(channel, EVALUATE, valid_batch())
        assert isinstance(ended, Refusal)
        assert ended.status is grpc.StatusCode.UNAVAILABLE
        assert tape.began.total() == before


async def test_tls_below_1_3_is_not_spoken(door: Door, tmp_path: Path) -> None:
    """Nor is HTTP/1.1, and the same client with 1.3 gets through."""
    papers = issue(door.federation.authority, OWN[door.port]).write(tmp_path)

    def shake_hands(version: ssl.TLSVersion) -> str | None:
        context = tls_context(door.federation.authority.file, papers, version)
        host, port = door.address.split(":")
        with (
            socket.create_connection((host, int(port)), 5) as plain,
            context.wrap_socket(plain, server_hostname=door.server.server_name) as safe,
        ):
            safe.settimeout(5)
            assert safe.version() == "TLSv1.3"
            assert safe.recv(9)  # the server's SETTINGS: it took the client's papers
            return safe.selected_alpn_protocol()

    assert await asyncio.to_thread(shake_hands, ssl.TLSVersion.TLSv1_3) == "h2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.to_thread(shake_hands, ssl.TLSVersion.TLSv1_2)


# ---- suspension ------------------------------------------------------------------------------------


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
        poll = member_list.poll(
            membership.client, membership.members, clock, random=late.random, log=log
        )
        review = late.every(REVIEW_SECONDS, 0.0, broker.review, "review")
        loops = [asyncio.ensure_future(loop) for loop in (poll, review())]
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
            await until(lambda: not node.opened.stream.attached)
            await until(lambda: "not_a_member" in node.written.getvalue())
            await federation.gateway.refresh()
            outcome = await federation.gateway.lookup(
                federation.session(),
                Question(ASKED, Justification(Purpose.S47_ENQUIRY), Reach.AREA),
            )
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
    papers = issue(federation.authority, REQUESTER)
    serial = x509.load_pem_x509_certificate(papers.chain).serial_number
    doors = [Door(federation, port) for port in ("askers", "holder")]
    channels = [dial(door.address, door.root, papers, door.server) for door in doors]
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
            ended = await ask(channel, method, data)
            assert isinstance(ended, Refusal)
            assert ended.code is Code.NOT_A_MEMBER
            ended.require_tidy()
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
    question = Question(ASKED, Justification(Purpose.S47_ENQUIRY), Reach.AREA)
    await federation.gateway.lookup(federation.session(), question)
    to_broker = next(t.data for t in federation.broker.tape.heard if t.method == "Lookup")
    return to_broker, federation.holders[0].tape.heard[0].data


async def test_after_all_that_lookups_work(federation: Federation) -> None:
    outcome = await federation.gateway.lookup(
        federation.session(), Question(ASKED, Justification(Purpose.S47_ENQUIRY))
    )
    assert statuses(outcome)[OAK] is Status.INVOLVED
    assert set(statuses(outcome)) == {COUNCIL, ELM, GP, OAK}
