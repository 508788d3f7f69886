"""The enrolment bundle: what the authority gives a member, to say whom to trust and where everybody
is.

It is a folder of three files, carried by hand or over a channel that both sides trust:

* ``bundle.toml``: names and addresses;
* ``root.json``: the TUF root, from which all later trust in the member list follows;
* ``certificate-authority.pem``: the authority of every certificate in the federation.

Nothing in it is secret, but all of it decides trust: an attacker who can change it on the way to a
member can show the member a false federation. So both sides compare ``fingerprint`` over another
channel before the bundle is used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import Address, FederationId, MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.files import or_defect, read_file, replace_file

BUNDLE: Final = "bundle.toml"
ROOT: Final = "root.json"
CERTIFICATE_AUTHORITY: Final = "certificate-authority.pem"


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member and the address at which it is called."""

    member: MemberId
    address: Address


class BrokerEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The broker, and the addresses at which nodes call it and all others do."""

    member: MemberId
    nodes: Address
    requesters: Address


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of the federation listen. ``key_holders`` are in the order of the
    parameters.
    """

    issuer: Endpoint
    broker: BrokerEndpoint
    key_holders: tuple[Endpoint, Endpoint]

    def of_a_node(self) -> tuple[str, ...]:
        """Return all to which a node opens channels."""
        endpoints = (self.issuer, *self.key_holders)
        return (str(self.broker.nodes), *(str(each.address) for each in endpoints))


@dataclass(frozen=True, slots=True, repr=False)
class EnrolmentBundle:
    """The content of a bundle.

    Attributes:
        root: the trusted root.json.
        certificate_authority: the certificate of the federation's authority, PEM.
    """

    federation: FederationId
    member: MemberId
    party: Party
    addresses: Addresses
    root: bytes
    certificate_authority: bytes

    def __repr__(self) -> str:
        return f"EnrolmentBundle({self.member}, {self.party.value})"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 over federation, root and certificate authority, in groups of four digits, to
        be read out.

        It is the same for all members of a federation.
        """
        digest = hashlib.sha256(b"fingerpost/v1 bundle")
        for part in (self.federation.value.encode(), self.root, self.certificate_authority):
            digest.update(len(part).to_bytes(8, "big") + part)
        text = digest.hexdigest()
        return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


class _Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"party": "service"}):
    federation: FederationId
    member: MemberId
    party: Party
    issuer: Endpoint
    broker: BrokerEndpoint
    key_holders: tuple[Endpoint, Endpoint]


def read_bundle(folder: Path) -> EnrolmentBundle:
    """Read the bundle in ``folder``.

    Raises:
        Defect: a file is missing, too long, or not of the agreed form.
    """
    found = settings.load(folder / BUNDLE, _Bundle)
    first, second = found.key_holders
    if first.member == second.member:
        raise Defect(f"{folder / BUNDLE}: key_holders: one member twice")
    return EnrolmentBundle(
        federation=found.federation,
        member=found.member,
        party=found.party,
        addresses=Addresses(found.issuer, found.broker, found.key_holders),
        root=read_file(folder / ROOT, least=1, most=limits.METADATA_FILE_BYTES),
        certificate_authority=read_file(
            folder / CERTIFICATE_AUTHORITY, least=1, most=limits.METADATA_FILE_BYTES
        ),
    )


def write_bundle(folder: Path, bundle: EnrolmentBundle) -> None:
    """Make the folder and write the bundle in it.

    Raises:
        Defect: the folder exists (an earlier bundle is not overwritten), or cannot be written.
    """
    with or_defect(f"{folder}: cannot be made"):
        folder.mkdir(mode=0o755)
    a = bundle.addresses
    names = _Bundle(
        bundle.federation, bundle.member, bundle.party, a.issuer, a.broker, a.key_holders
    )
    replace_file(folder / ROOT, bundle.root, mode=0o644)
    replace_file(folder / CERTIFICATE_AUTHORITY, bundle.certificate_authority, mode=0o644)
    # This file is written last: a folder without it is no bundle.
    replace_file(folder / BUNDLE, settings.written(names, folder), mode=0o644)
