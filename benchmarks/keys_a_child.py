"""How many blocking keys the record of a child has: the figure by which key holders bound indexing.

Measured on a seeded population, by the rules that are in force: records as schools write them (with
the pupil number among the keys) and as practices and trusts do (with the NHS number), each with
typical errors. An agency has equal keys of two children (siblings, twins) evaluated once, so the
second figure, of distinct keys in an agency of some hundred children, is a little smaller. The
greater mean of records, rounded up to a tenth, is what a federation's parameters state
(``limits.KEYS_PER_CHILD_HUNDREDTHS``); a test measures it again on a smaller population.

Beside it stands what it would cost to let a query open with several common keys only: of true pairs
of records, with typical errors on both sides, the share that has at least so many keys in common.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from random import Random
from statistics import mean, stdev
from typing import Final

from agency_node.records.tagging import record_inputs
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL, Holder
from benchmarks.population.linkage import linkage
from benchmarks.population.names import Names
from benchmarks.population.population import Population, build
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import BlockingKey, Scope, Side, blocking_keys, normalise
from fingerpost.protocol import limits

CHILDREN: Final = 50_000
SEED: Final = 33
OF_AREA: Final = 25_000
PAIRS: Final = 8_000
MOST: Final = 4


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


def common_keys(children: int, seed: int = SEED) -> dict[Scope, list[float]]:
    """Return by the scope of a query the shares of true pairs with at least 1, 2, 3 … ``MOST``
    common keys, of records of a school and of a practice.
    """
    people = build(children, seed, Names.builtin(), of_area=min(OF_AREA, children))
    pairs = linkage(people.children, TYPICAL, seed, overlap=1.0)
    left, right = dict(pairs.left), dict(pairs.right)
    shares = {}
    for scope in (Scope.NARROW, Scope.WIDE):
        common = [
            len(_keys_of(left[asked], Side.QUERY, scope) & _keys_of(right[held], Side.RECORD))
            for asked, held in pairs.truth
        ]
        shares[scope] = [mean(count >= least for count in common) for least in range(1, MOST + 1)]
    return shares


def _keys_of(record: Demographics, side: Side, scope: Scope = Scope.WIDE) -> frozenset[BlockingKey]:
    return frozenset(blocking_keys(normalise(record), side=side, scope=scope))


def hundredths(found: Iterable[Keys]) -> int:
    """Return the figure for the parameters: the greatest mean, rounded up to a tenth of a key, in
    hundredths.
    """
    return 10 * max(ceil(keys.mean * 10) for keys in found)


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
    for scope, shares in common_keys(min(asked.children, PAIRS), asked.seed).items():
        shown = ", ".join(f"{least}: {share:.3f}" for least, share in enumerate(shares, 1))
        print(f"{scope.name.lower()} queries, true pairs with so many common keys: {shown}")
    print(f"for the parameters: {hundredths(found)}; now: {limits.KEYS_PER_CHILD_HUNDREDTHS}")


if __name__ == "__main__":
    main()
