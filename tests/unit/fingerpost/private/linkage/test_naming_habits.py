"""Naming habits: a child recorded by another habit is found where she lives now, and two children
are never taken for one. What is found by no key stands in the last test.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import pytest

from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.linkage import Decision, Scope, compare, normalise
from unit.fingerpost.private.linkage.children import BORN, shared
from unit.fingerpost.private.linkage.naming_habits import ONE_CHILD, TWO_CHILDREN

HOME: Final = "LS6 2AB"
IN_THE_OUTCODE: Final = "LS6 4XY"
IN_THE_AREA: Final = "LS8 4PQ"
FAR: Final = "B8 1AB"


def rows(text: str) -> list[tuple[Demographics, Demographics, list[str]]]:
    found = []
    for row in " ".join(text.split()).split(";"):
        pair, _, options = row.partition("@")
        sex = Sex.MALE if "boy" in options.split() else Sex.FEMALE
        one, other = (replace(child(side), sex=sex) for side in pair.split(" = "))
        found.append((one, other, options.split()))
    return found


def child(side: str) -> Demographics:
    """Of "W/Michael" the stroke belongs to the name: one that parts fields stands apart."""
    parts = [part.strip() for part in f" {side} ".split(" / ")]
    middle = parts[1] if len(parts) == 3 else ""
    return Demographics(
        forename=parts[0],
        middle_names=middle,
        surname=parts[-1],
        dob=BORN,
        sex=Sex.FEMALE,
        postcode=HOME,
    )


def recorded(other: Demographics, options: list[str]) -> Demographics:
    """Return the other record as it is found elsewhere."""
    days = [
        date.fromisoformat(option) for option in options if option[0].isdigit() and "-" in option
    ]
    postcode = IN_THE_AREA
    if "outcode" in options or "1jan" in options:
        postcode = IN_THE_OUTCODE
    if "nfa" in options:
        postcode = "NFA"
    return replace(other, dob=days[0] if days else other.dob, postcode=postcode)


def decision(one: Demographics, other: Demographics) -> Decision:
    compared = compare(normalise(one), normalise(other))
    assert compared == compare(normalise(other), normalise(one))
    return compared.decision


@pytest.mark.parametrize("habit", ONE_CHILD)
def test_a_child_of_the_habit_is_found_elsewhere_and_matches_at_home(habit: str) -> None:
    """By questions about either record; with a date that may be a brother's, a person looks."""
    lost = []
    for one, other, options in rows(ONE_CHILD[habit]):
        if "1jan" in options:
            one, other = (replace(each, dob=date(2014, 1, 1)) for each in (one, other))
        away = recorded(other, options)
        scope = Scope.WIDE if "wide" in options else Scope.NARROW
        found = shared(one, away, scope) and shared(away, one, scope)
        other_year = isinstance(away.dob, date) and away.dob.year != BORN.year
        home = away if "nfa" in options else replace(away, postcode=HOME)
        sure = decision(one, home)
        if (
            not found
            or decision(one, away) is Decision.DIFFERENT
            or sure is Decision.DIFFERENT
            or (sure is not Decision.MATCH and not other_year)
        ):
            lost.append((one.forename, one.surname, other.forename, other.surname))
    assert not lost


@pytest.mark.parametrize("habit", TWO_CHILDREN)
def test_two_children_of_the_habit_are_never_a_match(habit: str) -> None:
    """Twins at home and apart, and brothers and sisters two years apart, on one day of the year
    too."""
    taken = []
    for one, other, options in rows(TWO_CHILDREN[habit]):
        if "stranger" in options:
            two = [replace(other, postcode=postcode) for postcode in (IN_THE_AREA, FAR)]
        elif options:
            two = [replace(recorded(other, options), postcode=HOME)]
        else:
            siblings = [replace(other, dob=day) for day in (date(2012, 6, 21), date(2012, 3, 9))]
            two = [other, replace(other, postcode=IN_THE_AREA), *siblings]
        if Decision.MATCH in [decision(one, each) for each in two]:
            taken.append((one.forename, one.surname, other.forename, other.surname))
    assert not taken
