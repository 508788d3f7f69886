"""Verify a challenge, or the answer to one, by the keys that the member list has.

Law: the signer is the node that answers for the agency that doubts, or a gateway through which the
agency that asked may ask (attack: a member writes in the name of an agency of another's). Nothing
of a file is shown before its signature holds. A member that was suspended since signs nothing more.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fingerpost.private.notes import Doubted, Explained
from fingerpost.protocol.codec.challenges import (
    CHALLENGE_BYTES,
    Challenge,
    ChallengeAnswer,
    read_challenge,
    read_challenge_answer,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.envelope import PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Party


def verified_challenge(data: bytes, federation: Federation) -> Challenge:
    """Return what an agency doubts.

    Args:
        data: the content of the file.
        federation: the member list.

    Raises:
        Refused: MALFORMED; BAD_SIGNATURE; NOT_A_MEMBER, also where the signer is not the node of
            that agency.
    """
    envelope, signer = claimed_signer(data, most=CHALLENGE_BYTES)
    key = federation.member(signer, Party.NODE).signing_key
    found = read_challenge(envelope, Ed25519PublicKey.from_public_bytes(key))
    if federation.agency(found.agency).node != signer:
        raise Refused(Code.NOT_A_MEMBER, "challenge.agency")
    if found.federation != federation.parameters.federation or found.about not in set(Doubted):
        raise Refused(Code.MALFORMED, "challenge")
    return found


def verified_answer(data: bytes, federation: Federation) -> ChallengeAnswer:
    """Return what the agency that asked answers. Arguments and ``Refused`` as
    ``verified_challenge``.
    """
    envelope, signer = claimed_signer(data, most=CHALLENGE_BYTES)
    key = federation.member(signer, Party.GATEWAY).signing_key
    found = read_challenge_answer(envelope, Ed25519PublicKey.from_public_bytes(key))
    federation.asking_agency(found.asking, signer)
    if found.federation != federation.parameters.federation or found.says not in set(Explained):
        raise Refused(Code.MALFORMED, "challenge answer")
    return found


def verified(data: bytes, federation: Federation) -> Challenge | ChallengeAnswer:
    """Return what a file of either kind says, by the kind that it claims. Raises as the others."""
    envelope, _ = claimed_signer(data, most=CHALLENGE_BYTES)
    if envelope.type is PayloadType.CHALLENGE_ANSWER:
        return verified_answer(data, federation)
    return verified_challenge(data, federation)


def digest(data: bytes) -> bytes:
    """Return by what an answer names the challenge: SHA-256 of its file."""
    return hashlib.sha256(data).digest()


def answers(answer: ChallengeAnswer, challenge: Challenge, data: bytes) -> bool:
    """Return whether an answer is of this challenge.

    Args:
        data: the content of the challenge's file.
    """
    return answer.challenge == digest(data) and answer.asking == challenge.asking
