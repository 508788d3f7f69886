"""Hypothesis strategies for what travels sealed: they draw only what the values allow."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.messages import AgencyAnswer, AnswerPart, Inner, Pointer
from fingerpost.private.passport import HandleProof
from fingerpost.private.purpose_rules import (
    RENEWALS,
    Facts,
    Informed,
    Justification,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.protocol.codes import (
    WIRE_STATUSES,
    Allowance,
    Cannot,
    CoarseKind,
    InvolvementStatus,
    Purpose,
    Status,
    WideningReason,
)
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.limits import HANDLE_PATH
from fingerpost.protocol.messages import Counting

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
demographics = st.builds(
    Demographics,
    forename=ANY_NAME,
    middle_names=ANY_NAME,
    surname=ANY_NAME,
    other_names=st.lists(other_names, max_size=8).map(tuple),
    dob=st.none() | st.dates(date(1, 1, 1)),
    sex=st.none() | st.sampled_from(Sex),
    postcode=st.text("ABZ 19", max_size=10),
    nhs_number=st.text("0123456789 ", max_size=20),
    upn=st.text("A0123456789", max_size=20),
)
DAYS = st.none() | st.dates(date(1, 1, 1))
DISCUSSIONS = st.dates(date(1, 1, 1)).flatmap(
    lambda day: st.sampled_from([StrategyDiscussion(day), StrategyDiscussion(awaited_since=day)])
)
facts = st.builds(
    Facts,
    reason=st.none() | st.sampled_from(Reason),
    informed=st.none() | st.sampled_from(Informed),
    agreed_on=DAYS,
    strategy_discussion=st.none() | DISCUSSIONS,
    arrived_at=TIMES,
    reported_by=st.none() | st.sampled_from(ReportedBy),
    checked=st.booleans(),
    notified_on=DAYS,
    ends_at=TIMES,
    renewals=st.integers(0, RENEWALS),
    reviewer=st.sampled_from(["", "manager-1"]),
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
        approver=st.text("aZ0._-", max_size=64),
        widened_because=st.none() | st.sampled_from(WideningReason),
        facts=facts,
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
    return AgencyAnswer(draw(AGENCIES), status, draw(NUMBERS), draw(TIMES), why)


@st.composite
def pointers(draw: st.DrawFn, agency: AgencyId) -> Pointer:
    kind = draw(st.none() | st.sampled_from(CoarseKind))
    named = kind is not None
    return Pointer(
        agency=agency,
        kind=kind,
        status=draw(st.sampled_from(InvolvementStatus)),
        worker_role=draw(plain(60)) if named else "",
        worker_name=draw(plain(80)) if named else "",
        desk_phone=draw(TELEPHONES),
        desk_email=draw(EMAILS),
        out_of_hours_phone=draw(TELEPHONES),
        hours=draw(plain(60)),
        as_of=draw(TIMES),
        lead_practitioner=named and draw(st.booleans()),
        early_help_assessment=named and draw(st.booleans()),
    )


@st.composite
def answer_parts(draw: st.DrawFn) -> AnswerPart:
    answers = draw(st.lists(agency_answers(), max_size=6, unique_by=lambda a: a.agency))
    involved = [a.agency for a in answers if a.status is Status.INVOLVED]
    disclosed = draw(st.lists(st.sampled_from(involved), max_size=8)) if involved else []
    parts = draw(st.integers(1, 1024))
    return AnswerPart(
        query_hash=draw(st.binary(min_size=32, max_size=32)),
        node=draw(NODES),
        metadata_version=draw(NUMBERS),
        part=draw(st.integers(0, parts - 1)),
        parts=parts,
        agencies=tuple(sorted(answers, key=lambda a: a.agency)),
        pointers=tuple(draw(pointers(agency)) for agency in disclosed),
    )
