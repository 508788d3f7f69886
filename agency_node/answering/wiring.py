"""Where the journal, the agencies' logs and the reader of the stream are opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import grpc.aio

from agency_node.answering.audit import AgencyLogs, log_witness
from agency_node.answering.journal import Journal
from agency_node.answering.ports import Record
from agency_node.answering.self_test import Searched, SelfTest
from agency_node.answering.tags_store import TagsFile
from agency_node.answering.threads import RecordWithThreads
from agency_node.notes.ports import Thread
from agency_node.policy.agreement import Agreement
from agency_node.policy.store import keep, load_all
from agency_node.reading.channel import ReaderProcess
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.grpc_broker import BrokerStream
from agency_node.reading.line import Line
from agency_node.reading.ports import Frames, Rest, never_rest
from agency_node.reading.wiring import READER_SECONDS, Door, read_stream
from agency_node.records.store.journal import open_journal
from agency_node.records.store.records import SqlRecords
from agency_node.records.store.shields import shields_witness
from agency_node.records.store.witness import records_witness
from agency_node.records.upkeep import Tagging
from agency_node.settings import NodeSettings
from fingerpost.membership.membership import Membership
from fingerpost.membership.ports import Members, Reached
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import or_defect, read_key
from fingerpost.runtime.lock import locked
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.runtime.run import Task, reconnect
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import key_for
from fingerpost.runtime.witness import Fault, WitnessFolder

RETENTION_SECONDS: Final = 3600.0
JOURNAL: Final = "journal.sqlite"
JOURNAL_WITNESS: Final = "journal"
JOURNAL_LOCK: Final = "journal.lock"
AUDIT: Final = "audit"
TAGS: Final = "marked-tags"


def stores_of(agencies: Iterable[AgencyId]) -> list[str]:
    """Return the names of the witnesses of all that this node keeps."""
    names = (log_witness, records_witness, shields_witness)
    return [JOURNAL_WITNESS, *(name(agency) for agency in agencies for name in names)]


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


def open_logs(settings: NodeSettings, records: SqlRecords, rest: Rest = never_rest) -> AgencyLogs:
    """Open the logs of all agencies. Close them at the end. Raises ``Defect``."""
    witness = WitnessFolder(settings.places.witness)
    return AgencyLogs(audit_folder(settings), audit_key(settings), witness, records.child, rest)


AGREEMENT_EVENTS: Final = {
    "node.agreement_refused": frozenset({"agency", "error"}),
    "node.agreement_out_of_date": frozenset({"agency"}),
}


class Agreements:
    """The agreements that a node's agencies answer by, as they were when it started.

    Each is kept before anything is answered by it.

    Raises:
        Defect: one cannot be kept.
    """

    def __init__(self, settings: NodeSettings, log: Logger) -> None:
        self._log = log
        self._late: set[AgencyId] = set()
        loaded = load_all({agency.id: agency.agreements for agency in settings.agencies})
        for agency, defect in loaded.failed.items():
            log.error("node.agreement_refused", agency=agency, error=defect)
        for agreement in set(loaded.agreements.values()):
            keep(settings.agreements, agreement)
        self._agreements = loaded.agreements

    def of(self, agency: AgencyId) -> Agreement | None:
        """Return an agency's agreement; None where it could not be read."""
        return self._agreements.get(agency)

    def holding(self, agency: AgencyId, now: float) -> Mapping[str, bool]:
        """Return, by its version, whether the agency's agreement holds; nothing where it could not
        be read. That it no longer holds is logged once."""
        agreement = self.of(agency)
        if agreement is None:
            return {}
        holds = agreement.answering(datetime.fromtimestamp(now, UTC).date()) is not None
        if not holds and agency not in self._late:
            self._late.add(agency)
            self._log.error("node.agreement_out_of_date", agency=agency)
        return {agreement.version: holds}


ROOM_EVENTS: Final = {
    **AGREEMENT_EVENTS,
    "node.months_forgotten": frozenset({"agency", "count"}),
}


@dataclass(frozen=True, slots=True)
class Retention:
    """What ends the periods of the agencies' logs. ``writer``: an executor of one thread, that of
    the journal."""

    env: Env
    logs: AgencyLogs
    agencies: Sequence[AgencyId]
    writer: Executor
    reached: Reached

    def tasks(self) -> Mapping[str, Task]:
        every = RETENTION_SECONDS
        return {"retention": self.env.every(every, every / 2, self.end_periods, "retention")}

    async def end_periods(self) -> None:
        """Destroy the keys of the months that are over for longer than the period."""
        due = partial(self.logs.forget_due, self.agencies, self.reached())
        found = await asyncio.get_running_loop().run_in_executor(self.writer, due)
        for agency, months in found.items():
            self.env.log.info("node.months_forgotten", agency=agency, count=months)


@contextmanager
def open_the_journal(
    settings: NodeSettings,
    record: Record,
    keep: Callable[[Sequence[Thread]], None],
    reached: Reached,
    now: float,
    report: Callable[[Fault], object] | None = None,
) -> Iterator[Journal]:
    """Open the journal, from which the logs are written.

    Args:
        record: the agencies' logs, and what is kept with them.
        keep: keeps the threads of notes that begin with what opened.
        now: see ``SqlJournal``.
        report: is called when the journal was not the newest, and is gone on from. Without it, such
            a journal is refused: only the node goes on from it.

    Raises:
        Defect: it does not open.
    """
    key = audit_key(settings)
    witness = WitnessFolder(settings.places.witness).of(JOURNAL_WITNESS)
    path, adopt = settings.state / JOURNAL, report is not None
    with closing(open_journal(path, key, reached, witness, now, adopt=adopt)) as store:
        if store.fault is not None and report is not None:
            report(store.fault)
        yield Journal(store, RecordWithThreads(record, keep), SealedBox(key_for("journal", key)))


def open_self_test(
    settings: NodeSettings,
    searched: Searched,
    members: Members,
    tagging: Tagging,
    logs: AgencyLogs,
    silence: Callable[[tuple[AgencyId, ...]], None],
    env: Env,
) -> SelfTest:
    kept = TagsFile(settings.state / TAGS)
    return SelfTest(searched, members, tagging, kept, logs, silence, env.clock, env.log)


def carry_journal_over(settings: NodeSettings, journal: Journal) -> frozenset[AgencyId]:
    """Write the agencies' logs from the journal, one process at a time. Raises and returns as
    ``Journal.carry_over``.
    """
    with locked(settings.state / JOURNAL_LOCK, wait=True):
        return journal.carry_over()


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


def open_reading(env: Env, membership: Membership) -> Reading:
    """Construct what reads the node's stream: a process of its own, where ``env`` starts some."""
    address = env.route(str(membership.bundle.addresses.broker.nodes))
    feed = _feed(membership)
    if env.beside is not None:
        door = Door(address, membership.client_tls(), membership.broker)
        spawn = partial(env.beside, read_stream)
        process = ReaderProcess(lambda end: spawn(end, door), feed, env.clock, env.log)
        again = env.every(READER_SECONDS, 0.0, process.run, "reader")
        return Reading(process, lambda: process.attached, lambda: {"reader": again})

    def dial() -> grpc.aio.Channel:
        return connect(address, membership.client_tls(), membership.broker, options=CLIENT_FRAMES)

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
