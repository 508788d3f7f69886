"""Hypothesis strategies for what travels sealed: they draw only what the values allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from fingerpost.private.demographics import (
    Birth,
    Demographics,
    ExpectedDate,
    OtherName,
    PartialDate,
    Scheme,
    Sex,
)
from fingerpost.private.justification import (
    AgreedBy,
    Engagement,
    Facts,
    Informed,
    Justification,
    Origin,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.private.messages import (
    ANSWERED,
    AgencyAnswer,
    AnswerPart,
    Inner,
    OpeningHours,
    Pointer,
)
from fingerpost.private.passport import HandleProof
from fingerpost.protocol.codes import (
    WIRE_STATUSES,
    Allowance,
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Purpose,
    Status,
    WideningReason,
)
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.limits import HANDLE_PATH
from fingerpost.protocol.messages import Counting, size_class

NUMBERS = st.integers(0, 2**40 - 1)
TIMES = st.integers(0, 253_402_300_799)
ANY_NAME = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x7f", min_codepoint=0x20),
    max_size=100,
)
AGENCIES = st.from_regex(
    r"[a-z][0-9]{8}\.[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True
).map(AgencyId)
NODES = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True).map(MemberId)
TELEPHONES = st.text("0123456789 +", max_size=24)
EMAILS = st.sampled_from(["", "desk@council.gov.uk", "a" * 80 + "@school.example.uk"])


def plain(chars: int) -> st.SearchStrategy[str]:
    """Text of the narrow alphabet, two bytes a character at most."""
    return st.text("aZ09 '–.,()/&+:-éŁž\u0308’ễ", max_size=chars).filter(
        lambda text: len(text.encode()) <= 2 * chars
    )


other_names = st.builds(OtherName, ANY_NAME, ANY_NAME)
NUMBERED = st.one_of(
    st.just(("", None)),
    st.tuples(st.text("0123456789 ", min_size=1, max_size=20), st.none()),
    st.sampled_from(
        [
            ("943 476 5919", Scheme.NHS),
            ("0101010117", Scheme.CHI),
            ("320-000-0031", Scheme.HC),
            ("not known", Scheme.HC),
        ]
    ),
)


births: st.SearchStrategy[Birth] = st.one_of(
    st.dates(date(1, 1, 1)),
    st.builds(PartialDate, st.integers(2, 9998), st.none() | st.integers(1, 12)),
    st.builds(PartialDate, st.integers(2, 9998), about=st.booleans()),
    st.builds(ExpectedDate, st.dates(date(2, 1, 1), date(9998, 12, 31))),
)


def _child(
    birth: Birth | None,
    sex: Sex | None,
    upn: str,
    numbered: tuple[str, Scheme | None],
    **fields: Any,
) -> Demographics:
    """An unborn child has neither number nor sex."""
    if isinstance(birth, ExpectedDate):
        return Demographics(dob=birth, **fields)
    number, scheme = numbered
    return Demographics(
        dob=birth, sex=sex, upn=upn, health_number=number, number_scheme=scheme, **fields
    )


demographics = st.builds(
    _child,
    numbered=NUMBERED,
    forename=ANY_NAME,
    middle_names=ANY_NAME,
    surname=ANY_NAME,
    other_names=st.lists(other_names, max_size=8).map(tuple),
    birth=st.none() | births,
    sex=st.none() | st.sampled_from(Sex),
    postcode=st.text("ABZ 19", max_size=10),
    former_postcodes=st.lists(st.text("ABZ 19", min_size=1, max_size=10), max_size=3).map(tuple),
    upn=st.text("A0123456789", max_size=20),
)
DAYS = st.none() | st.dates(date(1, 1, 1))
DISCUSSIONS = st.dates(date(1, 1, 1)).flatmap(
    lambda day: st.sampled_from([StrategyDiscussion(day), StrategyDiscussion(awaited_since=day)])
)
facts = st.builds(
    Facts,
    reason=st.none() | st.sampled_from(Reason),
    engagement=st.none() | st.sampled_from(Engagement),
    informed=st.none() | st.sampled_from(Informed),
    agreed_by=st.none() | st.sampled_from(AgreedBy),
    agreed_on=DAYS,
    requested_by=st.none() | AGENCIES,
    lead_since=DAYS,
    strategy_discussion=st.none() | DISCUSSIONS,
    arrived_at=TIMES,
    joined_on=DAYS,
    origin=st.none() | st.sampled_from(Origin),
    not_hiding=st.booleans(),
    reported_by=st.none() | st.sampled_from(ReportedBy),
    checked=st.booleans(),
    missing_since=TIMES,
    renewed_at=TIMES,
    renewed_by=st.sampled_from(["", "manager-3"]),
    notified_on=DAYS,
    nobody_nearer=st.booleans(),
    reviewer=st.sampled_from(["", "manager-1"]),
    call_back=st.none() | AGENCIES,
)
inners = st.builds(
    Inner,
    agency=AGENCIES,
    gateway=NODES,
    passport_token=st.text("abcXYZ019-_.", min_size=1, max_size=1536),
    justification=st.builds(
        Justification,
        purpose=st.sampled_from(Purpose),
        reason_reference=st.text("aZ0./_:-", max_size=64),
        widened_because=st.none() | st.sampled_from(WideningReason),
        facts=facts,
        approvals=st.lists(st.binary(min_size=1, max_size=400), max_size=2).map(tuple),
    ),
    demographics=demographics,
    counting=st.builds(
        Counting,
        lookup=st.binary(min_size=16, max_size=16),
        allowance=st.sampled_from(Allowance),
        salt=st.binary(min_size=32, max_size=32),
    ),
    handle_proof=st.builds(
        HandleProof,
        day_key=st.binary(min_size=32, max_size=32),
        path=st.lists(
            st.binary(min_size=32, max_size=32), min_size=HANDLE_PATH, max_size=HANDLE_PATH
        ).map(tuple),
    ),
)


@st.composite
def agency_answers(draw: st.DrawFn) -> AgencyAnswer:
    status = draw(st.sampled_from(sorted(WIRE_STATUSES)))
    why = draw(st.sampled_from(Cannot)) if status is Status.CANNOT_ANSWER else None
    numbers, times = NUMBERS, TIMES
    if status in ANSWERED:  # from records, which have a date
        numbers, times = (each.filter(bool) for each in (NUMBERS, TIMES))
    return AgencyAnswer(
        draw(AGENCIES),
        status,
        draw(numbers),
        draw(times),
        why,
        commitment=draw(st.binary(min_size=32, max_size=32)),
    )


HOURS = st.lists(
    st.builds(
        OpeningHours,
        st.integers(1, 127),
        st.integers(0, 24 * 60 - 1),
        st.integers(0, 24 * 60),
        st.booleans(),
    ),
    max_size=8,
    unique=True,
).map(lambda hours: tuple(sorted(hours)))


@st.composite
def pointers(draw: st.DrawFn) -> Pointer:
    kind = draw(st.none() | st.sampled_from(CoarseKind))
    named = kind is not None
    return Pointer(
        kind=kind,
        status=draw(st.sampled_from(InvolvementStatus)),
        worker_role=draw(plain(60)) if named else "",
        worker_name=draw(plain(80)) if named else "",
        desk_phone=draw(TELEPHONES),
        desk_email=draw(EMAILS),
        out_of_hours_phone=draw(TELEPHONES),
        hours=draw(HOURS),
        as_of=draw(TIMES),
        lead_practitioner=named and draw(st.booleans()),
        early_help_assessment=named and draw(st.booleans()),
        desk=draw(st.none() | st.sampled_from(DeskKind)),
        staffed_until=draw(TIMES),
        number_reported_wrong=draw(st.booleans()),
    )


@st.composite
def answer_parts(draw: st.DrawFn) -> AnswerPart:
    most = draw(st.sampled_from([1, 2, 9, 12]))
    answers = draw(st.lists(agency_answers(), max_size=most, unique_by=lambda a: a.agency))
    left = size_class(len(answers)).pointers
    for place, answer in enumerate(answers):
        if answer.status is Status.INVOLVED:
            mine = draw(st.lists(pointers(), max_size=left))
            answers[place] = replace(answer, pointers=tuple(mine))
            left -= len(mine)
    parts = draw(st.integers(1, 1024))
    return AnswerPart(
        query_hash=draw(st.binary(min_size=32, max_size=32)),
        node=draw(NODES),
        metadata_version=draw(NUMBERS),
        part=draw(st.integers(0, parts - 1)),
        parts=parts,
        agencies=tuple(sorted(answers, key=lambda a: a.agency)),
        note_secret=draw(st.binary(min_size=32, max_size=32)),
    )
