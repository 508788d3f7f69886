"""The widest terms that this release serves, and which role exists at which kind of agency.

Code lists that are wider in any respect are refused whole (``federation_files``), so that a
signature cannot open what the code was not written for.

Sources: Children Act 1989, Children Act 2004, Education Act 1996, Working Together to Safeguard
Children 2023.
"""

from __future__ import annotations

from typing import Final

from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.terms import Fact, RolesAt, Terms, Tier

_SOCIAL_CARE: Final = frozenset(kind for kind in Kind if kind.name.startswith("CSC_"))
_CARE: Final = frozenset({Role.SOCIAL_WORKER, Role.TEAM_MANAGER})
_SCHOOL: Final = frozenset({Role.DSL, Role.DEPUTY_DSL})
_ENQUIRY: Final = _CARE | {
    Role.EDT_WORKER,
    Role.LEAD_CHILD_PROTECTION_PRACTITIONER,
    Role.POLICE_PVP,
}
_ENQUIRY_ON_REQUEST: Final = frozenset({Role.NAMED_PROFESSIONAL, Role.MASH_PRACTITIONER})

_RESPONSIBLE_AND_PLACING: Final = 2
"""A child in care has a responsible council, and lives in the area of one."""

TERMS: Final = (
    Terms(
        Purpose.SAFEGUARDING_CONCERN,
        _SCHOOL
        | {
            Role.HEALTH_VISITOR,
            Role.SCHOOL_NURSE,
            Role.MIDWIFE,
            Role.GP,
            Role.PRACTICE_SAFEGUARDING_LEAD,
            Role.NAMED_PROFESSIONAL,
            Role.PAEDIATRICIAN,
            Role.CHILDRENS_NURSE,
            Role.CAMHS_CLINICIAN,
            Role.EARLY_HELP_WORKER,
            Role.YJS_WORKER,
            Role.VCS_SAFEGUARDING_LEAD,
            Role.AGENCY_SAFEGUARDING_LEAD,
        },
        Reach.AREA,
        Tier.UNIVERSAL,
        frozenset({Fact.REASON, Fact.ENGAGEMENT, Fact.INFORMED}),
        own_record=True,
    ),
    Terms(
        Purpose.EARLY_HELP,
        _SCHOOL
        | {
            Role.EARLY_HELP_WORKER,
            Role.FAMILY_HUB_WORKER,
            Role.HEALTH_VISITOR,
            Role.SCHOOL_NURSE,
            Role.VCS_SAFEGUARDING_LEAD,
        },
        Reach.AREA,
        Tier.UNIVERSAL,
        # Early help is offered to families and not imposed on them.
        frozenset({Fact.ENGAGEMENT, Fact.AGREED}),
        frozenset({Kind.EARLY_HELP, Kind.FAMILY_HUB}),
        own_record=True,
    ),
    Terms(
        Purpose.REFERRAL_TRIAGE,
        _CARE | {Role.MASH_PRACTITIONER, Role.EDT_WORKER, Role.CONTACT_OFFICER, Role.POLICE_PVP},
        Reach.AREA,
        Tier.FAMILY,
        frozenset({Fact.REFERENCE, Fact.REASON}),
        tier_at_harm=frozenset({Tier.ENFORCEMENT}),
    ),
    Terms(
        Purpose.S17_ASSESSMENT,
        _CARE,
        Reach.AREA,
        Tier.FAMILY,
        frozenset({Fact.REFERENCE, Fact.INFORMED}),
    ),
    Terms(
        Purpose.S17_ASSESSMENT,
        frozenset({Role.LEAD_PRACTITIONER}),
        Reach.AREA,
        Tier.FAMILY,
        frozenset({Fact.REFERENCE, Fact.LEAD, Fact.INFORMED}),
    ),
    Terms(
        Purpose.S47_ENQUIRY,
        _ENQUIRY,
        Reach.AREA_AND_NEIGHBOURS,
        Tier.SENSITIVE,
        frozenset({Fact.REFERENCE, Fact.STRATEGY_DISCUSSION}),
    ),
    Terms(
        Purpose.S47_ENQUIRY,
        _ENQUIRY_ON_REQUEST,
        Reach.AREA_AND_NEIGHBOURS,
        Tier.SENSITIVE,
        # The duty to enquire is the council's (Children Act 1989 s47(1)); others act for it.
        frozenset({Fact.REFERENCE, Fact.REQUESTED, Fact.STRATEGY_DISCUSSION}),
    ),
    Terms(
        Purpose.EMERGENCY_PROTECTION,
        _ENQUIRY
        | _ENQUIRY_ON_REQUEST
        | {
            Role.POLICE_RESPONSE,
            Role.POLICE_CONTROL_ROOM,
            Role.POLICE_SUPERVISOR,
            Role.ON_CALL_PAEDIATRICIAN,
        },
        Reach.AREA_AND_NEIGHBOURS,
        Tier.SENSITIVE,
        # Nothing may wait here: another person looks at it afterwards.
        frozenset({Fact.REASON, Fact.REVIEW}),
        ring=True,
    ),
    Terms(
        Purpose.URGENT_CARE,
        frozenset(
            {
                Role.ED_CLINICIAN,
                Role.CHILDRENS_NURSE,
                Role.URGENT_CARE_CLINICIAN,
                Role.PARAMEDIC,
                Role.PAEDIATRICIAN,
                Role.MIDWIFE,
                Role.CAMHS_CLINICIAN,
            }
        ),
        Reach.AREA_AND_NEIGHBOURS,
        Tier.FAMILY,
        frozenset({Fact.ARRIVAL}),
    ),
    Terms(
        Purpose.CLA_CARE,
        _CARE | {Role.IRO, Role.CLA_NURSE, Role.PERSONAL_ADVISER},
        Reach.NAMED,
        Tier.FAMILY,
        frozenset({Fact.REFERENCE}),
        areas=_RESPONSIBLE_AND_PLACING,
    ),
    Terms(
        Purpose.CLA_CARE,
        frozenset({Role.VIRTUAL_SCHOOL_HEAD}),
        Reach.NAMED,
        Tier.UNIVERSAL,
        frozenset({Fact.REFERENCE}),
        _SOCIAL_CARE,
        areas=_RESPONSIBLE_AND_PLACING,
    ),
    Terms(
        Purpose.LEAVING_CARE,
        frozenset({Role.PERSONAL_ADVISER, Role.SOCIAL_WORKER}),
        Reach.NAMED,
        Tier.UNIVERSAL,
        frozenset({Fact.AGREED}),
    ),
    Terms(
        Purpose.MISSING_CHILD,
        _CARE
        | {
            Role.POLICE_MISSING_UNIT,
            Role.POLICE_RESPONSE,
            Role.POLICE_PVP,
            Role.EDT_WORKER,
        },
        Reach.NATIONAL_RING,
        Tier.ENFORCEMENT,
        frozenset({Fact.REFERENCE, Fact.REPORTED, Fact.CHECKED, Fact.TIME_BOX}),
        # Attack: somebody from whom a family hides reports the child missing.
        home_only=True,
    ),
    Terms(
        Purpose.MISSING_EDUCATION,
        frozenset({Role.CME_OFFICER}),
        Reach.NATIONAL_RING,
        Tier.NONE,
        frozenset({Fact.REFERENCE, Fact.REASON, Fact.CHECKED}),
    ),
    Terms(
        Purpose.TRANSFER_IN,
        _SCHOOL | {Role.HEALTH_VISITOR, Role.SCHOOL_NURSE, Role.SOCIAL_WORKER, Role.GP},
        Reach.NAMED,
        # Whoever opens it sees who asks, and so where the family lives now: the agencies that knew
        # the child decide whether to ring.
        Tier.NONE,
        frozenset({Fact.JOINED, Fact.HIDING}),
        areas=2,
    ),
    Terms(
        Purpose.EXPLOITATION,
        _CARE | {Role.POLICE_PVP, Role.YJS_WORKER, Role.ICTG},
        Reach.AREA,
        Tier.ENFORCEMENT,
        frozenset({Fact.REVIEW}),
        ring=True,
    ),
    Terms(
        Purpose.CHILD_DEATH,
        frozenset(
            {
                Role.ON_CALL_PAEDIATRICIAN,
                Role.POLICE_PVP,
                Role.SOCIAL_WORKER,
                Role.EDT_WORKER,
                Role.NAMED_PROFESSIONAL,
            }
        ),
        Reach.AREA_AND_NEIGHBOURS,
        Tier.ENFORCEMENT,
        frozenset({Fact.NOTIFIED, Fact.REVIEW}),
    ),
    Terms(
        Purpose.PRACTICE_REVIEW,
        frozenset({Role.PARTNERSHIP_MANAGER, Role.NAMED_PROFESSIONAL, Role.TEAM_MANAGER}),
        Reach.NAMED,
        Tier.ENFORCEMENT,
        frozenset({Fact.APPROVAL}),
    ),
)
UNTOLD: Final = frozenset(each.purpose for each in TERMS if each.tier is Tier.NONE)
"""The purposes for which no agency but the requester's own names anything."""
_SCHOOL_ROLES: Final = _SCHOOL | {Role.LEAD_PRACTITIONER}
ROLES_AT: Final = (
    RolesAt(
        AgencyKind.LOCAL_AUTHORITY,
        _CARE
        | {
            Role.MASH_PRACTITIONER,
            Role.EDT_WORKER,
            Role.EARLY_HELP_WORKER,
            Role.FAMILY_HUB_WORKER,
            Role.CONTACT_OFFICER,
            Role.LEAD_PRACTITIONER,
            Role.LEAD_CHILD_PROTECTION_PRACTITIONER,
            Role.IRO,
            Role.PERSONAL_ADVISER,
            Role.VIRTUAL_SCHOOL_HEAD,
            Role.CME_OFFICER,
            Role.PARTNERSHIP_MANAGER,
            Role.YJS_WORKER,
            Role.HEALTH_VISITOR,
            Role.SCHOOL_NURSE,
            Role.AGENCY_SAFEGUARDING_LEAD,
        },
    ),
    RolesAt(AgencyKind.SCHOOL, _SCHOOL_ROLES),
    RolesAt(AgencyKind.MULTI_ACADEMY_TRUST, _SCHOOL_ROLES),
    RolesAt(AgencyKind.COLLEGE, _SCHOOL_ROLES),
    RolesAt(AgencyKind.EARLY_YEARS, _SCHOOL_ROLES),
    RolesAt(AgencyKind.GP_PRACTICE, frozenset({Role.GP, Role.PRACTICE_SAFEGUARDING_LEAD})),
    RolesAt(
        AgencyKind.NHS_TRUST,
        frozenset(
            {
                Role.HEALTH_VISITOR,
                Role.SCHOOL_NURSE,
                Role.MIDWIFE,
                Role.NAMED_PROFESSIONAL,
                Role.ED_CLINICIAN,
                Role.CHILDRENS_NURSE,
                Role.URGENT_CARE_CLINICIAN,
                Role.PAEDIATRICIAN,
                Role.ON_CALL_PAEDIATRICIAN,
                Role.CAMHS_CLINICIAN,
                Role.CLA_NURSE,
                Role.LEAD_PRACTITIONER,
            }
        ),
    ),
    RolesAt(
        AgencyKind.ICB,
        frozenset({Role.NAMED_PROFESSIONAL, Role.CLA_NURSE, Role.PARTNERSHIP_MANAGER}),
    ),
    RolesAt(
        AgencyKind.AMBULANCE,
        frozenset(
            {
                Role.PARAMEDIC,
                Role.URGENT_CARE_CLINICIAN,
                Role.NAMED_PROFESSIONAL,
                Role.AGENCY_SAFEGUARDING_LEAD,
            }
        ),
    ),
    RolesAt(
        AgencyKind.POLICE,
        frozenset(
            {
                Role.POLICE_PVP,
                Role.POLICE_SUPERVISOR,
                Role.POLICE_RESPONSE,
                Role.POLICE_CONTROL_ROOM,
                Role.POLICE_MISSING_UNIT,
                Role.PARTNERSHIP_MANAGER,
            }
        ),
    ),
    RolesAt(AgencyKind.YOUTH_JUSTICE, frozenset({Role.YJS_WORKER, Role.TEAM_MANAGER})),
    RolesAt(
        AgencyKind.VCS,
        frozenset(
            {
                Role.VCS_SAFEGUARDING_LEAD,
                Role.FAMILY_HUB_WORKER,
                Role.ICTG,
                Role.LEAD_PRACTITIONER,
            }
        ),
    ),
    RolesAt(AgencyKind.HOUSING, frozenset({Role.AGENCY_SAFEGUARDING_LEAD})),
    RolesAt(AgencyKind.FIRE, frozenset({Role.AGENCY_SAFEGUARDING_LEAD})),
    RolesAt(AgencyKind.DENTAL_PRACTICE, frozenset({Role.AGENCY_SAFEGUARDING_LEAD})),
    RolesAt(AgencyKind.CHILDRENS_HOME, frozenset({Role.AGENCY_SAFEGUARDING_LEAD})),
)
"""A MASH_PRACTITIONER stands here at councils only: those of other agencies are seconded to a
named council (``Agency.seconded_to``)."""
