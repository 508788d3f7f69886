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
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.files import replace_file, why_not

BUNDLE: Final = "bundle.toml"
ROOT: Final = "root.json"
CERTIFICATE_AUTHORITY: Final = "certificate-authority.pem"

_ADDRESS: Final = re.compile(
    r"(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?):([0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Address:
    """The ``host:port`` of a gRPC server: a lower-case name, IPv4, or IPv6 in brackets.

    Raises:
        Refused: MALFORMED, any other text.
    """

    value: str

    def __post_init__(self) -> None:
        found = _ADDRESS.fullmatch(self.value)
        if found is None or not 1 <= int(found.group(1)) <= 65_535:
            raise Refused(Code.MALFORMED, "Address")

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A member and the address at which it is called."""

    member: MemberId
    address: Address


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of the federation listen. ``key_holders`` are in the order of the
    parameters.
    """

    issuer: Endpoint
    broker: MemberId
    broker_nodes: Address
    broker_askers: Address
    key_holders: tuple[Endpoint, Endpoint]


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


class _Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    member: MemberId
    address: settings.HostPort


class _Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    member: MemberId
    nodes: settings.HostPort
    askers: settings.HostPort


class _Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"party": "service"}):
    federation: FederationId
    member: MemberId
    party: Party
    issuer: _Server
    broker: _Broker
    key_holders: tuple[_Server, _Server]


def read_bundle(folder: Path) -> EnrolmentBundle:
    """Read the bundle in ``folder``.

    Raises:
        Defect: a file is missing, too long, or not of the agreed form.
    """
    found = settings.load(folder / BUNDLE, _Bundle)
    first, second = found.key_holders
    addresses = Addresses(
        issuer=Endpoint(
            found.issuer.member, _address(found.issuer.address, "issuer.address", folder)
        ),
        broker=found.broker.member,
        broker_nodes=_address(found.broker.nodes, "broker.nodes", folder),
        broker_askers=_address(found.broker.askers, "broker.askers", folder),
        key_holders=(
            Endpoint(first.member, _address(first.address, "key_holders no. 1, address", folder)),
            Endpoint(second.member, _address(second.address, "key_holders no. 2, address", folder)),
        ),
    )
    if first.member == second.member:
        raise Defect(f"{folder / BUNDLE}: key_holders: one member twice")
    return EnrolmentBundle(
        federation=found.federation,
        member=found.member,
        party=found.party,
        addresses=addresses,
        root=_read(folder / ROOT),
        certificate_authority=_read(folder / CERTIFICATE_AUTHORITY),
    )


def write_bundle(folder: Path, bundle: EnrolmentBundle) -> None:
    """Make the folder and write the bundle in it.

    Raises:
        Defect: the folder exists (an earlier bundle is not overwritten), or cannot be written.
    """
    try:
        folder.mkdir(mode=0o755)
    except OSError as error:
        raise Defect(f"{folder}: cannot be made ({type(error).__name__})") from None
    a = bundle.addresses
    lines = [
        f"federation = {_toml(bundle.federation)}",
        f"member = {_toml(bundle.member)}",
        f"service = {_toml(bundle.party.value)}",
        "",
        "[issuer]",
        f"member = {_toml(a.issuer.member)}",
        f"address = {_toml(a.issuer.address)}",
        "",
        "[broker]",
        f"member = {_toml(a.broker)}",
        f"nodes = {_toml(a.broker_nodes)}",
        f"askers = {_toml(a.broker_askers)}",
    ]
    for holder in a.key_holders:
        lines += [
            "",
            "[[key_holders]]",
            f"member = {_toml(holder.member)}",
            f"address = {_toml(holder.address)}",
        ]
    replace_file(folder / ROOT, bundle.root, mode=0o644)
    replace_file(folder / CERTIFICATE_AUTHORITY, bundle.certificate_authority, mode=0o644)
    # This file is written last: a folder without it is no bundle.
    replace_file(folder / BUNDLE, ("\n".join(lines) + "\n").encode(), mode=0o644)


def _address(text: str, key: str, folder: Path) -> Address:
    try:
        return Address(text)
    except Refused:
        raise Defect(f"{folder / BUNDLE}: {key}: expected host:port in lower case") from None


def _toml(value: object) -> str:
    """Quote an id, an address or a fixed word. All are short ASCII, for which JSON and TOML quote
    alike.
    """
    return json.dumps(str(value))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limits.METADATA_FILE_BYTES + 1)
    except OSError as error:
        raise Defect(f"{path}: cannot be read: {why_not(error)}") from None
    if not 1 <= len(data) <= limits.METADATA_FILE_BYTES:
        raise Defect(f"{path}: does not have 1 to {limits.METADATA_FILE_BYTES} bytes")
    return data
