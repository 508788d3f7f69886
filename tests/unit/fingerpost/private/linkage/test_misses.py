"""How often a question would miss a record of its child."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.private.demographics import (
    Birth,
    Demographics,
    ExpectedDate,
    OtherName,
    PartialDate,
    Sex,
)
from fingerpost.private.linkage import Scope
from fingerpost.private.linkage.misses import Misses, misses_of, shipped_rates
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Quality

TAMSIN = Demographics(
    forename="Tamsin",
    middle_names="Rose",
    surname="Ashdown",
    dob=date(2014, 3, 9),
    sex=Sex.FEMALE,
    postcode="LS6 2AB",
)


PARTLY_KNOWN = st.sampled_from(
    [PartialDate(2014), PartialDate(2014, 3), PartialDate(2014, about=True)]
) | st.builds(ExpectedDate, st.dates(date(2026, 1, 1), date(2027, 1, 1)))


def chance(
    of: Misses,
    scope: Scope = Scope.WIDE,
    *,
    quality: Quality = Quality.GOOD,
    has_number: float = 0.0,
    days: int = 0,
) -> float:
    return of.chance(scope, quality, has_number=has_number, days=days)


def test_of_a_whole_question_few_in_a_hundred_are_missed() -> None:
    assert 0.0 < chance(misses_of(TAMSIN)) < 0.05


@pytest.mark.parametrize(
    "less",
    [replace(TAMSIN, postcode=""), replace(TAMSIN, dob=None), replace(TAMSIN, forename="")],
    ids=["postcode", "date", "forename"],
)
def test_who_knows_less_misses_no_less(less: Demographics) -> None:
    assert chance(misses_of(less)) >= chance(misses_of(TAMSIN))


def test_the_worse_records_are_kept_the_more_are_missed() -> None:
    of = misses_of(TAMSIN)
    shares = [chance(of, quality=quality) for quality in Quality]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_wide_keys_miss_no_more_than_narrow_ones() -> None:
    of = misses_of(TAMSIN)
    assert chance(of, Scope.WIDE) <= chance(of, Scope.NARROW)


def test_a_number_finds_a_child_where_records_have_it() -> None:
    of = misses_of(replace(TAMSIN, health_number="943 476 5919"))
    with_number, without = chance(of, has_number=1.0), chance(of, has_number=0.0)
    assert with_number < without / 2
    assert without == pytest.approx(chance(misses_of(TAMSIN)))


def test_old_records_miss_no_fewer_because_children_move() -> None:
    of = misses_of(replace(TAMSIN, forename="Mohammed", middle_names="", surname="Khan"))
    assert chance(of, Scope.NARROW, days=700) > chance(of, Scope.NARROW, days=0)


def test_a_former_surname_and_home_that_are_given_find_more() -> None:
    known = replace(TAMSIN, other_names=(OtherName("", "Marlowe"),), former_postcodes=("YO10 3AA",))
    for scope in Scope:
        assert chance(misses_of(known), scope) <= chance(misses_of(TAMSIN), scope)


@given(
    forename=st.sampled_from(["Al", "O", "Muhammad Ali", "Jean-Luc", "Ngoc Anh", "Zoë"]),
    surname=st.sampled_from(["", "Ng", "O'Brien", "van der Berg", "Kaur Gill", "Ó Súilleabháin"]),
    born=st.none() | st.dates(date(2008, 1, 1), date(2026, 1, 1)) | st.dates() | PARTLY_KNOWN,
    postcode=st.sampled_from(["", "M1 1AA", "ZZ99 3VZ", "LS6", "EC1A 1BB", "1234"]),
)
def test_a_share_lies_between_none_and_all(
    forename: str, surname: str, born: Birth | None, postcode: str
) -> None:
    asked = Demographics(forename=forename, surname=surname, dob=born, postcode=postcode)
    of = misses_of(asked)
    for quality in Quality:
        for scope in Scope:
            assert 0.0 <= chance(of, scope, quality=quality) <= 1.0


@pytest.mark.parametrize("letters", ["x", "x y "])
def test_names_that_fill_their_fields_lose_no_outcome(letters: str) -> None:
    """Two names in one field, or in the middle names, must not be more than fit there."""
    full = (letters * limits.NAME_CHARS)[: limits.NAME_CHARS]
    asked = replace(TAMSIN, forename=full, middle_names=full, surname=full)
    assert 0.0 <= chance(misses_of(asked)) <= 1.0


def test_the_shares_of_each_row_leave_room_for_records_that_are_right() -> None:
    rates = shipped_rates()
    for rows in rates.shares.values():
        assert rows
        for levels in rows.values():
            assert 0.0 < sum(levels.values()) < 1.0


def test_no_value_of_a_child_is_in_a_repr() -> None:
    assert "Tamsin" not in repr(misses_of(TAMSIN))
