"""One gateway of the simulated federation: its client, and what its audit and its store of outcomes
were given, in order.

What asks is the gateway's own ``Client``. Between it and the broker stands ``through``: what a
broker with ill will, or the way to it, makes of the events.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.federations import NOW
from fakes.notes import MemoryNotes
from fakes.simulated_holders import FEDERATION, GATEWAY
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Epoch, Party
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import LookupEvent
from fingerpost.runtime.identity import PeerIdentity
from practitioner.asking.belief import joined
from practitioner.asking.client import Client
from practitioner.asking.desk import PassportDesk
from practitioner.asking.exchanging import Exchanging
from practitioner.asking.outcome import Again, First, Outcome, Question, Widened
from practitioner.asking.plan import LookupRule
from practitioner.asking.sending import Identity as GatewayIdentity
from practitioner.sign_in.rules import Session

if TYPE_CHECKING:
    from federation import World

Events = AsyncGenerator[LookupEvent]


class MemoryOutcomes:
    """``asking.ports.Outcomes`` without a disk: what a second round needs of the first."""

    def __init__(self) -> None:
        self._kept: dict[tuple[AgencyId, str, str], First] = {}
        self._second: dict[tuple[AgencyId, str, str], str] = {}

    async def keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        self._kept[session.agency, session.subject, outcome.operation] = First(
            question=replace(question, reach=outcome.reach),
            asked_at=outcome.asked_at,
            gaps=frozenset(a.agency.id for a in outcome.agencies if a.lacks_answer),
            whole=outcome.kept and bool(outcome.agencies),
            none_named_itself=any(service.none_named_itself for service in outcome.services),
            spent=outcome.widened is not None,
        )

    async def first(self, session: Session, operation: str, now: float) -> First:
        key = (session.agency, session.subject, operation)
        if key not in self._kept:
            raise Refused(Code.NOT_ALLOWED, LookupRule.NO_SUCH_OUTCOME)
        found = self._kept[key]
        return replace(found, spent=found.spent or key in self._second)

    async def spend(self, session: Session, first: str, second: str) -> None:
        key = (session.agency, session.subject, first)
        if key not in self._kept or key in self._second:
            raise Refused(Code.NOT_ALLOWED, LookupRule.SECOND_TAKEN)
        self._second[key] = second

    async def give_back(self, session: Session, first: str, second: str) -> None:
        key = (session.agency, session.subject, first)
        if self._second.get(key) == second:
            del self._second[key]


class MemoryGenerations:
    """Implements ``ports.Generations``."""

    def __init__(self) -> None:
        self.seen: Mapping[AgencyId, int] = {}

    async def newest(self) -> Mapping[AgencyId, int]:
        return self.seen

    async def note(self, seen: Mapping[AgencyId, int]) -> None:
        self.seen = joined(self.seen, seen)


class SimGateway(MemoryOutcomes):
    """``tamper`` changes single events, ``through`` the whole stream of one query. ``hashes`` are
    those of the queries that it recorded before it sent them. ``me`` and ``key``: as the member
    list has them; by default, the world's one gateway."""

    def __init__(
        self,
        world: World,
        agency: AgencyId,
        *,
        subject: str = "worker-1",
        name: str = "Morgan Ash",
        role: Role = Role.SOCIAL_WORKER,
        me: MemberId = GATEWAY,
        key: Ed25519PrivateKey | None = None,
        speaks: tuple[int, ...] = limits.REVISIONS,
    ) -> None:
        super().__init__()
        self.world = world
        self.agency = agency
        self.me = me
        self.order: list[str] = []
        self.hashes: list[bytes] = []
        self.submitted: list[bytes] = []
        self.submissions: list[bytes] = []
        self.tamper: Callable[[LookupEvent], Iterable[LookupEvent]] = lambda event: (event,)
        self.through: Callable[[Events], Events] = lambda events: events
        self.record_fails = False
        self.widened: list[Widened] = []
        self.session = Session(
            agency=agency,
            subject=subject,
            name=name,
            role=role,
            acr=Acr.PASSWORD_TOTP,
            auth_time=int(world.clock.now()),
            entitlement=Entitlement(int(NOW) + 10**8, int(NOW) + 10**8),
        )
        self.generations = MemoryGenerations()
        self.notes = MemoryNotes()
        self.exchanged: list[tuple[float, MemberId, bytes, bytes]] = []
        self.exchanging = self.opened()
        self.client = Client(
            GatewayIdentity(me, key or world.gateway_key),
            members=world,
            peppers=world.peppers,
            requester_keys=world.peppers,
            key_holders=self,
            broker=self,
            desk=PassportDesk(FEDERATION, world.passport_keys),
            record=self,
            outcomes=self,
            generations=self.generations,
            threads=self.notes,
            calls=self.notes,
            clock=world.clock,
            random_bytes=secrets.token_bytes,
            upn_keys=False,
            speaks=speaks,
        )

    def opened(self) -> Exchanging:
        """The task of its process, also after a restart: what is on its disks stays."""
        world = self.world
        return Exchanging(
            bytes(32), self.notes, self, world, world.clock, secrets.token_bytes, world.log
        )

    async def exchange(self, node: MemberId, hour: int, packet: bytes) -> bytes:
        world = self.world
        peer = PeerIdentity(FEDERATION, self.me, Party.GATEWAY, NOW + 10**9)
        at = world.clock.now()
        given = await world.broker.exchange(peer, node, hour, packet)
        self.exchanged.append((at, node, packet, given))
        return given

    async def ask(self, question: Question) -> Outcome:
        """A lookup to its end, for which the clock goes on."""
        return await self.world.run(self.client.lookup(self.session, question))

    async def widen(self, again: Again) -> Outcome:
        """A second round to its end."""
        return await self.world.run(self.client.widen(self.session, again))

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        self.order.append("evaluated")
        return await self.world.holders.evaluate(inputs, epoch)

    async def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent]:
        self.order.append("submitted")
        self.submitted.append(query)
        self.world.carried.append(query)
        self.submissions.append(submission)
        self.world.broker_saw += [query, submission]
        peer = PeerIdentity(FEDERATION, self.me, Party.GATEWAY, NOW + 10**9)
        events = self.through(self.world.broker.lookup(peer, query, submission))
        async with contextlib.aclosing(events):
            async for event in events:
                for shown in self.tamper(event):
                    yield shown

    async def asked(
        self,
        session: Session,
        question: Question,
        operation: str,
        at: float,
        widened: Widened | None,
    ) -> None:
        if self.record_fails:
            raise Defect("record")
        self.order.append("asked")
        if widened is not None:
            self.widened.append(widened)

    async def sent(self, agency: AgencyId, operation: str, query_hash: bytes, at: float) -> None:
        self.order.append("sent")
        self.hashes.append(query_hash)

    async def ended(self, agency: AgencyId, operation: str, outcome: Outcome, at: float) -> None:
        self.order.append("ended")

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None:
        self.order.append(f"failed {code}")

    async def stopped(self, agency: AgencyId, operation: str, left: int, at: float) -> None:
        self.order.append(f"stopped {left}")

    async def keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        await super().keep(session, question, outcome)
        self.order.append("kept")

    async def spend(self, session: Session, first: str, second: str) -> None:
        await super().spend(session, first, second)
        self.order.append("spent")

    async def give_back(self, session: Session, first: str, second: str) -> None:
        await super().give_back(session, first, second)
        self.order.append("given back")
