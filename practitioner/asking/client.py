"""The one documented way to embed a lookup in a case system.

    async with open_client(settings) as client:
        outcome = await client.lookup(session, Question(child, Justification(Purpose.S47_ENQUIRY)))
        again = Again(Widened(outcome.operation, WideningReason.OTHER_NAME_LIKELY))
        second = await client.widen(session, again)

The order of ``lookup`` is a guarantee: who may ask is settled first, then what is asked, then it is recorded, and only
then does anything leave this process, blinded points included. A lookup ends in time whatever the others do; what
did not come is a gap in the outcome, never an exception that loses what did.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from fingerpost.private import passport as passports
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    assess,
    normalise,
    require_answerable,
)
from fingerpost.private.purpose_rules import PurposeRule, require_in_force
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Agency, Federation
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.clock import Clock
from practitioner.asking.outcome import (
    Again,
    Answered,
    Outcome,
    Question,
    Widened,
    agency_outcomes,
    count_services,
    not_connected,
    universal_for,
)
from practitioner.asking.plan import plan, second_question
from practitioner.asking.ports import Broker, Desk, KeyHolders, Members, Outcomes, Peppers, Record
from practitioner.asking.rounds import Identity, Lookup, Rounds
from practitioner.sign_in.session import Session


class Client:
    """A gateway's lookups, for many practitioners at once. Everything it needs of the world comes in as a port."""

    def __init__(
        self,
        identity: Identity,
        *,
        members: Members,
        peppers: Peppers,
        key_holders: KeyHolders,
        broker: Broker,
        desk: Desk,
        record: Record,
        outcomes: Outcomes,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        upn_keys: bool,
    ) -> None:
        self._gateway = identity.gateway
        self._members = members
        self._desk = desk
        self._record = record
        self._outcomes = outcomes
        self._clock = clock
        self._random_bytes = random_bytes
        self._upn_keys = upn_keys
        self._rounds = Rounds(
            identity,
            peppers=peppers,
            key_holders=key_holders,
            broker=broker,
            desk=desk,
            record=record,
            clock=clock,
            random_bytes=random_bytes,
        )

    async def lookup(self, session: Session, question: Question) -> Outcome:
        """Who is involved with this child, and whom to ring.

        Raises ``Refused`` before anything leaves: SIGN_IN, NOT_A_MEMBER, NOT_ALLOWED, WEAK_INPUT, UNTRUSTED_METADATA,
        NOT_READY, UNSUPPORTED; later: UNAVAILABLE, QUOTA, BAD_PROOF, when no party could be asked at all.
        ``Defect`` when it could not be recorded.
        """
        if question.justification.widened_because is not None:
            # Attack: wide keys over the whole reach without a first lookup that bears the reason out.
            raise Refused(Code.NOT_ALLOWED, PurposeRule.NOTHING_WIDENED)
        now = self._clock.now()
        lookup = self._prepare(session, question, self._settle(session, now), None)
        return await self._lookup(lookup)

    async def widen(self, session: Session, again: Again) -> Outcome:
        """The second round of a lookup: once, within a day, about the same child, with wide keys over the whole reach.

        Raises as ``lookup``, and ``Refused(NOT_ALLOWED)`` naming the rule (``plan.second_question``). A second round
        that ends as ``Refused`` may be asked again; one that broke off otherwise is taken.
        """
        now = self._clock.now()
        federation = self._settle(session, now)
        after = again.widened.after
        first = await self._outcomes.first(session, after, now)
        question = second_question(first, again, session.agency, federation, now)
        lookup = self._prepare(session, question, federation, again.widened)
        await self._outcomes.spend(session, after, lookup.operation)
        try:
            return await self._lookup(lookup)
        except Refused:
            await self._outcomes.give_back(session, after, lookup.operation)
            raise

    async def _lookup(self, lookup: Lookup) -> Outcome:
        session, question = lookup.session, lookup.question
        now = self._clock.now()
        await self._record.asked(session, question, lookup.operation, now, lookup.widened)
        try:
            answers, rejected = await self._rounds.ask(lookup)
        except Refused as refused:
            await self._record.failed(
                session.agency, lookup.operation, refused.code.value, self._clock.now()
            )
            raise
        outcome = _outcome(lookup, int(now), answers, rejected)
        # That it was asked is on the record. A disk that fills up now must not keep the answers from whoever waits for
        # them; the next lookup is refused by it.
        with contextlib.suppress(Defect):
            await self._outcomes.keep(session, question, outcome)
            await self._record.ended(session.agency, lookup.operation, outcome, self._clock.now())
        return outcome

    def _settle(self, session: Session, now: float) -> Federation:
        """Who may ask: refused before the question is even looked at, here and not by every node that knows the
        child."""
        federation = self._members.at(now)
        parameters = federation.parameters
        if parameters.normalisation_version != NORMALISATION_VERSION:
            raise Refused(Code.UNSUPPORTED, "this gateway's version")
        asking = federation.asking_agency(session.agency, self._gateway)
        issued = self._desk.issue(session, now)
        passports.read(
            issued.token,
            federation=parameters.federation,
            agency=session.agency,
            passport_key=asking.passport_key,
            now=now,
        )
        return federation

    def _prepare(
        self,
        session: Session,
        question: Question,
        federation: Federation,
        widened: Widened | None,
    ) -> Lookup:
        """What can be refused without asking anybody. The same checks that every node makes of an honest asker."""
        require_in_force(question.justification.purpose, session.role, federation.code_lists)
        form = normalise(question.demographics)
        require_answerable(form)
        return Lookup(
            operation=self._random_bytes(8).hex(),
            federation=federation,
            session=session,
            question=question,
            plan=plan(question, form, session.subject, upn=self._upn_keys),
            form=form,
            strength=assess(form),
            widened=widened,
        )


def _outcome(
    lookup: Lookup,
    asked_at: int,
    answers: dict[AgencyId, list[Answered]],
    rejected: int,
) -> Outcome:
    federation, question = lookup.federation, lookup.question
    asking, reach = lookup.session.agency, lookup.plan.reach
    asked: dict[AgencyId, Agency] = {}
    for planned in lookup.plan.queries:
        for agency in federation.agencies_in_reach(asking, planned.reach, planned.named_areas):
            asked[agency.id] = agency
    gaps = not_connected(federation, asking, reach, question.named_areas)
    agencies = agency_outcomes(
        [agency for _, agency in sorted(asked.items())], federation.areas, answers
    )
    kinds = universal_for(question.demographics.dob, asked_at)
    return Outcome(
        operation=lookup.operation,
        asked_at=asked_at,
        purpose=question.justification.purpose,
        reach=reach,
        agencies=agencies,
        not_connected=gaps,
        services=count_services(kinds, agencies, gaps),
        strength=lookup.strength,
        wide=any(p.key_set.name == "WIDE" for p in lookup.plan.queries),
        rejected_answers=rejected,
        widened=lookup.widened,
    )
