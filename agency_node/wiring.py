"""Construct the parts of the running node. ``importing.wiring`` constructs those of an import."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from agency_node.answering import self_test, service
from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.audit import open_log
from agency_node.answering.health_names import (
    STREAM_HEALTH,
    agreement_health,
    import_health,
    marked_health,
    records_health,
    settings_health,
)
from agency_node.answering.self_test import Searched, SelfTest
from agency_node.answering.service import Node
from agency_node.answering.wiring import (
    JOURNAL,
    ROOM_EVENTS,
    Agreements,
    Reading,
    Retention,
    audit_folder,
    audit_key,
    carry_journal_over,
    open_logs,
    open_reading,
    open_self_test,
    open_the_journal,
    stores_of,
)
from agency_node.desks.service import Desks
from agency_node.importing.wiring import (
    UPKEEP_PATIENCE_SECONDS,
    open_shields,
    open_store,
    open_tagger,
)
from agency_node.notes import service as notes_service
from agency_node.notes.service import Notes
from agency_node.notes.wiring import NotesUpkeep, notes_store
from agency_node.notices import sending
from agency_node.notices.service import RecordWithNotices
from agency_node.notices.wiring import NoticesUpkeep, notices_store, open_sending, servers_of
from agency_node.reading import gate, grpc_broker, line
from agency_node.reading.ports import never_rest
from agency_node.reading.ticks import rests_until, tick_at_or_after
from agency_node.reading.wiring import through_a_gate
from agency_node.records.ageing import AGE_EVENTS, Ages
from agency_node.records.index import LocatorIndex
from agency_node.records.shield_tables import ShieldTables
from agency_node.records.store.imports import SqlImports
from agency_node.records.upkeep import UPKEEP_EVENTS, Upkeep
from agency_node.settings import NodeSettings
from fingerpost.audit.log import AuditLog
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PEPPER_EVENTS, PepperStore, keep_peppers
from fingerpost.private.linkage.golden import check_golden_vectors
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import slots_to_hold
from fingerpost.runtime.env import Env
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.lock import alone
from fingerpost.runtime.run import Task
from fingerpost.runtime.witness import WitnessFolder
from fingerpost.runtime.worker_processes import lower_priority

EVENTS: Final = {
    **MEMBERSHIP_EVENTS,
    **PEPPER_EVENTS,
    **UPKEEP_EVENTS,
    **AGE_EVENTS,
    **self_test.EVENTS,
    **service.EVENTS,
    **line.EVENTS,
    **gate.EVENTS,
    **notes_service.EVENTS,
    **sending.EVENTS,
    **grpc_broker.EVENTS,
    "node.started": frozenset({"agencies", "sound"}),
    "node.log_refused": frozenset({"agency", "error"}),
    "node.journal_waits": frozenset({"error"}),
    "node.journal_put_back": frozenset({"fault"}),
    "node.shields_refused": frozenset({"agency", "error"}),
    **ROOM_EVENTS,
}
LOCK: Final = "node.lock"
PEPPERS: Final = "peppers"
TEND_SECONDS: Final = 5.0
SHIELDS_SECONDS: Final = 5.0
CARRY_OVER_SECONDS: Final = 2.0
"""How often the agencies' logs are written from the journal."""
FIRST_TEND_SECONDS: Final = 0.5
"""After this time the day's pepper is open, if it is there."""
REVIEW_SECONDS: Final = 2.0


def open_audit(settings: NodeSettings, agency: AgencyId, *, adopt: bool = False) -> AuditLog:
    """Open an agency's log, with all that the journal holds for it. Blocking.

    Raises:
        Defect: also for an agency that is not of this node.
    """
    settings.agency(agency)
    _carry_over_all(settings)
    witness = WitnessFolder(settings.places.witness)
    return open_log(audit_folder(settings), agency, audit_key(settings), witness, adopt=adopt)


def _carry_over_all(settings: NodeSettings) -> None:
    """Do so beside a node that runs, or in the place of one that does not."""
    if not (settings.state / JOURNAL).exists():
        return
    with (
        closing(open_store(settings)) as records,
        closing(open_logs(settings, records)) as logs,
        notes_store(settings) as notes,
        notices_store(settings) as notices,
        open_the_journal(
            settings,
            RecordWithNotices(logs, notices, records.child),
            notes.add,
            lambda: 0.0,
            time.time(),
        ) as journal,
    ):
        carry_journal_over(settings, journal)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open node: what runs, and what it runs on."""

    env: Env
    agencies: tuple[AgencyId, ...]
    membership: Membership
    peppers: PepperStore
    index: LocatorIndex
    shields: ShieldTables
    desks: Desks
    agreements: Agreements
    ages: Ages
    upkeep: Upkeep
    writer: Executor
    carry_over: Callable[[], frozenset[AgencyId]]
    node: Node
    self_test: SelfTest
    others: Mapping[str, Task]
    reader: Reading
    line: AnswerLine
    notes: NotesUpkeep
    notices: NoticesUpkeep
    health: Health
    answers_from: dict[AgencyId, int] = field(default_factory=dict)
    """By agency, the import that the health check names."""

    def tasks(self) -> Mapping[str, Task]:
        env, member = self.env, self.membership
        reached = member.time.reached
        return {
            **member.tasks(stores_of(self.agencies)),
            "peppers": lambda: keep_peppers(
                self.peppers, member.client, member.members, member.deposit, reached, env
            ),
            "records": self._keep_records,
            # Apart from the tables, which a large host makes for minutes: a new shield must hold.
            "shields": env.every(SHIELDS_SECONDS, 0.0, self.read_shields, "shields"),
            "journal": env.every(CARRY_OVER_SECONDS, 0.0, self._keep_logs, "journal"),
            "self-test": env.every(TEND_SECONDS, 0.0, self.self_test.tend, "self-test"),
            # A frame that fails gets no answer, which its requesters see as a gap; the line
            # continues with the next frame.
            "answers": env.every(0.0, 0.0, self.line.run, "answers"),
            **self.reader.tasks(),
            **self.others,
            **self.notes.tasks(),
            **self.notices.tasks(),
            "review": env.every(REVIEW_SECONDS, 0.0, self._review, "review"),
        }

    async def tend(self) -> None:
        """Make the tables and tags that are due now."""
        await self.upkeep.tend(self.env.clock.now(), self.membership.time.reached())

    async def read_shields(self) -> None:
        """Read the registers of shields that changed. One task alone does so."""
        await _prepare(self.shields, self.env)

    async def _keep_records(self) -> None:
        clock = self.env.clock
        await clock.sleep_until(clock.monotonic() + FIRST_TEND_SECONDS)
        await self.env.every(TEND_SECONDS, 0.0, self.tend, "records")()

    async def _keep_logs(self) -> None:
        """Write the agencies' logs from the journal. What cannot be written stays in it."""
        clock = self.env.clock
        # As with a frame, most of the work is over when bytes move next.
        await clock.sleep_until(tick_at_or_after(clock.monotonic()))
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
        self.desks.prepare(federation, clock=self.membership.time.agrees())
        await self.health.set(STREAM_HEALTH, serving=self.reader.attached())
        for agency in self.agencies:
            lives = self.ages.lives(federation, agency, now) if current else ()
            ready = any(not life.is_over(now) for life in lives)
            well = self.node.sound and agency not in self.node.faulty
            well = well and self.shields.of(agency) is not None
            for version, holds in self.agreements.holding(agency, now).items():
                await self.health.set(agreement_health(agency, version), serving=holds)
            well = well and any(self.agreements.holding(agency, now).values())
            await self.health.set(str(agency), serving=ready and well)
            young = bool(lives) and not any(life.is_ageing(now) for life in lives)
            await self.health.set(records_health(agency), serving=young)
            tested = self.self_test.last(agency)
            if tested is not None:
                await self.health.set(marked_health(agency), serving=tested.all_found)
            self.ages.report(agency, lives, now)
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


@asynccontextmanager
async def open(settings: NodeSettings, env: Env) -> AsyncIterator[Opened]:
    """Open the node. It listens nowhere: its tasks attach it to the broker.

    Raises:
        Defect: a setting, a key or a file does not fit, or another process runs the node.
        Refused: it has no certificate or no member list, and cannot get one.
    """
    async with AsyncExitStack() as opened:
        opened.enter_context(alone(settings.state / LOCK, "another process runs this node"))
        records = open_store(settings)
        opened.callback(records.close)
        rest = _rest if env.beside is not None else never_rest
        logs = open_logs(settings, records, rest)
        opened.callback(logs.close)
        refused = await asyncio.to_thread(logs.check, records.agencies())
        for agency, defect in refused.items():
            env.log.error("node.log_refused", agency=agency, error=defect)
        addresses = check_places(settings.places, Party.NODE).addresses.of_a_node()
        servers = (*addresses, *servers_of(settings))
        env, gate_tasks = await opened.enter_async_context(through_a_gate(servers, env))
        health = Health()
        # Who asks whether this process knows an agency asks from the first moment on.
        for name in (
            settings_health(settings.digest),
            *(str(each.id) for each in settings.agencies),
        ):
            await health.set(name, serving=False)
        await opened.enter_async_context(serve_health(health, settings.health))
        membership = Membership(settings.places, Party.NODE, env)
        opened.callback(membership.close)
        peppers = PepperStore(
            PepperFiles(settings.state / PEPPERS, membership.witness), membership.bundle.member
        )
        await membership.start()
        kept_notes = opened.enter_context(notes_store(settings))
        is_member = partial(_is_member, membership.members)
        notes = Notes(kept_notes, env.clock, env.random_bytes, env.log, is_member, rest)
        reached = membership.time.reached
        notices = opened.enter_context(notices_store(settings))
        journal = opened.enter_context(
            open_the_journal(
                settings,
                RecordWithNotices(logs, notices, records.child, rest),
                kept_notes.add,
                reached,
                env.clock.now(),
                lambda fault: env.log.error("node.journal_put_back", fault=fault.name),
            )
        )
        carry_over = partial(carry_journal_over, settings, journal)
        # What a process that was killed left there.
        for agency in await asyncio.to_thread(carry_over):
            env.log.error("node.record_failed", agency=agency)
            refused[agency] = Defect("its log cannot be written")
        opened.callback(_at_the_end, carry_over)
        writer = opened.enter_context(
            ThreadPoolExecutor(1, thread_name_prefix="journal", initializer=lower_priority)
        )

        index = LocatorIndex(records, lambda: time.sleep(0))
        imports = SqlImports(records)
        tagging = partial(
            open_tagger,
            imports,
            membership,
            env,
            workers=settings.workers,
            patience=UPKEEP_PATIENCE_SECONDS,
        )
        upkeep = Upkeep(records, imports, index, tagging, membership.members, peppers, env.log)
        opened.push_async_callback(upkeep.close)
        upn_keys = {agency.id: agency.upn_keys for agency in settings.agencies}
        shields = ShieldTables(open_shields(settings), upn_keys, lambda: time.sleep(0))
        await _prepare(shields, env)
        searched = Searched(
            upn_keys, records, index, peppers, shields.of, env.random_bytes, rest=rest
        )
        tests = open_self_test(
            settings,
            searched,
            membership.members,
            tagging,
            logs,
            lambda agencies: node.silence(agencies),  # noqa: PLW0108 - it is made below
            env,
        )
        agreements = await asyncio.to_thread(Agreements, settings, env.log)
        desks = Desks(settings.calendars)
        desks.prepare(membership.members.current, clock=membership.time.agrees())
        tells = open_sending(settings, notices, env, desks, rest)
        node = Node(
            membership.bundle.member,
            membership.keys.signing_key,
            upn_keys,
            sound=await asyncio.to_thread(is_sound),
            members=membership.members,
            peppers=peppers,
            records=records,
            locators=index,
            shields=shields.of,
            agreements=agreements.of,
            journal=journal,
            now=env.clock.now,
            log=env.log,
            note_secret=notes.secret,
            wrong_numbers=notes.wrong_numbers,
            missed=tests.missed,
            desks=desks.of,
            rest=rest,
            faulty=refused,
        )
        node.note_list(membership.members.current)
        opened.callback(membership.members.subscribe(node.note_list))
        # The reader's process has a core before the answers have.
        thread = opened.enter_context(
            ThreadPoolExecutor(1, thread_name_prefix="answers", initializer=lower_priority)
        )
        reader = open_reading(env, membership)
        line = AnswerLine(
            node.answer,
            notes.exchange,
            thread,
            reader.frames,
            membership.members,
            env.clock,
            env.log,
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
            shields,
            desks,
            agreements,
            Ages(index, env.log),
            upkeep,
            writer,
            carry_over,
            node,
            tests,
            {**gate_tasks, **Retention(env, logs, agencies, writer, reached).tasks()},
            reader,
            line,
            NotesUpkeep(env, notes, writer, reached),
            NoticesUpkeep(env, notices, tells, writer, reached),
            health,
        )


async def _prepare(shields: ShieldTables, env: Env) -> None:
    for agency, defect in (await asyncio.to_thread(shields.prepare)).items():
        env.log.error("node.shields_refused", agency=agency, error=defect)


def _rest() -> None:
    now = time.monotonic()
    until = rests_until(now)
    if until > now:
        time.sleep(until - now)


def _at_the_end(carry_over: Callable[[], object]) -> None:
    with suppress(Defect):  # what is left is written at the next start
        carry_over()


def _is_member(members: MemberList, agency: AgencyId) -> bool:
    try:
        members.current.agency(agency)
    except Refused:
        return False
    return True


def is_sound() -> bool:
    """Return whether this process derives the keys that all others derive. If it does not, it must
    not answer "no" to anything.
    """
    try:
        check_golden_vectors()
    except (Defect, Refused):
        return False
    return True
