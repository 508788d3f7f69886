"""How often a record is missed, beside what the product says of it beforehand.

    python -m benchmarks.matching.misses fit     # writes data/slips.json anew
    python -m benchmarks.matching.misses         # judges it

``fit`` counts how the fields of two records of one child disagree, among made children of the seed
that rules are chosen on. Judged are children of another seed, by group of name origin and model of
errors, and published data sets that ``fit`` does not read: of some questions what
``private.linkage.misses`` says, of many pairs what happened. The aim is a difference of at most two
points.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.matching.apart import apart
from benchmarks.matching.intervals import Share
from benchmarks.matching.sets import without_numbers
from benchmarks.matching.sources import ROOT
from benchmarks.matching.world import SEED as JUDGED
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, TYPICAL, ErrorModel
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Decision, Field, Level, Scope, Side, compare, normalise
from fingerpost.private.linkage.blocking_keys import blocking_keys
from fingerpost.private.linkage.misses import Misses, misses_of, row_of_name
from fingerpost.protocol.codes import Quality

FITTED: Final = 11
MODELS: Final = {"typical": TYPICAL, "bad": BAD, "worse": TYPICAL.worse(6)}
OF: Final = {"typical": Quality.GOOD, "bad": Quality.FAIR, "worse": Quality.POOR}
RATES: Final = ROOT / "fingerpost" / "private" / "linkage" / "data" / "slips.json"
AIM: Final = 0.02
_NAMES: Final = (Field.FORENAME, Field.SURNAME)

Pair = tuple[Demographics, Demographics]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("fit", "judge"), default="judge")
    parser.add_argument("--shared", type=Path, help="a folder with linkage and frequencies")
    parser.add_argument("--pairs", type=int, default=1_500, help="of each group")
    parser.add_argument("--asked", type=int, default=120, help="of each group")
    given = parser.parse_args()
    names = Names.from_folder(given.shared / "frequencies") if given.shared else Names.builtin()
    if given.what == "fit":
        RATES.write_text(json.dumps(fitted(names, given.pairs), indent=1) + "\n", "utf-8")
        return 0
    rows = judged(names, given.pairs, given.asked)
    table = Table("children", "errors", "said", "missed", "(95 %)", "points", title="Missed, wide")
    for row in rows:
        table.add_row(*row.cells)
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
    return 0


def groups(seed: int, names: Names, most: int) -> dict[str, list[Child]]:
    """Return children of each group of name origin."""
    people = build(100_000, seed, names)
    found: dict[str, list[Child]] = defaultdict(list)
    for child in people.children:
        found[child.group].append(child)
    chance = Random(seed + 100)
    return {name: chance.sample(those, min(most, len(those))) for name, those in found.items()}


def pairs(children: Iterable[Child], model: ErrorModel, seed: str) -> Iterator[Pair]:
    chance = Random(seed)
    for child in children:
        one, other = (without_numbers(write_record(child, model, chance)) for _ in range(2))
        yield one, other


def fitted(names: Names, most: int) -> Mapping[str, object]:
    """Return the table: the share of pairs by level, of each row."""
    everybody = groups(FITTED, names, most)
    work = [partial(_counted, everybody, MODELS[name]) for name in MODELS]
    table: dict[str, object] = {
        "sources": "Shares of pairs of records of one child by how a field agrees, counted among"
        " the made children of docs/population.md (seed 11, each group of name origin alike) with"
        " the errors that it calls typical (GOOD), three times and six times as many (FAIR, POOR)."
        " Written by benchmarks/matching/misses.py.",
        "version": 1,
        "has_number": {
            "health": 1.0 - TYPICAL.nhs_missing_health,
            "council": 1.0 - TYPICAL.nhs_missing_council,
            "elsewhere": round(1.0 - TYPICAL.nhs_missing_elsewhere, 5),
        },
    }
    for name, rows in zip(MODELS, apart(work), strict=True):
        table[OF[name].name] = rows
    return table


def _counted(
    everybody: Mapping[str, Sequence[Child]], model: ErrorModel
) -> dict[str, dict[str, float]]:
    counts: dict[str, Counter[Level]] = defaultdict(Counter)
    for group, children in everybody.items():
        for one, other in pairs(children, model, f"fit {group}"):
            asked, record = normalise(one), normalise(other)
            for found in compare(asked, record).evidence:
                named = found.field in _NAMES
                row = row_of_name(found.field, asked) if named else found.field.value
                if _stands(found.field, one):
                    counts[row][found.level] += 1
    kept = {}
    for row, levels in sorted(counts.items()):
        whole = levels.total()
        kept[row] = {
            level.value: round(count / whole, 5)
            for level, count in sorted(levels.items(), key=lambda each: each[0].value)
            if level not in (Level.EXACT, Level.EXACT_WEAK, Level.VARIANT)
        }
    return kept


def _stands(which: Field, one: Demographics) -> bool:
    """Return whether the question has the field."""
    text = {
        Field.FORENAME: one.forename,
        Field.MIDDLE: one.middle_names,
        Field.SURNAME: one.surname,
        Field.BIRTH: one.dob,
        Field.SEX: one.sex,
        Field.POSTCODE: one.postcode,
    }
    return bool(text.get(which))


@dataclass(frozen=True, slots=True)
class Row:
    children: str
    errors: str
    said: float
    missed: Share

    @property
    def cells(self) -> tuple[str, ...]:
        low, high = self.missed.interval
        apart_by = 100 * (self.said - self.missed.rate)
        mark = "" if abs(apart_by) <= 100 * AIM else " *"
        return (
            self.children,
            self.errors,
            f"{100 * self.said:.1f}",
            f"{100 * self.missed.rate:.1f}",
            f"{100 * low:.1f} to {100 * high:.1f}",
            f"{apart_by:+.1f}{mark}",
        )


def judged(names: Names, most: int, asked: int) -> list[Row]:
    everybody = groups(JUDGED, names, most)
    work = [
        partial(_judged, group, name, children, asked)
        for name in ("typical", "bad")
        for group, children in sorted(everybody.items())
    ]
    return apart(work)


def _judged(group: str, errors: str, children: Sequence[Child], asked: int) -> Row:
    made = list(pairs(children, MODELS[errors], f"judge {group}"))
    missed = sum(is_missed(*pair) for pair in made)
    said = [chance(misses_of(one), OF[errors]) for one, _ in made[:asked]]
    return Row(group, errors, sum(said) / len(said), Share(missed, len(made)))


def chance(of: Misses, quality: Quality) -> float:
    return of.chance(Scope.WIDE, quality, has_number=0.0)


def is_missed(one: Demographics, other: Demographics) -> bool:
    asked, record = normalise(one), normalise(other)
    if compare(asked, record).decision is not Decision.MATCH:
        return True
    offered = blocking_keys(record, side=Side.RECORD, scope=Scope.WIDE)
    return set(blocking_keys(asked, side=Side.QUERY, scope=Scope.WIDE)).isdisjoint(offered)


if __name__ == "__main__":
    sys.exit(main())
