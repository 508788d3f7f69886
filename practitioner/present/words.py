"""Plain words for codes, counts and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from fingerpost.protocol.codes import (
    WIDENING_WORDS,
    AgencyKind,
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Quality,
    Status,
)
from fingerpost.runtime.screen_text import counted
from practitioner.asking.document import AgencyShown, LookupDocument
from practitioner.asking.outcome import NotAsked

IN_DANGER: Final = "If a child is in danger now, ring 999."
"""Stands near the top of all that could make somebody wait: a lookup never comes before a call."""

WHY_FORMER: Final = (
    "If a child's name and address have both changed, older records are nearly always found by the "
    "former name and postcode, and hardly ever without them."
)
"""How much: docs/matching.md, children who moved or were renamed."""
NOT_COUNTED: Final = (
    "Records from before a change of both name and address are not counted in this: without the "
    "former ones they are hardly ever found."
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
ELSEWHERE: Final[Mapping[str, str]] = {
    CoarseKind.EDUCATION.name: (
        "The child may go to another school, learn at home, or go to a school that cannot tell you "
        "this way."
    ),
}
"""Why none may have named itself."""
ELSEWHERE_OF_ANY: Final = "The child may have another {0}, or one that cannot tell you this way."
INVOLVEMENT: Final[Mapping[str, str]] = {
    InvolvementStatus.OPEN.name: "involved now",
    InvolvementStatus.RECENT.name: "involved until recently",
    InvolvementStatus.PLANNED.name: "about to be involved",
}
DESKS: Final[Mapping[str, str]] = {
    DeskKind.WORKER.name: "own desk",
    DeskKind.TEAM.name: "team desk",
    DeskKind.DUTY.name: "duty desk",
    DeskKind.OUT_OF_HOURS.name: "out-of-hours desk",
}
GAPS: Final[Mapping[str, str]] = {
    Status.NO_REPLY.name: "no reply came",
    Status.CANNOT_ANSWER.name: "could not answer",
    Status.TRY_AGAIN.name: "asked you to try again",
}
NOT_ASKED: Final[Mapping[str, tuple[str, str]]] = {
    NotAsked.QUOTA.value: (
        "Your lookups are used up",
        "Your lookups, or your agency's, are used up for now. This is a limit on your side, and "
        "says nothing about these agencies or the child. Ring them, or ask again in an hour.",
    ),
    NotAsked.UNREACHABLE.value: (
        "The question could not be sent",
        "The question could not be sent to these agencies. We do not know whether they are working "
        "with this child. Ring them, or ask again.",
    ),
    NotAsked.RUNG.value: (
        "You rang them",
        "They gave no answer to your first lookup, and you rang them. What they told you counts. "
        "This second round was not sent to them.",
    ),
}
"""A heading, and what it means."""
CANNOT: Final[Mapping[str, str]] = {
    Cannot.VERSION.name: "cannot answer: its version, member list or clock is not right",
    Cannot.NOT_READY.name: "cannot answer: its records are not ready",
    Cannot.TOO_OLD.name: "cannot answer: its records are too old to rely on",
    Cannot.FAULT.name: "cannot answer: its system has a fault",
    Cannot.WENT_BACK.name: "cannot answer: its records went back to an earlier state",
}
HARD_TO_FIND: Final[Mapping[str, str]] = {
    Quality.POOR.name: "Many records",
    Quality.FAIR.name: "Some records",
}
DOUBTED: Final[Mapping[str, str]] = {
    Cannot.WENT_BACK.name: "named contacts from records that went back to an earlier state",
    Cannot.TOO_OLD.name: "named contacts from records that are too old",
}
"""Of agencies that are involved."""
WIDENED: Final[Mapping[str, str]] = {reason.name: said for reason, said in WIDENING_WORDS.items()}


def summary(shown: LookupDocument) -> str:
    """Return the counts of an outcome in sentences: 4 agencies are working with this child. 3 did
    not answer. 14 were not asked."""
    named = [agency for agency in shown.agencies if agency.status == Status.INVOLVED.name]
    now = sum(_works_now(agency) for agency in named)
    silent = sum(agency.is_gap for agency in shown.agencies)
    unasked = len(shown.not_connected) + sum(
        agency.status == Status.NOT_ASKED.name for agency in shown.agencies
    )
    said = [
        f"{counted(now, 'agency is', 'agencies are')} working with this child."
        if now
        else "No agency has said that it is working with this child."
    ]
    if others := len(named) - now:
        said.append(f"{others} worked with the child until recently, or will soon.")
    if silent:
        said.append(f"{silent} did not answer.")
    if unasked:
        said.append(f"{counted(unasked, 'was', 'were')} not asked.")
    return " ".join(said)


def _works_now(agency: AgencyShown) -> bool:
    now = InvolvementStatus.OPEN.name
    return not agency.pointers or any(p.status == now or p.kind is None for p in agency.pointers)


def day(at: str) -> str:
    """A day as people write it, of an RFC 3339 time: 3 March 2026."""
    return _written(datetime.fromisoformat(at))


def _written(when: datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def chance_of_a_miss(agencies: Sequence[AgencyShown], *, former_stated: bool) -> str:
    """Return how often agencies like these would have missed a record of this child; empty where
    that was not reckoned.

    A change of name and address together is so rare in the reckoning that it hardly counts: where
    the question says nothing of former ones, that is said.
    """
    shares = [each.missed for each in agencies if each.missed is not None]
    at_worst = [each.missed_at_worst for each in agencies if each.missed_at_worst is not None]
    if not shares or not at_worst:
        return ""
    usual, worst = (_in_a_hundred(max(each)) for each in (shares, at_worst))
    return (
        "If one of them has a record of this child, this lookup may have missed it, because names, "
        f"dates and addresses are written differently. That happens with {usual} such records, and "
        f"with {worst} where records are badly kept." + ("" if former_stated else f" {NOT_COUNTED}")
    )


def _in_a_hundred(share: float) -> str:
    count = round(100 * share)
    return f"about {count} in 100" if count else "fewer than 1 in 100"
