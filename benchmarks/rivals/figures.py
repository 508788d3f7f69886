"""Precision, recall and F1 of scored pairs, by the rules that ``fingerpost-match evaluate`` counts
by.

Pure, but for the reading and writing at the end. Invariants: a pair is a left and a right position;
where both files are the same, each pair is meant once, the earlier record on the left, and none is
with itself.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.datasets.tables import Tables, read

Positions = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Figures:
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair, and how similar a program says the two are; higher is more."""

    left: int
    right: int
    score: float


def figures(right: int, said: int, true: int) -> Figures:
    """Return the shares where ``right`` of ``said`` pairs are right and ``true`` are to be found.

    A program that names no pair has a precision of 1.
    """
    return Figures(
        precision=right / said if said else 1.0,
        recall=right / true if true else 1.0,
        f1=2 * right / (said + true) if said + true else 1.0,
    )


def decision(pairs: Sequence[Scored], truth: set[Positions], threshold: float) -> Figures:
    """Return the figures of all pairs at the threshold or above."""
    said = [pair for pair in pairs if pair.score >= threshold]
    return figures(sum((p.left, p.right) in truth for p in said), len(said), len(truth))


def best_candidate(pairs: Sequence[Scored], truth: set[Positions], threshold: float) -> Figures:
    """Return the figures of each left record's best candidate at the threshold or above.

    Of equal candidates the first by position counts. Recall is over the left records that have a
    partner.
    """
    best: dict[int, Scored] = {}
    for pair in sorted(pairs, key=lambda pair: (-pair.score, pair.left, pair.right)):
        if pair.score >= threshold:
            best.setdefault(pair.left, pair)
    right = sum((pair.left, pair.right) in truth for pair in best.values())
    return figures(right, len(best), len({left for left, _ in truth}))


def is_one_file(tables: Tables) -> bool:
    """Return whether left and right are the same records in the same order."""
    return list(tables.left) == list(tables.right)


def in_order(pairs: Iterable[Scored], one_file: bool) -> list[Scored]:
    """Return the pairs; of one file each once, with the earlier record on the left, none with
    itself.
    """
    if not one_file:
        return list(pairs)
    kept: dict[Positions, Scored] = {}
    for pair in pairs:
        if pair.left != pair.right:
            low, high = sorted((pair.left, pair.right))
            kept[low, high] = Scored(low, high, pair.score)
    return list(kept.values())


def true_positions(tables: Tables) -> set[Positions]:
    left, right = (
        {row.record_id: position for position, row in enumerate(rows)}
        for rows in (tables.left, tables.right)
    )
    pairs = {(left[one], right[other]) for one, other in tables.truth}
    if is_one_file(tables):
        return {(min(pair), max(pair)) for pair in pairs}
    return pairs


def run(name: str, link: Callable[[Tables], tuple[list[Scored], float, dict[str, object]]]) -> None:
    """A rival's command line: read the tables, ``link`` them, write what came of it.

    ``link`` gives its pairs, its fixed threshold and what else it reports; it never sees the truth.
    """
    parser = argparse.ArgumentParser(description=f"Links two tables with {name}.")
    for option in ("--left", "--right", "--truth", "--json"):
        parser.add_argument(option, type=Path, required=True)
    given = parser.parse_args()
    tables = read(given.left, given.right, given.truth)
    if not tables.left or not tables.right:
        parser.error("a file without records has nothing to link")
    pairs, threshold, more = link(Tables(tables.left, tables.right, ()))
    truth = true_positions(tables)
    found = {
        "rival": name,
        **more,
        "threshold": threshold,
        "decision": asdict(decision(pairs, truth, threshold)),
        "best_candidate": asdict(best_candidate(pairs, truth, threshold)),
    }
    text = json.dumps(found, indent=2, sort_keys=True)
    given.json.write_text(text + "\n", encoding="utf-8")
    print(text)
