"""Which questions the records of other children open: one pass over the records of a population
against an index of the questions, which is small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random

from benchmarks.matching.solver import Mask
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import NormalForm, Side, normalise

Keying = Callable[[NormalForm, Side], Mapping[object, Mask]]
"""The keys of a child on one side, each with the sets that have it."""
Index = Mapping[object, Sequence[tuple[int, Mask]]]
"""For each key the queries that have it, by number, and in which sets."""


def index_of(asked: Iterable[NormalForm], keying: Keying) -> Index:
    index: dict[object, list[tuple[int, Mask]]] = defaultdict(list)
    for query, form in enumerate(asked):
        for key, mask in keying(form, Side.QUERY).items():
            index[key].append((query, mask))
    return index


def meet(
    index: Index,
    records: Iterable[Child],
    keying: Keying,
    chance: Random,
    note: Callable[[int, Child, Mask], None],
) -> None:
    """One record of every child, with typical errors, against all queries.

    ``note`` is called for each record with the query that it opens, and by what.
    """
    for child in records:
        form = normalise(write_record(child, TYPICAL, chance))
        found: dict[int, Mask] = {}
        for key, mask in keying(form, Side.RECORD).items():
            for query, wanted in index.get(key, ()):
                if mask & wanted:
                    found[query] = found.get(query, 0) | mask & wanted
        for query, opens in found.items():
            note(query, child, opens)
