"""Who meets a shield: how often a shielded child is missed under other details, and how often
another child is taken for her, by the origin of the children's names.

    python -m benchmarks.shield_meetings [--of-group 100] [--records 12000] [--shared FOLDER]

A shield is set with a record of a child; later a file has another record of her, written down by
somebody else and without any number: as she was, with another surname and another home, and with
both and her forename spelt otherwise. A shield misses her where neither the comparison says that
she is the same ("match") nor is she likely to be (``agency_node.records.meeting``).

Others are the children of one made population, each with one record without numbers: how many of
10,000 are likely to be the child of one shield. Children of her own family are in none of them: the
shields are of another population. Errors are typical ones. It takes a minute of one core.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from agency_node.records.meeting import Known, sought_of
from benchmarks.matching.moved import Change, by_group, changed
from benchmarks.matching.sets import without_numbers
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Sex
from fingerpost.private.linkage import NormalForm, normalise

SEED: Final = 83
CHANGES: Final[Mapping[str, Change | None]] = {
    "as she was": None,
    "surname and home": Change.BOTH,
    "and forename": Change.SPELLING,
}
_OF_AREA: Final = 1_000
_OF: Final = 10_000


@dataclass(frozen=True, slots=True)
class Missed:
    """Of ``children`` under other details, how many the comparison alone does not take for the
    shielded child, and how many are not even likely to be her."""

    children: int
    by_match: int
    in_all: int


def written(child: Child, chance: Random) -> NormalForm:
    return normalise(without_numbers(write_record(child, TYPICAL, chance)))


def missed(children: Sequence[Child], everybody: Sequence[Child], change: Change | None) -> Missed:
    """Return how often a shield misses children of one group."""
    chance = Random(f"{SEED} {children[0].group} {change}")
    by_sex = {sex: [one for one in children if one.sex is sex] for sex in Sex}
    by_match = in_all = 0
    for child in children:
        known = Known(upn=False)
        known.learn(1, written(child, chance))
        now = child if change is None else _now(child, change, by_sex[child.sex], everybody, chance)
        form = written(now, chance)
        sought = sought_of(form, upn=False)
        same = known.alike(sought, form) is not None
        by_match += not same
        in_all += not same and not known.likely(sought, form)
    return Missed(len(children), by_match, in_all)


def _now(
    child: Child,
    change: Change,
    others: Sequence[Child],
    everybody: Sequence[Child],
    chance: Random,
) -> Child:
    try:
        return changed(child, change, chance, others, everybody)
    except LookupError:  # too few of one sex in a small group to take another name of
        return replace(child, surname=f"{child.surname}ova")


def others_met(
    shielded: Sequence[Child], records: Sequence[NormalForm]
) -> tuple[Counter[str], Counter[str]]:
    """Return by group how often a record of another child is the same as a shielded one by the
    comparison, and how often it is likely to be."""
    chance = Random(SEED)
    known = Known(upn=False)
    for number, child in enumerate(shielded):
        known.learn(number, written(child, chance))
    same: Counter[str] = Counter()
    likely: Counter[str] = Counter()
    for form in records:
        sought = sought_of(form, upn=False)
        alike = known.alike(sought, form)
        if alike is not None:
            same[shielded[alike].group] += 1
        for number in known.likely(sought, form):
            likely[shielded[number].group] += 1
    return same, likely


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, help="a folder with frequencies")
    parser.add_argument("--of-group", type=int, default=100, help="shields of each group")
    parser.add_argument("--records", type=int, default=12_000, help="of other children")
    given = parser.parse_args()
    names = Names.from_folder(given.shared / "frequencies") if given.shared else Names.builtin()
    alike = Names([replace(group, share=1.0) for group in names.groups])
    asked = build(given.of_group * len(names.groups), SEED, alike, of_area=_OF_AREA).children
    everybody = build(given.records, SEED + 1, names, of_area=_OF_AREA).children
    chance = Random(SEED + 2)
    same, likely = others_met(asked, [written(child, chance) for child in everybody])
    heads = [f"missed: {name}, by match alone, in all" for name in CHANGES]
    table = Table("names", "shields", *heads, f"others in {_OF:,} a shield: match, likely")
    for group, children in sorted(by_group(asked).items()):
        cells = []
        for change in CHANGES.values():
            found = missed(children, everybody, change)
            by_match, in_all = (100 * n / found.children for n in (found.by_match, found.in_all))
            cells.append(f"{by_match:.0f} %, {in_all:.1f} %")
        pairs = len(children) * len(everybody)
        met = (f"{_OF * found[group] / pairs:.2f}" for found in (same, likely))
        table.add_row(group, str(len(children)), *cells, ", ".join(met))
    Console(width=None if sys.stdout.isatty() else 150, highlight=False).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
