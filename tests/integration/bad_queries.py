"""Queries that a member with ill will makes: any bytes inside, and good signatures outside.

So that a bound deep inside is met, and not the signature or the size before it, what is spoilt is
signed anew and filled up to a query's size wherever it still fits.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import DecodeError

from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import counting_to_wire
from fingerpost.protocol.envelope import PayloadType, query_hash, sign
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import Counting
from fingerpost.wire.v1 import broker_pb2, envelope_pb2, query_pb2
from integration.bad_messages import raw_field

_PADDING = query_pb2.Query.DESCRIPTOR.fields_by_name["padding"].number


@dataclass(frozen=True)
class Signer:
    """What a gateway signs with: its own ``key``, and the key that gateways share in the ``epoch``,
    as a query's envelope names it. ``agency``: the one that submissions name; ``handle`` and
    ``counting``: what the core of the query commits to."""

    gateway: MemberId
    key: Ed25519PrivateKey
    agency: AgencyId
    epoch: str
    requester_key: Ed25519PrivateKey
    handle: Handle
    counting: Counting

    def envelope(self, type_: PayloadType, payload: bytes) -> envelope_pb2.Envelope:
        """A query is signed with the shared key, anything else with the gateway's own."""
        signer, key = self.gateway.value, self.key
        if type_ is PayloadType.QUERY:
            signer, key = self.epoch, self.requester_key
        signed = sign(type_, payload, signer, key)
        return envelope_pb2.Envelope(
            type=signed.type.value,
            payload=signed.payload,
            signer=signed.signer,
            signature=signed.signature,
        )

    def query(self, payload: bytes) -> bytes:
        """``payload``: a Query without its padding. As long as a query where that can be had."""
        padding = limits.QUERY_BYTES - len(self._padded(payload, 0))
        for _ in range(4):
            if padding < 0:
                break
            wire = self._padded(payload, padding)
            if len(wire) == limits.QUERY_BYTES:
                return wire
            padding += limits.QUERY_BYTES - len(wire)
        return self._padded(payload, 0)

    def _padded(self, payload: bytes, size: int) -> bytes:
        padded = payload + raw_field(_PADDING, bytes(size))
        return self.envelope(PayloadType.QUERY, padded).SerializeToString(deterministic=True)

    def submission(self, wire: bytes) -> bytes:
        """The one that belongs to a query, whatever it is."""
        try:
            payload = envelope_pb2.Envelope.FromString(wire).payload
        except DecodeError:
            payload = wire
        mine = query_pb2.Submission(
            query_hash=query_hash(payload),
            handle=self.handle.value,
            agency=self.agency.value,
            counting=counting_to_wire(self.counting),
        )
        return self.envelope(
            PayloadType.SUBMISSION, mine.SerializeToString(deterministic=True)
        ).SerializeToString(deterministic=True)

    def request(self, wire: bytes) -> bytes:
        """A LookupRequest."""
        return broker_pb2.LookupRequest(
            query=wire, submission=self.submission(wire)
        ).SerializeToString(deterministic=True)


def without_padding(wire: bytes) -> query_pb2.Query:
    query = query_pb2.Query.FromString(envelope_pb2.Envelope.FromString(wire).payload)
    query.ClearField("padding")
    return query


def with_core(wire: bytes, core: bytes) -> bytes:
    """A Query's payload without padding, its core replaced by these bytes."""
    query = without_padding(wire)
    query.core = core
    return query.SerializeToString(deterministic=True)
