"""How often children of an age are involved with an agency of a kind, and who works there.

Lives here: tables only. The shares are chosen so that the demonstration shows every kind; they are
no statistics of any real place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.protocol.codes import Kind


@dataclass(frozen=True, slots=True)
class Rate:
    """``share`` of the children whose age (completed years, first to last) lies within ``ages``."""

    kind: Kind
    ages: tuple[int, int]
    share: float


EVERYBODY: Final = (
    Rate(Kind.EDU_SCHOOL, (5, 17), 0.95),
    Rate(Kind.GP, (0, 17), 0.98),
    Rate(Kind.HEALTH_VISITING, (0, 4), 0.92),
    Rate(Kind.EDU_EARLY_YEARS, (1, 4), 0.4),
)
SOME: Final = (
    Rate(Kind.SCHOOL_NURSING, (5, 17), 0.03),
    Rate(Kind.THERAPY, (2, 10), 0.03),
    Rate(Kind.COMMUNITY_PAEDIATRICS, (0, 17), 0.01),
    Rate(Kind.MIDWIFERY, (0, 0), 0.1),
    Rate(Kind.HOSPITAL_PAEDIATRICS, (0, 17), 0.04),
    Rate(Kind.HOSPITAL_ED, (0, 17), 0.03),
    Rate(Kind.MENTAL_HEALTH, (8, 17), 0.02),
    Rate(Kind.CSC_CP, (0, 17), 0.006),
    Rate(Kind.CSC_CIN, (0, 17), 0.02),
    Rate(Kind.CSC_CLA, (0, 17), 0.007),
    Rate(Kind.CSC_LEAVING_CARE, (16, 17), 0.01),
    Rate(Kind.CSC_DISABILITY, (0, 17), 0.004),
    Rate(Kind.CSC_ASSESSMENT, (0, 17), 0.01),
    Rate(Kind.CSC_FRONT_DOOR, (0, 17), 0.01),
    Rate(Kind.EARLY_HELP, (0, 17), 0.025),
    Rate(Kind.FAMILY_HUB, (0, 4), 0.03),
    Rate(Kind.EDU_WELFARE, (5, 15), 0.02),
    Rate(Kind.EDU_SEND, (5, 17), 0.02),
    Rate(Kind.POLICE_PROTECTION, (0, 17), 0.025),
    Rate(Kind.YOUTH_JUSTICE, (10, 17), 0.012),
    Rate(Kind.HOUSING, (0, 17), 0.03),
    Rate(Kind.VCS_FAMILY, (0, 17), 0.015),
    Rate(Kind.DOMESTIC_ABUSE, (0, 17), 0.006),
    Rate(Kind.VCS_YOUTH, (10, 17), 0.02),
    Rate(Kind.SUBSTANCE_MISUSE, (12, 17), 0.006),
    Rate(Kind.YOUNG_CARERS, (6, 17), 0.012),
)

TROUBLED: Final = 0.12
TROUBLED_FACTOR: Final = 5.0
OTHERS_FACTOR: Final = 0.45
"""Involvement gathers: few children are known to many agencies, most to none beyond everybody's."""

BEFORE_MOVE: Final = (
    Rate(Kind.EDU_SCHOOL, (5, 17), 0.9),
    Rate(Kind.GP, (0, 17), 0.6),
    Rate(Kind.HEALTH_VISITING, (0, 4), 0.6),
    Rate(Kind.CSC_CIN, (0, 17), 0.3),
    Rate(Kind.POLICE_PROTECTION, (0, 17), 0.2),
    Rate(Kind.VCS_FAMILY, (0, 17), 0.1),
)

WORKER_ROLES: Final = {
    Kind.EDU_SCHOOL: "Designated safeguarding lead",
    Kind.EDU_EARLY_YEARS: "Nursery safeguarding lead",
    Kind.EDU_WELFARE: "Education welfare officer",
    Kind.EDU_SEND: "SEND case officer",
    Kind.GP: "Practice safeguarding lead",
    Kind.HEALTH_VISITING: "Health visitor",
    Kind.SCHOOL_NURSING: "School nurse",
    Kind.MIDWIFERY: "Midwife",
    Kind.HOSPITAL_PAEDIATRICS: "Consultant paediatrician",
    Kind.HOSPITAL_ED: "Safeguarding nurse",
    Kind.COMMUNITY_PAEDIATRICS: "Community paediatrician",
    Kind.THERAPY: "Speech and language therapist",
    Kind.CSC_FRONT_DOOR: "Duty social worker",
    Kind.EARLY_HELP: "Early help worker",
    Kind.FAMILY_HUB: "Family hub worker",
    Kind.POLICE_PROTECTION: "Public protection officer",
    Kind.YOUTH_JUSTICE: "Youth justice worker",
    Kind.HOUSING: "Tenancy support officer",
    Kind.VCS_FAMILY: "Family support worker",
    Kind.VCS_YOUTH: "Youth worker",
    Kind.YOUNG_CARERS: "Young carers worker",
}
SOCIAL_CARE_WORKER: Final = "Social worker"
SENSITIVE_TEAM: Final = "Duty team"
"""Written instead of a name and a role: who works at a sensitive service is never disclosed."""
