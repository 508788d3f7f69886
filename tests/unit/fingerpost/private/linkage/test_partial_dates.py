"""A date of birth that is known in part, and a child who is not born yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.private.demographics import (
    AFTER_DUE,
    BEFORE_DUE,
    Birth,
    Demographics,
    ExpectedDate,
    PartialDate,
    Sex,
)
from fingerpost.private.linkage import (
    BlockingRule,
    Decision,
    Level,
    Rule,
    Scope,
    Side,
    StrengthLevel,
    assess,
    compare,
    normalise,
)
from fingerpost.private.linkage.agreement import birth_level
from fingerpost.private.linkage.blocking_keys import MOST_KEYS
from fingerpost.private.linkage.normal_form import read_date
from fingerpost.private.linkage.strength import NOT_SURE, PART_OF_DATE, UNBORN
from unit.fingerpost.private.linkage.children import BORN, child, keys_of, shared
from unit.fingerpost.private.private_strategies import births

HOME = "LS6 2AB"
YEAR, MONTH, ABOUT = PartialDate(2014), PartialDate(2014, 3), PartialDate(2014, about=True)
DAY = date(2027, 2, 1)
DUE = ExpectedDate(DAY)
UNBORN_CHILD = Demographics(surname="Ashdown", dob=DUE, postcode=HOME)
FULL = (Level.EXACT, Level.EXACT_WEAK, Level.SWAPPED, Level.CENTURY, Level.ONE_DIGIT)


def level(one: Birth | None, other: Birth | None) -> Level:
    return birth_level(read_date(one), read_date(other))


# ---- known in part -----------------------------------------------------------------------------


@pytest.mark.parametrize("known", [YEAR, MONTH, ABOUT])
@pytest.mark.parametrize("side", Side)
def test_no_key_holds_a_day_that_is_not_known(known: PartialDate, side: Side) -> None:
    of_new_year = keys_of(child("Tamsin", dob=date(2014, 1, 1), postcode=HOME), side)
    keys = keys_of(child("Tamsin", dob=known, postcode=HOME), side)
    assert keys
    assert not any(b"140" in key.value and b"|14|03" not in key.value for key in keys)
    dated = {key for key in of_new_year if b"140101" in key.value}
    assert dated
    assert dated.isdisjoint(keys)


@pytest.mark.parametrize("known", [YEAR, MONTH, ABOUT])
@pytest.mark.parametrize("name", ["Tamsin Ashdown", "Muhammad Khan"])
def test_it_meets_the_child_whose_whole_date_is_recorded(known: PartialDate, name: str) -> None:
    """By the keys that a question without a date asks for, and by home; either way round."""
    forename, surname = name.split()
    whole = child(forename, surname, postcode=HOME)
    part = replace(whole, dob=known)
    for asked, record in ((part, whole), (whole, part), (part, part)):
        assert shared(asked, record, Scope.NARROW)
        assert shared(asked, record, Scope.WIDE)
        found = compare(normalise(asked), normalise(record))
        assert found.decision is Decision.MATCH


def test_a_month_that_is_known_makes_the_keys_of_the_month() -> None:
    rules = {key.rule for key in shared(child("Tamsin", dob=MONTH), child("Tamsin"), Scope.WIDE)}
    assert BlockingRule.NAMES_YEAR_MONTH in rules
    assert BlockingRule.NAMES_YEAR_MONTH not in {
        key.rule for key in keys_of(child("Tamsin", dob=YEAR), Side.QUERY)
    }


@pytest.mark.parametrize(
    ("known", "other", "expected"),
    [
        (YEAR, BORN, Level.YEAR),
        (YEAR, date(2014, 1, 1), Level.YEAR),
        (YEAR, YEAR, Level.YEAR),
        (YEAR, MONTH, Level.YEAR),
        (YEAR, date(2015, 1, 1), Level.DIFFERENT),
        (MONTH, BORN, Level.MONTH),
        (MONTH, MONTH, Level.MONTH),
        (MONTH, date(2014, 1, 1), Level.YEAR),  # 1 January may say the year only
        (MONTH, date(2014, 4, 9), Level.DIFFERENT_WEAK),
        (MONTH, date(2015, 3, 9), Level.DIFFERENT),
        (ABOUT, BORN, Level.ABOUT),
        (ABOUT, date(2015, 12, 31), Level.ABOUT),
        (ABOUT, PartialDate(2016, about=True), Level.ABOUT),
        (ABOUT, date(2016, 1, 2), Level.DIFFERENT),
        (YEAR, None, Level.MISSING),
        (PartialDate(2027), DUE, Level.YEAR),
        (PartialDate(2025), DUE, Level.DIFFERENT),
    ],
)
def test_how_far_it_agrees(known: Birth, other: Birth | None, expected: Level) -> None:
    assert level(known, other) is level(other, known) is expected


@given(births, births)
def test_less_than_a_whole_date_is_never_a_full_agreement(one: Birth, other: Birth) -> None:
    found = level(one, other)
    assert found is level(other, one)
    if not (type(one) is type(other) is date):
        assert found not in FULL


def test_names_and_a_year_never_match_without_a_home() -> None:
    asked = child("Tamsin", dob=YEAR)
    found = compare(normalise(asked), normalise(child("Tamsin", postcode=HOME)))
    assert (found.decision, found.rule) == (Decision.POSSIBLE, Rule.NAMES_ALONE)


def test_a_brother_called_alike_who_was_born_in_another_year_is_no_match() -> None:
    asked = child("Harry", dob=YEAR, postcode=HOME)
    brother = child("Harrison", dob=date(2016, 5, 2), postcode=HOME)
    assert compare(normalise(asked), normalise(brother)).decision is not Decision.MATCH


def test_it_counts_as_a_year_when_a_question_is_judged() -> None:
    names = assess(normalise(child("Tamsin", dob=YEAR)))
    assert (names.level, names.reasons) == (StrengthLevel.POOR, (PART_OF_DATE, NOT_SURE))
    for known in (YEAR, MONTH, ABOUT):
        one_name = Demographics(forename="Tamsin", dob=known)
        assert assess(normalise(one_name)).level is StrengthLevel.REFUSED


# ---- not born yet ------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-77, -49, -21, -3, 0, 9, 21])
def test_it_meets_the_child_who_was_born_since(days: int) -> None:
    born = replace(UNBORN_CHILD, forename="Tamsin", dob=DAY + timedelta(days), sex=Sex.FEMALE)
    for asked, record in ((UNBORN_CHILD, born), (born, UNBORN_CHILD)):
        assert shared(asked, record, Scope.WIDE)
        found = compare(normalise(asked), normalise(record))
        assert (found.decision, found.rule) == (Decision.MATCH, None)


@pytest.mark.parametrize("days", [0, 3, 14, 30])
def test_it_meets_the_record_of_an_unborn_child(days: int) -> None:
    """A scan moves the expected date."""
    record = replace(
        UNBORN_CHILD, forename="Baby", dob=ExpectedDate(DAY + timedelta(days)), postcode="ls62ab"
    )
    assert shared(UNBORN_CHILD, record, Scope.WIDE)
    assert compare(normalise(UNBORN_CHILD), normalise(record)).decision is Decision.MATCH


def test_one_expected_day_and_home_meet_in_the_narrow_set() -> None:
    assert shared(UNBORN_CHILD, UNBORN_CHILD, Scope.NARROW)


@given(st.integers(-6000, 6000))
def test_brothers_and_sisters_never_match_an_unborn_child(days: int) -> None:
    """Whatever their names: the days about the expected one belong to this pregnancy alone."""
    for forename in ("", "Baby", "Tamsin"):
        other = replace(UNBORN_CHILD, forename=forename, dob=DAY + timedelta(days))
        found = compare(normalise(UNBORN_CHILD), normalise(other)).decision
        within = -BEFORE_DUE <= timedelta(days) <= AFTER_DUE
        new_year = (other.dob.month, other.dob.day) == (1, 1)  # type: ignore[union-attr]
        assert (found is Decision.MATCH) == (within and not new_year)


@pytest.mark.parametrize(
    "other",
    [
        replace(UNBORN_CHILD, postcode="LS6 2AD"),
        replace(UNBORN_CHILD, postcode=""),
        replace(UNBORN_CHILD, surname="Khan"),
        replace(UNBORN_CHILD, surname=""),
        replace(UNBORN_CHILD, dob=None),
        replace(UNBORN_CHILD, dob=PartialDate(2027)),
        replace(UNBORN_CHILD, dob=ExpectedDate(DAY + timedelta(60))),
    ],
)
def test_less_than_surname_home_and_day_is_no_match(other: Demographics) -> None:
    for asked, record in ((UNBORN_CHILD, other), (other, UNBORN_CHILD)):
        assert compare(normalise(asked), normalise(record)).decision is not Decision.MATCH


def test_one_twin_is_not_the_other() -> None:
    one, other = (replace(UNBORN_CHILD, forename=f"Twin {n}") for n in (1, 2))
    found = compare(normalise(one), normalise(other))
    assert (found.decision, found.rule) == (Decision.POSSIBLE, Rule.OTHER_OF_A_BIRTH)


def test_a_question_about_an_unborn_child_says_what_it_lacks() -> None:
    assert assess(normalise(UNBORN_CHILD)).reasons == ()
    for less in (replace(UNBORN_CHILD, postcode="LS6"), replace(UNBORN_CHILD, surname="")):
        judged = assess(normalise(less))
        if judged.level is not StrengthLevel.REFUSED:
            assert UNBORN in judged.reasons


@given(births, st.sampled_from(Side))
def test_keys_stay_within_their_bound(birth: Birth, side: Side) -> None:
    one = child("Tamsin Rose", dob=birth, postcode=HOME)
    assert len(keys_of(one, side)) <= MOST_KEYS[side]
