"""The one documented way to embed a lookup in a case system: see docs/embedding.md.

    outcome = await client.lookup(session, Question(child, Justification(Purpose.S47_ENQUIRY)))
    again = Again(Widened(outcome.operation, WideningReason.OTHER_NAME_LIKELY))
    second = await client.widen(session, again)

The order of ``lookup`` is a guarantee: who may ask is settled first, then what is asked, then it is
recorded, and only then does anything leave this process, blinded points included (``sending``).
What did not come is a gap in the outcome, never an exception that loses what did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace

from fingerpost.membership.ports import Members
from fingerpost.private import passport as passports
from fingerpost.private.approvals import ToApprove, require_approved
from fingerpost.private.codec import require_room
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    assess,
    misses_of,
    normalise,
    require_answerable,
    unused,
)
from fingerpost.private.locators import Peppers
from fingerpost.private.purpose_rules import (
    PurposeRule,
    require_call_back,
    require_request,
    require_stated,
    terms_in_force,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Status
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.terms import Terms, Tier
from fingerpost.runtime.clock import Clock
from practitioner.asking.belief import all_believed, newer
from practitioner.asking.concluding import (
    agency_outcomes,
    count_services,
    missed_shares,
    not_connected,
    own_record,
    universal_for,
)
from practitioner.asking.outcome import (
    Again,
    Answered,
    NobodyAsked,
    NotAsked,
    Outcome,
    Progress,
    Question,
    Widened,
)
from practitioner.asking.plan import nodes_left_out, plan, second_question
from practitioner.asking.ports import (
    Broker,
    Calls,
    Desk,
    Generations,
    KeyHolders,
    Outcomes,
    Record,
    RequesterKeys,
    Threads,
)
from practitioner.asking.sending import Identity, Lookup, Sender, not_asked
from practitioner.sign_in.rules import Session


class Client:
    """A gateway's lookups, for many practitioners at once. All that it needs of the world comes in
    as a port."""

    def __init__(
        self,
        identity: Identity,
        *,
        members: Members,
        peppers: Peppers,
        requester_keys: RequesterKeys,
        key_holders: KeyHolders,
        broker: Broker,
        desk: Desk,
        record: Record,
        outcomes: Outcomes,
        generations: Generations,
        threads: Threads,
        calls: Calls,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        upn_keys: bool,
        speaks: Collection[int] = limits.REVISIONS,
    ) -> None:
        self._identity = identity
        self._members = members
        self._desk = desk
        self._record = record
        self._outcomes = outcomes
        self._generations = generations
        self._threads = threads
        self._calls = calls
        self._clock = clock
        self._random_bytes = random_bytes
        self._upn_keys = upn_keys
        self._sender = Sender(
            identity,
            peppers=peppers,
            requester_keys=requester_keys,
            key_holders=key_holders,
            broker=broker,
            desk=desk,
            record=record,
            clock=clock,
            random_bytes=random_bytes,
            speaks=speaks,
        )

    def terms(self, session: Session, purpose: Purpose) -> Terms:
        """Return what a purpose takes of this practitioner, by the signed lists.

        Raises:
            Refused: SIGN_IN, NOT_A_MEMBER, NOT_ALLOWED, UNTRUSTED_METADATA, UNSUPPORTED.
        """
        federation = self._settle(session, self._clock.now())
        agency = federation.agency(session.agency)
        return terms_in_force(purpose, session.role, agency, federation.code_lists)

    async def lookup(
        self, session: Session, question: Question, progress: Progress | None = None
    ) -> Outcome:
        """Find who is involved with this child, and whom to ring.

        Args:
            session: the practitioner's.
            question: what is asked.
            progress: is kept up to date, for whoever stops the lookup and wants to know whether
                anything had left.

        Raises:
            Refused: before anything leaves: SIGN_IN, NOT_A_MEMBER, NOT_ALLOWED, WEAK_INPUT,
                UNTRUSTED_METADATA, NOT_READY, UNSUPPORTED.
            NobodyAsked: later, when no query left: UNAVAILABLE, QUOTA, BAD_PROOF. It is a
                ``Refused`` that names the agencies.
            Defect: it could not be recorded.
        """
        if question.justification.widened_because is not None:
            # Attack: wide keys over the whole reach without a first lookup that bears the reason
            # out.
            raise Refused(Code.NOT_ALLOWED, PurposeRule.NOTHING_WIDENED)
        now = self._clock.now()
        lookup = self._prepare(
            session, question, self._settle(session, now), None, progress or Progress()
        )
        return await self._lookup(lookup)

    async def widen(
        self, session: Session, again: Again, progress: Progress | None = None
    ) -> Outcome:
        """Ask a second time: once, within a day, about the same child, with wide keys over the
        whole reach.

        A gap of the first lookup blocks it until the practitioner has recorded that she rang that
        agency; then the second round leaves the agency out, with all others of its node. A second
        round that ends as ``Refused`` may be asked again; one that broke off otherwise is taken.

        Args:
            session: the practitioner's.
            again: what is asked.
            progress: as for ``lookup``.

        Raises:
            Refused: as ``lookup``, and NOT_ALLOWED naming the rule (``plan.second_question``).
            Defect: it could not be recorded.
        """
        now = self._clock.now()
        federation = self._settle(session, now)
        after = again.widened.after
        first = await self._outcomes.first(session, after, now)
        rung = await self._calls.rung(after)
        question = second_question(first, again, rung, session.agency, federation, now)
        lookup = self._prepare(
            session,
            question,
            federation,
            again.widened,
            progress or Progress(),
            left_out=nodes_left_out(first, question, session.agency, federation),
        )
        await self._outcomes.spend(session, after, lookup.operation)
        try:
            return await self._lookup(lookup)
        except Refused:
            await self._outcomes.give_back(session, after, lookup.operation)
            raise
        except (Defect, asyncio.CancelledError):
            if not lookup.progress.left:
                with suppress(Defect):  # the disk is full, perhaps
                    await self._outcomes.give_back(session, after, lookup.operation)
            raise

    async def _lookup(self, lookup: Lookup) -> Outcome:
        session, question = lookup.session, lookup.question
        now = self._clock.now()
        seen = await self._generations.newest()
        await self._record.asked(session, question, lookup.operation, now, lookup.widened)
        lookup.progress.operation = lookup.operation
        try:
            answers, rejected = await self._sender.ask(lookup)
        except asyncio.CancelledError:
            with suppress(Defect):
                await self._record.stopped(
                    session.agency, lookup.operation, lookup.progress.left, self._clock.now()
                )
            raise
        except Refused as refused:
            # That it was asked is on the record. A disk that is full must not hide whom to ring.
            with suppress(Defect):
                await self._record.failed(
                    session.agency, lookup.operation, refused.code.value, self._clock.now()
                )
            nobody = replace(_outcome(lookup, int(now), _nobody(lookup, refused), 0), kept=False)
            raise NobodyAsked(refused, nobody) from None
        outcome = _outcome(
            lookup, int(now), all_believed(answers, seen, lookup.federation, now), rejected
        )
        misses = await asyncio.to_thread(misses_of, question.demographics)
        agencies = missed_shares(outcome.agencies, misses, lookup.asked_widely(), int(now))
        outcome = replace(outcome, agencies=agencies)
        # That it was asked is on the record. A disk that fills up now must not keep the answers
        # from the practitioner who waits for them; the next lookup is refused by it.
        try:
            await self._generations.note(newer(answers, seen, self._clock.now()))
            await self._threads.begin(lookup.threads())
            await self._outcomes.keep(session, question, outcome)
            await self._record.ended(session.agency, lookup.operation, outcome, self._clock.now())
        except Defect:
            return replace(outcome, kept=False)
        return outcome

    # ---- before anything leaves --------------------------------------------------------------

    def _settle(self, session: Session, now: float) -> Federation:
        """Refuse a practitioner who may not ask, before the question is even looked at.

        Otherwise every node that knows the child would refuse her.
        """
        federation = self._members.at(now)
        parameters = federation.parameters
        if parameters.normalisation_version != NORMALISATION_VERSION:
            raise Refused(Code.UNSUPPORTED, "this gateway's version")
        asking = federation.asking_agency(session.agency, self._identity.gateway)
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
        progress: Progress,
        left_out: frozenset[MemberId] = frozenset(),
    ) -> Lookup:
        """Refuse what can be refused without asking anybody, by the checks of every node."""
        why, agency = question.justification, federation.agency(session.agency)
        now = int(self._clock.now())
        terms = terms_in_force(why.purpose, session.role, agency, federation.code_lists)
        require_stated(why, terms, question.demographics, now)
        require_request(why.facts, session.role, agency, federation)
        council = require_call_back(why.facts, session.role, agency, federation)
        of = ToApprove(session.agency, session.subject, why, question.demographics)
        for at in (now, now + limits.QUERY_LIFE_SECONDS):  # the lookup's last query is made by then
            require_approved(of, agency, federation.code_lists, at)
        question = question.on(terms)
        form = normalise(question.demographics)
        require_answerable(form)
        require_room(question.demographics)
        return Lookup(
            operation=self._random_bytes(8).hex(),
            number=self._random_bytes(limits.COUNTING_BYTES),
            federation=federation,
            session=session,
            question=question,
            plan=plan(question, form, session.subject, terms, upn=self._upn_keys),
            terms=terms,
            form=form,
            strength=assess(form),
            unused=unused(question.demographics, form, upn=self._upn_keys),
            widened=widened,
            progress=progress,
            left_out=left_out,
            call_back=council or agency,
        )


def _nobody(lookup: Lookup, refused: Refused) -> dict[AgencyId, list[Answered]]:
    """Return the answers of a lookup of which no query left."""
    unsent = [not_asked(refused)]
    return {each.id: unsent for query in lookup.plan.queries for each in lookup.asked(query)}


def _outcome(
    lookup: Lookup,
    asked_at: int,
    answers: dict[AgencyId, list[Answered]],
    rejected: int,
) -> Outcome:
    federation, question, planned = lookup.federation, lookup.question, lookup.plan
    members = {agency.id: agency for query in planned.queries for agency in lookup.in_reach(query)}
    own, tier = lookup.session.agency, lookup.terms.tier
    named = [agency.named_for(own, tier) for _, agency in sorted(members.items())]
    rung = [Answered(Status.NOT_ASKED, not_asked=NotAsked.RUNG)]
    left_out = {id_: rung for id_, each in members.items() if each.node in lookup.left_out}
    agencies = agency_outcomes(named, federation.areas, {**answers, **left_out})
    gaps = not_connected(federation, own, planned.reach, question.named_areas, tier)
    # Where nobody names anything, "no school named itself" would say something of the child.
    told = tier is not Tier.NONE
    kinds = universal_for(question.demographics.dob, asked_at) if told else ()
    return Outcome(
        operation=lookup.operation,
        asked_at=asked_at,
        purpose=question.justification.purpose,
        reach=planned.reach,
        agencies=agencies,
        not_connected=gaps,
        services=count_services(kinds, agencies, gaps),
        strength=lookup.strength,
        unused=lookup.unused,
        call_back=lookup.call_back,
        wide=any(query.key_set is KeySet.WIDE for query in planned.queries),
        rejected_answers=rejected,
        widened=lookup.widened,
        own_record=own_record(agencies, own, lookup.strength) if lookup.terms.own_record else None,
        former_stated=bool(
            question.demographics.other_names or question.demographics.former_postcodes
        ),
    )
