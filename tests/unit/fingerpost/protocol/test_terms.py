"""What the table of terms says, and that governance can only narrow it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.federations import EVERY_CODE
from fakes.refusals import refused
from fingerpost.protocol.codes import COARSE, AgencyKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.federation_files import read_code_lists, write_code_lists
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.protocol.terms import (
    Fact,
    RolesAt,
    Terms,
    Tier,
    reaches_within,
    row,
    takes_less,
    tier_of,
)

UNIVERSAL = {
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
ENFORCEMENT = {Kind.POLICE_PROTECTION, Kind.YOUTH_JUSTICE, Kind.HOUSING, Kind.FIRE_RESCUE}


def terms(purpose: Purpose, role: Role) -> Terms:
    found = row(TERMS, purpose, role)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", Kind)
def test_the_tier_of_each_kind(kind: Kind) -> None:
    expected = Tier.FAMILY
    if kind in UNIVERSAL:
        expected = Tier.UNIVERSAL
    if kind in ENFORCEMENT:
        expected = Tier.ENFORCEMENT
    if kind.value > 100:
        expected = Tier.SENSITIVE
    assert tier_of(kind) is expected


def test_each_role_stands_in_one_row_of_a_purpose_and_exists_somewhere() -> None:
    pairs = [(each.purpose, role) for each in TERMS for role in each.roles]
    assert len(set(pairs)) == len(pairs)
    at_some_agency = {role for each in ROLES_AT for role in each.roles}
    assert {role for _, role in pairs} <= at_some_agency
    assert {each.kind for each in ROLES_AT} == set(AgencyKind)


def test_some_roles_never_ask() -> None:
    never = {Role.NODE_ADMIN, Role.DPO, Role.AUDITOR, Role.FEDERATION_OPERATOR}
    assert {role for role in Role if role.value > 100} == never
    assert not any(never & each.roles for each in (*TERMS, *ROLES_AT))


@pytest.mark.parametrize(
    ("purpose", "role", "harm", "named", "withheld"),
    [
        (
            Purpose.SAFEGUARDING_CONCERN,
            Role.DSL,
            False,
            {Kind.GP, Kind.CSC_FRONT_DOOR},
            {Kind.CSC_CP, Kind.POLICE_PROTECTION, Kind.DOMESTIC_ABUSE},
        ),
        (
            Purpose.EARLY_HELP,
            Role.DSL,
            False,
            {Kind.EDU_SCHOOL, Kind.EARLY_HELP, Kind.FAMILY_HUB},
            {Kind.VCS_FAMILY, Kind.HOUSING},
        ),
        (
            Purpose.REFERRAL_TRIAGE,
            Role.MASH_PRACTITIONER,
            False,
            {Kind.CSC_CP, Kind.VCS_FAMILY},
            {Kind.POLICE_PROTECTION},
        ),
        (
            Purpose.REFERRAL_TRIAGE,
            Role.MASH_PRACTITIONER,
            True,
            {Kind.CSC_CP, Kind.POLICE_PROTECTION},
            {Kind.REFUGE},
        ),
        (
            Purpose.S17_ASSESSMENT,
            Role.SOCIAL_WORKER,
            True,
            {Kind.CSC_CP},
            {Kind.POLICE_PROTECTION},
        ),
        (
            Purpose.CLA_CARE,
            Role.VIRTUAL_SCHOOL_HEAD,
            False,
            {Kind.EDU_SEND, Kind.CSC_CLA},
            {Kind.HOSPITAL_ED},
        ),
        (Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER, False, set(Kind), set()),
    ],
)
def test_what_an_answer_may_name(
    purpose: Purpose, role: Role, harm: bool, named: set[Kind], withheld: set[Kind]
) -> None:
    held = terms(purpose, role)
    for kind in named | withheld:
        assert held.allows(kind, lead=False, significant_harm=harm) == (kind in named)


@pytest.mark.parametrize("each", TERMS, ids=lambda each: each.purpose.name)
def test_the_lead_practitioner_is_named_to_all_unless_the_service_is_sensitive(each: Terms) -> None:
    """And unless nothing is named at all."""
    for kind in Kind:
        withheld = each.tier is Tier.NONE or (kind.value > 100 and each.tier is not Tier.SENSITIVE)
        assert each.allows(kind, lead=True, significant_harm=False) == (not withheld)


def test_where_an_answer_could_lead_to_a_family_that_hides_it_names_nothing() -> None:
    assert {each.purpose for each in TERMS if each.home_only} == {Purpose.MISSING_CHILD}
    untold = {Purpose.MISSING_EDUCATION, Purpose.TRANSFER_IN}
    assert {each.purpose for each in TERMS if each.tier is Tier.NONE} == untold


def test_a_concern_and_early_help_are_about_a_child_of_the_own_records() -> None:
    own = {Purpose.SAFEGUARDING_CONCERN, Purpose.EARLY_HELP}
    assert {each.purpose for each in TERMS if each.own_record} == own
    for each in TERMS:
        if each.own_record:
            with refused(Code.UNSUPPORTED):
                read_code_lists(write_code_lists(_with(replace(each, own_record=False))))


def test_urgent_lookups_begin_near_and_may_go_on_to_the_ring() -> None:
    assert {each.purpose: each.reach for each in TERMS if each.ring} == {
        Purpose.EMERGENCY_PROTECTION: Reach.AREA_AND_NEIGHBOURS,
        Purpose.EXPLOITATION: Reach.AREA,
    }


def test_of_every_reach_some_purpose_may_name_every_kind_that_has_a_form() -> None:
    """So no agency could be left out for the reach of a query alone."""
    for reach in Reach:
        named = [each.named_at_most for each in TERMS if reach in each.reaches]
        assert COARSE.keys() <= frozenset().union(*named)


def test_which_kinds_of_agency_never_ask_for_what_enforcement_names() -> None:
    """Of whom it would show nobody anything new if their questions were not sent there."""
    enforcement = {kind for kind in COARSE if tier_of(kind) is Tier.ENFORCEMENT}
    assert {
        at.kind
        for at in ROLES_AT
        if all(
            each.named_at_most.isdisjoint(enforcement) for each in TERMS if each.roles & at.roles
        )
    } == {
        AgencyKind.SCHOOL,
        AgencyKind.MULTI_ACADEMY_TRUST,
        AgencyKind.COLLEGE,
        AgencyKind.EARLY_YEARS,
        AgencyKind.GP_PRACTICE,
        AgencyKind.HOUSING,
        AgencyKind.FIRE,
        AgencyKind.DENTAL_PRACTICE,
        AgencyKind.CHILDRENS_HOME,
    }


# ---- the law -------------------------------------------------------------------------------------

WORD = {
    Fact.REASON,
    Fact.ENGAGEMENT,
    Fact.INFORMED,
    Fact.HIDING,
    Fact.REPORTED,
    Fact.CHECKED,
}
RECORD = {
    Fact.REFERENCE,
    Fact.LEAD,
    Fact.AGREED,
    Fact.ARRIVAL,
    Fact.JOINED,
    Fact.NOTIFIED,
}
PERSON = {
    Fact.REQUESTED,
    Fact.STRATEGY_DISCUSSION,
    Fact.APPROVAL,
    Fact.TIME_BOX,
    Fact.REVIEW,
}


def strength(takes: frozenset[Fact]) -> int:
    """Written out again, and not read from the code."""
    assert set(Fact) == WORD | RECORD | PERSON
    return 3 if takes & PERSON else 2 if takes & RECORD else 1 if takes & WORD else 0


def told(each: Terms) -> set[Kind]:
    tier = max([each.tier, *each.tier_at_harm])
    kinds = {kind for kind in Kind if tier_of(kind) <= tier} | each.also
    return set() if tier is Tier.NONE else kinds


def broken(rows: Iterable[Terms]) -> list[tuple[Purpose, Purpose]]:
    """The pairs of which the first is told more, or asks further, and takes less."""
    return [
        (upper.purpose, lower.purpose)
        for upper in rows
        for lower in rows
        if told(upper) >= told(lower)
        and upper.reaches >= lower.reaches
        and (told(upper) > told(lower) or upper.reaches > lower.reaches)
        and strength(upper.takes) < strength(lower.takes)
    ]


def test_what_may_be_told_more_or_ask_further_never_takes_less() -> None:
    assert broken(TERMS) == []
    assert takes_less(TERMS) is None


@st.composite
def narrower(draw: st.DrawFn) -> CodeLists:
    """Lists that allow nothing more than the table: what governance may have a mind to sign."""
    rows = draw(st.lists(st.sampled_from(TERMS), min_size=2, max_size=6, unique=True))
    return replace(
        EVERY_CODE,
        terms=tuple(
            replace(
                each,
                roles=frozenset(draw(st.sets(st.sampled_from(sorted(each.roles))))),
                tier=draw(st.sampled_from([tier for tier in Tier if tier <= each.tier])),
                tier_at_harm=draw(st.sampled_from([each.tier_at_harm, frozenset()])),
                also=draw(st.sampled_from([each.also, frozenset()])),
                takes=each.takes | draw(st.frozensets(st.sampled_from(Fact), max_size=2)),
                reach=draw(st.sampled_from(sorted(reaches_within(each.reach)))),
                home_only=each.home_only or draw(st.booleans()),
                ring=each.ring and draw(st.booleans()),
            )
            for each in rows
        ),
    )


@given(narrower())
def test_lists_that_are_accepted_keep_the_law_and_others_are_refused(lists: CodeLists) -> None:
    if broken(lists.terms):
        with refused(Code.MALFORMED):
            read_code_lists(write_code_lists(lists))
    else:
        assert read_code_lists(write_code_lists(lists)) == lists


def test_a_demand_upon_the_lesser_purpose_alone_breaks_the_law() -> None:
    """Attack: who has to find a second person for a referral claims an enquiry instead."""
    concern = terms(Purpose.SAFEGUARDING_CONCERN, Role.DSL)
    harder = replace(concern, takes=concern.takes | {Fact.APPROVAL})
    with refused(Code.MALFORMED):
        read_code_lists(write_code_lists(_with(harder)))


@pytest.mark.parametrize("smaller", list(Tier)[:-1])
def test_a_higher_tier_names_all_that_a_lower_one_does(smaller: Tier) -> None:
    low = replace(TERMS[0], tier=smaller, also=frozenset())
    high = replace(low, tier=Tier(smaller + 1))
    for kind in Kind:
        if low.allows(kind, lead=False, significant_harm=False):
            assert high.allows(kind, lead=False, significant_harm=False)


# ---- what governance may sign --------------------------------------------------------------------

TRIAGE = terms(Purpose.REFERRAL_TRIAGE, Role.MASH_PRACTITIONER)
ENQUIRY = terms(Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)


def _with(changed: Terms) -> CodeLists:
    others = tuple(each for each in TERMS if each.purpose is not changed.purpose)
    return replace(EVERY_CODE, terms=(*others, changed))


@pytest.mark.parametrize(
    "change",
    [
        {"roles": frozenset({Role.MASH_PRACTITIONER})},
        {"takes": TRIAGE.takes | {Fact.INFORMED}},
        {"tier": Tier.UNIVERSAL},
        {"home_only": True},
        {"tier_at_harm": frozenset()},
        {"areas": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_narrower_lists_are_read_as_they_were_written(change: dict[str, Any]) -> None:
    lists = _with(replace(TRIAGE, **change))
    assert read_code_lists(write_code_lists(lists)) == lists


@pytest.mark.parametrize(
    "change",
    [
        {"roles": TRIAGE.roles | {Role.DSL}},
        {"takes": frozenset({Fact.REFERENCE})},
        {"tier": Tier.ENFORCEMENT},
        {"tier_at_harm": frozenset({Tier.SENSITIVE})},
        {"also": frozenset({Kind.HOUSING})},
        {"reach": Reach.NATIONAL_RING},
        {"reach": Reach.NAMED},
        {"ring": True},
    ],
    ids=lambda change: str(next(iter(change.items()))),
)
def test_lists_that_allow_more_than_this_release_are_refused_whole(change: dict[str, Any]) -> None:
    with refused(Code.UNSUPPORTED):
        read_code_lists(write_code_lists(_with(replace(TRIAGE, **change))))


def test_terms_of_another_purpose_do_not_count() -> None:
    with refused(Code.UNSUPPORTED):
        read_code_lists(write_code_lists(_with(replace(ENQUIRY, purpose=Purpose.CLA_CARE))))


def test_whoever_may_tell_at_home_only_stays_there() -> None:
    missing = terms(Purpose.MISSING_CHILD, Role.SOCIAL_WORKER)
    with refused(Code.UNSUPPORTED):
        read_code_lists(write_code_lists(_with(replace(missing, home_only=False))))


def _more_roles(lists: CodeLists) -> CodeLists:
    return replace(lists, roles_at=(RolesAt(AgencyKind.SCHOOL, frozenset({Role.GP})),))


def _kind_twice(lists: CodeLists) -> CodeLists:
    return replace(lists, roles_at=(ROLES_AT[0], ROLES_AT[0]))


def _role_twice(lists: CodeLists) -> CodeLists:
    return replace(lists, terms=(*lists.terms, TRIAGE))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_more_roles, Code.UNSUPPORTED),
        (_kind_twice, Code.MALFORMED),
        (_role_twice, Code.MALFORMED),
    ],
)
def test_roles_have_one_place_and_no_other_kind_of_agency(
    change: Callable[[CodeLists], CodeLists], code: Code
) -> None:
    with refused(code):
        read_code_lists(write_code_lists(change(EVERY_CODE)))
