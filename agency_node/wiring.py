"""Construct the parts of the running node. ``importing.wiring`` constructs those of an import."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Final

import grpc.aio

from agency_node.answering import planted, service
from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.audit import AgencyLogs, count_week, open_log
from agency_node.answering.journal import Journal
from agency_node.answering.service import Node
from agency_node.importing.wiring import UPKEEP_PATIENCE_SECONDS, open_store, open_tagger
from agency_node.reading import grpc_broker, line
from agency_node.reading.channel import ReaderProcess
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.grpc_broker import BrokerStream
from agency_node.reading.line import Line
from agency_node.reading.ports import Frames
from agency_node.reading.wiring import Door, read_stream
from agency_node.records.index import LocatorIndex
from agency_node.records.records import Origin, RecordId
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.journal import open_journal
from agency_node.records.store.records import SqlRecords
from agency_node.records.tagging import Tagger
from agency_node.records.upkeep import UPKEEP_EVENTS, Upkeep
from agency_node.settings import NodeSettings
from fingerpost.audit.log import AuditLog
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PEPPER_EVENTS, PepperStore, keep_peppers
from fingerpost.membership.ports import Reached
from fingerpost.private.linkage.golden import check_golden_vectors
from fingerpost.protocol import limits
from fingerpost.protocol.codec.reports import CountedAgency, NodeReport, write_node_report
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import slot_of, slots_to_hold
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import or_defect, read_key
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.lock import alone, locked
from fingerpost.runtime.rpc import CLIENT_FRAMES
from fingerpost.runtime.run import Task, reconnect
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import key_for
from fingerpost.runtime.witness import WitnessFolder
from fingerpost.runtime.worker_processes import lower_priority

EVENTS: Final = {
    **MEMBERSHIP_EVENTS,
    **PEPPER_EVENTS,
    **UPKEEP_EVENTS,
    **service.EVENTS,
    **line.EVENTS,
    **grpc_broker.EVENTS,
    "node.started": frozenset({"agencies", "sound"}),
    "node.log_refused": frozenset({"agency", "error"}),
    "node.journal_waits": frozenset({"error"}),
}
LOCK: Final = "node.lock"
JOURNAL: Final = "journal.sqlite"
JOURNAL_LOCK: Final = "journal.lock"
PEPPERS: Final = "peppers"
AUDIT: Final = "audit"
TEND_SECONDS: Final = 5.0
CARRY_OVER_SECONDS: Final = 2.0
"""How often the agencies' logs are written from the journal."""
FIRST_TEND_SECONDS: Final = 0.5
"""After this time the day's pepper is open, if it is there."""
REVIEW_SECONDS: Final = 2.0
READER_SECONDS: Final = 1.0
"""After this time a reader that ended is started again."""
STREAM_HEALTH: Final = "stream"
"""The name of the stream to the broker in the health check; each agency has its id as its name."""


def import_health(agency: AgencyId, generation: int) -> str:
    """Return the name, in the health check, of the import that an agency answers from now."""
    return f"{agency} import {generation}"


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
    """Open an agency's log, with all that the journal holds for it. Blocking.

    Raises:
        Defect: also for an agency that is not of this node.
    """
    settings.agency(agency)
    _carry_over_all(settings)
    witness = WitnessFolder(settings.places.witness)
    return open_log(audit_folder(settings), agency, audit_key(settings), witness, adopt=adopt)


def _logs(settings: NodeSettings, records: SqlRecords) -> AgencyLogs:
    witness = WitnessFolder(settings.places.witness)
    return AgencyLogs(audit_folder(settings), audit_key(settings), witness, records.child)


@contextmanager
def _journal(settings: NodeSettings, logs: AgencyLogs, reached: Reached) -> Iterator[Journal]:
    key = audit_key(settings)
    with closing(open_journal(settings.state / JOURNAL, key, reached)) as store:
        yield Journal(store, logs, SealedBox(key_for("journal", key)))


def _carry_over(settings: NodeSettings, journal: Journal) -> frozenset[AgencyId]:
    """Write the agencies' logs from the journal, one process at a time. Raises and returns as
    ``Journal.carry_over``.
    """
    with locked(settings.state / JOURNAL_LOCK, wait=True):
        return journal.carry_over()


def _carry_over_all(settings: NodeSettings) -> None:
    """Do so beside a node that runs, or in the place of one that does not."""
    if not (settings.state / JOURNAL).exists():
        return
    with (
        closing(open_store(settings, token_bytes)) as records,
        closing(_logs(settings, records)) as logs,
        _journal(settings, logs, lambda: 0.0) as journal,
    ):
        _carry_over(settings, journal)


def report(settings: NodeSettings, week: int, now: float) -> bytes:
    """Return the signed report of a week (in weeks since 1970) for the authority. The node may be
    running.

    Raises:
        Defect: the bundle, the keys, the records or a log cannot be read.
    """
    bundle = check_places(settings.places, Party.NODE)
    key = MemberKeys.load(settings.places.credentials).signing_key
    with closing(open_store(settings, token_bytes)) as records:
        counted = [_count(settings, records, each.id, week, now) for each in settings.agencies]
    agencies = tuple(sorted(counted, key=lambda each: each.agency))
    made = NodeReport(bundle.federation, bundle.member, week, int(now), agencies)
    return write_node_report(made, key)


def _count(
    settings: NodeSettings, records: SqlRecords, agency: AgencyId, week: int, now: float
) -> CountedAgency:
    tally = planted.tally(_origins(records, agency), now)
    with closing(open_audit(settings, agency)) as log:
        since = week * limits.WEEK_SECONDS
        opened, hidden, revealed = count_week(log, since, since + limits.WEEK_SECONDS)
    return CountedAgency(
        agency,
        tally.records,
        tally.young,
        tally.typed,
        tally.unusual,
        opened,
        hidden,
        revealed,
    )


def _origins(records: SqlRecords, agency: AgencyId) -> Iterator[Origin]:
    """Yield where each record comes from of the import that the agency answers from."""
    generation = records.generation(agency)
    if generation is not None:
        for number in range(generation.children):
            yield records.child(agency, generation.number, RecordId(number)).origin


@dataclass(frozen=True, slots=True)
class Opened:
    """An open node: what runs, and what it runs on."""

    env: Env
    agencies: tuple[AgencyId, ...]
    membership: Membership
    peppers: PepperStore
    index: LocatorIndex
    upkeep: Upkeep
    writer: Executor
    carry_over: Callable[[], frozenset[AgencyId]]
    node: Node
    reader: Reading
    line: AnswerLine
    health: Health
    answers_from: dict[AgencyId, int] = field(default_factory=dict)
    """By agency, the import that the health check names."""

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
            "journal": env.every(CARRY_OVER_SECONDS, 0.0, self._keep_logs, "journal"),
            # A frame that fails gets no answer, which its requesters see as a gap; the line
            # continues with the next frame.
            "answers": env.every(0.0, 0.0, self.line.run, "answers"),
            **self.reader.tasks(),
            "review": env.every(REVIEW_SECONDS, 0.0, self._review, "review"),
        }

    async def tend(self) -> None:
        """Make the tables and tags that are due now."""
        await self.upkeep.tend(self.env.clock.now(), self.membership.time.reached())

    async def _keep_records(self) -> None:
        clock = self.env.clock
        await clock.sleep_until(clock.monotonic() + FIRST_TEND_SECONDS)
        await self.env.every(TEND_SECONDS, 0.0, self.tend, "records")()

    async def _keep_logs(self) -> None:
        """Write the agencies' logs from the journal. What cannot be written stays in it."""
        try:
            loop = asyncio.get_running_loop()
            self.node.silence(await loop.run_in_executor(self.writer, self.carry_over))
        except Defect as defect:
            self.env.log.warning("node.journal_waits", error=defect)

    async def _review(self) -> None:
        """Report health.

        The process as a whole serves when it is attached and nothing of it is at fault. An agency
        that was never imported answers CANNOT_ANSWER, and does not make the process unhealthy.
        """
        now = self.env.clock.now()
        federation = self.membership.members.current
        current = now < federation.valid_until
        await self.health.set(STREAM_HEALTH, serving=self.reader.attached())
        for agency in self.agencies:
            ready = current and any(
                self._may_answer(federation, agency, epoch.number, now)
                for epoch in federation.parameters.epochs
            )
            well = self.node.sound and agency not in self.node.faulty
            await self.health.set(str(agency), serving=ready and well)
            await self._tell_import(federation, agency, now)
        whole = self.reader.attached() and current and self.node.sound and not self.node.faulty
        await self.health.set("", serving=whole)

    async def _tell_import(self, federation: Federation, agency: AgencyId, now: float) -> None:
        """Name the import that every query of now is answered from, for who waits for it."""
        tables = [
            self.index.ready(agency, epoch.number, slot)
            for epoch in federation.parameters.epochs
            if epoch.is_running(now)
            for slot in slots_to_hold(now)
        ]
        numbers = [generation.number for generation in tables if generation is not None]
        number = min(numbers) if numbers and len(numbers) == len(tables) else None
        before = self.answers_from.get(agency)
        if before is not None and before != number:
            await self.health.withdraw(import_health(agency, self.answers_from.pop(agency)))
        if number is not None:
            await self.health.set(import_health(agency, number), serving=True)
            self.answers_from[agency] = number

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
        logs = _logs(settings, records)
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
        journal = opened.enter_context(_journal(settings, logs, membership.time.reached))
        carry_over = partial(_carry_over, settings, journal)
        # What a process that was killed left there.
        for agency in await asyncio.to_thread(carry_over):
            env.log.error("node.record_failed", agency=agency)
            refused[agency] = Defect("its log cannot be written")
        opened.callback(_at_the_end, carry_over)
        writer = opened.enter_context(
            ThreadPoolExecutor(1, thread_name_prefix="journal", initializer=lower_priority)
        )

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
            journal=journal,
            now=env.clock.now,
            log=env.log,
            faulty=refused,
        )
        node.note_list(membership.members.current)
        opened.callback(membership.members.subscribe(node.note_list))
        # The reader's process has a core before the answers have.
        thread = opened.enter_context(
            ThreadPoolExecutor(1, thread_name_prefix="answers", initializer=lower_priority)
        )
        reader = _reading(env, membership)
        line = AnswerLine(
            node.answer, thread, reader.frames, membership.members, env.clock, env.log
        )
        env.log.info("node.started", agencies=len(settings.agencies), sound=node.sound)
        opened.push_async_callback(health.stop)
        agencies = tuple(agency.id for agency in settings.agencies)
        yield Opened(
            env,
            agencies,
            membership,
            peppers,
            index,
            upkeep,
            writer,
            carry_over,
            node,
            reader,
            line,
            health,
        )


def _at_the_end(carry_over: Callable[[], object]) -> None:
    with suppress(Defect):  # what is left is written at the next start
        carry_over()


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


@dataclass(frozen=True, slots=True)
class Reading:
    """What holds the stream to the broker, and where the frames come from."""

    frames: Frames
    attached: Callable[[], bool]
    tasks: Callable[[], Mapping[str, Task]]


def _reading(env: Env, membership: Membership) -> Reading:
    address = str(membership.bundle.addresses.broker.nodes)
    feed = _feed(membership)
    if env.beside is not None:
        door = Door(address, membership.client_tls(), membership.broker)
        spawn = partial(env.beside, read_stream)
        process = ReaderProcess(lambda end: spawn(end, door), feed, env.clock, env.log)
        again = env.every(READER_SECONDS, 0.0, process.run, "reader")
        return Reading(process, lambda: process.attached, lambda: {"reader": again})

    def dial() -> grpc.aio.Channel:
        return env.connect(
            address, membership.client_tls(), membership.broker, options=CLIENT_FRAMES
        )

    line = Line(feed, env.clock, env.log)
    stream = BrokerStream(dial, line, feed, env.clock, env.log, random=env.random)
    return Reading(
        line,
        lambda: stream.attached,
        lambda: {
            "reader": line.run,
            "broker": lambda: reconnect(
                stream.attach, env.clock, random=env.random, log=env.log, name="broker"
            ),
        },
    )


def is_sound() -> bool:
    """Return whether this process derives the keys that all others derive. If it does not, it must
    not answer "no" to anything.
    """
    try:
        check_golden_vectors()
    except (Defect, Refused):
        return False
    return True
