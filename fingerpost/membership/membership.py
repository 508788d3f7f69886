"""A member's footing in the federation: its bundle, its keys, its certificate, its view of the member list.

What every member's process does alike before it does anything of its own: get or renew a certificate, get or
refresh the member list, and keep both fresh for as long as it runs. A process without a valid certificate cannot call
anybody, and one without a valid list believes nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from fingerpost.membership import member_list, renewal
from fingerpost.membership.bundle import (
    CERTIFICATE_AUTHORITY,
    ROOT,
    Address,
    EnrolmentBundle,
    read_bundle,
)
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.epoch_keys import epoch_key_statement
from fingerpost.membership.member_list import MEMBER_LIST_EVENTS, MemberList, MemberListClient
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.membership.renewal import RENEWAL_EVENTS
from fingerpost.membership.rpc_channel import Redialled
from fingerpost.membership.rpc_issuer import IssuerClient, authority_only
from fingerpost.membership.rpc_member_list import fetcher
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import EpochNumber
from fingerpost.runtime.env import Env
from fingerpost.runtime.rpc import asking
from fingerpost.runtime.tls import ClientTls, Identity, Party, ServerTls

MEMBERSHIP_EVENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {**MEMBER_LIST_EVENTS, **RENEWAL_EVENTS}
)
"""For the log catalogue of each member."""


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Folders of a member.

    * ``bundle``: from the authority; an attacker who can change it can show this member another federation.
    * ``credentials``: this member's keys; an attacker who can read it is this member.
    * ``member_list``: a cache; verified again at each start, so changing it can only delay.
    * ``poll_seconds``: how often the list is asked for, 1 to 15: slower, and a suspension would not act in time.
    """

    bundle: Path
    credentials: Path
    member_list: Path
    poll_seconds: Annotated[float, msgspec.Meta(ge=1, le=15)] = 15.0


def check_places(places: Places, party: Party) -> EnrolmentBundle:
    """The bundle, once it and the keys are sound. Touches no network. Raises ``Defect``, which names the setting."""
    try:
        bundle = read_bundle(places.bundle)
    except Defect as defect:
        raise Defect(f"places.bundle: {defect}; it comes from the authority") from None
    if bundle.party is not party:
        raise Defect("places.bundle: the bundle was made for another service")
    try:
        MemberKeys.load(places.credentials)
    except Defect as defect:
        raise Defect(f"places.credentials: {defect}; `enrol` makes it") from None
    return bundle


class Membership:
    """What a member is and knows of the others. To be closed at the end.

    Raises:
        Defect: the bundle is another party's, or keys are missing.
    """

    def __init__(self, places: Places, party: Party, env: Env) -> None:
        self.bundle = read_bundle(places.bundle)
        if self.bundle.party is not party:
            raise Defect("the bundle was made for another service")
        self.keys = MemberKeys.load(places.credentials)
        self.authority = places.bundle / CERTIFICATE_AUTHORITY
        self.identity = Identity(self.bundle.federation, self.bundle.member, party)
        self.members = MemberList()
        self._env = env
        self._poll_seconds = places.poll_seconds
        addresses = self.bundle.addresses
        issuer = Identity(self.bundle.federation, addresses.issuer.member, Party.ISSUER)
        self.issuer = IssuerClient(
            str(addresses.issuer.address), self.authority, issuer, env.connect
        )
        self.broker = Identity(self.bundle.federation, addresses.broker, Party.BROKER)
        self.client: MemberListClient
        if party is Party.BROKER:
            self._fetch = fetcher(
                str(addresses.issuer.address), lambda: authority_only(self.authority), issuer
            )
            self.client = Mirror(places.member_list, places.bundle / ROOT, self._fetch)
        else:
            at = addresses.broker_nodes if party is Party.NODE else addresses.broker_askers
            self._fetch = fetcher(str(at), lambda: self.client_tls().credentials(), self.broker)
            self.client = MemberListClient(
                places.member_list, places.bundle / ROOT, self._fetch, self.bundle.member
            )

    def client_tls(self) -> ClientTls:
        return self.keys.client_tls(self.authority)

    def server_tls(self) -> ServerTls:
        return self.keys.server_tls(self.authority)

    def dialled(self, address: Address, peer: Identity) -> Redialled:
        """Channels to ``peer``, each for as long as it may last. To be closed at the end."""
        env, tls = self._env, self.client_tls()
        return Redialled(str(address), tls, peer, env.clock, self.members, env.connect)

    def dialled_key_holders(self) -> tuple[Redialled, Redialled]:
        """Both, in the order of the parameters. To be closed at the end."""
        one, other = (
            self.dialled(
                holder.address,
                Identity(self.bundle.federation, holder.member, Party.KEY_HOLDER),
            )
            for holder in self.bundle.addresses.key_holders
        )
        return one, other

    async def deposit(self, epoch: EpochNumber, public_key: bytes) -> None:
        """Leave this member's key of an epoch, signed, with the issuer for the next publication. May be repeated.

        ``public_key``: hybrid (1216 bytes) of a node or gateway, VOPRF (32 bytes) of a key holder. Raises ``Refused``.
        """
        statement = epoch_key_statement(
            self.bundle.federation,
            self.bundle.member,
            epoch,
            public_key,
            self._env.clock.now(),
            self.keys.signing_key,
        )
        await self.issuer.deposit(statement)

    async def start(self) -> None:
        """A certificate that holds, then a member list that holds. Raises ``Refused`` when either cannot be had."""
        lifetime = self.keys.lifetime()
        if lifetime is None or renewal.due(*lifetime, self._env.clock.now()):
            with asking(f"{self.issuer.asked} for a certificate"):
                await renewal.renew(
                    self.keys,
                    self.identity,
                    self.authority,
                    self.issuer.certify,
                    self._env.clock.now(),
                    self._env.random_bytes(limits.NONCE_BYTES),
                )
        with asking(f"{self._fetch.asked} for the member list"):
            await member_list.start(self.client, self.members, self._env.clock)

    def close(self) -> None:
        """End the connection over which the member list comes."""
        self._fetch.close()

    def tasks(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """For ``run.supervise``: what keeps certificate and member list fresh."""
        return {
            "member list": lambda: member_list.poll(
                self.client,
                self.members,
                self._env.clock,
                random=self._env.random,
                log=self._env.log,
                seconds=self._poll_seconds,
            ),
            "certificate": lambda: renewal.keep_certificate(
                self.keys,
                self.identity,
                self.authority,
                self.issuer.certify,
                self._env.clock,
                random=self._env.random,
                log=self._env.log,
            ),
        }
