"""Which agencies that do not hold a child are opened by a question about her, all agencies of a
world at once.

The module makes the passes over the world and over populations elsewhere, shared out over
processes, and notes what opened where, by set of keys (``sets``); rates and budgets are in
``rates``. Every agency is taken as one that does not hold the child: her own records never open
anything here. Where only a twin's record would open a trust, a council or a host, it is left out
too, since an agency that holds her twin is counted apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from random import Random
from typing import Final

from benchmarks.matching.apart import apart
from benchmarks.matching.exposure import Index, Keying, index_of, meet
from benchmarks.matching.sets import both, by_bound, shipped
from benchmarks.matching.solver import Mask
from benchmarks.matching.world import SEED, World, children, strangers
from benchmarks.population.child import Child
from benchmarks.population.names import Names
from benchmarks.population.population import CATCHMENT, Area

Found = dict[tuple[int, int], Mask]
"""Query and agency, by number, and the sets by which it opened."""


def _nothing() -> Found:
    return defaultdict(int)


@dataclass
class Meetings:
    """By kind of agency. ``school``, ``practice``: of the child's own area, not hers. ``council``,
    ``trust``: of her own area, as if they did not hold her. ``far_*``: of areas that nobody asked
    from; a far trust serves six of them. ``host``: holds all agencies of a population elsewhere,
    ``ALL_HOSTS`` those of all of them.
    """

    school: Found = field(default_factory=_nothing)
    practice: Found = field(default_factory=_nothing)
    council: Found = field(default_factory=_nothing)
    trust: Found = field(default_factory=_nothing)
    far_school: Found = field(default_factory=_nothing)
    far_practice: Found = field(default_factory=_nothing)
    far_council: Found = field(default_factory=_nothing)
    far_trust: Found = field(default_factory=_nothing)
    host: Found = field(default_factory=_nothing)

    def add(self, other: Meetings) -> None:
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            for key, mask in theirs.items():
                mine[key] |= mask

    def note(
        self, child: Child, near: Collection[int], query: int, record: Child, mask: Mask
    ) -> None:
        """Count a record of the same population that the question ``query`` about ``child`` opens.

        ``near``: the areas that her trust serves. What opens at a far trust follows from the areas
        that it serves, so the caller counts it.
        """
        if record.id == child.id:
            return
        twin = record.birth == child.birth
        if record.area == child.area:
            if record.school is not None and record.school != child.school:
                self.school[query, record.school] |= mask
            if record.practice != child.practice:
                self.practice[query, record.practice] |= mask
            if not twin:
                self.council[query, record.area] |= mask
        elif record.area not in near:
            if record.school is not None:
                self.far_school[query, record.school] |= mask
            self.far_practice[query, record.practice] |= mask
            self.far_council[query, record.area] |= mask
        if record.area in near and not twin:
            self.trust[query, 0] |= mask


@dataclass(frozen=True, slots=True)
class Size:
    """How many agencies of a kind there were, and the mean number of children of one."""

    agencies: int
    children: float


ALL_HOSTS: Final = -1


@dataclass(frozen=True, slots=True)
class Met:
    """``sizes``: of far councils, far trusts and hosts, by the names of ``Meetings``."""

    meetings: Meetings
    sizes: dict[str, Size]


def meet_all(world: World, names: Names, say: Callable[[str], None]) -> Met:
    say(f"{len(world.asking):,} questions against {len(world.people.children):,} children")
    index = index_of(world.forms, both)
    far = world.areas(near=False)
    slices = [(area,) for area in world.areas(near=True)] + [(area,) for area in far]
    found = Meetings()
    for part in apart([partial(_at_home, world, index, areas) for areas in slices]):
        found.add(part)
    far_sizes = [len(area.children) for area in far]
    say(f"and {world.scale.strangers} populations elsewhere")
    elsewhere = apart(
        [partial(_elsewhere, world, names, index, n) for n in range(world.scale.strangers)]
    )
    for part, sizes in elsewhere:
        found.add(part)
        far_sizes += sizes
    hosted = [sum(sizes) for _, sizes in elsewhere]
    trusts = _trusts(len(far)) + sum(_trusts(len(sizes)) for _, sizes in elsewhere)
    mean = sum(far_sizes) / len(far_sizes)
    served = min(CATCHMENT, len(far))
    return Met(
        found,
        {
            "far_council": Size(len(far_sizes), mean),
            "far_trust": Size(trusts, served * mean),
            "host": Size(len(hosted), sum(hosted) / len(hosted)),
            "all_hosts": Size(1, sum(hosted)),
        },
    )


def _trusts(areas: int) -> int:
    """Return how many trusts serve so many areas: six areas each; one where there are not six."""
    return max(1, areas // CATCHMENT)


def _at_home(world: World, index: Index, areas: Sequence[Area]) -> Meetings:
    found = Meetings()

    def note(query: int, record: Child, mask: Mask) -> None:
        found.note(world.asking[query], world.near, query, record, mask)

    first_far = len(world.near)
    trusts = _trusts(world.scale.areas - first_far)
    for area in areas:
        chance = Random(f"{SEED} area {area.number}")
        keying: Keying = shipped if area.number in world.near else both
        meet(index, children(world.people, area), keying, chance, note)
    for (query, area_number), mask in found.far_council.items():
        if (trust := (area_number - first_far) // CATCHMENT) < trusts:
            found.far_trust[query, trust] |= mask
    return found


def _elsewhere(world: World, names: Names, index: Index, number: int) -> tuple[Meetings, list[int]]:
    """Return what opens in one population elsewhere by narrow keys, and the children of each of its
    areas.
    """
    found = Meetings()
    areas = strangers(world, number, names)
    trusts = _trusts(len(areas))
    for place, area in enumerate(areas):
        agency = (number + 1) * 1000 + place
        trust = (number + 1) * 1000 + place // CATCHMENT
        served = place // CATCHMENT < trusts

        def note(
            query: int,
            _record: Child,
            mask: Mask,
            agency: int = agency,
            trust: int | None = trust if served else None,
        ) -> None:
            found.far_council[query, agency] |= mask
            if trust is not None:
                found.far_trust[query, trust] |= mask
            found.host[query, number] |= mask
            found.host[query, ALL_HOSTS] |= mask

        chance = Random(f"{SEED} elsewhere {number} {place}")
        meet(index, area, by_bound, chance, note)
    return found, [len(area) for area in areas]


def count(found: Found, wanted: Mask, queries: Iterable[int]) -> int:
    """Return how many agencies opened, over these queries."""
    asked = set(queries)
    return sum(1 for (query, _), mask in found.items() if mask & wanted and query in asked)


def by_query(found: Found, wanted: Mask) -> Counter[int]:
    """Return for each query the number of agencies that opened."""
    return Counter(query for (query, _), mask in found.items() if mask & wanted)
