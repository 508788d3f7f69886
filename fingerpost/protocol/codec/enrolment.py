"""The request by which a process asks to become a member, signed by the key that is to be listed.

The signature proves possession of the key (attack: enrol somebody else's key under your own name)
and nothing else. People find out over another channel who is behind the request: they compare
``EnrolmentRequest.fingerprint``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import parse, read_envelope, write_envelope
from fingerpost.protocol.envelope import PayloadType, open_envelope, sign
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.protocol.messages import exactly, require_revisions
from fingerpost.wire.v1 import member_list_pb2 as pb

REQUEST_BYTES: Final = limits.MESSAGE_BYTES
ORGANISATION_CHARS: Final = 120
PASSPORT_KEYS: Final = 256
KEY_BYTES: Final = 32
MOST_CASELOAD: Final = 20_000_000
MOST_LOOKUPS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class AgencyKeys:
    """What the member list says about an agency that asks.

    Attributes:
        passport_key: raw Ed25519 public key, 32 bytes, of the passports of its practitioners.
        handle_root: what commits to the keys of their pseudonyms, 32 bytes.

    Raises:
        Refused: MALFORMED, another size.
    """

    passport_key: bytes
    handle_root: bytes

    def __post_init__(self) -> None:
        exactly(self.passport_key, KEY_BYTES, "enrolment.passport_keys")
        exactly(self.handle_root, KEY_BYTES, "enrolment.handle_root")


@dataclass(frozen=True, slots=True, repr=False)
class EnrolmentRequest:
    """What a future member states about itself.

    Attributes:
        signing_key: raw Ed25519 public key, 32 bytes.
        issued_at: seconds since 1970 UTC.
        revisions: of the wire, that it speaks: ascending, none twice.
        passport_keys: of a gateway alone: keys by the agency whose practitioners they vouch for.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    federation: FederationId
    member: MemberId
    party: Party
    organisation: str
    signing_key: bytes
    declared_caseload: int = 0
    lookups_per_day: int = 0
    issued_at: int = 0
    passport_keys: Mapping[AgencyId, AgencyKeys] = field(
        default_factory=lambda: MappingProxyType({})
    )
    revisions: tuple[int, ...] = limits.REVISIONS

    def __post_init__(self) -> None:
        exactly(self.signing_key, KEY_BYTES, "enrolment.signing_key")
        # Attack: control characters rewrite what the operator sees.
        printable = self.organisation.isprintable()
        if not (printable and 1 <= len(self.organisation) <= ORGANISATION_CHARS):
            raise Refused(Code.MALFORMED, "enrolment.organisation")
        if not 0 <= self.declared_caseload <= MOST_CASELOAD:
            raise Refused(Code.MALFORMED, "enrolment.declared_caseload")
        if not 0 <= self.lookups_per_day <= MOST_LOOKUPS:
            raise Refused(Code.MALFORMED, "enrolment.lookups_per_day")
        require_revisions(self.revisions, "enrolment.revisions")
        if len(self.passport_keys) > PASSPORT_KEYS:
            raise Refused(Code.MALFORMED, "enrolment.passport_keys")
        if self.passport_keys and self.party is not Party.GATEWAY:
            raise Refused(Code.MALFORMED, "enrolment.passport_keys of no gateway")

    def __repr__(self) -> str:
        return f"EnrolmentRequest({self.member}, {self.party.value})"

    @property
    def fingerprint(self) -> str:
        """Sixteen groups of four hexadecimal digits over the whole request, for reading out on the
        telephone.
        """
        digest = hashlib.sha256(b"fingerpost/v1 enrolment" + _payload(self)).hexdigest()
        return " ".join(digest[i : i + 4] for i in range(0, len(digest), 4))


def _payload(request: EnrolmentRequest) -> bytes:
    return pb.EnrolmentRequest(
        federation=request.federation.value,
        member=request.member.value,
        service=request.party.value,
        organisation=request.organisation,
        signing_key=request.signing_key,
        declared_caseload=request.declared_caseload,
        lookups_per_day=request.lookups_per_day,
        issued_at=request.issued_at,
        passport_keys=[
            pb.AgencyPassportKey(
                agency=agency.value, passport_key=keys.passport_key, handle_root=keys.handle_root
            )
            for agency, keys in sorted(request.passport_keys.items())
        ],
        revisions=request.revisions,
    ).SerializeToString(deterministic=True)


def write_enrolment(request: EnrolmentRequest, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the request's file.

    Args:
        key: the private half of ``request.signing_key``.

    Raises:
        Refused: BAD_SIGNATURE, ``key`` is another.
    """
    if key.public_key().public_bytes_raw() != request.signing_key:
        raise Refused(Code.BAD_SIGNATURE, "enrolment.signing_key")
    return write_envelope(sign(PayloadType.ENROLMENT, _payload(request), request.member.value, key))


def read_enrolment(data: bytes) -> EnrolmentRequest:
    """Return the request, once it verifies under the key that it states.

    The key is in the payload, so the payload is parsed before its signature is checked. Nothing
    else of it is used until the signature holds.

    Raises:
        Refused: MALFORMED, BAD_SIGNATURE.
    """
    envelope = read_envelope(data, most=REQUEST_BYTES)
    if envelope.type is not PayloadType.ENROLMENT:
        raise Refused(Code.MALFORMED, "envelope.type")
    m = parse(pb.EnrolmentRequest, envelope.payload, REQUEST_BYTES)
    exactly(m.signing_key, KEY_BYTES, "enrolment.signing_key")
    open_envelope(
        envelope, PayloadType.ENROLMENT, Ed25519PublicKey.from_public_bytes(m.signing_key)
    )
    if envelope.signer != m.member:
        raise Refused(Code.BAD_SIGNATURE, "enrolment.member")
    if len({entry.agency for entry in m.passport_keys}) != len(m.passport_keys):
        raise Refused(Code.MALFORMED, "enrolment.passport_keys twice")
    try:
        party = Party(m.service)
    except ValueError:
        raise Refused(Code.MALFORMED, "enrolment.service") from None
    request = EnrolmentRequest(
        federation=FederationId(m.federation),
        member=MemberId(m.member),
        party=party,
        organisation=m.organisation,
        signing_key=m.signing_key,
        declared_caseload=m.declared_caseload,
        lookups_per_day=m.lookups_per_day,
        issued_at=m.issued_at,
        passport_keys={
            AgencyId(e.agency): AgencyKeys(e.passport_key, e.handle_root) for e in m.passport_keys
        },
        revisions=tuple(m.revisions),
    )
    if _payload(request) != envelope.payload:
        # The fingerprint is over the value, and other bytes of that value may have been signed.
        raise Refused(Code.MALFORMED, "enrolment encoding")
    return request
