"""Labelled pairs to choose and to judge by: which candidates open them.

What lives here: true pairs of published data sets (written by ``benchmarks.datasets``) and of the
population, as masks for the solver. Data sets to choose by and data sets to judge by are
distinguished by name, so that nothing is judged on what it was fitted to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from agency_node.match_tool.tables import Row, read_rows, read_truth
from benchmarks.matching.candidates import Candidate, keys, shared
from benchmarks.matching.solver import Mask
from benchmarks.population.child import Child
from benchmarks.population.errors import ErrorModel
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import NormalForm, Side, normalise

TUNED_ON = (
    "febrl1-self",
    "fake_1000-self",
    "pseudopeople-census-census-tune",
    "pseudopeople-census-survey-tune",
    "pseudopeople-census-wic-tune",
)
"""FEBRL 1, fake_1000 and half of the households of pseudopeople; the rest of them, FEBRL 2 and 3
only judge.
"""


def published(
    folder: Path, candidates: Sequence[Candidate], *, placed: bool = True
) -> Counter[Mask]:
    """The true pairs of one data set; without postcodes unless ``placed``."""
    left, right = read_rows(folder / "left.csv"), read_rows(folder / "right.csv")

    def form(row: Row) -> NormalForm:
        fields = row.demographics
        return normalise(fields if placed else replace(fields, postcode=""))

    asked = {row.id: form(row) for row in left}
    held = {row.id: form(row) for row in right}
    truth = read_truth(folder / "truth.csv", left, right)
    return Counter(_opened(candidates, asked[one], held[other]) for one, other in truth)


def synthetic(
    children: Iterable[Child], candidates: Sequence[Candidate], model: ErrorModel, seed: int
) -> dict[str, Counter[Mask]]:
    """Two records of each child, with errors drawn apart; by group of origin."""
    chance = Random(seed)
    by_group: dict[str, Counter[Mask]] = defaultdict(Counter)
    for child in children:
        asked = normalise(write_record(child, model, chance))
        record = normalise(write_record(child, model, chance))
        by_group[child.group][_opened(candidates, asked, record)] += 1
    return dict(by_group)


def _opened(candidates: Sequence[Candidate], asked: NormalForm, record: NormalForm) -> Mask:
    return shared(
        frozenset(keys(candidates, asked, Side.QUERY)),
        frozenset(keys(candidates, record, Side.RECORD)),
    )
