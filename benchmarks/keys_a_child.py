"""How many blocking keys the record of a child has: the figure by which key holders bound indexing.

Measured on a seeded population, by the rules that are in force: records as schools write them (with
the pupil number among the keys) and as practices and trusts do (with the NHS number), each with
typical errors. An agency has equal keys of two children (siblings, twins) evaluated once, so the
second figure, of distinct keys in an agency of some hundred children, is a little smaller. The
greater mean of records is what a federation's parameters state
(``limits.KEYS_PER_CHILD_HUNDREDTHS``); a test measures it again on a smaller population.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import mean, stdev
from typing import Final

from agency_node.records.tagging import record_inputs
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL, Holder
from benchmarks.population.names import Names
from benchmarks.population.population import Population, build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import normalise
from fingerpost.protocol import limits

CHILDREN: Final = 50_000
SEED: Final = 33
OF_AREA: Final = 25_000


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one kind of agency. ``mean``: keys of a record; ``error``: the standard error of that;
    ``most``: of one record; ``evaluated``: distinct keys for each child of one agency."""

    holder: str
    children: int
    mean: float
    error: float
    most: int
    evaluated: float


def measure(children: int = CHILDREN, seed: int = SEED) -> tuple[Keys, ...]:
    """Return the keys of records of schools and of practices.

    Args:
        children: how many the population has.
    """
    people = build(children, seed, Names.builtin(), of_area=min(OF_AREA, children))
    schools = [school for area in people.areas for school in area.schools]
    practices = [practice for area in people.areas for practice in area.practices]
    return (
        _keys("schools, with the pupil number", people, schools, Holder.SCHOOL, upn=True),
        _keys("practices and trusts", people, practices, Holder.HEALTH, upn=False),
    )


def hundredths(found: Iterable[Keys]) -> int:
    """Return the figure for the parameters: the greatest mean, in hundredths, rounded up."""
    return max(int(keys.mean * 100) + 1 for keys in found)


def _keys(
    name: str, people: Population, agencies: Sequence[Sequence[int]], holder: Holder, *, upn: bool
) -> Keys:
    counts: list[int] = []
    distinct = 0
    for number, agency in enumerate(agencies):
        chance = Random(f"{SEED} {holder.name} {number}")
        inputs = [_inputs(people.children[one], chance, holder, upn=upn) for one in agency]
        counts += map(len, inputs)
        distinct += len({x for xs in inputs for x in xs})
    return Keys(
        name,
        len(counts),
        mean(counts),
        stdev(counts) / sqrt(len(counts)),
        max(counts),
        distinct / len(counts),
    )


def _inputs(child: Child, chance: Random, holder: Holder, *, upn: bool) -> tuple[bytes, ...]:
    record = write_record(child, TYPICAL, chance, holder=holder)
    return record_inputs(normalise(record), upn=upn)


def main() -> None:
    """Print what was measured, and the figure for the parameters beside the one in force."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=CHILDREN)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    found = measure(asked.children, asked.seed)
    for keys in found:
        print(
            f"{keys.holder}: {keys.mean:.2f} keys of a record (± {2 * keys.error:.2f}), at most "
            f"{keys.most}, {keys.evaluated:.2f} evaluated for each child, {keys.children:,} records"
        )
    print(f"for the parameters: {hundredths(found)}; now: {limits.KEYS_PER_CHILD_HUNDREDTHS}")


if __name__ == "__main__":
    main()
