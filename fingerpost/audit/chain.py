"""The rules of the audit chain: an event, its bytes, its hash, and what its seals are bound to. No
I/O.

Law: an entry is ``seq | sealed header | sealed body | hash``. Without a key nobody reads more of it
than that it is there: which event it records, when, of whom and about what stands inside the seals,
and both have fixed sizes. A time of seconds in the clear would do as a name: it joins an entry
with the entry of another party's log. The order is that of the chain.

The header (kind, actor, operation, time, fields) is sealed under a key that lasts as long as the
log, the body (whatever names a child or a practitioner) under the key of its month, and it cannot
be read once that key is destroyed. The chain still verifies then, and it verifies without any key,
because it hashes the sealed bytes:

    hash(0)   = SHA-256("fingerpost/v1 audit genesis")
    hash(seq) = SHA-256("fingerpost/v1 audit entry" | 00 | hash(seq-1) | seq (8) |
                        SHA-256(sealed header) | SHA-256(sealed body))

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
from functools import lru_cache
from typing import ClassVar, Final, Self

import msgspec

from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.limits import DAY

HEADER_SIZES: Final = (512,)
BODY_SIZES: Final = (3440, 16 * 1024, 64 * 1024, 256 * 1024)
"""The sizes of header and body before they are sealed, in bytes, with 4 bytes of length each. An
entry whose body has the first size takes exactly one page of the database (4,096 bytes). Whoever
records events that only differ in what nobody may know keeps their bodies within that size."""
BODY_BYTES: Final = BODY_SIZES[-1] - 4
SMALL_BODY_BYTES: Final = BODY_SIZES[0] - 4
"""The most that fits into a body of the first size."""
FIELDS: Final = 32
FIELD_CHARS: Final = 256
LAST_TIME: Final = 253_402_300_799
"""The end of the year 9999, UNIX seconds: months are written with four digits of year."""

GENESIS: Final = hashlib.sha256(b"fingerpost/v1 audit genesis").digest()
_ENTRY: Final = b"fingerpost/v1 audit entry\0"
_HEADER: Final = b"fingerpost/v1 audit header\0"
_BODY: Final = b"fingerpost/v1 audit body\0"
_MONTH: Final = b"fingerpost/v1 audit month key\0"
_VERSION: Final = 2

FieldValue = str | int | bool


@dataclass(frozen=True, slots=True)
class _Name:
    """1 to 80 of a-z, 0-9 and ``. : _ -``. Any other text raises ``Defect``, without the value."""

    value: str
    called: ClassVar[str]
    """What an operator types it for."""

    def __post_init__(self) -> None:
        if re.fullmatch(r"[a-z0-9.:_-]{1,80}", self.value) is None:
            raise Defect(f"{self.called}: expected 1 to 80 of a-z, 0-9 and . : _ - (no capitals)")

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Actor(_Name):
    """Who acted, as far as it may outlast its month: a member, an agency, ``system``, a post."""

    called = "the person who decides (--by, --second)"

    @classmethod
    def of(cls, id_: MemberId | AgencyId) -> Self:
        return cls(id_.value)


@dataclass(frozen=True, slots=True)
class OperationId(_Name):
    """The id that the entries of one operation share, such as the hash of a query in hex."""

    called = "the reference to the reason (--why)"

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
    def at(cls, seconds: int) -> Month:
        return _month_of_day(seconds // DAY)

    def __str__(self) -> str:
        return self.value


@lru_cache(1024)
def _month_of_day(day: int) -> Month:
    """Return the month of a day (since 1970, UTC)."""
    return Month(f"{datetime.fromtimestamp(day * DAY, UTC):%Y-%m}".rjust(7, "0"))


@dataclass(frozen=True, slots=True, repr=False)
class AuditEvent:
    """An event to record.

    Attributes:
        kind: decides, by the catalogue of the log, exactly which fields the event carries.
        at: UNIX seconds.
        fields: stay readable with the log's key.
        body: is forgotten with its month; less than 256 KiB.
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
        """Return the stored form of all but the body.

        Raises:
            Defect: a value is out of bounds.
        """
        if not 0 <= self.at <= LAST_TIME:
            raise Defect(f"audit event {self.kind}: time out of bounds")
        if len(self.body) > BODY_BYTES or len(self.fields) > FIELDS:
            raise Defect(f"audit event {self.kind}: too long")
        for name, value in self.fields.items():
            if not _allowed(value):
                raise Defect(
                    f"audit event {self.kind}: field {name} has a value that is not allowed"
                )
        fields = dict(sorted(self.fields.items()))
        return _ENCODER.encode(
            _Header(_VERSION, self.at, self.kind, self.actor.value, self.operation.value, fields)
        )


def _allowed(value: FieldValue) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value.isascii() and value.isprintable() and len(value) <= FIELD_CHARS


class _Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The stored form of a header; the order of the fields is part of it."""

    version: int
    at: int
    kind: str
    actor: str
    operation: str
    fields: dict[str, FieldValue]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Header)


def parse_header(data: bytes) -> AuditEvent:
    """Return the event of a header, without its body.

    Raises:
        Defect: the bytes are not the stored form of a header.
    """
    try:
        header = _DECODER.decode(data)
    except msgspec.MsgspecError:
        raise Defect("an audit header is damaged") from None
    if header.version != _VERSION:
        raise Defect("an audit header is of another release")
    actor, operation = Actor(header.actor), OperationId(header.operation)
    return AuditEvent(header.kind, actor, operation, header.at, header.fields)


def chain_hash(previous: bytes, seq: int, header: bytes, body: bytes) -> bytes:
    """Return the hash of an entry, which covers the hash of the entry before it. ``header`` and
    ``body`` as they are sealed."""
    return hashlib.sha256(
        _ENTRY
        + previous
        + seq.to_bytes(8, "big")
        + hashlib.sha256(header).digest()
        + hashlib.sha256(body).digest()
    ).digest()


def header_place(seq: int) -> bytes:
    """Return what the seal of an entry's header is bound to."""
    return _HEADER + seq.to_bytes(8, "big")


def body_place(seq: int, header: bytes) -> bytes:
    """Return what the seal of an entry's body is bound to, under the key of its month. ``header``
    is the plain one."""
    return _BODY + seq.to_bytes(8, "big") + header


@dataclass(frozen=True, slots=True, repr=False)
class MonthKey:
    """The key of a month (32 bytes, secret); None once it is destroyed."""

    month: Month
    secret: bytes | None

    def written(self) -> bytes:
        """Return its stored form, of one size whether or not the key is destroyed."""
        there = self.secret is not None
        return self.month.value.encode() + bytes([there]) + (self.secret or bytes(32))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Raises ``Defect``: the bytes are not the stored form."""
        if len(data) != 7 + 1 + 32:
            raise Defect("a month key of the audit log is damaged")
        return cls(Month(data[:7].decode("ascii", "replace")), data[8:] if data[7] else None)


def month_place(number: int) -> bytes:
    """Return what the seal of a month's key is bound to, under the master key."""
    return _MONTH + number.to_bytes(8, "big")
