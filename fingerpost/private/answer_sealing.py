"""Sealing an answer to the requester, and checking it against the member list when it arrives.

Law: every answer has one shape and one size, made by one code path, whatever it says. The seal is
bound to query, node and part; the signature inside shows which node answers. The requester believes
an answer only if it is exactly the one that the member list makes it expect: these agencies, all of
them, of that node.

    info   = prefixed("answer", H(query), node, part as 4 bytes big-endian)
    answer = HPKE-Seal(reply key, info, envelope padded to ANSWER_PLAIN_BYTES)
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.private.codec import read_part, write_part
from fingerpost.private.messages import AnswerPart
from fingerpost.private.sealing import HybridKey, pad, prefixed, seal, unpad
from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import read_envelope, write_envelope
from fingerpost.protocol.envelope import PayloadType, open_envelope, sign
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Agency, Federation, Party, parts_of
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import NodeAnswer, SealedAnswer

_PART_BOUND = 2**32


def seal_answer(part: AnswerPart, reply_key: bytes, key: Ed25519PrivateKey) -> SealedAnswer:
    """Sign and seal one part of an answer.

    Args:
        part: The part.
        reply_key: The query's, 1216 bytes.
        key: The node's signing key.

    Raises:
        Refused: MALFORMED, the reply key is none. That is a public fact, the same for hit and miss.
    """
    envelope = write_envelope(sign(PayloadType.ANSWER, write_part(part), part.node.value, key))
    plain = pad(envelope, limits.ANSWER_PLAIN_BYTES, "answer too long")
    sealed = seal(reply_key, _info(part.query_hash, part.node, part.part), plain)
    return SealedAnswer(part.query_hash, part.part, sealed)


def open_answer(
    answer: NodeAnswer,
    *,
    query_hash: bytes,
    reply_key: HybridKey,
    federation: Federation,
    asked: tuple[Agency, ...],
) -> AnswerPart:
    """Return the part, opened and verified.

    Args:
        answer: As the broker passed it on.
        query_hash: H(query), 32 bytes.
        reply_key: The private key of the query.
        federation: The member list that the query was made with.
        asked: ``federation.agencies_in_reach`` of the query.

    Raises:
        Refused: NOT_A_MEMBER, the node is none; BAD_SEAL, of another node, part or query, or
            altered; BAD_SIGNATURE; MALFORMED, not exactly what was expected.
    """
    member = federation.member(answer.node, Party.NODE)
    if not 0 <= answer.part < _PART_BOUND:
        raise Refused(Code.MALFORMED, "answer.part")
    plain = reply_key.open(_info(query_hash, answer.node, answer.part), answer.sealed)
    if len(plain) != limits.ANSWER_PLAIN_BYTES:
        raise Refused(Code.BAD_SEAL, "answer size")
    envelope = read_envelope(unpad(plain, "answer padding"), most=limits.ANSWER_PLAIN_BYTES)
    if envelope.signer != answer.node.value:
        raise Refused(Code.BAD_SIGNATURE, "answer.signer")
    payload = open_envelope(envelope, PayloadType.ANSWER, _public_key(member.signing_key))
    part = read_part(payload)
    _require_expected(part, answer, query_hash, asked)
    return part


def _require_expected(
    part: AnswerPart, answer: NodeAnswer, query_hash: bytes, asked: tuple[Agency, ...]
) -> None:
    """Check that the signed part agrees with the broker's and with the member list.

    A member may have signed what is refused here, and the seal alone would not stop it (attack: a
    node answers for another's agencies, or leaves one of its own out).
    """
    if part.node != answer.node:
        raise Refused(Code.MALFORMED, "answer.node")
    if part.query_hash != query_hash:
        raise Refused(Code.MALFORMED, "answer.query_hash")
    expected = parts_of(asked, answer.node)
    if part.part != answer.part or part.parts != len(expected) or part.part >= len(expected):
        raise Refused(Code.MALFORMED, "answer.parts")
    if tuple(a.agency for a in part.agencies) != expected[part.part]:
        raise Refused(Code.MALFORMED, "answer.agencies")
    # AnswerPart has checked statuses, order, bounds, and that pointers are of INVOLVED agencies of
    # this part.


def _info(query_hash: bytes, node: MemberId, part: int) -> bytes:
    return prefixed(b"answer", query_hash, node.value.encode("ascii"), part.to_bytes(4, "big"))


def _public_key(raw: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise Defect("a signing key of the member list is none") from None
