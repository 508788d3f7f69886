"""How often far agencies are opened by the origin of names, reckoned from names alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import pytest

from benchmarks.matching import by_origin, choose
from benchmarks.matching.by_origin import Rate, dated_keys, expected, measure, rate, table
from benchmarks.population.child import Child
from benchmarks.population.errors import ErrorModel
from benchmarks.population.names import Names
from fingerpost.private.demographics import Sex
from fingerpost.private.linkage import Side
from fingerpost.private.linkage.blocking_rules import BlockingRule

NAMES = Names.builtin()
DAYS = 18 * 365.25
TAMSIN = Child(
    id=0, family=0, birth=0, group="british", area=0, practice=0, school=None, forename="Tamsin",
    known_as="", middle_names="", surname="Ashdown", former_surname="", born=date(2011, 1, 5),
    sex=Sex.FEMALE, postcode="LS6 2AB", former_postcode="", health_number="", upn="",
)  # fmt: skip


def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_origin, "TYPICAL", ErrorModel())


def test_who_has_the_names_opens_as_often_as_dates_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """One date, day and month turned, another month, another year: each counted once."""
    clean(monkeypatch)
    namesake = replace(TAMSIN, born=date(2020, 7, 30), postcode="B8 1AB")
    (opens,) = expected([TAMSIN], [namesake])
    assert opens == pytest.approx((1 + 132 / 365.25 + 11 + 17) / DAYS)
    other = replace(namesake, forename="Beatrice", surname="Quill")
    assert expected([TAMSIN], [other, namesake, namesake]) == [pytest.approx(2 * opens)]


def test_a_home_in_common_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far away nobody has it; and a name that a key binds to a place opens nothing elsewhere."""
    clean(monkeypatch)
    assert expected([TAMSIN], [replace(TAMSIN, forename="Bea", surname="Quill")]) == [0.0]
    common = replace(TAMSIN, forename="Muhammad", surname="Khan")
    assert expected([common], [replace(common, postcode="B8 1AB")]) == [0.0]
    rules = {key.rule for key in dated_keys(TAMSIN, Side.RECORD, Random(1))}
    assert BlockingRule.NK in rules
    assert not rules & {BlockingRule.DPA, BlockingRule.BEGINNINGS_HOME, BlockingRule.SURNAME_DATE}


def test_an_agency_of_more_records_opens_oftener_and_at_most_always() -> None:
    assert rate([0.5, 0.0], 2).rate == pytest.approx(0.316, abs=1e-3)
    assert rate([9.0], 9).rate == pytest.approx(1.0)
    assert rate([0.1, 0.1], 1).reach == pytest.approx(0.0, abs=1e-9)
    assert rate([0.2, 0.0], 1).reach > 0.1


def test_a_group_is_held_against_all_others_by_their_share_of_the_children() -> None:
    found = {name: Rate(share, 0.0, 10) for name, share in (("a", 0.3), ("b", 0.1), ("c", 0.2))}
    ratios = by_origin.times_others(found, {"a": 0.1, "b": 0.8, "c": 0.1})
    assert ratios["a"] == pytest.approx(0.3 / ((0.8 * 0.1 + 0.1 * 0.2) / 0.9))


def test_every_group_has_a_line() -> None:
    found = measure(NAMES, of_group=20, records=400)
    shares = {group.name: group.share for group in NAMES.groups}
    lines = list(table(found, shares))
    assert len(lines) == 3 + len(found["council"])
    assert len(found["council"]) > 20
    assert all(line.count("|") == lines[0].count("|") for line in lines)


def test_the_population_is_not_the_one_that_keys_were_chosen_on() -> None:
    assert choose.SEED not in (by_origin.SEED, by_origin.SEED + 1)
