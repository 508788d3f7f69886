"""The rules of the audit chain: an event, its bytes, its hash, and what its seal is bound to. No
I/O.

Law: an entry is ``seq | header | sealed body``. The header (kind, actor, operation, time, public
fields) stays readable for as long as the chain; it names no child and no practitioner. The body is
sealed under the key of its month and cannot be read once that key is destroyed. The chain still
verifies then, because it hashes the sealed bytes:

    hash(0)   = SHA-256("fingerpost/v1 audit genesis")
    hash(seq) = SHA-256("fingerpost/v1 audit entry" | 00 | hash(seq-1) | seq (8) |
                        length of header (4) | header | SHA-256(sealed))

Anybody who holds a later hash detects every change to the chain. An attacker who can rewrite the
whole file *and* every copy of its head can forge it. Hence the head beside the file, and witnesses
outside.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, MemberId

BODY_BYTES: Final = 256 * 1024
FIELDS: Final = 32
FIELD_CHARS: Final = 256
LAST_TIME: Final = 253_402_300_799
"""The end of the year 9999, UNIX seconds: months are written with four digits of year."""

GENESIS: Final = hashlib.sha256(b"fingerpost/v1 audit genesis").digest()
_ENTRY: Final = b"fingerpost/v1 audit entry\0"
_BODY: Final = b"fingerpost/v1 audit body\0"
_MONTH: Final = b"fingerpost/v1 audit month key\0"
_VERSION: Final = b"\x01"

FieldValue = str | int | bool


@dataclass(frozen=True, slots=True)
class _Name:
    """1 to 80 of a-z, 0-9 and ``. : _ -``. Any other text raises ``Defect``, without the value."""

    value: str

    def __post_init__(self) -> None:
        if re.fullmatch(r"[a-z0-9.:_-]{1,80}", self.value) is None:
            raise Defect(f"not a valid {type(self).__name__} of the audit log")

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Actor(_Name):
    """Who acted, as far as it may stay readable: a member, an agency, ``system``, a post."""

    @classmethod
    def of(cls, id_: MemberId | AgencyId) -> Self:
        return cls(id_.value)


@dataclass(frozen=True, slots=True)
class OperationId(_Name):
    """The id that the entries of one operation share, such as the hash of a query in hex."""

    @classmethod
    def of(cls, hash_: bytes) -> Self:
        return cls(hash_.hex())


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC, ``2026-03``. Each has a key of its own."""

    value: str

    def __post_init__(self) -> None:
        if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", self.value) is None:
            raise Defect("not a month of the audit log")

    @classmethod
    def at(cls, seconds: int) -> Self:
        return cls(f"{datetime.fromtimestamp(seconds, UTC):%Y-%m}".rjust(7, "0"))

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, repr=False)
class AuditEvent:
    """An event to record.

    Attributes:
        kind: decides, by the catalogue of the log, exactly which fields the event carries.
        at: UNIX seconds.
        fields: stay readable.
        body: is sealed; at most 256 KiB.
    """

    kind: str
    actor: Actor
    operation: OperationId
    at: int
    fields: Mapping[str, FieldValue]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"AuditEvent({self.kind})"

    def header(self) -> bytes:
        """Return the canonical bytes of all but the body.

        Raises:
            Defect: a value is out of bounds.
        """
        if not 0 <= self.at <= LAST_TIME:
            raise Defect(f"audit event {self.kind}: time out of bounds")
        if len(self.body) > BODY_BYTES or len(self.fields) > FIELDS:
            raise Defect(f"audit event {self.kind}: too long")
        parts = [_VERSION, _text(self.kind), _text(self.actor.value), _text(self.operation.value)]
        parts += [self.at.to_bytes(8, "big"), len(self.fields).to_bytes(1, "big")]
        for name in sorted(self.fields):
            parts += [_text(name), _value(self.kind, name, self.fields[name])]
        return b"".join(parts)


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode("ascii")


def _value(kind: str, name: str, value: FieldValue) -> bytes:
    fault = Defect(f"audit event {kind}: field {name} has a value that is not allowed")
    if isinstance(value, bool):
        return b"b" + bytes([value])
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise fault
        return b"i" + value.to_bytes(8, "big", signed=True)
    if not (value.isascii() and value.isprintable() and len(value) <= FIELD_CHARS):
        raise fault
    return b"s" + _text(value)


def parse_header(data: bytes) -> AuditEvent:
    """Return the event of a header, without its body.

    Raises:
        Defect: the header is not canonical.
    """
    try:
        event = _Reader(data).event()
        if event.header() != data:
            raise Defect("an audit header is not canonical")
        return event
    except (ValueError, IndexError):
        raise Defect("an audit header is damaged") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            raise IndexError
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def text(self) -> str:
        return self.take(self.number(2)).decode("ascii")

    def value(self) -> FieldValue:
        match self.take(1):
            case b"b":
                return bool(self.number(1))
            case b"i":
                return int.from_bytes(self.take(8), "big", signed=True)
            case b"s":
                return self.text()
            case _:
                raise ValueError

    def event(self) -> AuditEvent:
        if self.take(1) != _VERSION:
            raise ValueError
        kind, actor, operation = self.text(), Actor(self.text()), OperationId(self.text())
        at = self.number(8)
        fields = {self.text(): self.value() for _ in range(self.number(1))}
        return AuditEvent(kind, actor, operation, at, fields)


def chain_hash(previous: bytes, seq: int, header: bytes, sealed: bytes) -> bytes:
    """Return the hash of an entry, which covers the hash of the entry before it."""
    return hashlib.sha256(
        _ENTRY
        + previous
        + seq.to_bytes(8, "big")
        + len(header).to_bytes(4, "big")
        + header
        + hashlib.sha256(sealed).digest()
    ).digest()


def body_place(seq: int, header: bytes) -> bytes:
    """Return what the seal of an entry's body is bound to, under the key of its month."""
    return _BODY + seq.to_bytes(8, "big") + header


def month_place(month: Month) -> bytes:
    """Return what the seal of a month's key is bound to, under the master key."""
    return _MONTH + month.value.encode()
