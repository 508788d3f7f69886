"""The broker's two ports over real gRPC and TLS: two nodes, a requester, and those who should not
be there.
"""

from __future__ import annotations

import asyncio
import dataclasses
import io
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
from fakes.broker_running import an_answer
from fakes.broker_store import MemoryStore
from fakes.broker_world import FEDERATION, GATEWAY, NODES, Asked, a_core, a_federation, a_query
from fakes.certificates import FakeAuthority
from fakes.federations import Members
from fakes.refusals import refused
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
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.protocol.messages import Accepted, Ended, LookupEvent, NodeAnswer, NodeHello
from fingerpost.runtime import logs
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.identity import Identity, Party
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
ATTACH, LOOKUP = grpc_nodes.ATTACH, "/fingerpost.wire.v1.LookupService/Lookup"
SECONDS = 60.0
NARROW = (*CLIENT_FRAMES, ("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 16_384))
"""A window of two queries, that does not grow."""


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
        node = Node(self.channel(identity, self.nodes_port, options))
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
        stub = broker_pb2_grpc.LookupServiceStub(
            self.channel(Identity(FEDERATION, who, Party.GATEWAY), self.requesters_port, CLIENT)
        )
        call = stub.Lookup(write_lookup(asked.query, asked.submission), timeout=SECONDS)
        async for event in call:
            yield read_event(event)

    async def ask(self, asked: Asked, who: MemberId = GATEWAY) -> list[LookupEvent]:
        return [event async for event in self.events(asked, who)]


class Node:
    """A node's end of a real stream."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        stub: Any = broker_pb2_grpc.NodeServiceStub(channel)
        self.call = stub.Attach()

    async def say(self, message: broker_pb2.AttachRequest) -> None:
        await self.call.write(message)

    async def queries(self) -> tuple[bytes, ...]:
        async with asyncio.timeout(SECONDS):
            return read_queries(await self.call.read())

    async def answer(self, query_hash: bytes, fill: int = 1) -> None:
        await self.say(write_answers([an_answer(query_hash, fill=fill)]))

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
    recorder = hash_log_writer(store, clock)
    log = logs.configure("broker", wiring.EVENTS, strict=True, stream=io.StringIO())
    broker = Broker(
        members, recorder, clock, log, complete_since=now - 10_000, seen=(), random=lambda: 0.5
    )
    # Its nodes have had their time to dial.
    broker._streams._started_at -= 60
    repository = FakeRepository(tmp_path, now)
    current = members.current
    repository.publish(
        current.parameters, current.code_lists, current.members.values(), current.areas.values()
    )
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
    asked = now_query()
    asking = asyncio.create_task(world.ask(asked))
    assert await north.queries() == await school.queries() == (asked.query,)
    await north.answer(asked.hash, 1)
    await school.answer(asked.hash, 2)
    events = await asking
    assert events[0] == Accepted(asked.hash, (NORTH, SCHOOL))
    answers = {e.node: e.sealed[0] for e in events if isinstance(e, NodeAnswer)}
    assert answers == {NORTH: 1, SCHOOL: 2}
    assert events[-1] == Ended(())


async def test_a_stopped_node_holds_back_nobody(world: World) -> None:
    """It does not read, HTTP/2's window fills, the broker's write stands still; the other answers
    all the same.
    """
    await world.node(NORTH, options=NARROW)
    school = await world.node(SCHOOL)
    await world.attached(NORTH, SCHOOL)
    for _ in range(8):
        asked = now_query()
        asking = asyncio.create_task(world.ask(asked))
        assert await school.queries() == (asked.query,)
        asking.cancel()
    assert world.is_stuck(NORTH)
    asked = now_query()
    asking = asyncio.create_task(world.ask(asked))
    assert await school.queries() == (asked.query,)
    await school.answer(asked.hash)
    events = await asking
    assert [e.node for e in events if isinstance(e, NodeAnswer)] == [SCHOOL]
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
    asked = now_query()
    asking = asyncio.create_task(world.ask(asked))
    assert await school.queries() == (asked.query,)
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
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        while True:
            received += len(await node.queries())
    assert refused_from(caught.value).code is Code.NOT_A_MEMBER
    assert received < len(lookups)


@pytest.mark.parametrize("what", ["too large", "not protobuf", "unknown field", "empty"])
async def test_a_bad_frame_ends_that_stream_alone(world: World, what: str) -> None:
    school = await world.node(SCHOOL)
    wide = (*(o for o in CLIENT_FRAMES if "message_length" not in o[0]),)
    who = Identity(FEDERATION, NORTH, Party.NODE)
    channel: Any = world.channel(who, world.nodes_port, wide)
    raw = channel.stream_stream(ATTACH)()
    await raw.write(write_hello(NodeHello(7)).SerializeToString())
    await world.attached(NORTH, SCHOOL)
    frame = {
        "too large": write_answers([an_answer(bytes(32))] * 100).SerializeToString(),
        "not protobuf": b"\xff\xff\xff",
        "unknown field": b"\x7a\x01x",
        "empty": b"",
    }[what]
    assert (len(frame) > limits.FRAME_BYTES) == (what == "too large")
    await raw.write(frame)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async with asyncio.timeout(SECONDS):
            await raw.read()
    assert refused_from(caught.value).code is Code.MALFORMED
    await world.attached(SCHOOL)
    asked = now_query()
    asking = asyncio.create_task(world.ask(asked))
    assert await school.queries() == (asked.query,)
    asking.cancel()


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (Identity(FEDERATION, GATEWAY, Party.GATEWAY), Code.NOT_A_MEMBER),
        (Identity(FEDERATION, GATEWAY, Party.NODE), Code.NOT_A_MEMBER),
        (Identity(FEDERATION, NORTH, Party.GATEWAY), Code.NOT_A_MEMBER),
        (Identity(FederationId("other"), NORTH, Party.NODE), Code.NOT_A_MEMBER),
        (Identity(FEDERATION, MemberId("node-unknown"), Party.NODE), Code.NOT_A_MEMBER),
    ],
    ids=lambda v: v.uri if isinstance(v, Identity) else "",
)
async def test_only_nodes_attach(world: World, who: Identity, code: Code) -> None:
    node = await world.node(who, hello=False)
    assert refused_from(await node.ended_with()).code is code
    assert world.broker.attached() == ()


@pytest.mark.parametrize("who", [NORTH, MemberId("gateway-south"), MemberId("nobody")])
async def test_only_the_signing_gateway_asks(world: World, who: MemberId) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.ask(now_query(), who)
    expected = Code.NOT_ALLOWED if who.value == "gateway-south" else Code.NOT_A_MEMBER
    assert refused_from(caught.value).code is expected


async def test_a_port_serves_its_own_callers_only(world: World) -> None:
    gateway = Identity(FEDERATION, GATEWAY, Party.GATEWAY)
    channel: Any = world.channel(gateway, world.nodes_port)
    call = channel.unary_stream(LOOKUP)
    asked = now_query()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(
            write_lookup(asked.query, asked.submission).SerializeToString(), timeout=SECONDS
        ).read()
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("size", [0, 100, limits.QUERY_BYTES + 1, limits.MESSAGE_BYTES * 2])
async def test_a_malformed_lookup_is_refused(world: World, size: int) -> None:
    asked = dataclasses.replace(now_query(), query=bytes(size))
    gateway = Identity(FEDERATION, GATEWAY, Party.GATEWAY)
    channel: Any = world.channel(gateway, world.requesters_port)
    call = channel.unary_stream(LOOKUP)
    message = broker_pb2.LookupRequest(query=asked.query, submission=asked.submission)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(message.SerializeToString(), timeout=SECONDS).read()
    assert refused_from(caught.value).code is Code.MALFORMED


async def test_a_requester_who_leaves_ends_the_lookup(world: World) -> None:
    node = await world.node(NORTH)
    await world.attached(NORTH)
    asking = asyncio.create_task(world.ask(now_query()))
    await node.queries()
    asking.cancel()
    await until(lambda: not world.broker._lookups)
    assert world.broker._room._sum == 0


# ---- the member list's files -------------------------------------------------------------------


async def fetched(world: World, path: str, who: Identity, port: str) -> bytes:
    fetch = MemberListFetcher(port, world.authority.client(who).credentials, BROKER)
    try:
        return await asyncio.to_thread(fetch, path)
    finally:
        fetch.close()


@pytest.mark.parametrize("path", ["metadata/timestamp.json", "targets/parameters.json"])
async def test_members_fetch_the_list_on_both_ports(world: World, path: str) -> None:
    held = world.repository.files[path]
    node = Identity(FEDERATION, NORTH, Party.NODE)
    holder = Identity(FEDERATION, MemberId("holder-a"), Party.KEY_HOLDER)
    assert await fetched(world, path, node, world.nodes_port) == held
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
    gateway = Identity(FEDERATION, GATEWAY, Party.GATEWAY)
    try:
        assert len(await fetched(world, path, gateway, port)) == limits.METADATA_FILE_BYTES
    finally:
        await edge.stop(0)


async def test_a_stranger_fetches_nothing(world: World) -> None:
    world.members.suspend(NORTH)
    for who in (
        Identity(FEDERATION, NORTH, Party.NODE),
        Identity(FEDERATION, SOUTH, Party.GATEWAY),
        Identity(FederationId("other"), SOUTH, Party.NODE),
    ):
        with refused(Code.NOT_A_MEMBER):
            await fetched(world, "metadata/timestamp.json", who, world.nodes_port)


async def test_what_is_not_listed_does_not_exist(world: World) -> None:
    node = Identity(FEDERATION, NORTH, Party.NODE)
    for path in ("targets/members/nobody.json", "metadata/../root.json", "/etc/passwd", ""):
        with refused(Code.NOT_ALLOWED):
            await fetched(world, path, node, world.nodes_port)


async def test_an_expired_list_is_still_handed_on(world: World) -> None:
    world.members.current = dataclasses.replace(world.members.current, valid_until=0.0)
    node = Identity(FEDERATION, NORTH, Party.NODE)
    assert await fetched(world, "metadata/timestamp.json", node, world.nodes_port)
