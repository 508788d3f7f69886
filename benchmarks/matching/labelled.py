"""Labelled pairs to choose by: the candidates by which the true pairs of data sets open.

The pairs are those of published data sets and of the made population. ``sources`` says which data
sets are for choosing and which only judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from agency_node.match_tool.tables import Row, read_table, read_truth
from benchmarks.matching.candidates import Candidate, keys
from benchmarks.matching.solver import Mask
from benchmarks.population.child import Child
from benchmarks.population.errors import ErrorModel
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import NormalForm, Side, normalise


def published(
    folder: Path, candidates: Sequence[Candidate], *, placed: bool = True
) -> Counter[Mask]:
    """Count the true pairs of one data set by what opens them.

    Postcodes are left out unless ``placed``.
    """
    left, right = read_table(folder / "left.csv").rows, read_table(folder / "right.csv").rows

    def form(row: Row) -> NormalForm:
        fields = row.demographics
        return normalise(fields if placed else replace(fields, postcode=""))

    asked = {row.id: form(row) for row in left}
    held = {row.id: form(row) for row in right}
    truth = read_truth(folder / "truth.csv", left, right)
    return Counter(_opened(candidates, asked[one], held[other]) for one, other in truth)


def synthetic(
    children: Iterable[Child], candidates: Sequence[Candidate], model: ErrorModel, seed: int
) -> Counter[Mask]:
    """Count pairs of records of each child, with errors drawn apart, by what opens them."""
    chance = Random(seed)
    counts: Counter[Mask] = Counter()
    for child in children:
        asked = normalise(write_record(child, model, chance))
        record = normalise(write_record(child, model, chance))
        counts[_opened(candidates, asked, record)] += 1
    return counts


def _opened(candidates: Sequence[Candidate], asked: NormalForm, record: NormalForm) -> Mask:
    wanted = set(keys(candidates, asked, Side.QUERY))
    shared = {place for place, *_ in wanted.intersection(keys(candidates, record, Side.RECORD))}
    return sum(1 << place for place in shared)
