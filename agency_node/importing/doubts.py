"""Which rows of an export may be no records of the agency's own work. Pure.

Whoever holds a record sees who asks about the child, so somebody at an agency can add a row to
watch a family. Such a row often gives itself away: it was typed by hand, the child is too old or
too young for the agency, or lives where hardly any of its children do. None of this is a proof, and
nothing is refused: the audit entry of a lookup that such a row opened does not show who asked until
an officer gives a reason (``answering.planted``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from agency_node.records.records import Doubt
from fingerpost.private.demographics import Birth, ages
from fingerpost.protocol.codes import AgencyKind

AGES: Final[Mapping[AgencyKind, range]] = MappingProxyType(
    {
        AgencyKind.EARLY_YEARS: range(7),
        AgencyKind.SCHOOL: range(2, 20),
        AgencyKind.MULTI_ACADEMY_TRUST: range(2, 20),
        AgencyKind.COLLEGE: range(13, 26),
        AgencyKind.YOUTH_JUSTICE: range(9, 19),
    }
)
"""The ages of the children of an agency, in whole years; all other kinds have children of any
age."""
ELSEWHERE: Final = frozenset(
    {
        AgencyKind.NHS_TRUST,
        AgencyKind.ICB,
        AgencyKind.AMBULANCE,
        AgencyKind.MULTI_ACADEMY_TRUST,
        AgencyKind.VCS,
    }
)
"""Kinds whose children come from anywhere."""
FEWEST: Final = 50
"""Of fewer children with a postcode, no area is known to be unusual."""
ONE_IN: Final = 100
"""An area is unusual where fewer than one child in so many lives there."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many children of an export live in each postcode area, such as B or CV."""

    children: Mapping[str, int]

    @classmethod
    def of(cls, areas: Iterable[str]) -> Places:
        """Count the areas; an empty one is not known."""
        return cls(Counter(filter(None, areas)))

    def is_unusual(self, area: str) -> bool:
        known = sum(self.children.values())
        return bool(area) and known >= FEWEST and self.children.get(area, 0) * ONE_IN < known


def doubts(
    kind: AgencyKind, places: Places, *, dob: Birth | None, area: str, typed: bool, on: date
) -> Doubt:
    """Return what speaks against a row of an agency of this kind.

    Args:
        dob: the date of birth as far as it is known, or None.
        area: the postcode area, empty where it is not known.
        typed: whether the row was typed by hand.
        on: the day of the export.
    """
    found = Doubt(0)
    if typed:
        found |= Doubt.TYPED
    if dob is not None and kind in AGES and not set(ages(dob, on)) & set(AGES[kind]):
        found |= Doubt.AGE
    if kind not in ELSEWHERE and places.is_unusual(area):
        found |= Doubt.AREA
    return found
