"""Agreements are dated, deny by default, and fail as a whole."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from agency_node.policy import agreement as policy
from agency_node.policy.agreement import NOTHING, places, read_agreement, ruled
from agency_node.policy.refused import NEVER
from agency_node.policy.vocabulary import CLOSED, Detail, Involved, Requester
from fakes.agreements import SIGNED, TODAY, agreement, ready_agreement, rule
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Role
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.terms import Tier, row

OAKFIELD = AgencyId("e99000001.oakfield")
ELM = AgencyId("e99000001.elm-primary")
FAR = AgencyId("e99000002.far-primary")
S47 = 'principal, action == Action::"S47_ENQUIRY", resource'
WORKER = Requester(OAKFIELD, AgencyKind.LOCAL_AUTHORITY, Role.SOCIAL_WORKER)


def detail(
    text: str,
    *,
    requester: Requester = WORKER,
    purpose: Purpose = Purpose.S47_ENQUIRY,
    kind: Kind = Kind.GP,
    lead: bool = False,
    day: date = TODAY,
) -> Detail | None:
    in_force = read_agreement(text).on(day)
    return in_force.ruling(requester, purpose, Involved(kind, lead)).detail


def lead_of(agency: AgencyId) -> Requester:
    return Requester(agency, AgencyKind.SCHOOL, Role.DSL)


# ---- what rules can be about ---------------------------------------------------------------------


def test_what_no_rule_permits_is_not_disclosed() -> None:
    assert detail(rule(S47)) is Detail.SERVICE
    assert detail(rule(S47), purpose=Purpose.CHILD_DEATH) is None


def test_a_rule_is_about_an_area_an_agency_a_kind_of_agency_and_a_role() -> None:
    by = {
        'principal in Agency::"e99000001.oakfield"': (OAKFIELD,),
        'principal in Area::"e99000001"': (OAKFIELD, ELM),
        'principal in AgencyKind::"SCHOOL"': (OAKFIELD, ELM, FAR),
        'principal in Role::"DSL"': (OAKFIELD, ELM, FAR),
        'principal in Role::"SOCIAL_WORKER"': (),
        'principal in AgencyKind::"POLICE"': (),
    }
    for who, told in by.items():
        text = rule(f"{who}, action, resource")
        found = tuple(
            each for each in (OAKFIELD, ELM, FAR) if detail(text, requester=lead_of(each))
        )
        assert found == told, who


def test_a_rule_is_about_a_kind_a_service_and_a_tier() -> None:
    kinds = (Kind.GP, Kind.CSC_CIN, Kind.CSC_FRONT_DOOR, Kind.POLICE_PROTECTION)
    by = {
        'Kind::"CSC_CIN"': (Kind.CSC_CIN,),
        'Service::"CHILDRENS_SOCIAL_CARE"': (Kind.CSC_CIN, Kind.CSC_FRONT_DOOR),
        'Tier::"UNIVERSAL"': (Kind.GP, Kind.CSC_FRONT_DOOR),
        'Tier::"FAMILY"': (Kind.GP, Kind.CSC_CIN, Kind.CSC_FRONT_DOOR),
        'Tier::"ENFORCEMENT"': kinds,
    }
    for what, named in by.items():
        text = rule(f"principal, action, resource in {what}")
        assert tuple(kind for kind in kinds if detail(text, kind=kind)) == named, what


def test_the_lead_practitioner_counts_among_the_universal_services() -> None:
    text = rule('principal, action, resource in Tier::"UNIVERSAL"')
    assert detail(text, kind=Kind.HOUSING) is None
    assert detail(text, kind=Kind.HOUSING, lead=True) is Detail.SERVICE


def test_a_rule_that_forbids_overrides_all_that_permit() -> None:
    forbids = rule('principal in Area::"e99000001", action, resource', id_="no", effect="forbid")
    assert detail(rule() + forbids, requester=lead_of(FAR)) is Detail.SERVICE
    assert detail(rule() + forbids, requester=lead_of(OAKFIELD)) is None


def test_of_rules_that_permit_the_most_exact_counts() -> None:
    desk = rule(id_="desk", detail="duty desk")
    gp = rule('principal, action, resource in Kind::"GP"', id_="gp", detail="exact kind")
    in_force = agreement(desk, gp, rule(id_="service")).on(TODAY)
    of_gp = in_force.ruling(WORKER, Purpose.S47_ENQUIRY, Involved(Kind.GP))
    of_police = in_force.ruling(WORKER, Purpose.S47_ENQUIRY, Involved(Kind.POLICE_PROTECTION))
    assert (of_gp.detail, of_gp.rules) == (Detail.EXACT_KIND, (1,))
    assert (of_police.detail, of_police.rules) == (Detail.SERVICE, (2,))
    assert detail(desk) is Detail.DUTY_DESK


def test_a_ruling_names_the_rules_that_forbid() -> None:
    forbids = rule(S47, id_="no", effect="forbid")
    ruling = (
        agreement(rule(), forbids).on(TODAY).ruling(WORKER, Purpose.S47_ENQUIRY, Involved(Kind.GP))
    )
    assert (ruling.detail, ruling.rules) == (None, (1,))


def test_places_differ_in_every_way_that_rules_can_tell_apart() -> None:
    named = {("Area", "z00000000"), ("Agency", "e99000001.oakfield"), ("Role", "DSL")}
    named.add(("Agency", "z00000000.any-other-0"))
    elsewhere, *rest = places(named)
    assert elsewhere.area.value not in {"z00000000", "e99000001"}
    assert [str(each) for each in rest] == [
        "z00000000.any-other-1",
        "e99000001.oakfield",
        "z00000000.any-other-0",
    ]


# ---- from when to when ---------------------------------------------------------------------------


def test_a_rule_is_in_force_from_its_first_day_to_its_last() -> None:
    text = rule(first="2026-04-01", last="2026-04-03")
    days = [date(2026, 3, 31) + timedelta(days=n) for n in range(5)]
    held = [detail(text, day=day) is not None for day in days]
    assert held == [False, True, True, True, False]


def test_an_agreement_holds_while_no_purpose_has_lapsed() -> None:
    s47 = rule(S47, id_="s47", last="2026-11-30")
    rest = rule('principal, action == Action::"CHILD_DEATH", resource', id_="rest")
    both = agreement(s47, rest)
    assert both.holds(date(2026, 11, 30))
    assert not both.holds(TODAY)
    assert both.lapsed(TODAY) == (Purpose.S47_ENQUIRY,)
    renewed = rule(S47, id_="s47-again", first="2026-12-01")
    assert agreement(s47, rest, renewed).holds(TODAY)


def test_an_agreement_that_has_not_begun_does_not_hold() -> None:
    later = agreement(rule(first="2026-12-02"))
    assert not later.holds(TODAY)
    assert later.holds(date(2026, 12, 2))
    assert not later.lapsed(TODAY)


def test_what_is_answered_by_changes_with_the_day() -> None:
    held = agreement(rule(last="2026-12-01"))
    for _ in range(2):
        assert held.answering(TODAY) is held.on(TODAY)
        assert held.answering(date(2026, 12, 2)) is None


def test_an_agreement_that_ran_out_does_not_hold() -> None:
    assert not agreement(rule(last="2026-11-30")).holds(TODAY)


def test_an_agreement_that_forbids_all_does_not_hold() -> None:
    assert not agreement(rule(), rule(id_="no", effect="forbid")).holds(TODAY)


def test_what_a_rule_forbids_on_purpose_has_not_lapsed() -> None:
    forbids = rule(S47, id_="no", effect="forbid", first="2026-06-01", last="")
    held = agreement(rule(), forbids)
    assert held.holds(TODAY)
    assert held.lapsed(TODAY) == ()


def test_who_forbids_may_do_so_for_good_and_who_permits_may_not() -> None:
    assert agreement(rule(), rule(id_="no", effect="forbid", last="")).rules[1].last is None
    with pytest.raises(Defect, match="a-rule: expected @until"):
        agreement(rule(last=""))


def test_the_days_are_those_on_which_something_changes() -> None:
    held = agreement(
        rule(first="2026-01-01", last="2026-06-30"),
        rule(id_="no", effect="forbid", first="2026-03-01", last=""),
    )
    assert held.days == (date(2026, 1, 1), date(2026, 3, 1), date(2026, 7, 1))


# ---- what is refused -----------------------------------------------------------------------------

FAULTS = {
    "no Cedar": ("permit principal", "not written in Cedar"),
    "nothing": ("// nothing", "1 to 500 rules"),
    "no id": (rule(id_=""), "Rule 1: expected @id"),
    "a wrong id": (rule(id_="A Rule"), "Rule A Rule: expected @id"),
    "one id twice": (rule() + rule(), "Two rules have the id a-rule"),
    "an unknown annotation": (f'@unitl("2026-01-01") {rule()}', "@unitl is not known"),
    "no sentence": (rule().replace("What it says.", ""), "expected @sentence"),
    "a sentence of two lines": (rule().replace("it says", r"it\nsays"), "expected @sentence"),
    "a long sentence": (rule().replace("What", "W" * 300), "expected @sentence"),
    "no first day": (rule(first=""), "expected @from"),
    "no day": (rule(first="2026-02-30"), "expected @from"),
    "a day in another form": (rule(first="20260101"), "expected @from"),
    "an end before the beginning": (rule(last="2025-12-31"), "ends before it begins"),
    "for ever": (rule(last="2030-01-01"), "at most 1098 days"),
    "no detail": (rule(detail=""), "expected @detail"),
    "an unknown detail": (rule(detail="everything"), "expected @detail"),
    "a detail of what is forbidden": (
        f'@detail("service") {rule(effect="forbid")}',
        "for rules that permit",
    ),
    "a template": (rule("principal == ?principal, action, resource"), "no templates"),
    "an unknown attribute": (rule(more="when { principal.age > 3 }"), "closed lists"),
    "an unknown type": (rule('principal in Team::"x", action, resource'), "cannot be named"),
    "one requester": (rule('principal == Requester::"x", action, resource'), "cannot be named"),
    "no area": (rule('principal in Area::"Leeds", action, resource'), "no id of the federation"),
    "no agency": (rule('principal in Agency::"oak", action, resource'), "no id of the federation"),
    "no such purpose": (rule('principal, action == Action::"CHAT", resource'), "no purpose"),
    "no such role": (rule('principal in Role::"WIZARD", action, resource'), "no role of"),
    "a role that never asks": (rule('principal in Role::"DPO", action, resource'), "never asks"),
    "a sensitive kind": (rule('principal, action, resource in Kind::"REFUGE"'), "sensitive"),
    "the sensitive tier": (rule('principal, action, resource in Tier::"SENSITIVE"'), "sensitive"),
    "deep in a condition": (
        rule(more='when { true && (principal in Role::"DSL" || principal in Role::"WIZARD") }'),
        "no role of",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_text_with_a_fault_is_refused_whole_and_says_why(fault: str) -> None:
    text, why = FAULTS[fault]
    with pytest.raises(Defect, match=why):
        read_agreement(text)


def test_an_agreement_has_bounds() -> None:
    with pytest.raises(Defect, match="at most"):
        read_agreement(rule() + " " * policy.MOST_BYTES)
    rules = [rule(id_=f"r{number}") for number in range(policy.MOST_RULES + 1)]
    with pytest.raises(Defect, match="1 to 500"):
        agreement(*rules)


def test_too_many_distinctions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = len(Purpose) * 1 * 2  # one sort of requester and of involvement, two days of change
    monkeypatch.setattr(policy, "MOST_CASES", cases)
    assert agreement(rule(S47)).holds(TODAY)
    monkeypatch.setattr(policy, "MOST_CASES", cases - 1)
    with pytest.raises(Defect, match="too many"):
        agreement(rule(S47))


def test_a_rule_that_fails_when_it_is_evaluated_makes_the_agreement_fail() -> None:
    """The engine leaves such a rule out: of one that forbids, that would widen all others."""
    for first in ("2026-01-01", "2027-06-01"):
        fails = rule(
            id_="no", effect="forbid", first=first, more="when { 1 + 9223372036854775807 > 0 }"
        )
        with pytest.raises(Defect, match="fails"):
            agreement(rule(), fails)


PURPOSES_REFUSED = {
    "IMMIGRATION_ENFORCEMENT": "immigration enforcement",
    "HOME_OFFICE": "immigration enforcement",
    "BENEFITS": "benefits",
    "DWP_FRAUD": "benefits",
    "TAX": "tax or debts",
    "CRIMINAL_INTELLIGENCE": "criminal intelligence",
    "SCHOOL_ADMISSIONS": "admissions",
    "EXCLUSION": "exclusion",
    "VETTING": "vetting",
    "DBS_CHECK": "vetting",
    "INSURANCE": "insurance",
    "RESEARCH": "research",
    "RISK_SCORING": "scoring of risks",
    "LIST_OF_FAMILIES": "list of families",
    "BULK_SEARCH": "list of families",
    "ADDRESS_SEARCH": "search by address",
    "MEDIA": "the media",
    "CUSTODY_DISPUTE": "dispute between parents",
    "TENANCY_CHECK": "eviction",
}


@pytest.mark.parametrize("name", PURPOSES_REFUSED)
@pytest.mark.parametrize(
    "scope",
    [
        'principal, action == Action::"{}", resource',
        'principal in Role::"{}", action, resource',
        'principal in AgencyKind::"{}", action, resource',
    ],
)
def test_what_must_never_be_served_is_refused_by_its_name(name: str, scope: str) -> None:
    with pytest.raises(Defect) as refused:
        read_agreement(rule(scope.format(name)))
    assert f"{name} is refused: " in str(refused.value)
    assert PURPOSES_REFUSED[name] in str(refused.value)
    assert "is never served" in str(refused.value)


def test_each_entry_of_the_refused_list_has_a_test() -> None:
    tried = {never for never in NEVER for name in PURPOSES_REFUSED if never.meant_by(name)}
    assert tried == set(NEVER)


def test_nothing_that_is_refused_by_name_stands_in_a_closed_list() -> None:
    for type_, names in CLOSED.items():
        for name in names & {"IMMIGRATION", "VETTING", "BENEFITS"}:
            pytest.fail(f"{type_} {name}")
    assert {role.name for role in Role if role.value > 100} & CLOSED["Role"] == set()


# ---- with the signed terms -----------------------------------------------------------------------


def test_the_terms_decide_first() -> None:
    everything = agreement(rule(detail="exact kind")).on(TODAY)
    terms = row(SIGNED.terms, Purpose.SAFEGUARDING_CONCERN, Role.DSL)
    assert terms is not None
    assert terms.tier is Tier.UNIVERSAL
    requester, police = lead_of(ELM), Involved(Kind.POLICE_PROTECTION)
    assert everything.ruling(requester, terms.purpose, police) != NOTHING
    assert ruled(terms, everything, requester, police, significant_harm=True) is None
    gp = ruled(terms, everything, requester, Involved(Kind.GP), significant_harm=False)
    assert gp is not None
    assert gp.detail is Detail.EXACT_KIND


def test_the_ready_set_lets_through_all_that_the_terms_allow_and_nothing_else() -> None:
    held = ready_agreement(1_780_000_000.0)
    in_force = held.on(held.rules[0].first)
    assert held.holds(held.rules[0].first)
    allowed = set()
    for requester, terms, involved in SIGNED.cases([OAKFIELD]):
        assert in_force.ruling(requester, terms.purpose, involved).detail is Detail.SERVICE
        allowed.add(terms.purpose)
    for purpose in set(Purpose) - allowed:
        assert in_force.ruling(WORKER, purpose, Involved(Kind.EDU_SCHOOL)) == NOTHING
