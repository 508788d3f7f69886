"""Parsing that refuses what protobuf tolerates.

protobuf lets a later field overwrite an earlier one, keeps unknown fields, and takes any field
order. Inside signed bytes that is harmless to authenticity, yet two readers may understand two
things. So unknown fields are refused at every depth, lengths are bounded before a parser sees them,
and each message has one form. The wire grows by revisions: signed bytes state theirs, and are read
strictly by it, so that a field of a later one is refused where it cannot be meant.

The envelope, in which every signed message travels, is read and written here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from fingerpost.protocol import limits
from fingerpost.protocol.envelope import Envelope, PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.wire.v1 import envelope_pb2 as pb

SINCE: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(
        (
            *("AgencyAnswer.quality", "Submission.left_out"),
            *("Note.telephone", "Note.when", "Note.about", "Note.reason"),
        ),
        limits.SECOND_REVISION,
    )
)
"""The revision of the wire that brought a field, by ``Message.field``. Fields of the first revision
are not listed."""

M = TypeVar("M", bound=Message)
E = TypeVar("E", bound=IntEnum)


def parse(type_: type[M], data: bytes, most: int, revision: int | None = None) -> M:
    """Return the message.

    Args:
        most: the longest that it may be, in bytes.
        revision: by which signed bytes say they are to be read; None for what is not signed, or
            has had one form since the first revision.

    Raises:
        Refused: MALFORMED; it names the message's type, or a field of a later revision.
    """
    name = type_.DESCRIPTOR.name
    if len(data) > most:
        raise Refused(Code.MALFORMED, f"{name} too long")
    message = type_()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise Refused(Code.MALFORMED, name) from None
    refuse_unknown(message)
    if revision is not None:
        _refuse_later(message, revision, Code.MALFORMED)
    if message.SerializeToString(deterministic=True) != data:
        # Not how a signature is checked (that is over the bytes as they came): one form for each
        # message leaves a signer no room to say something to those who look at the bytes, in a
        # field that the next one of its name overwrites.
        raise Refused(Code.MALFORMED, f"{name}: not in its one form")
    return message


def refuse_unknown(message: Message | None) -> None:
    """Refuse a message that has a field of no contract, itself or in a message within it.

    Args:
        message: None stands for bytes that did not parse, as gRPC's clients hand them on.

    Raises:
        Refused: MALFORMED.
    """
    if message is None:
        raise Refused(Code.MALFORMED, "message")
    if len(UnknownFieldSet(message)):
        raise Refused(Code.MALFORMED, f"{message.DESCRIPTOR.name}: unknown field")
    for descriptor, value in message.ListFields():
        if descriptor.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        for child in value if descriptor.is_repeated else (value,):
            refuse_unknown(child)


def written(message: Message, revision: int) -> bytes:
    """Return the bytes of a message in one revision of the wire.

    Raises:
        Refused: UNSUPPORTED, it says what only a later revision can say. Left out, it would be lost
            unseen.
    """
    _refuse_later(message, revision, Code.UNSUPPORTED)
    return message.SerializeToString(deterministic=True)


def _refuse_later(message: Message, revision: int, why: Code) -> None:
    for descriptor, value in message.ListFields():
        name = f"{message.DESCRIPTOR.name}.{descriptor.name}"
        if SINCE.get(name, 1) > revision:
            raise Refused(why, f"{name}: of a later revision")
        if descriptor.type == FieldDescriptor.TYPE_MESSAGE:
            for child in value if descriptor.is_repeated else (value,):
                _refuse_later(child, revision, why)


def code(type_: type[E], number: int, what: str) -> E:
    """Return the member of a closed list.

    Raises:
        Refused: MALFORMED.
    """
    try:
        return type_(number)
    except ValueError:
        raise Refused(Code.MALFORMED, what) from None


def code_or_none(type_: type[E], number: int, what: str) -> E | None:
    """Return the member of a closed list; None for 0, which states none. Raises as ``code``."""
    return code(type_, number, what) if number else None


def split(data: bytes, size: int, what: str, *, count: int | None = None) -> tuple[bytes, ...]:
    """Return ``data`` cut into pieces of ``size`` bytes, exactly ``count`` of them if given.

    Raises:
        Refused: MALFORMED.
    """
    if len(data) % size or (count is not None and len(data) != size * count):
        raise Refused(Code.MALFORMED, what)
    # A list is faster than a generator, and every query comes through here.
    return tuple([data[i : i + size] for i in range(0, len(data), size)])


def read_envelope(data: bytes, *, most: int = limits.MESSAGE_BYTES) -> Envelope:
    """Return the envelope. Nothing is verified yet: see ``envelope.open_envelope``.

    Raises:
        Refused: MALFORMED.
    """
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
