"""The audit log of a requesting agency: who asked, when, why, how far and about whom; who signed
in, and who failed to.

Each agency has one chained log, of which nothing is readable without its key. With it the fields
stay readable: purpose, reach, role, counts, hashes. What names a person (the child, the
practitioner's name) is in the body, for a subject access request, and is lost with the key of its
month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from fingerpost.audit.chain import FieldValue
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, Entry, OperationId
from fingerpost.private.approvals import approvers
from fingerpost.private.codec import read_demographics, read_facts, write_demographics, write_facts
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Facts, Justification
from fingerpost.private.notes import Note, NoteKind
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach, Role, Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.runtime.group_commit import GroupCommit
from fingerpost.runtime.witness import Adopted
from practitioner.asking.audit_events import (
    ASKED,
    ATTENDED,
    BEGUN,
    DECLINED,
    ENDED,
    FAILED,
    GIVEN,
    MARKED,
    NOT_TAKEN,
    REQUESTED,
    REVIEWED,
    SENT,
    SIGNED_OUT,
    STOPPED,
    TALKED,
    WIDENED,
)
from practitioner.asking.outcome import Outcome, Question, Widened
from practitioner.asking.second_persons import REVIEWED as AFTERWARDS
from practitioner.asking.second_persons import (
    Asked,
    Broken,
    Decided,
    Found,
    Happened,
    Left,
    Requested,
    Requester,
    Reviewed,
    SignedIn,
    SignedOut,
)
from practitioner.asking.talking import ANSWERS, Named
from practitioner.sign_in.rules import Session

_NEVER: Final = limits.LATEST
UNKNOWN_ACCOUNT: Final = Actor("unknown-account")
"""Somebody who failed to sign in under a name that no account has. The name is not recorded: people
type passwords there."""


class AskedBody(msgspec.Struct, frozen=True):
    """The sealed part of ``lookup.asked`` and of ``approval.requested``: the question, and who
    asks. ``approvers``: the accounts of the second persons who approved it."""

    subject: str
    name: str
    role: str
    acr: str
    auth_time: int
    reason_reference: str
    approvers: tuple[str, ...]
    facts: Facts
    named_areas: tuple[str, ...]
    demographics: Demographics
    written_facts: bytes
    written_child: bytes


class AttendedBody(msgspec.Struct, frozen=True):
    """The sealed part of ``lookup.attended``: the number is of the hospital's own records."""

    attendance: str


class AskedBy(msgspec.Struct, frozen=True):
    """Of ``AskedBody``, what the question is read from again; the rest is for people to read."""

    subject: str
    name: str
    role: str
    reason_reference: str
    named_areas: tuple[str, ...]
    written_facts: bytes
    written_child: bytes

    def __repr__(self) -> str:
        return "AskedBy(…)"


class AuditRecord:
    """Implements ``ports.Record``. Each call is durable on return, or raises ``Defect``
    (``StoreFailed``). What lookups record at one moment shares a commit."""

    def __init__(self, log_of: Callable[[AgencyId], AuditLog]) -> None:
        """``log_of`` is called in threads. It raises ``Defect`` for an agency that does not ask
        here."""
        self._log_of = log_of
        self._commits: dict[AgencyId, GroupCommit[tuple[AuditEvent, ...]]] = {}

    async def close(self) -> None:
        """Record no lookup from now on, and wait for the commits under way."""
        for commits in self._commits.values():
            await commits.close()

    async def asked(
        self,
        session: Session,
        question: Question,
        operation: str,
        at: float,
        widened: Widened | None,
    ) -> None:
        """Record a question; of a second round in the same commit also what it follows, and why."""
        events = [_question(ASKED, session, question, operation, int(at))]
        if widened is not None:
            fields = {"after": widened.after, "because": widened.because.name}
            events.append(_event(WIDENED, session.subject, operation, at, fields))
        await self._append(session.agency, *events)

    async def sent(self, agency: AgencyId, operation: str, query_hash: bytes, at: float) -> None:
        await self._of_gateway(agency, "lookup.sent", operation, at, {"query": query_hash.hex()})

    async def ended(self, agency: AgencyId, operation: str, outcome: Outcome, at: float) -> None:
        statuses = Counter(each.status for each in outcome.agencies)
        answered = statuses[Status.INVOLVED] + statuses[Status.NOTHING_TO_DISCLOSE]
        fields = {
            "asked": len(outcome.agencies),
            "answered": answered,
            "gaps": len(outcome.agencies) - answered,
            "not_connected": len(outcome.not_connected),
            "rejected": outcome.rejected_answers,
            "own_record": outcome.own_record.value if outcome.own_record else NOT_TAKEN,
            "named": statuses[Status.INVOLVED],
        }
        await self._of_gateway(agency, ENDED, operation, at, fields)

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None:
        await self._of_gateway(agency, "lookup.failed", operation, at, {"code": code})

    async def stopped(self, agency: AgencyId, operation: str, left: int, at: float) -> None:
        await self._of_gateway(agency, STOPPED, operation, at, {"left": left})

    async def _of_gateway(
        self,
        agency: AgencyId,
        kind: str,
        operation: str,
        at: float,
        fields: Mapping[str, FieldValue],
    ) -> None:
        event = AuditEvent(kind, Actor.of(agency), OperationId(operation), int(at), fields)
        await self._append(agency, event)

    # ---- second persons (blocking) ---------------------------------------------------------------

    def requested(self, session: Session, requested: Requested) -> None:
        event = _question(REQUESTED, session, requested.question, requested.number, requested.at)
        self._log_of(session.agency).append(event)

    def approved(self, session: Session, number: str, approval: bytes, at: float) -> None:
        self._of_person(session, GIVEN, number, at, {}, approval)

    def declined(self, session: Session, number: str, at: float) -> None:
        self._of_person(session, DECLINED, number, at, {})

    def stated(self, session: Session, act: str, about: str, why: str, at: float) -> None:
        """Record that an officer states an act on a shield of her agency's node."""
        self._of_person(session, "officer.stated", why, at, {"act": act, "about": about})

    def reviewed(self, session: Session, operation: str, found: Found, at: float) -> None:
        self._of_person(session, REVIEWED, operation, at, {"found": found.value})

    def happened(self, agency: AgencyId, since: int, until: int) -> tuple[Happened, ...]:
        entries = self._log_of(agency).show(since, until, decrypt=True)
        return tuple(filter(None, map(_happened, entries)))

    # ---- people (blocking) ---------------------------------------------------------------------

    def shown(self, session: Session, operation: str, at: float) -> None:
        """Record that an outcome was shown again."""
        self._of_person(session, "lookup.shown", operation, at, {})

    def marked(self, session: Session, operation: str, note: Note) -> None:
        """Record what the practitioner says of a call to an agency, before it is sent there."""
        fields = {"agency": note.agency.value, "said": note.kind.name}
        self._of_person(session, MARKED, operation, note.at, fields)

    def talked(self, session: Session, operation: str, said: NoteKind, at: float) -> None:
        """Record the answer to the one question of a lookup."""
        self._of_person(session, TALKED, operation, at, {"said": said.name})

    def named(self, agency: AgencyId, since: int, until: int) -> tuple[Named, ...]:
        """Return the lookups asked at ``since`` ≤ at < ``until`` to which somebody named itself."""
        return named_in(self._log_of(agency).show(since, until, decrypt=False), since, until)

    def said_of(self, agency: AgencyId, since: int, until: int) -> Mapping[str, NoteKind]:
        """Return by lookup what was said last of a call after it, at ``since`` ≤ at < ``until``."""
        return said_in(self._log_of(agency).show(since, until, decrypt=False))

    def convened(
        self, session: Session, operation: str, fields: Mapping[str, int | bool], at: float
    ) -> None:
        """Record a meeting that the practitioner calls, before anybody is told of it."""
        self._of_person(session, "lookup.convened", operation, at, fields)

    def attended(self, session: Session, operation: str, number: str, at: float) -> None:
        """Record the number of the attendance at which a lookup for urgent care was made."""
        body = msgspec.json.encode(AttendedBody(number))
        self._of_person(session, ATTENDED, operation, at, {}, body)

    def _of_person(
        self,
        session: Session,
        kind: str,
        operation: str,
        at: float,
        fields: Mapping[str, FieldValue],
        body: bytes = b"",
    ) -> None:
        event = _event(kind, session.subject, operation, at, fields, body)
        self._log_of(session.agency).append(event)

    def began(self, session: Session, at: float) -> None:
        self._of_session(
            session.agency,
            BEGUN,
            actor_of(session.subject),
            at,
            {"role": session.role.name},
        )

    def signed_in_since(self, agency: AgencyId, since: int) -> frozenset[str]:
        """Return the accounts that signed in, or were added, at or after ``since``."""
        found = set()
        for entry in self._log_of(agency).show(since, _NEVER, decrypt=False):
            if entry.kind == BEGUN:
                found.add(entry.actor.value)
            elif entry.kind == "account.added":
                found.add(str(entry.fields["account"]))
        return frozenset(found)

    def refused(self, agency: AgencyId, subject: str | None, reason: str, at: float) -> None:
        """Record a sign-in that failed.

        Args:
            agency: where it was tried.
            subject: None if no account has the name that was given.
            reason: a constant of our own source.
            at: in seconds since 1970 UTC.
        """
        actor = UNKNOWN_ACCOUNT if subject is None else actor_of(subject)
        self._of_session(agency, "session.refused", actor, at, {"reason": reason})

    def signed_out(self, agency: AgencyId, subject: str, at: float) -> None:
        self._of_session(agency, "session.ended", actor_of(subject), at, {})

    def _of_session(
        self, agency: AgencyId, kind: str, actor: Actor, at: float, fields: Mapping[str, str]
    ) -> None:
        event = AuditEvent(kind, actor, OperationId("sign-in"), int(at), fields)
        self._log_of(agency).append(event)

    def account_added(
        self, agency: AgencyId, by: Actor, account: str, role: Role, held: Entitlement, at: float
    ) -> None:
        written = _written(account, held)
        self._of_account(agency, "account.added", by, at, {"role": role.name, **written})

    def account_disabled(self, agency: AgencyId, by: Actor, account: str, at: float) -> None:
        self._of_account(agency, "account.disabled", by, at, {"account": account})

    def account_ended(self, agency: AgencyId, by: Actor, account: str, at: float) -> None:
        self._of_account(agency, "account.ended", by, at, {"account": account})

    def account_reset(self, agency: AgencyId, by: Actor, account: str, at: float) -> None:
        self._of_account(agency, "account.reset", by, at, {"account": account})

    def account_renewed(
        self, agency: AgencyId, by: Actor, account: str, entitlement: Entitlement, at: float
    ) -> None:
        self._of_account(agency, "account.renewed", by, at, _written(account, entitlement))

    def grace_granted(
        self, agency: AgencyId, by: Actor, account: str, manager: str, at: float
    ) -> None:
        """Record that a manager lets somebody ask in the 14 days after her training."""
        fields = {"account": account, "granted_by": manager}
        self._of_account(agency, "account.grace", by, at, fields)

    def forget_due(self, agency: AgencyId, reached: float) -> int:
        """Destroy the keys of the months whose period is over, unless the log is under a legal
        hold; return how many."""
        return len(self._log_of(agency).forget_due(reached))

    def is_held(self, agency: AgencyId) -> bool:
        """Return whether the agency is under a legal hold."""
        return bool(self._log_of(agency).holds())

    def adopted(
        self, agency: AgencyId, store: str, by: Actor, why: OperationId, found: Adopted, at: float
    ) -> None:
        """Record that a person accepted a store that was put back."""
        fields: Mapping[str, FieldValue] = {
            "store": store,
            "before": found.before,
            "number": found.number,
            "sound": found.sound,
        }
        self._log_of(agency).append(AuditEvent("store.adopted", by, why, int(at), fields))

    def _of_account(
        self,
        agency: AgencyId,
        kind: str,
        by: Actor,
        at: float,
        fields: Mapping[str, str | int | bool],
    ) -> None:
        event = AuditEvent(kind, by, OperationId("administration"), int(at), fields)
        self._log_of(agency).append(event)

    async def _append(self, agency: AgencyId, *events: AuditEvent) -> None:
        commits = self._commits.get(agency)
        if commits is None:
            commit = partial(self._commit, agency)
            commits = self._commits[agency] = GroupCommit(commit, "audit")
        await commits.append(events)

    def _commit(self, agency: AgencyId, groups: Sequence[tuple[AuditEvent, ...]]) -> None:
        self._log_of(agency).append_many([event for group in groups for event in group])


def _question(
    kind: str, session: Session, question: Question, operation: str, at: int
) -> AuditEvent:
    why = question.justification
    body = AskedBody(
        subject=session.subject,
        name=session.name,
        role=session.role.name,
        acr=session.acr.value,
        auth_time=session.auth_time,
        reason_reference=why.reason_reference,
        approvers=approvers(why),
        facts=why.facts,
        named_areas=tuple(str(code) for code in question.named_areas),
        demographics=question.demographics,
        written_facts=write_facts(why.facts),
        written_child=write_demographics(question.demographics),
    )
    fields = {
        "purpose": why.purpose.name,
        "reach": question.settled_reach.name,
        "role": session.role.name,
    }
    return _event(kind, session.subject, operation, at, fields, msgspec.json.encode(body))


def named_in(entries: Iterable[Entry], since: int, until: int) -> tuple[Named, ...]:
    """Return the lookups asked at ``since`` ≤ at < ``until`` to which somebody named itself."""
    asked: dict[str, int] = {}
    named = []
    for entry in entries:
        number = entry.operation.value
        if entry.kind == ASKED and since <= entry.at < until:
            asked[number] = entry.at
        elif entry.kind == ENDED and number in asked and entry.fields.get("named"):
            named.append(Named(number, asked[number]))
    return tuple(named)


def said_in(entries: Iterable[Entry]) -> Mapping[str, NoteKind]:
    """Return by lookup what was said last, of it or of one of its agencies."""
    said = {}
    for entry in entries:
        if entry.kind in (TALKED, MARKED):
            kind = NoteKind[str(entry.fields["said"])]
            if kind in ANSWERS:
                said[entry.operation.value] = kind
    return said


def _event(
    kind: str,
    subject: str,
    operation: str,
    at: float,
    fields: Mapping[str, FieldValue],
    body: bytes = b"",
) -> AuditEvent:
    return AuditEvent(kind, actor_of(subject), OperationId(operation), int(at), fields, body)


def _happened(entry: Entry) -> Happened | None:
    """Return what an entry says to a second person; None for one that says nothing to her."""
    number = entry.operation.value
    if entry.kind == GIVEN:
        return Decided(number, entry.actor.value, entry.body) if entry.body else None
    if entry.kind == DECLINED:
        return Decided(number, entry.actor.value, b"")
    if entry.kind == REVIEWED:
        return Reviewed(number)
    if entry.kind == SENT:
        return Left(number)
    if entry.kind in (FAILED, STOPPED):
        return Broken(number)
    if entry.kind == BEGUN:
        return SignedIn(entry.actor.value, Role[str(entry.fields["role"])], entry.at)
    if entry.kind == SIGNED_OUT:
        return SignedOut(entry.actor.value)
    if entry.kind not in (ASKED, REQUESTED):
        return None
    purpose = Purpose[str(entry.fields["purpose"])]
    if entry.kind == ASKED:
        if purpose not in AFTERWARDS:
            return None
        asked = _asked(entry, purpose) if entry.body else None
        return Asked(number, asked and asked[0], purpose, asked and asked[1], entry.at)
    if not entry.body:  # its month was forgotten, and the question with it
        return None
    return Requested(number, *_asked(entry, purpose), entry.at)


def read_asked(body: bytes) -> AskedBy:
    """Return who asked, and what, of an entry's body. Raises ``Defect``: it has another form."""
    try:
        return msgspec.json.decode(body, type=AskedBy)
    except msgspec.MsgspecError:
        raise Defect("an entry of the audit log has another form") from None


def _asked(entry: Entry, purpose: Purpose) -> tuple[Requester, Question]:
    body = read_asked(entry.body or b"")
    requester = Requester(body.subject, body.name, Role[body.role])
    question = Question(
        read_demographics(body.written_child),
        Justification(purpose, body.reason_reference, facts=read_facts(body.written_facts)),
        Reach[str(entry.fields["reach"])],
        tuple(map(AreaCode, body.named_areas)),
    )
    return requester, question


def actor_of(subject: str) -> Actor:
    """Return an account's name as an actor, in lower case; the body has its exact spelling."""
    return Actor(subject.lower())


def _written(account: str, held: Entitlement) -> dict[str, str | int]:
    dates = {"training_until": held.training_until, "vetting_until": held.vetting_until}
    return {"account": account, **dates}
