"""Queries and submissions between bytes and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.protobuf.message import DecodeError

from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import (
    code,
    parse,
    read_envelope,
    split,
    write_envelope,
    written,
)
from fingerpost.protocol.codes import Allowance, Reach
from fingerpost.protocol.envelope import PayloadType, core_hash, open_envelope, query_hash, sign
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Member
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, Handle, MemberId
from fingerpost.protocol.messages import Counting, KeySet, Query, QueryCore, Submission, exactly
from fingerpost.wire.v1 import query_pb2 as pb

_EPOCH: Final = re.compile(r"[1-9][0-9]{0,9}")
CORE_BYTES: Final = 3072
"""A core with 8 named areas has about 2,200 bytes."""


def write_core(core: QueryCore) -> bytes:
    message = pb.QueryCore(
        suite=core.suite,
        federation=core.federation.value,
        metadata_version=core.metadata_version,
        code_list_version=core.code_list_version,
        normalisation_version=core.normalisation_version,
        epoch=core.epoch.value,
        slot=core.slot,
        q=core.q,
        issued_at=core.issued_at,
        expires_at=core.expires_at,
        passport_expires_at=core.passport_expires_at,
        reply_key=core.reply_key,
        area=core.area.value,
        reach=core.reach.value,
        named_areas=[a.value for a in core.named_areas],
        key_set=core.key_set.value,
        key_commitment=core.key_commitment,
        locators=b"".join(core.locators),
        slot_check=core.slot_check,
        quota_commitment=core.quota_commitment,
        revision=core.revision,
    )
    return written(message, core.revision)


def read_core(data: bytes, speaks: Collection[int] = limits.REVISIONS) -> QueryCore:
    """Return the core. Versions, suite and times are not judged here; admission judges them.

    Args:
        speaks: the revisions of the wire by which the reader can read.

    Raises:
        Refused: MALFORMED; UNSUPPORTED, it is of another revision.
    """
    revision = _revision(data)
    if revision not in speaks:
        raise Refused(Code.UNSUPPORTED, "core.revision")
    m = parse(pb.QueryCore, data, CORE_BYTES, revision)
    if len(m.named_areas) > limits.NAMED_AREAS:
        raise Refused(Code.MALFORMED, "core.named_areas")
    return QueryCore(
        suite=m.suite,
        federation=FederationId(m.federation),
        metadata_version=m.metadata_version,
        code_list_version=m.code_list_version,
        normalisation_version=m.normalisation_version,
        epoch=EpochNumber(m.epoch),
        slot=m.slot,
        q=m.q,
        issued_at=m.issued_at,
        expires_at=m.expires_at,
        passport_expires_at=m.passport_expires_at,
        reply_key=m.reply_key,
        area=AreaCode(m.area),
        reach=code(Reach, m.reach, "core.reach"),
        named_areas=tuple(AreaCode(a) for a in m.named_areas),
        key_set=code(KeySet, m.key_set, "core.key_set"),
        key_commitment=m.key_commitment,
        locators=split(m.locators, limits.LOCATOR_BYTES, "core.locators", count=limits.LOCATORS),
        slot_check=m.slot_check,
        quota_commitment=m.quota_commitment,
        revision=m.revision,
    )


def _revision(data: bytes) -> int:
    """Return the revision that a core states, whatever else is in it: the one field that is read
    before it is known how to read."""
    if len(data) > CORE_BYTES:
        raise Refused(Code.MALFORMED, "QueryCore too long")
    message = pb.QueryCore()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise Refused(Code.MALFORMED, "QueryCore") from None
    return message.revision


def seal_into_query(
    core: bytes,
    wraps: tuple[bytes, ...],
    sealed: bytes,
    epoch: EpochNumber,
    key: Ed25519PrivateKey,
) -> bytes:
    """Return the signed query, exactly ``limits.QUERY_BYTES`` long.

    Raises:
        Defect: the parts do not fit.
    """

    def envelope_of(padding: int) -> bytes:
        payload = pb.Query(
            core=core, wraps=b"".join(wraps), sealed=sealed, padding=bytes(padding)
        ).SerializeToString(deterministic=True)
        return write_envelope(sign(PayloadType.QUERY, payload, str(epoch), key))

    # Length prefixes grow with what they count: one or two corrections reach the size exactly.
    padding = limits.QUERY_BYTES - len(envelope_of(0))
    for _ in range(4):
        if padding < 1:
            break
        wire = envelope_of(padding)
        if len(wire) == limits.QUERY_BYTES:
            return wire
        padding += limits.QUERY_BYTES - len(wire)
    raise Defect("a query's parts do not fit its size")


def read_query(
    wire: bytes,
    requester_key: Callable[[EpochNumber], bytes],
    speaks: Collection[int] = limits.REVISIONS,
) -> Query:
    """Return the query, once its signature holds under the key that gateways share in the epoch
    that the envelope names.

    Args:
        wire: ``limits.QUERY_BYTES`` as they came.
        requester_key: returns that raw public key (32 bytes); raises ``Refused(UNSUPPORTED)`` for
            an epoch that is not in use.
        speaks: the revisions of the wire by which the reader can read.

    Raises:
        Refused: MALFORMED, UNSUPPORTED, BAD_SIGNATURE.
    """
    exactly(wire, limits.QUERY_BYTES, "query size")
    envelope = read_envelope(wire, most=limits.QUERY_BYTES)
    if _EPOCH.fullmatch(envelope.signer) is None:
        raise Refused(Code.MALFORMED, "query.signer")
    epoch = EpochNumber(int(envelope.signer))
    key = Ed25519PublicKey.from_public_bytes(requester_key(epoch))
    payload = open_envelope(envelope, PayloadType.QUERY, key)
    m = parse(pb.Query, payload, limits.QUERY_BYTES)
    exactly(m.sealed, limits.SEALED_BYTES, "query.sealed")
    if m.padding.strip(b"\0"):
        raise Refused(Code.MALFORMED, "query.padding")
    core = read_core(m.core, speaks)
    if core.epoch != epoch:  # attack: the key of one epoch for a query of another
        raise Refused(Code.BAD_SIGNATURE, "core.epoch")
    return Query(
        core=core,
        core_hash=core_hash(m.core),
        wraps=split(m.wraps, limits.WRAP_BYTES, "query.wraps", count=limits.LOCATORS),
        sealed=m.sealed,
        hash=query_hash(payload),
        wire=wire,
    )


def write_submission(
    submission: Submission,
    gateway: MemberId,
    key: Ed25519PrivateKey,
    revision: int = limits.NEWEST_REVISION,
) -> bytes:
    """Return the signed submission, in the revision of its query.

    Raises:
        Refused: UNSUPPORTED, it says what only a later revision can say.
    """
    message = pb.Submission(
        query_hash=submission.query_hash,
        handle=submission.handle.value,
        agency=submission.agency.value,
        counting=counting_to_wire(submission.counting),
        left_out=[node.value for node in submission.left_out],
    )
    payload = written(message, revision)
    return write_envelope(sign(PayloadType.SUBMISSION, payload, gateway.value, key))


def read_submission(wire: bytes, query: Query, gateway: Member) -> Submission:
    """Return the submission that belongs to ``query``, signed by ``gateway``, which submits it.

    Raises:
        Refused: MALFORMED, BAD_SIGNATURE; BAD_COMMITMENT, the query commits to another pseudonym or
            another way of counting.
    """
    envelope = read_envelope(wire, most=1024)
    if envelope.signer != gateway.id.value:
        raise Refused(Code.BAD_SIGNATURE, "submission signer")
    key = Ed25519PublicKey.from_public_bytes(gateway.signing_key)
    payload = open_envelope(envelope, PayloadType.SUBMISSION, key)
    m = parse(pb.Submission, payload, 1024, query.core.revision)
    submission = Submission(
        m.query_hash,
        AgencyId(m.agency),
        Handle(m.handle),
        counting_from_wire(m.counting),
        tuple(map(MemberId, m.left_out)),
    )
    if submission.query_hash != query.hash:  # attack: spend another practitioner's quota
        raise Refused(Code.BAD_SIGNATURE, "submission.query_hash")
    # Attack: another pseudonym to the broker than the one that the owner of a record finds.
    if submission.counting.commitment(submission.handle) != query.core.quota_commitment:
        raise Refused(Code.BAD_COMMITMENT, "submission.counting")
    return submission


def counting_to_wire(counting: Counting) -> pb.Counting:
    return pb.Counting(
        lookup=counting.lookup, allowance=counting.allowance.value, salt=counting.salt
    )


def counting_from_wire(m: pb.Counting) -> Counting:
    """Raises ``Refused(MALFORMED)``."""
    return Counting(m.lookup, code(Allowance, m.allowance, "counting.allowance"), m.salt)
