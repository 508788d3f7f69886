"""The signed statements of members to the issuer: certificate requests, requests for a file of the
member list, and epoch keys.

They stand in the shared package, since members write them and the authority reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import parse, read_envelope, write_envelope
from fingerpost.protocol.envelope import Envelope, PayloadType, open_envelope, sign
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import exactly
from fingerpost.wire.v1 import member_list_pb2 as pb

STATEMENT_BYTES = 8192


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


def write_certify(statement: CertifyStatement, key: Ed25519PrivateKey) -> bytes:
    payload = pb.CertifyStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        issued_at=statement.issued_at,
        nonce=statement.nonce,
        certificate_request=statement.certificate_request,
    ).SerializeToString(deterministic=True)
    return write_envelope(sign(PayloadType.CERTIFY, payload, statement.member.value, key))


def write_read(statement: ReadStatement, key: Ed25519PrivateKey) -> bytes:
    payload = pb.ReadStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        path=statement.path,
        issued_at=statement.issued_at,
    ).SerializeToString(deterministic=True)
    return write_envelope(sign(PayloadType.READ, payload, statement.member.value, key))


def write_epoch_key(statement: EpochKeyStatement, key: Ed25519PrivateKey) -> bytes:
    payload = pb.EpochKeyStatement(
        federation=statement.federation.value,
        member=statement.member.value,
        epoch=statement.epoch.value,
        key=statement.key,
        issued_at=statement.issued_at,
    ).SerializeToString(deterministic=True)
    return write_envelope(sign(PayloadType.EPOCH_KEY, payload, statement.member.value, key))


def claimed_signer(data: bytes) -> tuple[Envelope, MemberId]:
    """Return the unverified envelope, and the member whose key must verify it.

    Raises:
        Refused: MALFORMED.
    """
    envelope = read_envelope(data, most=STATEMENT_BYTES)
    return envelope, MemberId(envelope.signer)


def read_certify(envelope: Envelope, key: Ed25519PublicKey) -> CertifyStatement:
    """Return the statement, once it verifies under ``key``.

    Raises:
        Refused: BAD_SIGNATURE, MALFORMED.
    """
    m = parse(
        pb.CertifyStatement, open_envelope(envelope, PayloadType.CERTIFY, key), STATEMENT_BYTES
    )
    statement = CertifyStatement(
        FederationId(m.federation),
        MemberId(m.member),
        m.issued_at,
        m.nonce,
        m.certificate_request,
    )
    _same(statement.member, envelope)
    return statement


def read_read(envelope: Envelope, key: Ed25519PublicKey) -> ReadStatement:
    """Return the statement, once it verifies under ``key``.

    Raises:
        Refused: BAD_SIGNATURE, MALFORMED.
    """
    m = parse(pb.ReadStatement, open_envelope(envelope, PayloadType.READ, key), STATEMENT_BYTES)
    statement = ReadStatement(FederationId(m.federation), MemberId(m.member), m.path, m.issued_at)
    _same(statement.member, envelope)
    return statement


def read_epoch_key(envelope: Envelope, key: Ed25519PublicKey) -> EpochKeyStatement:
    """Return the statement, once it verifies under ``key``.

    Raises:
        Refused: BAD_SIGNATURE, MALFORMED.
    """
    m = parse(
        pb.EpochKeyStatement, open_envelope(envelope, PayloadType.EPOCH_KEY, key), STATEMENT_BYTES
    )
    statement = EpochKeyStatement(
        FederationId(m.federation), MemberId(m.member), EpochNumber(m.epoch), m.key, m.issued_at
    )
    _same(statement.member, envelope)
    return statement


def _same(member: MemberId, envelope: Envelope) -> None:
    if envelope.signer != member.value:  # attack: my key under your name
        raise Refused(Code.BAD_SIGNATURE, "statement.member")
