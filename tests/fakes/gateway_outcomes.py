"""Outcomes as a gateway gets them: small ones, and one of an area with 45 agencies. All names are
made up.
"""

from __future__ import annotations

from collections.abc import Sequence

from fingerpost.private.linkage.strength import COMMON_NAME, Strength, StrengthLevel
from fingerpost.private.messages import ALL_DAYS, OpeningHours, Pointer
from fingerpost.protocol.codes import (
    AgencyKind,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Purpose,
    Reach,
    Status,
)
from fingerpost.protocol.federation import Agency, Area, NotConnected
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from practitioner.asking.concluding import count_services
from practitioner.asking.outcome import AgencyOutcome, Outcome, ServiceCount, Widened

ASKED_AT = 1_795_400_000  # Monday, 23 November 2026, 02:13 in London
AREA = Area(AreaCode("e99000001"), "Wexcombe")
NODE = MemberId("node-1")
DAY = 86_400
WEEKDAYS = 31

_SCHOOLS = (
    "Larkrise Primary",
    "Old Mill Lane Primary",
    "Saltmarsh Primary",
    "Copperbeech Primary",
    "Quayside Primary",
    "St Brannock's School",
    *(f"School {n}" for n in range(14)),
)
_PRACTICES = ("Quay Surgery", "Mill Lane Surgery", *(f"Surgery {n}" for n in range(10)))


def agency(name: str, kind: AgencyKind, *services: CoarseKind, desk: str = "") -> Agency:
    slug = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    while "--" in slug:
        slug = slug.replace("--", "-")
    return Agency(
        AgencyId(f"{AREA.code}.{slug[:40].rstrip('-')}"),
        name,
        kind,
        NODE,
        services=services,
        duty_desk=desk,
    )


def said(who: Agency, status: Status, *pointers: Pointer) -> AgencyOutcome:
    answered = status in (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
    return AgencyOutcome(
        who, AREA, status, 7 if answered else 0, ASKED_AT - DAY if answered else 0, pointers
    )


def outcome(
    agencies: Sequence[AgencyOutcome],
    *,
    not_connected: Sequence[NotConnected] = (),
    services: tuple[ServiceCount, ...] | None = None,
    strength: Strength | None = None,
    rejected: int = 0,
    operation: str = "5f0c9a3e71d2b846",
    widened: Widened | None = None,
) -> Outcome:
    gaps = tuple((AREA, gap) for gap in not_connected)
    if services is None:
        services = count_services((CoarseKind.EDUCATION, CoarseKind.GP), agencies, gaps)
    return Outcome(
        operation=operation,
        asked_at=ASKED_AT,
        purpose=Purpose.S47_ENQUIRY,
        reach=Reach.AREA,
        agencies=tuple(agencies),
        not_connected=gaps,
        services=services,
        strength=strength or Strength(StrengthLevel.GOOD, (), sure=True),
        wide=True,
        rejected_answers=rejected,
        widened=widened,
    )


def large(*, gaps: int = 4) -> Outcome:
    """45 agencies: five know the child, ``gaps`` did not answer; 31 more of the area are not
    connected.
    """
    council = agency("Wexcombe Council", AgencyKind.LOCAL_AUTHORITY, desk="020 7946 0100")
    police = agency("Wexcombe Police", AgencyKind.POLICE, desk="020 7946 0110")
    hospital = agency("Wexcombe General Hospital", AgencyKind.NHS_TRUST, desk="020 7946 0120")
    charity = agency("Lanternlight Family Support", AgencyKind.VCS, desk="020 7946 0130")
    schools = [
        agency(name, AgencyKind.SCHOOL, CoarseKind.EDUCATION, desk=f"020 7946 02{n:02}")
        for n, name in enumerate(_SCHOOLS)
    ]
    practices = [
        agency(name, AgencyKind.GP_PRACTICE, CoarseKind.GP, desk=f"020 7946 03{n:02}")
        for n, name in enumerate(_PRACTICES)
    ]
    others = [
        agency(f"Housing Trust {n}", AgencyKind.HOUSING, desk=f"020 7946 04{n:02}")
        for n in range(9)
    ]
    involved = [
        said(
            council,
            Status.INVOLVED,
            Pointer(
                CoarseKind.CHILDRENS_SOCIAL_CARE,
                InvolvementStatus.OPEN,
                worker_role="social worker",
                worker_name="Bea Okonkwo",
                desk_phone="020 7946 0101",
                desk_email="duty@wexcombe.example",
                out_of_hours_phone="020 7946 0801",
                hours=(OpeningHours(WEEKDAYS, 540, 1020),),
                as_of=ASKED_AT - DAY,
                lead_practitioner=True,
                desk=DeskKind.TEAM,
            ),
            Pointer(
                CoarseKind.EARLY_HELP,
                InvolvementStatus.RECENT,
                worker_role="family worker",
                worker_name="Siôn Prŷs-Jones",
                desk_phone="020 7946 0102",
                hours=(OpeningHours(WEEKDAYS, 540, 1020),),
                as_of=ASKED_AT - 30 * DAY,
                early_help_assessment=True,
            ),
        ),
        said(
            schools[2],
            Status.INVOLVED,
            Pointer(
                CoarseKind.EDUCATION,
                InvolvementStatus.OPEN,
                worker_role="designated safeguarding lead",
                worker_name="Catherine Abernathy-Woods",
                desk_phone="020 7946 0202",
                desk_email="dsl@saltmarsh.example",
                hours=(OpeningHours(WEEKDAYS, 480, 990, term_time=True),),
                as_of=ASKED_AT - 2 * DAY,
            ),
        ),
        said(
            hospital,
            Status.INVOLVED,
            Pointer(
                CoarseKind.HOSPITAL,
                InvolvementStatus.PLANNED,
                worker_role="safeguarding nurse",
                desk_phone="020 7946 0121",
                hours=(OpeningHours(ALL_DAYS, 0, 1440),),
                as_of=ASKED_AT - DAY,
            ),
        ),
        said(
            charity,
            Status.INVOLVED,
            Pointer(None, InvolvementStatus.OPEN, desk_phone="020 7946 0131"),
        ),
        said(practices[0], Status.INVOLVED),
    ]
    rest = [police, *schools[:2], *schools[3:], *practices[1:], *others]
    statuses = (Status.NO_REPLY, Status.CANNOT_ANSWER, Status.TRY_AGAIN)
    answers = [
        said(each, statuses[n % 3] if n < gaps else Status.NOTHING_TO_DISCLOSE)
        for n, each in enumerate(rest)
    ]
    absent = [
        *(
            NotConnected(
                f"Absent School {n}",
                AgencyKind.SCHOOL,
                f"020 7946 05{n:02}",
                (CoarseKind.EDUCATION,),
            )
            for n in range(24)
        ),
        *(
            NotConnected(
                f"Absent Surgery {n}",
                AgencyKind.GP_PRACTICE,
                f"020 7946 06{n:02}",
                (CoarseKind.GP,),
            )
            for n in range(6)
        ),
        NotConnected("Harrow Refuge Charity", AgencyKind.VCS, ""),
    ]
    agencies = sorted([*involved, *answers], key=lambda each: each.agency.id)
    return outcome(
        agencies,
        not_connected=absent,
        strength=Strength(StrengthLevel.POOR, (COMMON_NAME,), sure=True),
        rejected=2,
    )
