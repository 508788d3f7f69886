"""One gateway of the simulated federation: its client, and what its audit and its store of outcomes were given, in
order.

What asks is the gateway's own ``Client``. Between it and the broker stands ``through``: what a broker with ill will, or
the way to it, makes of the events.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from fakes.simulated_holders import FEDERATION, GATEWAY, NOW
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Epoch, Service
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import LookupEvent
from fingerpost.service.identity import PeerIdentity
from practitioner.client import Client
from practitioner.client import Identity as GatewayIdentity
from practitioner.desk import PassportDesk
from practitioner.outcome import Outcome, Question
from practitioner.session import Session

if TYPE_CHECKING:
    from federation import World

Events = AsyncGenerator[LookupEvent]


class SimGateway:
    """``tamper`` changes single events, ``through`` the whole stream of one query. ``hashes`` are those of the queries
    that it recorded before it sent them."""

    def __init__(
        self,
        world: World,
        agency: AgencyId,
        *,
        subject: str = "worker-1",
        name: str = "Morgan Ash",
    ) -> None:
        self.world = world
        self.agency = agency
        self.order: list[str] = []
        self.hashes: list[bytes] = []
        self.submitted: list[bytes] = []
        self.tamper: Callable[[LookupEvent], Iterable[LookupEvent]] = lambda event: (event,)
        self.through: Callable[[Events], Events] = lambda events: events
        self.record_fails = False
        self.session = Session(
            agency=agency,
            subject=subject,
            name=name,
            role=Role.SOCIAL_WORKER,
            acr=Acr.PASSWORD_TOTP,
            auth_time=int(world.clock.now()),
            training_until=int(NOW) + 10**8,
            vetting_until=int(NOW) + 10**8,
        )
        self.client = Client(
            GatewayIdentity(GATEWAY, world.gateway_key),
            members=world,
            peppers=world.peppers,
            key_holders=self,
            broker=self,
            desk=PassportDesk(FEDERATION, world.passport_keys, world.handle_key),
            record=self,
            outcomes=self,
            clock=world.clock,
            random_bytes=secrets.token_bytes,
            upn_keys=False,
        )

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        self.order.append("evaluated")
        return await self.world.holders.evaluate(inputs, epoch)

    async def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent]:
        self.order.append("submitted")
        self.submitted.append(query)
        self.world.carried.append(query)
        self.world.broker_saw += [query, submission]
        peer = PeerIdentity(FEDERATION, GATEWAY, Service.GATEWAY, NOW + 10**9)
        events = self.through(self.world.broker.lookup(peer, query, submission))
        async with contextlib.aclosing(events):
            async for event in events:
                for shown in self.tamper(event):
                    yield shown

    async def asked(self, session: Session, question: Question, operation: str, at: float) -> None:
        if self.record_fails:
            raise Defect("record")
        self.order.append("asked")

    async def sent(
        self, agency: AgencyId, operation: str, query_hashes: Sequence[bytes], at: float
    ) -> None:
        self.order.append("sent")
        self.hashes += query_hashes

    async def ended(self, agency: AgencyId, operation: str, outcome: Outcome, at: float) -> None:
        self.order.append("ended")

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None:
        self.order.append(f"failed {code}")

    async def keep(self, session: Session, outcome: Outcome) -> None:
        self.order.append("kept")
