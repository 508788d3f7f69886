"""Plain words for codes, counts and days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fingerpost.protocol.codes import (
    WIDENING_WORDS,
    AgencyKind,
    Cannot,
    CoarseKind,
    InvolvementStatus,
    Status,
)

AGENCY_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    AgencyKind.LOCAL_AUTHORITY.value: ("council", "councils"),
    AgencyKind.SCHOOL.value: ("school", "schools"),
    AgencyKind.MULTI_ACADEMY_TRUST.value: ("academy trust", "academy trusts"),
    AgencyKind.COLLEGE.value: ("college", "colleges"),
    AgencyKind.EARLY_YEARS.value: ("nursery", "nurseries"),
    AgencyKind.GP_PRACTICE.value: ("GP practice", "GP practices"),
    AgencyKind.NHS_TRUST.value: ("NHS trust", "NHS trusts"),
    AgencyKind.ICB.value: ("integrated care board", "integrated care boards"),
    AgencyKind.AMBULANCE.value: ("ambulance service", "ambulance services"),
    AgencyKind.POLICE.value: ("police force", "police forces"),
    AgencyKind.YOUTH_JUSTICE.value: ("youth justice service", "youth justice services"),
    AgencyKind.VCS.value: ("charity", "charities"),
    AgencyKind.HOUSING.value: ("housing provider", "housing providers"),
    AgencyKind.FIRE.value: ("fire service", "fire services"),
    AgencyKind.DENTAL_PRACTICE.value: ("dental practice", "dental practices"),
    AgencyKind.CHILDRENS_HOME.value: ("children's home", "children's homes"),
}
"""One and several."""

SERVICES: Final[Mapping[str, str]] = {
    CoarseKind.EDUCATION.name: "education",
    CoarseKind.EARLY_YEARS.name: "early years",
    CoarseKind.COLLEGE.name: "college",
    CoarseKind.EDUCATION_WELFARE.name: "education welfare",
    CoarseKind.GP.name: "GP",
    CoarseKind.HEALTH_VISITING.name: "health visiting",
    CoarseKind.SCHOOL_NURSING.name: "school nursing",
    CoarseKind.MIDWIFERY.name: "midwifery",
    CoarseKind.HOSPITAL.name: "hospital",
    CoarseKind.COMMUNITY_HEALTH.name: "community health",
    CoarseKind.CHILDRENS_SOCIAL_CARE.name: "children's social care",
    CoarseKind.EARLY_HELP.name: "early help",
    CoarseKind.POLICE_SAFEGUARDING_DESK.name: "police safeguarding desk",
    CoarseKind.YOUTH_JUSTICE.name: "youth justice",
    CoarseKind.HOUSING.name: "housing",
    CoarseKind.FIRE_RESCUE.name: "fire and rescue",
    CoarseKind.VOLUNTARY_SECTOR.name: "charity",
}
UNIVERSAL: Final[Mapping[str, tuple[str, str]]] = {
    CoarseKind.EDUCATION.name: ("school", "schools"),
    CoarseKind.GP.name: ("GP practice", "GP practices"),
    CoarseKind.HEALTH_VISITING.name: ("health visiting service", "health visiting services"),
}
INVOLVEMENT: Final[Mapping[str, str]] = {
    InvolvementStatus.OPEN.name: "involved now",
    InvolvementStatus.RECENT.name: "involved until recently",
    InvolvementStatus.PLANNED.name: "about to be involved",
}
GAPS: Final[Mapping[str, str]] = {
    Status.NO_REPLY.name: "no reply came",
    Status.CANNOT_ANSWER.name: "could not answer",
    Status.TRY_AGAIN.name: "asks to be asked again",
}
CANNOT: Final[Mapping[str, str]] = {
    Cannot.VERSION.name: "cannot answer: it runs another version, or goes by another list",
    Cannot.NOT_READY.name: "cannot answer: its records are not ready",
    Cannot.TOO_OLD.name: "cannot answer: its records are too old to rely on",
    Cannot.FAULT.name: "cannot answer: its system has a fault",
    Cannot.WENT_BACK.name: "cannot answer: its records went back to an earlier state",
}
WIDENED: Final[Mapping[str, str]] = {reason.name: said for reason, said in WIDENING_WORDS.items()}


def counted(number: int, words: tuple[str, str]) -> str:
    return f"{number} {words[0] if number == 1 else words[1]}"


def day(at: str) -> str:
    """A day as people write it, of an RFC 3339 time: 3 March 2026."""
    when = datetime.fromisoformat(at)
    return f"{when.day} {when:%B %Y}"
