"""The two neighbouring areas, and what an agency is to this demonstration.

Lives here: the form of an area, a node, an agency, a desk. The lists themselves are in
``agencies``. Invariants: area codes have the form of a council's GSS code but are of no council;
telephone numbers come from the ranges that Ofcom keeps for drama; e-mail addresses end in
``.example`` (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.protocol.codes import COARSE, AgencyKind, CoarseKind, Kind
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId


@dataclass(frozen=True, slots=True)
class Area:
    code: AreaCode
    name: str
    postcode_letters: str


WEXCOMBE: Final = Area(AreaCode("e99000001"), "Wexcombe", "WX")
HARROWDALE: Final = Area(AreaCode("e99000002"), "Harrowdale", "HW")
AREAS: Final = (WEXCOMBE, HARROWDALE)


_FOR_EVERYBODY: Final = frozenset(
    {Kind.EDU_SCHOOL, Kind.EDU_EARLY_YEARS, Kind.EDU_COLLEGE, Kind.GP, Kind.HEALTH_VISITING}
)


def neighbour(area: Area) -> Area:
    return HARROWDALE if area is WEXCOMBE else WEXCOMBE


def slug_of(name: str) -> str:
    """The part of an agency's id that its name gives: ``Tanner's Hill`` becomes
    ``tanners-hill``.
    """
    kept = "".join(c if c.isalnum() else " " for c in name.lower().replace("'", ""))
    return "-".join(kept.split())


@dataclass(frozen=True, slots=True)
class Desk:
    """A duty desk. ``out_of_hours`` is empty where nobody answers at night."""

    phone: str
    email: str
    hours: str
    out_of_hours: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A host's or an agency's own node: one process, one member."""

    id: MemberId
    name: str


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation that is a member, with the kinds of involvement that its records hold.

    ``ages`` are completed years, first and last; ``serves`` are the areas whose children it may
    hold.
    """

    id: AgencyId
    kind: AgencyKind
    name: str
    node: MemberId
    desk: Desk
    offers: tuple[Kind, ...]
    ages: tuple[int, int]
    serves: frozenset[AreaCode]

    @property
    def area(self) -> AreaCode:
        return self.id.area

    @property
    def services(self) -> tuple[CoarseKind, ...]:
        """What it provides to all children of its area, for "none named itself" with counts."""
        return tuple(COARSE[kind] for kind in self.offers if kind in _FOR_EVERYBODY)

    @property
    def also_serves(self) -> frozenset[AreaCode]:
        """Areas other than its home area whose children it may hold."""
        return self.serves - {self.area}

    def takes(self, kind: Kind, area: AreaCode, age: int) -> bool:
        """Whether a child of this age in this area can be with this agency in this way."""
        return kind in self.offers and area in self.serves and self.ages[0] <= age <= self.ages[1]


@dataclass(frozen=True, slots=True)
class NotConnected:
    """An agency of an area that is not a member, as a public register would list it."""

    id: AgencyId
    kind: AgencyKind
    name: str
    phone: str
    services: tuple[CoarseKind, ...]
