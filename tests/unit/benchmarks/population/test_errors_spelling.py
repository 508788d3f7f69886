"""Words spelt otherwise, dates, codes and numbers written wrongly."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.population.dates_and_codes import near_by, wrong_date, wrong_digit, wrong_postcode
from benchmarks.population.errors import TYPICAL
from benchmarks.population.spelling import (
    HEARD,
    ROMANISED,
    SHORT,
    misheard,
    mistyped,
    romanised,
    shortened,
)
from fingerpost.private.demographics import read_health_number
from fingerpost.private.linkage.normal_form import read_postcode

UNTIL = date(2026, 9, 1)
seeds = st.integers(0, 10**6).map(random.Random)
names = st.text("abcdefghijklmnopqrstuvwxyzé'", min_size=1, max_size=15).map(str.capitalize)


@given(names, seeds)
def test_a_slip_of_the_keyboard_is_one_slip(name: str, chance: random.Random) -> None:
    wrong = mistyped(name, chance)
    assert wrong != name
    assert abs(len(wrong) - len(name)) <= 1
    assert wrong


@given(names, seeds)
def test_no_spelling_empties_a_name(name: str, chance: random.Random) -> None:
    for change in (misheard, romanised, shortened):
        wrong = change(name, chance)
        assert wrong
        assert wrong[0].isupper() == name[0].isupper()


def test_a_listed_spelling_is_taken_most_often_and_the_commonest_most() -> None:
    chance = random.Random(2)
    drawn = [romanised("Muhammad", chance) for _ in range(2000)]
    others = ROMANISED["muhammad"]
    assert {name.lower() for name in drawn} == set(others)
    assert drawn.count(others[0].title()) > 2 * drawn.count(others[-1].title())


@pytest.mark.parametrize("table", [HEARD, ROMANISED, SHORT])
def test_lists_lead_to_other_words(table: dict[str, tuple[str, ...]]) -> None:
    for word, others in table.items():
        assert others
        assert word not in others
        assert word == word.lower()
        assert len(set(others)) == len(others)


@pytest.mark.parametrize("table", [HEARD, ROMANISED])
def test_spellings_lead_both_ways(table: dict[str, tuple[str, ...]]) -> None:
    assert [(a, b) for a, others in table.items() for b in others if a not in table[b]] == []


@given(st.dates(date(2008, 9, 2), UNTIL), seeds, st.sampled_from(TYPICAL.of["date"].names))
def test_no_wrong_date_is_in_the_future(born: date, chance: random.Random, kind: str) -> None:
    wrong = wrong_date(kind, born, UNTIL, chance)
    if kind == "date_missing":
        assert wrong is None
    else:
        assert wrong is not None
        assert wrong <= UNTIL


def test_dates_go_wrong_as_their_kind_says() -> None:
    born, chance = date(2015, 3, 9), random.Random(1)
    assert wrong_date("date_turned", born, UNTIL, chance) == date(2015, 9, 3)
    assert wrong_date("date_turned", date(2015, 3, 19), UNTIL, chance) == date(2015, 3, 19)
    assert wrong_date("date_first", born, UNTIL, chance) == date(2015, 1, 1)
    assert wrong_date("date_century", born, UNTIL, chance) == date(1915, 3, 9)
    assert wrong_date("date_day", born, UNTIL, chance) in {born - timedelta(1), born + timedelta(1)}
    assert wrong_date("date_year", date(2016, 2, 29), UNTIL, chance) in {
        date(2015, 2, 28),
        date(2017, 2, 28),
    }
    digits = [
        (wrong_date("date_digit", born, UNTIL, chance) or born).isoformat() for _ in range(200)
    ]
    assert {sum(a != b for a, b in zip(d, born.isoformat(), strict=True)) for d in digits} == {1}


def test_postcodes_go_wrong_as_their_kind_says() -> None:
    code, chance = "LS16 5BA", random.Random(1)
    assert wrong_postcode("postcode_missing", code, chance) == ""
    assert wrong_postcode("postcode_outcode", code, chance) == "LS16"
    assert read_postcode(wrong_postcode("postcode_pseudo", code, chance)) is None
    for _ in range(100):
        turned = wrong_postcode("postcode_turned", code, chance)
        assert turned != code
        assert sorted(turned) == sorted(code)
        for kind in ("postcode_typing", "postcode_look_alike"):
            wrong = wrong_postcode(kind, code, chance)
            assert sum(a != b for a, b in zip(wrong, code, strict=True)) == 1
        there = read_postcode(near_by(code, chance))
        assert there is not None
        assert there.outcode == "LS16"
        assert there.full


def test_most_wrong_digits_fail_the_check() -> None:
    chance = random.Random(1)
    wrong = [wrong_digit("9434765919", chance) for _ in range(500)]
    assert "9434765919" not in wrong
    assert sum(read_health_number(number) is None for number in wrong) > 450
