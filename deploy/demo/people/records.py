"""What one agency's system holds about one child, and which identifiers and names such systems
hold.

Lives here: the form of a record and the rule by which an agency of a kind writes one down. Must not
live here: which agency holds which child. Invariants: a pupil number is kept only by education,
social care and youth justice, an NHS number seldom outside health; a published error is never
mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from random import Random
from typing import Final

from deploy.demo.people.children import Child, Sighting
from fingerpost.private.demographics import OtherName, Sex
from fingerpost.protocol.codes import Kind


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    forename: str
    middle_names: str
    surname: str
    aliases: tuple[OtherName, ...]
    dob: str
    sex: Sex | None
    postcode: str
    nhs_number: str
    upn: str


@unique
class NameUse(Enum):
    """Which surname of a renamed child a system knows."""

    PRESENT = "present"
    PRESENT_AND_FORMER = "present, with the former one as an alias"
    FORMER = "former"


HEALTH: Final = frozenset(
    {
        Kind.GP,
        Kind.HEALTH_VISITING,
        Kind.SCHOOL_NURSING,
        Kind.MIDWIFERY,
        Kind.HOSPITAL_PAEDIATRICS,
        Kind.HOSPITAL_ED,
        Kind.COMMUNITY_PAEDIATRICS,
        Kind.THERAPY,
        Kind.MENTAL_HEALTH,
    }
)
_HEALTH_NHS_SHARE: Final = 0.96
_NHS_SHARE: Final = {
    Kind.EDU_SCHOOL: 0.03,
    Kind.EDU_WELFARE: 0.1,
    Kind.EDU_SEND: 0.5,
    Kind.EARLY_HELP: 0.25,
    Kind.YOUTH_JUSTICE: 0.3,
    Kind.POLICE_PROTECTION: 0.03,
}
_SOCIAL_CARE_NHS_SHARE: Final = 0.5
_UPN_SHARE: Final = {
    Kind.EDU_SCHOOL: 0.97,
    Kind.EDU_WELFARE: 0.9,
    Kind.EDU_SEND: 0.95,
    Kind.YOUTH_JUSTICE: 0.3,
}
_SOCIAL_CARE_UPN_SHARE: Final = 0.5
_SEX_MISSING: Final = {Kind.VCS_FAMILY: 0.2, Kind.VCS_YOUTH: 0.2, Kind.HOUSING: 0.3}
_MIDDLE_NAME_KEPT: Final = 0.6
FIRST_UPN_AGE: Final = 4


def social_care(kind: Kind) -> bool:
    return kind.name.startswith("CSC_")


def record_of(
    child: Child, sighting: Sighting, kind: Kind, use: NameUse, age: int, rng: Random
) -> Record:
    """The record of ``child`` as an agency with this kind of involvement keeps it.

    Always draws the same count of numbers, so that one child's record does not change the next
    one's.
    """
    has_nhs = rng.random() < nhs_share(kind)
    has_upn = rng.random() < _upn_share(kind) and age >= FIRST_UPN_AGE
    has_sex = rng.random() >= _SEX_MISSING.get(kind, 0.01)
    has_middle = rng.random() < _MIDDLE_NAME_KEPT
    former = child.former_surname or (child.moved.surname if child.moved else "")
    surname = sighting.surname
    aliases: tuple[OtherName, ...] = ()
    if former and use is NameUse.FORMER:
        surname = sighting.surname if child.moved else former
    elif former and use is NameUse.PRESENT_AND_FORMER:
        aliases = (OtherName(sighting.forename or child.forename, former),)
    return Record(
        forename=sighting.forename,
        middle_names=child.middle_names if has_middle else "",
        surname=surname,
        aliases=aliases,
        dob=sighting.dob,
        sex=child.sex if has_sex else None,
        postcode=sighting.postcode,
        nhs_number=child.nhs_number if has_nhs else "",
        upn=child.upn if has_upn else "",
    )


def nhs_share(kind: Kind) -> float:
    """The share of such systems' records that carry an NHS number."""
    if kind in HEALTH:
        return _HEALTH_NHS_SHARE
    return _SOCIAL_CARE_NHS_SHARE if social_care(kind) else _NHS_SHARE.get(kind, 0.0)


def _upn_share(kind: Kind) -> float:
    return _SOCIAL_CARE_UPN_SHARE if social_care(kind) else _UPN_SHARE.get(kind, 0.0)
