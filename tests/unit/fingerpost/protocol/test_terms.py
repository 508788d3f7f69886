"""What the table of terms says, and that governance can only narrow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fakes.federations import EVERY_CODE
from fakes.refusals import refused
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.federation_files import read_code_lists, write_code_lists
from fingerpost.protocol.terms import (
    ROLES_AT,
    TERMS,
    Fact,
    RolesAt,
    Terms,
    Tier,
    row,
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
    for kind in Kind:
        sensitive = kind.value > 100 and each.tier is not Tier.SENSITIVE
        assert each.allows(kind, lead=True, significant_harm=False) == (not sensitive)


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
    ],
    ids=lambda change: str(next(iter(change.items()))),
)
def test_lists_that_allow_more_than_this_release_are_refused_whole(change: dict[str, Any]) -> None:
    with refused(Code.UNSUPPORTED):
        read_code_lists(write_code_lists(_with(replace(TRIAGE, **change))))


def test_a_purpose_without_a_row_cannot_be_put_in_force() -> None:
    with refused(Code.UNSUPPORTED):
        read_code_lists(
            write_code_lists(_with(replace(ENQUIRY, purpose=Purpose.MISSING_EDUCATION)))
        )


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
