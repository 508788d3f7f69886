"""A seeded population of children: who lives where, in which family, served by which agencies.

Invariants: one seed gives one population on any machine; children are in the order of their ids,
area by area, family by family; no NHS number and no pupil number is given twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from benchmarks.population.child import Child
from benchmarks.population.families import Window, mean_children
from benchmarks.population.household import Household, Registry
from benchmarks.population.names import Draw, Names
from benchmarks.population.places import (
    CHILDREN_OF_AREA,
    OUTCODES,
    AreaPlan,
    plan_area,
    settle,
    shuffled_letters,
)

UNTIL: Final = date(2026, 9, 1)
CATCHMENT: Final = 6  # areas, of about 300,000 children, that a large trust serves


@dataclass(frozen=True, slots=True)
class Area:
    """A council's area. ``children``: ids of all of them, which the council holds. ``schools``,
    ``practices``: ids of the children of each; a school's number is ``first_school`` plus its
    place, a practice's ``first_practice``.
    """

    number: int
    outcodes: tuple[str, ...]
    children: range
    first_school: int
    schools: tuple[Sequence[int], ...]
    first_practice: int
    practices: tuple[Sequence[int], ...]


@dataclass(frozen=True, slots=True)
class Population:
    """``groups``: the names of the groups of origin. ``until``: the day the population is of."""

    children: Sequence[Child]
    areas: Sequence[Area]
    groups: tuple[str, ...]
    until: date


def build(
    children: int,
    seed: int,
    names: Names,
    until: date = UNTIL,
    *,
    of_area: int = CHILDREN_OF_AREA,
) -> Population:
    """Draw a population.

    Args:
        children: How many; all are under 18 on ``until``.
        of_area: About how many live in one area.

    Raises:
        ValueError: There are to be no children, or more areas than England has outcodes for.
    """
    if children < 1 or of_area < 1:
        raise ValueError("a population has children")
    chance = Random(seed)
    window = Window.before(until)
    count = max(1, round(children / of_area))
    limits = [children * number // count for number in range(count + 1)]
    # Shares are of children; families are drawn, and some groups' are larger.
    families = [group.share / mean_children(group.customs.large) for group in names.groups]
    rows = settle([families] * count, [group.spread for group in names.groups], chance)
    letters = shuffled_letters(chance)
    registry = Registry(chance)
    born: list[Child] = []
    areas: list[Area] = []
    before: AreaPlan | None = None
    for number in range(count):
        size = limits[number + 1] - limits[number]
        plan = plan_area(
            number, letters[number % len(letters)], size, rows[number], names.groups, chance
        )
        household = Household(plan, before, names, window, registry, chance)
        before = plan
        outcodes = Draw.places([1.0] * OUTCODES)
        while len(born) < limits[number + 1]:
            outcode = outcodes.one(chance)
            group = names.groups[plan.groups[outcode].one(chance)]
            born += household.children(len(born), outcode, group)[: limits[number + 1] - len(born)]
        areas.append(_area(plan, born, limits[number], registry))
        registry.close_area(plan)
    return Population(born, areas, tuple(group.name for group in names.groups), until)


def _area(plan: AreaPlan, born: Sequence[Child], first: int, registry: Registry) -> Area:
    schools: list[list[int]] = [[] for _ in range(plan.primary_count + plan.secondary_count)]
    practices: list[list[int]] = [[] for _ in range(plan.practice_count)]
    for number in range(first, len(born)):
        child = born[number]
        if child.school is not None:
            schools[child.school - registry.first_school].append(child.id)
        practices[child.practice - registry.first_practice].append(child.id)
    return Area(
        number=plan.number,
        outcodes=plan.outcodes,
        children=range(first, len(born)),
        first_school=registry.first_school,
        schools=tuple(schools),
        first_practice=registry.first_practice,
        practices=tuple(practices),
    )
