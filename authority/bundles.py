"""The bundle of a newly enrolled member, made from the draft, the newest root and the addresses of
the servers.

Addresses are no part of the signed list, since they admit nobody; they stand in ``addresses.toml``
of the ceremony.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import msgspec

from authority import changes
from authority.draft import Draft
from fingerpost.membership.bundle import Address, Addresses, Endpoint, EnrolmentBundle
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.files import replace_file

ADDRESSES: Final = "addresses.toml"


class AddressBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``host:port`` of each server; ``key_holders`` in the order of the parameters."""

    issuer: settings.HostPort
    broker_nodes: settings.HostPort
    broker_askers: settings.HostPort
    key_holders: tuple[settings.HostPort, settings.HostPort]


def read_addresses(path: Path) -> AddressBook:
    """Read the file. Raises ``Defect``."""
    return settings.load(path, AddressBook)


def write_addresses(path: Path, book: AddressBook) -> None:
    """Write the file. Raises ``Defect`` for text that is no address."""
    holders = book.key_holders
    for address in (book.issuer, book.broker_nodes, book.broker_askers, *holders):
        _address(address)
    lines = [
        f"issuer = {json.dumps(book.issuer)}",
        f"broker_nodes = {json.dumps(book.broker_nodes)}",
        f"broker_askers = {json.dumps(book.broker_askers)}",
        f"key_holders = [{json.dumps(holders[0])}, {json.dumps(holders[1])}]",
    ]
    replace_file(path, ("\n".join(lines) + "\n").encode(), mode=0o644)


def make_bundle(
    draft: Draft, member: MemberId, book: AddressBook, root: bytes, certificate_authority: bytes
) -> EnrolmentBundle:
    """Make the bundle of a member. Raises ``Defect``: no such member, or text that is no address."""
    found = changes.find_member(draft, member)
    p = draft.parameters
    first, second = p.key_holders
    return EnrolmentBundle(
        federation=p.federation,
        member=member,
        party=found.party,
        addresses=Addresses(
            issuer=Endpoint(p.issuer, _address(book.issuer)),
            broker=p.broker,
            broker_nodes=_address(book.broker_nodes),
            broker_askers=_address(book.broker_askers),
            key_holders=(
                Endpoint(first, _address(book.key_holders[0])),
                Endpoint(second, _address(book.key_holders[1])),
            ),
        ),
        root=root,
        certificate_authority=certificate_authority,
    )


def _address(text: str) -> Address:
    try:
        return Address(text)
    except Refused:
        raise Defect(f"{text}: an address is host:port, in lower case") from None
