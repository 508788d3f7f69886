"""Hours as agencies write them, and which number to ring."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practitioner.asking.document import AgencyShown, PointerShown
from practitioner.present.hours import Desk, dial, open_at

LONDON = ZoneInfo("Europe/London")
OFFICE = "Mon–Fri 09:00–17:00"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """``day``: 0 is a Monday."""
    return datetime(2026, 11, 23 + day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("hours", "when", "expected"),
    [
        (OFFICE, at(0, 9), True),
        (OFFICE, at(4, 16, 59), True),
        (OFFICE, at(4, 17), False),
        (OFFICE, at(5, 12), False),
        ("Mon-Fri 9:00-17:00", at(2, 9), True),
        ("Monday to Friday 09.00 to 17.00", at(2, 9), True),
        ("Mon–Fri 08:00–16:30, term time", at(0, 8, 30), True),
        ("Mon–Sat 12:00–21:00", at(5, 20, 59), True),
        ("Mon–Sat 12:00–21:00", at(6, 20, 59), False),
        ("Sat–Mon 10:00–12:00", at(6, 11), True),
        ("Sat–Mon 10:00–12:00", at(1, 11), False),
        ("Mon–Thu 09:00–17:00, Fri 09:00–16:00", at(4, 16, 30), False),
        ("Mon–Thu 09:00–17:00, Fri 09:00–16:00", at(3, 16, 30), True),
        ("every day 17:00–09:00", at(2, 3), True),
        ("Fri 22:00–06:00", at(5, 5), True),
        ("Fri 22:00–06:00", at(4, 5), False),
        ("every day, 24 hours", at(6, 3), True),
        ("24/7", at(6, 3), True),
        ("", at(0, 12), None),
        ("by arrangement", at(0, 12), None),
        ("Mon–Fri 25:00–29:00", at(0, 12), None),
        ("124 hoursworth", at(0, 12), None),
    ],
)
def test_hours_are_read_or_not_understood(
    hours: str, when: datetime, expected: bool | None
) -> None:
    assert open_at(hours, when) is expected


@given(hours=st.text(max_size=60), when=st.datetimes(timezones=st.just(LONDON)))
def test_any_text_is_survived(hours: str, when: datetime) -> None:
    assert open_at(hours, when) in (True, False, None)


def agency(desk: str = "020 7946 0100") -> AgencyShown:
    return AgencyShown(
        "e99000001.x", "X", "SCHOOL", "e99000001", "W", "INVOLVED", None, 1, desk, (), ()
    )


def pointer(hours: str, night: str = "", day: str = "020 7946 0101") -> PointerShown:
    return PointerShown("GP", "OPEN", "", "", day, "", night, hours, None, False, False)


@pytest.mark.parametrize(
    ("given_pointer", "when", "desk", "number", "label"),
    [
        (pointer(OFFICE), at(0, 12), Desk.ANSWERS_NOW, "020 7946 0101", OFFICE),
        (pointer(OFFICE), at(0, 3), Desk.CLOSED_NOW, "020 7946 0101", f"closed now; {OFFICE}"),
        (pointer(OFFICE, "0801"), at(0, 3), Desk.ANSWERS_NOW, "0801", "out-of-hours desk"),
        (pointer("", "0801"), at(0, 3), Desk.ANSWERS_NOW, "0801", "out-of-hours desk"),
        (pointer("", "0801"), at(0, 12), Desk.MAY_ANSWER, "020 7946 0101", "hours not given"),
        (pointer("by ear"), at(0, 3), Desk.MAY_ANSWER, "020 7946 0101", "by ear"),
        (pointer("", day=""), at(0, 12), Desk.MAY_ANSWER, "020 7946 0100", "hours not given"),
        (None, at(0, 12), Desk.MAY_ANSWER, "020 7946 0100", "hours not given"),
    ],
)
def test_which_number_to_ring(
    given_pointer: PointerShown | None, when: datetime, desk: Desk, number: str, label: str
) -> None:
    found = dial(agency(), given_pointer, when)
    assert (found.desk, found.number, found.label) == (desk, number, label)


def test_an_agency_without_any_number_says_so() -> None:
    found = dial(agency(desk=""), pointer(OFFICE, day=""), at(0, 12))
    assert found.desk is Desk.NO_NUMBER
    only_night = dial(agency(desk=""), pointer(OFFICE, "0801", day=""), at(0, 12))
    assert (only_night.desk, only_night.number) == (Desk.NO_NUMBER, "0801")
