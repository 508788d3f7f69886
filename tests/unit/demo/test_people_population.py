"""The population: children, what happened to them, and who holds what about them."""

from __future__ import annotations

import calendar
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from deploy.demo.people import Population, build
from deploy.demo.people.agencies import AGENCIES, AREAS, neighbour
from deploy.demo.people.cast import SCRIPTS, Cast
from deploy.demo.people.children import Child
from deploy.demo.people.involvement import Holding, derive
from deploy.demo.people.names import clearly_different, sounds_alike
from deploy.demo.people.population import population_of
from deploy.demo.people.published import read_clusters
from deploy.invented.dates import day_of_iso
from deploy.invented.numbers import nhs_check_digit
from fingerpost.protocol.codes import AgencyKind, InvolvementStatus, Kind

pytestmark = pytest.mark.slow

TODAY, SEED = date(2026, 8, 3), 7
AGENCY = {agency.id: agency for agency in AGENCIES}


def _by_child(population: Population) -> dict[int, list[Holding]]:
    held: defaultdict[int, list[Holding]] = defaultdict(list)
    for holding in population.holdings:
        held[holding.child].append(holding)
    return held


def _plain(child: Child) -> bool:
    return child.twin is None and child.moved is None and not child.former_surname


def test_size(population: Population, wheel: Path) -> None:
    figures = population.figures
    published = len(read_clusters(wheel)) == 5_000
    assert figures.children >= (3_000 if published else 2_500)
    assert 2.2 * figures.children < figures.rows < 2.7 * figures.children
    assert figures.rows <= 9_000
    assert figures.with_other_record > 0.4 * figures.children
    assert figures.sensitive_rows > 20
    assert figures.shielded_rows > 0.005 * figures.children


def test_all_are_children_today(population: Population) -> None:
    for child in population.children:
        assert child.dob <= TODAY
        assert 0 <= child.age(TODAY) <= 17
    ages = Counter(child.age(TODAY) for child in population.children)
    assert set(ages) == set(range(18))
    assert max(ages.values()) < 3 * min(ages.values())


def test_sightings_differ_as_the_published_records_do(population: Population, wheel: Path) -> None:
    published = {cluster.person: cluster.records for cluster in read_clusters(wheel)}
    seen: Counter[str] = Counter()
    for child in filter(_plain, population.children):
        one, other = child.sightings
        before = published[child.number]
        for field, was, now in (
            ("forename", [r.forename for r in before], (one.forename, other.forename)),
            ("surname", [r.surname for r in before], (one.surname, other.surname)),
            ("postcode", [r.postcode for r in before], (one.postcode, other.postcode)),
            ("born", [r.born for r in before], (one.dob, other.dob)),
        ):
            assert (was[0] == was[1]) == (now[0] == now[1]), field
            seen[field] += was[0] != was[1]
        assert [s.forename.lower() for s in child.sightings] == [r.forename for r in before]
        assert [s.surname.lower() for s in child.sightings] == [r.surname for r in before]
        for sighting, record in zip(child.sightings, before, strict=True):
            assert sighting.dob.replace("-", "")[4:] == record.born[4:]
    assert min(seen[field] for field in ("forename", "surname", "postcode", "born")) > 50


def test_some_dates_are_broken_and_some_empty(population: Population) -> None:
    dates = [holding.record.dob for holding in population.holdings]
    assert "" in dates
    assert any(text and day_of_iso(text) is None for text in dates)


def test_identifiers_are_one_childs(population: Population) -> None:
    children = population.children
    assert len({child.health_number for child in children}) == len(children)
    assert len({child.upn for child in children}) == len(children)
    for child in children:
        assert nhs_check_digit(child.health_number[:9]) == int(child.health_number[9])


def test_health_has_the_nhs_number_and_schools_the_pupil_number(population: Population) -> None:
    def share(kind: Kind, field: str) -> float:
        records = [h.record for h in population.holdings if h.kind is kind]
        return sum(bool(getattr(record, field)) for record in records) / len(records)

    assert share(Kind.GP, "health_number") > 0.9
    assert share(Kind.EDU_SCHOOL, "health_number") < 0.06
    assert share(Kind.HOUSING, "health_number") == 0
    assert share(Kind.EDU_SCHOOL, "upn") > 0.9
    assert share(Kind.GP, "upn") == 0


def test_twins(population: Population) -> None:
    by_number = {child.number: child for child in population.children}
    twins = [child for child in population.children if child.twin is not None]
    assert len(twins) >= 40
    for child in twins:
        other = by_number[child.twin or -1]
        assert other.twin == child.number
        assert (other.dob, other.surname, other.postcode, other.area) == (
            child.dob,
            child.surname,
            child.postcode,
            child.area,
        )
        assert clearly_different(child.forename, other.forename)
        assert child.health_number != other.health_number


def test_twins_share_school_and_practice(population: Population) -> None:
    places: defaultdict[int, dict[Kind, str]] = defaultdict(dict)
    for holding in population.holdings:
        places[holding.child][holding.kind] = holding.agency.value
    both = 0
    for child in population.children:
        if child.twin is None:
            continue
        for kind in (Kind.EDU_SCHOOL, Kind.GP):
            mine, theirs = places[child.number].get(kind), places[child.twin].get(kind)
            if mine and theirs:
                assert mine == theirs
                both += 1
    assert both > 40


def test_movers_are_on_file_in_both_areas_under_other_surnames(population: Population) -> None:
    held = _by_child(population)
    moved = [child for child in population.children if child.moved is not None]
    assert len(moved) >= 40
    in_both = 0
    for child in moved:
        move = child.moved
        assert move is not None
        assert move.area is neighbour(child.area)
        assert not sounds_alike(move.surname, child.surname)
        assert child.dob <= move.when <= TODAY
        before = [h for h in held[child.number] if h.record.surname != child.surname]
        after = [h for h in held[child.number] if h.record.surname == child.surname]
        for holding in before:
            assert holding.status is InvolvementStatus.RECENT
            assert holding.end == move.when
            assert move.area.code in AGENCY[holding.agency].serves
            assert not holding.record.postcode.startswith(child.area.postcode_letters)
        for holding in after:
            assert child.area.code in AGENCY[holding.agency].serves
            assert holding.start >= move.when
        in_both += bool(before and after)
    assert in_both > 0.8 * len(moved)


def test_a_former_surname_is_known_here_and_not_there(population: Population) -> None:
    held = _by_child(population)
    uses: Counter[str] = Counter()
    for child in population.children:
        if not child.former_surname:
            continue
        assert not sounds_alike(child.former_surname, child.surname)
        for holding in held[child.number]:
            record = holding.record
            if record.surname == child.former_surname:
                uses["former"] += 1
            elif [name.surname for name in record.aliases] == [child.former_surname]:
                uses["both"] += 1
            else:
                assert not record.aliases
                uses["present"] += 1
    assert min(uses[use] for use in ("former", "both", "present")) > 20


def test_one_school_of_the_childs_area_and_age(population: Population) -> None:
    held = _by_child(population)
    without = 0
    for child in population.children:
        schools = [
            h.agency
            for h in held[child.number]
            if h.kind is Kind.EDU_SCHOOL and h.status is InvolvementStatus.OPEN
        ]
        age = child.age(TODAY)
        if age < 5:
            assert not schools
            continue
        assert len(schools) <= 1
        without += not schools
        for school in schools:
            assert AGENCY[school].takes(Kind.EDU_SCHOOL, child.area.code, age)
    assert 20 < without < 0.12 * len(population.children)


def test_an_agency_holds_a_child_once_save_hospitals(population: Population) -> None:
    times = Counter((h.agency, h.child) for h in population.holdings)
    twice = {agency for (agency, _), count in times.items() if count > 1}
    assert twice
    assert all(AGENCY[agency].kind is AgencyKind.NHS_TRUST for agency in twice)
    assert max(times.values()) == 2


def test_who_holds_a_child_holds_that_kind_at_that_age(population: Population) -> None:
    by_number = {child.number: child for child in population.children}
    codes = {area.code for area in AREAS}
    for holding in population.holdings:
        child = by_number[holding.child]
        assert any(
            AGENCY[holding.agency].takes(holding.kind, code, child.age(TODAY)) for code in codes
        )
        assert holding.sensitive == holding.kind.sensitive


def test_dates_of_an_involvement_follow_from_its_status(population: Population) -> None:
    for holding in population.holdings:
        if holding.status is InvolvementStatus.PLANNED:
            assert holding.start > TODAY
            assert holding.end is None
        elif holding.status is InvolvementStatus.OPEN:
            assert holding.start <= TODAY
            assert holding.end is None
        else:
            assert holding.end is not None
            assert holding.start <= holding.end <= TODAY
            assert (TODAY - holding.end).days <= 366
    assert {h.status for h in population.holdings} == set(InvolvementStatus)


def test_agencies_in_turn_hold_different_sightings(population: Population) -> None:
    held = _by_child(population)
    differ = 0
    for child in filter(_plain, population.children):
        one, other = child.sightings
        agencies = [h.agency for h in held[child.number]]
        if one == other or len(set(agencies)) < len(agencies):
            continue
        written = [
            (h.record.forename, h.record.surname, h.record.dob, h.record.postcode)
            for h in held[child.number]
        ]
        for mine, theirs in pairwise(written):
            assert mine != theirs
            differ += 1
    assert differ > 500


def test_who_works_at_a_sensitive_service_is_not_named(population: Population) -> None:
    names = {h.worker.name for h in population.holdings if h.sensitive}
    assert names == {"Duty team"}
    assert all(h.worker.name and h.worker.role for h in population.holdings)


def test_what_is_shielded_is_not_on_file_twice(population: Population) -> None:
    shielded = {(h.agency, h.child) for h in population.holdings if h.shield}
    times = Counter((h.agency, h.child) for h in population.holdings)
    assert shielded
    assert all(times[pair] == 1 for pair in shielded)


def test_the_same_seed_gives_the_same_people_and_another_gives_others(made_wheel: Path) -> None:
    one, same = build(made_wheel, TODAY, 3), build(made_wheel, TODAY, 3)
    assert [e.rows for e in one.exports] == [e.rows for e in same.exports]
    assert one.stories == same.stories
    other = build(made_wheel, TODAY, 4)
    assert [e.rows for e in one.exports] != [e.rows for e in other.exports]


@pytest.mark.parametrize("today", [date(2028, 2, 29), date(2027, 1, 1)])
def test_any_day_will_do(made_wheel: Path, today: date) -> None:
    people = build(made_wheel, today, 5)
    assert all(0 <= child.age(today) <= 17 for child in people.children)
    assert len(people.stories) == 13
    assert len(SCRIPTS) == 8


@pytest.mark.parametrize("year", [2027, 2028])
def test_every_agency_holds_a_child_on_any_day(made_wheel: Path, year: int) -> None:
    """A node refuses an export without rows. In a small population chance leaves an agency without
    a child on nearly every day, in the population of the measurements on one day in four."""
    clusters = read_clusters(made_wheel)[:700]
    for month in range(1, 13):
        last = calendar.monthrange(year, month)[1]
        for day in (1, last):
            people = population_of(clusters, date(year, month, day), SEED, 300)
            holders = {holding.agency for holding in people.holdings}
            assert holders == set(AGENCY), (year, month, day)
            schools = Counter(
                (h.child, AGENCY[h.agency].area)
                for h in people.holdings
                if h.kind is Kind.EDU_SCHOOL
            )
            assert set(schools.values()) == {1}


def test_too_few_children_for_all_agencies_are_refused(made_wheel: Path) -> None:
    people = build(made_wheel, TODAY, SEED)
    nobody = Cast({}, people.children[0])
    babies = [child for child in people.children if child.age(TODAY) == 0]
    with pytest.raises(LookupError, match="no child is left"):
        derive(babies, nobody, TODAY, Random(1))
