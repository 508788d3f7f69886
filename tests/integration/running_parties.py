"""The parties of a federation on loopback, each made of its own parts over real gRPC, TLS and files.

Law: what is the party's own is the party's own code; here is only what its wiring would do with a settings file.
Each can be stopped and started again on its folder and its address.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node import grpc_key_holders
from agency_node.answer_line import AnswerLine
from agency_node.audit_record import AgencyLogs, open_log
from agency_node.grpc_broker import BrokerStream
from agency_node.index import LocatorIndex
from agency_node.ingest.importer import Importer
from agency_node.ingest.source_file import SourceFile
from agency_node.ingest.staging import Options as ImportOptions
from agency_node.sealing import DataKey
from agency_node.service import Node
from agency_node.store.imports import SqlImports
from agency_node.store.records import open_records
from agency_node.store.seen import open_seen
from agency_node.tagging import Tagger
from agency_node.upkeep import Upkeep
from agency_node.wiring import EVENTS as NODE_EVENTS
from broker import grpc_askers, grpc_member_list, grpc_nodes
from broker import wiring as broker_wiring
from broker.hash_log import HashLog
from broker.service import REVIEW_SECONDS, Broker
from broker.store import SqlStore
from fakes.certificates import FakeAuthority
from fakes.import_world import Seen
from fakes.simulated_holders import Peppers
from fingerpost.private.locators import tag
from fingerpost.private.oprf import BlindedBatch
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.service import logs
from fingerpost.service.audit import AuditLog, Entry
from fingerpost.service.clock import Clock, SystemClock
from fingerpost.service.database import migrate, open_sqlite
from fingerpost.service.identity import Identity
from fingerpost.service.member_list import MemberList
from fingerpost.service.member_list_mirror import Mirror
from fingerpost.service.rpc import (
    CLIENT_FRAMES,
    SERVER_ASKERS,
    SERVER_NODES,
    connect,
    server,
)
from fingerpost.service.rpc_channel import Redialled
from fingerpost.service.run import every, reconnect
from integration.taped_wire import Tape, TapedEdge
from key_holder import grpc_server
from key_holder import wiring as holder_wiring
from key_holder.evaluator import Evaluator
from key_holder.record import CATALOGUE, AuditRecord
from key_holder.service import KeyHolder
from key_holder.store import SqlMeter
from key_holder.vault import FileVault

KEY = bytes(range(32))
SECONDS = 20.0
"""Whatever is waited for has failed if it has not come by then."""


async def until(holds: Callable[[], object], seconds: float = SECONDS) -> None:
    """At the far end of a wire there is no event to wait for."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class SteppedClock(SystemClock):
    """The machine's clock, its wall set ahead by a test (``step``) for all parties alike."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    def step(self, seconds: float) -> None:
        self._ahead += seconds


class Party:
    """Started and stopped as a whole. A part that ends by itself fails the test that stops the party. ``tape``: of its
    servers; ``written``: its log."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.written = io.StringIO()
        self.tape = Tape()
        self._opened = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        opened, self._opened = self._opened, AsyncExitStack()
        await opened.aclose()

    async def listen(self, edge: grpc.aio.Server, address: str, tls: Any) -> str:
        """The address it listens on: the one given, or, for port 0, one that was free."""
        host, _ = address.rsplit(":", 1)
        port = edge.add_secure_port(address, tls.credentials())
        self._opened.push_async_callback(edge.stop, 0)
        await edge.start()
        return f"{host}:{port}"


class BrokerParty(Party):
    def __init__(
        self,
        me: Identity,
        folder: Path,
        authority: FakeAuthority,
        members: MemberList,
        mirror: Mirror,
        clock: Clock,
        *,
        review_clock: Clock | None = None,
    ) -> None:
        super().__init__("broker", folder)
        self.tls = authority.server(me)
        self.members = members
        self.mirror = mirror
        self.clock = clock
        self.review_clock = review_clock or clock
        self.nodes = self.askers = "127.0.0.1:0"
        self.broker: Broker
        self.store: SqlStore

    async def start(self) -> None:
        log = logs.configure("broker", broker_wiring.EVENTS, strict=True, stream=self.written)
        # Founded an hour ago: a store that is younger than a query refuses it.
        SqlStore.open(self.folder, KEY, self.clock.now() - 3600).close()
        self.store = SqlStore.open(self.folder, KEY, self.clock.now())
        self._opened.callback(self.store.close)
        recorder = HashLog(self.store, self.clock)
        self.broker = Broker(
            self.members,
            recorder,
            self.clock,
            log,
            complete_since=self.store.complete_since,
            seen=self.store.seen(self.clock.now()),
            random=lambda: 0.5,
        )
        nodes = server(
            SERVER_NODES, TapedEdge(log, self.tape, longest=10.0, streams=grpc_nodes.STREAMS)
        )
        grpc_nodes.add_to(nodes, self.broker)
        askers = server(
            broker_wiring.ASKERS, TapedEdge(log, self.tape, longest=grpc_askers.LONGEST_SECONDS)
        )
        grpc_askers.add_to(askers, self.broker)
        for edge in (nodes, askers):
            grpc_member_list.add_to(edge, self.members, self.mirror, self.clock)
        self.run(recorder.run())
        self.run(
            every(
                REVIEW_SECONDS,
                0.0,
                self.broker.review,
                self.review_clock,
                random=lambda: 0.0,
                log=log,
                name="review",
            )
        )
        self.nodes = await self.listen(nodes, self.nodes, self.tls)
        self.askers = await self.listen(askers, self.askers, self.tls)


class HolderParty(Party):
    def __init__(
        self,
        me: Identity,
        folder: Path,
        authority: FakeAuthority,
        members: MemberList,
        clock: Clock,
    ) -> None:
        super().__init__(str(me.member), folder)
        self.me = me
        self.tls = authority.server(me)
        self.members = members
        self.clock = clock
        self.address = "127.0.0.1:0"
        (folder / "vault").mkdir()
        self.vault = FileVault(folder / "vault")
        self.public_key = self.vault.make(EpochNumber(1))
        self.audit: AuditLog

    async def start(self) -> None:
        log = logs.configure("key-holder", holder_wiring.EVENTS, strict=True, stream=self.written)
        engine = open_sqlite(self.folder / "meter.sqlite")
        self._opened.callback(engine.dispose)
        migrate(engine, "key_holder.migrations")
        self.audit = AuditLog.open(
            self.folder / "audit.sqlite", catalogue=CATALOGUE, master_key=KEY
        )
        self._opened.callback(self.audit.close)
        thread = self._opened.enter_context(ThreadPoolExecutor(1))
        evaluator = Evaluator(self.vault.seed, thread, 1)
        holder = KeyHolder(
            self.me.member,
            self.members,
            self.vault,
            evaluator,
            SqlMeter(engine),
            AuditRecord(self.audit),
            self.clock,
        )
        edge = server(
            SERVER_ASKERS,
            TapedEdge(log, self.tape, longest=holder_wiring.LONGEST_CALL_SECONDS),
        )
        grpc_server.add_to(edge, holder)
        self.run(evaluator.run())
        self.address = await self.listen(edge, self.address, self.tls)


class WireTags:
    """Implements ``agency_node.ports.Tags`` over the wire, without worker processes."""

    def __init__(self, holders: grpc_key_holders.GrpcKeyHolders) -> None:
        self._holders = holders

    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        first, second = (
            BlindedBatch.blind(
                inputs,
                epoch=epoch.number,
                workload=Workload.BULK,
                random_bytes=secrets.token_bytes,
            )
            for _ in holders
        )
        answers = await self._holders.evaluate((first.message, second.message))
        a = first.finalise(answers[0], epoch.holder_keys[holders[0]])
        b = second.finalise(answers[1], epoch.holder_keys[holders[1]])
        return tuple(tag(x, y) for x, y in zip(a, b, strict=True))


class NodeParty(Party):
    """A node of several agencies, whose records come in by an import. ``left``: when answers left, how many."""

    def __init__(
        self,
        me: Identity,
        key: Ed25519PrivateKey,
        agencies: Sequence[AgencyId],
        folder: Path,
        authority: FakeAuthority,
        members: MemberList,
        peppers: Peppers,
        broker: Identity,
        clock: Clock,
    ) -> None:
        super().__init__(str(me.member), folder)
        self.me = me
        self.key = key
        self.agencies = agencies
        self.tls = authority.client(me)
        self.members = members
        self.peppers = peppers
        self.broker_identity = broker
        self.broker_address = ""
        self.clock = clock
        self.stream: BrokerStream
        self._secrets = {agency: secrets.token_bytes(32) for agency in agencies}
        self._upkeep: Upkeep

    @property
    def records_file(self) -> Path:
        return self.folder / "records.sqlite"

    def _data_keys(self) -> dict[AgencyId, DataKey]:
        return {a: DataKey(a, secret, secrets.token_bytes) for a, secret in self._secrets.items()}

    async def import_(
        self,
        holders: Sequence[HolderParty],
        agency: AgencyId,
        source: SourceFile,
        options: ImportOptions,
    ) -> None:
        records = open_records(self.records_file, self._data_keys())
        imports = SqlImports(records)
        one, other = (
            Redialled(h.address, self.tls, h.me, self.clock, self.members) for h in holders
        )
        wire = grpc_key_holders.GrpcKeyHolders(
            (one, other), self.clock, patience=SECONDS, random=lambda: 0.0
        )
        importer = Importer(
            self.me.member,
            records,
            imports,
            Tagger(imports, WireTags(wire)),
            self.members,
            self.clock,
        )
        try:
            report = await importer.run(agency, source, options, Seen())
            assert not report.refused
        finally:
            await wire.close()
            records.close()

    async def start(self) -> None:
        log = logs.configure("node", NODE_EVENTS, strict=True, stream=self.written)
        records = open_records(self.records_file, self._data_keys())
        self._opened.callback(records.close)
        seen = open_seen(self.folder / "seen.sqlite")
        self._opened.callback(seen.close)
        record = AgencyLogs(self.folder, KEY)
        self._opened.callback(record.close)
        index = LocatorIndex(records, lambda: time.sleep(0))
        self._upkeep = Upkeep(
            records, SqlImports(records), index, _no_tagging, self.members, self.peppers, log
        )
        self._opened.push_async_callback(self._upkeep.close)
        await self.tend()
        node = Node(
            self.me.member,
            self.key,
            dict.fromkeys(self.agencies, False),
            sound=True,
            members=self.members,
            peppers=self.peppers,
            records=records,
            locators=index,
            seen=seen,
            record=record,
            now=self.clock.now,
            log=log,
        )
        thread = self._opened.enter_context(ThreadPoolExecutor(1))
        line = AnswerLine(node.answer, thread, self.members, self.clock, log)
        self.stream = BrokerStream(
            self.broker_identity.member,
            lambda: connect(
                self.broker_address, self.tls, self.broker_identity, options=CLIENT_FRAMES
            ),
            lambda: self.clock.now() + 86_400,
            line,
            self.members,
            self.clock,
            log,
            random=lambda: 0.0,
        )
        self.run(line.run())
        self.run(
            reconnect(self.stream.attach, self.clock, random=lambda: 0.0, log=log, name="broker")
        )

    async def tend(self) -> None:
        """The tables of the slots that now are due; a running node does it every few seconds."""
        await self._upkeep.tend(self.clock.now())

    def entries(self, agency: AgencyId) -> list[Entry]:
        """The agency's audit log."""
        log = open_log(self.folder, agency, KEY)
        try:
            return list(log.show(0, 2**40, decrypt=True))
        finally:
            log.close()


def _no_tagging() -> contextlib.AbstractAsyncContextManager[Tagger]:
    raise AssertionError("the import has tagged everything")
