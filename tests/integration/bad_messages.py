"""Messages out of bounds, made from their descriptors: a field that is added to the contract is
attacked from then on.

``spoilt`` gives, for a message that is in order, every single way of getting one of its fields
wrong: too long, too short, missing, too many, of no known value, of another wire type, not UTF-8;
and the message cut off, extended, followed by fields of no contract. Fields of messages within come
as well.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

CANARY: Final = "Quillon-Tarrowby-Fenwickson"
"""What is planted and must not come back."""
FAR_TOO_LONG: Final = 40_000
"""Within a message's 64 KiB, and beyond every field."""
MANY: Final = 3000

_VARINT, _FIXED64, _BYTES, _GROUP, _FIXED32 = 0, 1, 2, 3, 5
_WIRE_TYPE: Final = {
    FieldDescriptor.TYPE_STRING: _BYTES,
    FieldDescriptor.TYPE_BYTES: _BYTES,
    FieldDescriptor.TYPE_MESSAGE: _BYTES,
    FieldDescriptor.TYPE_UINT32: _VARINT,
    FieldDescriptor.TYPE_UINT64: _VARINT,
    FieldDescriptor.TYPE_ENUM: _VARINT,
    FieldDescriptor.TYPE_BOOL: _VARINT,
}


@dataclass(frozen=True, repr=False)
class Bad:
    """``field`` as ``Message.field``; ``how`` it is wrong."""

    field: str
    how: str
    data: bytes

    def __repr__(self) -> str:
        return f"{self.field}: {self.how} ({len(self.data)} bytes)"


def varint(number: int) -> bytes:
    """As protobuf writes it (base 128, the lowest first)."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def raw_field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | _BYTES) + varint(len(content)) + content


def raw_number(number: int, value: int) -> bytes:
    return varint(number << 3 | _VARINT) + varint(value)


def spoilt(message: Message) -> Iterator[Bad]:
    good = message.SerializeToString(deterministic=True)
    return (bad for bad in _spoilt(message) if bad.data != good)


def _spoilt(message: Message) -> Iterator[Bad]:
    name = message.DESCRIPTOR.name
    for how, data in _whole(message):
        yield Bad(name, how, data)
    for field in message.DESCRIPTOR.fields:
        for how, data in _field(message, field):
            yield Bad(f"{name}.{field.name}", how, data)
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            child = value[0] if field.is_repeated else value
            for bad in spoilt(child):
                yield Bad(
                    bad.field, bad.how, _without(message, field) + raw_field(field.number, bad.data)
                )


def _whole(message: Message) -> Iterator[tuple[str, bytes]]:
    data = message.SerializeToString(deterministic=True)
    yield "empty", b""
    yield "cut in the middle", data[: len(data) // 2]
    yield "cut at the end", data[:-1]
    yield "no message at all", b"\xff" * 40
    yield "text", CANARY.encode()
    for number in (15, 1000, 536_870_911):
        yield f"unknown field {number}", data + raw_field(number, CANARY.encode())
    yield "unknown number", data + raw_number(900, 7)
    yield "unknown group", data + varint(901 << 3 | _GROUP) + varint(901 << 3 | 4)
    yield "a group that does not end", data + varint(901 << 3 | _GROUP)
    yield "field number 0", data + raw_field(0, b"x")
    yield "deep", data + _deep(200)


def _deep(levels: int) -> bytes:
    nested = b""
    for _ in range(levels):
        nested = raw_field(15, nested)
    return nested


def _field(message: Message, field: Any) -> Iterator[tuple[str, bytes]]:
    rest = _without(message, field)
    number, wire_type = field.number, _WIRE_TYPE[field.type]
    value: Any = getattr(message, field.name)
    yield "missing", rest
    if wire_type == _BYTES:
        for how, content in _contents(field, value):
            yield how, rest + raw_field(number, content)
        yield "as a number", rest + raw_number(number, 7)
        yield "longer than said", rest + varint(number << 3 | _BYTES) + varint(1 << 20) + b"x"
    else:
        for how, wrong in (
            ("all ones", 2**64 - 1),
            ("32 ones", 2**32 - 1),
            ("not in the list", 99),
        ):
            yield how, rest + raw_number(number, wrong)
        yield "overlong", rest + varint(number << 3 | _VARINT) + b"\x81" * 11
        yield "as text", rest + raw_field(number, CANARY.encode())
    yield "as 4 bytes", rest + varint(number << 3 | _FIXED32) + bytes(4)
    yield "as 8 bytes", rest + varint(number << 3 | _FIXED64) + bytes(8)


def _contents(field: Any, value: Any) -> Iterator[tuple[str, bytes]]:
    if field.is_repeated:
        one = _encoded(field, value[0]) if len(value) else b"e99000001"
        many = raw_field(field.number, one[:8]) * MANY
        yield "too many", one + many
        yield "one of them empty", b""
    here = _encoded(field, value[0] if field.is_repeated and len(value) else value)
    yield "a planted text", CANARY.encode()
    yield "far too long", b"a" * FAR_TOO_LONG
    yield "zeros", bytes(7)
    if field.type == FieldDescriptor.TYPE_STRING:
        yield "not UTF-8", b"\xff\xfe" + here[2:]
        yield "in capitals", b"UPPER" + here.upper()
        yield "with a space", here + b" "
        yield "with a line break", here + b"\r\n" + CANARY.encode()
        yield "a path", b"../../etc/passwd"
    if field.type == FieldDescriptor.TYPE_BYTES:
        yield "one short", here[:-1]
        yield "one long", here + b"\0"
        yield "twice", here + here


def _encoded(field: Any, value: Any) -> bytes:
    if isinstance(value, Message):
        return value.SerializeToString(deterministic=True)
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else b""


def _without(message: Message, field: Any) -> bytes:
    rest = copy.deepcopy(message)
    rest.ClearField(field.name)
    return rest.SerializeToString(deterministic=True)
