"""The audit log of a requesting agency: who asked, when, why, how far and about whom; who signed
in, and who failed to.

Each agency has one chained log, of which nothing is readable without its key. With it the fields
stay readable: purpose, reach, role, counts, hashes. What names a person (the child, the
practitioner's name) is in the body, for a subject access request, and is lost with the key of its
month.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

import msgspec

from fingerpost.audit.chain import FieldValue
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.private.demographics import Demographics
from fingerpost.private.passport import Entitlement
from fingerpost.private.purpose_rules import Facts
from fingerpost.protocol.codes import Role, Status
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.witness import Adopted
from practitioner.asking.outcome import Outcome, Question, Widened
from practitioner.sign_in.rules import Session

CATALOGUE: Final[Mapping[str, frozenset[str]]] = {
    "lookup.asked": frozenset({"purpose", "reach", "role"}),
    "lookup.widened": frozenset({"after", "because"}),
    "lookup.sent": frozenset({"query"}),
    "lookup.ended": frozenset({"asked", "answered", "gaps", "not_connected", "rejected"}),
    "lookup.failed": frozenset({"code"}),
    "lookup.shown": frozenset(),
    "session.begun": frozenset({"role"}),
    "session.refused": frozenset({"reason"}),
    "session.ended": frozenset(),
    "account.added": frozenset({"account", "role", "training_until", "vetting_until"}),
    "account.disabled": frozenset({"account"}),
    "account.reset": frozenset({"account"}),
    "store.adopted": frozenset({"store", "before", "number", "sound"}),
    "account.renewed": frozenset({"account", "training_until", "vetting_until"}),
}
UNKNOWN_ACCOUNT: Final = Actor("unknown-account")
"""Somebody who failed to sign in under a name that no account has. The name is not recorded: people
type passwords there."""


class AskedBody(msgspec.Struct, frozen=True):
    """The sealed part of ``lookup.asked``: the question as it was asked."""

    subject: str
    name: str
    role: str
    acr: str
    auth_time: int
    reason_reference: str
    approver: str
    facts: Facts
    named_areas: tuple[str, ...]
    demographics: Demographics


class AuditRecord:
    """Implements ``ports.Record``. Each call is durable on return, or raises ``Defect``
    (``StoreFailed``)."""

    def __init__(self, log_of: Callable[[AgencyId], AuditLog]) -> None:
        """``log_of`` is called in threads. It raises ``Defect`` for an agency that does not ask
        here."""
        self._log_of = log_of

    async def asked(
        self,
        session: Session,
        question: Question,
        operation: str,
        at: float,
        widened: Widened | None,
    ) -> None:
        """Record a question; of a second round in the same commit also what it follows, and why."""
        why = question.justification
        body = AskedBody(
            subject=session.subject,
            name=session.name,
            role=session.role.name,
            acr=session.acr.value,
            auth_time=session.auth_time,
            reason_reference=why.reason_reference,
            approver=why.approver,
            facts=why.facts,
            named_areas=tuple(str(code) for code in question.named_areas),
            demographics=question.demographics,
        )
        events = [
            AuditEvent(
                kind="lookup.asked",
                actor=actor_of(session.subject),
                operation=OperationId(operation),
                at=int(at),
                fields={
                    "purpose": why.purpose.name,
                    "reach": question.settled_reach.name,
                    "role": session.role.name,
                },
                body=msgspec.json.encode(body),
            )
        ]
        if widened is not None:
            events.append(
                AuditEvent(
                    kind="lookup.widened",
                    actor=actor_of(session.subject),
                    operation=OperationId(operation),
                    at=int(at),
                    fields={"after": widened.after, "because": widened.because.name},
                )
            )
        await self._append(session.agency, *events)

    async def sent(
        self, agency: AgencyId, operation: str, query_hashes: Sequence[bytes], at: float
    ) -> None:
        await self._append(
            agency,
            *(
                AuditEvent(
                    "lookup.sent",
                    Actor.of(agency),
                    OperationId(operation),
                    int(at),
                    {"query": hash_.hex()},
                )
                for hash_ in query_hashes
            ),
        )

    async def ended(self, agency: AgencyId, operation: str, outcome: Outcome, at: float) -> None:
        statuses = Counter(each.status for each in outcome.agencies)
        answered = statuses[Status.INVOLVED] + statuses[Status.NOTHING_TO_DISCLOSE]
        await self._append(
            agency,
            AuditEvent(
                "lookup.ended",
                Actor.of(agency),
                OperationId(operation),
                int(at),
                {
                    "asked": len(outcome.agencies),
                    "answered": answered,
                    "gaps": len(outcome.agencies) - answered,
                    "not_connected": len(outcome.not_connected),
                    "rejected": outcome.rejected_answers,
                },
            ),
        )

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None:
        await self._append(
            agency,
            AuditEvent(
                "lookup.failed",
                Actor.of(agency),
                OperationId(operation),
                int(at),
                {"code": code},
            ),
        )

    # ---- people (blocking) ---------------------------------------------------------------------

    def shown(self, session: Session, operation: str, at: float) -> None:
        """Record that an outcome was shown again."""
        event = AuditEvent(
            "lookup.shown", actor_of(session.subject), OperationId(operation), int(at), {}
        )
        self._log_of(session.agency).append(event)

    def began(self, session: Session, at: float) -> None:
        self._of_session(
            session.agency,
            "session.begun",
            actor_of(session.subject),
            at,
            {"role": session.role.name},
        )

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
        self,
        agency: AgencyId,
        by: Actor,
        account: str,
        role: Role,
        entitlement: Entitlement,
        at: float,
    ) -> None:
        fields = {"account": account, "role": role.name, **asdict(entitlement)}
        self._of_account(agency, "account.added", by, at, fields)

    def account_disabled(self, agency: AgencyId, by: Actor, account: str, at: float) -> None:
        self._of_account(agency, "account.disabled", by, at, {"account": account})

    def account_reset(self, agency: AgencyId, by: Actor, account: str, at: float) -> None:
        self._of_account(agency, "account.reset", by, at, {"account": account})

    def account_renewed(
        self,
        agency: AgencyId,
        by: Actor,
        account: str,
        entitlement: Entitlement,
        at: float,
    ) -> None:
        fields = {"account": account, **asdict(entitlement)}
        self._of_account(agency, "account.renewed", by, at, fields)

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
        await asyncio.to_thread(lambda: self._log_of(agency).append_many(events))


def actor_of(subject: str) -> Actor:
    """Return an account's name as an actor, in lower case; the body has its exact spelling."""
    return Actor(subject.lower())
