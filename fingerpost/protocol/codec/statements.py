"""The signed statements of members to the issuer: certificate requests, requests for a file of the
member list, epoch keys, and the heads of their stores.

They stand in the shared package, since members write them and the authority reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.signed import Signed
from fingerpost.protocol.envelope import Envelope, PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import exactly
from fingerpost.wire.v1 import member_list_pb2 as pb

STATEMENT_BYTES: Final = 8192
_CERTIFY: Final = Signed(pb.CertifyStatement, PayloadType.CERTIFY, "member", STATEMENT_BYTES)
_READ: Final = Signed(pb.ReadStatement, PayloadType.READ, "member", STATEMENT_BYTES)
_EPOCH_KEY: Final = Signed(pb.EpochKeyStatement, PayloadType.EPOCH_KEY, "member", STATEMENT_BYTES)
_HEADS: Final = Signed(pb.HeadsStatement, PayloadType.HEADS, "member", STATEMENT_BYTES)
_READ_HEADS: Final = Signed(
    pb.ReadHeadsStatement, PayloadType.READ_HEADS, "member", STATEMENT_BYTES
)
HEADS_BYTES: Final = 4096
"""The longest that the sealed heads of one part may be."""
HEADS_PARTS: Final = 64


@dataclass(frozen=True, slots=True, repr=False)
class CertifyStatement:
    """A member asks for a certificate over ``certificate_request`` (PKCS #10, DER, at most 4096
    bytes).
    """

    federation: FederationId
    member: MemberId
    issued_at: int
    nonce: bytes
    certificate_request: bytes

    def __post_init__(self) -> None:
        exactly(self.nonce, limits.NONCE_BYTES, "certify.nonce")
        if not 1 <= len(self.certificate_request) <= 4096:
            raise Refused(Code.MALFORMED, "certify.certificate_request")


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A member asks for the file of the member list at ``path``. ``issued_at``: seconds since 1970
    UTC.
    """

    federation: FederationId
    member: MemberId
    path: str
    issued_at: int

    def __post_init__(self) -> None:
        if len(self.path) > limits.PATH_CHARS:
            raise Refused(Code.MALFORMED, "read.path")


@dataclass(frozen=True, slots=True, repr=False)
class EpochKeyStatement:
    """A member's key of an epoch.

    Attributes:
        key: the HPKE public key (1216 bytes) of a node or gateway, or the VOPRF public key (32
            bytes) of a key holder.
        issued_at: seconds since 1970 UTC.
    """

    federation: FederationId
    member: MemberId
    epoch: EpochNumber
    key: bytes
    issued_at: int

    def __post_init__(self) -> None:
        if len(self.key) not in (limits.HYBRID_PUBLIC_KEY_BYTES, limits.POINT_BYTES):
            raise Refused(Code.MALFORMED, "epoch_key.key")


@dataclass(frozen=True, slots=True, repr=False)
class HeadsStatement:
    """The heads of a member's stores, sealed to the member itself. ``issued_at``: seconds since
    1970 UTC.
    """

    federation: FederationId
    member: MemberId
    issued_at: int
    part: int
    sealed: bytes

    def __post_init__(self) -> None:
        if self.part >= HEADS_PARTS or not 1 <= len(self.sealed) <= HEADS_BYTES:
            raise Refused(Code.MALFORMED, "heads")


@dataclass(frozen=True, slots=True)
class ReadHeadsStatement:
    """A member asks for what it has left of one part, issued before ``before``. Times are in
    seconds since 1970 UTC.
    """

    federation: FederationId
    member: MemberId
    issued_at: int
    part: int
    before: int


def write_certify(statement: CertifyStatement, key: Ed25519PrivateKey) -> bytes:
    message = pb.CertifyStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        issued_at=statement.issued_at,
        nonce=statement.nonce,
        certificate_request=statement.certificate_request,
    )
    return _CERTIFY.write(message, key)


def read_certify(envelope: Envelope, key: Ed25519PublicKey) -> CertifyStatement:
    """Return the verified statement. Raises ``Refused`` as ``Signed.read``."""
    m = _CERTIFY.read(envelope, key)
    return CertifyStatement(
        FederationId(m.federation),
        MemberId(m.member),
        m.issued_at,
        m.nonce,
        m.certificate_request,
    )


def write_read(statement: ReadStatement, key: Ed25519PrivateKey) -> bytes:
    message = pb.ReadStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        path=statement.path,
        issued_at=statement.issued_at,
    )
    return _READ.write(message, key)


def read_read(envelope: Envelope, key: Ed25519PublicKey) -> ReadStatement:
    """Return the verified statement. Raises ``Refused`` as ``Signed.read``."""
    m = _READ.read(envelope, key)
    return ReadStatement(FederationId(m.federation), MemberId(m.member), m.path, m.issued_at)


def write_epoch_key(statement: EpochKeyStatement, key: Ed25519PrivateKey) -> bytes:
    message = pb.EpochKeyStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        epoch=statement.epoch.value,
        key=statement.key,
        issued_at=statement.issued_at,
    )
    return _EPOCH_KEY.write(message, key)


def read_epoch_key(envelope: Envelope, key: Ed25519PublicKey) -> EpochKeyStatement:
    """Return the verified statement. Raises ``Refused`` as ``Signed.read``."""
    m = _EPOCH_KEY.read(envelope, key)
    return EpochKeyStatement(
        FederationId(m.federation), MemberId(m.member), EpochNumber(m.epoch), m.key, m.issued_at
    )


def write_heads(statement: HeadsStatement, key: Ed25519PrivateKey) -> bytes:
    message = pb.HeadsStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        issued_at=statement.issued_at,
        part=statement.part,
        sealed=statement.sealed,
    )
    return _HEADS.write(message, key)


def read_heads(envelope: Envelope, key: Ed25519PublicKey) -> HeadsStatement:
    """Return the verified statement. Raises ``Refused`` as ``Signed.read``."""
    m = _HEADS.read(envelope, key)
    return HeadsStatement(
        FederationId(m.federation), MemberId(m.member), m.issued_at, m.part, m.sealed
    )


def write_read_heads(statement: ReadHeadsStatement, key: Ed25519PrivateKey) -> bytes:
    message = pb.ReadHeadsStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        issued_at=statement.issued_at,
        part=statement.part,
        before=statement.before,
    )
    return _READ_HEADS.write(message, key)


def read_read_heads(envelope: Envelope, key: Ed25519PublicKey) -> ReadHeadsStatement:
    """Return the verified statement. Raises ``Refused`` as ``Signed.read``."""
    m = _READ_HEADS.read(envelope, key)
    return ReadHeadsStatement(
        FederationId(m.federation), MemberId(m.member), m.issued_at, m.part, m.before
    )
