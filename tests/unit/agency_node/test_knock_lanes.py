"""Which lookups knock, and how soon a desk is told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering.matching import Finding
from agency_node.desks.duty import LONDON
from agency_node.notices.lanes import (
    LISTS,
    REMEMBERED_SECONDS,
    Earlier,
    Lane,
    is_knock,
    is_scattered,
    lane_of,
    next_list,
    tell_at,
)
from agency_node.notices.words import PURPOSES, ROLES, asked
from fakes.federations import NOW
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Role, Status
from fingerpost.protocol.table_of_terms import TERMS

AT = int(NOW)
NOTHING = Status.NOTHING_TO_DISCLOSE.name
LEEDS, KENT, POOLE = "e08000035", "e10000016", "e06000058"


def lane(
    purpose: Purpose | None = Purpose.S47_ENQUIRY,
    finding: Finding = Finding.MATCH,
    answer: str = NOTHING,
    *,
    own: bool = False,
    earlier: tuple[Earlier, ...] = (),
) -> Lane:
    return lane_of(finding.value, answer, purpose, own=own, earlier=earlier, at=AT)


@pytest.mark.parametrize("purpose", Purpose)
def test_four_purposes_are_told_at_once_and_the_others_with_a_list(purpose: Purpose) -> None:
    urgent = {"S47_ENQUIRY", "EMERGENCY_PROTECTION", "URGENT_CARE", "MISSING_CHILD"}
    for finding in (Finding.MATCH, Finding.POSSIBLE):
        expected = Lane.RING_NOW if purpose.name in urgent else Lane.TODAY
        assert lane(purpose, finding) is expected


@pytest.mark.parametrize("purpose", Purpose)
def test_who_was_named_is_told_of_nothing(purpose: Purpose) -> None:
    assert lane(purpose, answer=Status.INVOLVED.name) is Lane.LOG_ONLY


@pytest.mark.parametrize(
    "finding", [Finding.DIFFERENT, Finding.MISMATCH, Finding.REFUSED, Finding.UNREAD]
)
def test_a_lookup_about_nobody_known_here_does_not_knock(finding: Finding) -> None:
    assert lane(finding=finding) is Lane.LOG_ONLY
    assert not is_knock(finding.value, NOTHING)


def test_a_question_that_nobody_vouched_for_does_not_knock() -> None:
    """Attack: forged questions have desks rung up at night."""
    assert lane(None) is Lane.LOG_ONLY


def test_a_gap_about_a_known_child_knocks() -> None:
    """The requester reads that the agency cannot answer; its desk can ring her."""
    assert lane(answer=Status.CANNOT_ANSWER.name) is Lane.RING_NOW


def test_nobody_is_rung_up_for_a_colleague() -> None:
    assert lane(own=True) is Lane.TODAY


# ---- area by area --------------------------------------------------------------------------------


def test_two_lookups_from_different_areas_switch_the_first_lane_off_for_the_third() -> None:
    one, other = Earlier(AT - 60, LEEDS), Earlier(AT - 30, KENT)
    assert lane(earlier=(one,)) is Lane.RING_NOW
    assert lane(earlier=(one, Earlier(AT - 30, LEEDS))) is Lane.RING_NOW
    assert lane(earlier=(one, other)) is Lane.TODAY
    assert lane(earlier=(one, other, Earlier(AT - 5, POOLE))) is Lane.TODAY


def test_areas_that_are_not_shown_and_old_lookups_do_not_count() -> None:
    one = Earlier(AT - 60, LEEDS)
    assert not is_scattered([one, Earlier(AT - 30, "")], AT)
    assert not is_scattered([one, Earlier(AT - REMEMBERED_SECONDS - 1, KENT)], AT)
    assert is_scattered([one, Earlier(AT - REMEMBERED_SECONDS, KENT)], AT)


# ---- when ----------------------------------------------------------------------------------------


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp())


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ("2026-03-02 08:59", "2026-03-02 09:00"),
        ("2026-03-02 09:00", "2026-03-02 14:00"),
        ("2026-03-02 13:59", "2026-03-02 14:00"),
        ("2026-03-02 14:00", "2026-03-03 09:00"),
        ("2026-03-28 22:00", "2026-03-29 09:00"),  # the clocks go forward in that night
        ("2026-10-24 22:00", "2026-10-25 09:00"),  # and back
        ("2026-12-31 23:00", "2027-01-01 09:00"),
    ],
)
def test_lists_are_at_nine_and_two_by_the_wall_clock(came: str, told: str) -> None:
    assert next_list(at(came)) == at(told)


@given(st.integers(AT - 400 * limits.DAY, AT + 400 * limits.DAY))
def test_a_list_comes_within_twenty_hours_and_at_its_time(came: int) -> None:
    told = next_list(came)
    assert 0 < told - came <= timedelta(hours=20).total_seconds()
    assert datetime.fromtimestamp(told, LONDON).time() in LISTS


def test_each_lane_says_when() -> None:
    assert tell_at(Lane.RING_NOW, AT) == AT
    assert tell_at(Lane.TODAY, AT) == next_list(AT)
    assert tell_at(Lane.LOG_ONLY, AT) is None
    assert [each.words for each in Lane] == ["ring now", "today", "log only"]


# ---- words ---------------------------------------------------------------------------------------


def test_every_role_and_purpose_has_words_that_name_no_code() -> None:
    assert set(PURPOSES) == set(Purpose)
    assert set(ROLES) == {role for terms in TERMS for role in terms.roles}
    for role in ROLES:
        for purpose in PURPOSES:
            said = asked(role, purpose)
            assert "_" not in said
            assert said.endswith(".")
    assert asked(Role.HEALTH_VISITOR, Purpose.S47_ENQUIRY) == (
        "A health visitor asked about a child you may know, for a child protection enquiry."
    )
    assert asked(None, None) == "Somebody asked about a child you may know."
    assert asked(Role.DPO, Purpose.URGENT_CARE).startswith("Somebody asked")
