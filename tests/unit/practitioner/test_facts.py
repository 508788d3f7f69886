"""What a purpose takes, from options and from questions on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import typer

from fakes.justified import justified
from fakes.refusals import refused
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
from fingerpost.private.purpose_rules import PurposeRule, lacking
from fingerpost.protocol.codes import Purpose, Reach, Role
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms, row
from practitioner.cli.facts import STATED, option, read_facts, settle

NOON = 1_795_435_200.0  # 23 November 2026, 12:00 in London
HALF_PAST_ELEVEN = int(NOON) - 1800


def terms(purpose: Purpose, role: Role) -> Terms:
    found = row(TERMS, purpose, role)
    assert found is not None
    return found


TRIAGE = terms(Purpose.REFERRAL_TRIAGE, Role.SOCIAL_WORKER)
MISSING = terms(Purpose.MISSING_CHILD, Role.SOCIAL_WORKER)
URGENT = terms(Purpose.URGENT_CARE, Role.ED_CLINICIAN)


@pytest.mark.parametrize(
    ("purpose", "text", "facts"),
    [
        (Purpose.REFERRAL_TRIAGE, "reason=likely-in-need", Facts(reason=Reason.LIKELY_IN_NEED)),
        (Purpose.REFERRAL_TRIAGE, "reason=1", Facts(reason=Reason.THRESHOLD_NOT_CLEAR)),
        (Purpose.S17_ASSESSMENT, "informed=CHILD", Facts(informed=Informed.CHILD)),
        (Purpose.EARLY_HELP, "agreed-on=2026-11-02", Facts(agreed_on=date(2026, 11, 2))),
        (Purpose.EARLY_HELP, "agreed-on=2/11/2026", Facts(agreed_on=date(2026, 11, 2))),
        (
            Purpose.S47_ENQUIRY,
            "strategy-discussion=not-yet",
            Facts(strategy_discussion=StrategyDiscussion(awaited_since=date(2026, 11, 23))),
        ),
        (
            Purpose.S47_ENQUIRY,
            "strategy-discussion=not-yet:20/11/2026",
            Facts(strategy_discussion=StrategyDiscussion(awaited_since=date(2026, 11, 20))),
        ),
        (
            Purpose.S47_ENQUIRY,
            "strategy-discussion=20/11/2026",
            Facts(strategy_discussion=StrategyDiscussion(date(2026, 11, 20))),
        ),
        (Purpose.URGENT_CARE, "arrived-at=11:30", Facts(arrived_at=HALF_PAST_ELEVEN)),
        (Purpose.URGENT_CARE, "arrived-at=2026-11-23T11:30", Facts(arrived_at=HALF_PAST_ELEVEN)),
        (Purpose.URGENT_CARE, "arrived-at=23/11/2026 11:30", Facts(arrived_at=HALF_PAST_ELEVEN)),
        (
            Purpose.URGENT_CARE,
            "arrived-at=12:30",  # later than now: yesterday's
            Facts(arrived_at=int(NOON) + 1800 - 86_400),
        ),
        (Purpose.MISSING_CHILD, "reported-by=home", Facts(reported_by=ReportedBy.HOME)),
        (Purpose.MISSING_CHILD, "checked=yes", Facts(checked=True)),
        (Purpose.MISSING_CHILD, "missing-since=11:30", Facts(missing_since=HALF_PAST_ELEVEN)),
        (Purpose.MISSING_CHILD, "renewed-at=11:30", Facts(renewed_at=HALF_PAST_ELEVEN)),
        (Purpose.MISSING_CHILD, "renewed-by=m.hale", Facts(renewed_by="m.hale")),
        (
            Purpose.SAFEGUARDING_CONCERN,
            "engagement=present",
            Facts(engagement=Engagement.PRESENT),
        ),
        (Purpose.EARLY_HELP, "agreed-by=2", Facts(agreed_by=AgreedBy.YOUNG_PERSON)),
        (Purpose.LEAVING_CARE, "agreed-by=1", Facts(agreed_by=AgreedBy.YOUNG_ADULT)),
        (
            Purpose.S47_ENQUIRY,
            "requested-by=e08000025.council",
            Facts(requested_by=AgencyId("e08000025.council")),
        ),
        (Purpose.S17_ASSESSMENT, "lead-since=2026-11-02", Facts(lead_since=date(2026, 11, 2))),
        (Purpose.TRANSFER_IN, "joined-on=2026-11-02", Facts(joined_on=date(2026, 11, 2))),
        (Purpose.TRANSFER_IN, "origin=postcode", Facts(origin=Origin.POSTCODE)),
        (Purpose.TRANSFER_IN, "not-hiding=yes", Facts(not_hiding=True)),
        (Purpose.EXPLOITATION, "nobody-nearer=yes", Facts(nobody_nearer=True)),
        (Purpose.CHILD_DEATH, "notified-on=2026-11-22", Facts(notified_on=date(2026, 11, 22))),
        (Purpose.CHILD_DEATH, "reviewer=m.hale", Facts(reviewer="m.hale")),
        (
            Purpose.S47_ENQUIRY,
            "call-back=e08000025.council",
            Facts(call_back=AgencyId("e08000025.council")),
        ),
    ],
)
def test_a_fact_as_an_option(purpose: Purpose, text: str, facts: Facts) -> None:
    assert read_facts([text], purpose, NOON) == facts


@pytest.mark.parametrize(
    "text",
    [
        "reason",
        "reason=",
        "reason=SAID_BY_CHILD",  # of another purpose
        "weather=fine",
        "agreed-on=yesterday",
        "arrived-at=25:00",
        "missing-since=soon",
        "requested-by=the council",
        "agreed-by=PARENT",  # nobody agrees to a referral
        "checked=perhaps",
        "missing-since=23/11/2026 25:00",
    ],
)
def test_what_is_not_understood_is_said_without_repeating_it(text: str) -> None:
    with pytest.raises(Defect) as defect:
        read_facts([text], Purpose.REFERRAL_TRIAGE, NOON)
    value = text.partition("=")[2]
    assert not value or value not in str(defect.value)


def test_every_fact_has_a_name_of_its_own() -> None:
    names = [option(each.field) for each in STATED.values()]
    assert len(set(names)) == len(names)
    assert {each.field for each in STATED.values()} <= set(Facts.__dataclass_fields__)


def test_what_is_missing_is_refused_before_a_child_is_named() -> None:
    bare = Justification(Purpose.REFERRAL_TRIAGE)
    with refused(Code.NOT_ALLOWED, PurposeRule.REFERENCE):
        settle(bare, TRIAGE, NOON, ask=False)
    with refused(Code.NOT_ALLOWED, PurposeRule.GROUND):
        settle(replace(bare, reason_reference="REF-1"), TRIAGE, NOON, ask=False)


def test_the_time_of_arrival_may_be_missing_until_the_child_is_read() -> None:
    bare = Justification(Purpose.URGENT_CARE)
    assert settle(bare, URGENT, NOON, ask=False) == bare


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What somebody types, in order; and the questions, in ``asked``."""
    answers: list[str] = []

    def prompt(text: str, **_: Any) -> str:
        return answers.pop(0)

    monkeypatch.setattr(typer, "prompt", prompt)
    yield answers
    assert not answers, "a question was not asked"


def test_on_the_terminal_all_that_is_missing_is_asked_for(typed: list[str]) -> None:
    typed += ["REF-1", "nobody", "3", "yes", "11:30"]
    settled = settle(Justification(Purpose.MISSING_CHILD), MISSING, NOON, ask=True)
    assert settled == Justification(
        Purpose.MISSING_CHILD,
        "REF-1",
        facts=Facts(reported_by=ReportedBy.HOME, checked=True, missing_since=HALF_PAST_ELEVEN),
    )


def test_a_search_that_is_over_leads_to_two_more_questions(typed: list[str]) -> None:
    typed += ["REF-1", "3", "yes", "2026-11-19T11:30", "2026-11-22T09:00", "m.hale"]
    settled = settle(Justification(Purpose.MISSING_CHILD), MISSING, NOON, ask=True)
    assert (settled.facts.renewed_at, settled.facts.renewed_by) == (1_795_338_000, "m.hale")


def test_who_asks_further_is_asked_whether_anybody_nearer_knows_the_child(
    typed: list[str],
) -> None:
    grave = terms(Purpose.EXPLOITATION, Role.SOCIAL_WORKER)
    near = justified(Purpose.EXPLOITATION, now=NOON)
    near = replace(near, facts=replace(near.facts, nobody_nearer=False))
    assert settle(near, grave, NOON, ask=True) == near
    with refused(Code.NOT_ALLOWED, PurposeRule.FURTHER):
        settle(near, grave, NOON, Reach.NATIONAL_RING, ask=False)
    typed += ["yes"]
    settled = settle(near, grave, NOON, Reach.NATIONAL_RING, ask=True)
    assert settled.facts == replace(near.facts, nobody_nearer=True)


def test_a_discussion_that_was_awaited_for_too_long_is_asked_for_again(typed: list[str]) -> None:
    enquiry = terms(Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)
    why = justified(Purpose.S47_ENQUIRY)
    awaited = StrategyDiscussion(awaited_since=date(2026, 11, 2))
    typed += ["20/11/2026"]
    late = replace(why, facts=replace(why.facts, strategy_discussion=awaited))
    settled = settle(late, enquiry, NOON, ask=True)
    assert settled.facts.strategy_discussion == StrategyDiscussion(date(2026, 11, 20))


@pytest.mark.parametrize("each", TERMS, ids=lambda each: each.purpose.name)
def test_whatever_a_purpose_takes_has_a_question(each: Terms) -> None:
    own = {PurposeRule.REFERENCE, PurposeRule.APPROVAL}
    bare = Justification(each.purpose)
    asked = {*lacking(bare, each, int(NOON), max(each.reaches))} - own
    assert asked <= STATED.keys()


def test_a_no_is_understood_and_the_lookup_is_refused(typed: list[str]) -> None:
    typed += ["REF-1", "3", "no"]
    with refused(Code.NOT_ALLOWED, PurposeRule.CHECKED):
        settle(Justification(Purpose.MISSING_CHILD), MISSING, NOON, ask=True)


def test_what_was_given_is_not_asked_for(typed: list[str]) -> None:
    whole = justified(Purpose.MISSING_CHILD, now=NOON)
    assert settle(whole, MISSING, NOON, ask=True) == whole


def test_an_empty_answer_leaves_it_out_and_it_is_refused(typed: list[str]) -> None:
    typed += ["REF-1", ""]
    with refused(Code.NOT_ALLOWED, PurposeRule.GROUND):
        settle(Justification(Purpose.REFERRAL_TRIAGE), TRIAGE, NOON, ask=True)
