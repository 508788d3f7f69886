"""What an agency keeps about a child: values, nothing else.

Law: no I/O, no clock. A value of these types exists only on the agency's own node (or its host), in memory for as
long as it
is needed; at rest it is sealed (``sealing``). None of them prints a person.

All dates and times are as the agency's export stated them. ``as_of`` and ``completed_at`` are seconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.errors import Defect


@dataclass(frozen=True, slots=True, order=True)
class RecordId:
    """The number of a child within one agency's generation, from 0. It names nobody outside that generation."""

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 0xFFFF_FFFF:
            raise Defect("a record's number does not fit")

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True, repr=False)
class Involvement:
    """One service's work with one child: whom to ring. The texts fit a pointer (``fingerpost.private.answer``).

    ``sensitive`` (also for a sensitive ``kind``) and ``shielded`` rows are kept with their flags and never disclosed.
    ``ended_on``: for RECENT.
    """

    kind: Kind
    status: InvolvementStatus
    worker_name: str
    worker_role: str
    desk_phone: str
    desk_email: str
    ooh_phone: str
    hours: str
    as_of: int
    lead: bool
    early_help: bool
    sensitive: bool
    shielded: bool
    ended_on: date | None

    def __repr__(self) -> str:
        return "Involvement(…)"


@dataclass(frozen=True, slots=True, repr=False)
class ChildRecord:
    """A child as one agency knows her, with at least one involvement."""

    id: RecordId
    demographics: Demographics
    involvements: tuple[Involvement, ...]

    def __post_init__(self) -> None:
        if not self.involvements:
            raise Defect("a record has at least one involvement")

    def __repr__(self) -> str:
        return f"ChildRecord({self.id})"


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete import of one agency. ``number`` from 1, never used twice; ``as_of``: when its source was made;
    ``children``: how many records it has, numbered 0 to ``children - 1``."""

    number: int
    as_of: int
    completed_at: int
    normalisation_version: int
    children: int
