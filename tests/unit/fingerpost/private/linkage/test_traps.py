"""The traps of the golden cases, as claims: which records are one child's, and which are found.

The golden vectors hold what a release makes of them; here stands what it must.
"""

from __future__ import annotations

import pytest

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Decision, Level, Scope, compare, normalise
from fingerpost.private.linkage.agreement import birth_level
from fingerpost.private.linkage.golden_cases import CASES, PAIRS
from unit.fingerpost.private.linkage.children import pairs, shared

ONE_CHILD = pairs("""
Cyrillic = Latin for Cyrillic; Arabic = Latin for Arabic; Chinese = Latin for Chinese;
ş with a cedilla = ș with a comma; Mc = Mac apart; al- = El apart; al- = without al-;
double-barrelled = double-barrelled spaced; Hungarian order = Hungarian turned;
Chinese family name first = Chinese name in two; Latin for Chinese = Chinese name in two;
Latin for Chinese = Chinese whole in one field; Singh in two = Singh dropped;
Singh among given names = Singh dropped; Khatun = Khatun by u; Md first = Muhammad dropped;
father among given names = Somali three-part; patronymic = patronymic dropped;
patronymic = patronymic as surname; -escu = -esku; surname Child = surname Childs;
day and month = slip of two centuries; day and month = 01/01/1900;
postcode lower case = postcode ZZ99; postcode O for 0 = postcode 0 in its place;
postcode I for 1 = postcode 1 in its place; postcode of digits = postcode of digits transposed
""")
FOR_A_PERSON = pairs("""
Daughter = fields straight; Daughter of Sarah = fields straight; Male child = fields straight;
Child = fields straight; Vietnamese twin one = Vietnamese twin two;
twin called alike = twin called alike, swapped; NHS number = a sister's number;
postcode lower case = another child at one hostel
""")


@pytest.mark.parametrize(("asked", "record"), ONE_CHILD)
def test_one_child_is_found_and_matches(asked: str, record: str) -> None:
    assert shared(CASES[asked], CASES[record])
    assert compare(normalise(CASES[asked]), normalise(CASES[record])).decision is Decision.MATCH


@pytest.mark.parametrize(("asked", "record"), FOR_A_PERSON)
def test_what_a_person_must_see(asked: str, record: str) -> None:
    compared = compare(normalise(CASES[asked]), normalise(CASES[record]))
    assert compared.decision is Decision.POSSIBLE


def test_an_adopted_child_cannot_be_linked_to_who_she_was() -> None:
    before, after = CASES["before adoption"], CASES["after adoption"]
    for one, other in ((before, after), (after, before)):
        assert not shared(one, other, Scope.WIDE)
        assert compare(normalise(one), normalise(other)).decision is Decision.DIFFERENT


@pytest.mark.parametrize(
    "trap", ["Daughter", "Daughter of Sarah", "Male child", "Child", "Mother of Sarah"]
)
def test_a_description_of_a_child_is_no_forename(trap: str) -> None:
    form = normalise(CASES[trap])
    assert not form.has_forename
    assert form.names[0].surname == "ashdown"
    assert normalise(CASES["surname Child"]).names[0].surname == "child"


@pytest.mark.parametrize("trap", ["Lady of the house", "Occupant"])
def test_a_description_is_no_surname_either(trap: str) -> None:
    form = normalise(CASES[trap])
    assert form.names[0].forenames == ("tamsin",)
    assert not form.has_surname


@pytest.mark.parametrize(
    ("forename", "surname", "given", "family"),
    [
        ("Man of the", "Ashdown", (), "ashdown"),
        ("Tamsin", "of the house", ("tamsin",), ""),
        ("Tamsin, sister of Tom", "Ashdown", ("tamsin",), "ashdown"),
        ("Tamsin", "Baby of Ashdown", ("tamsin",), "ashdown"),
        ("Tamsin", "Campbell of Cawdor", ("tamsin",), "campbell"),
        ("Tamsin", "Ashdown (of 12 Acacia Road)", ("tamsin",), "ashdown"),
        ("Twin 1 of 2", "Ashdown", (), "ashdown"),
        # names, all of them
        ("Gift of God", "Adeyemi", ("gift", "of", "god"), "adeyemi"),
        ("Man Yee", "Man", ("man", "yee"), "man"),
        ("Gent", "Parent", ("gent",), "parent"),
        ("Anon", "Tenant", ("anon",), "tenant"),
        ("Gentleman", "Moyo", ("gentleman",), "moyo"),
    ],
)
def test_who_is_named_after_the_word_of_is_somebody_else(
    forename: str, surname: str, given: tuple[str, ...], family: str
) -> None:
    name = normalise(Demographics(forename=forename, surname=surname)).names[0]
    assert (name.forenames, name.surname) == (given, family)


def test_dates_outside_of_the_centuries_are_none() -> None:
    assert normalise(CASES["out of any century"]).birth is None
    slip = normalise(CASES["slip of two centuries"]).birth
    assert birth_level(slip, normalise(CASES["day and month"]).birth) is Level.CENTURY


def test_two_strangers_without_an_address_have_none_in_common() -> None:
    one, other = normalise(CASES["postcode ZZ99"]), normalise(CASES["another child at ZZ99"])
    assert one.postcode is other.postcode is None
    assert compare(one, other).decision is Decision.DIFFERENT
    assert normalise(CASES["postcode filled up"]).postcode is None


def test_a_pair_names_two_cases_and_stands_once() -> None:
    assert len(set(PAIRS)) == len(PAIRS)
    assert {name for pair in PAIRS for name in pair} <= set(CASES)
