"""When a child was born, as far as it is known: one spelling, spans, ages, contradictions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.demographics import (
    PREGNANCY_DAYS,
    Birth,
    Demographics,
    ExpectedDate,
    PartialDate,
    Sex,
    ages,
    birth_span,
    is_yet_to_come,
    read_birth,
    written_birth,
)
from fingerpost.protocol.errors import Code
from unit.fingerpost.private.private_strategies import births

TODAY = date(2027, 1, 15)
DUE = ExpectedDate(date(2027, 2, 1))


@given(births)
def test_a_birth_has_one_spelling(birth: Birth) -> None:
    assert read_birth(written_birth(birth)) == birth


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("2014-03-09", date(2014, 3, 9)),
        ("2014-03", PartialDate(2014, 3)),
        ("2014", PartialDate(2014)),
        ("about 2014", PartialDate(2014, about=True)),
        ("due 2027-02-01", DUE),
    ],
)
def test_how_a_birth_is_written(text: str, birth: Birth) -> None:
    assert (read_birth(text), written_birth(birth)) == (birth, text)


@pytest.mark.parametrize(
    "text",
    [
        "", " 2014", "14", "20140309", "2014-3", "2014-13", "2014-00", "0000", "0001", "9999",
        "2014-02-30", "2014-W10", "about", "About 2014", "about 2014-03", "about 2014-03-09", "due",
        "due 2027", "due 2027-02", "due 0001-02-01", "Due 2027-02-01", "due  2027-02-01", "٢٠١٤",
    ],
)  # fmt: skip
def test_another_spelling_is_refused(text: str) -> None:
    with refused(Code.MALFORMED):
        read_birth(text)


@given(births, st.dates(date(2000, 1, 1), date(2030, 1, 1)))
def test_a_span_holds_every_day_that_can_be_meant(birth: Birth, on: date) -> None:
    first, last = birth_span(birth)
    assert first <= last
    possible = ages(birth, on)
    assert len(possible) <= 5
    assert all(age in possible for age in (ages(first, on)[0], ages(last, on)[0]))


def test_no_day_is_made_up() -> None:
    assert birth_span(PartialDate(2014)) == (date(2014, 1, 1), date(2014, 12, 31))
    assert birth_span(PartialDate(2016, 2)) == (date(2016, 2, 1), date(2016, 2, 29))
    assert birth_span(PartialDate(2014, 12)) == (date(2014, 12, 1), date(2014, 12, 31))
    assert birth_span(PartialDate(2014, about=True)) == (date(2013, 1, 1), date(2015, 12, 31))
    assert ages(PartialDate(2009), TODAY) == range(17, 19)
    assert ages(DUE, TODAY) == range(1)


@pytest.mark.parametrize(
    "beside",
    [{"health_number": "943 476 5919"}, {"upn": "A950000178301"}, {"sex": Sex.FEMALE}],
    ids=["health number", "pupil number", "sex"],
)
def test_an_unborn_child_has_no_number_and_no_sex(beside: dict[str, object]) -> None:
    """The mother's number would lead to the mother."""
    Demographics(surname="Ashdown", dob=DUE)
    with refused(Code.MALFORMED):
        Demographics(surname="Ashdown", dob=DUE, **beside)  # type: ignore[arg-type]


@pytest.mark.parametrize("day", [timedelta(-1), timedelta(0), timedelta(1), timedelta(2)])
def test_what_is_yet_to_come(day: timedelta) -> None:
    assert is_yet_to_come(TODAY + day, TODAY) is (day > timedelta(1))
    latest = TODAY + timedelta(PREGNANCY_DAYS - 1) + day
    assert is_yet_to_come(ExpectedDate(latest), TODAY) is (day > timedelta(1))
    assert not is_yet_to_come(PartialDate(2027), TODAY)
    assert is_yet_to_come(PartialDate(2028), TODAY)
    assert not is_yet_to_come(PartialDate(2028, about=True), TODAY)
