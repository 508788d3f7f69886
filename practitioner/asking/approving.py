"""A second person decides: she approves a question before it is asked, or reviews it afterwards.

Every call is blocking, and on record before anything depends on it. Whoever signs practitioners in
by herself gives the session and its key; see ``sign_in.rules.approval_key``.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.approvals import ToApprove, approve
from fingerpost.private.linkage import normalise, require_answerable
from fingerpost.private.messages import APPROVAL_SALT_BYTES
from fingerpost.private.purpose_rules import PurposeRule, lacking
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row
from practitioner.asking import second_persons
from practitioner.asking.outcome import Question
from practitioner.asking.plan import plan
from practitioner.asking.ports import SecondPersonRecord
from practitioner.asking.second_persons import (
    LOOK_BACK_SECONDS,
    Asked,
    Found,
    Happened,
    Requested,
    SecondPersonRule,
    SignedIn,
)
from practitioner.sign_in.rules import Session, require_in_date


class SecondPersons:
    """The requests and reviews of the agencies that ask through this gateway.

    Args:
        passport_key: returns an agency's passport key; raises ``Defect``.
        upn_keys: whether pupil numbers may be used for matching.
    """

    def __init__(
        self,
        record: SecondPersonRecord,
        passport_key: Callable[[AgencyId], Ed25519PrivateKey],
        random_bytes: Callable[[int], bytes],
        *,
        upn_keys: bool,
    ) -> None:
        self._record = record
        self._passport_key = passport_key
        self._random_bytes = random_bytes
        self._upn_keys = upn_keys

    # ---- before a lookup -------------------------------------------------------------------------

    def request(self, session: Session, question: Question, now: float) -> Requested:
        """Put a question before a second person. It waits for 24 hours, sealed in the audit log.

        Raises:
            Refused: as the lookup would be: NOT_ALLOWED, WEAK_INPUT.
        """
        question = self._asked_for(session, question, now)
        number = self._random_bytes(8).hex()
        requester = second_persons.Requester(session.subject, session.name, session.role)
        requested = Requested(number, requester, question, int(now))
        self._record.requested(session, requested)
        return requested

    def _asked_for(self, session: Session, question: Question, now: float) -> Question:
        """Refuse what would be refused once it is approved, and return it with its reach."""
        why = question.justification
        terms = row(TERMS, why.purpose, session.role)
        if terms is None:
            raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE)
        for rule in lacking(why, terms, int(now), question.reach):
            if rule is not PurposeRule.APPROVAL:
                raise Refused(Code.NOT_ALLOWED, rule)
        form = normalise(question.demographics)
        require_answerable(form)
        question = question.on(terms)
        plan(question, form, session.subject, terms, upn=self._upn_keys)
        return question

    def waiting(self, session: Session, now: float) -> tuple[Requested, ...]:
        """Return the requests on which this person may decide."""
        return second_persons.waiting(self._today(session.agency, now), session, now)

    def on_duty(self, session: Session, purpose: Purpose, now: float) -> tuple[SignedIn, ...]:
        """Return the colleagues who signed in within eight hours and may decide for a purpose."""
        lately = self._record.happened(
            session.agency, int(now) - second_persons.ON_DUTY_SECONDS, int(now) + 1
        )
        return second_persons.on_duty(lately, session.subject, purpose, now)

    def approve(self, session: Session, key: Ed25519PrivateKey, number: str, now: float) -> None:
        """Approve a request.

        Args:
            session: the second person's own sign-in.
            key: the key of that sign-in.
            number: of the request.
            now: in seconds since 1970 UTC.

        Raises:
            Refused: NOT_ALLOWED, she may not decide on it; SIGN_IN, her training or vetting is
                over.
        """
        require_in_date(session.entitlement, now)
        asked = second_persons.to_decide(self._today(session.agency, now), session, number, now)
        question = asked.question
        of = ToApprove(
            session.agency, asked.requester.subject, question.justification, question.demographics
        )
        approval = approve(
            of,
            approver=session.subject,
            role=session.role,
            person_key=key,
            passport_key=self._passport_key(session.agency),
            now=int(now),
            ends=session.entitlement.ends,
            salt=self._random_bytes(APPROVAL_SALT_BYTES),
        )
        self._record.approved(session, number, approval, now)

    def decline(self, session: Session, number: str, now: float) -> None:
        """Decline a request. Raises ``Refused`` as ``approve``."""
        second_persons.to_decide(self._today(session.agency, now), session, number, now)
        self._record.declined(session, number, now)

    def approved(self, session: Session, number: str, now: float) -> Question:
        """Return one's own question with its approvals, ready to be asked.

        Raises:
            Refused: NOT_ALLOWED, there is no such request, it waits still, or was declined.
        """
        return second_persons.approved(self._today(session.agency, now), session, number, now)

    # ---- after a lookup --------------------------------------------------------------------------

    def to_review(self, session: Session, now: float) -> tuple[Asked, ...]:
        """Return the lookups of others that this person may review."""
        return second_persons.to_review(self._lately(session.agency, now), session)

    def review(self, session: Session, operation: str, found: Found, now: float) -> None:
        """Record what a person found who looked at a lookup afterwards.

        Raises:
            Refused: NOT_ALLOWED, it is not one that she may review; SIGN_IN, her training or
                vetting is over.
        """
        require_in_date(session.entitlement, now)
        if all(each.operation != operation for each in self.to_review(session, now)):
            raise Refused(Code.NOT_ALLOWED, SecondPersonRule.NO_SUCH_REVIEW)
        self._record.reviewed(session, operation, found, now)

    def overdue(self, agency: AgencyId, now: float) -> tuple[Asked, ...]:
        """Return the lookups that were not reviewed in time, for the agency's officer."""
        return second_persons.overdue(self._lately(agency, now), now)

    def _today(self, agency: AgencyId, now: float) -> tuple[Happened, ...]:
        return self._record.happened(agency, int(now) - limits.APPROVAL_SECONDS, int(now) + 1)

    def _lately(self, agency: AgencyId, now: float) -> tuple[Happened, ...]:
        return self._record.happened(agency, int(now) - LOOK_BACK_SECONDS, int(now) + 1)
