"""Outcomes of every shape, for properties of what is shown."""

from __future__ import annotations

from hypothesis import strategies as st

from fakes.gateway_outcomes import AREA, ASKED_AT, NODE
from fingerpost.private.linkage import Unused
from fingerpost.private.linkage.strength import COMMON_NAME, NO_DATE, Strength, StrengthLevel
from fingerpost.private.messages import OpeningHours, Pointer
from fingerpost.protocol.codes import (
    AgencyKind,
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Purpose,
    Quality,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.federation import Agency, NotConnected
from fingerpost.protocol.ids import AgencyId
from practitioner.asking.concluding import count_services, universal_for
from practitioner.asking.outcome import USABLE, AgencyOutcome, NotAsked, Outcome, OwnRecord, Widened

ASKED_STATUSES = tuple(status for status in Status if status is not Status.NOT_CONNECTED)
HOSTILE = st.text(
    st.sampled_from("[]red/bold\\ \x1b\x07\n\r\t\u202e\u200f\u2028:_`*#<>&\"'ab9ü\ud7ff"),
    max_size=30,
)
TELEPHONES = st.sampled_from(["", "020 7946 0101", "+44 20 7946 0102"])
STRENGTHS = (
    Strength(StrengthLevel.GOOD, (), sure=True),
    Strength(StrengthLevel.POOR, (NO_DATE, COMMON_NAME), sure=True),
)
WIDENED = st.builds(Widened, st.just("00000000000000aa"), st.sampled_from(WideningReason))
HOURS = st.sampled_from(
    [
        (),
        (OpeningHours(31, 540, 1020),),
        (OpeningHours(127, 0, 1440),),
        (OpeningHours(31, 480, 990, term_time=True),),
        (OpeningHours(32, 600, 720), OpeningHours(64, 1320, 360)),
    ]
)


@st.composite
def pointers(draw: st.DrawFn) -> Pointer:
    kind = draw(st.none() | st.sampled_from(CoarseKind))
    named = kind is not None
    return Pointer(
        kind,
        draw(st.sampled_from(InvolvementStatus)),
        worker_role=draw(st.sampled_from(["", "social worker"])) if named else "",
        worker_name=draw(st.sampled_from(["", "Bea Okonkwo"])) if named else "",
        desk_phone=draw(TELEPHONES),
        desk_email=draw(st.sampled_from(["", "duty@wexcombe.example"])),
        out_of_hours_phone=draw(TELEPHONES),
        hours=draw(HOURS),
        as_of=draw(st.sampled_from([0, ASKED_AT - 86_400])),
        lead_practitioner=named and draw(st.booleans()),
        early_help_assessment=named and draw(st.booleans()),
        desk=draw(st.none() | st.sampled_from(DeskKind)),
        staffed_until=draw(st.sampled_from([0, ASKED_AT - 86_400, ASKED_AT + 86_400])),
        number_reported_wrong=draw(st.booleans()),
    )


@st.composite
def agency_outcomes(draw: st.DrawFn, number: int, names: st.SearchStrategy[str]) -> AgencyOutcome:
    who = Agency(
        AgencyId(f"{AREA.code}.agency-{number}"),
        draw(names),
        draw(st.sampled_from(AgencyKind)),
        NODE,
        services=tuple(draw(st.sets(st.sampled_from(CoarseKind), max_size=2))),
        duty_desk=draw(TELEPHONES),
    )
    status = draw(st.sampled_from(ASKED_STATUSES))
    found = draw(st.lists(pointers(), max_size=3)) if status is Status.INVOLVED else []
    as_of = draw(st.sampled_from([0, ASKED_AT]))
    reason = draw(st.sampled_from(Cannot)) if status is Status.CANNOT_ANSWER else None
    quality = draw(st.none() | st.sampled_from(Quality)) if status in USABLE else None
    unasked = draw(st.sampled_from(NotAsked)) if status is Status.NOT_ASKED else None
    return AgencyOutcome(who, AREA, status, 1, as_of, tuple(found), reason, quality, unasked)


@st.composite
def outcomes(draw: st.DrawFn, names: st.SearchStrategy[str] | None = None) -> Outcome:
    texts = st.just("Quay Street") if names is None else names
    agencies = [draw(agency_outcomes(n, texts)) for n in range(draw(st.integers(0, 20)))]
    services = st.sets(st.sampled_from(CoarseKind), max_size=1).map(tuple)
    missing = st.builds(NotConnected, texts, st.sampled_from(AgencyKind), TELEPHONES, services)
    absent = draw(st.lists(st.tuples(st.just(AREA), missing), max_size=8))
    return Outcome(
        operation=f"{draw(st.integers(0, 2**64 - 1)):016x}",
        asked_at=ASKED_AT,
        purpose=draw(st.sampled_from(Purpose)),
        reach=draw(st.sampled_from(Reach)),
        agencies=tuple(agencies),
        not_connected=tuple(absent),
        services=count_services(universal_for(None, ASKED_AT), agencies, absent),
        strength=draw(st.sampled_from(STRENGTHS)),
        wide=draw(st.booleans()),
        rejected_answers=draw(st.integers(0, 3)),
        widened=draw(st.none() | WIDENED),
        own_record=draw(st.none() | st.sampled_from(OwnRecord)),
        unused=tuple(draw(st.lists(st.sampled_from(Unused), max_size=3, unique=True))),
        call_back=draw(st.sampled_from([None, *(each.agency for each in agencies)])),
        former_stated=draw(st.booleans()),
    )
