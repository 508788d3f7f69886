"""A whole population: shares, places, agencies, numbers; and that a seed decides everything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import astuple
from datetime import date
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from benchmarks.population.child import Child
from benchmarks.population.household import school_age
from benchmarks.population.names import Names
from benchmarks.population.numbers import NhsNumbers, PupilNumbers
from benchmarks.population.places import outcode_districts, settle
from benchmarks.population.population import Population, build
from fingerpost.private.demographics import Scheme, Sex, read_health_number
from fingerpost.private.linkage.normal_form import (
    read_postcode,
    read_upn,
)

ROOT = Path(__file__).parents[4]
NAMES = Names.builtin()


@pytest.fixture(scope="module")
def population() -> Population:
    """Two areas."""
    return build(40_000, 3, NAMES, of_area=20_000)


def families(population: Population) -> list[list[Child]]:
    found: dict[int, list[Child]] = defaultdict(list)
    for child in population.children:
        found[child.family].append(child)
    return list(found.values())


def digest(population: Population) -> str:
    return sha256(repr([astuple(child) for child in population.children]).encode()).hexdigest()


def test_one_seed_gives_one_population() -> None:
    assert digest(build(1500, 7, NAMES)) == digest(build(1500, 7, Names.builtin()))
    assert digest(build(1500, 7, NAMES)) != digest(build(1500, 8, NAMES))


def test_no_order_of_sets_decides() -> None:
    program = (
        "from hashlib import sha256\nfrom dataclasses import astuple\n"
        "from benchmarks.population.names import Names\n"
        "from benchmarks.population.population import build\n"
        "p = build(1500, 7, Names.builtin())\n"
        "print(sha256(repr([astuple(c) for c in p.children]).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    assert printed.stdout.decode().strip() == digest(build(1500, 7, NAMES))


def test_ids_are_places(population: Population) -> None:
    assert [child.id for child in population.children] == list(range(40_000))
    assert len(population.areas) == 2
    assert [len(area.children) for area in population.areas] == [20_000, 20_000]


def test_groups_have_their_shares(population: Population) -> None:
    counted = Counter(child.group for child in population.children)
    assert set(counted) == set(population.groups) == {group.name for group in NAMES.groups}
    for group in NAMES.groups:
        assert counted[group.name] / 40_000 == pytest.approx(group.share, rel=0.2, abs=0.0025)


def test_groups_live_unevenly(population: Population) -> None:
    there: dict[str, Counter[str]] = defaultdict(Counter)
    for child in population.children:
        there[child.postcode.split()[0]][child.group] += 1
    shares = [c["pakistani_muslim"] / c.total() for c in there.values()]
    assert max(shares) > 4 * 0.055
    assert min(shares) < 0.03


def test_settling_keeps_every_share_of_the_whole() -> None:
    rows = settle([[0.7, 0.2, 0.1]] * 20, [0.2, 0.9, 1.0], Random(1))
    assert all(sum(row) == pytest.approx(1.0) for row in rows)
    for kind, share in enumerate((0.7, 0.2, 0.1)):
        assert sum(row[kind] for row in rows) / 20 == pytest.approx(share, rel=0.01)
    assert max(row[2] for row in rows) > 0.5


def test_postcodes_are_english_and_belong_to_one_area(population: Population) -> None:
    outcodes: dict[str, int] = {}
    for area in population.areas:
        assert len(area.outcodes) == 10
        for outcode in area.outcodes:
            assert outcodes.setdefault(outcode, area.number) == area.number
    for code in {c.postcode for c in population.children}:
        read = read_postcode(code)
        assert read is not None
        assert read.full == code
    for child in population.children:
        assert outcodes[child.postcode.split()[0]] == child.area
        assert not child.former_postcode or child.former_postcode.split()[0] in outcodes
        assert child.former_postcode != child.postcode


def test_a_postcode_has_seven_children_unevenly(population: Population) -> None:
    counted = Counter(child.postcode for child in population.children)
    assert 6 < 40_000 / len(counted) < 9
    assert max(counted.values()) > 25


def test_agencies_have_their_sizes(population: Population) -> None:
    for area in population.areas:
        sizes = [len(school) for school in area.schools]
        assert len(sizes) == 50
        assert 250 < sum(sizes) / len(sizes) < 375
        assert max(sizes) > 800
        practices = [len(practice) for practice in area.practices]
        assert len(practices) == 16
        assert sum(practices) == len(area.children)


def test_who_is_on_a_list_says_so_herself(population: Population) -> None:
    for area in population.areas:
        for place, members in enumerate(area.schools):
            assert {population.children[n].school for n in members} <= {area.first_school + place}
        for place, members in enumerate(area.practices):
            assert {population.children[n].practice for n in members} <= {
                area.first_practice + place
            }
    at_school = sum(len(school) for area in population.areas for school in area.schools)
    assert at_school == sum(child.school is not None for child in population.children)


def test_siblings_share_school_surname_and_home(population: Population) -> None:
    pairs = [pair for family in families(population) for pair in pairwise(family)]
    primary = [
        (a, b)
        for a, b in pairs
        if all(4 <= school_age(c.born, population.until) < 11 for c in (a, b))
    ]
    assert sum(a.school == b.school for a, b in primary) / len(primary) > 0.85
    british = [(a, b) for a, b in pairs if a.group == "british"]
    same = sum(a.surname == b.surname for a, b in british) / len(british)
    assert 0.85 < same < 0.97
    assert all(a.postcode == b.postcode for a, b in pairs)


def test_nobody_is_called_as_a_brother_or_sister(population: Population) -> None:
    for family in families(population):
        called = [child.known_as or child.forename for child in family]
        assert len(set(called)) == len(called)


def test_children_of_one_birth(population: Population) -> None:
    births: dict[int, list[Child]] = defaultdict(list)
    for child in population.children:
        births[child.birth].append(child)
    several = [born for born in births.values() if len(born) > 1]
    assert len(several) / len(births) == pytest.approx(0.015, abs=0.002)
    for born in several:
        assert len({(c.born, c.postcode, c.family, c.school) for c in born}) == 1
    numbers = [sorted(int(c.health_number[:9]) for c in born) for born in several]
    assert all(high - low < 30 for low, *_, high in numbers)


def test_moves_renamings_middle_and_double_names(population: Population) -> None:
    children = [c for c in population.children if c.group == "british"]
    count = len(children)
    assert 0.28 < sum(bool(c.former_postcode) for c in children) / count < 0.4
    assert 0.02 < sum(bool(c.former_surname) for c in children) / count < 0.05
    assert 0.05 < sum("-" in c.surname for c in children) / count < 0.08
    assert 0.7 < sum(bool(c.middle_names) for c in children) / count < 0.85
    assert 0.02 < sum(bool(c.known_as) for c in children) / count < 0.1
    assert all(c.former_surname != c.surname for c in children)


def test_numbers_are_valid_and_given_once(population: Population) -> None:
    for child in population.children[::7]:
        number = read_health_number(child.health_number)
        assert number is not None
        assert number.scheme is Scheme.NHS
    assert len({child.health_number for child in population.children}) == 40_000
    upns = [child.upn for child in population.children if child.upn]
    assert len(upns) == len(set(upns))
    for text in upns[::7]:
        upn = read_upn(text)
        assert upn is not None
        assert not upn.temporary
    for child in population.children:
        assert bool(child.upn) == (child.school is not None)


def test_pupil_numbers_run_out_loudly() -> None:
    numbers = PupilNumbers()
    given = {numbers.draw(3, 4, 2020) for _ in range(999)}
    assert len(given) == 999
    with pytest.raises(ValueError, match="serial"):
        numbers.draw(3, 4, 2020)


def test_health_numbers_after_one_another_are_near() -> None:
    numbers = NhsNumbers(Random(1))
    one = numbers.draw()
    assert 0 < int(numbers.draw(one)[:9]) - int(one[:9]) < 5


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (date(2022, 8, 31), 4),
        (date(2022, 9, 1), 3),
        (date(2015, 9, 1), 10),
        (date(2015, 8, 31), 11),
    ],
)
def test_school_age(born: date, age: int) -> None:
    assert school_age(born, date(2026, 9, 1)) == age
    assert school_age(born, date(2027, 7, 1)) == age


def test_outcodes_never_serve_twice() -> None:
    assert outcode_districts(0) == range(1, 11)
    first_again = next(n for n in range(1, 300) if outcode_districts(n)[0] != 1)
    assert outcode_districts(first_again) == range(11, 21)
    with pytest.raises(ValueError, match="outcodes"):
        outcode_districts(10_000)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_smallest_populations(count: int) -> None:
    small = build(count, 1, NAMES)
    assert len(small.children) == count
    assert {child.sex for child in small.children} <= set(Sex)


def test_nobody_is_no_population() -> None:
    with pytest.raises(ValueError, match="has children"):
        build(0, 1, NAMES)


def test_another_day() -> None:
    earlier = build(3000, 1, NAMES, until=date(2020, 2, 29))
    born = [child.born for child in earlier.children]
    assert date(2002, 3, 1) <= min(born) <= max(born) < date(2020, 2, 29)
    assert all(re.fullmatch(r"[A-Z]\d{12}|", child.upn) for child in earlier.children)
