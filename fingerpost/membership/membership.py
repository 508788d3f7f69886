"""A member of the federation: its bundle, its keys, its certificate, and its copy of the member
list.

Every member's process first gets or renews its certificate and gets or refreshes the member list,
and keeps both fresh for as long as it runs. A process without a valid certificate cannot call
anybody, and a process without a valid list trusts nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from fingerpost.membership import deposited_heads, renewal
from fingerpost.membership.bundle import (
    CERTIFICATE_AUTHORITY,
    ROOT,
    EnrolmentBundle,
    read_bundle,
)
from fingerpost.membership.clock_watch import (
    CLOCK_EVENTS,
    LOOK_JITTER_SECONDS,
    LOOK_SECONDS,
    ClockWatch,
)
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.deposited_heads import HEADS_EVENTS, DepositedHeads
from fingerpost.membership.list_sources import ListSources
from fingerpost.membership.member_list import MEMBER_LIST_EVENTS, MemberList, MemberListClient
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.membership.renewal import RENEWAL_EVENTS
from fingerpost.membership.rpc_channel import Redialled
from fingerpost.membership.rpc_issuer import IssuerClient
from fingerpost.membership.rpc_member_list import CALL_SECONDS, MemberListFetcher, at_issuer
from fingerpost.membership.trusted_time import TrustedTime
from fingerpost.protocol.codec.statements import EpochKeyStatement, write_epoch_key
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import Address, EpochNumber
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import asking
from fingerpost.runtime.run import Task
from fingerpost.runtime.tls import AuthorityOnly, ClientTls, ServerTls
from fingerpost.runtime.witness import WitnessFolder

ISSUER_PATIENCE_SECONDS: Final = 2.0
"""A lookup that begins with a look at the list must not wait long for an issuer that is away."""
MEMBERSHIP_EVENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **MEMBER_LIST_EVENTS,
        **CLOCK_EVENTS,
        **RENEWAL_EVENTS,
        **HEADS_EVENTS,
        "member.is_a_trial": frozenset(),
    }
)
"""Events for the log catalogue of each member."""


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folders of a member, and how often it polls.

    Attributes:
        bundle: from the authority. An attacker who can change it can show this member another
        federation.
        credentials: this member's keys. An attacker who can read it can act as this member.
        member_list: a cache. It is verified again at each start, so an attacker who changes it can
        only delay.
        witness: on another disk and in another backup than all else; it shows when an earlier copy
            of what decides is put back. Who can put back both is not noticed here.
        poll_seconds: the interval at which the list is fetched, 1 to 15 s. With a longer one a
            suspension would not take effect in time.
        trial: whether this is a trial without real children, whose keys may lie beside its data. An
            attacker who can change it gains nothing by it; whoever forgets it keeps both in one
            backup. It is said at each start and by ``status``.
    """

    bundle: Path
    credentials: Path
    member_list: Path
    witness: Path
    poll_seconds: Annotated[float, msgspec.Meta(ge=1, le=15)] = 15.0
    trial: bool = False


def check_places(places: Places, party: Party) -> EnrolmentBundle:
    """Check the bundle and the keys without touching the network, and return the bundle.

    Raises:
        Defect: one of them is not sound; the message names the setting.
    """
    try:
        bundle = read_bundle(places.bundle)
    except Defect as defect:
        raise Defect(f"places.bundle: {defect}; it comes from the authority") from None
    if bundle.party is not party:
        raise Defect("places.bundle: the bundle was made for another party")
    try:
        MemberKeys.load(places.credentials)
    except Defect as defect:
        raise Defect(f"places.credentials: {defect}; `enrol` makes it") from None
    return bundle


def heads_at_issuer(places: Places, party: Party, clock: Clock) -> DepositedHeads:
    """Return what reads the heads that a member has left at the issuer, beside its process.

    Raises:
        Defect: as ``check_places``.
    """
    bundle = check_places(places, party)
    issuer = bundle.addresses.issuer
    at = IssuerClient(
        str(issuer.address),
        places.bundle / CERTIFICATE_AUTHORITY,
        Identity(bundle.federation, issuer.member, Party.ISSUER),
    )
    key = MemberKeys.load(places.credentials).signing_key
    me = Identity(bundle.federation, bundle.member, party)
    return DepositedHeads(me, key, at, WitnessFolder(places.witness), clock)


class Membership:
    """A member's identity, keys and member list, and its channels to the others. Close it at the
    end.
    """

    def __init__(self, places: Places, party: Party, env: Env) -> None:
        """
        Raises:
            Defect: the bundle is another party's, or keys are missing.
        """
        self.bundle = check_places(places, party)
        self.keys = MemberKeys.load(places.credentials)
        self.authority = places.bundle / CERTIFICATE_AUTHORITY
        self.identity = Identity(self.bundle.federation, self.bundle.member, party)
        self.members = MemberList()
        self.time = TrustedTime(env.clock)
        self.members.subscribe(self.time.note)
        self.witness = WitnessFolder(places.witness)
        self._env = env
        self._poll_seconds = places.poll_seconds
        if places.trial:
            env.log.warning("member.is_a_trial")
        self._member_list = places.member_list
        addresses = self.bundle.addresses
        issuer = Identity(self.bundle.federation, addresses.issuer.member, Party.ISSUER)
        self.issuer = IssuerClient(
            str(addresses.issuer.address), self.authority, issuer, env.connect
        )
        self.heads = DepositedHeads(
            self.identity, self.keys.signing_key, self.issuer, self.witness, env.clock
        )
        self.broker = Identity(self.bundle.federation, addresses.broker.member, Party.BROKER)
        self._at_issuer = MemberListFetcher(
            str(addresses.issuer.address),
            AuthorityOnly(self.authority).credentials,
            issuer,
            at_issuer(self.bundle.federation, self.bundle.member, self.keys.signing_key, env.clock),
            CALL_SECONDS if party is Party.BROKER else ISSUER_PATIENCE_SECONDS,
            env.route,
        )
        self.client: MemberListClient
        # The import of a node keeps a list of its own, in another folder.
        name = re.sub(r"[^a-z0-9-]", "-", places.member_list.name.lower())
        seen = self.witness.of(f"list-{name}")
        if party is Party.BROKER:
            self._fetch = self._at_issuer
            self.client = Mirror(
                places.member_list, places.bundle / ROOT, self._fetch, witness=seen
            )
            self.sources = ListSources(self.client, self.members, env)
        else:
            at = addresses.broker.nodes if party is Party.NODE else addresses.broker.requesters
            self._fetch = MemberListFetcher(
                str(at), lambda: self.client_tls().credentials(), self.broker, route=env.route
            )
            self.client = MemberListClient(
                places.member_list, places.bundle / ROOT, self._fetch, self.bundle.member, seen
            )
            self.sources = ListSources(self.client, self.members, env, self._at_issuer)

    def client_tls(self) -> ClientTls:
        return self.keys.client_tls(self.authority)

    def server_tls(self) -> ServerTls:
        return self.keys.server_tls(self.authority)

    def dialled(self, address: Address, peer: Identity) -> Redialled:
        """Return the channels to ``peer``, which are renewed as they age. Close them at the end."""
        env, tls = self._env, self.client_tls()
        return Redialled(str(address), tls, peer, env.clock, self.members, env.connect)

    def dialled_key_holders(self) -> tuple[Redialled, Redialled]:
        """Return channels to both, in the order of the parameters. Close them at the end."""
        one, other = (
            self.dialled(
                holder.address,
                Identity(self.bundle.federation, holder.member, Party.KEY_HOLDER),
            )
            for holder in self.bundle.addresses.key_holders
        )
        return one, other

    async def deposit(self, epoch: EpochNumber, public_key: bytes) -> None:
        """Deposit this member's key of an epoch, signed, with the issuer for the next publication.
        May be repeated.

        Args:
            public_key: the hybrid key (1216 bytes) of a node or gateway, or the VOPRF key (32
                bytes) of a key holder.

        Raises:
            Refused: by the issuer, or it could not be reached.
        """
        bundle, now = self.bundle, int(self._env.clock.now())
        statement = EpochKeyStatement(bundle.federation, bundle.member, epoch, public_key, now)
        await self.issuer.deposit(write_epoch_key(statement, self.keys.signing_key))

    async def start(self) -> None:
        """Get a valid certificate, then a valid member list.

        Raises:
            Refused: one of them cannot be had.
        """
        with asking(f"{self.issuer.asked} for a certificate"):
            await self._renew_if_due()
        with asking(f"{self._fetch.asked} for the member list"):
            await self.sources.start()

    def close(self) -> None:
        """Close the connections over which the member list is fetched."""
        self._fetch.close()
        self._at_issuer.close()

    def tasks(self, stores: Sequence[str]) -> Mapping[str, Task]:
        """Return the tasks that keep certificate and member list fresh, watch the clock, and leave
        the heads of this member's stores at the issuer, for ``run.supervise``.

        Args:
            stores: the names of their witnesses, the same whatever the stores hold.
        """
        poll = self.sources.poll(self._poll_seconds)
        renew = self._env.every(
            renewal.LOOK_SECONDS, renewal.LOOK_JITTER_SECONDS, self._renew_if_due, "certificate"
        )
        watch = ClockWatch(self.time, self._env.clock, self._env.log, self._member_list)
        look = self._env.every(LOOK_SECONDS, LOOK_JITTER_SECONDS, watch.look, "clock")
        leave = self._env.every(
            deposited_heads.LOOK_SECONDS,
            deposited_heads.LOOK_JITTER_SECONDS,
            partial(self._leave_heads, stores),
            "heads",
        )
        return {"member list": poll, "certificate": renew, "clock": look, "heads": leave}

    async def _leave_heads(self, stores: Sequence[str]) -> None:
        def report(store: str) -> None:
            self._env.log.error("member.behind_its_deposit", store=store)

        await self.heads.leave_if_due(stores, report)

    async def _renew_if_due(self) -> None:
        await renewal.renew_if_due(
            self.keys, self.identity, self.authority, self.issuer.certify, self._env
        )
