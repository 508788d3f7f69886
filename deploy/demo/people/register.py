"""The agencies of the two areas that are not connected, as the public registers would list them.

Lives here: the list, with public telephone numbers. Invariant: none of them is a member, and none
has a record in any export.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deploy.demo.people.places import HARROWDALE, WEXCOMBE, NotConnected, slug_of
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.ids import AgencyId

_ABSENT: Final = (
    (WEXCOMBE, "Wexcombe Girls' Grammar School", AgencyKind.SCHOOL),
    (WEXCOMBE, "Fallowmead Primary School", AgencyKind.SCHOOL),
    (WEXCOMBE, "Thistledown Primary School", AgencyKind.SCHOOL),
    (WEXCOMBE, "Wexcombe Sixth Form College", AgencyKind.COLLEGE),
    (WEXCOMBE, "Canal Street Surgery", AgencyKind.GP_PRACTICE),
    (WEXCOMBE, "Busy Otters Nursery", AgencyKind.EARLY_YEARS),
    (HARROWDALE, "Moorend Primary School", AgencyKind.SCHOOL),
    (HARROWDALE, "Northcliff Academy", AgencyKind.SCHOOL),
    (HARROWDALE, "Harrowdale College", AgencyKind.COLLEGE),
    (HARROWDALE, "Station Approach Surgery", AgencyKind.GP_PRACTICE),
    (HARROWDALE, "Vicarage Road Surgery", AgencyKind.GP_PRACTICE),
    (HARROWDALE, "Harrowdale Fire and Rescue", AgencyKind.FIRE),
)


_SERVICES: Final = {
    AgencyKind.SCHOOL: (CoarseKind.EDUCATION,),
    AgencyKind.COLLEGE: (CoarseKind.COLLEGE,),
    AgencyKind.GP_PRACTICE: (CoarseKind.GP,),
    AgencyKind.EARLY_YEARS: (CoarseKind.EARLY_YEARS,),
}


def _absent() -> Iterator[NotConnected]:
    form = {WEXCOMBE: "01632 9608{:02d}", HARROWDALE: "0117 496 08{:02d}"}
    for number, (area, name, kind) in enumerate(_ABSENT):
        yield NotConnected(
            AgencyId(f"{area.code}.{slug_of(name)}"),
            kind,
            name,
            form[area].format(number),
            _SERVICES.get(kind, ()),
        )


NOT_CONNECTED: Final = tuple(_absent())
