"""What an agency discloses about a child who matched, over every purpose, kind, status and flag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import effort
from agency_node.answering.disclosure import Asks, Disclosed, disclose, fill_slots
from agency_node.policy.agreement import InForce
from agency_node.policy.places import Place
from agency_node.records.records import ChildRecord, Involvement
from fakes.agreements import ready_agreement
from fakes.federations import NOW
from fakes.justified import justified
from fakes.node_records import an_involvement
from fakes.node_world import COUNCIL, SCHOOL, a_child, a_federation, a_passport, a_record
from fingerpost.private.justification import Facts, Reason
from fingerpost.private.messages import Pointer, Question
from fingerpost.protocol.codes import (
    COARSE,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Kind,
    Purpose,
    Role,
)
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import size_class
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row

READY: Final = ready_agreement(NOW).on(datetime.fromtimestamp(NOW, UTC).date())


def pointers(
    agency: AgencyId,
    children: Sequence[ChildRecord],
    question: Question,
    in_force: InForce = READY,
    place: Place = Place.NAMED,
    **more: Any,
) -> tuple[Pointer, ...]:
    """What is disclosed under the ready set, which takes nothing from the signed terms."""
    return disclose(agency, children, Asks.of(question, place), in_force, **more).pointers


involvements = st.builds(
    an_involvement,
    st.sampled_from(Kind),
    status=st.sampled_from(InvolvementStatus),
    worker_name=st.sampled_from(["", "Robin Ferris", "Jo Pine"]),
    as_of=st.integers(0, 100),
    lead=st.booleans(),
    early_help=st.booleans(),
    sensitive=st.booleans(),
    shielded=st.booleans(),
    ended_on=st.none() | st.just(date(2026, 1, 1)),
)
children = st.lists(st.lists(involvements, min_size=1, max_size=6), max_size=3).map(
    lambda rows: [a_record(n, None, *some) for n, some in enumerate(rows)]
)
SERVICES_OF_ALL: Final = frozenset(
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
SOCIAL_CARE: Final = frozenset(
    {
        Kind.CSC_ASSESSMENT,
        Kind.CSC_CIN,
        Kind.CSC_CP,
        Kind.CSC_CLA,
        Kind.CSC_LEAVING_CARE,
        Kind.CSC_DISABILITY,
    }
)
FAMILYS: Final = (
    SERVICES_OF_ALL
    | SOCIAL_CARE
    | {
        Kind.MIDWIFERY,
        Kind.HOSPITAL_PAEDIATRICS,
        Kind.HOSPITAL_ED,
        Kind.COMMUNITY_PAEDIATRICS,
        Kind.THERAPY,
        Kind.EARLY_HELP,
        Kind.FAMILY_HUB,
        Kind.VCS_FAMILY,
        Kind.VCS_YOUTH,
        Kind.YOUNG_CARERS,
    }
)
ALL: Final = FAMILYS | {
    Kind.POLICE_PROTECTION,
    Kind.YOUTH_JUSTICE,
    Kind.HOUSING,
    Kind.FIRE_RESCUE,
}
DISCLOSED: Final = {
    (Purpose.SAFEGUARDING_CONCERN, Role.DSL): SERVICES_OF_ALL,
    (Purpose.EARLY_HELP, Role.HEALTH_VISITOR): SERVICES_OF_ALL | {Kind.EARLY_HELP, Kind.FAMILY_HUB},
    (Purpose.REFERRAL_TRIAGE, Role.MASH_PRACTITIONER): FAMILYS,
    (Purpose.S17_ASSESSMENT, Role.SOCIAL_WORKER): FAMILYS,
    (Purpose.S17_ASSESSMENT, Role.LEAD_PRACTITIONER): FAMILYS,
    (Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER): ALL,
    (Purpose.S47_ENQUIRY, Role.NAMED_PROFESSIONAL): ALL,
    (Purpose.EMERGENCY_PROTECTION, Role.POLICE_RESPONSE): ALL,
    (Purpose.URGENT_CARE, Role.ED_CLINICIAN): FAMILYS,
    (Purpose.CLA_CARE, Role.IRO): FAMILYS,
    (Purpose.CLA_CARE, Role.VIRTUAL_SCHOOL_HEAD): SERVICES_OF_ALL | SOCIAL_CARE,
    (Purpose.LEAVING_CARE, Role.PERSONAL_ADVISER): SERVICES_OF_ALL,
    (Purpose.MISSING_CHILD, Role.POLICE_MISSING_UNIT): ALL,
    (Purpose.TRANSFER_IN, Role.DEPUTY_DSL): frozenset(),
    (Purpose.EXPLOITATION, Role.ICTG): ALL,
    (Purpose.CHILD_DEATH, Role.ON_CALL_PAEDIATRICIAN): ALL,
    (Purpose.PRACTICE_REVIEW, Role.PARTNERSHIP_MANAGER): ALL,
    (Purpose.MISSING_EDUCATION, Role.CME_OFFICER): frozenset(),
}
"""Written out, and not read from the terms: what each purpose is shown of an ordinary involvement,
by one role of each row. No purpose is shown a sensitive kind."""
DISCLOSED_AT_HARM: Final = DISCLOSED | {
    (Purpose.REFERRAL_TRIAGE, Role.MASH_PRACTITIONER): ALL,
}
"""Likewise where the requester states that significant harm is likely."""
rows_of_the_table = st.sampled_from(sorted(DISCLOSED))


def a_question(purpose: Purpose, role: Role, *, harm: bool = False) -> Question:
    terms = row(TERMS, purpose, role)
    assert terms is not None
    facts = Facts(reason=Reason.LIKELY_SIGNIFICANT_HARM if harm else Reason.LIKELY_IN_NEED)
    return Question(
        requester=a_federation().agency(COUNCIL),
        passport=a_passport(NOW, role=role),
        justification=replace(justified(purpose), facts=facts),
        demographics=a_child(),
        terms=terms,
    )


ENQUIRY: Final = a_question(Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)


def may_be_told(row: Involvement, named: tuple[Purpose, Role], *, harm: bool) -> bool:
    """A lead practitioner is named wherever she works, but never out of a sensitive service, and
    not to whom nothing is named."""
    kinds = (DISCLOSED_AT_HARM if harm else DISCLOSED)[named]
    if not kinds:
        return False
    return not row.sensitive and row.kind in ALL and (row.kind in kinds or row.lead)


def test_the_table_has_every_row_of_the_terms_and_every_kind() -> None:
    """A purpose or a kind that is added and forgotten here fails."""
    found = [row(TERMS, purpose, role) for purpose, role in DISCLOSED]
    assert all(each in found for each in TERMS)
    assert len(DISCLOSED) == len(TERMS)
    assert {purpose for purpose, _ in DISCLOSED} == set(Purpose)
    assert {kind for kind in Kind if not kind.sensitive} == ALL == COARSE.keys()


@pytest.mark.parametrize("harm", [False, True])
@pytest.mark.parametrize("lead", [False, True])
@pytest.mark.parametrize("named", DISCLOSED, ids=lambda named: "-".join(x.name for x in named))
def test_each_kind_alone(named: tuple[Purpose, Role], lead: bool, harm: bool) -> None:
    question = a_question(*named, harm=harm)
    disclosed = {
        kind
        for kind in Kind
        if pointers(SCHOOL, [a_record(0, None, an_involvement(kind, lead=lead))], question)
    }
    expected = (DISCLOSED_AT_HARM if harm else DISCLOSED)[named]
    assert disclosed == (ALL if lead and expected else expected)


@given(children, children, rows_of_the_table)
def test_of_a_place_that_was_not_named_nothing_is_told_or_to_ring_one_desk(
    matched: list[ChildRecord], possible: list[ChildRecord], named: tuple[Purpose, Role]
) -> None:
    """And of that desk not how many services know the child, which, or since when."""
    question = a_question(*named)
    here = pointers(SCHOOL, matched, question, possible=possible)
    assert pointers(SCHOOL, matched, question, possible=possible, place=Place.NOT_NAMED) == ()
    desk = Pointer(None, InvolvementStatus.OPEN, desk=DeskKind.DUTY)
    away = pointers(SCHOOL, matched, question, possible=possible, place=Place.FRONT_DOOR)
    assert away == ((desk,) if here else ())


@given(children, children, rows_of_the_table)
def test_an_agencys_own_practitioner_is_told_what_it_records_unless_it_is_shielded(
    matched: list[ChildRecord], possible: list[ChildRecord], named: tuple[Purpose, Role]
) -> None:
    """Whatever the purpose: so she learns whether the child is new there. What is sensitive and
    what is shielded stays withheld from her as from others."""
    disclosed = pointers(COUNCIL, matched, a_question(*named), possible=possible)
    rows = [row for child in matched for row in child.involvements]
    near = [row for child in possible for row in child.involvements]
    shielded = any(row.shielded for row in rows + near)
    told = [] if shielded else [row for row in rows if not row.sensitive and row.kind in ALL]
    assert {(p.kind, p.status, p.worker_name) for p in disclosed} == {
        (COARSE[row.kind], row.status, row.worker_name) for row in told
    }


@effort.examples(200)
@given(children, children, rows_of_the_table, st.booleans())
def test_what_is_told_is_exactly_what_the_table_lets(
    matched: list[ChildRecord],
    possible: list[ChildRecord],
    named: tuple[Purpose, Role],
    harm: bool,
) -> None:
    disclosed = pointers(SCHOOL, matched, a_question(*named, harm=harm), possible=possible)
    rows = [row for child in matched for row in child.involvements]
    near = [row for child in possible for row in child.involvements]
    if any(row.shielded for row in rows + near):
        assert disclosed == ()
        return
    allowed = [row for row in rows if may_be_told(row, named, harm=harm)]
    assert {(p.kind, p.status, p.worker_name) for p in disclosed} == {
        (COARSE[row.kind], row.status, row.worker_name) for row in allowed
    }
    assert len(set(disclosed)) == len(disclosed)


@pytest.mark.parametrize(
    "named", sorted(DISCLOSED), ids=lambda named: f"{named[0].name}-{named[1].name}"
)
def test_a_row_that_the_export_marks_sensitive_is_never_told(named: tuple[Purpose, Role]) -> None:
    """Of every kind, beside the same row without the mark, which says what would be told."""
    for kind in COARSE:
        marked = an_involvement(kind, sensitive=True, worker_name="Sensitive Ferris")
        question = a_question(*named, harm=True)
        assert pointers(SCHOOL, [a_record(0, None, marked)], question) == ()
        beside = pointers(SCHOOL, [a_record(0, None, marked, an_involvement(kind))], question)
        assert beside == pointers(SCHOOL, [a_record(0, None, an_involvement(kind))], question)


@given(children, rows_of_the_table)
def test_who_is_rung_first_stands_first(
    matched: list[ChildRecord], named: tuple[Purpose, Role]
) -> None:
    order = {InvolvementStatus.OPEN: 0, InvolvementStatus.PLANNED: 1, InvolvementStatus.RECENT: 2}
    disclosed = pointers(SCHOOL, matched, a_question(*named))
    ranks = [(order[p.status], not p.lead_practitioner) for p in disclosed]
    assert ranks == sorted(ranks)


def test_the_order_is_by_state_then_the_lead_practitioner() -> None:
    open_, planned, recent = (
        InvolvementStatus.OPEN,
        InvolvementStatus.PLANNED,
        InvolvementStatus.RECENT,
    )
    states = [(recent, True), (open_, False), (planned, True), (planned, False), (open_, True)]
    rows = [an_involvement(Kind.GP, status=state, lead=lead) for state, lead in states]
    found = pointers(SCHOOL, [a_record(0, None, *rows)], ENQUIRY)
    assert [(p.status, p.lead_practitioner) for p in found] == [
        (open_, True),
        (open_, False),
        (planned, True),
        (planned, False),
        (recent, True),
    ]
    (first, second) = pointers(
        SCHOOL,
        [a_record(0, None, *(an_involvement(Kind.GP, as_of=day) for day in (1, 2)))],
        ENQUIRY,
    )
    assert (first.as_of, second.as_of) == (2, 1)


def test_of_a_place_that_was_not_named_no_rule_decided() -> None:
    asks = Asks.of(ENQUIRY, Place.NOT_NAMED)
    found = disclose(SCHOOL, [a_record()], asks, READY)
    assert found == Disclosed((), (), 0)


def narrowed(question: Question, **changes: object) -> Question:
    return replace(question, terms=replace(question.terms, **changes))  # type: ignore[arg-type]


@given(children)
def test_terms_that_governance_narrowed_count_and_not_the_table_of_the_release(
    matched: list[ChildRecord],
) -> None:
    universal = a_question(Purpose.SAFEGUARDING_CONCERN, Role.DSL).terms.tier
    disclosed = pointers(SCHOOL, matched, narrowed(ENQUIRY, tier=universal))
    concern = a_question(Purpose.SAFEGUARDING_CONCERN, Role.DSL)
    assert disclosed == pointers(SCHOOL, matched, concern)


def test_early_help_is_told_nothing_of_police_and_youth_justice() -> None:
    rows = [an_involvement(kind) for kind in Kind if not kind.sensitive]
    asked = a_question(Purpose.EARLY_HELP, Role.DSL)
    disclosed = {p.kind for p in pointers(SCHOOL, [a_record(0, None, *rows)], asked)}
    assert disclosed.isdisjoint({CoarseKind.POLICE_SAFEGUARDING_DESK, CoarseKind.YOUTH_JUSTICE})
    assert CoarseKind.EDUCATION in disclosed


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.sensitive])
def test_no_terms_at_all_open_a_sensitive_service(kind: Kind) -> None:
    """Not even terms that name the kind, nor for its lead practitioner: it has no form on the
    wire."""
    asked = narrowed(ENQUIRY, also=frozenset(Kind))
    held = [a_record(0, None, an_involvement(kind, lead=True))]
    assert pointers(SCHOOL, held, asked) == ()


def test_a_shielded_row_of_a_twin_withholds_too() -> None:
    twin = a_record(1, None, an_involvement(shielded=True))
    assert pointers(SCHOOL, [a_record()], ENQUIRY) != ()
    assert pointers(SCHOOL, [a_record()], ENQUIRY, possible=[twin]) == ()


def some_pointers(count: int) -> tuple[Pointer, ...]:
    """Each another one."""
    return tuple(
        Pointer(CoarseKind.EDUCATION, InvolvementStatus.OPEN, as_of=number)
        for number in range(count)
    )


@given(st.lists(st.integers(0, 12), max_size=64))
def test_slots_are_dealt_fairly_and_what_is_cut_says_so(counts: list[int]) -> None:
    asked = [some_pointers(count) for count in counts]
    slots = size_class(len(counts)).pointers
    filled = fill_slots(asked)
    assert sum(map(len, filled)) == min(slots, sum(counts))
    for mine, had in zip(filled, asked, strict=True):
        if mine and len(mine) < len(had):
            assert mine[-1].kind is None, "it must not look whole"
            assert mine[:-1] == had[: len(mine) - 1]
        elif mine:
            assert mine == had
    named = [place for place, had in enumerate(asked) if had]
    assert [place for place, mine in enumerate(filled) if mine] == named[:slots], (
        "each its first before any its second"
    )


@given(st.integers(1, 64), st.integers(1, 12))
def test_an_agency_alone_and_each_of_a_few_has_a_pointer_at_least(agencies: int, had: int) -> None:
    """None of them is lost for want of room, and four fit where one agency answers."""
    filled = fill_slots([some_pointers(had)] * agencies)
    if agencies <= 8:
        assert all(filled)
    if agencies == 1:
        assert len(filled[0]) == min(had, 4)


def test_one_slot_for_two_pointers_is_the_duty_desk() -> None:
    filled = fill_slots([some_pointers(2)] * 9)
    assert [[p.kind for p in mine] for mine in filled] == [[None]] * 8 + [[]]


OTHERS = AgencyId("e99000001.quay-surgery"), AgencyId("e99000002.police")


@pytest.mark.parametrize(
    ("reporters", "marked"),
    [
        ((), False),
        (OTHERS[:1], False),
        ((COUNCIL,), True),
        (OTHERS, True),
        ((COUNCIL, *OTHERS), True),
    ],
    ids=["nobody", "one other", "the requester", "two others", "all"],
)
def test_a_number_is_marked_for_who_reported_it_and_for_all_once_two_agencies_did(
    reporters: tuple[AgencyId, ...], marked: bool
) -> None:
    question = a_question(Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)
    assert question.requester.id == COUNCIL
    rows = [an_involvement(Kind.EDU_SCHOOL, desk_phone=n) for n in ("01632 1", "01632 2")]
    told = pointers(
        SCHOOL,
        [a_record(0, None, *rows)],
        question,
        wrong={"01632 1": frozenset(reporters)},
    )
    found = {pointer.desk_phone: pointer.number_reported_wrong for pointer in told}
    assert found == {"01632 1": marked, "01632 2": False}
