"""Who may decide on what, until when, and which lookups are the agency's exceptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fakes.justified import justified
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Fact
from practitioner.asking.outcome import Question
from practitioner.asking.second_persons import (
    REVIEWED,
    Asked,
    Broken,
    Decided,
    Due,
    Happened,
    Left,
    Requested,
    Requester,
    Reviewed,
    SecondPersonRule,
    SignedIn,
    SignedOut,
    approved,
    due,
    on_duty,
    overdue,
    to_decide,
    to_review,
    waiting,
)
from practitioner.sign_in.rules import Session
from unit.practitioner.gateway_desk import THESSALY, ann

NOW = 1_800_000_000
QUESTION = Question(THESSALY, justified(Purpose.PRACTICE_REVIEW, now=NOW))
ANN = replace(ann(NOW), role=Role.TEAM_MANAGER)
BOB = replace(ANN, subject="bob", name="Bob Jones")
CARL = replace(ANN, subject="carl", name="Carl Day")
REQUEST = Requested("00" * 8, Requester("ann", "Ann Smith", Role.TEAM_MANAGER), QUESTION, NOW)
YES, NO = Decided(REQUEST.number, "bob", b"yes"), Decided(REQUEST.number, "carl", b"")


def of(purpose: Purpose, operation: str = "11" * 8, at: int = NOW) -> Asked:
    requester = Requester("ann", "Ann Smith", Role.SOCIAL_WORKER)
    return Asked(operation, requester, purpose, Question(THESSALY, justified(purpose)), at)


def london(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())


def test_a_request_waits_for_others_who_may_ask_themselves() -> None:
    assert waiting([REQUEST], BOB, NOW + 1) == (REQUEST,)
    for session in (ANN, replace(ANN, subject="Ann"), replace(BOB, role=Role.SOCIAL_WORKER)):
        assert waiting([REQUEST], session, NOW + 1) == ()
    assert waiting([REQUEST], BOB, NOW + limits.APPROVAL_SECONDS) == ()
    assert to_decide([REQUEST], BOB, REQUEST.number, NOW) == REQUEST
    for session, number in ((ANN, REQUEST.number), (BOB, "11" * 8)):
        with refused(Code.NOT_ALLOWED, SecondPersonRule.NO_SUCH_REQUEST):
            to_decide([REQUEST], session, number, NOW)


def test_a_person_decides_once_two_may_approve_and_one_may_decline() -> None:
    assert waiting([REQUEST, YES], BOB, NOW) == ()
    assert waiting([REQUEST, YES], CARL, NOW) == (REQUEST,)
    both: list[Happened] = [REQUEST, YES, replace(YES, by="carl")]
    assert waiting(both, replace(BOB, subject="dora"), NOW) == ()
    assert waiting([REQUEST, NO], BOB, NOW) == ()


def test_only_the_requester_asks_and_only_once_it_is_approved() -> None:
    why = approved([REQUEST, YES], ANN, REQUEST.number, NOW).justification
    assert why == replace(QUESTION.justification, approvals=(b"yes",))
    two: list[Happened] = [
        REQUEST,
        YES,
        replace(YES, by="carl", approval=b"too"),
        replace(YES, approval=b"new"),
    ]
    assert approved(two, ANN, REQUEST.number, NOW).justification.approvals == (b"new", b"too")
    cases: tuple[tuple[list[Happened], Session, int, SecondPersonRule], ...] = (
        ([REQUEST], ANN, NOW, SecondPersonRule.WAITS),
        ([REQUEST, YES, NO], ANN, NOW, SecondPersonRule.DECLINED),
        ([REQUEST, YES], BOB, NOW, SecondPersonRule.NO_SUCH_REQUEST),
        ([REQUEST, YES], ANN, NOW + limits.APPROVAL_SECONDS, SecondPersonRule.NO_SUCH_REQUEST),
        ([YES], ANN, NOW, SecondPersonRule.NO_SUCH_REQUEST),
    )
    for happened, session, now, rule in cases:
        with refused(Code.NOT_ALLOWED, rule):
            approved(happened, session, REQUEST.number, now)


def test_what_could_not_wait_is_reviewed_and_nothing_else() -> None:
    assert {terms.purpose for terms in TERMS if Fact.REVIEW in terms.takes} == REVIEWED


@pytest.mark.parametrize(
    ("purpose", "asked", "confirmed", "reviewed"),
    [
        (
            Purpose.EMERGENCY_PROTECTION,
            "2026-11-27T23:50:00+00:00",  # a Friday
            "2026-11-28T00:05:00+00:00",
            "2026-12-01T00:00:00+00:00",
        ),
        (
            Purpose.EXPLOITATION,
            "2026-11-27T23:50:00+00:00",
            "2026-11-28T00:50:00+00:00",
            "2026-11-28T00:50:00+00:00",
        ),
        (
            Purpose.CHILD_DEATH,
            "2026-12-24T09:00:00+00:00",  # Christmas, Boxing Day on the Monday
            "2026-12-30T00:00:00+00:00",
            "2026-12-30T00:00:00+00:00",
        ),
        (
            Purpose.CHILD_DEATH,
            "2026-06-30T23:30:00+00:00",  # in London it is July already
            "2026-07-02T23:00:00+00:00",
            "2026-07-02T23:00:00+00:00",
        ),
    ],
)
def test_a_review_is_due(purpose: Purpose, asked: str, confirmed: str, reviewed: str) -> None:
    assert due(purpose, london(asked)) == Due(london(confirmed), london(reviewed))


def test_what_nobody_reviews_in_time_is_an_exception_until_somebody_does() -> None:
    urgent = of(Purpose.EMERGENCY_PROTECTION)
    assert overdue([urgent], NOW + 15 * 60 - 1) == ()
    assert overdue([urgent], NOW + 15 * 60) == (urgent,)
    assert overdue([urgent, Reviewed(urgent.operation)], NOW + 15 * 60) == ()
    forgotten = replace(urgent, requester=None, question=None)
    assert overdue([forgotten], NOW + 15 * 60) == (forgotten,), "its month may be forgotten"


def test_a_lookup_that_broke_off_is_reviewed_unless_nothing_was_about_to_leave() -> None:
    """Attack: a broker that takes the query along and says that it did not."""
    urgent = of(Purpose.EMERGENCY_PROTECTION)
    left, broken = Left(urgent.operation), Broken(urgent.operation)
    assert overdue([urgent, broken], NOW + 15 * 60) == ()
    assert overdue([urgent, left, broken], NOW + 15 * 60) == (urgent,)
    assert to_review([urgent, left, broken], replace(BOB, role=Role.SOCIAL_WORKER)) == (urgent,)
    assert overdue([urgent, left, broken, Reviewed(urgent.operation)], NOW + 15 * 60) == ()


def test_nobody_reviews_her_own_lookup() -> None:
    asked = of(Purpose.EXPLOITATION)
    assert to_review([asked], BOB) == (asked,)
    own: tuple[Session, ...] = (ann(NOW), replace(BOB, subject="ANN"), replace(BOB, role=Role.GP))
    for session in own:
        assert to_review([asked], session) == ()


# ---- on duty -------------------------------------------------------------------------------------


def test_on_duty_is_who_signed_in_within_eight_hours_and_may_decide() -> None:
    def here(subject: str, ago: int, role: Role = Role.TEAM_MANAGER) -> SignedIn:
        return SignedIn(subject, role, NOW - ago)

    happened: list[Happened] = [
        here("early", 8 * 3600),
        here("late", 8 * 3600 - 1),
        here("gone", 60),
        SignedOut("gone"),
        here("back", 120),
        SignedOut("back"),
        here("back", 30),
        here("dpo", 10, Role.DPO),
        here("ann", 5),
    ]
    found = on_duty(happened, "Ann", Purpose.PRACTICE_REVIEW, NOW)
    assert [each.subject for each in found] == ["back", "late"]
