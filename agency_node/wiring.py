"""Construct the parts of the running node. ``importing.wiring`` constructs those of an import."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc.aio

from agency_node.answering import service
from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.audit import AgencyLogs, open_log
from agency_node.answering.service import Node
from agency_node.importing.wiring import UPKEEP_PATIENCE_SECONDS, open_store, open_tagger
from agency_node.reading import grpc_broker, line
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.grpc_broker import BrokerStream
from agency_node.reading.line import Line
from agency_node.records.index import LocatorIndex
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import SqlRecords
from agency_node.records.store.seen import open_seen
from agency_node.records.tagging import Tagger
from agency_node.records.upkeep import UPKEEP_EVENTS, Upkeep
from agency_node.settings import NodeSettings
from fingerpost.audit.log import AuditLog
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership
from fingerpost.membership.peppers import PEPPER_EVENTS, PepperFiles, PepperStore, keep_peppers
from fingerpost.private.linkage.golden import check_golden_vectors
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import slot_of
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import or_defect, read_key
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.lock import alone
from fingerpost.runtime.rpc import CLIENT_FRAMES
from fingerpost.runtime.run import Task, reconnect

EVENTS: Final = {
    **MEMBERSHIP_EVENTS,
    **PEPPER_EVENTS,
    **UPKEEP_EVENTS,
    **service.EVENTS,
    **line.EVENTS,
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
"""After this time the day's pepper is open, if it is there."""
REVIEW_SECONDS: Final = 2.0
STREAM_HEALTH: Final = "stream"
"""The name of the stream to the broker in the health check; each agency has its id as its name."""


def audit_key(settings: NodeSettings) -> bytes:
    return read_key(settings.audit_key, setting="audit_key")


def audit_folder(settings: NodeSettings) -> Path:
    """Return the folder of the audit logs; make it, mode 0700, if it is missing.

    Raises:
        Defect: it cannot be made.
    """
    folder = settings.state / AUDIT
    with or_defect(f"{folder}: cannot be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def open_audit(settings: NodeSettings, agency: AgencyId, *, adopt: bool = False) -> AuditLog:
    """Open an agency's log. Raises ``Defect``, also for an agency that is not of this node."""
    settings.agency(agency)
    return open_log(audit_folder(settings), agency, audit_key(settings), adopt=adopt)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open node: what runs, and what it runs on."""

    env: Env
    agencies: tuple[AgencyId, ...]
    membership: Membership
    peppers: PepperStore
    index: LocatorIndex
    upkeep: Upkeep
    node: Node
    reader: Line
    line: AnswerLine
    stream: BrokerStream
    health: Health

    def tasks(self) -> Mapping[str, Task]:
        env = self.env
        member = self.membership
        return {
            **member.tasks(),
            "peppers": lambda: keep_peppers(
                self.peppers,
                member.client,
                member.members,
                member.deposit,
                member.time.reached,
                self.env,
            ),
            "records": self._keep_records,
            # A frame that fails gets no answer, which its requesters see as a gap; the line
            # continues with the next frame.
            "answers": env.every(0.0, 0.0, self.line.run, "answers"),
            "reader": self.reader.run,
            "broker": lambda: reconnect(
                self.stream.attach, env.clock, random=env.random, log=env.log, name="broker"
            ),
            "review": env.every(REVIEW_SECONDS, 0.0, self._review, "review"),
        }

    async def tend(self) -> None:
        """Make the tables and tags that are due now."""
        await self.upkeep.tend(self.env.clock.now(), self.membership.time.reached())

    async def _keep_records(self) -> None:
        clock = self.env.clock
        await clock.sleep_until(clock.monotonic() + FIRST_TEND_SECONDS)
        await self.env.every(TEND_SECONDS, 0.0, self.tend, "records")()

    async def _review(self) -> None:
        """Report health.

        The process as a whole serves when it is attached and nothing of it is at fault. An agency
        that was never imported answers CANNOT_ANSWER, and does not make the process unhealthy.
        """
        now = self.env.clock.now()
        federation = self.membership.members.current
        current = now < federation.valid_until
        await self.health.set(STREAM_HEALTH, serving=self.stream.attached)
        for agency in self.agencies:
            ready = current and any(
                self._may_answer(federation, agency, epoch.number, now)
                for epoch in federation.parameters.epochs
            )
            well = self.node.sound and agency not in self.node.faulty
            await self.health.set(str(agency), serving=ready and well)
        whole = self.stream.attached and current and self.node.sound and not self.node.faulty
        await self.health.set("", serving=whole)

    def _may_answer(
        self, federation: Federation, agency: AgencyId, epoch: EpochNumber, now: float
    ) -> bool:
        generation = self.index.ready(agency, epoch, slot_of(now))
        try:
            return generation is not None and not federation.is_too_old(
                agency, generation.as_of, now
            )
        except Refused:  # not in the member list
            return False


@asynccontextmanager
async def open(settings: NodeSettings, env: Env) -> AsyncIterator[Opened]:
    """Open the node. It listens nowhere: its tasks attach it to the broker.

    Raises:
        Defect: a setting, a key or a file does not fit, or another process runs the node.
        Refused: it has no certificate or no member list, and cannot get one.
    """
    async with AsyncExitStack() as opened:
        opened.enter_context(alone(settings.state / LOCK, "another process runs this node"))
        records = open_store(settings, env.random_bytes)
        opened.callback(records.close)
        logs = AgencyLogs(audit_folder(settings), audit_key(settings))
        opened.callback(logs.close)
        refused = await asyncio.to_thread(logs.check, records.agencies())
        for agency, defect in refused.items():
            env.log.error("node.log_refused", agency=agency, error=defect)
        health = Health()
        await opened.enter_async_context(serve_health(health, settings.health))
        membership = Membership(settings.places, Party.NODE, env)
        opened.callback(membership.close)
        peppers = PepperStore(
            PepperFiles(settings.state / PEPPERS, membership.witness), membership.bundle.member
        )
        await membership.start()
        seen = open_seen(settings.state / SEEN, audit_key(settings), membership.time.reached)
        opened.callback(seen.close)

        index = LocatorIndex(records, lambda: time.sleep(0))
        upkeep = _upkeep(settings, env, membership, peppers, records, index)
        opened.push_async_callback(upkeep.close)
        node = Node(
            membership.bundle.member,
            membership.keys.signing_key,
            {agency.id: agency.upn_keys for agency in settings.agencies},
            sound=await asyncio.to_thread(is_sound),
            members=membership.members,
            peppers=peppers,
            records=records,
            locators=index,
            seen=seen,
            record=logs,
            now=env.clock.now,
            log=env.log,
            faulty=refused,
        )
        node.note_list(membership.members.current)
        opened.callback(membership.members.subscribe(node.note_list))
        thread = opened.enter_context(ThreadPoolExecutor(1, thread_name_prefix="answers"))
        feed = _feed(membership)
        reader = Line(feed, env.clock, env.log)
        line = AnswerLine(node.answer, thread, reader, membership.members, env.clock, env.log)
        stream = _stream(env, membership, reader, feed)
        env.log.info("node.started", agencies=len(settings.agencies), sound=node.sound)
        opened.push_async_callback(health.stop)
        agencies = tuple(agency.id for agency in settings.agencies)
        yield Opened(
            env, agencies, membership, peppers, index, upkeep, node, reader, line, stream, health
        )


def _upkeep(
    settings: NodeSettings,
    env: Env,
    membership: Membership,
    peppers: PepperStore,
    records: SqlRecords,
    index: LocatorIndex,
) -> Upkeep:
    imports = SqlImports(records)

    def tagging() -> AbstractAsyncContextManager[Tagger]:
        return open_tagger(
            imports, membership, env, workers=settings.workers, patience=UPKEEP_PATIENCE_SECONDS
        )

    return Upkeep(records, imports, index, tagging, membership.members, peppers, env.log)


def _feed(membership: Membership) -> MemberListFeed:
    def certificate_ends() -> float:
        lifetime = membership.keys.lifetime()
        return 0.0 if lifetime is None else lifetime[1]

    return MemberListFeed(membership.broker.member, membership.members, certificate_ends)


def _stream(env: Env, membership: Membership, reader: Line, feed: MemberListFeed) -> BrokerStream:
    address = str(membership.bundle.addresses.broker.nodes)

    def dial() -> grpc.aio.Channel:
        return env.connect(
            address, membership.client_tls(), membership.broker, options=CLIENT_FRAMES
        )

    return BrokerStream(dial, reader, feed, env.clock, env.log, random=env.random)


def is_sound() -> bool:
    """Return whether this process derives the keys that all others derive. If it does not, it must
    not answer "no" to anything.
    """
    try:
        check_golden_vectors()
    except (Defect, Refused):
        return False
    return True
