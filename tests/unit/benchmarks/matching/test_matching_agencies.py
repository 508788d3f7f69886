"""Which agencies open: of a world with ties made by hand, and rates of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.matching.agencies import ALL_HOSTS, Meetings, Met, Size, by_query, count, meet_all
from benchmarks.matching.equity import Exposures, most_exposed, recall
from benchmarks.matching.intervals import Share
from benchmarks.matching.rates import SHIPPED_FAR, false_unlock, others_of, per_lookup
from benchmarks.matching.sets import NARROW, WIDE
from benchmarks.matching.world import Scale, World, make_world, strangers, twins
from benchmarks.population.child import Child
from benchmarks.population.names import Names
from benchmarks.population.population import Area, Population
from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.linkage import normalise

NOBODY = normalise(Demographics(forename="Ann", surname="Other"))


def a_child(n: int, area: int, group: str = "a", **fields: object) -> Child:
    child = Child(
        id=n, family=n, birth=n, group=group, area=area, practice=10 * area, school=10 * area,
        forename="Zebedee", known_as="", middle_names="", surname=f"Quillfeather{n}",
        former_surname="", born=date(2014, 5, 17), sex=Sex.MALE, postcode=f"LS{area + 1} 2AB",
        former_postcode="", health_number="", upn="",
    )  # fmt: skip
    return replace(child, **fields)  # type: ignore[arg-type]


def a_world(people: Sequence[Child], asking: Sequence[int], areas: int = 3) -> World:
    """Asked from area 0 alone; each area has three schools and two practices."""
    ranges = [[child.id for child in people if child.area == number] for number in range(areas)]
    made = [
        Area(
            number, (f"LS{number + 1}",), range(ids[0], ids[-1] + 1), 10 * number,
            tuple([] for _ in range(3)), 10 * number, tuple([] for _ in range(2)),
        )
        for number, ids in enumerate(ranges)
    ]  # fmt: skip
    scale = Scale(areas=areas, near=1, strangers=0, fair=len(asking), of_group=0, pairs=1)
    population = Population(people, made, ("a", "b"), date(2026, 9, 1))
    forms = [NOBODY] * len(asking)
    return World(population, scale, [people[n] for n in asking], forms, frozenset({0}))


def test_all_other_agencies_of_the_area_could_open() -> None:
    people = [a_child(0, 0), a_child(1, 0, school=None), a_child(2, 1), a_child(3, 2)]
    assert others_of(a_world(people, [0, 1]), range(2)) == (2 + 3, 1 + 1)


def met(meetings: Meetings) -> Met:
    sizes = {
        "far_council": Size(2, 50_000), "far_trust": Size(1, 100_000), "host": Size(2, 1e6),
        "all_hosts": Size(1, 2e6),
    }  # fmt: skip
    return Met(meetings, sizes)


def test_rates_are_over_questions_and_agencies() -> None:
    people = [a_child(0, 0), a_child(1, 0), a_child(2, 1), a_child(3, 2)]
    found = Meetings()
    found.school[0, 1] = WIDE
    found.school[1, 2] = NARROW | WIDE
    found.far_council[0, 1] = SHIPPED_FAR
    found.far_council[1, 2] = WIDE  # asked narrow there: does not count
    found.host[0, 0] = found.host[0, 1] = found.host[0, ALL_HOSTS] = SHIPPED_FAR
    rows = {
        (row.agency, row.keys): row for row in false_unlock(a_world(people, [0, 1]), met(found))
    }
    assert rows["a school of the area", "wide"].share == Share(2, 4)
    assert rows["a school of the area", "narrow"].share == Share(1, 4)
    assert rows["a school of the area", "narrow"].most is None  # it is asked wide
    council = rows["a council elsewhere, of 50,000 children", "narrow"]
    assert (council.share, council.most) == (Share(1, 4), 1e-3)
    million = rows["a host elsewhere, of 1 million children", "narrow"]
    assert (million.share, million.extended) == (Share(2, 4), "")
    five = rows["a host elsewhere, of 5 million children", "narrow"]
    assert five.extended
    assert five.rate == pytest.approx(1 - 0.5**2.5)


def test_agencies_that_open_in_one_lookup() -> None:
    people = [a_child(0, 0), a_child(1, 0), a_child(2, 1), a_child(3, 2)]
    found = Meetings()
    found.school[0, 1] = found.school[0, 2] = found.practice[0, 1] = WIDE
    found.trust[1, 0] = WIDE
    found.far_school[0, 11] = found.far_council[0, 1] = SHIPPED_FAR
    per = per_lookup(a_world(people, [0, 1]), met(found))
    assert per.in_area == 3 / 2
    assert per.in_area_with_council_and_trust == 4 / 2
    # Two of four schools and one of two practices that are not hers opened, and one of two trusts.
    assert per.in_mean_area == pytest.approx(159 * 2 / 4 + 39 * 1 / 2 + 1 / 2)
    assert per.one_area_elsewhere == 1 / 4 + 1 / 4
    assert (per.schools, per.practices) == (3, 2)


def test_a_group_is_held_against_all_other_children_that_ask_fairly() -> None:
    people = [
        a_child(0, 0), a_child(1, 0, "b"), a_child(2, 0, "b"), a_child(3, 1), a_child(4, 2),
    ]  # fmt: skip
    world = a_world(people, [0, 1, 2])
    world = replace(world, scale=replace(world.scale, fair=2))  # the third asks for her group alone
    found = Meetings()
    found.far_council[1, 1] = found.far_council[2, 1] = found.far_council[2, 2] = SHIPPED_FAR
    shares = Exposures(world, met(found)).far("far_council", SHIPPED_FAR)
    assert shares["b"] == Share(3, 4)
    assert shares["not b"] == Share(0, 2)
    assert shares["not a"] == Share(1, 2)
    ratio = most_exposed("elsewhere", shares)
    assert (ratio.group, ratio.hits, ratio.times) == ("b", 3, float("inf"))


def test_a_small_group_is_not_the_most_exposed_by_one_chance_hit() -> None:
    shares = {
        "large": Share(400, 100_000), "not large": Share(100, 100_000),
        "small": Share(1, 200), "not small": Share(500, 200_000),
    }  # fmt: skip
    ratio = most_exposed("elsewhere", shares)
    assert (ratio.group, ratio.times) == ("large", 4.0)


def test_counts() -> None:
    found = {(0, 1): WIDE, (0, 2): WIDE | NARROW, (1, 1): NARROW}
    assert count(found, WIDE, range(2)) == 2
    assert count(found, NARROW, [1]) == 1
    assert by_query(found, NARROW) == {0: 1, 1: 1}
    assert recall({NARROW | WIDE: 3, WIDE: 1, 0: 1}, NARROW) == Share(3, 5)


def test_a_whole_world_end_to_end() -> None:
    """Small areas: children stand in for each other so rarely that what opens must be distinguished
    by who lives where.
    """
    scale = Scale(areas=3, near=1, strangers=1, fair=150, of_group=2, pairs=2, of_area=700)
    world = make_world(scale, Names.builtin())
    assert {child.area for child in world.asking} == {0}
    assert world.asking[:150] == world.asking[: len(world.fair)]
    assert all(world.asking[q].group == "polish" for q in world.queries("polish"))
    found = meet_all(world, Names.builtin(), lambda _: None)
    meetings = found.meetings
    assert found.sizes["far_council"].agencies == 2 + 3
    assert found.sizes["far_trust"].agencies == 2
    assert meetings.council, "in a small area some families' records open each other's questions"
    for query, school in meetings.school:
        assert school != world.asking[query].school
        assert school < world.people.areas[1].first_school
    for query, practice in meetings.practice:
        assert practice != world.asking[query].practice
    assert all(area in (1, 2) or area >= 1000 for _, area in meetings.far_council)
    assert {query for query, _ in meetings.council} <= {query for query, _ in meetings.trust}


def test_strangers_live_where_nobody_asked_from() -> None:
    scale = Scale(areas=12, near=6, strangers=1, fair=10, of_group=0, pairs=1, of_area=300)
    world = make_world(scale, Names.builtin())
    asked = {code for area in world.areas(near=True) for code in area.outcodes}
    for number in range(3):
        areas = strangers(world, number, Names.builtin())
        assert len(areas) == 12
        outcodes = {child.postcode.split()[0] for area in areas for child in area}
        assert not outcodes & asked


def test_twins_are_those_of_one_birth() -> None:
    one, other, third = a_child(0, 0), a_child(1, 0, birth=0), a_child(2, 0)
    assert twins([one, other, third]) == [(one, other)]
