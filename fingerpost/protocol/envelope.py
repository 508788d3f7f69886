"""Bytes with a signature: DSSE's pre-authentication encoding under Ed25519.

Law: sign bytes, verify, then parse those bytes. ``open_envelope`` is the only way from an envelope
to its payload, and it raises before anything of the payload has been looked at. The payload's type
is part of what is signed (attack: a signature over one kind of message offered as another).

Source: DSSE protocol v1.0 (secure-systems-lab), RFC 8032.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol.errors import Code, Refused


class PayloadType(Enum):
    QUERY = "fingerpost/v1 query"
    SUBMISSION = "fingerpost/v1 submission"
    INNER = "fingerpost/v1 inner"
    ANSWER = "fingerpost/v1 answer"
    CERTIFY = "fingerpost/v1 certify"
    READ = "fingerpost/v1 read"
    EPOCH_KEY = "fingerpost/v1 epoch key"
    HEADS = "fingerpost/v1 heads"
    READ_HEADS = "fingerpost/v1 read heads"
    ENROLMENT = "fingerpost/v1 enrolment"
    METER_REPORT = "fingerpost/v1 meter report"
    NODE_REPORT = "fingerpost/v1 node report"
    CHALLENGE = "fingerpost/v1 challenge"
    CHALLENGE_ANSWER = "fingerpost/v1 challenge answer"
    APPROVAL = "fingerpost/v1 approval"  # a second person's signature
    APPROVER = "fingerpost/v1 approver"  # that of her agency, over the same bytes
    OFFICER = "fingerpost/v1 officer"  # an officer's signature on a statement about a shield
    OFFICER_OF = "fingerpost/v1 officer of"  # that of her agency, over the same bytes


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """A payload as it was signed. ``signer`` is a member's id, of a query the number of the epoch
    whose requesters' key signed, or empty where the key follows from elsewhere.
    """

    type: PayloadType
    payload: bytes
    signer: str
    signature: bytes

    def __repr__(self) -> str:
        return f"Envelope({self.type.value!r}, {len(self.payload)} bytes)"


def pre_authentication_encoding(type_: PayloadType, payload: bytes) -> bytes:
    """Return ``"DSSEv1" SP len(type) SP type SP len(payload) SP payload``.

    The lengths are in ASCII decimal.
    """
    name = type_.value.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def sign(type_: PayloadType, payload: bytes, signer: str, key: Ed25519PrivateKey) -> Envelope:
    signature = key.sign(pre_authentication_encoding(type_, payload))
    return Envelope(type_, payload, signer, signature)


def open_envelope(envelope: Envelope, type_: PayloadType, key: Ed25519PublicKey) -> bytes:
    """Return the payload, once the signature over it verifies.

    Raises:
        Refused: MALFORMED, the type is another; BAD_SIGNATURE, it does not verify.
    """
    if envelope.type is not type_:
        raise Refused(Code.MALFORMED, "envelope.type")
    try:
        key.verify(envelope.signature, pre_authentication_encoding(envelope.type, envelope.payload))
    except InvalidSignature:
        raise Refused(Code.BAD_SIGNATURE, type_.name.lower()) from None
    return envelope.payload


def query_hash(payload: bytes) -> bytes:
    """Return H(query), the name of a query. It is over the signed payload and not the envelope.

    The encoding of the envelope could be varied by anybody (attack: the same query in other bytes
    passes a replay set).
    """
    return hashlib.sha256(b"fingerpost/v1 H(query)" + payload).digest()


def core_hash(core: bytes) -> bytes:
    """Return H(core), which binds wraps and the sealed part to the public part of a query."""
    return hashlib.sha256(b"fingerpost/v1 H(core)" + core).digest()
