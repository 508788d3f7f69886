"""What the broker and a member, or a key holder and a member, send each other: frames, events,
batches.
"""

from __future__ import annotations

from collections.abc import Iterable

from fingerpost.protocol import limits
from fingerpost.protocol.codec.packets import read_packets
from fingerpost.protocol.codec.strict import code, refuse_unknown, split
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import (
    Accepted,
    Answers,
    Blinded,
    Ended,
    Evaluated,
    LookupEvent,
    NodeAnswer,
    NodeHello,
    SealedAnswer,
    Workload,
    exactly,
    require_sealed_size,
)
from fingerpost.protocol.packets import Packets
from fingerpost.wire.v1 import broker_pb2, key_holder_pb2

QUERIES_PER_FRAME = limits.FRAME_BYTES // (limits.QUERY_BYTES + 16)
MEMBERS_LISTED = 4096


def write_hello(hello: NodeHello) -> broker_pb2.AttachRequest:
    return broker_pb2.AttachRequest(
        hello=broker_pb2.NodeHello(
            metadata_version=hello.metadata_version, revisions=hello.revisions
        )
    )


def write_answers(answers: Iterable[SealedAnswer]) -> broker_pb2.AttachRequest:
    """Return a frame of answers that fit into one (``in_frames``)."""
    return broker_pb2.AttachRequest(
        answers=broker_pb2.AnswerFrame(
            answers=[
                broker_pb2.SealedAnswer(query_hash=a.query_hash, part=a.part, sealed=a.sealed)
                for a in answers
            ]
        )
    )


def read_from_node(
    message: broker_pb2.AttachRequest,
) -> NodeHello | tuple[SealedAnswer, ...] | Packets:
    """Return the first message of a node, or a frame of answers or packets.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    match message.WhichOneof("message"):
        case "hello":
            return NodeHello(message.hello.metadata_version, tuple(message.hello.revisions))
        case "answers":
            if not message.answers.answers:
                raise Refused(Code.MALFORMED, "answers")
            return tuple(
                SealedAnswer(a.query_hash, a.part, a.sealed) for a in message.answers.answers
            )
        case "packets":
            return read_packets(message.packets.packets)
        case _:
            raise Refused(Code.MALFORMED, "AttachRequest")


def write_queries(queries: Iterable[bytes]) -> broker_pb2.AttachResponse:
    """Return a frame of at most ``QUERIES_PER_FRAME`` queries, as their gateways signed them."""
    return broker_pb2.AttachResponse(queries=list(queries))


def read_queries(message: broker_pb2.AttachResponse) -> tuple[bytes, ...]:
    """Return the bytes of the queries. One of a wrong size does not spoil the frame.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    if len(message.queries) > QUERIES_PER_FRAME:
        raise Refused(Code.MALFORMED, "queries")
    return tuple(message.queries)


def write_lookup(query: bytes, submission: bytes) -> broker_pb2.LookupRequest:
    return broker_pb2.LookupRequest(query=query, submission=submission)


def read_lookup(message: broker_pb2.LookupRequest) -> tuple[bytes, bytes]:
    """Return the bytes of query and submission.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    exactly(message.query, limits.QUERY_BYTES, "query size")
    return message.query, message.submission


def write_event(event: LookupEvent) -> broker_pb2.LookupResponse:
    match event:
        case Accepted(query_hash, nodes):
            accepted = broker_pb2.LookupAccepted(
                query_hash=query_hash, nodes=[n.value for n in nodes]
            )
            return broker_pb2.LookupResponse(accepted=accepted)
        case Answers(answers):
            together = broker_pb2.NodeAnswers(
                answers=[
                    broker_pb2.NodeAnswer(node=a.node.value, part=a.part, sealed=a.sealed)
                    for a in answers
                ]
            )
            return broker_pb2.LookupResponse(answers=together)
        case Ended(silent):
            ended = broker_pb2.LookupEnded(silent_nodes=[n.value for n in silent])
            return broker_pb2.LookupResponse(ended=ended)


def read_event(message: broker_pb2.LookupResponse) -> LookupEvent:
    """Return the event.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    match message.WhichOneof("message"):
        case "accepted":
            exactly(message.accepted.query_hash, limits.HASH_BYTES, "accepted.query_hash")
            return Accepted(message.accepted.query_hash, _members(message.accepted.nodes))
        case "answers":
            answers = message.answers.answers
            if not answers:
                raise Refused(Code.MALFORMED, "answers")
            for answer in answers:
                require_sealed_size(answer.sealed)
            return Answers(tuple(NodeAnswer(MemberId(a.node), a.part, a.sealed) for a in answers))
        case "ended":
            return Ended(_members(message.ended.silent_nodes))
        case _:
            raise Refused(Code.MALFORMED, "LookupResponse")


def _members(names: Iterable[str]) -> tuple[MemberId, ...]:
    members = tuple(MemberId(name) for name in names)
    if len(members) > MEMBERS_LISTED:
        raise Refused(Code.MALFORMED, "members")
    return members


def write_blinded(blinded: Blinded) -> key_holder_pb2.EvaluateRequest:
    return key_holder_pb2.EvaluateRequest(
        epoch=blinded.epoch.value,
        workload=key_holder_pb2.Workload.ValueType(blinded.workload.value),
        blinded=b"".join(blinded.elements),
    )


def read_blinded(message: key_holder_pb2.EvaluateRequest) -> Blinded:
    """Return the batch.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    return Blinded(
        EpochNumber(message.epoch),
        code(Workload, message.workload, "workload"),
        split(message.blinded, limits.POINT_BYTES, "blinded"),
    )


def write_evaluated(evaluated: Evaluated) -> key_holder_pb2.EvaluateResponse:
    return key_holder_pb2.EvaluateResponse(
        evaluated=b"".join(evaluated.elements), proof=evaluated.proof
    )


def read_evaluated(message: key_holder_pb2.EvaluateResponse) -> Evaluated:
    """Return the evaluated batch.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    return Evaluated(split(message.evaluated, limits.POINT_BYTES, "evaluated"), message.proof)
