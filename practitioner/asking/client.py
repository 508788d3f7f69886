"""The one documented way to embed a lookup in a case system: see docs/embedding.md.

    outcome = await client.lookup(session, Question(child, Justification(Purpose.S47_ENQUIRY)))
    again = Again(Widened(outcome.operation, WideningReason.OTHER_NAME_LIKELY))
    second = await client.widen(session, again)

The order of ``lookup`` is a guarantee: who may ask is settled first, then what is asked, then it is
recorded, and only then does anything leave this process, blinded points included. A lookup ends in
time whatever the others do. What did not come is a gap in the outcome, never an exception that
loses what did.

Invariants of the queries: a query that leaves is on the record before; what came stays, whatever
breaks afterwards; no two queries have the same bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.membership.ports import Members
from fingerpost.private import passport as passports
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    NormalForm,
    Strength,
    assess,
    normalise,
    oprf_input,
    require_answerable,
)
from fingerpost.private.locators import Peppers, opening, slot_check
from fingerpost.private.messages import Inner
from fingerpost.private.purpose_rules import PurposeRule, require_stated, terms_in_force
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import write_submission
from fingerpost.protocol.codes import DESK_ROLES, RESERVE_PURPOSES, Allowance
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Agency, Epoch, Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Counting, KeySet, Submission, day_of, day_of_slot, slot_of
from fingerpost.protocol.terms import Terms
from fingerpost.runtime.clock import Clock
from practitioner.asking.outcome import (
    GAP,
    Again,
    Answered,
    NobodyAsked,
    Outcome,
    Question,
    Widened,
    agency_outcomes,
    all_believed,
    better,
    count_services,
    most_say_try_again,
    newer,
    not_connected,
    universal_for,
)
from practitioner.asking.plan import LookupRule, Plan, PlannedQuery, plan, second_question
from practitioner.asking.ports import (
    Broker,
    Desk,
    Generations,
    Issued,
    KeyHolders,
    Outcomes,
    Record,
    RequesterKeys,
)
from practitioner.asking.query import QueryOnItsWay
from practitioner.sign_in.rules import Session

GRACE_SECONDS: Final = 2.0
"""Beyond the broker's gathering time; then the client stops waiting by itself."""
TRIES: Final = 2
"""A broker that could not serve, or TRY_AGAIN of more than half of the nodes, leads to one more
query: new bytes, never the same again."""
_WORTH_ANOTHER_TRY: Final = frozenset({Code.NOT_READY, Code.REPLAYED, Code.NOT_FRESH})


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """This gateway's name, and the key that stands in the member list for it."""

    gateway: MemberId
    key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Identity({self.gateway})"


@dataclass(frozen=True, slots=True, repr=False)
class Lookup:
    """What all queries of one lookup share. ``number`` is that by which the broker counts them
    once."""

    operation: str
    number: bytes
    federation: Federation
    session: Session
    question: Question
    plan: Plan
    terms: Terms
    form: NormalForm
    strength: Strength
    widened: Widened | None

    def asked(self, planned: PlannedQuery) -> tuple[Agency, ...]:
        """Return the agencies that one of its queries asks."""
        return self.federation.agencies_in_reach(
            self.session.agency.area, planned.reach, planned.named_areas
        )

    def __repr__(self) -> str:
        return f"Lookup({self.operation})"


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
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        upn_keys: bool,
        speaks: Collection[int] = limits.REVISIONS,
    ) -> None:
        self._identity = identity
        self._members = members
        self._peppers = peppers
        self._requester_keys = requester_keys
        self._key_holders = key_holders
        self._broker = broker
        self._desk = desk
        self._record = record
        self._outcomes = outcomes
        self._generations = generations
        self._clock = clock
        self._random_bytes = random_bytes
        self._upn_keys = upn_keys
        self._speaks = speaks

    async def lookup(self, session: Session, question: Question) -> Outcome:
        """Find who is involved with this child, and whom to ring.

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
        lookup = self._prepare(session, question, self._settle(session, now), None)
        return await self._lookup(lookup)

    async def widen(self, session: Session, again: Again) -> Outcome:
        """Ask a second time: once, within a day, about the same child, with wide keys over the
        whole reach.

        A second round that ends as ``Refused`` may be asked again; one that broke off otherwise is
        taken.

        Raises:
            Refused: as ``lookup``, and NOT_ALLOWED naming the rule (``plan.second_question``).
            Defect: it could not be recorded.
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
        seen = await self._generations.newest()
        await self._record.asked(session, question, lookup.operation, now, lookup.widened)
        try:
            answers, rejected = await self._ask(lookup)
        except Refused as refused:
            await self._record.failed(
                session.agency, lookup.operation, refused.code.value, self._clock.now()
            )
            nobody = replace(_outcome(lookup, int(now), {}, 0), kept=False)
            raise NobodyAsked(refused, nobody) from None
        outcome = _outcome(lookup, int(now), all_believed(answers, seen), rejected)
        # That it was asked is on the record. A disk that fills up now must not keep the answers
        # from the practitioner who waits for them; the next lookup is refused by it.
        try:
            await self._generations.note(newer(answers, seen, self._clock.now()))
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
    ) -> Lookup:
        """Refuse what can be refused without asking anybody, by the checks of every node."""
        why, agency = question.justification, federation.agency(session.agency)
        terms = terms_in_force(why.purpose, session.role, agency, federation.code_lists)
        require_stated(why, terms, question.demographics, int(self._clock.now()))
        question = question.on(terms)
        form = normalise(question.demographics)
        require_answerable(form)
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
            widened=widened,
        )

    # ---- the queries -------------------------------------------------------------------------

    async def _ask(self, lookup: Lookup) -> tuple[dict[AgencyId, list[Answered]], int]:
        """Return each agency's answers to the queries that asked it, and how many answers were
        rejected.

        Raises:
            Refused: no query left: NOT_READY, UNAVAILABLE, QUOTA, BAD_PROOF.
        """
        epoch = self._usable_epoch(lookup.federation)
        inputs = [oprf_input(key, NORMALISATION_VERSION) for key in lookup.plan.keys]
        tags = await self._key_holders.evaluate(inputs, epoch)
        answers: dict[AgencyId, list[Answered]] = {}
        rejected = 0
        results = await asyncio.gather(
            *(self._query(lookup, planned, epoch, tags) for planned in lookup.plan.queries),
            return_exceptions=True,
        )
        failures = [r for r in results if isinstance(r, BaseException)]
        for failure in failures:
            if not isinstance(failure, Refused):
                raise failure
        if len(failures) == len(results):
            raise failures[0]
        for result, planned in zip(results, lookup.plan.queries, strict=True):
            if isinstance(result, BaseException):
                # One of two queries never left: the agencies that it would have asked are gaps,
                # even if the other query brought a "no".
                found, junk = {agency.id: GAP for agency in lookup.asked(planned)}, 0
            else:
                found, junk = result
            rejected += junk
            for agency, answer in found.items():
                answers.setdefault(agency, []).append(answer)
        return answers, rejected

    def _usable_epoch(self, federation: Federation) -> Epoch:
        """Return the newest running epoch whose pepper is at hand: in the overlap an older one
        still serves.

        Raises:
            Refused: NOT_READY, no epoch runs, or there is a pepper of none that runs; what is to
                be done differs.
        """
        now = self._clock.now()
        running = [e for e in federation.parameters.epochs if e.is_running(now)]
        for epoch in sorted(running, key=lambda e: e.number, reverse=True):
            with contextlib.suppress(Refused):
                self._peppers.pepper(epoch.number, day_of(now))
                self._requester_keys.requester_key(epoch.number)
                return epoch
        raise Refused(Code.NOT_READY, LookupRule.NO_PEPPER if running else LookupRule.NO_EPOCH)

    async def _query(
        self, lookup: Lookup, planned: PlannedQuery, epoch: Epoch, tags: Sequence[bytes]
    ) -> tuple[dict[AgencyId, Answered], int]:
        """Bring one query to its end, with another try where that may help.

        Raises:
            Refused: nothing was gathered.
        """
        best: dict[AgencyId, Answered] = {}
        rejected = 0
        allowance = Allowance.DESK if lookup.session.role in DESK_ROLES else Allowance.ORDINARY
        for tries_left in reversed(range(TRIES)):
            try:
                found, junk = await self._try(lookup, planned, epoch, tags, allowance)
            except Refused as refused:
                emergency = lookup.question.justification.purpose in RESERVE_PURPOSES
                if tries_left and refused.code is Code.QUOTA and emergency:
                    allowance = Allowance.RESERVE
                    continue
                if tries_left and refused.code in _WORTH_ANOTHER_TRY:
                    continue
                if best:
                    break
                raise
            rejected += junk
            best = better(best, found) if best else found
            if not most_say_try_again(lookup.asked(planned), best):
                break
        return best, rejected

    async def _try(
        self,
        lookup: Lookup,
        planned: PlannedQuery,
        epoch: Epoch,
        tags: Sequence[bytes],
        allowance: Allowance,
    ) -> tuple[dict[AgencyId, Answered], int]:
        now = self._clock.now()
        issued = self._desk.issue(lookup.session, now)
        counting = Counting(lookup.number, allowance, self._random_bytes(limits.SALT_BYTES))
        sealed = await asyncio.to_thread(self._seal, lookup, planned, epoch, tags, issued, counting)
        submission = write_submission(
            Submission(sealed.hash, lookup.session.agency, issued.handle, counting),
            self._identity.gateway,
            self._identity.key,
        )
        await self._record.sent(lookup.session.agency, lookup.operation, [sealed.hash], now)
        query = QueryOnItsWay(sealed, lookup.federation, lookup.asked(planned))
        await self._gather(query, sealed.wire, submission, lookup.federation)
        return dict(query.answers()), query.rejected

    def _seal(
        self,
        lookup: Lookup,
        planned: PlannedQuery,
        epoch: Epoch,
        tags: Sequence[bytes],
        issued: Issued,
        counting: Counting,
    ) -> SealedQuery:
        slot = slot_of(issued.passport.issued_at)
        slot_key = self._peppers.pepper(epoch.number, day_of_slot(slot)).slot_key(slot)
        public = PublicPart.of(
            lookup.federation,
            epoch=epoch.number,
            issued_at=issued.passport.issued_at,
            area=lookup.session.agency.area,
            reach=planned.reach,
            named_areas=planned.named_areas,
            key_set=planned.key_set,
            speaks=self._speaks,
        )
        question = lookup.question
        return seal(
            public,
            Inner(
                lookup.session.agency,
                self._identity.gateway,
                issued.token,
                question.justification,
                question.demographics,
                counting,
                issued.handle_proof,
            ),
            issued.passport,
            [opening(slot_key, tags[i]) for i in planned.keys],
            terms=lookup.terms,
            handle=issued.handle,
            practitioner_key=issued.key,
            requester_key=self._requester_keys.requester_key(epoch.number),
            slot_check=slot_check(slot_key),
            random_bytes=self._random_bytes,
        )

    async def _gather(
        self, query: QueryOnItsWay, wire: bytes, submission: bytes, federation: Federation
    ) -> None:
        """Take events until the query ends or the time is up. What was gathered stays, whatever
        breaks afterwards.

        Raises:
            Refused: the broker refused before anything had come.
        """
        seconds = federation.parameters.gathering_ms / 1000 + GRACE_SECONDS
        gathered = 0
        events = self._broker.lookup(wire, submission)
        try:
            async with within(self._clock, seconds), contextlib.aclosing(events):
                async for event in events:
                    query.receive(event)
                    gathered += 1
                    if query.ended:
                        return
        except TimeoutError:
            return
        except Refused:
            if not gathered:
                raise


@contextlib.asynccontextmanager
async def within(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Raise ``TimeoutError`` in the block once ``seconds`` of the clock are over."""

    async def ring(at: float) -> None:
        await clock.sleep_until(at)
        timeout.reschedule(asyncio.get_running_loop().time())

    async with asyncio.timeout(None) as timeout:
        alarm = asyncio.create_task(ring(clock.monotonic() + seconds))
        try:
            yield
        finally:
            alarm.cancel()
            await asyncio.wait({alarm})


def _outcome(
    lookup: Lookup,
    asked_at: int,
    answers: dict[AgencyId, list[Answered]],
    rejected: int,
) -> Outcome:
    federation, question, planned = lookup.federation, lookup.question, lookup.plan
    asked = {agency.id: agency for query in planned.queries for agency in lookup.asked(query)}
    agencies = agency_outcomes(
        [agency for _, agency in sorted(asked.items())], federation.areas, answers
    )
    gaps = not_connected(federation, lookup.session.agency, planned.reach, question.named_areas)
    kinds = universal_for(question.demographics.dob, asked_at)
    return Outcome(
        operation=lookup.operation,
        asked_at=asked_at,
        purpose=question.justification.purpose,
        reach=planned.reach,
        agencies=agencies,
        not_connected=gaps,
        services=count_services(kinds, agencies, gaps),
        strength=lookup.strength,
        wide=any(query.key_set is KeySet.WIDE for query in planned.queries),
        rejected_answers=rejected,
        widened=lookup.widened,
    )
