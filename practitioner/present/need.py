"""Which kind of agency a practitioner needs first, by the purpose of the lookup. Pure.

Those who can protect the child now come before those who see her every day, and these before all
others. It orders the desks that can be rung at one moment, and leaves none out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fingerpost.protocol.codes import AgencyKind, CoarseKind, Purpose

_USUAL: Final = (
    CoarseKind.CHILDRENS_SOCIAL_CARE,
    CoarseKind.POLICE_SAFEGUARDING_DESK,
    CoarseKind.HOSPITAL,
    CoarseKind.HEALTH_VISITING,
    CoarseKind.MIDWIFERY,
    CoarseKind.EDUCATION,
    CoarseKind.EARLY_YEARS,
    CoarseKind.GP,
    CoarseKind.SCHOOL_NURSING,
    CoarseKind.COMMUNITY_HEALTH,
    CoarseKind.COLLEGE,
    CoarseKind.YOUTH_JUSTICE,
    CoarseKind.EARLY_HELP,
    CoarseKind.EDUCATION_WELFARE,
    CoarseKind.VOLUNTARY_SECTOR,
    CoarseKind.HOUSING,
    CoarseKind.FIRE_RESCUE,
)
_FIRST: Final[Mapping[str, tuple[CoarseKind, ...]]] = {
    Purpose.URGENT_CARE.name: (
        CoarseKind.CHILDRENS_SOCIAL_CARE,
        CoarseKind.HOSPITAL,
        CoarseKind.GP,
        CoarseKind.HEALTH_VISITING,
        CoarseKind.COMMUNITY_HEALTH,
    ),
    Purpose.EARLY_HELP.name: (
        CoarseKind.EARLY_HELP,
        CoarseKind.EDUCATION,
        CoarseKind.EARLY_YEARS,
        CoarseKind.HEALTH_VISITING,
        CoarseKind.SCHOOL_NURSING,
        CoarseKind.GP,
    ),
    Purpose.MISSING_CHILD.name: (
        CoarseKind.POLICE_SAFEGUARDING_DESK,
        CoarseKind.CHILDRENS_SOCIAL_CARE,
    ),
    Purpose.EXPLOITATION.name: (
        CoarseKind.POLICE_SAFEGUARDING_DESK,
        CoarseKind.CHILDRENS_SOCIAL_CARE,
        CoarseKind.YOUTH_JUSTICE,
    ),
    Purpose.MISSING_EDUCATION.name: (CoarseKind.EDUCATION_WELFARE, CoarseKind.EDUCATION),
}
_OF_AGENCY: Final[Mapping[str, CoarseKind]] = {
    AgencyKind.LOCAL_AUTHORITY.value: CoarseKind.CHILDRENS_SOCIAL_CARE,
    AgencyKind.POLICE.value: CoarseKind.POLICE_SAFEGUARDING_DESK,
    AgencyKind.NHS_TRUST.value: CoarseKind.HOSPITAL,
    AgencyKind.AMBULANCE.value: CoarseKind.HOSPITAL,
    AgencyKind.ICB.value: CoarseKind.COMMUNITY_HEALTH,
    AgencyKind.SCHOOL.value: CoarseKind.EDUCATION,
    AgencyKind.MULTI_ACADEMY_TRUST.value: CoarseKind.EDUCATION,
    AgencyKind.COLLEGE.value: CoarseKind.COLLEGE,
    AgencyKind.EARLY_YEARS.value: CoarseKind.EARLY_YEARS,
    AgencyKind.GP_PRACTICE.value: CoarseKind.GP,
    AgencyKind.DENTAL_PRACTICE.value: CoarseKind.COMMUNITY_HEALTH,
    AgencyKind.YOUTH_JUSTICE.value: CoarseKind.YOUTH_JUSTICE,
    AgencyKind.CHILDRENS_HOME.value: CoarseKind.CHILDRENS_SOCIAL_CARE,
    AgencyKind.VCS.value: CoarseKind.VOLUNTARY_SECTOR,
    AgencyKind.HOUSING.value: CoarseKind.HOUSING,
    AgencyKind.FIRE.value: CoarseKind.FIRE_RESCUE,
}


def need(purpose: str, pointer_kind: str | None, agency_kind: str) -> int:
    """Return the place of a contact in the order in which to ring, from 0.

    Args:
        purpose: of the lookup.
        pointer_kind: the kind of involvement that the contact states, None where it states none.
        agency_kind: of the contact's agency.
    """
    first = _FIRST.get(purpose, ())
    order = [kind.name for kind in dict.fromkeys((*first, *_USUAL))]
    kind = _OF_AGENCY.get(agency_kind)
    named = pointer_kind or (kind.name if kind is not None else "")
    return order.index(named) if named in order else len(order)
