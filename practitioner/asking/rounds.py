"""The queries of one lookup: sealed, sent, gathered, and each tried once more where that may help.

What lives here: everything between the record that a lookup is asked and its outcome. What must not: who may ask and
what (``client``). Invariants: a query that goes is on the record before; what came stays, whatever breaks afterwards;
two rounds are never of the same bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.linkage import NORMALISATION_VERSION, NormalForm, Strength, oprf_input
from fingerpost.private.locators import Pepper, opening, slot_check
from fingerpost.private.messages import Inner
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol.codec.queries import write_submission
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, Epoch, Federation
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import Submission
from fingerpost.protocol.schedule import day_of, day_of_slot, slot_of
from fingerpost.runtime.clock import Clock
from practitioner.asking.outcome import Answered, Question, Widened
from practitioner.asking.plan import LookupRule, Plan, PlannedQuery
from practitioner.asking.ports import Broker, Desk, KeyHolders, Peppers, Record
from practitioner.asking.query import QueryOnItsWay
from practitioner.sign_in.session import Issued, Session

GRACE_SECONDS: Final = 2.0
"""Beyond the broker's gathering time: then the asker stops waiting by itself."""
ROUNDS: Final = 2
"""TRY_AGAIN, or a broker that could not serve, leads to one more query: new bytes, never the same again."""
_TRY_AGAIN: Final = frozenset({Code.NOT_READY, Code.REPLAYED, Code.NOT_FRESH})


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """This gateway's name, and the key that stands in the member list for it."""

    gateway: MemberId
    key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Identity({self.gateway})"


@dataclass(frozen=True, slots=True, repr=False)
class Lookup:
    """What all queries of one lookup share."""

    operation: str
    federation: Federation
    session: Session
    question: Question
    plan: Plan
    form: NormalForm
    strength: Strength
    widened: Widened | None

    def __repr__(self) -> str:
        return f"Lookup({self.operation})"


class Rounds:
    """A gateway's queries, for many lookups at once."""

    def __init__(
        self,
        identity: Identity,
        *,
        peppers: Peppers,
        key_holders: KeyHolders,
        broker: Broker,
        desk: Desk,
        record: Record,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._identity = identity
        self._peppers = peppers
        self._key_holders = key_holders
        self._broker = broker
        self._desk = desk
        self._record = record
        self._clock = clock
        self._random_bytes = random_bytes

    async def ask(self, lookup: Lookup) -> tuple[dict[AgencyId, list[Answered]], int]:
        """What each agency said, to each query that asked it, and how many answers were rejected.

        Raises ``Refused`` where no query went: NOT_READY, UNAVAILABLE, QUOTA, BAD_PROOF."""
        epoch, _ = self._usable_epoch(lookup.federation)
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
                # One of two queries never went: whom it would have asked is a gap, even if the other one said no.
                for agency in self._asked(lookup, planned):
                    answers.setdefault(agency.id, []).append(Answered(Status.NO_REPLY))
                continue
            words, junk = result
            rejected += junk
            for asked, word in words.items():
                answers.setdefault(asked, []).append(word)
        return answers, rejected

    def _usable_epoch(self, federation: Federation) -> tuple[Epoch, Pepper]:
        """The newest running epoch whose pepper is at hand: in the overlap an older one still serves.

        Raises ``Refused(NOT_READY)``: none runs, or none of those that run; what is to be done differs."""
        now = self._clock.now()
        running = [e for e in federation.parameters.epochs if e.starts_at <= now < e.ends_at]
        for epoch in sorted(running, key=lambda e: e.number, reverse=True):
            with contextlib.suppress(Refused):
                return epoch, self._peppers.pepper(epoch.number, day_of(now))
        raise Refused(Code.NOT_READY, LookupRule.NO_PEPPER if running else LookupRule.NO_EPOCH)

    def _asked(self, lookup: Lookup, planned: PlannedQuery) -> tuple[Agency, ...]:
        return lookup.federation.agencies_in_reach(
            lookup.session.agency, planned.reach, planned.named_areas
        )

    async def _query(
        self, lookup: Lookup, planned: PlannedQuery, epoch: Epoch, tags: Sequence[bytes]
    ) -> tuple[dict[AgencyId, Answered], int]:
        """One query to its end, tried once more where that may help. Raises ``Refused`` when nothing was gathered."""
        best: dict[AgencyId, Answered] | None = None
        rejected = 0
        for last in [False] * (ROUNDS - 1) + [True]:
            try:
                words, junk = await self._round(lookup, planned, epoch, tags)
            except Refused as refused:
                if last or refused.code not in _TRY_AGAIN:
                    if best is not None:
                        break
                    raise
                continue
            rejected += junk
            best = words if best is None else _better(best, words)
            if not any(w.status is Status.TRY_AGAIN for w in best.values()):
                break
        if best is None:
            raise Refused(Code.UNAVAILABLE, "broker")
        return best, rejected

    async def _round(
        self, lookup: Lookup, planned: PlannedQuery, epoch: Epoch, tags: Sequence[bytes]
    ) -> tuple[dict[AgencyId, Answered], int]:
        now = self._clock.now()
        issued = self._desk.issue(lookup.session, now)
        issued_at = issued.passport.issued_at
        sealed = await asyncio.to_thread(
            self._seal, lookup, planned, epoch, tags, issued, issued_at
        )
        handle = Handle(self._desk.handle_for(lookup.session, day_of(issued_at)))
        submission = write_submission(
            Submission(sealed.hash, handle), self._identity.gateway, self._identity.key
        )
        await self._record.sent(lookup.session.agency, lookup.operation, [sealed.hash], now)
        asked = self._asked(lookup, planned)
        query = QueryOnItsWay(sealed, lookup.federation, asked)
        await self._gather(query, sealed.wire, submission, lookup.federation)
        return dict(query.answers()), query.rejected

    def _seal(
        self,
        lookup: Lookup,
        planned: PlannedQuery,
        epoch: Epoch,
        tags: Sequence[bytes],
        issued: Issued,
        issued_at: int,
    ) -> SealedQuery:
        slot = slot_of(issued_at)
        pepper = self._peppers.pepper(epoch.number, day_of_slot(slot))
        slot_key = pepper.slot_key(slot)
        public = PublicPart.of(
            lookup.federation,
            epoch=epoch.number,
            issued_at=issued_at,
            agency=lookup.session.agency,
            gateway=self._identity.gateway,
            reach=planned.reach,
            named_areas=planned.named_areas,
            key_set=planned.key_set,
        )
        question = lookup.question
        return seal(
            public,
            Inner(issued.token, question.justification, question.demographics),
            issued.passport,
            [opening(slot_key, tags[i]) for i in planned.keys],
            practitioner_key=issued.key,
            gateway_key=self._identity.key,
            slot_check=slot_check(slot_key),
            random_bytes=self._random_bytes,
        )

    async def _gather(
        self, query: QueryOnItsWay, wire: bytes, submission: bytes, federation: Federation
    ) -> None:
        """Until the query ends or time is up. What was gathered stays, whatever breaks afterwards.

        Raises ``Refused`` only when the broker refused before anything had come."""
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
    """Raises ``TimeoutError`` in the block once ``seconds`` of the clock are over."""

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


def _better(
    first: dict[AgencyId, Answered], second: dict[AgencyId, Answered]
) -> dict[AgencyId, Answered]:
    """Two rounds of one query: a usable word of either stands, since both asked with the same keys."""
    usable = (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
    joined = {}
    for agency, word in first.items():
        other = second.get(agency, word)
        if Status.INVOLVED in (word.status, other.status):
            joined[agency] = word if word.status is Status.INVOLVED else other
        else:
            joined[agency] = word if word.status in usable else other
    return joined
