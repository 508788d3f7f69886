"""Record what opened at an agency in that agency's own chained log. Implements ``ports.Record``.

Every query that opened at an agency is in the node's journal before its answer leaves, whatever the
answer discloses, and in that agency's log some seconds later. An entry shows nothing without the
key; who asked, why, about whom, and which records were compared, is forgotten with the month's key.
All entries have one size, so that the length does not show whether somebody was found. The key of
each log is derived from the node's: an agency of a host can be given its log and the key to it, and
that key opens no other log.

Where only rows that may have been planted opened a query (``planted``), the requester stands in a
second layer, under a key of its own, which is opened with a reason that is recorded first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from agency_node.answering.entries import (
    BODY_VERSION,
    HIDDEN_REQUESTER,
    OPENED,
    Body,
    HiddenRequester,
    read_body,
)
from agency_node.answering.pages import Opened
from agency_node.answering.self_test import SelfTested
from agency_node.reading.ports import Rest, never_rest
from agency_node.records.records import ChildRecord, RecordId
from fingerpost.audit.chain import SMALL_BODY_BYTES
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.private.codec import write_demographics
from fingerpost.private.sealing import prefixed
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.witness import WitnessFolder
from fingerpost.runtime.worker_processes import lower_priority

REVEALED: Final = "node.requester_revealed"
ENTRY_SHOWN: Final = "node.entry_shown"
EXPORTED: Final = "node.evidence_exported"
CHILD_MARKED: Final = "node.child_marked"
CHILD_UNMARKED: Final = "node.child_unmarked"
THEY_RANG: Final = "node.they_rang"
SHIELD_SET: Final = "node.shield_set"
SHIELD_KEPT: Final = "node.shield_kept"
SHIELD_LIFTED: Final = "node.shield_lifted"
SHIELD_SAME: Final = "node.shield_same"
SHIELD_OTHER: Final = "node.shield_other"
CHILD_HIDDEN: Final = "node.child_hidden"
CHILD_SHOWN: Final = "node.child_shown"
REFUGE_ADDED: Final = "node.refuge_added"
REFUGE_REMOVED: Final = "node.refuge_removed"
SHIELDS_ADOPTED: Final = "node.shields_adopted"
RECORDS_ADOPTED: Final = "node.records_adopted"
TESTED: Final = "node.self_tested"
CHALLENGED: Final = "node.challenged"
CHALLENGE_SIGNED: Final = "node.challenge_signed"
CHALLENGE_ANSWERED: Final = "node.challenge_answered"
NUMBER_RIGHT: Final = "node.number_right"
PREVIEWED: Final = "node.previewed"
KNOCK_CLOSED: Final = "node.knock_closed"
CATALOGUE: Final[Mapping[str, frozenset[str]]] = {
    OPENED: frozenset(
        {"query", "asking", "key_set", "reach", "widened", "finding", "answer", "told"}
    ),
    REVEALED: frozenset({"entry"}),
    ENTRY_SHOWN: frozenset({"entry"}),
    EXPORTED: frozenset({"lookups", "sha256"}),
    CHILD_MARKED: frozenset({"child", "as"}),
    CHILD_UNMARKED: frozenset({"child"}),
    THEY_RANG: frozenset({"entry"}),
    SHIELD_SET: frozenset({"shield"}),
    SHIELD_KEPT: frozenset({"shield"}),
    SHIELD_LIFTED: frozenset({"shield", "second", "signed"}),
    SHIELD_SAME: frozenset({"shield", "meeting"}),
    SHIELD_OTHER: frozenset({"shield", "meeting"}),
    CHILD_HIDDEN: frozenset(),
    CHILD_SHOWN: frozenset({"second", "signed"}),
    REFUGE_ADDED: frozenset(),
    REFUGE_REMOVED: frozenset({"second", "signed"}),
    SHIELDS_ADOPTED: frozenset(),
    RECORDS_ADOPTED: frozenset(),
    TESTED: frozenset({"generation", "asked", "found", "slipped", "slipped_found"}),
    CHALLENGED: frozenset({"entry", "about"}),
    CHALLENGE_SIGNED: frozenset({"entry", "about", "asking", "challenge", "answer_by"}),
    CHALLENGE_ANSWERED: frozenset({"entry", "challenge", "says"}),
    NUMBER_RIGHT: frozenset({"number"}),
    PREVIEWED: frozenset({"generation", "record"}),
    KNOCK_CLOSED: frozenset({"entry", "outcome"}),
}
NOT_SHOWN: Final = Actor("not-shown")
"""A requester who is not shown before an officer gives a reason."""
ITSELF: Final = Actor("self-test")
"""The node, which looked for the marked records of an agency."""
NOT_BELIEVED: Final = Actor("not-believed")
"""A requester whose passport or signature did not hold, so that nobody vouches for a name."""
Child = Callable[[AgencyId, int, RecordId], ChildRecord]
"""It reads a record of a generation of an agency. It may raise ``Refused`` or ``Defect``."""
LOGS_OPEN: Final = 256
"""A host with thousands of agencies does not hold all logs open at once, since each has three
files.
"""
AT_ONCE: Final = 8
"""The number of logs that are written at the same time."""
KEY_BYTES: Final = 32


def log_path(folder: Path, agency: AgencyId) -> Path:
    return folder / f"{agency}.sqlite"


def log_witness(agency: AgencyId) -> str:
    """Return the name of the witness of an agency's log."""
    return f"audit.{agency}"


def log_key(node_key: bytes, agency: AgencyId) -> bytes:
    """Derive the master key of one agency's log (32 bytes, secret) from the node's (likewise)."""
    if len(node_key) != KEY_BYTES:
        raise Defect("the audit key has 32 bytes")
    info = prefixed(b"fingerpost/v1 audit of an agency", agency.value.encode("ascii"))
    return HKDFExpand(SHA256(), KEY_BYTES, info).derive(node_key)


def requester_box(node_key: bytes, agency: AgencyId) -> SealedBox:
    """Return what seals the second layer of an agency's entries, and opens it."""
    info = prefixed(b"fingerpost/v1 requester of an entry", agency.value.encode("ascii"))
    return SealedBox(HKDFExpand(SHA256(), KEY_BYTES, info).derive(log_key(node_key, agency)))


def _place(agency: AgencyId, query: str) -> bytes:
    return prefixed(b"requester", agency.value.encode("ascii"), query.encode("ascii"))


def open_requester(box: SealedBox, agency: AgencyId, query: str, sealed: bytes) -> HiddenRequester:
    """Return who asked. Record the reason first.

    Args:
        box: as ``requester_box`` returns it.
        query: the hash of the query, in hexadecimal, as the entry has it.

    Raises:
        Defect: it was sealed for another entry, or is damaged.
    """
    refusal = "the requester of an entry cannot be opened"
    try:
        return HIDDEN_REQUESTER.decode(box.open(sealed, _place(agency, query), refusal))
    except msgspec.MsgspecError:
        raise Defect(refusal) from None


def open_log(
    folder: Path,
    agency: AgencyId,
    node_key: bytes,
    witness: WitnessFolder,
    *,
    adopt: bool = False,
) -> AuditLog:
    """Open an agency's log.

    Raises:
        StoreBehind: the log was restored from a backup, and ``adopt`` is not set.
        Defect: the log is damaged, or was written with another key.
    """
    return AuditLog.open(
        log_path(folder, agency),
        catalogue=CATALOGUE,
        master_key=log_key(node_key, agency),
        witness=witness.of(log_witness(agency)),
        adopt=adopt,
    )


class AgencyLogs:
    """The logs of all agencies of this node. Thread-safe. Call ``close`` at the end."""

    def __init__(
        self,
        folder: Path,
        node_key: bytes,
        witness: WitnessFolder,
        child: Child,
        rest: Rest = never_rest,
    ) -> None:
        """``child`` reads a record; what it raises leaves only the number in the entry."""
        self._child = child
        self._rest = rest
        self._folder = folder
        self._witness = witness
        self._node_key = node_key
        self._open: OrderedDict[AgencyId, AuditLog] = OrderedDict()
        self._lock = threading.Lock()
        self._writers = ThreadPoolExecutor(
            AT_ONCE, thread_name_prefix="audit", initializer=lower_priority
        )

    def check(self, agencies: Iterable[AgencyId]) -> dict[AgencyId, Defect]:
        """Open each log once, at the start; return those that do not open, and why.

        A log whose fault showed only when a query opens would give a hit away.
        """
        with self._lock:
            _, failed = self._opened(agencies)
        return failed

    def opened(self, openings: Sequence[Opened], *, tried: bool = False) -> frozenset[AgencyId]:
        by_agency: dict[AgencyId, list[AuditEvent]] = {}
        for opening in openings:
            self._rest()
            by_agency.setdefault(opening.agency, []).append(self._event(opening))
        agencies = sorted(by_agency)
        failed: set[AgencyId] = set()
        append = partial(_append, tried=tried, rest=self._rest)
        with self._lock:
            for first in range(0, len(agencies), AT_ONCE):
                logs, unopened = self._opened(agencies[first : first + AT_ONCE])
                failed.update(unopened)
                events = [by_agency[agency] for agency in logs]
                done = self._writers.map(append, logs.values(), events)
                failed |= {agency for agency, well in zip(logs, done, strict=True) if not well}
        return frozenset(failed)

    def tested(self, tested: SelfTested) -> bool:
        """Append one entry for a test. Return whether it could be written."""
        event = AuditEvent(
            kind=TESTED,
            actor=ITSELF,
            operation=OperationId(f"import-{tested.generation}"),
            at=tested.at,
            fields={
                "generation": tested.generation,
                "asked": tested.asked,
                "found": tested.found,
                "slipped": tested.slipped,
                "slipped_found": tested.slipped_found,
            },
        )
        with self._lock:
            log = self._opened((tested.agency,))[0].get(tested.agency)
            return log is not None and _append(log, [event], tried=False, rest=self._rest)

    def forget_due(self, agencies: Iterable[AgencyId], reached: float) -> dict[AgencyId, int]:
        """Destroy the keys of the months whose period is over, but for logs under a legal hold.
        Return how many, by agency; a log that cannot be written is tried again the next time."""
        forgotten: dict[AgencyId, int] = {}
        for agency in agencies:
            self._rest()
            with self._lock, suppress(Defect):
                if months := self._log(agency).forget_due(reached):
                    forgotten[agency] = len(months)
        return forgotten

    def close(self) -> None:
        with self._lock:
            self._writers.shutdown()
            while self._open:
                self._open.popitem()[1].close()

    def _opened(
        self, agencies: Iterable[AgencyId]
    ) -> tuple[dict[AgencyId, AuditLog], dict[AgencyId, Defect]]:
        """Return the logs, and why those of the other agencies do not open.

        Of more than ``LOGS_OPEN`` agencies, the first logs are closed again.
        """
        logs: dict[AgencyId, AuditLog] = {}
        failed: dict[AgencyId, Defect] = {}
        for agency in agencies:
            try:
                logs[agency] = self._log(agency)
            except Defect as defect:
                failed[agency] = defect
        return logs, failed

    def _log(self, agency: AgencyId) -> AuditLog:
        log = self._open.get(agency)
        if log is None:
            log = open_log(self._folder, agency, self._node_key, self._witness)
            while len(self._open) >= LOGS_OPEN:
                self._open.popitem(last=False)[1].close()
            self._open[agency] = log
        self._open.move_to_end(agency)
        return log

    def _event(self, opening: Opened) -> AuditEvent:
        query = opening.query
        asking = query.requester.agency if query.requester and not opening.unexpected else ""
        nobody = NOT_SHOWN if query.requester else NOT_BELIEVED
        return AuditEvent(
            kind=OPENED,
            actor=Actor(asking) if asking else nobody,
            operation=OperationId.of(query.hash),
            at=opening.at,
            fields={
                "query": query.hash.hex(),
                "asking": asking,
                "key_set": query.key_set,
                "reach": query.reach,
                "widened": query.widened,  # the body has the reason
                "finding": opening.finding,
                "answer": opening.answer,
                "told": opening.told,
            },
            body=self._body(opening),
        )

    def _body(self, opening: Opened) -> bytes:
        requester = opening.query.requester
        ours = [self._ours(opening, number) for number in opening.records]
        body = Body(
            version=BODY_VERSION,
            asked=opening.query.asked,
            refusal=opening.refusal,
            generation=opening.generation,
            written_records=tuple(
                (number, written)
                for number, (written, _) in zip(opening.records, ours, strict=True)
            ),
            asking_name=requester.name if requester else "",
            asking_desk=requester.desk if requester else "",
            asking_kind=requester.kind if requester else "",
            not_named=opening.not_named,
            ruled=opening.ruled,
            local_ids=tuple(local_id for _, local_id in ours),
        )
        if opening.unexpected:
            body = _hiding(body, opening, requester_box(self._node_key, opening.agency))
        return _fitting(body)

    def _ours(self, opening: Opened, number: int) -> tuple[bytes, str]:
        """Return the stored form of a record's details, and the agency's own number for it."""
        try:
            record = self._child(opening.agency, opening.generation, RecordId(number))
        except (Refused, Defect):
            return b"", ""  # deleted meanwhile, or damaged: only the number is kept
        return write_demographics(record.demographics), record.local_id


def _hiding(body: Body, opening: Opened, box: SealedBox) -> Body:
    """Return the body with what would show who asked in its second layer."""
    asked, requester = body.asked, opening.query.requester
    if asked is None or requester is None:
        return body
    hidden = HiddenRequester(
        asked.name,
        asked.subject,
        requester.agency,
        requester.name,
        requester.desk,
        asked.reason_reference,
        asked.approvers,
        asked.facts,
        asked.grace,
    )
    place = _place(opening.agency, opening.query.hash.hex())
    return msgspec.structs.replace(
        body,
        asked=msgspec.structs.replace(
            asked, name="", subject="", reason_reference="", approvers="", facts=b"", grace=""
        ),
        asking_name="",
        asking_desk="",
        unexpected=opening.unexpected,
        sealed_requester=box.seal(msgspec.msgpack.encode(hidden), place),
    )


def _append(log: AuditLog, events: Sequence[AuditEvent], *, tried: bool, rest: Rest) -> bool:
    rest()
    try:
        there = _there(log, events) if tried else frozenset()
        log.append_many([event for event in events if event.operation not in there])
    except Defect:
        return False
    return True


def _there(log: AuditLog, events: Sequence[AuditEvent]) -> frozenset[OperationId]:
    """Return the operations of an earlier attempt, which was interrupted: a query opens once."""
    times = [event.at for event in events]
    entries = log.show(min(times), max(times) + 1, decrypt=False)
    return frozenset(entry.operation for entry in entries if entry.kind == OPENED)


def _fitting(body: Body) -> bytes:
    """Return the stored form, within the one size that entries have.

    Where it is too long, the details of the last records are left out first: the agency finds them
    by its own numbers. Then the last of these are.
    """
    written = msgspec.msgpack.encode(body)
    records, local_ids = body.written_records, body.local_ids
    while len(written) > SMALL_BODY_BYTES:
        detailed = [place for place, (_, child) in enumerate(records) if child]
        if detailed:
            last = detailed[-1]
            records = (*records[:last], (records[last][0], b""), *records[last + 1 :])
        elif local_ids:
            local_ids = local_ids[:-1]
        else:
            break
        shorter = msgspec.structs.replace(body, written_records=records, local_ids=local_ids)
        written = msgspec.msgpack.encode(shorter)
    return written


def count_week(log: AuditLog, since: int, until: int) -> tuple[int, int, int]:
    """Return how many queries opened from ``since`` to before ``until``, in how many entries the
    requester is hidden, and how many entries were revealed. A forgotten month counts as shown.
    """
    opened = hidden = revealed = 0
    for entry in log.show(since, until, decrypt=True):
        opened += entry.kind == OPENED
        revealed += entry.kind == REVEALED
        if entry.kind == OPENED and entry.body:
            hidden += bool(read_body(entry.body).sealed_requester)
    return opened, hidden, revealed
