"""The population that the shipped keys are judged on, and who asks there.

Invariants: seeds differ from the one that keys were chosen on; one scale and seed give one world.
Those who ask are a fair sample of the areas that one trust serves; behind them stand more children
of rare groups, who count for their group alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.places import CHILDREN_OF_AREA
from benchmarks.population.population import CATCHMENT, Area, Population, build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import NormalForm, normalise

SEED: Final = 23

# Areas more than wanted: whose postcodes are those of areas asked from are left out
_SPARE: Final = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. ``strangers``: populations elsewhere, each of ``areas``, with
    ``of_area`` children each; ``fair`` children ask, and of each group at least ``of_group`` as far
    as there are; ``pairs``: of records, by group.
    """

    areas: int
    near: int
    strangers: int
    fair: int
    of_group: int
    pairs: int
    of_area: int = CHILDREN_OF_AREA


FULL: Final = Scale(areas=20, near=CATCHMENT, strangers=5, fair=24_000, of_group=800, pairs=1_500)
QUICK: Final = Scale(areas=6, near=2, strangers=1, fair=6_000, of_group=300, pairs=200)


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """``asking``: the first ``fair`` of them are a fair sample. ``near``: areas asked from, served
    by one trust.
    """

    people: Population
    scale: Scale
    asking: Sequence[Child]
    forms: Sequence[NormalForm]
    near: frozenset[int]

    def areas(self, *, near: bool) -> list[Area]:
        return [area for area in self.people.areas if (area.number in self.near) is near]

    def queries(self, group: str) -> list[int]:
        """Return the numbers of those questions that are about children of a group."""
        return [query for query, child in enumerate(self.asking) if child.group == group]

    @property
    def fair(self) -> range:
        return range(self.scale.fair)


def make_world(scale: Scale, names: Names) -> World:
    people = build(scale.areas * scale.of_area, SEED, names, of_area=scale.of_area)
    chance = Random(SEED)
    near = [child for area in people.areas[: scale.near] for child in children(people, area)]
    chance.shuffle(near)
    asking = near[: scale.fair]
    there = Counter(child.group for child in asking)
    for child in near[scale.fair :]:
        if there[child.group] < scale.of_group:
            there[child.group] += 1
            asking.append(child)
    forms = [normalise(write_record(child, TYPICAL, chance)) for child in asking]
    return World(people, scale, asking, forms, frozenset(range(scale.near)))


def children(people: Population, area: Area) -> Sequence[Child]:
    return people.children[area.children.start : area.children.stop]


def strangers(world: World, number: int, names: Names) -> list[Sequence[Child]]:
    """Return children of another population, area by area.

    No area has an outcode of an area asked from.
    """
    asked = {code for area in world.areas(near=True) for code in area.outcodes}
    wanted, each = world.scale.areas, world.scale.of_area
    people = build((wanted + _SPARE) * each, SEED + 1 + number, names, of_area=each)
    apart = [area for area in people.areas if asked.isdisjoint(area.outcodes)]
    return [children(people, area) for area in apart[:wanted]]


def sample_of_groups(world: World, most: int) -> dict[str, list[Child]]:
    """Return at most ``most`` children of each group, from anywhere."""
    chance = Random(SEED + 100)
    by_group: dict[str, list[Child]] = defaultdict(list)
    for child in world.people.children:
        by_group[child.group].append(child)
    return {
        group: chance.sample(those, min(most, len(those)))
        for group, those in sorted(by_group.items())
    }


def twins(people: Iterable[Child]) -> list[tuple[Child, Child]]:
    """Return the first two children of each birth of several."""
    by_birth: dict[int, list[Child]] = defaultdict(list)
    for child in people:
        by_birth[child.birth].append(child)
    return [(those[0], those[1]) for those in by_birth.values() if len(those) > 1]
