"""Where the node's parts are made and joined. The record side's own are made in ``import_wiring``."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Final

import grpc.aio

from agency_node.answering import answer_line, grpc_broker, service
from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.audit import AgencyLogs, open_log
from agency_node.answering.grpc_broker import BrokerStream
from agency_node.answering.service import Node
from agency_node.importing.wiring import UPKEEP_PATIENCE_SECONDS, open_store, opened_tagger
from agency_node.records.index import LocatorIndex
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import SqlRecords
from agency_node.records.store.seen import open_seen
from agency_node.records.tagging import Tagger
from agency_node.records.upkeep import UPKEEP_EVENTS, Upkeep
from agency_node.settings import NodeSettings
from fingerpost.audit.log import AuditLog
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership
from fingerpost.membership.peppers import PEPPER_EVENTS, PepperStore, keep_peppers
from fingerpost.private.linkage.golden import check_golden_vectors
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.schedule import slot_of
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.files import read_key
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.lock import alone
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.runtime.run import Stop, every, reconnect, supervise
from fingerpost.runtime.tls import Party

EVENTS: Final = {
    **MEMBERSHIP_EVENTS,
    **PEPPER_EVENTS,
    **UPKEEP_EVENTS,
    **service.EVENTS,
    **answer_line.EVENTS,
    **grpc_broker.EVENTS,
    "node.started": frozenset({"agencies", "sound"}),
    "node.log_refused": frozenset({"agency", "error"}),
}
LOCK: Final = "node.lock"
SEEN: Final = "seen.sqlite"
PEPPERS: Final = "peppers"
AUDIT: Final = "audit"
TEND_SECONDS: Final = 5.0
FIRST_TEND_SECONDS: Final = 0.5
"""By then the day's pepper is open, if it is there."""
REVIEW_SECONDS: Final = 2.0
STREAM_HEALTH: Final = "stream"
"""What the health check calls the stream to the broker; each agency that can answer goes by its id."""


def audit_key(settings: NodeSettings) -> bytes:
    return read_key(settings.audit_key, setting="audit_key")


def audit_folder(settings: NodeSettings) -> Path:
    """Made when it is missing, readable by nobody else. Raises ``Defect``."""
    folder = settings.state / AUDIT
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Defect(f"{folder}: cannot be made ({type(error).__name__})") from None
    return folder


def open_audit(settings: NodeSettings, agency: AgencyId, *, adopt: bool = False) -> AuditLog:
    """Raises ``Defect``; for an agency that is not of this node too."""
    settings.agency(agency)
    return open_log(audit_folder(settings), agency, audit_key(settings), adopt=adopt)


async def serve(settings: NodeSettings, log: Logger, stop: Stop) -> None:
    """Runs the node until ``stop``.

    Raises ``Defect``, also where another process runs it; ``Refused`` when it has neither a certificate nor a member
    list and nobody gives it one.
    """
    async with AsyncExitStack() as opened:
        opened.enter_context(alone(settings.state / LOCK, "another process runs this node"))
        parts = await _Parts.opened(settings, log, opened)
        await supervise(stop, parts.tasks(), log)


class _Parts:
    """What runs side by side, and what it runs on."""

    def __init__(
        self,
        settings: NodeSettings,
        membership: Membership,
        peppers: PepperStore,
        records: SqlRecords,
        index: LocatorIndex,
        upkeep: Upkeep,
        node: Node,
        line: AnswerLine,
        stream: BrokerStream,
        health: Health,
        clock: Clock,
        log: Logger,
    ) -> None:
        self._settings = settings
        self._membership = membership
        self._peppers = peppers
        self._records = records
        self._index = index
        self._upkeep = upkeep
        self._node = node
        self._line = line
        self._stream = stream
        self._health = health
        self._clock = clock
        self._log = log
        self._draw = random.SystemRandom().random

    @classmethod
    async def opened(cls, settings: NodeSettings, log: Logger, opened: AsyncExitStack) -> _Parts:
        clock, draw = SystemClock(), random.SystemRandom().random
        records = open_store(settings)
        opened.callback(records.close)
        seen = open_seen(settings.state / SEEN)
        opened.callback(seen.close)
        logs = AgencyLogs(audit_folder(settings), audit_key(settings))
        opened.callback(logs.close)
        refused = await asyncio.to_thread(logs.check, records.agencies())
        for agency, defect in refused.items():
            log.error("node.log_refused", agency=agency, error=defect)
        health = Health()
        socket = await serve_health(health, settings.health)
        opened.push_async_callback(socket.stop, 0)
        membership = Membership(settings.places, Party.NODE, clock=clock, log=log, random=draw)
        peppers = PepperStore(settings.state / PEPPERS, membership.bundle.member)
        await membership.start()

        index = LocatorIndex(records, lambda: time.sleep(0))
        imports = SqlImports(records)

        def tagging() -> AbstractAsyncContextManager[Tagger]:
            return opened_tagger(
                imports,
                membership,
                clock,
                workers=settings.workers,
                patience=UPKEEP_PATIENCE_SECONDS,
            )

        upkeep = Upkeep(records, imports, index, tagging, membership.members, peppers, log)
        opened.push_async_callback(upkeep.close)
        sound = await asyncio.to_thread(is_sound)
        node = Node(
            membership.bundle.member,
            membership.keys.signing_key,
            {agency.id: agency.upn_keys for agency in settings.agencies},
            sound=sound,
            members=membership.members,
            peppers=peppers,
            records=records,
            locators=index,
            seen=seen,
            record=logs,
            now=clock.now,
            log=log,
            faulty=refused,
        )
        thread = opened.enter_context(ThreadPoolExecutor(1, thread_name_prefix="answers"))
        line = AnswerLine(node.answer, thread, membership.members, clock, log)
        stream = BrokerStream(
            membership.broker.member,
            lambda: _dial(membership),
            lambda: _certificate_ends(membership),
            line,
            membership.members,
            clock,
            log,
            random=draw,
        )
        opened.push_async_callback(health.stop)
        log.info("node.started", agencies=len(settings.agencies), sound=sound)
        return cls(
            settings,
            membership,
            peppers,
            records,
            index,
            upkeep,
            node,
            line,
            stream,
            health,
            clock,
            log,
        )

    def tasks(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        return {
            **self._membership.tasks(),
            "peppers": self._keep_peppers,
            "records": self._keep_records,
            # A frame that fails stays without an answer, which its askers see as a gap; the next is worked on.
            "answers": self._every(0.0, self._line.run, "answers"),
            "broker": lambda: reconnect(
                self._stream.attach,
                self._clock,
                random=self._draw,
                log=self._log,
                name="broker",
            ),
            "review": self._every(REVIEW_SECONDS, self._review, "review"),
        }

    def _every(
        self, seconds: float, task: Callable[[], Awaitable[None]], name: str
    ) -> Callable[[], Awaitable[None]]:
        return lambda: every(
            seconds, 0.0, task, self._clock, random=self._draw, log=self._log, name=name
        )

    async def _keep_peppers(self) -> None:
        member = self._membership
        await keep_peppers(
            self._peppers,
            member.client,
            member.members,
            member.deposit,
            self._clock,
            random=self._draw,
            log=self._log,
        )

    async def _keep_records(self) -> None:
        await self._clock.sleep_until(self._clock.monotonic() + FIRST_TEND_SECONDS)
        await self._every(TEND_SECONDS, self._tend, "records")()

    async def _tend(self) -> None:
        await self._upkeep.tend(self._clock.now())

    async def _review(self) -> None:
        """The process as a whole serves when it is attached and nothing of it is at fault. An agency that was never
        imported makes it answer "cannot answer" for that agency, and not unhealthy."""
        now = self._clock.now()
        federation = self._membership.members.current
        current = now < federation.valid_until
        await self._health.set(STREAM_HEALTH, serving=self._stream.attached)
        for agency in self._settings.agencies:
            ready = current and any(
                self._index.ready(agency.id, epoch.number, slot_of(now)) is not None
                for epoch in federation.parameters.epochs
            )
            well = self._node.sound and agency.id not in self._node.faulty
            await self._health.set(str(agency.id), serving=ready and well)
        whole = self._stream.attached and current and self._node.sound and not self._node.faulty
        await self._health.set("", serving=whole)


def is_sound() -> bool:
    """Whether this process derives the keys that all others derive. If not, it must not say "no" to anything."""
    try:
        check_golden_vectors()
    except (Defect, Refused):
        return False
    return True


def _dial(membership: Membership) -> grpc.aio.Channel:
    address = str(membership.bundle.addresses.broker_nodes)
    return connect(address, membership.client_tls(), membership.broker, options=CLIENT_FRAMES)


def _certificate_ends(membership: Membership) -> float:
    lifetime = membership.keys.lifetime()
    return 0.0 if lifetime is None else lifetime[1]
