"""Envelopes between bytes and values."""

from __future__ import annotations

from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import parse
from fingerpost.protocol.envelope import Envelope, PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.wire.v1 import envelope_pb2 as pb


def read_envelope(data: bytes, *, most: int = limits.MESSAGE_BYTES) -> Envelope:
    """Raises ``Refused(MALFORMED)``. Nothing is verified yet: see ``envelope.open_envelope``."""
    message = parse(pb.Envelope, data, most)
    try:
        type_ = PayloadType(message.type)
    except ValueError:
        raise Refused(Code.MALFORMED, "envelope.type") from None
    if len(message.signature) != limits.SIGNATURE_BYTES or len(message.signer) > 64:
        raise Refused(Code.MALFORMED, "envelope.signature")
    return Envelope(type_, message.payload, message.signer, message.signature)


def write_envelope(envelope: Envelope) -> bytes:
    return pb.Envelope(
        type=envelope.type.value,
        payload=envelope.payload,
        signer=envelope.signer,
        signature=envelope.signature,
    ).SerializeToString(deterministic=True)
