"""The bundle of a newly enrolled member, made from the draft, the newest root and the addresses of
the servers.

Addresses are no part of the signed list, since they admit nobody; they stand in ``addresses.toml``
of the ceremony.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authority import changes
from authority.draft import Draft
from fingerpost.membership.bundle import Addresses, BrokerEndpoint, Endpoint, EnrolmentBundle
from fingerpost.protocol.ids import Address, MemberId

ADDRESSES: Final = "addresses.toml"


class AddressBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``host:port`` of each server; ``key_holders`` in the order of the parameters."""

    issuer: Address
    broker_nodes: Address
    broker_requesters: Address
    key_holders: tuple[Address, Address]


def make_bundle(
    draft: Draft, member: MemberId, book: AddressBook, root: bytes, certificate_authority: bytes
) -> EnrolmentBundle:
    """Make the bundle of a member. Raises ``Defect`` when there is no such member."""
    found = changes.find_member(draft, member)
    p = draft.parameters
    first, second = (
        Endpoint(holder, address)
        for holder, address in zip(p.key_holders, book.key_holders, strict=True)
    )
    return EnrolmentBundle(
        federation=p.federation,
        member=member,
        party=found.party,
        addresses=Addresses(
            Endpoint(p.issuer, book.issuer),
            BrokerEndpoint(p.broker, book.broker_nodes, book.broker_requesters),
            (first, second),
        ),
        root=root,
        certificate_authority=certificate_authority,
    )
