"""An agency's challenge of a lookup, and the answer of the agency that asked: signed, in files.

Neither names a child or a person. They stand in the shared package, since a node writes the one, a
gateway the other, and both read both. What is doubted and answered are closed values
(``fingerpost.private.notes``), by number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.signed import Signed
from fingerpost.protocol.envelope import Envelope, PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.protocol.messages import exactly
from fingerpost.wire.v1 import challenges_pb2 as pb

CHALLENGE_BYTES: Final = 2048
"""The longest that the file of either may be."""
HASH_BYTES: Final = 32
_CHALLENGE: Final = Signed(pb.Challenge, PayloadType.CHALLENGE, "node", CHALLENGE_BYTES)
_ANSWER: Final = Signed(
    pb.ChallengeAnswer, PayloadType.CHALLENGE_ANSWER, "gateway", CHALLENGE_BYTES
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What an agency doubts about one lookup.

    Attributes:
        node: the member that signs for the agency.
        agency: that doubts.
        asking: the agency that asked.
        query: H(query), 32 bytes.
        about: what is doubted, from 1.
        made_at, answer_by: in seconds since 1970 UTC; it is to be answered before the second.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    federation: FederationId
    node: MemberId
    agency: AgencyId
    asking: AgencyId
    query: bytes
    about: int
    made_at: int
    answer_by: int

    def __post_init__(self) -> None:
        exactly(self.query, HASH_BYTES, "challenge.query")
        if not (self.about and 0 < self.made_at < self.answer_by < limits.LATEST):
            raise Refused(Code.MALFORMED, "challenge")


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """What the agency that asked answers.

    Attributes:
        gateway: the member that signs for it.
        asking: the agency that asked.
        challenge: SHA-256 of the challenge's file, 32 bytes.
        says: what it answers, from 1.
        made_at: in seconds since 1970 UTC.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    federation: FederationId
    gateway: MemberId
    asking: AgencyId
    challenge: bytes
    says: int
    made_at: int

    def __post_init__(self) -> None:
        exactly(self.challenge, HASH_BYTES, "challenge answer.challenge")
        if not (self.says and 0 < self.made_at < limits.LATEST):
            raise Refused(Code.MALFORMED, "challenge answer")


def write_challenge(challenge: Challenge, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the file, signed with the node's key."""
    message = pb.Challenge(
        federation=challenge.federation.value,
        node=challenge.node.value,
        agency=challenge.agency.value,
        asking=challenge.asking.value,
        query=challenge.query,
        about=challenge.about,
        made_at=challenge.made_at,
        answer_by=challenge.answer_by,
    )
    return _CHALLENGE.write(message, key)


def read_challenge(envelope: Envelope, key: Ed25519PublicKey) -> Challenge:
    """Return the verified challenge. Raises ``Refused`` as ``Signed.read``."""
    m = _CHALLENGE.read(envelope, key)
    return Challenge(
        FederationId(m.federation),
        MemberId(m.node),
        AgencyId(m.agency),
        AgencyId(m.asking),
        m.query,
        m.about,
        m.made_at,
        m.answer_by,
    )


def write_challenge_answer(answer: ChallengeAnswer, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the file, signed with the gateway's key."""
    message = pb.ChallengeAnswer(
        federation=answer.federation.value,
        gateway=answer.gateway.value,
        asking=answer.asking.value,
        challenge=answer.challenge,
        says=answer.says,
        made_at=answer.made_at,
    )
    return _ANSWER.write(message, key)


def read_challenge_answer(envelope: Envelope, key: Ed25519PublicKey) -> ChallengeAnswer:
    """Return the verified answer. Raises ``Refused`` as ``Signed.read``."""
    m = _ANSWER.read(envelope, key)
    return ChallengeAnswer(
        FederationId(m.federation),
        MemberId(m.gateway),
        AgencyId(m.asking),
        m.challenge,
        m.says,
        m.made_at,
    )
