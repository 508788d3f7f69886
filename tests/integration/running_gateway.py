"""The requesting side of a federation on loopback: an honest lookup, and the single steps of one,
for tests that do something else with them.

Law: each step is taken with the gateway's own parts, as its wiring made them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import practitioner.wiring
from fakes.federations import anything
from fakes.oprf_inputs import oprf_inputs
from fakes.party_folder import KEY, gateway_settings_file
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.membership import Membership
from fingerpost.membership.rpc_channel import Redialled
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Side
from fingerpost.private.locators import Opening, opening, slot_check
from fingerpost.private.messages import Inner
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol.codec.carriage import read_event, write_lookup
from fingerpost.protocol.codec.queries import write_submission
from fingerpost.protocol.codes import Reach
from fingerpost.protocol.ids import AgencyId, Handle
from fingerpost.protocol.messages import (
    Answers,
    Counting,
    KeySet,
    NodeAnswer,
    Submission,
    day_of_slot,
    slot_of,
)
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import create_file
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.settings import load
from fingerpost.wire.v1 import broker_pb2_grpc
from integration.running_parties import SECONDS, RunningParty, SteppedClock
from practitioner.asking.client import Client
from practitioner.asking.desk import make_passport_key
from practitioner.asking.ports import Issued
from practitioner.asking.query import QueryOnItsWay
from practitioner.settings import GatewaySettings


class GatewayParty(RunningParty[practitioner.wiring.Gateway]):
    """A gateway that asks, on its own: no other process of it runs."""

    def __init__(
        self, me: Identity, home: Path, clock: SteppedClock, agencies: Iterable[AgencyId]
    ) -> None:
        super().__init__(me, home, practitioner.wiring.EVENTS, clock)
        self.settings = found = load(gateway_settings_file(home, agencies), GatewaySettings)
        for path in (found.account_key, found.outcome_key, found.audit_key):
            create_file(path, KEY)
        self.agency = found.agencies[0].id
        self.counted: dict[bytes, tuple[Handle, Counting]] = {}
        self.passport_keys = {
            each.id: make_passport_key(each.passport_key, each.id) for each in found.agencies
        }

    def open(self, env: Env) -> AbstractAsyncContextManager[practitioner.wiring.Gateway]:
        return practitioner.wiring.open_gateway(self.settings, env, follow=False)

    @property
    def membership(self) -> Membership:
        return self.opened.state.membership

    @property
    def client(self) -> Client:
        return self.opened.client

    @property
    def members(self) -> MemberList:
        return self.membership.members

    @property
    def key(self) -> Ed25519PrivateKey:
        return self.membership.keys.signing_key

    @property
    def requester_key(self) -> Ed25519PrivateKey:
        """The key that all gateways share in the epoch, as it came with the pepper."""
        epoch = self.members.current.parameters.epochs[0]
        return self.opened.state.peppers.requester_key(epoch.number)

    @property
    def desk(self) -> Any:
        return self.client._desk

    @property
    def key_holders(self) -> Any:
        return self.client._sender._key_holders

    @property
    def broker(self) -> Redialled:
        edge: Any = self.client._sender._broker
        channel: Redialled = edge._broker
        return channel

    async def redial(self) -> None:
        """To the same parties, on new connections."""
        await self.stop()
        await self.start()

    # ---- single steps ----------------------------------------------------------------------------

    async def tags(self, child: Demographics) -> tuple[bytes, ...]:
        """Those of the wide keys of this child, with the help of both key holders."""
        inputs = oprf_inputs(child, Side.QUERY)
        epoch = self.members.current.parameters.epochs[0]
        tags: tuple[bytes, ...] = await self.key_holders.evaluate(inputs, epoch)
        return tags

    async def openings(self, child: Demographics, issued_at: int) -> list[Opening]:
        """What opens a query about this child."""
        slot_key = self._slot_key(issued_at)
        return [opening(slot_key, tag) for tag in await self.tags(child)]

    def _slot_key(self, issued_at: int) -> bytes:
        epoch = self.members.current.parameters.epochs[0]
        slot = slot_of(issued_at)
        return self.opened.state.peppers.pepper(epoch.number, day_of_slot(slot)).slot_key(slot)

    def sealed(self, inner: Inner, issued: Issued, openings: Sequence[Opening]) -> SealedQuery:
        """A query of reach AREA, with wide keys, around this inner part, whatever is in it."""
        federation = self.members.current
        issued_at = issued.passport.issued_at
        public = PublicPart.of(
            federation,
            epoch=federation.parameters.epochs[0].number,
            issued_at=issued_at,
            area=issued.passport.agency.area,
            reach=Reach.AREA,
            key_set=KeySet.WIDE,
        )
        made = seal(
            public,
            inner,
            issued.passport,
            openings,
            handle=issued.handle,
            slot_check=slot_check(self._slot_key(issued_at)),
            practitioner_key=issued.key,
            terms=anything(inner.justification.purpose),
            requester_key=self.requester_key,
            random_bytes=secrets.token_bytes,
        )
        self.counted[made.hash] = (issued.handle, inner.counting)
        return made

    async def submit(
        self, sealed: SealedQuery, agency: AgencyId | None = None
    ) -> tuple[QueryOnItsWay, list[NodeAnswer]]:
        """To the broker and to the end: the verified statuses, and the answers as they came. Raises
        what gRPC raises.

        Args:
            agency: what the submission names; by default, the agency of this gateway.
        """
        federation = self.members.current
        made = Submission(sealed.hash, agency or self.agency, *self.counted[sealed.hash])
        submission = write_submission(made, self.me.member, self.key)
        asked = federation.agencies_in_reach(sealed.core.area, sealed.core.reach)
        query = QueryOnItsWay(sealed, federation, asked)
        call: Any = broker_pb2_grpc.LookupServiceStub(self.broker.channel()).Lookup(
            write_lookup(sealed.wire, submission), timeout=SECONDS
        )
        answers: list[NodeAnswer] = []
        try:
            async for message in call:
                event = read_event(message)
                query.receive(event)
                if isinstance(event, Answers):
                    answers += event.answers
        finally:
            call.cancel()
        return query, answers
