"""The terms of each purpose: who may ask, what must be stated, how far, and what may be disclosed.

The table below is the widest that this release serves. Governance signs it, or a narrower one, in
the code lists (``federation.CodeLists``); requesters, and every node that opened a query, hold the
query to the signed table. Lists that are wider than this table are refused whole, so that a
signature cannot open what the code was not written for.

Sources: Children Act 1989, Children Act 2004, Education Act 1996, Working Together to Safeguard
Children 2023.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Annotated, Final

from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Reach, Role


@unique
class Tier(IntEnum):
    """How much an answer may name. Each tier includes those before it."""

    UNIVERSAL = 1
    """Education, GP, health visiting and school nursing, the council's front door, and the lead
    practitioner wherever she works."""
    FAMILY = 2
    """Other health services, social care, early help, charities."""
    ENFORCEMENT = 3
    """The police's safeguarding desk, youth justice, housing, fire and rescue."""
    SENSITIVE = 4
    """Sensitive services. They have no form on the wire, so that nothing of them is disclosed."""


_UNIVERSAL: Final = frozenset(
    {
        Kind.EDU_SCHOOL,
        Kind.EDU_EARLY_YEARS,
        Kind.EDU_COLLEGE,
        Kind.EDU_ALTERNATIVE,
        Kind.EDU_WELFARE,
        Kind.EDU_SEND,
        Kind.GP,
        Kind.HEALTH_VISITING,
        Kind.SCHOOL_NURSING,
        Kind.CSC_FRONT_DOOR,
    }
)
_ENFORCEMENT: Final = frozenset(
    {Kind.POLICE_PROTECTION, Kind.YOUTH_JUSTICE, Kind.HOUSING, Kind.FIRE_RESCUE}
)
_SENSITIVE: Final = frozenset(kind for kind in Kind if kind.sensitive)
_SOCIAL_CARE: Final = frozenset(kind for kind in Kind if kind.name.startswith("CSC_"))


def tier_of(kind: Kind) -> Tier:
    """Return the tier from which a kind of involvement may be disclosed."""
    if kind in _SENSITIVE:
        return Tier.SENSITIVE
    if kind in _UNIVERSAL:
        return Tier.UNIVERSAL
    return Tier.ENFORCEMENT if kind in _ENFORCEMENT else Tier.FAMILY


@unique
class Fact(IntEnum):
    """What a purpose takes: stated by the requester before the child is named, and read by every
    agency that could open the query. Its form: ``fingerpost.private.purpose_rules``."""

    REFERENCE = 1  # of the case or referral
    REASON = 2  # one of the purpose's closed reasons
    INFORMED = 3  # child or family informed, or why that is not safe
    AGREED = 4  # the day on which the parent or the young person agreed
    STRATEGY_DISCUSSION = 5  # its day, or that it has not been held yet
    ARRIVAL = 6  # the time of arrival, or the NHS number in its place
    APPROVAL = 7  # a second person
    REPORTED = 8  # who reported the child missing
    CHECKED = 9  # records were checked for domestic abuse and refuge
    NOTIFIED = 10  # the day on which the death was notified
    TIME_BOX = 11  # when the search ends; a manager renews


@dataclass(frozen=True, slots=True)
class Terms:
    """One row: the terms of a purpose for some roles. A role stands in one row of a purpose.

    Args:
        purpose: the purpose.
        roles: who may ask.
        reach: how far by default; narrower is always allowed, and wider never.
        tier: what an answer may name.
        takes: what the requester must state.
        also: kinds beyond the tier.
        tier_at_harm: the tier where the requester states grounds for significant harm; none if that
            changes nothing.
        areas: the number of areas that may be named.
    """

    purpose: Purpose
    roles: Annotated[frozenset[Role], Meta(max_length=100)]
    reach: Reach
    tier: Tier
    takes: Annotated[frozenset[Fact], Meta(max_length=100)] = frozenset()
    also: Annotated[frozenset[Kind], Meta(max_length=100)] = frozenset()
    tier_at_harm: Annotated[frozenset[Tier], Meta(max_length=1)] = frozenset()
    areas: Annotated[int, Meta(ge=1, le=limits.NAMED_AREAS)] = limits.NAMED_AREAS

    def allows(self, kind: Kind, *, lead: bool, significant_harm: bool) -> bool:
        """Return whether an answer may name an involvement of this kind.

        Args:
            kind: the kind.
            lead: whether the worker is the child's lead practitioner.
            significant_harm: whether the requester stated grounds for significant harm.
        """
        tier = max((self.tier, *self.tier_at_harm)) if significant_harm else self.tier
        needed = tier_of(kind)
        if needed is Tier.SENSITIVE:
            return tier is Tier.SENSITIVE
        return needed <= tier or kind in self.also or lead

    def within(self, wider: Terms) -> bool:
        """Return whether these terms allow nothing that ``wider`` does not."""
        return (
            self.purpose is wider.purpose
            and self.roles <= wider.roles
            and reaches_within(self.reach) <= reaches_within(wider.reach)
            and self.tier <= wider.tier
            and self.takes >= wider.takes
            and self.also <= wider.also
            and self.areas <= wider.areas
            and max((self.tier, *self.tier_at_harm)) <= max((wider.tier, *wider.tier_at_harm))
        )


@dataclass(frozen=True, slots=True)
class RolesAt:
    """The roles that exist at one kind of agency (there is no GP at a housing association)."""

    kind: AgencyKind
    roles: Annotated[frozenset[Role], Meta(max_length=100)]


_LADDER: Final = (Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING)


def reaches_within(reach: Reach) -> frozenset[Reach]:
    """Return a reach and all that are narrower. Named areas are neither wider nor narrower."""
    if reach is Reach.NAMED:
        return frozenset({Reach.NAMED})
    return frozenset(_LADDER[: _LADDER.index(reach) + 1])


def row(rows: Iterable[Terms], purpose: Purpose, role: Role) -> Terms | None:
    """Return the terms of a purpose for a role; None where the role may not ask for it."""
    return next((each for each in rows if each.purpose is purpose and role in each.roles), None)


_CARE: Final = frozenset({Role.SOCIAL_WORKER, Role.TEAM_MANAGER})
_SCHOOL: Final = frozenset({Role.DSL, Role.DEPUTY_DSL})
_ENQUIRY: Final = _CARE | {
    Role.EDT_WORKER,
    Role.LEAD_CHILD_PROTECTION_PRACTITIONER,
    Role.POLICE_PVP,
    Role.NAMED_PROFESSIONAL,
    Role.MASH_PRACTITIONER,
}

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
        frozenset({Fact.REASON, Fact.INFORMED}),
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
        frozenset({Fact.AGREED}),
        frozenset({Kind.EARLY_HELP, Kind.FAMILY_HUB}),
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
        _CARE | {Role.LEAD_PRACTITIONER},
        Reach.AREA,
        Tier.FAMILY,
        frozenset({Fact.REFERENCE, Fact.INFORMED}),
    ),
    Terms(
        Purpose.S47_ENQUIRY,
        _ENQUIRY,
        Reach.AREA_AND_NEIGHBOURS,
        Tier.SENSITIVE,
        frozenset({Fact.REFERENCE, Fact.STRATEGY_DISCUSSION}),
    ),
    Terms(
        Purpose.EMERGENCY_PROTECTION,
        _ENQUIRY
        | {
            Role.POLICE_RESPONSE,
            Role.POLICE_CONTROL_ROOM,
            Role.POLICE_SUPERVISOR,
            Role.ON_CALL_PAEDIATRICIAN,
        },
        Reach.NATIONAL_RING,
        Tier.SENSITIVE,
        frozenset({Fact.REASON}),
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
    ),
    Terms(
        Purpose.CLA_CARE,
        frozenset({Role.VIRTUAL_SCHOOL_HEAD}),
        Reach.NAMED,
        Tier.UNIVERSAL,
        frozenset({Fact.REFERENCE}),
        _SOCIAL_CARE,
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
    ),
    Terms(
        Purpose.TRANSFER_IN,
        _SCHOOL | {Role.HEALTH_VISITOR, Role.SCHOOL_NURSE, Role.SOCIAL_WORKER, Role.GP},
        Reach.NAMED,
        Tier.UNIVERSAL,
        frozenset({Fact.CHECKED}),
        areas=2,
    ),
    Terms(
        Purpose.EXPLOITATION,
        _CARE | {Role.POLICE_PVP, Role.YJS_WORKER, Role.ICTG},
        Reach.NATIONAL_RING,
        Tier.ENFORCEMENT,
        frozenset({Fact.APPROVAL}),
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
        frozenset({Fact.NOTIFIED}),
    ),
    Terms(
        Purpose.PRACTICE_REVIEW,
        frozenset({Role.PARTNERSHIP_MANAGER, Role.NAMED_PROFESSIONAL, Role.TEAM_MANAGER}),
        Reach.NAMED,
        Tier.ENFORCEMENT,
        frozenset({Fact.APPROVAL}),
    ),
)
"""MISSING_EDUCATION has no row: it may only ask a council to ring back, for which there is no
message yet. A purpose without a row cannot be put in force."""

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
)
"""A MASH_PRACTITIONER stands here at councils only: those of other agencies are seconded to a
named council (``Agency.seconded_to``)."""
