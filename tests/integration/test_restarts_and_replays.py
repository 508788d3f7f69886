"""Parties that stop in the middle and come back, a broker that plays old queries and answers again:
all of it over real streams, and never a "no" that nobody said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio

from agency_node.importing.shielding import set_by_hand
from agency_node.importing.wiring import open_shields
from fakes.answers import alone, opened
from fakes.node_broker import Attached, NodeBroker, listening
from fakes.refusals import refused
from fakes.serving import serving
from fakes.waiting import until
from fingerpost.private.linkage import normalise
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import read_lookup, write_answers, write_event
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import (
    SEALED_SIZES,
    Accepted,
    Ended,
    LookupEvent,
    NodeAnswer,
    SealedAnswer,
    size_class,
)
from fingerpost.runtime.files import create_file
from fingerpost.runtime.rpc import refused_from
from fingerpost.wire.v1 import broker_pb2, broker_pb2_grpc
from integration.running_federation import (
    ASKED,
    COUNCIL,
    COUNCILS,
    ELM,
    GATEWAY,
    GP,
    HEALTH,
    OAK,
    SAYS,
    SCHOOLS,
    SPARE,
    Federation,
    answered,
    running,
    statuses,
)
from integration.running_parties import SECONDS
from integration.wire_callers import ATTACH, HELLO, LOOKUP, ask, attach, require_refused

pytestmark = pytest.mark.slow

NOBODY = dict.fromkeys((COUNCIL, ELM, GP, OAK), Status.NO_REPLY)
TRY_AGAIN = dict.fromkeys((ELM, OAK), Status.TRY_AGAIN)


@pytest_asyncio.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    async with running(tmp_path) as made:
        yield made


def of_schools(
    federation: Federation, query: SealedQuery, answers: list[SealedAnswer]
) -> dict[AgencyId, Status]:
    """What the sealed answers of SCHOOLS say, once they verify."""
    parts = [opened(answer, SCHOOLS, query, federation.members.current) for answer in answers]
    return {found.agency: found.status for part in parts for found in part.agencies}


# ---- the broker stops --------------------------------------------------------------------------


async def test_a_broker_that_stops_in_the_middle_leaves_gaps(federation: Federation) -> None:
    """The query is with the nodes, the answers never come: four gaps, or a refusal; then it comes
    back and all is well, with the same bytes refused for good."""
    asking = asyncio.create_task(federation.ask())
    await until(federation.carried)
    lost = federation.carried()
    await federation.broker.stop()
    outcome = await asking
    assert statuses(outcome) == NOBODY
    assert not outcome.complete
    assert outcome.services
    assert not any(service.none_named_itself for service in outcome.services)
    await federation.broker.start()
    await federation.attached()
    await federation.require_serving()
    request = next(t.data for t in federation.broker.tape.heard if t.method == "Lookup")
    assert read_lookup(broker_pb2.LookupRequest.FromString(request))[0] == lost[0]
    papers = federation.papers(GATEWAY, Party.GATEWAY)
    async with federation.door("requesters").dial(papers) as channel:
        ended = await ask(channel, LOOKUP, request)
    require_refused(ended, Code.REPLAYED)  # its memory is on the disk


async def test_a_broker_that_lost_its_store_asks_for_patience(federation: Federation) -> None:
    """What it may have carried in an earlier life it does not carry: NOT_READY, until queries are
    younger.
    """
    before = await federation.query()
    await federation.broker.stop()
    for file in federation.broker.folder.rglob("*"):
        file.unlink()
    federation.broker.founded_ago = 0.0
    await federation.broker.start()
    await federation.attached()
    with refused(Code.NOT_READY):
        await federation.ask()
    await federation.step(limits.CLOCK_SKEW_SECONDS + 2)
    await federation.require_serving()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await federation.gateway.submit(before)
    assert refused_from(caught.value).code is Code.NOT_READY


async def test_key_holders_that_stop_make_no_answer(federation: Federation) -> None:
    """One of them is enough; nothing has left by then, and both come back to work."""
    await federation.holders[1].stop()
    federation.wind_back()
    with refused(Code.UNAVAILABLE):
        await federation.ask()
    assert not federation.carried()
    await federation.holders[1].start()
    await federation.require_serving()


async def test_a_second_process_on_one_vault_is_refused(federation: Federation) -> None:
    """It leaves alone the key that the first is making, which a crash would have left likewise."""
    holder = federation.holders[0]
    unfinished = holder.settings.vault / ".epoch-2.seed.0123456789abcdef"
    create_file(unfinished, bytes(32))
    with pytest.raises(Defect, match="another process runs this key holder"):
        await holder.open(holder.env()).__aenter__()
    assert unfinished.exists()
    await federation.require_serving()


# ---- a node stops ------------------------------------------------------------------------------


async def test_a_node_that_stops_is_a_gap_for_its_own_agencies(federation: Federation) -> None:
    asking = asyncio.create_task(federation.ask())
    await until(federation.carried)
    await federation.nodes[SCHOOLS].stop()
    outcome = await asking
    others = {a: s for a, s in SAYS["ASKED"].items() if a in (COUNCIL, GP)}
    assert statuses(outcome) == {**others, ELM: Status.NO_REPLY, OAK: Status.NO_REPLY}
    await federation.nodes[SCHOOLS].start()
    await federation.attached()
    await federation.require_serving()


@contextlib.asynccontextmanager
async def hostile(federation: Federation) -> AsyncIterator[tuple[NodeBroker, Attached]]:
    """In the broker's place, with the broker's papers: what it sends to nodes is its own affair.
    And SCHOOLS' stream to it."""
    address = federation.broker.nodes
    await federation.broker.stop()
    broker = NodeBroker()
    async with listening(broker, federation.authority, federation.broker.me, address):
        yield broker, await broker.stream(of=SCHOOLS)


async def test_a_replayed_query_is_never_answered_with_yes_or_no(federation: Federation) -> None:
    """At once, twice in one frame, after the node's restart, and when it is too old."""
    query = await federation.query()
    async with hostile(federation) as (broker, stream):

        async def said(stream: Attached, *frame: bytes) -> dict[AgencyId, Status]:
            had = sum(len(answers) for _, answers in stream.frames)
            stream.send(*frame)
            async with asyncio.timeout(SECONDS):
                answers = await stream.answers(had + 1)
            assert len(answers) == had + 1  # twice in a frame is answered once
            assert len(answers[-1].sealed) in SEALED_SIZES
            return of_schools(federation, query, answers[had:])

        assert await said(stream, query.wire, query.wire) == {
            ELM: Status.NOTHING_TO_DISCLOSE,
            OAK: Status.INVOLVED,
        }
        assert await said(stream, query.wire) == TRY_AGAIN
        await federation.nodes[SCHOOLS].stop()
        await federation.nodes[SCHOOLS].start()
        stream = await broker.stream(2, of=SCHOOLS)
        assert await said(stream, query.wire) == TRY_AGAIN  # what it saw is on the disk
        old = await federation.query()
        await federation.step(limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS + 5)
        query = old  # never seen here, and out of time
        assert await said(stream, query.wire) == TRY_AGAIN
        # A replay is not even looked up.
        assert len(federation.nodes[SCHOOLS].entries(OAK)) == 1


FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "a bit of the core": lambda wire: flipped(wire, 300),
    "a bit of a wrap": lambda wire: flipped(wire, 3500),
    "a bit of the sealed part": lambda wire: flipped(wire, 6000),
    "a bit of the signature": lambda wire: flipped(wire, -5),
    "one byte short": lambda wire: wire[:-1],
    "one byte more": lambda wire: wire + b"\0",
    "nothing": lambda wire: b"",
    "far too long": lambda wire: wire * 8,
    "no query": lambda wire: bytes(len(wire)),
}


def flipped(wire: bytes, place: int) -> bytes:
    changed = bytearray(wire)
    changed[place] ^= 1
    return bytes(changed)


async def test_queries_that_the_broker_changed_are_dropped_and_the_rest_answered(
    federation: Federation,
) -> None:
    """Each in a frame between two good ones: two answers come of each frame, and the stream goes
    on.
    """
    async with hostile(federation) as (broker, stream):
        node = federation.nodes[SCHOOLS]
        before = len(node.written.getvalue())
        good: dict[bytes, SealedQuery] = {}
        answers: list[SealedAnswer] = []
        for number, spoil in enumerate(FRAMES.values(), 1):
            first, other, last = await federation.queries(3)
            good |= {first.hash: first, last.hash: last}
            stream.send(first.wire, spoil(other.wire), last.wire)
            if number % 3 == 0:  # a node that is behind drops what nobody waits for any more
                async with asyncio.timeout(SECONDS):
                    answers = await stream.answers(len(good))
        assert sorted(a.query_hash for a in answers) == sorted(good)
        said = [of_schools(federation, good[a.query_hash], [a])[OAK] for a in answers]
        assert {*said} <= {Status.INVOLVED, Status.TRY_AGAIN}, "a busy machine may make a gap"
        assert 0 < said.count(Status.INVOLVED) <= len(node.entries(OAK)) <= len(good)
        written = node.written.getvalue()[before:]
        assert "node.query_dropped" in written
        assert "failed" not in written
        assert [s for s in broker.streams if s.peer.member == SCHOOLS] == [stream]


async def test_a_frame_that_is_none_ends_the_stream_and_the_node_dials_again(
    federation: Federation,
) -> None:
    frames = {
        "an unknown field": broker_pb2.AttachResponse.FromString(b"\x7a\x01x"),
        "200 queries": broker_pb2.AttachResponse(queries=[bytes(10)] * 200),
        "beyond a frame": broker_pb2.AttachResponse(queries=[bytes(limits.FRAME_BYTES)]),
    }
    async with hostile(federation) as (broker, stream):
        for number, frame in enumerate(frames.values(), 2):
            stream.send_raw(frame)
            stream = await broker.stream(number, of=SCHOOLS)
        query = await federation.query()
        stream.send(query.wire)
        async with asyncio.timeout(SECONDS):
            answers = await stream.answers(1)
        assert of_schools(federation, query, answers)[OAK] is Status.INVOLVED


# ---- answers that are not the node's own ---------------------------------------------------------


async def test_a_node_cannot_speak_for_another(federation: Federation) -> None:
    """A listed node learns of a lookup, and answers it on its own stream in another's place and
    before it: its answer is shown to nobody, and the true answers arrive."""
    query = await federation.query()
    async with federation.door("nodes").dial(federation.papers(SPARE, Party.NODE)) as channel:
        raw: Any = channel
        call = raw.stream_stream(ATTACH)()
        await call.write(HELLO)
        await federation.attached((*federation.nodes, SPARE))
        asking = asyncio.create_task(federation.gateway.submit(query))
        await until(lambda: query.wire in federation.carried())
        lie = SealedAnswer(query.hash, 0, bytes(size_class(1).sealed_bytes))
        await call.write(write_answers([lie]).SerializeToString())
        found, answers = await asking
        # More answers than it was asked for: its stream is ended, and no other.
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async with asyncio.timeout(SECONDS):
                await call.read()
        assert refused_from(caught.value).code is Code.MALFORMED
    assert answered(found) == SAYS["ASKED"]
    assert {a.node for a in answers} == {SCHOOLS, COUNCILS, HEALTH}
    assert found.rejected == 0


class LyingBroker(broker_pb2_grpc.LookupServiceServicer):
    """On the requesters' port, with the broker's papers: it has the nodes' answers, and shows what
    it likes.
    """

    def __init__(self) -> None:
        self.shown: list[LookupEvent | NodeAnswer] = []

    async def Lookup(self, request: Any, context: Any) -> AsyncIterator[Any]:
        read_lookup(request)
        for event in self.shown:
            yield write_event(alone(event) if isinstance(event, NodeAnswer) else event)


LIES: dict[str, Callable[[list[NodeAnswer]], list[LookupEvent | NodeAnswer]]] = {
    "each under the next one's name": lambda true: [
        NodeAnswer(other.node, mine.part, mine.sealed)
        for mine, other in zip(true, [*true[1:], true[0]], strict=True)
    ],
    "the school's under all other names": lambda true: [
        NodeAnswer(node, a.part, a.sealed)
        for a in true
        if a.node == SCHOOLS
        for node in (COUNCILS, HEALTH)
    ],
    "under a member's name that is no node": lambda true: [
        NodeAnswer(MemberId("gateway"), a.part, a.sealed) for a in true
    ],
    "as another part": lambda true: [NodeAnswer(a.node, a.part + 1, a.sealed) for a in true],
    "one bit changed": lambda true: [
        NodeAnswer(a.node, a.part, flipped(a.sealed, len(a.sealed) // 2)) for a in true
    ],
    "nothing, and that all have answered": lambda _: [Accepted(bytes(32), ()), Ended(())],
    "nothing at all": lambda _: [],
}


async def test_answers_under_wrong_names_are_gaps(federation: Federation) -> None:
    """Over the real stream: of a lying broker the gateway takes the true answers, and of each lie
    nothing.
    """
    query = await federation.query()
    _, true = await federation.gateway.submit(query)
    assert len(true) == 3
    address = federation.broker.requesters
    await federation.broker.stop()
    liar = LyingBroker()
    add = partial(broker_pb2_grpc.add_LookupServiceServicer_to_server, liar)
    credentials = federation.authority.server(federation.broker.me).credentials()
    async with serving(address, credentials, add):
        await federation.gateway.redial()
        liar.shown = list(true)
        found, _ = await federation.gateway.submit(query)
        assert answered(found) == SAYS["ASKED"]
        for name, lie in LIES.items():
            liar.shown = lie(true)
            found, answers = await federation.gateway.submit(query)
            assert answered(found) == NOBODY, name
            assert len(answers) == sum(isinstance(shown, NodeAnswer) for shown in liar.shown)


async def test_a_stream_that_is_dialled_twice_serves_once(federation: Federation) -> None:
    """A newer stream of a node replaces the older: the node's own, when it dials again; the query
    goes out once.
    """
    async with federation.door("nodes").dial(federation.papers(SCHOOLS, Party.NODE)) as channel:
        ended = await attach(channel, [HELLO])
        assert ended == ()
    await federation.attached()
    federation.wind_back()
    await federation.require_serving()
    frames = [t for t in federation.broker.tape.said if t.method == "Attach"]
    assert len(frames) == len(federation.nodes)


async def test_a_shield_set_by_hand_holds_while_no_table_is_made(federation: Federation) -> None:
    """The task that makes tables is held back here, as one that makes those of a large host is
    held up."""
    node = federation.nodes[SCHOOLS]
    assert "records" in node.held_back
    by_hand = partial(set_by_hand, person="ann", why="w", upn=False, now=int(node.clock.now()))
    open_shields(node.settings).change(OAK, lambda held: by_hand(held, b"", ASKED)[0])

    def holds() -> bool:
        known = node.opened.shields.of(OAK)
        return known is not None and known.withholds(normalise(ASKED), (), [ASKED])

    await until(holds)
    found = statuses(await federation.ask())
    assert found == {**SAYS["ASKED"], OAK: Status.NOTHING_TO_DISCLOSE}
