"""Identifiers, dates, postcodes and names: the pure rules, by their laws."""

from __future__ import annotations

import re
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.people.children import draw_nhs_numbers, draw_upns
from deploy.demo.people.names import clearly_different, proper, sex_of, sounds_alike
from deploy.demo.people.published import age_on, english_postcode, in_area, move, years_to_move
from deploy.invented.dates import day_of_digits
from deploy.invented.numbers import nhs_check_digit, upn_check_letter
from fingerpost.private.demographics import Sex

DAYS = st.dates(date(1900, 1, 1), date(1999, 12, 31))
TODAYS = st.dates(date(2024, 1, 1), date(2035, 12, 31))


def test_check_digits_of_the_published_examples() -> None:
    assert nhs_check_digit("943476591") == 9
    assert upn_check_letter("950000178301") == "A"


def test_a_remainder_of_ten_makes_no_number() -> None:
    invalid = [n for n in range(1000) if nhs_check_digit(f"999000{n:03d}") is None]
    assert 60 < len(invalid) < 120


@given(st.integers(0, 999_999_999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_never_keeps_the_check_digit(nine: int, place: int, by: int) -> None:
    right = f"{nine:09d}"
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    check = nhs_check_digit(right)
    assert check is None or nhs_check_digit(wrong) != check


def test_drawn_nhs_numbers_are_valid_distinct_and_of_the_test_range() -> None:
    numbers = draw_nhs_numbers(Random(1), 5_000)
    assert len(set(numbers)) == 5_000
    for number in numbers:
        assert re.fullmatch(r"999[0-9]{7}", number)
        assert nhs_check_digit(number[:9]) == int(number[9])
        assert len(set(number)) > 1


def test_drawn_upns_are_valid_and_distinct() -> None:
    numbers = draw_upns(Random(1), 2_000)
    assert len(set(numbers)) == 2_000
    for number in numbers:
        assert re.fullmatch(r"[A-HJ-NP-RT-Z]990[0-9]{9}", number)
        assert upn_check_letter(number[1:]) == number[0]


@given(DAYS, TODAYS, st.integers(0, 17))
def test_everybody_becomes_a_child(born: date, today: date, wish: int) -> None:
    text = born.strftime("%Y%m%d")
    years = years_to_move([text], today, wish)
    assert years is not None
    moved = date.fromisoformat(move(text, years))
    assert (moved.month, moved.day) == (born.month, born.day)
    assert moved <= today
    assert 0 <= age_on(today, moved) <= 17


@given(DAYS, st.text("0123456789", min_size=8, max_size=8), TODAYS, st.integers(0, 17))
def test_differences_and_broken_dates_stay(born: date, other: str, today: date, wish: int) -> None:
    texts = [born.strftime("%Y%m%d"), other]
    years = years_to_move(texts, today, wish)
    if years is None or not 1 <= int(other[:4]) + years <= 9999:
        return
    moved = [move(text, years) for text in texts]
    assert moved[1][4:].replace("-", "") == other[4:]
    assert int(moved[1][:4]) - int(moved[0][:4]) == int(other[:4]) - born.year
    digits = moved[1].replace("-", "")
    assert (day_of_digits(digits) is None) == (day_of_digits(other) is None)


@pytest.mark.parametrize("wish", range(18))
def test_29_february_lands_in_leap_years_and_a_false_one_does_not(wish: int) -> None:
    today = date(2026, 8, 3)
    real = years_to_move(["19960229"], today, wish)
    assert real is not None
    assert date.fromisoformat(move("19960229", real)).day == 29
    texts = ["19660306", "19660229"]
    years = years_to_move(texts, today, wish)
    assert years is not None
    with pytest.raises(ValueError, match="day"):
        date.fromisoformat(move(texts[1], years))


def test_no_date_lies_in_the_future_if_that_can_be_had() -> None:
    today = date(2026, 8, 3)
    for wish in range(18):
        years = years_to_move(["19660306", "19730306"], today, wish)
        assert years is not None
        assert date.fromisoformat(move("19730306", years)) <= today


def test_empty_and_odd_dates_stay_and_a_person_without_any_is_left_out() -> None:
    assert move("", 12) == ""
    assert move("1966036", 12) == "1966036"
    assert move("19661332", 50) == "2016-13-32"
    assert years_to_move(["", "19661332"], date(2026, 8, 3), 0) is None
    anchored = years_to_move(["", "19660306"], date(2026, 8, 3), 0)
    assert anchored is not None


def test_age_completes_on_the_birthday() -> None:
    assert age_on(date(2026, 8, 3), date(2016, 8, 3)) == 10
    assert age_on(date(2026, 8, 3), date(2016, 8, 4)) == 9
    assert age_on(date(2025, 2, 28), date(2008, 2, 29)) == 16


def test_the_map_of_postcodes_is_one_to_one_and_of_english_shape() -> None:
    mapped = {english_postcode(f"{n:04d}", "WX") for n in range(10_000)}
    assert len(mapped) == 10_000
    shape = re.compile(r"WX[0-9][0-9] [0-9][ABD-HJLNP-UW-Z]{2}")
    assert all(shape.fullmatch(postcode) for postcode in mapped)
    assert not english_postcode("0810", "WX").startswith("WX0")


@given(st.integers(0, 9_999), st.integers(0, 3), st.integers(1, 9))
def test_one_wrong_digit_is_one_wrong_character(code: int, place: int, by: int) -> None:
    right = f"{code:04d}"
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    pair = zip(english_postcode(right, "HW"), english_postcode(wrong, "HW"), strict=True)
    assert sum(one != other for one, other in pair) == 1


def test_swapped_digits_stay_swapped_characters() -> None:
    assert sorted(english_postcode("2615", "HW")) == sorted(english_postcode("6215", "HW"))
    assert sorted(english_postcode("2615", "HW")) == sorted(english_postcode("2165", "HW"))


def test_odd_postcodes_stay_and_the_other_area_changes_the_letters_only() -> None:
    assert english_postcode("26x5", "WX") == "26x5"
    assert english_postcode("", "WX") == ""
    assert in_area("WX26 1FQ", "HW") == "HW26 1FQ"
    assert in_area("", "HW") == ""


def test_names_are_written_as_names_and_errors_stay() -> None:
    assert proper("o'shannessy") == "O'Shannessy"
    assert proper("sara-louise") == "Sara-Louise"
    assert proper("soph ie") == "Soph Ie"
    assert proper("") == ""


def test_a_known_forename_has_one_sex() -> None:
    assert {sex_of("Joshua", Random(n)) for n in range(40)} == {Sex.MALE}
    assert {sex_of("Isabella", Random(n)) for n in range(40)} == {Sex.FEMALE}
    assert len({sex_of("Zyx", Random(n)) for n in range(40)}) == 2


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("Joshua", "Ruby", True),
        ("William", "Bill", False),
        ("Robert", "Rupert", False),
        ("Michaela", "Mikaela", False),
        ("", "Ruby", False),
    ],
)
def test_clearly_different_is_strict(one: str, other: str, different: bool) -> None:
    assert clearly_different(one, other) is different


def test_sound_is_of_the_letters_alone_and_an_empty_name_has_none() -> None:
    assert sounds_alike("O'Dell", "Odell")
    assert not sounds_alike("", "")
