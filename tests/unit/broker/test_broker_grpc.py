"""The broker's two ports over real gRPC and TLS: two nodes, a requester, and those who should not
be there.
"""

from __future__ import annotations

import asyncio
import dataclasses
import io
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from broker import grpc_member_list, grpc_nodes, grpc_requesters, wiring
from broker.service import Broker
from broker.store import hash_log_writer
from fakes.answers import shown_in
from fakes.broker_running import an_answer
from fakes.broker_store import MemoryStore
from fakes.broker_world import FEDERATION, GATEWAY, NODES, Asked, a_core, a_federation, a_query
from fakes.certificates import FakeAuthority
from fakes.federations import Members
from fakes.refusals import refused, refused_over_the_wire
from fakes.repository import FakeRepository
from fakes.waiting import until
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.membership.rpc_member_list import MemberListFetcher
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import (
    read_event,
    read_queries,
    write_answers,
    write_hello,
    write_lookup,
)
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.protocol.messages import Accepted, Ended, LookupEvent, NodeHello
from fingerpost.runtime import logs
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import (
    CLIENT,
    CLIENT_FRAMES,
    SERVER_FILES,
    SERVER_NODES,
    Edge,
    Options,
    connect,
    refused_from,
    server,
)
from fingerpost.wire.v1 import broker_pb2, broker_pb2_grpc

NORTH, SCHOOL, SOUTH, _ = NODES
BROKER = Identity(FEDERATION, MemberId("broker"), Party.BROKER)
AS_NORTH = Identity(FEDERATION, NORTH, Party.NODE)
AS_GATEWAY = Identity(FEDERATION, GATEWAY, Party.GATEWAY)
ATTACH, LOOKUP = grpc_nodes.ATTACH, "/fingerpost.wire.v1.LookupService/Lookup"
SECONDS = 60.0
NARROW = (*CLIENT_FRAMES, ("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 16_384))
"""A window of two queries, which does not grow."""


@dataclass
class World:
    broker: Broker
    members: Members
    authority: FakeAuthority
    nodes_port: str
    requesters_port: str
    repository: FakeRepository
    stack: AsyncExitStack

    def channel(
        self, who: Identity, address: str, options: Options = CLIENT_FRAMES
    ) -> grpc.aio.Channel:
        channel = connect(address, self.authority.client(who), BROKER, options=options)
        self.stack.push_async_callback(channel.close, None)
        return channel

    async def node(
        self, who: MemberId | Identity, *, options: Options = CLIENT_FRAMES, hello: bool = True
    ) -> Node:
        """Return a node's end of a stream. Without ``hello`` it only reads.

        A node that is refused before its hello must not write: where the refusal comes first, gRPC
        puts an INTERNAL of its own in the place of the broker's code.
        """
        identity = who if isinstance(who, Identity) else Identity(FEDERATION, who, Party.NODE)
        node = Node(self.channel(identity, self.nodes_port, options), identity.member)
        self.stack.push_async_callback(node.leave)
        if hello:
            await node.say(write_hello(NodeHello(7)))
        return node

    def is_stuck(self, node: MemberId) -> bool:
        """Whether queries wait behind a write that does not end."""
        stream = self.broker._streams.find(node)
        return stream is not None and stream.sending_since is not None and len(stream._waiting) > 1

    async def attached(self, *ids: MemberId) -> None:
        await until(lambda: self.broker.attached() == tuple(sorted(ids)))

    async def events(self, asked: Asked, who: MemberId = GATEWAY) -> AsyncIterator[LookupEvent]:
        gateway = Identity(FEDERATION, who, Party.GATEWAY)
        channel = self.channel(gateway, self.requesters_port, CLIENT)
        stub = broker_pb2_grpc.LookupServiceStub(channel)
        call = stub.Lookup(write_lookup(asked.query, asked.submission), timeout=SECONDS)
        async for event in call:
            yield read_event(event)

    async def ask(self, asked: Asked, who: MemberId = GATEWAY) -> list[LookupEvent]:
        return [event async for event in self.events(asked, who)]

    async def asked(self, *nodes: Node) -> tuple[Asked, asyncio.Task[list[LookupEvent]]]:
        """Ask, and return once the query has reached these nodes. The task reads the events."""
        asked = now_query()
        asking = asyncio.create_task(self.ask(asked))
        for node in nodes:
            assert await node.queries() == (asked.query,)
        return asked, asking


class Node:
    """A node's end of a real stream."""

    def __init__(self, channel: grpc.aio.Channel, me: MemberId) -> None:
        stub: Any = broker_pb2_grpc.NodeServiceStub(channel)
        self.call = stub.Attach()
        self._me = me

    async def say(self, message: broker_pb2.AttachRequest) -> None:
        await self.call.write(message)

    async def queries(self) -> tuple[bytes, ...]:
        async with asyncio.timeout(SECONDS):
            return read_queries(await self.call.read())

    async def answer(self, query_hash: bytes, fill: int = 1) -> None:
        await self.say(write_answers([an_answer(query_hash, fill=fill, node=self._me)]))

    async def ended_with(self) -> grpc.aio.AioRpcError:
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    if not await self.call.read():  # the end is falsy, a frame is not
                        break
                except grpc.aio.AioRpcError as error:
                    return error
        raise AssertionError(f"ended in good order: {await self.call.code()}")

    async def leave(self) -> None:
        self.call.cancel()
        with suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
            await self.call.code()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock, now = SystemClock(), time.time()
    members = Members(a_federation(now, gathering_ms=1000))
    store = MemoryStore(complete_since=now - 10_000)
    recorder = hash_log_writer(store, clock.now)
    log = logs.configure("broker", wiring.EVENTS, strict=True, stream=io.StringIO())
    broker = Broker(
        members,
        recorder,
        clock,
        clock.now,
        log,
        complete_since=now - 10_000,
        seen=(),
        random=lambda: 0.5,
        random_bytes=secrets.token_bytes,
    )
    # Its nodes have had their time to dial.
    broker._streams._started_at -= 60
    repository = FakeRepository(tmp_path, now)
    repository.publish(members.current)
    mirror = Mirror(tmp_path / "mirror", repository.root, repository.fetch)
    await asyncio.to_thread(mirror.refresh, now)
    authority = FakeAuthority.create(tmp_path / "authority")
    tls = authority.server(BROKER)
    nodes = server(SERVER_NODES, Edge(log, longest=10.0, streams=grpc_nodes.STREAMS))
    requesters = server(SERVER_FILES, Edge(log, longest=grpc_requesters.LONGEST_SECONDS))
    grpc_nodes.add_to(nodes, broker)
    grpc_requesters.add_to(requesters, broker)
    ports = []
    for edge in (nodes, requesters):
        grpc_member_list.add_to(edge, members, mirror, clock)
        ports.append(f"127.0.0.1:{edge.add_secure_port('127.0.0.1:0', tls.credentials())}")
        await edge.start()
    writing = asyncio.create_task(recorder.run())
    try:
        async with AsyncExitStack() as stack:
            yield World(broker, members, authority, ports[0], ports[1], repository, stack)
    finally:
        await requesters.stop(0)
        await nodes.stop(0)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


def now_query(**changes: Any) -> Asked:
    return a_query(a_core(time.time(), **changes))


async def test_a_lookup_over_two_nodes(world: World) -> None:
    north, school = await world.node(NORTH), await world.node(SCHOOL)
    await world.attached(NORTH, SCHOOL)
    asked, asking = await world.asked(north, school)
    await north.answer(asked.hash, 1)
    await school.answer(asked.hash, 2)
    events = await asking
    assert events[0] == Accepted(asked.hash, (NORTH, SCHOOL))
    answers = {a.node: a.sealed[0] for a in shown_in(events)}
    assert answers == {NORTH: 1, SCHOOL: 2}
    assert events[-1] == Ended(())


async def test_a_stopped_node_holds_back_nobody(world: World) -> None:
    """The node does not read, the window of HTTP/2 fills, and the broker's write stands still. The
    other node answers all the same.
    """
    await world.node(NORTH, options=NARROW)
    school = await world.node(SCHOOL)
    await world.attached(NORTH, SCHOOL)
    for _ in range(8):
        _, asking = await world.asked(school)
        asking.cancel()
    assert world.is_stuck(NORTH)
    asked, asking = await world.asked(school)
    await school.answer(asked.hash)
    events = await asking
    assert [a.node for a in shown_in(events)] == [SCHOOL]
    assert events[-1] == Ended((NORTH,))


async def test_a_suspension_ends_the_open_stream_of_that_node_alone(world: World) -> None:
    north, school = await world.node(NORTH), await world.node(SCHOOL)
    await world.attached(NORTH, SCHOOL)
    world.members.suspend(NORTH)
    await world.broker.review()
    error = await north.ended_with()
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert refused_from(error).code is Code.NOT_A_MEMBER
    await world.attached(SCHOOL)
    asked, asking = await world.asked(school)
    await school.answer(asked.hash)
    assert (await asking)[-1] == Ended(())  # the suspended is not asked at all
    again = await world.node(NORTH, hello=False)
    assert refused_from(await again.ended_with()).code is Code.NOT_A_MEMBER


async def test_a_suspended_node_whose_window_is_full_gets_nothing_more(world: World) -> None:
    node = await world.node(NORTH, options=NARROW)
    await world.attached(NORTH)
    lookups = [world.events(now_query()) for _ in range(8)]
    for lookup in lookups:  # one after the other: eight at once would fit into one frame
        assert isinstance(await anext(lookup), Accepted)
    await until(lambda: world.is_stuck(NORTH))
    world.members.suspend(NORTH)
    await world.broker.review()
    await world.attached()
    for lookup in lookups:
        assert [event async for event in lookup] == [Ended((NORTH, SCHOOL))]
    # Once it reads again it finds what had been written before, and the end.
    received = 0
    with refused_over_the_wire(Code.NOT_A_MEMBER):
        while True:
            received += len(await node.queries())
    assert received < len(lookups)


@pytest.mark.parametrize("what", ["too large", "not protobuf", "unknown field", "empty"])
async def test_a_bad_frame_ends_that_stream_alone(world: World, what: str) -> None:
    school = await world.node(SCHOOL)
    wide = (*(o for o in CLIENT_FRAMES if "message_length" not in o[0]),)
    channel: Any = world.channel(AS_NORTH, world.nodes_port, wide)
    raw = channel.stream_stream(ATTACH)()
    await raw.write(write_hello(NodeHello(7)).SerializeToString())
    await world.attached(NORTH, SCHOOL)
    frame = {
        "too large": write_answers([an_answer(bytes(32))] * 300).SerializeToString(),
        "not protobuf": b"\xff\xff\xff",
        "unknown field": b"\x7a\x01x",
        "empty": b"",
    }[what]
    assert (len(frame) > limits.FRAME_BYTES) == (what == "too large")
    await raw.write(frame)
    with refused_over_the_wire(Code.MALFORMED):
        async with asyncio.timeout(SECONDS):
            await raw.read()
    await world.attached(SCHOOL)
    _, asking = await world.asked(school)
    asking.cancel()


@pytest.mark.parametrize(
    "who",
    [
        AS_GATEWAY,
        Identity(FEDERATION, GATEWAY, Party.NODE),
        Identity(FEDERATION, NORTH, Party.GATEWAY),
        Identity(FederationId("other"), NORTH, Party.NODE),
        Identity(FEDERATION, MemberId("node-unknown"), Party.NODE),
    ],
    ids=lambda who: who.uri,
)
async def test_only_nodes_attach(world: World, who: Identity) -> None:
    node = await world.node(who, hello=False)
    assert refused_from(await node.ended_with()).code is Code.NOT_A_MEMBER
    assert world.broker.attached() == ()


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (NORTH, Code.NOT_A_MEMBER),
        (MemberId("gateway-south"), Code.BAD_SIGNATURE),
        (MemberId("nobody"), Code.NOT_A_MEMBER),
    ],
    ids=str,
)
async def test_only_the_signing_gateway_asks(world: World, who: MemberId, code: Code) -> None:
    with refused_over_the_wire(code):
        await world.ask(now_query(), who)


async def test_a_port_serves_its_own_callers_only(world: World) -> None:
    channel: Any = world.channel(AS_GATEWAY, world.nodes_port)
    asked = now_query()
    message = write_lookup(asked.query, asked.submission).SerializeToString()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_stream(LOOKUP)(message, timeout=SECONDS).read()
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("size", [0, 100, limits.QUERY_BYTES + 1, limits.MESSAGE_BYTES * 2])
async def test_a_malformed_lookup_is_refused(world: World, size: int) -> None:
    channel: Any = world.channel(AS_GATEWAY, world.requesters_port)
    message = broker_pb2.LookupRequest(query=bytes(size), submission=now_query().submission)
    with refused_over_the_wire(Code.MALFORMED):
        await channel.unary_stream(LOOKUP)(message.SerializeToString(), timeout=SECONDS).read()


async def test_a_requester_who_leaves_ends_the_lookup(world: World) -> None:
    node = await world.node(NORTH)
    await world.attached(NORTH)
    _, asking = await world.asked(node)
    asking.cancel()
    await until(lambda: not world.broker._lookups)
    assert world.broker._room._sum == 0


# ---- the member list's files -------------------------------------------------------------------


TIMESTAMP = "metadata/timestamp.json"


async def fetched(
    world: World, path: str = TIMESTAMP, who: Identity = AS_NORTH, port: str = ""
) -> bytes:
    """Return the file as ``who`` gets it, on the nodes' port where no other is given."""
    port = port or world.nodes_port
    fetch = MemberListFetcher(port, world.authority.client(who).credentials, BROKER)
    try:
        return await asyncio.to_thread(fetch, path)
    finally:
        fetch.close()


@pytest.mark.parametrize("path", [TIMESTAMP, "targets/parameters.json"])
async def test_members_fetch_the_list_on_both_ports(world: World, path: str) -> None:
    held = world.repository.files[path]
    holder = Identity(FEDERATION, MemberId("holder-a"), Party.KEY_HOLDER)
    assert await fetched(world, path) == held
    assert await fetched(world, path, holder, world.requesters_port) == held


async def test_a_large_file_leaves_by_the_requesters_port(world: World) -> None:
    path = "targets/areas/e99000001.json"

    class Large:
        def file(self, path: str) -> bytes:
            return bytes(limits.METADATA_FILE_BYTES)

    edge = server(SERVER_FILES, Edge(logs.get_logger("broker"), longest=10.0))
    grpc_member_list.add_to(edge, world.members, Large(), SystemClock())
    credentials = world.authority.server(BROKER).credentials()
    port = f"127.0.0.1:{edge.add_secure_port('127.0.0.1:0', credentials)}"
    await edge.start()
    try:
        assert len(await fetched(world, path, AS_GATEWAY, port)) == limits.METADATA_FILE_BYTES
    finally:
        await edge.stop(0)


async def test_a_stranger_fetches_nothing(world: World) -> None:
    world.members.suspend(NORTH)
    for who in (
        AS_NORTH,
        Identity(FEDERATION, SOUTH, Party.GATEWAY),
        Identity(FederationId("other"), SOUTH, Party.NODE),
    ):
        with refused(Code.NOT_A_MEMBER):
            await fetched(world, who=who)


async def test_what_is_not_listed_does_not_exist(world: World) -> None:
    for path in ("targets/members/nobody.json", "metadata/../root.json", "/etc/passwd", ""):
        with refused(Code.NOT_ALLOWED):
            await fetched(world, path)


async def test_an_expired_list_is_still_handed_on(world: World) -> None:
    world.members.current = dataclasses.replace(world.members.current, valid_until=0.0)
    assert await fetched(world)
