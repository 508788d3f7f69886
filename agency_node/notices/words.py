"""A knock in words, for a desk. Pure. It names no person, no agency and no child."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fingerpost.protocol.codes import Purpose, Role

SUBJECT: Final = "Open your inbox"
"""Of every message that leaves the node, whatever it is about."""
WHAT_THEY_KNOW: Final = (
    "We told them nothing. They do not know whether you know the child. You decide whether to ring."
)
FIRST: Final = "First: could a call put anyone at risk?"
_NOBODY: Final = "Somebody"
_NOTHING: Final = "a purpose that this release does not know"

ROLES: Final[Mapping[Role, str]] = {
    Role.DSL: "A designated safeguarding lead",
    Role.DEPUTY_DSL: "A deputy designated safeguarding lead",
    Role.SOCIAL_WORKER: "A social worker",
    Role.MASH_PRACTITIONER: "A practitioner of a multi-agency safeguarding hub",
    Role.TEAM_MANAGER: "A team manager",
    Role.EDT_WORKER: "A worker of an emergency duty team",
    Role.EARLY_HELP_WORKER: "An early help worker",
    Role.HEALTH_VISITOR: "A health visitor",
    Role.SCHOOL_NURSE: "A school nurse",
    Role.MIDWIFE: "A midwife",
    Role.GP: "A GP",
    Role.PRACTICE_SAFEGUARDING_LEAD: "A safeguarding lead of a GP practice",
    Role.NAMED_PROFESSIONAL: "A named professional for safeguarding children",
    Role.ED_CLINICIAN: "A clinician of an emergency department",
    Role.PAEDIATRICIAN: "A paediatrician",
    Role.CAMHS_CLINICIAN: "A clinician for children’s mental health",
    Role.POLICE_PVP: "A police officer for vulnerable people",
    Role.POLICE_SUPERVISOR: "A police supervisor",
    Role.YJS_WORKER: "A youth justice worker",
    Role.VCS_SAFEGUARDING_LEAD: "A safeguarding lead of a charity",
    Role.CHILDRENS_NURSE: "A children’s nurse",
    Role.AGENCY_SAFEGUARDING_LEAD: "A safeguarding lead of another agency",
    Role.FAMILY_HUB_WORKER: "A family hub worker",
    Role.CONTACT_OFFICER: "A contact officer",
    Role.LEAD_PRACTITIONER: "A lead practitioner",
    Role.LEAD_CHILD_PROTECTION_PRACTITIONER: "A lead child protection practitioner",
    Role.POLICE_RESPONSE: "A police response officer",
    Role.POLICE_CONTROL_ROOM: "A member of a police control room",
    Role.POLICE_MISSING_UNIT: "A member of a police missing persons unit",
    Role.ON_CALL_PAEDIATRICIAN: "A paediatrician on call",
    Role.URGENT_CARE_CLINICIAN: "A clinician of urgent care",
    Role.PARAMEDIC: "A paramedic",
    Role.IRO: "An independent reviewing officer",
    Role.CLA_NURSE: "A nurse for children looked after",
    Role.PERSONAL_ADVISER: "A personal adviser",
    Role.VIRTUAL_SCHOOL_HEAD: "A virtual school head",
    Role.CME_OFFICER: "An officer for children missing education",
    Role.ICTG: "An independent child trafficking guardian",
    Role.PARTNERSHIP_MANAGER: "A manager of a safeguarding partnership",
}
PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.S47_ENQUIRY: "a child protection enquiry",
    Purpose.EMERGENCY_PROTECTION: "the protection of a child in an emergency",
    Purpose.REFERRAL_TRIAGE: "a decision on a referral",
    Purpose.S17_ASSESSMENT: "an assessment of a child in need",
    Purpose.EARLY_HELP: "early help that a family has agreed to",
    Purpose.CLA_CARE: "the care of a looked-after child",
    Purpose.TRANSFER_IN: "a child who has come to them from elsewhere",
    Purpose.MISSING_CHILD: "a missing child",
    Purpose.URGENT_CARE: "urgent care",
    Purpose.EXPLOITATION: "a child who may be exploited",
    Purpose.CHILD_DEATH: "the response to a child’s death",
    Purpose.PRACTICE_REVIEW: "a review of practice",
    Purpose.SAFEGUARDING_CONCERN: "a safeguarding concern",
    Purpose.LEAVING_CARE: "a young adult who has left care",
    Purpose.MISSING_EDUCATION: "a child missing education",
}


def asked(role: Role | None, purpose: Purpose | None) -> str:
    """Return who asked, and for what, as a sentence without a name; None for what is forgotten."""
    who = _NOBODY if role is None else ROLES.get(role, _NOBODY)
    why = "" if purpose is None else f", for {PURPOSES.get(purpose, _NOTHING)}"
    return f"{who} asked about a child you may know{why}."
