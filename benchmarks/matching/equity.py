"""Whether some children are more exposed, or found less often, than others: by the origin of their
names.

Measured are the recall of each group on pairs of records with errors and without numbers, the
exposure of each group, the ratio of the most exposed group to all others together, and the
frontier: what binding the keys of common names gains and costs. The aim is a ratio under 5 while no
group loses more than a point of recall against keys that are not bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from random import Random
from typing import Final

from benchmarks.matching.agencies import Found, Met, by_query, count
from benchmarks.matching.apart import apart
from benchmarks.matching.intervals import Share
from benchmarks.matching.rates import SHIPPED_FAR, others_of
from benchmarks.matching.sets import BOUNDS, NARROW, WIDE, both, bound, recalled, without_numbers
from benchmarks.matching.solver import Mask
from benchmarks.matching.world import SEED, World, sample_of_groups
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, TYPICAL, ErrorModel
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import Decision, compare, normalise

MOST_RATIO: Final = 5.0
MOST_LOST: Final = 0.01
MODELS: Final = {"typical": TYPICAL, "bad": BAD}
MOST_BEHIND: Final = {"typical": 0.05, "bad": 0.08}
"""How far behind the best-served group the recall of what is answered may lie, wide."""

Recalled = Mapping[str, Mapping[str, Counter[Mask]]]
"""By model of errors and group: pairs of records, by the sets in which they open, and are answered
(``answered``).
"""


def answered(keys: Mask) -> Mask:
    """Return what stands for "opened by these keys, and answered without a person"."""
    return keys << 32


def recall_by_group(world: World) -> Recalled:
    samples = sample_of_groups(world, world.scale.pairs)
    work = [(model, group) for model in MODELS for group in samples]
    counts = apart(
        [
            partial(_pairs, samples[group], MODELS[model], f"{model} {group}")
            for model, group in work
        ]
    )
    found: dict[str, dict[str, Counter[Mask]]] = {model: {} for model in MODELS}
    for (model, group), counted in zip(work, counts, strict=True):
        found[model][group] = counted
    return found


def _pairs(those: Sequence[Child], model: ErrorModel, seed: str) -> Counter[Mask]:
    chance = Random(f"{SEED} {seed}")
    counted: Counter[Mask] = Counter()
    for child in those:
        asked, record = (
            normalise(without_numbers(write_record(child, model, chance))) for _ in range(2)
        )
        opened = recalled(asked, record, both)
        if opened and compare(asked, record).decision is Decision.MATCH:
            opened |= answered(opened & (NARROW | WIDE))
        counted[opened] += 1
    return counted


def recall(counted: Mapping[Mask, int], wanted: Mask) -> Share:
    hits = sum(pairs for mask, pairs in counted.items() if mask & wanted)
    return Share(hits, sum(counted.values()))


_COLUMNS: Final = {
    "narrow": NARROW,
    "wide": WIDE,
    "narrow, answered": answered(NARROW),
    "wide, answered": answered(WIDE),
}


@dataclass(frozen=True, slots=True)
class Exposed:
    """One group. ``recall``: by model and keys (``typical narrow``), and of what is answered
    (``typical narrow, answered``).
    """

    group: str
    share: float
    recall: Mapping[str, Share]
    far_council: Share
    far_trust: Share
    local: Share
    trust: Share


@dataclass(frozen=True, slots=True)
class Ratio:
    """The most exposed group to all other children together.

    ``hits``: how often the group was opened. ``least``: the least ratio that the counts bear out,
    which is the lower end of its interval over the upper end of theirs.
    """

    where: str
    group: str
    rate: float
    others: float
    hits: int
    least: float

    @property
    def times(self) -> float:
        if not self.others:
            return inf if self.rate else 1.0
        return self.rate / self.others


class Exposures:
    """What opened, by group; a child who asks for her group's sake alone counts for no other."""

    def __init__(self, world: World, met: Met) -> None:
        self._world, self._met = world, met
        self.groups = sorted({child.group for child in world.asking})
        self._queries = {group: world.queries(group) for group in self.groups}

    def shares(
        self, founds: Iterable[Found], wanted: Mask, agencies: Callable[[Sequence[int]], float]
    ) -> dict[str, Share]:
        """Return the share of each group and of all other children (``not`` before the name).

        Args:
            agencies: How many pairs of a question and an agency there are for some questions.
        """
        opened: Counter[int] = Counter()
        for found in founds:
            opened.update(by_query(found, wanted))
        shares = {}
        for group, queries in self._queries.items():
            own = set(queries)
            others = [query for query in self._world.fair if query not in own]
            for name, those in ((group, queries), (f"not {group}", others)):
                shares[name] = Share(sum(opened[query] for query in those), agencies(those))
        return shares

    def far(self, kind: str, wanted: Mask) -> dict[str, Share]:
        """Return the shares of one kind: ``far_council`` or ``far_trust``."""
        each = self._met.sizes[kind].agencies
        found: Found = getattr(self._met.meetings, kind)
        return self.shares([found], wanted, lambda those: each * len(those))

    def local(self) -> dict[str, Share]:
        """Return the shares of schools and practices of the area."""
        found = self._met.meetings
        return self.shares(
            [found.school, found.practice], WIDE, lambda those: sum(others_of(self._world, those))
        )

    def trusts(self) -> dict[str, Share]:
        return self.shares([self._met.meetings.trust], WIDE, len)


def most_exposed(where: str, shares: Mapping[str, Share]) -> Ratio:
    """Return the ratio of the group whose interval begins highest.

    The rate itself would not do: of thirty small groups one is always high by chance.
    """
    groups = (name for name in shares if not name.startswith("not "))
    group = max(groups, key=lambda name: shares[name].interval[0])
    own, others = shares[group], shares[f"not {group}"]
    least = own.interval[0] / others.interval[1]
    return Ratio(where, group, own.rate, others.rate, own.hits, least)


def by_group(world: World, met: Met, pairs: Recalled) -> tuple[list[Exposed], list[Ratio]]:
    exposures = Exposures(world, met)
    far_council = exposures.far("far_council", SHIPPED_FAR)
    far_trust = exposures.far("far_trust", SHIPPED_FAR)
    local, trust = exposures.local(), exposures.trusts()
    sizes = Counter(child.group for child in world.people.children)
    rows = [
        Exposed(
            group,
            sizes[group] / len(world.people.children),
            {
                f"{model} {keys}": recall(pairs[model][group], mask)
                for model in MODELS
                for keys, mask in _COLUMNS.items()
            },
            far_council[group],
            far_trust[group],
            local[group],
            trust[group],
        )
        for group in exposures.groups
    ]
    ratios = [
        most_exposed("a council elsewhere, narrow", far_council),
        most_exposed("a trust elsewhere, narrow", far_trust),
        most_exposed("schools and practices of the area, wide", local),
        most_exposed("a trust of the area, wide", trust),
    ]
    return rows, ratios


@dataclass(frozen=True, slots=True)
class Point:
    """One bound on the bits that a narrow key must have. ``lost``: the most recall that any group
    loses against no bound, by model of errors; ``lost_by``: which group; ``recall``: of all
    children; ``opened``: of their questions, at a trust elsewhere.
    """

    bits: float
    council: Ratio
    trust: Ratio
    opened: float
    lost: Mapping[str, float]
    lost_by: Mapping[str, str]
    recall: Mapping[str, float]
    by_group: Mapping[str, Mapping[str, float]]


def frontier(world: World, met: Met, pairs: Recalled) -> list[Point]:
    exposures = Exposures(world, met)
    sizes = Counter(child.group for child in world.people.children)
    unbound = bound(0.0)
    points = []
    for bits in BOUNDS:
        lost, lost_by, whole, groups = {}, {}, {}, {}
        trusts = Share(
            count(met.meetings.far_trust, bound(bits), world.fair),
            len(world.fair) * met.sizes["far_trust"].agencies,
        )
        for model, counts in pairs.items():
            rates = {group: recall(counts[group], bound(bits)).rate for group in counts}
            losses = {g: recall(counts[g], unbound).rate - rate for g, rate in rates.items()}
            lost_by[model] = max(losses, key=lambda g: losses[g])
            lost[model] = losses[lost_by[model]]
            whole[model] = sum(rates[g] * sizes[g] for g in rates) / sum(sizes[g] for g in rates)
            groups[model] = rates
        points.append(
            Point(
                bits,
                most_exposed("a council elsewhere", exposures.far("far_council", bound(bits))),
                most_exposed("a trust elsewhere", exposures.far("far_trust", bound(bits))),
                trusts.rate,
                lost,
                lost_by,
                whole,
                groups,
            )
        )
    return points
