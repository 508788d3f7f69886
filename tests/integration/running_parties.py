"""The parties of a federation on loopback, each opened by its own wiring from its own folder.

Law: nothing of a party is made here. What a test adds is the party's ``Env``: a wall clock that can
be stepped, a draw that is always the same, servers that are taped, threads in place of worker
processes. Each party can be stopped and started again on its folder and its addresses.

Held back, since the test does it at a moment of its own: the look at the member list (``refresh``),
the renewal of the certificate, and a node's tables (``tend``).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

import grpc.aio

from agency_node import wiring as node_wiring
from agency_node.answering.audit import open_requester, requester_box
from agency_node.answering.entries import HiddenRequester, read_body
from agency_node.answering.wiring import audit_key
from agency_node.importing import wiring as importing
from agency_node.importing.staging import Options as ImportOptions
from agency_node.importing.staging import SourceFile
from agency_node.settings import NodeSettings
from broker import wiring as broker_wiring
from broker.service import Broker
from broker.settings import BrokerSettings
from broker.store import REPLAY_FILE, SqlStore
from fakes.import_world import Seen
from fakes.opened import running
from fakes.party_folder import KEY, broker_settings_file, holder_settings_file, node_settings_file
from fakes.waiting import until
from fingerpost.audit.log import Entry
from fingerpost.membership.membership import Membership
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime import logs, worker_processes
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import Edge, Options
from fingerpost.runtime.run import Opened
from fingerpost.runtime.settings import load
from fingerpost.runtime.witness import WitnessFolder
from integration.taped_wire import Tape, Taping
from key_holder import wiring as holder_wiring
from key_holder.settings import KeyHolderSettings

P = TypeVar("P")
R = TypeVar("R", bound=Opened)
BY_HAND: Final = frozenset({"member list", "certificate"})
SECONDS: Final = 60.0
"""Whatever is waited for has failed if it has not come by then."""


class SteppedClock(SystemClock):
    """The machine's clock, its wall set ahead by a test (``step``) for all parties alike."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    def step(self, seconds: float) -> None:
        self._ahead += seconds


class RunningParty(Generic[P]):
    """One party. ``folder``: what it keeps; ``tape``: of its servers; ``written``: its log;
    ``opened``: while it runs, what its wiring has opened."""

    opened: P
    draw = 0.0
    """Of ``random``: the shortest delays."""

    def __init__(
        self, me: Identity, folder: Path, events: Mapping[str, frozenset[str]], clock: SteppedClock
    ) -> None:
        self.me = me
        self.folder = folder
        self.clock = clock
        self.tape = Tape()
        self.written = io.StringIO()
        self._events = events
        self._servers: list[grpc.aio.Server] = []
        self._stack = AsyncExitStack()

    def open(self, env: Env) -> AbstractAsyncContextManager[P]:
        raise NotImplementedError(f"{type(self).__name__} does not say how it is opened")

    @property
    def membership(self) -> Membership:
        membership: Membership = cast("Any", self.opened).membership
        return membership

    def env(self) -> Env:
        log = logs.configure(str(self.me.member), self._events, strict=True, stream=self.written)
        return Env(
            self.clock,
            log,
            random=lambda: self.draw,
            server=self._taped_server,
            beside=None,
            workers=lambda _count, _start: ThreadPoolExecutor(1),
        )

    def _taped_server(self, options: Options, edge: Edge) -> grpc.aio.Server:
        made = grpc.aio.server(options=options, interceptors=(edge, Taping(self.tape)))
        self._servers.append(made)
        return made

    async def start(self) -> None:
        self.opened = await self._stack.enter_async_context(self.open(self.env()))

    async def stop(self) -> None:
        """At once, as a crash would: calls that are under way end in the middle."""
        servers, self._servers = self._servers, []
        for each in servers:
            await each.stop(0)
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()

    async def refresh(self) -> None:
        """Look at the member list now. One that is put out gets none, and keeps what it has."""
        with suppress(Refused):
            await self.membership.sources.look(at_issuer=False)


class Process(RunningParty[R]):
    """A party that runs by itself. A task that ends by itself fails the test at the end."""

    held_back = BY_HAND

    async def start(self) -> None:
        env = self.env()
        process = running(self.open(env), env.log, held_back=self.held_back)
        self.opened = await self._stack.enter_async_context(process)


class BrokerParty(Process[broker_wiring.Opened]):
    draw = 0.5

    def __init__(
        self, me: Identity, home: Path, clock: SteppedClock, nodes: str, requesters: str
    ) -> None:
        super().__init__(me, home / "state", broker_wiring.EVENTS, clock)
        self.nodes, self.requesters = nodes, requesters
        self.settings = load(broker_settings_file(home, nodes, requesters), BrokerSettings)
        self.founded_ago = 3600.0
        """Where it has no store yet: a store that is younger than a query refuses it."""

    @property
    def broker(self) -> Broker:
        return self.opened.broker

    def open(self, env: Env) -> AbstractAsyncContextManager[broker_wiring.Opened]:
        if not (self.folder / REPLAY_FILE).exists():
            SqlStore.open(
                self.folder,
                KEY,
                WitnessFolder(self.settings.places.witness),
                self.clock.now() - self.founded_ago,
            ).close()
        return broker_wiring.open(self.settings, env)


class HolderParty(Process[holder_wiring.Opened]):
    def __init__(self, me: Identity, home: Path, clock: SteppedClock, address: str) -> None:
        super().__init__(me, home / "kept", holder_wiring.EVENTS, clock)
        self.address = address
        self.settings = load(holder_settings_file(home, address), KeyHolderSettings)

    def open(self, env: Env) -> AbstractAsyncContextManager[holder_wiring.Opened]:
        return holder_wiring.open(self.settings, env)


class NodeParty(Process[node_wiring.Opened]):
    """A node of several agencies, whose records come in by an import."""

    held_back = BY_HAND | {"records", "self-test"}

    def __init__(
        self, me: Identity, home: Path, clock: SteppedClock, agencies: tuple[AgencyId, ...]
    ) -> None:
        super().__init__(me, home / "state", node_wiring.EVENTS, clock)
        self.agencies = agencies
        self.settings = load(node_settings_file(home, agencies), NodeSettings)

    def open(self, env: Env) -> AbstractAsyncContextManager[node_wiring.Opened]:
        return node_wiring.open(self.settings, env)

    async def import_(self, exports: Mapping[AgencyId, SourceFile], options: ImportOptions) -> None:
        """Import through a gate, as the command line does."""
        env = replace(self.env(), beside=worker_processes.beside)
        async with importing.open(self.settings, env) as importer:
            for agency in self.agencies:
                report = await importer.run(agency, exports[agency], options, Seen())
                assert not report.refused

    async def start(self) -> None:
        await super().start()
        await until(lambda: self.opened.peppers._peppers)
        await self.tend()

    async def tend(self) -> None:
        """The tables of the slots that now are due, and the self-test if it is; a running node does
        both every few seconds."""
        await self.opened.tend()
        await self.opened.self_test.tend()

    def entries(self, agency: AgencyId) -> list[Entry]:
        """The agency's audit log, but for what the node wrote of its own tests."""
        with closing(node_wiring.open_audit(self.settings, agency)) as log:
            shown = list(log.show(0, 2**40, decrypt=True))
        return [entry for entry in shown if entry.kind != "node.self_tested"]

    def requesters(self, agency: AgencyId) -> list[HiddenRequester]:
        """Who asked, of the entries that hide it until an officer gives a reason."""
        box = requester_box(audit_key(self.settings), agency)
        return [
            open_requester(box, agency, str(entry.fields["query"]), sealed)
            for entry in self.entries(agency)
            if entry.body and (sealed := read_body(entry.body).sealed_requester)
        ]
