"""The asking side of a federation on loopback: the gateway's own client, desk, audit and store over real gRPC.

Beside the honest ``lookup`` stand the single steps of one, for tests that do something else with them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.certificates import FakeAuthority
from fakes.simulated_holders import Peppers
from fingerpost.audit.log import AuditLog
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.rpc_channel import Redialled
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    Scope,
    Side,
    blocking_keys,
    normalise,
    oprf_input,
)
from fingerpost.private.locators import Opening, opening, slot_check
from fingerpost.private.messages import Inner
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol.codec.carriage import read_event, write_lookup
from fingerpost.protocol.codec.queries import write_submission
from fingerpost.protocol.codes import Reach
from fingerpost.protocol.ids import AgencyId, Handle
from fingerpost.protocol.messages import KeySet, NodeAnswer, Submission, day_of_slot, slot_of
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.database import migrate, open_sqlite
from fingerpost.runtime.identity import Identity
from fingerpost.wire.v1 import broker_pb2_grpc
from integration.running_parties import KEY, SECONDS, RunningParty
from practitioner.asking.audit import CATALOGUE, AuditRecord
from practitioner.asking.client import Client
from practitioner.asking.client import Identity as GatewayIdentity
from practitioner.asking.desk import PassportDesk
from practitioner.asking.grpc_broker import GrpcBroker
from practitioner.asking.grpc_key_holders import GrpcKeyHolders
from practitioner.asking.migrations import REVISIONS
from practitioner.asking.outcome import Outcome, Question
from practitioner.asking.outcomes_store import SqlOutcomes
from practitioner.asking.ports import Issued
from practitioner.asking.query import QueryOnItsWay
from practitioner.sign_in.rules import Session


class GatewayParty(RunningParty):
    def __init__(
        self,
        me: Identity,
        key: Ed25519PrivateKey,
        passport_keys: Mapping[AgencyId, Ed25519PrivateKey],
        folder: Path,
        authority: FakeAuthority,
        members: MemberList,
        peppers: Peppers,
        clock: Clock,
    ) -> None:
        super().__init__("gateway", folder)
        self.me = me
        self.key = key
        self.tls = authority.client(me)
        self.members = members
        self.peppers = peppers
        self.clock = clock
        self.desk = PassportDesk(me.federation, passport_keys, KEY)
        self.client: Client
        self.key_holders: GrpcKeyHolders
        self.broker: Redialled

    async def redial(self) -> None:
        """To the same parties, on new connections."""
        await self.stop()
        self.dial(*self._dialled)

    def dial(self, broker: tuple[str, Identity], holders: Sequence[tuple[str, Identity]]) -> None:
        self._dialled = broker, holders

        def channel(address: str, peer: Identity) -> Redialled:
            made = Redialled(address, self.tls, peer, self.clock, self.members)
            self._opened.push_async_callback(made.close)
            return made

        one, other = ((peer.member, channel(address, peer)) for address, peer in holders)
        self.key_holders = GrpcKeyHolders(one, other, secrets.token_bytes)
        self.broker = channel(*broker)
        audit = AuditLog.open(self.folder / "audit.sqlite", catalogue=CATALOGUE, master_key=KEY)
        self._opened.callback(audit.close)
        engine = open_sqlite(self.folder / "outcomes.sqlite")
        self._opened.callback(engine.dispose)
        migrate(engine, REVISIONS)
        self.client = Client(
            GatewayIdentity(self.me.member, self.key),
            members=self.members,
            peppers=self.peppers,
            key_holders=self.key_holders,
            broker=GrpcBroker(self.broker),
            desk=self.desk,
            record=AuditRecord(lambda _agency: audit),
            outcomes=SqlOutcomes(engine, KEY),
            clock=self.clock,
            random_bytes=secrets.token_bytes,
            upn_keys=False,
        )

    async def lookup(self, session: Session, question: Question) -> Outcome:
        return await self.client.lookup(session, question)

    # ---- single steps ------------------------------------------------------------------------------

    async def openings(
        self, child: Demographics, issued_at: int, *, scope: Scope = Scope.WIDE
    ) -> list[Opening]:
        """What opens a query about this child, with the help of both key holders."""
        keys = blocking_keys(normalise(child), side=Side.QUERY, scope=scope, upn=False)
        epoch = self.members.current.parameters.epochs[0]
        inputs = [oprf_input(key, NORMALISATION_VERSION) for key in keys]
        tags = await self.key_holders.evaluate(inputs, epoch)
        slot_key = self._slot_key(issued_at)
        return [opening(slot_key, tag) for tag in tags]

    def _slot_key(self, issued_at: int) -> bytes:
        epoch = self.members.current.parameters.epochs[0]
        slot = slot_of(issued_at)
        return self.peppers.pepper(epoch.number, day_of_slot(slot)).slot_key(slot)

    def sealed(
        self,
        inner: Inner,
        issued: Issued,
        openings: Sequence[Opening],
        *,
        key_set: KeySet = KeySet.WIDE,
    ) -> SealedQuery:
        """A query of reach AREA that carries this inner part, whatever is in it."""
        federation = self.members.current
        issued_at = issued.passport.issued_at
        public = PublicPart.of(
            federation,
            epoch=federation.parameters.epochs[0].number,
            issued_at=issued_at,
            agency=issued.passport.agency,
            gateway=self.me.member,
            reach=Reach.AREA,
            key_set=key_set,
        )
        return seal(
            public,
            inner,
            issued.passport,
            openings,
            slot_check=slot_check(self._slot_key(issued_at)),
            practitioner_key=issued.key,
            gateway_key=self.key,
            random_bytes=secrets.token_bytes,
        )

    async def submit(self, sealed: SealedQuery) -> tuple[QueryOnItsWay, list[NodeAnswer]]:
        """To the broker and to the end: the verified words, and the answers as they came. Raises what gRPC raises."""
        federation = self.members.current
        submission = write_submission(
            Submission(sealed.hash, Handle("0" * 32)), self.me.member, self.key
        )
        asked = federation.agencies_in_reach(sealed.core.agency, sealed.core.reach)
        query = QueryOnItsWay(sealed, federation, asked)
        call: Any = broker_pb2_grpc.LookupServiceStub(self.broker.channel()).Lookup(
            write_lookup(sealed.wire, submission), timeout=SECONDS
        )
        answers = []
        try:
            async for message in call:
                event = read_event(message)
                query.receive(event)
                if isinstance(event, NodeAnswer):
                    answers.append(event)
        finally:
            call.cancel()
        return query, answers
