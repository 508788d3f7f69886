"""Children who moved or were renamed: what the measurement changes, states and counts."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.matching.moved import (
    Change,
    Counts,
    End,
    by_group,
    changed,
    counted,
    share,
    with_former,
)
from benchmarks.population.child import Child
from benchmarks.population.names import BRITISH, Names
from benchmarks.population.population import build
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import Scope

PEOPLE = build(600, 5, Names.builtin(), of_area=200).children
GROUP = by_group(PEOPLE)[BRITISH]
GIRLS = [child for child in GROUP if child.sex is Sex.FEMALE]


@pytest.mark.parametrize("change", Change)
def test_what_has_changed_is_another_and_nothing_else_is(change: Change) -> None:
    before = GIRLS[0]
    now = changed(before, change, Random(1), GIRLS, PEOPLE)
    names_stay = change is Change.HOME
    assert (now.surname == before.surname) is names_stay
    assert (now.postcode == before.postcode) is (change is Change.SURNAME)
    assert (now.forename == before.forename) is (change not in (Change.SPELLING, Change.ALL))
    assert (now.born, now.sex, now.former_surname, now.former_postcode) == (
        *(before.born, before.sex),
        *("", ""),
    )


def test_what_is_stated_of_before_is_what_has_changed() -> None:
    now = Demographics("Tess", "", "Voss", postcode="LS6 2AB")
    known = Demographics("Tamsin", "", "Ashdown", postcode="BS3 1QF")
    moved, renamed = (with_former(now, known, change) for change in (Change.HOME, Change.SURNAME))
    assert (moved.other_names, moved.former_postcodes) == ((), ("BS3 1QF",))
    assert renamed.other_names == (OtherName("Tamsin", "Ashdown"),)
    assert renamed.former_postcodes == ()


def found(change: Change, those: list[Child]) -> Counts:
    return counted(those, GIRLS, PEOPLE, change, "typical")


def test_former_details_find_those_whom_present_ones_do_not() -> None:
    """A quick form of the measurement: one seed, forty children, the same each time."""
    counts = found(Change.ALL, GIRLS[:40])
    assert counts == found(Change.ALL, GIRLS[:40])
    for scope in Scope:
        present, former = (
            share(counts, scope, End.ANSWERED, former=stated) for stated in (False, True)
        )
        assert (present.hits, present.of) == (0, 40)
        assert former.rate > 0.8
        assert sum(share(counts, scope, end, former=True).hits for end in End) == 40
