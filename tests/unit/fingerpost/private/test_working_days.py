"""Working days, held to the bank holidays that the government published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.private.working_days import (
    bank_holidays,
    easter_sunday,
    is_working_day,
    weekday_kept,
    working_days_after,
)

PUBLISHED = {
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
    2028: "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
}
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_bank_holidays_of_a_year(year: int) -> None:
    expected = {date.fromisoformat(f"{year}-{day}") for day in PUBLISHED[year].split()}
    assert bank_holidays(year) == expected


@pytest.mark.parametrize("day", ["1961-04-02", "2000-04-23", "2038-04-25", "2076-04-19"])
def test_easter(day: str) -> None:
    expected = date.fromisoformat(day)
    assert easter_sunday(expected.year) == expected


@given(st.integers(1600, 4000))
def test_a_year_has_eight_bank_holidays_and_none_at_a_weekend(year: int) -> None:
    held = bank_holidays(year)
    assert len(held) == 8
    assert all(day.year == year and day.weekday() < 5 for day in held)
    assert easter_sunday(year).weekday() == 6


@given(DAYS, st.integers(-5, 40))
def test_days_are_counted_one_by_one(first: date, distance: int) -> None:
    last = first + timedelta(days=distance)
    days = [first + timedelta(days=n) for n in range(1, distance + 1)]
    assert working_days_after(first, last) == len([day for day in days if is_working_day(day)])


def test_a_bank_holiday_has_the_hours_of_a_sunday() -> None:
    kept = [weekday_kept(date(2026, 12, day)) for day in range(21, 30)]
    assert kept == [0, 1, 2, 3, 6, 5, 6, 6, 1], "Christmas Day, and Boxing Day held on the 28th"


@given(DAYS)
def test_four_weeks_have_more_than_two_working_days(first: date) -> None:
    assert working_days_after(first, first + timedelta(weeks=4)) > 2
