"""How often an agency that does not hold a child opens a query about her.

What lives here: one pass over the records of a population against an index of queries, which is
small, and what opened at which agency. What must not: the drawing of the population. A record is
that of another child; the child's own records never count, and at a trust her twin's neither (an
agency that holds the twin always opens: that is counted apart).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from benchmarks.matching.candidates import Candidate, keys
from benchmarks.matching.solver import Mask
from benchmarks.population.child import Child
from benchmarks.population.errors import ErrorModel
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import NormalForm, Side, normalise

Keying = Callable[[NormalForm, Side], Mapping[object, Mask]]
"""The keys of a child on one side, each with the sets that have it."""
Index = Mapping[object, Sequence[tuple[int, Mask]]]
"""For each key the queries that have it, by number, and in which sets."""


@dataclass
class Opened:
    """By query: what opened at an uninvolved agency of a kind, by which candidates.

    ``schools``, ``practices``: (query, agency) → candidates. ``council``: (query, far area) →
    candidates. ``trust``: the trust that serves the child's own area, twins apart; ``far_trust``:
    one that serves none of those; ``everywhere``: all records of the population, own area and
    siblings included. ``twins``: the twin alone.
    """

    schools: dict[tuple[int, int], Mask] = field(default_factory=lambda: defaultdict(int))
    practices: dict[tuple[int, int], Mask] = field(default_factory=lambda: defaultdict(int))
    council: dict[tuple[int, int], Mask] = field(default_factory=lambda: defaultdict(int))
    trust: dict[int, Mask] = field(default_factory=lambda: defaultdict(int))
    far_trust: dict[int, Mask] = field(default_factory=lambda: defaultdict(int))
    everywhere: dict[int, Mask] = field(default_factory=lambda: defaultdict(int))
    twins: dict[int, Mask] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Asked:
    """Queries about some children. ``near``: areas that the asking children's trust serves."""

    children: Sequence[Child]
    forms: Sequence[NormalForm]
    near: frozenset[int]


def ask(children: Iterable[Child], near: Iterable[int], model: ErrorModel, seed: int) -> Asked:
    chance = Random(seed)
    chosen = list(children)
    forms = [normalise(write_record(child, model, chance)) for child in chosen]
    return Asked(chosen, forms, frozenset(near))


def scan(
    asked: Asked,
    records: Iterable[Child],
    candidates: Sequence[Candidate],
    model: ErrorModel,
    seed: int,
) -> Opened:
    """One record of every child, with the errors of ``model``, against all queries."""
    chance = Random(seed)
    opened = Opened()

    def keying(form: NormalForm, side: Side) -> dict[object, Mask]:
        return {key: 1 << key[0] for key in keys(candidates, form, side)}

    def note(query: int, record: Child, mask: Mask) -> None:
        _note(opened, asked, query, record, mask)

    meet(index_of(asked.forms, keying), records, keying, model, chance, note)
    return opened


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
    model: ErrorModel,
    chance: Random,
    note: Callable[[int, Child, Mask], None],
) -> None:
    """One record of every child, with the errors of ``model``, against all queries.

    ``note`` is called for each record with the query that it opens, and by what.
    """
    for child in records:
        form = normalise(write_record(child, model, chance))
        found: dict[int, Mask] = {}
        for key, mask in keying(form, Side.RECORD).items():
            for query, wanted in index.get(key, ()):
                if mask & wanted:
                    found[query] = found.get(query, 0) | mask & wanted
        for query, opens in found.items():
            note(query, child, opens)


def _note(opened: Opened, asked: Asked, query: int, record: Child, mask: Mask) -> None:
    child = asked.children[query]
    if record.id == child.id:
        return
    opened.everywhere[query] |= mask
    twin = record.birth == child.birth
    if twin:
        opened.twins[query] |= mask
    if record.area == child.area:
        if record.school is not None and record.school != child.school:
            opened.schools[query, record.school] |= mask
        if record.practice != child.practice:
            opened.practices[query, record.practice] |= mask
    elif record.area not in asked.near:
        opened.council[query, record.area] |= mask
        opened.far_trust[query] |= mask
    if record.area in asked.near and not twin:
        opened.trust[query] |= mask


def rate(masks: Iterable[Mask], chosen: Mask, total: float) -> float:
    """The share of ``total`` that opens by what is chosen."""
    return sum(1 for mask in masks if mask & chosen) / total if total else 0.0


def padded(masks: Iterable[Mask], total: int) -> Counter[Mask]:
    """Counted, with those that nothing opened."""
    counts = Counter(masks)
    counts[0] += total - sum(counts.values())
    return counts
