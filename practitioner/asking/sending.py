"""The queries of one lookup, from the key holders' tags to every agency's answer or gap.

What is sent was settled before (``client``), and that it is asked is on the record. Here each query
is sealed, recorded, sent once and gathered, and asked again where that may help.

Invariants: a query that leaves is on the record before; what came stays, whatever breaks
afterwards; no two queries have the same bytes. A lookup ends in time whatever the others do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.linkage import (
    NormalForm,
    Strength,
    Unused,
    oprf_inputs,
)
from fingerpost.private.locators import Peppers, opening, slot_check
from fingerpost.private.messages import Inner
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import write_submission
from fingerpost.protocol.codes import DESK_ROLES, RESERVE_PURPOSES, Allowance, Status
from fingerpost.protocol.errors import CallRule, Code, Defect, Refused
from fingerpost.protocol.federation import Agency, Epoch, Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Counting, KeySet, Submission, day_of, day_of_slot, slot_of
from fingerpost.protocol.terms import Terms
from fingerpost.runtime.clock import Clock
from practitioner.asking.concluding import better, most_say_try_again
from practitioner.asking.notes import Thread
from practitioner.asking.outcome import Answered, NotAsked, Progress, Question, Widened
from practitioner.asking.plan import LookupRule, Plan, PlannedQuery
from practitioner.asking.ports import Broker, Desk, Issued, KeyHolders, Record, RequesterKeys
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
    once; ``left_out`` are the nodes that it does not go to; ``left`` are the queries that were
    gathered, each with when it left."""

    operation: str
    number: bytes
    federation: Federation
    session: Session
    question: Question
    plan: Plan
    terms: Terms
    form: NormalForm
    strength: Strength
    unused: tuple[Unused, ...]
    widened: Widened | None
    progress: Progress
    call_back: Agency
    left_out: frozenset[MemberId] = frozenset()
    left: list[tuple[int, QueryOnItsWay]] = field(default_factory=list)

    def asked(self, planned: PlannedQuery) -> tuple[Agency, ...]:
        """Return the agencies that one of its queries asks."""
        return tuple(a for a in self.in_reach(planned) if a.node not in self.left_out)

    def in_reach(self, planned: PlannedQuery) -> tuple[Agency, ...]:
        """Return the agencies in reach of one of its queries, also those left out."""
        return self.federation.agencies_in_reach(
            self.session.agency.area, planned.reach, planned.named_areas
        )

    def asked_widely(self) -> frozenset[AgencyId]:
        """Return the agencies that were asked with the wider key set."""
        wide = (query for query in self.plan.queries if query.key_set is KeySet.WIDE)
        return frozenset(agency.id for query in wide for agency in self.asked(query))

    def threads(self) -> tuple[Thread, ...]:
        """Return what the notes about its queries need."""
        return tuple(
            Thread(self.operation, at, query.note_keys(), query.revision) for at, query in self.left
        )

    def __repr__(self) -> str:
        return f"Lookup({self.operation})"


class Sender:
    """Sends the queries of this gateway's lookups, for many practitioners at once."""

    def __init__(
        self,
        identity: Identity,
        *,
        peppers: Peppers,
        requester_keys: RequesterKeys,
        key_holders: KeyHolders,
        broker: Broker,
        desk: Desk,
        record: Record,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        speaks: Collection[int],
    ) -> None:
        self._identity = identity
        self._peppers = peppers
        self._requester_keys = requester_keys
        self._key_holders = key_holders
        self._broker = broker
        self._desk = desk
        self._record = record
        self._clock = clock
        self._random_bytes = random_bytes
        self._speaks = speaks

    async def ask(self, lookup: Lookup) -> tuple[dict[AgencyId, list[Answered]], int]:
        """Return each agency's answers to the queries that asked it, and how many answers were
        rejected.

        Raises:
            Refused: no query left: NOT_READY, UNAVAILABLE, QUOTA, BAD_PROOF.
        """
        epoch = self._usable_epoch(lookup.federation)
        inputs = oprf_inputs(lookup.plan.keys)
        tags = await self._key_holders.evaluate(inputs, epoch)
        answers: dict[AgencyId, list[Answered]] = {}
        rejected = 0
        results = await asyncio.gather(
            *(self._query(lookup, planned, epoch, tags) for planned in lookup.plan.queries),
            return_exceptions=True,
        )
        failures = [r for r in results if isinstance(r, BaseException)]
        for failure in failures:
            if not isinstance(failure, Refused | Defect):
                raise failure
        if len(failures) == len(results):
            raise next((each for each in failures if isinstance(each, Defect)), failures[0])
        for result, planned in zip(results, lookup.plan.queries, strict=True):
            if isinstance(result, BaseException):
                # One of two queries never left, since the broker refused it or it could not be
                # recorded: the agencies that it would have asked are gaps, even if the other query
                # brought a "no".
                unsent = not_asked(result)
                found, junk = {agency.id: unsent for agency in lookup.asked(planned)}, 0
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
            except Defect:
                if best:  # a disk that is full now must not take what came before
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
            Submission(
                sealed.hash,
                lookup.session.agency,
                issued.handle,
                counting,
                tuple(sorted(lookup.left_out)),
            ),
            self._identity.gateway,
            self._identity.key,
            sealed.core.revision,
        )
        await self._record.sent(lookup.session.agency, lookup.operation, sealed.hash, now)
        query = QueryOnItsWay(sealed, lookup.federation, lookup.asked(planned))
        lookup.progress.left += 1
        try:
            await self._gather(query, sealed.wire, submission, lookup.federation)
        except Refused:
            lookup.progress.left -= 1
            raise
        lookup.left.append((int(now), query))
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
            Refused: the broker refused before anything had come, or could not be reached. A call
                that broke off otherwise may have taken the query along: then all are silent.
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
        except Refused as refused:
            if not gathered and not _may_have_left(refused):
                raise


def _may_have_left(refused: Refused) -> bool:
    """Return whether a query whose call failed so may have reached the broker."""
    return refused.rule in (CallRule.TOO_LATE, CallRule.FAILED)


def not_asked(failure: BaseException) -> Answered:
    """Return what an agency is whose query failed so."""
    quota = isinstance(failure, Refused) and failure.code is Code.QUOTA
    why = NotAsked.QUOTA if quota else NotAsked.UNREACHABLE
    return Answered(Status.NOT_ASKED, not_asked=why)


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
