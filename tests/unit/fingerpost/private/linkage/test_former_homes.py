"""Where a child lived before: found by it, compared with it, and never held against her."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import (
    BlockingRule,
    Decision,
    Field,
    Level,
    Scope,
    Side,
    compare,
    normalise,
)
from fingerpost.private.linkage.blocking_keys import MOST_KEYS
from fingerpost.protocol.errors import Code
from unit.fingerpost.private.linkage.children import child, keys_of, shared

HERE, THERE, ELSEWHERE = "LS6 2AB", "BS3 1QF", "M14 5TQ"
MOVED = child("Muhammad", "Khan", postcode=HERE, sex=Sex.MALE)
STAYED = replace(MOVED, postcode=THERE)
HOMES = st.sampled_from([HERE, THERE, ELSEWHERE, "LS6", "0X1 2JD", "ZZ99 3VZ", "nonsense"])


def level(one: Demographics, other: Demographics) -> Level:
    found = compare(normalise(one), normalise(other))
    return next(each.level for each in found.evidence if each.field is Field.POSTCODE)


@pytest.mark.parametrize("scope", Scope)
def test_a_common_name_is_found_in_the_area_that_the_child_left(scope: Scope) -> None:
    """The keys of common names are bound to a place, so that without it no key meets."""
    known = replace(MOVED, former_postcodes=(ELSEWHERE, THERE))
    assert not shared(MOVED, STAYED, Scope.NARROW)
    for asked, record in ((known, STAYED), (STAYED, known)):
        assert {key.rule for key in shared(asked, record, scope)} >= {
            BlockingRule.NK,
            BlockingRule.DPA,
            BlockingRule.BEGINNINGS_HOME,
        }
        assert compare(normalise(asked), normalise(record)).decision is Decision.MATCH
    assert compare(normalise(MOVED), normalise(STAYED)).decision is not Decision.MATCH


def test_who_moved_under_another_name_is_found_by_the_former_ones_together() -> None:
    """Nothing but birthday and sex is the same, and of the birthday in the record the year is
    wrong; the former name is too common to be asked for without its place."""
    now = child("Zephyrine", "Voss", postcode=HERE, sex=Sex.MALE)
    known = replace(
        now, other_names=(OtherName("Muhammad", "Khan"),), former_postcodes=(ELSEWHERE, THERE)
    )
    slipped = replace(STAYED, dob=date(2013, 3, 9))
    for record, rule in ((STAYED, BlockingRule.NK), (slipped, BlockingRule.BEGINNINGS_HOME)):
        assert rule in {key.rule for key in shared(known, record, Scope.NARROW)}
        for less in (now, replace(known, other_names=()), replace(known, former_postcodes=())):
            assert rule not in {key.rule for key in shared(less, record, Scope.NARROW)}
    assert compare(normalise(known), normalise(STAYED)).decision is Decision.MATCH


def test_of_three_former_homes_each_is_asked_for_under_the_former_name() -> None:
    now = child("Zephyrine", "Voss", postcode=HERE, sex=Sex.MALE)
    homes = ("WX1 1AA", ELSEWHERE, THERE)
    known = replace(now, other_names=(OtherName("Muhammad", "Khan"),), former_postcodes=homes)
    for home in homes:
        assert shared(known, replace(STAYED, postcode=home), Scope.NARROW)


def test_a_record_keeps_its_keys_for_questions_that_lack_a_field() -> None:
    """Former names at former homes are for a question alone: a record's keys are used up."""
    known = replace(MOVED, other_names=(OtherName("Yusuf", "Voss"),), former_postcodes=(THERE,))
    beginnings = [key for key in keys_of(known) if key.rule is BlockingRule.BEGINNINGS_HOME]
    asked = [key for key in keys_of(known, Side.QUERY) if key.rule is BlockingRule.BEGINNINGS_HOME]
    assert (len(beginnings), len(asked)) == (2, 3)


def test_two_who_left_one_home_meet_there() -> None:
    one = replace(MOVED, former_postcodes=(THERE,))
    other = replace(one, postcode=ELSEWHERE)
    assert shared(one, other)
    assert level(one, other) is Level.FORMER


def test_a_former_home_never_counts_against_a_child() -> None:
    assert level(replace(MOVED, former_postcodes=(ELSEWHERE,)), MOVED) is Level.EXACT
    nowhere = replace(MOVED, postcode="")
    assert level(replace(nowhere, former_postcodes=(ELSEWHERE,)), MOVED) is Level.MISSING
    near = replace(MOVED, postcode="LS6 2AD")
    assert level(replace(near, former_postcodes=(ELSEWHERE,)), MOVED) is level(near, MOVED)


def test_an_outcode_that_both_once_had_is_no_home() -> None:
    one = replace(MOVED, former_postcodes=("M14",))
    assert level(one, replace(STAYED, former_postcodes=("M14",))) is Level.DIFFERENT


def test_neighbours_of_once_are_two_children() -> None:
    other = child("Yusuf", "Khan", postcode=THERE, sex=Sex.MALE, dob=date(2012, 5, 6))
    known = replace(MOVED, former_postcodes=(THERE,))
    assert compare(normalise(known), normalise(other)).decision is Decision.DIFFERENT


@given(st.lists(HOMES, max_size=3), HOMES, st.sampled_from(Side), st.booleans())
def test_present_keys_come_first_and_the_bounds_hold(
    former: list[str], postcode: str, side: Side, sex: bool
) -> None:
    """The strong narrow keys of the present home are never given up for a former one."""
    one = replace(MOVED, postcode=postcode, sex=Sex.MALE if sex else None)
    narrow = keys_of(one, side, Scope.NARROW)
    known = replace(one, former_postcodes=tuple(former))
    for scope in Scope:
        keys = keys_of(known, side, scope)
        assert len(keys) <= MOST_KEYS[side]
        assert len(set(keys)) == len(keys)
        strong = [key for key in narrow if key.rule < BlockingRule.ENDINGS_DATE]
        assert set(strong) <= set(keys)


@given(st.lists(HOMES, max_size=3), st.lists(HOMES, max_size=3), HOMES, HOMES)
def test_homes_are_compared_alike_from_both_sides(
    former: list[str], others_former: list[str], postcode: str, others: str
) -> None:
    one = replace(MOVED, postcode=postcode, former_postcodes=tuple(former))
    other = replace(MOVED, postcode=others, former_postcodes=tuple(others_former))
    assert level(one, other) is level(other, one)


@pytest.mark.parametrize("former", [(HERE,) * 4, ("",), (HERE, ""), ("L" * 11,), ("LS6\n2AB",)])
def test_what_is_no_list_of_postcodes_is_refused(former: tuple[str, ...]) -> None:
    with refused(Code.MALFORMED) as caught:
        Demographics(former_postcodes=former)
    assert caught.value.what == "former_postcodes"
