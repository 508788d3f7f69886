"""The closed code lists of the federation: what may be asked, by whom, and what may be disclosed.

Values are the stable names used in metadata, passports, exports and settings; numbers are those on
the wire. A list grows only by a new signed version; nothing here is configurable by a party, an
area or an agency: they may narrow what the lists allow, never widen it.

Sources: Children Act 1989 (CA 1989), Children Act 2004 (CA 2004), Education Act 1996, Working
Together to Safeguard Children 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum, unique
from types import MappingProxyType
from typing import Final

CODE_LIST_VERSION: Final = 3
"""Of the lists as they stand here, with which a federation begins. Governance may put shorter ones
in force under a later version without new programs; a list with a name that this code does not know
is refused whole (``federation_files``)."""


@unique
class Reach(IntEnum):
    """How far a lookup goes. Reach is counted in areas, never "everyone"."""

    AREA = 1
    AREA_AND_NEIGHBOURS = 2
    NAMED = 3  # at most limits.NAMED_AREAS areas named in the query
    NATIONAL_RING = 4  # councils, police forces and large trusts of all areas


WIDE_REACHES: Final = frozenset({Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NAMED})
"""How far wide keys may go at all. Broker and nodes see a query's reach and key set, and hold them
to this. Beyond the requester's own area they need a ``WideningReason`` as well, which only who
opens the query can see."""


@unique
class Status(IntEnum):
    """What an agency's node says about one query, and what the requester's side adds.

    TRY_AGAIN and CANNOT_ANSWER depend on public facts only. NOTHING_TO_DISCLOSE means alike: no
    record, shielded, withheld, sensitive without consent, not permitted.
    """

    INVOLVED = 1
    NOTHING_TO_DISCLOSE = 2
    TRY_AGAIN = 3
    CANNOT_ANSWER = 4
    NO_REPLY = 5  # requester's side only: a member that gave no valid answer in time
    NOT_CONNECTED = 6  # requester's side only: an agency of the area that is not a member
    NOT_ASKED = 7  # requester's side only: a member to which the query did not go


@unique
class Cannot(IntEnum):
    """Why an agency answers CANNOT_ANSWER: a public fact, the same for every child."""

    VERSION = 1  # another version, epoch or member list
    NOT_READY = 2  # nothing imported yet, or not yet indexed for this time
    TOO_OLD = 3  # its records are older than the parameters allow
    FAULT = 4  # an operator has to mend something
    WENT_BACK = 5  # its records are older than ones that it had answered from


@unique
class Quality(IntEnum):
    """How well an agency's records can be found, in few classes: the share of them that at least
    two strong blocking rules find far away (``private.linkage.strength``). It follows from an
    import as a whole and is the same for every child."""

    GOOD = 1  # at least 95 in 100
    FAIR = 2  # at least 80 in 100
    POOR = 3


WIRE_STATUSES: Final = frozenset(
    {Status.INVOLVED, Status.NOTHING_TO_DISCLOSE, Status.TRY_AGAIN, Status.CANNOT_ANSWER}
)


@unique
class Purpose(IntEnum):
    S47_ENQUIRY = 1
    EMERGENCY_PROTECTION = 2
    REFERRAL_TRIAGE = 3
    S17_ASSESSMENT = 4
    EARLY_HELP = 5
    CLA_CARE = 6
    TRANSFER_IN = 7
    MISSING_CHILD = 8
    URGENT_CARE = 9
    EXPLOITATION = 10
    CHILD_DEATH = 11
    PRACTICE_REVIEW = 12
    SAFEGUARDING_CONCERN = 13
    LEAVING_CARE = 14
    MISSING_EDUCATION = 15


@unique
class WideningReason(IntEnum):
    """Why a lookup is asked a second time, with wide keys beyond the requester's own area. Which
    purpose may give which: ``fingerpost.private.purpose_rules``."""

    NO_UNIVERSAL_SERVICE_NAMED = 1
    OTHER_NAME_LIKELY = 2
    DATE_OF_BIRTH_UNCERTAIN = 3
    RECENT_MOVE = 4
    DIRECTED_BY_STRATEGY_DISCUSSION = 5


WIDENING_WORDS: Final[Mapping[WideningReason, str]] = MappingProxyType(
    {
        WideningReason.NO_UNIVERSAL_SERVICE_NAMED: (
            "no school, GP practice or health visiting service named itself"
        ),
        WideningReason.OTHER_NAME_LIKELY: "the child is likely to be recorded under another name",
        WideningReason.DATE_OF_BIRTH_UNCERTAIN: "the date of birth is uncertain",
        WideningReason.RECENT_MOVE: "the child has moved recently",
        WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION: "a strategy discussion has directed it",
    }
)
"""For people; each ends the sentence "asked again with wider keys, because …"."""


@unique
class Kind(IntEnum):
    """Kinds of involvement as an agency's own records state them. Those from 101 are sensitive."""

    EDU_SCHOOL = 1
    EDU_EARLY_YEARS = 2
    EDU_COLLEGE = 3
    EDU_ALTERNATIVE = 4
    EDU_WELFARE = 5
    EDU_SEND = 6
    GP = 7
    HEALTH_VISITING = 8
    SCHOOL_NURSING = 9
    MIDWIFERY = 10
    HOSPITAL_PAEDIATRICS = 11
    HOSPITAL_ED = 12
    COMMUNITY_PAEDIATRICS = 13
    THERAPY = 14
    CSC_FRONT_DOOR = 15
    CSC_ASSESSMENT = 16
    CSC_CIN = 17
    CSC_CP = 18
    CSC_CLA = 19
    CSC_LEAVING_CARE = 20
    CSC_DISABILITY = 21
    EARLY_HELP = 22
    FAMILY_HUB = 23
    POLICE_PROTECTION = 24
    YOUTH_JUSTICE = 25
    HOUSING = 26
    FIRE_RESCUE = 27
    VCS_FAMILY = 28
    VCS_YOUTH = 29
    YOUNG_CARERS = 30
    SEXUAL_HEALTH = 101
    MENTAL_HEALTH = 102
    SUBSTANCE_MISUSE = 103
    DOMESTIC_ABUSE = 104
    SARC = 105
    REFUGE = 106
    TRAFFICKING_SUPPORT = 107
    PREGNANCY = 108

    @property
    def sensitive(self) -> bool:
        return self.value >= 101


@unique
class DeskKind(IntEnum):
    """Whose desk a pointer names."""

    WORKER = 1
    TEAM = 2
    DUTY = 3
    OUT_OF_HOURS = 4


@unique
class CoarseKind(IntEnum):
    """Kinds as they travel. They are coarse, so that a kind reveals no content of a case."""

    EDUCATION = 1
    EARLY_YEARS = 2
    COLLEGE = 3
    EDUCATION_WELFARE = 4
    GP = 5
    HEALTH_VISITING = 6
    SCHOOL_NURSING = 7
    MIDWIFERY = 8
    HOSPITAL = 9
    COMMUNITY_HEALTH = 10
    CHILDRENS_SOCIAL_CARE = 11
    EARLY_HELP = 12
    POLICE_SAFEGUARDING_DESK = 13
    YOUTH_JUSTICE = 14
    HOUSING = 15
    FIRE_RESCUE = 16
    VOLUNTARY_SECTOR = 17


COARSE: Final[Mapping[Kind, CoarseKind]] = MappingProxyType(
    {
        Kind.EDU_SCHOOL: CoarseKind.EDUCATION,
        Kind.EDU_EARLY_YEARS: CoarseKind.EARLY_YEARS,
        Kind.EDU_COLLEGE: CoarseKind.COLLEGE,
        Kind.EDU_ALTERNATIVE: CoarseKind.EDUCATION,
        Kind.EDU_WELFARE: CoarseKind.EDUCATION_WELFARE,
        Kind.EDU_SEND: CoarseKind.EDUCATION,
        Kind.GP: CoarseKind.GP,
        Kind.HEALTH_VISITING: CoarseKind.HEALTH_VISITING,
        Kind.SCHOOL_NURSING: CoarseKind.SCHOOL_NURSING,
        Kind.MIDWIFERY: CoarseKind.MIDWIFERY,
        Kind.HOSPITAL_PAEDIATRICS: CoarseKind.HOSPITAL,
        Kind.HOSPITAL_ED: CoarseKind.HOSPITAL,
        Kind.COMMUNITY_PAEDIATRICS: CoarseKind.COMMUNITY_HEALTH,
        Kind.THERAPY: CoarseKind.COMMUNITY_HEALTH,
        Kind.CSC_FRONT_DOOR: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.CSC_ASSESSMENT: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.CSC_CIN: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.CSC_CP: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.CSC_CLA: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.CSC_LEAVING_CARE: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.CSC_DISABILITY: CoarseKind.CHILDRENS_SOCIAL_CARE,
        Kind.EARLY_HELP: CoarseKind.EARLY_HELP,
        Kind.FAMILY_HUB: CoarseKind.EARLY_HELP,
        Kind.POLICE_PROTECTION: CoarseKind.POLICE_SAFEGUARDING_DESK,
        Kind.YOUTH_JUSTICE: CoarseKind.YOUTH_JUSTICE,
        Kind.HOUSING: CoarseKind.HOUSING,
        Kind.FIRE_RESCUE: CoarseKind.FIRE_RESCUE,
        Kind.VCS_FAMILY: CoarseKind.VOLUNTARY_SECTOR,
        Kind.VCS_YOUTH: CoarseKind.VOLUNTARY_SECTOR,
        Kind.YOUNG_CARERS: CoarseKind.VOLUNTARY_SECTOR,
    }
)
"""Sensitive kinds are absent on purpose: without an agreement they have no form on the wire."""


@unique
class Role(IntEnum):
    """Roles of people at an agency. Which may ask for what: ``terms``. Those from 101 never ask."""

    DSL = 1
    DEPUTY_DSL = 2
    SOCIAL_WORKER = 3
    MASH_PRACTITIONER = 4
    TEAM_MANAGER = 5
    EDT_WORKER = 6
    EARLY_HELP_WORKER = 7
    HEALTH_VISITOR = 8
    SCHOOL_NURSE = 9
    MIDWIFE = 10
    GP = 11
    PRACTICE_SAFEGUARDING_LEAD = 12
    NAMED_PROFESSIONAL = 13
    ED_CLINICIAN = 14
    PAEDIATRICIAN = 15
    CAMHS_CLINICIAN = 16
    POLICE_PVP = 17
    POLICE_SUPERVISOR = 18
    YJS_WORKER = 19
    VCS_SAFEGUARDING_LEAD = 20
    CHILDRENS_NURSE = 21
    AGENCY_SAFEGUARDING_LEAD = 22  # housing, fire, ambulance, dental, children's home
    FAMILY_HUB_WORKER = 23
    CONTACT_OFFICER = 24
    LEAD_PRACTITIONER = 25  # named by a social worker
    LEAD_CHILD_PROTECTION_PRACTITIONER = 26
    POLICE_RESPONSE = 27
    POLICE_CONTROL_ROOM = 28
    POLICE_MISSING_UNIT = 29
    ON_CALL_PAEDIATRICIAN = 30
    URGENT_CARE_CLINICIAN = 31
    PARAMEDIC = 32
    IRO = 33  # independent reviewing officer
    CLA_NURSE = 34
    PERSONAL_ADVISER = 35
    VIRTUAL_SCHOOL_HEAD = 36
    CME_OFFICER = 37  # children missing education
    ICTG = 38  # independent child trafficking guardian
    PARTNERSHIP_MANAGER = 39
    NODE_ADMIN = 101
    DPO = 102
    AUDITOR = 103
    FEDERATION_OPERATOR = 104


@unique
class Allowance(IntEnum):
    """Against which limits the broker counts a query. It shows the broker that somebody works at a
    duty desk, or that her ordinary limit did not suffice. Who opens the query holds it to role and
    purpose."""

    ORDINARY = 1
    DESK = 2  # for DESK_ROLES
    RESERVE = 3  # for RESERVE_PURPOSES, once the ordinary limit is reached


DESK_ROLES: Final = frozenset({Role.MASH_PRACTITIONER, Role.EDT_WORKER})
RESERVE_PURPOSES: Final = frozenset({Purpose.EMERGENCY_PROTECTION})


@unique
class AgencyKind(Enum):
    LOCAL_AUTHORITY = "LOCAL_AUTHORITY"
    SCHOOL = "SCHOOL"
    MULTI_ACADEMY_TRUST = "MULTI_ACADEMY_TRUST"
    COLLEGE = "COLLEGE"
    EARLY_YEARS = "EARLY_YEARS"
    GP_PRACTICE = "GP_PRACTICE"
    NHS_TRUST = "NHS_TRUST"
    ICB = "ICB"
    AMBULANCE = "AMBULANCE"
    POLICE = "POLICE"
    YOUTH_JUSTICE = "YOUTH_JUSTICE"
    VCS = "VCS"
    HOUSING = "HOUSING"
    FIRE = "FIRE"
    DENTAL_PRACTICE = "DENTAL_PRACTICE"
    CHILDRENS_HOME = "CHILDRENS_HOME"


NATIONAL_RING_KINDS: Final = frozenset(
    {AgencyKind.LOCAL_AUTHORITY, AgencyKind.POLICE, AgencyKind.NHS_TRUST}
)


@unique
class InvolvementStatus(IntEnum):
    OPEN = 1
    RECENT = 2
    PLANNED = 3


@unique
class Acr(Enum):
    """How a practitioner signed in (the passport's ``acr``). No value stands for "unknown"."""

    PASSWORD_TOTP = "urn:fingerpost:acr:password-totp"  # noqa: S105
