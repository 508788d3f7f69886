"""Dates of birth as people type them: read as far as they go, and read back where another
reading is possible."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.private.demographics import Birth, ExpectedDate, PartialDate, ages
from practitioner.asking.typed_dates import (
    birth_in_words,
    day_in_words,
    read_typed_birth,
    read_typed_day,
)

TODAY = date(2026, 11, 30)
DECEMBER = date(2013, 12, 5)
NOVEMBER = date(2011, 11, 14)


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("05/12/2013", DECEMBER),
        ("5/12/2013", DECEMBER),
        ("5.12.2013", DECEMBER),
        ("5-12-2013", DECEMBER),
        ("5 12 2013", DECEMBER),
        ("05 / 12 / 2013", DECEMBER),
        ("2013-12-05", DECEMBER),
        ("2013/12/05", DECEMBER),
        ("2013-12-05T00:00:00", DECEMBER),
        ("5 Dec 2013", DECEMBER),
        ("5th December 2013", DECEMBER),
        ("5 december, 2013", DECEMBER),
        ("05-Dec-2013", DECEMBER),
        ("Dec 5, 2013", DECEMBER),
        ("December 5th 2013", DECEMBER),
        ("Thursday 5 December 2013", DECEMBER),
        ("Thu 5 Dec 2013", DECEMBER),
        ("Thurs. 5/12/2013", DECEMBER),
        ("born on Thu, 5 December 2013", DECEMBER),
        ("born 5 Dec 2013", DECEMBER),
        ("5\u00a0Dec\u20092013", DECEMBER),
        ("\u200e05\u201112\u20112013\u200f", DECEMBER),
        ("12/2013", PartialDate(2013, 12)),
        ("Dec 2013", PartialDate(2013, 12)),
        ("december 2013", PartialDate(2013, 12)),
        ("2013-12", PartialDate(2013, 12)),
        ("2013", PartialDate(2013)),
        ("about 2013", PartialDate(2013, about=True)),
        ("c. 2013", PartialDate(2013, about=True)),
        ("approx 2013", PartialDate(2013, about=True)),
        ("~2013", PartialDate(2013, about=True)),
        ("about 7", PartialDate(2019, about=True)),
        ("about 7 years old", PartialDate(2019, about=True)),
        ("aged 7", PartialDate(2019, about=True)),
        ("7 years", PartialDate(2019, about=True)),
        ("7yo", PartialDate(2019, about=True)),
        ("6 months", PartialDate(2026, about=True)),
        ("3 weeks old", PartialDate(2026, about=True)),
        ("due 1/2/2027", ExpectedDate(date(2027, 2, 1))),
        ("due on 1 Feb 2027", ExpectedDate(date(2027, 2, 1))),
        ("expected 1 February 2027", ExpectedDate(date(2027, 2, 1))),
    ],
)
def test_a_date_that_can_mean_one_thing_is_taken(typed: str, born: Birth) -> None:
    read = read_typed_birth(typed, TODAY)
    assert (read.birth, read.doubtful) == (born, False)


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("14/11/11", NOVEMBER),
        ("14.11.11", NOVEMBER),
        ("14 Nov 11", NOVEMBER),
        ("14-Nov-11", NOVEMBER),
        ("11/14/2011", NOVEMBER),  # the month first
        ("11/14/11", NOVEMBER),
        ("14112011", NOVEMBER),
        ("20111114", NOVEMBER),
        ("141111", NOVEMBER),
        ("5/6/27", date(2027, 6, 5)),  # may be due then
        ("5/6/99", date(1999, 6, 5)),
        ("due 1/2/27", ExpectedDate(date(2027, 2, 1))),
    ],
)
def test_a_date_that_could_mean_another_is_read_back(typed: str, born: Birth) -> None:
    read = read_typed_birth(typed, TODAY)
    assert (read.birth, read.doubtful) == (born, True)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "?",
            "7",
            "17",
            "about",
            "about x",
            "about 3/2017",
            "due",
            "due 2027",
            "due Feb 2027",
        ),
        *("31/02/2013", "13/2017", "32/1/2013", "13/13/2013", "5 Foo 2013", "99999999", "-1"),
        *("200 years", "aged 999", "5//12/2013", "2013-13-01", "Umberleigh"),
    ],
)
def test_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        read_typed_birth(typed, TODAY)


DAYS = st.dates(date(2009, 1, 1), TODAY)
FORMS = st.sampled_from(
    (
        "{0.day}/{0.month}/{0.year}",
        "{0:%d.%m.%Y}",
        "{0:%Y-%m-%d}",
        "{0.day} {0:%B} {0.year}",
        "{0.day}th {0:%b} {0.year}",
        "{0:%B} {0.day}, {0.year}",
        "{0.day}/{0.month}/{0:%y}",
        "{0.day} {0:%b} {0:%y}",
    )
)


@given(DAYS, FORMS)
def test_every_day_of_a_childhood_is_read_as_itself_in_every_form(day: date, form: str) -> None:
    assert read_typed_day(form.format(day), TODAY)[0] == day


@given(DAYS)
def test_what_is_read_back_is_read_as_the_same_day(day: date) -> None:
    assert read_typed_day(day_in_words(day), TODAY) == (day, False)


@given(st.integers(0, 17), st.dates(date(2024, 1, 1), date(2032, 12, 31)))
def test_a_child_of_an_age_is_born_in_the_years_that_are_read(age: int, today: date) -> None:
    read = read_typed_birth(f"about {age}", today)
    assert age in ages(read.birth, today)
    for born in (
        today - timedelta(days=age * 365.2425 + 2),
        today - timedelta(days=(age + 1) * 365.2425 - 2),
    ):
        assert isinstance(read.birth, PartialDate)
        assert abs(born.year - read.birth.year) <= 1


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = read_typed_birth(text, TODAY)
    except ValueError:
        return
    assert birth_in_words(read.birth, TODAY)


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (NOVEMBER, "14 November 2011 (aged 15)"),
        (PartialDate(2013, 12), "December 2013 (aged 12)"),
        (PartialDate(2014), "2014 (aged 11 to 12)"),
        (PartialDate(2019, about=True), "about 2019 (aged 5 to 8)"),
        (ExpectedDate(date(2027, 2, 1)), "not born yet, expected on 1 February 2027"),
    ],
)
def test_a_date_is_read_back_in_words_with_the_age(born: Birth, words: str) -> None:
    assert birth_in_words(born, TODAY) == words
