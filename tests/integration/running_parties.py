"""The parties of a federation on loopback, each made of its own parts over real gRPC, TLS and files.

Law: what is the party's own is the party's own code; here is only what its wiring would do with a settings file.
Each can be stopped and started again on its folder and its address.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc.aio

from broker import grpc_askers, grpc_member_list, grpc_nodes
from broker import wiring as broker_wiring
from broker.service import REVIEW_SECONDS, Broker
from broker.store import SqlStore, hash_log_writer
from fakes.certificates import FakeAuthority
from fingerpost.audit.log import AuditLog
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.protocol.ids import EpochNumber
from fingerpost.runtime import logs
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.database import migrate, open_sqlite
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import (
    SERVER_ASKERS,
    SERVER_FILES,
    SERVER_NODES,
    server,
)
from fingerpost.runtime.run import every
from integration.taped_wire import Tape, TapedEdge
from key_holder import grpc_server
from key_holder import wiring as holder_wiring
from key_holder.evaluator import Evaluator
from key_holder.migrations import REVISIONS
from key_holder.record import CATALOGUE, AuditRecord
from key_holder.service import KeyHolder
from key_holder.store import SqlMeter
from key_holder.vault import FileVault

KEY = bytes(range(32))
SECONDS = 60.0
"""Whatever is waited for has failed if it has not come by then."""


class SteppedClock(SystemClock):
    """The machine's clock, its wall set ahead by a test (``step``) for all parties alike."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    def step(self, seconds: float) -> None:
        self._ahead += seconds


class RunningParty:
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


class BrokerParty(RunningParty):
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
        self.founded_ago = 3600.0
        """Where it has no store yet: a store that is younger than a query refuses it."""
        self.broker: Broker
        self.store: SqlStore

    async def start(self) -> None:
        log = logs.configure("broker", broker_wiring.EVENTS, strict=True, stream=self.written)
        SqlStore.open(self.folder, KEY, self.clock.now() - self.founded_ago).close()
        self.store = SqlStore.open(self.folder, KEY, self.clock.now())
        self._opened.callback(self.store.close)
        recorder = hash_log_writer(self.store, self.clock)
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
            SERVER_FILES, TapedEdge(log, self.tape, longest=grpc_askers.LONGEST_SECONDS)
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


class HolderParty(RunningParty):
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
        migrate(engine, REVISIONS)
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
