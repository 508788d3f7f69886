"""The 50 agencies that take part, each on its node.

Lives here: the list, made from tables of names. Must not live here: a child, or a draw of chance.
Invariants: an agency's id starts with its home area; every agency has a duty desk with a telephone
number and an e-mail address of its own. All of them are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

from deploy.demo.people.nodes import (
    ACADEMIES,
    COMMUNITY_HEALTH,
    FAMILY_CHARITY,
    GP_SUPPLIER,
    HARROWDALE_COUNCIL,
    HOSPITALS,
    LANDLORD,
    NURSERIES,
    POLICE,
    SCHOOL_SUPPLIER,
    WELFARE_TRUST,
    WEXCOMBE_COUNCIL,
    YOUTH_CHARITY,
)
from deploy.demo.people.places import (
    AREAS,
    HARROWDALE,
    WEXCOMBE,
    Agency,
    Area,
    Desk,
    Node,
    slug_of,
)
from fingerpost.protocol.codes import AgencyKind, Kind
from fingerpost.protocol.ids import AgencyId

CHILDRENS_SERVICES: Final = "childrens-services"
HOSPITAL: Final = "hospital"
FAMILY_SUPPORT: Final = "lanternlight"

_ALL_AGES: Final = (0, 17)
_PRIMARY: Final = (5, 10)
_SECONDARY: Final = (11, 17)
_OFFICE: Final = "Mon–Fri 09:00–17:00"
_SCHOOL_DAY: Final = "Mon–Fri 08:00–16:30, term time"
_SURGERY: Final = "Mon–Fri 08:00–18:30"
_ALWAYS: Final = "every day, 24 hours"
_CSC: Final = (
    Kind.CSC_FRONT_DOOR,
    Kind.CSC_ASSESSMENT,
    Kind.CSC_CIN,
    Kind.CSC_CP,
    Kind.CSC_CLA,
    Kind.CSC_LEAVING_CARE,
    Kind.CSC_DISABILITY,
)
_NIGHT: Final = {WEXCOMBE.code: "020 7946 0801", HARROWDALE.code: "020 7946 0802"}
"""The emergency duty team of each council."""

_PRIMARIES: Final = {
    WEXCOMBE: ("Larkrise", "Old Mill Lane", "Saltmarsh", "Copperbeech", "Quayside"),
    HARROWDALE: ("Hazelmoor", "Bridge Street", "Holy Well", "Sandpiper", "Nine Acres"),
}
_SECONDARIES: Final = {
    WEXCOMBE: ("Wexcombe High", "Ashgrove"),
    HARROWDALE: ("Harrowdale Community", "Tanner's Hill"),
}
_ACADEMY_SCHOOLS: Final = (
    (WEXCOMBE, "Kestrel Wexcombe Primary", _PRIMARY),
    (WEXCOMBE, "Kestrel Wexcombe Academy", _SECONDARY),
    (HARROWDALE, "Kestrel Harrowdale Academy", _SECONDARY),
)
_PRACTICES: Final = {
    WEXCOMBE: ("Market Cross", "Riverside Lane", "Dr Pell and Partners", "Beacon Road"),
    HARROWDALE: ("Castle Ditch", "Foundry Row", "Dr Osei and Partners", "The Elms"),
}
_NURSERIES: Final = {WEXCOMBE: ("Acorn Yard", "Harbour"), HARROWDALE: ("Weavers", "Orchard End")}


class _Numbers:
    """Hands out the drama numbers of one area in order: 01632 960000–960999, 0117 496 0000–0999."""

    def __init__(self, area: Area) -> None:
        self._form = "01632 960{:03d}" if area is WEXCOMBE else "0117 496 0{:03d}"
        self._next = count(100)

    def take(self) -> str:
        return self._form.format(next(self._next))


def _members() -> Iterator[Agency]:
    numbers = {area.code: _Numbers(area) for area in AREAS}
    both = frozenset(area.code for area in AREAS)

    def agency(
        area: Area,
        name: str,
        kind: AgencyKind,
        node: Node,
        offers: tuple[Kind, ...],
        *,
        slug: str = "",
        ages: tuple[int, int] = _ALL_AGES,
        hours: str = _OFFICE,
        night: str = "",
        both_areas: bool = False,
    ) -> Agency:
        slug = slug or slug_of(name)
        host = f"{slug}.{area.name.lower()}.example"
        return Agency(
            AgencyId(f"{area.code}.{slug}"),
            kind,
            name,
            node.id,
            Desk(numbers[area.code].take(), f"safeguarding@{host}", hours, night),
            offers,
            ages,
            both if both_areas else frozenset({area.code}),
        )

    school = (Kind.EDU_SCHOOL,)
    for area in AREAS:
        for names, ages, suffix in (
            (_PRIMARIES[area], _PRIMARY, "Primary School"),
            (_SECONDARIES[area], _SECONDARY, "School"),
        ):
            for name in names:
                yield agency(
                    area,
                    f"{name} {suffix}",
                    AgencyKind.SCHOOL,
                    SCHOOL_SUPPLIER,
                    school,
                    slug=f"{slug_of(name)}-school",
                    ages=ages,
                    hours=_SCHOOL_DAY,
                )
    for area, name, ages in _ACADEMY_SCHOOLS:
        yield agency(area, name, AgencyKind.SCHOOL, ACADEMIES, school, ages=ages, hours=_SCHOOL_DAY)
    for area, council in ((WEXCOMBE, WEXCOMBE_COUNCIL), (HARROWDALE, HARROWDALE_COUNCIL)):
        night = _NIGHT[area.code]
        authority = AgencyKind.LOCAL_AUTHORITY
        yield agency(
            area,
            f"{area.name} Children's Services",
            authority,
            council,
            _CSC,
            slug=CHILDRENS_SERVICES,
            night=night,
        )
        yield agency(
            area,
            f"{area.name} Education Welfare",
            authority,
            council,
            (Kind.EDU_WELFARE, Kind.EDU_SEND),
            slug="education-welfare",
            ages=(4, 17),
        )
        yield agency(
            area,
            f"{area.name} Early Help",
            authority,
            council,
            (Kind.EARLY_HELP, Kind.FAMILY_HUB),
            slug="early-help",
        )
        yield agency(
            area,
            f"{area.name} Youth Justice Service",
            AgencyKind.YOUTH_JUSTICE,
            council,
            (Kind.YOUTH_JUSTICE,),
            slug="youth-justice",
            ages=(10, 17),
            night=night,
        )
        for name in _PRACTICES[area]:
            yield agency(
                area,
                name if name.startswith("Dr ") else f"{name} Surgery",
                AgencyKind.GP_PRACTICE,
                GP_SUPPLIER,
                (Kind.GP,),
                slug=f"{slug_of(name)}-surgery",
                hours=_SURGERY,
            )
        yield agency(
            area,
            f"{area.name} General Hospital",
            AgencyKind.NHS_TRUST,
            HOSPITALS,
            (Kind.HOSPITAL_PAEDIATRICS, Kind.HOSPITAL_ED, Kind.MIDWIFERY),
            slug=HOSPITAL,
            hours=_ALWAYS,
            night=f"020 7946 081{AREAS.index(area)}",
        )
        yield agency(
            area,
            f"{area.name} Community Health",
            AgencyKind.NHS_TRUST,
            COMMUNITY_HEALTH,
            (Kind.HEALTH_VISITING, Kind.SCHOOL_NURSING, Kind.COMMUNITY_PAEDIATRICS, Kind.THERAPY),
            slug="community-health",
        )
        yield agency(
            area,
            f"{area.name} Larch House Clinic",
            AgencyKind.NHS_TRUST,
            COMMUNITY_HEALTH,
            (Kind.MENTAL_HEALTH,),
            slug="larch-house-clinic",
            ages=(8, 17),
        )
        yield agency(
            area,
            f"Severnmoor Police, {area.name} Public Protection",
            AgencyKind.POLICE,
            POLICE,
            (Kind.POLICE_PROTECTION,),
            slug="severnmoor-police",
            hours=_ALWAYS,
            night=f"020 7946 082{AREAS.index(area)}",
        )
        yield agency(
            area,
            f"Fennick Homes {area.name}",
            AgencyKind.HOUSING,
            LANDLORD,
            (Kind.HOUSING,),
            slug="fennick-homes",
        )
        for name in _NURSERIES[area]:
            yield agency(
                area,
                f"Thimblehall Nursery {name}",
                AgencyKind.EARLY_YEARS,
                NURSERIES,
                (Kind.EDU_EARLY_YEARS,),
                slug=f"thimblehall-{slug_of(name)}",
                ages=(1, 4),
                hours="Mon–Fri 07:30–18:00",
            )
    yield agency(
        WEXCOMBE,
        "Lanternlight Family Support",
        AgencyKind.VCS,
        FAMILY_CHARITY,
        (Kind.VCS_FAMILY, Kind.DOMESTIC_ABUSE),
        slug=FAMILY_SUPPORT,
        both_areas=True,
    )
    yield agency(
        HARROWDALE,
        "Tollgate Youth Project",
        AgencyKind.VCS,
        YOUTH_CHARITY,
        (Kind.VCS_YOUTH, Kind.SUBSTANCE_MISUSE),
        slug="tollgate-youth",
        ages=(10, 17),
        hours="Mon–Sat 12:00–21:00",
        both_areas=True,
    )
    yield agency(
        HARROWDALE,
        "Marrowfield Young Carers",
        AgencyKind.VCS,
        WELFARE_TRUST,
        (Kind.YOUNG_CARERS,),
        slug="marrowfield-carers",
        ages=(6, 17),
        both_areas=True,
    )


AGENCIES: Final = tuple(_members())
