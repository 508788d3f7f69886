"""What one agency's system holds about one child, and which identifiers and names it knows.

The module has the form of a record and the rule by which an agency of a kind writes one down; which
agency holds which child comes from ``involvement``. Invariants: a pupil number is kept only by
education, social care and youth justice, an NHS number seldom outside health; a published error is
never corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from random import Random
from typing import Final

from deploy.demo.people.children import Child, Sighting
from deploy.demo.people.kinds import KINDS
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
    health_number: str
    upn: str


@unique
class NameUse(Enum):
    """Which surname of a renamed child a system knows."""

    PRESENT = "present"
    PRESENT_AND_FORMER = "present, with the former one as an alias"
    FORMER = "former"


_MIDDLE_NAME_KEPT: Final = 0.6
FIRST_UPN_AGE: Final = 4


def record_of(
    child: Child, sighting: Sighting, kind: Kind, use: NameUse, age: int, rng: Random
) -> Record:
    """Return the record of ``child`` as an agency with this kind of involvement keeps it.

    The same count of numbers is drawn always, so that one child's record does not change the next
    one's.
    """
    assumed = KINDS[kind]
    has_nhs = rng.random() < assumed.health_number
    has_upn = rng.random() < assumed.upn and age >= FIRST_UPN_AGE
    has_sex = rng.random() >= assumed.sex_missing
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
        health_number=child.health_number if has_nhs else "",
        upn=child.upn if has_upn else "",
    )
