"""What an agency keeps about a child: values, and their bytes, which are sealed.

Law: no I/O, no clock. A value of these types exists only on the agency's own node (or its host), in
memory for as long as it is needed; at rest it is sealed (``sealing``), and only the program that
wrote the bytes reads them. No ``repr`` of these values shows a person.

All dates and times are as the agency's export stated them. ``as_of`` and ``completed_at`` are
seconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntFlag, unique

import msgspec

from fingerpost.private.codec import read_demographics, write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol.codes import DeskKind, InvolvementStatus, Kind, Quality
from fingerpost.protocol.errors import Defect, Refused


@dataclass(frozen=True, slots=True, order=True)
class RecordId:
    """The number of a child within one agency's generation, from 0. It identifies nobody outside
    that generation.
    """

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 0xFFFF_FFFF:
            raise Defect("a record's number is out of bounds")

    def __str__(self) -> str:
        return str(self.value)


class Involvement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One service's work with one child: whom to ring. The texts fit a pointer
    (``fingerpost.private.messages``). The order of the fields is that of the stored form.

    Attributes:
        sensitive: the row is kept and never disclosed; also set for every sensitive ``kind``.
        shielded: likewise; it withholds all of the child's rows at this agency.
        ended_on: the day of the end, for RECENT.
        desk: whose desk ``desk_phone``, ``desk_email`` and ``hours`` are of.
        staffed_until: the end of that desk's last day, in seconds since 1970 UTC; 0 for none.
        worker_phone, worker_hours: the practitioner's own desk, beside that of ``desk``.
        worker_from, worker_until: her first and her last day at the agency; None for none stated.
        duty_phone, duty_hours: the desk to ring where neither of these is staffed.
    """

    kind: Kind
    status: InvolvementStatus
    worker_name: str
    worker_role: str
    desk_phone: str
    desk_email: str
    ooh_phone: str
    hours: tuple[OpeningHours, ...]
    as_of: int
    lead: bool
    early_help: bool
    sensitive: bool
    shielded: bool
    ended_on: date | None
    desk: DeskKind | None = None
    staffed_until: int = 0
    worker_phone: str = ""
    worker_hours: tuple[OpeningHours, ...] = ()
    worker_from: date | None = None
    worker_until: date | None = None
    duty_phone: str = ""
    duty_hours: tuple[OpeningHours, ...] = ()

    def __repr__(self) -> str:
        return "Involvement(…)"


@unique
class Doubt(IntFlag):
    """Why a row may be no record of the agency's own work: it was typed by hand, or its child has
    an age or lives in an area that is not to be expected there.
    """

    TYPED = 1
    AGE = 2
    AREA = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from.

    Attributes:
        first_seen: when the child first came with an import of this agency, in seconds since 1970
            UTC.
    """

    first_seen: int
    doubts: Doubt


@dataclass(frozen=True, slots=True, repr=False)
class ChildRecord:
    """A child as one agency knows her, with at least one involvement.

    Attributes:
        local_id: the agency's own number for her, as its export has it; empty for a marked record,
            and in an import of an earlier release.
    """

    id: RecordId
    demographics: Demographics
    involvements: tuple[Involvement, ...]
    origin: Origin
    local_id: str = ""

    def __post_init__(self) -> None:
        if not self.involvements:
            raise Defect("a record has at least one involvement")

    def __repr__(self) -> str:
        return f"ChildRecord({self.id})"


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete import of one agency.

    Attributes:
        number: from 1, never used twice.
        as_of: when its source was made.
        completed_at: never before that of an earlier generation. Answers name the generation by it:
            unlike the number, it grows also over a copy that was restored with its witness.
        children: how many children it has; the numbers of their records are 0 to ``children - 1``.
        quality: how well they can be found; None where that was not judged.
        marked: how many marked records (``linkage.marked``) have the numbers behind; None of an
            earlier release.
    """

    number: int
    as_of: int
    completed_at: int
    normalisation_version: int
    children: int
    quality: Quality | None = None
    marked: int | None = None

    @property
    def records(self) -> int:
        """How many records have tags, of children and marked ones."""
        return self.children + (self.marked or 0)

    def stored(self) -> bytes:
        """Return the bytes that a digest of it is over. Those of a generation of an earlier release
        are what they were."""
        fields = msgspec.to_builtins(self)
        return msgspec.msgpack.encode({k: v for k, v in fields.items() if v is not None})


class _Child(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    demographics: bytes
    involvements: tuple[Involvement, ...]
    first_seen: int = 0
    doubts: int = 0
    local_id: str = ""

    def __repr__(self) -> str:
        return "_Child(…)"


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Child)


def write_child(
    demographics: Demographics,
    involvements: Sequence[Involvement],
    origin: Origin,
    local_id: str = "",
) -> bytes:
    """Return the bytes to seal. Raises ``Refused(MALFORMED)`` for text that has no UTF-8 form."""
    written, first_seen = write_demographics(demographics), origin.first_seen
    return _ENCODER.encode(
        _Child(written, tuple(involvements), first_seen, origin.doubts.value, local_id)
    )


def read_child(data: bytes) -> tuple[Demographics, tuple[Involvement, ...], Origin, str]:
    """Return what ``write_child`` wrote. A record of an earlier release has been there always.

    Raises:
        Defect: other bytes, which we did not seal.
    """
    try:
        child = _DECODER.decode(data)
        demographics = read_demographics(child.demographics)
        origin = Origin(child.first_seen, Doubt(child.doubts))
    except (msgspec.MsgspecError, Refused, ValueError):
        raise Defect("a stored record has another form") from None
    return demographics, child.involvements, origin, child.local_id
