"""The edge to the key holders over real gRPC, and the worker processes: the whole way that a batch
goes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import grpc.aio
import pytest

from agency_node.records.grpc_key_holders import GrpcKeyHolders
from agency_node.records.tag_workers import TagWorkers
from fakes.certificates import FakeAuthority
from fakes.clock import ManualClock
from fakes.evaluations import LocalKeyHolders, LocalTags
from fakes.federations import HOLDERS
from fakes.node_world import a_federation
from fakes.refusals import refused
from fakes.simulated_holders import QuietLog
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.rpc_channel import Redialled
from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol.codec.carriage import read_blinded, write_evaluated
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList, Epoch, Party
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import SERVER_REQUESTERS, Edge, server
from fingerpost.wire.v1 import key_holder_pb2, key_holder_pb2_grpc

FEDERATION = FederationId("test")
NODE = Identity(FEDERATION, MemberId("node-schools"), Party.NODE)
EPOCH = EpochNumber(1)
BATCH = Blinded(EPOCH, Workload.BULK, (EvaluatorKey(b"c" * 32).public_key,))
INPUTS = [f"input {n}".encode() for n in range(300)]


class Holder(key_holder_pb2_grpc.KeyHolderServiceServicer):
    """Evaluates, after it has refused with each of ``refusals``."""

    def __init__(self, seed: bytes) -> None:
        self.key = EvaluatorKey(seed)
        self.refusals: list[Refused] = []
        self.batches: list[Blinded] = []

    async def Evaluate(
        self, request: key_holder_pb2.EvaluateRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> key_holder_pb2.EvaluateResponse:
        batch = read_blinded(request)
        self.batches.append(batch)
        if self.refusals:
            raise self.refusals.pop(0)
        return write_evaluated(self.key.evaluate(batch))


@dataclass
class Two:
    """Both holders, served on loopback, and the edge to them."""

    holders: tuple[Holder, Holder]
    edge: GrpcKeyHolders
    clock: ManualClock
    members: MemberList
    servers: list[grpc.aio.Server] = field(default_factory=list)

    async def turn_the_clock(self, until: asyncio.Task[Any]) -> None:
        """Only while the edge waits: a call that is under way takes no time."""
        while not until.done():
            if self.clock.sleeping:
                self.clock.advance(0.5)
            await asyncio.wait([until], timeout=0.001)

    @property
    def epoch(self) -> Epoch:
        keys = dict(zip(HOLDERS, (h.key.public_key for h in self.holders), strict=True))
        return Epoch(EPOCH, 0, 0, 2**31, keys, bytes(32))


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    authority = FakeAuthority.create(tmp_path / "authority")
    clock = ManualClock()
    members = MemberList()
    members.update(a_federation(clock.now()))
    log: Any = QuietLog()
    holders = (Holder(b"a" * 32), Holder(b"b" * 32))
    servers = []
    channels = []
    for member, holder in zip(HOLDERS, holders, strict=True):
        identity = Identity(FEDERATION, member, Party.KEY_HOLDER)
        serving = server(SERVER_REQUESTERS, Edge(log, longest=30.0))
        key_holder_pb2_grpc.add_KeyHolderServiceServicer_to_server(holder, serving)
        port = serving.add_secure_port("127.0.0.1:0", authority.server(identity).credentials())
        await serving.start()
        servers.append(serving)
        address, tls = f"127.0.0.1:{port}", authority.client(NODE)
        channels.append(Redialled(address, tls, identity, clock, members))
    edge = GrpcKeyHolders((channels[0], channels[1]), clock, patience=60.0, random=lambda: 0.5)
    yield Two(holders, edge, clock, members, servers)
    await edge.close()
    for serving in servers:
        await serving.stop(grace=0)


async def test_a_batch_goes_through_processes_and_both_holders(two: Two) -> None:
    async with TagWorkers(two.edge, 2) as workers:
        parts = [INPUTS[:256], INPUTS[256:], INPUTS[:7], INPUTS[7:30], INPUTS[30:31]]
        found = await asyncio.gather(*(workers.tags(part, two.epoch, HOLDERS) for part in parts))
    assert [len(tags) for tags in found] == [256, 44, 7, 23, 1]
    assert found[0][:7] == found[2]
    assert found[0][7:31] == (*found[3], *found[4])
    assert len(set(found[0] + found[1])) == 300
    for holder in two.holders:
        assert {batch.workload for batch in holder.batches} == {Workload.BULK}
    # Blinds of its own for each holder: two that compare what they saw find nothing in common.
    one, other = ({e for batch in h.batches for e in batch.elements} for h in two.holders)
    assert one.isdisjoint(other)
    assert len(one) == 331


async def test_tags_are_those_that_one_process_makes(two: Two) -> None:
    local = LocalKeyHolders()
    local.evaluate = two.edge.evaluate  # type: ignore[method-assign]
    expected = await LocalTags(local).tags(INPUTS[:5], two.epoch, HOLDERS)
    async with TagWorkers(two.edge, 1) as workers:
        assert await workers.tags(INPUTS[:5], two.epoch, HOLDERS) == expected


async def test_a_holder_that_is_not_ready_is_waited_for(two: Two) -> None:
    two.holders[1].refusals = [Refused(Code.NOT_READY, "x"), Refused(Code.UNAVAILABLE, "x")]
    asking = asyncio.create_task(two.edge.evaluate((BATCH, BATCH)))
    await two.turn_the_clock(asking)
    one, other = await asking
    assert isinstance(one, Evaluated)
    assert one.elements != other.elements
    assert [len(h.batches) for h in two.holders] == [1, 3]


@pytest.mark.parametrize("code", [Code.QUOTA, Code.NOT_ALLOWED, Code.UNSUPPORTED])
async def test_what_a_holder_decided_is_not_asked_again(two: Two, code: Code) -> None:
    two.holders[0].refusals = [Refused(code, "x")]
    async with TagWorkers(two.edge, 1) as workers:
        with refused(code):
            await workers.tags(INPUTS[:3], two.epoch, HOLDERS)
        assert len(two.holders[0].batches) == 1
        # The worker goes on with the next.
        assert len(await workers.tags(INPUTS[:3], two.epoch, HOLDERS)) == 3


async def test_a_holder_that_was_put_out_is_not_called_again(two: Two) -> None:
    async with TagWorkers(two.edge, 1) as workers:
        await workers.tags(INPUTS[:1], two.epoch, HOLDERS)
        called = [len(holder.batches) for holder in two.holders]
        denied = DenyList(members=frozenset({HOLDERS[1]}))
        two.members.update(replace(two.members.current, deny=denied))
        with refused(Code.NOT_A_MEMBER):
            await workers.tags(INPUTS[:1], two.epoch, HOLDERS)
    assert len(two.holders[1].batches) == called[1]


async def test_patience_ends(two: Two) -> None:
    for serving in two.servers:
        await serving.stop(grace=0)
    asking = asyncio.create_task(two.edge.evaluate((BATCH, BATCH)))
    await two.turn_the_clock(asking)
    with refused(Code.UNAVAILABLE):
        await asking
    assert 30.0 < two.clock.monotonic() <= 60.5


async def test_a_false_key_is_found_out_in_the_worker(two: Two) -> None:
    two.holders[1].key = EvaluatorKey(b"d" * 32)
    epoch = replace(two.epoch, holder_keys=dict.fromkeys(HOLDERS, two.holders[0].key.public_key))
    async with TagWorkers(two.edge, 1) as workers:
        with refused(Code.BAD_PROOF):
            await workers.tags(INPUTS[:3], epoch, HOLDERS)


async def test_a_worker_that_dies_is_a_defect_and_no_silence(two: Two) -> None:
    async with TagWorkers(two.edge, 1) as workers:
        await workers.tags(INPUTS[:1], two.epoch, HOLDERS)
        for process in cast("Any", workers._pools[0])._processes.values():
            process.kill()
            process.join()
        with pytest.raises(Defect):
            await workers.tags(INPUTS[:1], two.epoch, HOLDERS)


_PARENT = """
import asyncio, multiprocessing, sys
from agency_node.records.tag_workers import TagWorkers, _forget

async def main():
    async with TagWorkers(None, 1) as workers:
        await asyncio.get_running_loop().run_in_executor(workers._pools[0], _forget, 1)
        print("ready", flush=True)
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_worker_does_not_outlive_a_killed_import(tmp_path: Path) -> None:
    """Its end of the pipe closes only when the last process that holds it has ended."""
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        rest, _ = parent.communicate(timeout=30)
        assert rest == b""
