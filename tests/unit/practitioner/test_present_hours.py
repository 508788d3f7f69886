"""Hours as agencies write them, and which number to ring."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.private.messages import OpeningHours, Pointer
from fingerpost.protocol.codes import CoarseKind, DeskKind, InvolvementStatus
from practitioner.asking.document import (
    AgencyShown,
    OpeningShown,
    PointerShown,
    opening_of,
    pointer_shown,
)
from practitioner.present.hours import Desk, dial, open_at

LONDON = ZoneInfo("Europe/London")
OFFICE = "Mon–Fri 09:00–17:00"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """``day``: 0 is a Monday."""
    return datetime(2026, 11, 23 + day, hour, minute, tzinfo=LONDON)


def shown(*hours: OpeningHours) -> tuple[OpeningShown, ...]:
    pointed = Pointer(CoarseKind.GP, InvolvementStatus.OPEN, hours=tuple(sorted(hours)))
    return pointer_shown(pointed).opening


WEEKDAYS = OpeningHours(31, 540, 1020)
NIGHTS = OpeningHours(127, 1020, 540)
NIGHT = "020 7946 0801"
BY_NIGHT = DeskKind.OUT_OF_HOURS
FRIDAY_NIGHT = OpeningHours(16, 1320, 360)


@pytest.mark.parametrize(
    ("hours", "when", "expected"),
    [
        ((WEEKDAYS,), at(0, 9), True),
        ((WEEKDAYS,), at(4, 16, 59), True),
        ((WEEKDAYS,), at(4, 17), False),
        ((WEEKDAYS,), at(5, 12), False),
        ((OpeningHours(97, 600, 720),), at(6, 11), True),
        ((OpeningHours(97, 600, 720),), at(1, 11), False),
        ((OpeningHours(15, 540, 1020), OpeningHours(16, 540, 960)), at(4, 16, 30), False),
        ((OpeningHours(15, 540, 1020), OpeningHours(16, 540, 960)), at(3, 16, 30), True),
        ((NIGHTS,), at(2, 3), True),
        ((NIGHTS,), at(2, 12), False),
        ((FRIDAY_NIGHT,), at(5, 5), True),
        ((FRIDAY_NIGHT,), at(4, 5), False),
        ((FRIDAY_NIGHT,), at(4, 23), True),
        ((OpeningHours(64, 1320, 360),), at(0, 5), True),
        ((OpeningHours(127, 0, 1440),), at(6, 3), True),
        ((), at(0, 12), None),
    ],
)
def test_a_desk_is_open_or_not_or_nobody_knows(
    hours: tuple[OpeningHours, ...], when: datetime, expected: bool | None
) -> None:
    assert open_at(shown(*hours), when) is expected


@given(st.integers(1, 127), st.integers(0, 1439), st.integers(0, 1440), st.booleans())
def test_the_document_keeps_hours_as_they_are(
    days: int, opens: int, closes: int, term_time: bool
) -> None:
    hours = OpeningHours(days, opens, closes, term_time)
    assert [opening_of(each) for each in shown(hours)] == [hours]


def agency(desk: str = "020 7946 0100") -> AgencyShown:
    return AgencyShown(
        "e99000001.x", "X", "SCHOOL", "e99000001", "W", "INVOLVED", None, 1, desk, (), ()
    )


def pointer(
    *hours: OpeningHours, night: str = "", day: str = "020 7946 0101", **more: Any
) -> PointerShown:
    made = Pointer(
        CoarseKind.GP,
        InvolvementStatus.OPEN,
        desk_phone=day,
        out_of_hours_phone=night,
        hours=hours,
        **more,
    )
    return pointer_shown(made)


def until(when: datetime) -> int:
    return int(when.timestamp())


BY_EAR = msgspec.structs.replace(pointer(), hours="by ear")
"""Of a document of an earlier version, which had the agency's words alone."""


@pytest.mark.parametrize(
    ("given_pointer", "when", "desk", "number", "label"),
    [
        (pointer(WEEKDAYS), at(0, 12), Desk.ANSWERS_NOW, "020 7946 0101", OFFICE),
        (pointer(WEEKDAYS), at(0, 3), Desk.CLOSED_NOW, "020 7946 0101", f"closed now; {OFFICE}"),
        (
            pointer(WEEKDAYS, night=NIGHT),
            at(0, 3),
            Desk.ANSWERS_NOW,
            NIGHT,
            "out-of-hours desk",
        ),
        (
            pointer(night=NIGHT),
            at(0, 3),
            Desk.ANSWERS_NOW,
            NIGHT,
            "out-of-hours desk",
        ),
        (
            pointer(night=NIGHT),
            at(0, 12),
            Desk.MAY_ANSWER,
            "020 7946 0101",
            "hours not given",
        ),
        (BY_EAR, at(0, 3), Desk.MAY_ANSWER, "020 7946 0101", "by ear"),
        (pointer(day=""), at(0, 12), Desk.MAY_ANSWER, "020 7946 0100", "hours not given"),
        (None, at(0, 12), Desk.MAY_ANSWER, "020 7946 0100", "hours not given"),
        (
            pointer(WEEKDAYS, staffed_until=until(at(0, 17))),
            at(0, 12),
            Desk.ANSWERS_NOW,
            "020 7946 0101",
            f"staffed until 17:00; {OFFICE}",
        ),
        (
            pointer(night=NIGHT, staffed_until=until(at(1, 9)), desk=DeskKind.DUTY),
            at(0, 21),
            Desk.ANSWERS_NOW,
            "020 7946 0101",
            "staffed until Tuesday 09:00",
        ),
        (
            pointer(WEEKDAYS, night=NIGHT, staffed_until=until(at(0, 9)), desk=BY_NIGHT),
            at(0, 8, 59),
            Desk.ANSWERS_NOW,
            NIGHT,
            "out-of-hours desk, until 09:00",
        ),
        (
            pointer(WEEKDAYS, night=NIGHT, staffed_until=until(at(0, 9)), desk=BY_NIGHT),
            at(0, 9),
            Desk.ANSWERS_NOW,
            "020 7946 0101",
            OFFICE,
        ),
        (
            pointer(staffed_until=until(at(0, 9)), desk=BY_NIGHT),
            at(0, 3),
            Desk.ANSWERS_NOW,
            "020 7946 0101",
            "out-of-hours desk, until 09:00",
        ),
        (
            pointer(night=NIGHT, staffed_until=until(at(0, 9))),
            at(0, 12),
            Desk.MAY_ANSWER,
            "020 7946 0100",
            "duty desk",
        ),
        (
            pointer(WEEKDAYS, number_reported_wrong=True, staffed_until=until(at(0, 17))),
            at(0, 12),
            Desk.MAY_ANSWER,
            "020 7946 0100",
            "duty desk",
        ),
        (
            pointer(
                night=NIGHT,
                number_reported_wrong=True,
                staffed_until=until(at(0, 9)),
                desk=BY_NIGHT,
            ),
            at(0, 3),
            Desk.ANSWERS_NOW,
            NIGHT,
            "out-of-hours desk, until 09:00",
        ),
        (
            pointer(day="", night=NIGHT, staffed_until=until(at(0, 17)), desk=DeskKind.DUTY),
            at(0, 12),
            Desk.MAY_ANSWER,
            "020 7946 0100",
            "hours not given",
        ),
        (
            pointer(WEEKDAYS, number_reported_wrong=True),
            at(0, 12),
            Desk.MAY_ANSWER,
            "020 7946 0100",
            "duty desk",
        ),
    ],
)
def test_which_number_to_ring(
    given_pointer: PointerShown | None, when: datetime, desk: Desk, number: str, label: str
) -> None:
    found = dial(agency(), given_pointer, when)
    assert (found.desk, found.number, found.label) == (desk, number, label)


CHRISTMAS = datetime(2026, 12, 25, 12, tzinfo=LONDON)  # a Friday
SUNDAYS = OpeningHours(64, 600, 1200)
EVE = OpeningHours(8, 1320, 360)  # from Thursday night into the morning


@pytest.mark.parametrize(
    ("hours", "when", "expected"),
    [
        ((WEEKDAYS,), CHRISTMAS, False),
        ((WEEKDAYS,), CHRISTMAS.replace(day=24), True),
        ((SUNDAYS,), CHRISTMAS, True),
        ((SUNDAYS,), CHRISTMAS.replace(day=28), True),
        ((EVE,), CHRISTMAS.replace(hour=3), True),
        ((OpeningHours(64, 1320, 360),), CHRISTMAS.replace(day=26, hour=3), True),
    ],
)
def test_an_outcome_that_is_shown_later_takes_a_bank_holiday_for_a_sunday(
    hours: tuple[OpeningHours, ...], when: datetime, expected: bool
) -> None:
    assert open_at(shown(*hours), when) is expected
    by_night = dial(agency(), pointer(night=NIGHT), CHRISTMAS)
    assert by_night.number == NIGHT, "usual office hours are none on a bank holiday"


def test_why_the_duty_desk_is_rung_in_place_of_a_named_one() -> None:
    ended = dial(agency(), pointer(staffed_until=until(at(0, 0))), at(0, 12))
    assert ended.later == "the named desk 020 7946 0101 is no longer staffed"
    wrong = dial(agency(), pointer(number_reported_wrong=True), at(0, 12))
    assert wrong.later == "the named desk 020 7946 0101 has a number that was reported as wrong"
    assert dial(agency(desk=""), pointer(number_reported_wrong=True), at(0, 12)).desk is (
        Desk.NO_NUMBER
    )


def test_an_agency_without_any_number_says_so() -> None:
    found = dial(agency(desk=""), pointer(WEEKDAYS, day=""), at(0, 12))
    assert found.desk is Desk.NO_NUMBER
    only_night = dial(agency(desk=""), pointer(WEEKDAYS, night=NIGHT, day=""), at(0, 12))
    assert (only_night.desk, only_night.number) == (Desk.NO_NUMBER, NIGHT)


@pytest.mark.parametrize("number", ["0801", "ext 12", "960101"])
def test_a_number_that_cannot_be_dialled_never_comes_first(number: str) -> None:
    unusable = msgspec.structs.replace(pointer(WEEKDAYS), telephone=number)
    found = dial(agency(), unusable, at(0, 12))
    assert (found.desk, found.number) == (Desk.MAY_ANSWER, "020 7946 0100")
    assert found.later == f"the named desk's {number} cannot be dialled as it is written"
    alone = dial(agency(desk=""), unusable, at(0, 12))
    assert (alone.desk, alone.number) == (Desk.NOT_DIALABLE, number)
    assert Desk.NOT_DIALABLE > Desk.CLOSED_NOW
