"""How often agencies far away are opened by questions about children whom they do not hold, by the
origin of the children's names.

    python -m benchmarks.matching.by_origin [--of-group 1000] [--records 60000] [--shared FOLDER]

A council elsewhere opens for three questions in ten thousand, so that counting openings says
nothing about a group of which a few hundred children are asked about. Who opens is another child of
like names, and names say nothing about the day of birth. So all questions and records are given one
day of birth: what then opens a question opens it, in life, with the chance that two dates of birth
agree in the parts that the rule combines. These chances are added up for each question, as for an
agency of 50,000 or 300,000 children of England. Where two records of one family open a question
they are counted as two, and areas are taken to be alike: both make the figure too high rather than
too low.

Questions and records have typical errors, no numbers and narrow keys; their population is not the
one that keys were chosen on. It takes a minute of one core.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import exp, inf, sqrt
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.matching.sets import without_numbers
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.places import CHILDREN_OF_AREA
from benchmarks.population.population import CATCHMENT, build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import (
    RULE_DEFINITIONS,
    BlockingKey,
    Scope,
    Side,
    blocking_keys,
    normalise,
)
from fingerpost.private.linkage.blocking_rules import BlockingRule, Part, Parts

SEED: Final = 41
MOST_TIMES: Final = 5.0
"""So many times as often as all other children the most exposed group may open an agency."""
DAY: Final = date(2014, 4, 9)
"""Everybody's day of birth: neither month nor day is special, and either may be the other."""
_DAYS: Final = 18 * 365.25
_BEYOND: Final = {
    "date": 0.0,
    "day_and_month": 132 / 365.25 / _DAYS,  # of the days of a year 132 can be read either way
    "year_day": 11 / _DAYS,
    "month_day": 17 / _DAYS,
}
"""By what a narrow rule takes of the date: how often two children under 18 agree in that without
having one date of birth."""
_OF_AREA: Final = 1_000  # small areas: those who are asked about live in one of many places each
_SURE: Final = 1.959964  # standard deviations: 95 of 100 intervals hold what they are about


def _date_of() -> Iterator[tuple[BlockingRule, str]]:
    """Yield the narrow rules that need no home in common, with what they take of the date."""
    named = Parts(*((Part((field,), 0.0),) for field in Parts._fields))
    for definition in RULE_DEFINITIONS:
        field = definition.date(named)[0].texts[0]
        narrow = definition.scope is Scope.NARROW and not definition.is_at_home
        if narrow and field in _BEYOND:
            yield definition.rule, field


_DATE_OF: Final = dict(_date_of())


def dated_keys(child: Child, side: Side, chance: Random) -> list[BlockingKey]:
    """Return the keys of names and a date that a record of a child has if she is born on ``DAY``:
    narrow ones of a question.
    """
    record = replace(without_numbers(write_record(child, TYPICAL, chance)), dob=DAY)
    scope = Scope.NARROW if side is Side.QUERY else Scope.WIDE
    keys = blocking_keys(normalise(record), side=side, scope=scope)
    return [key for key in keys if key.rule in _DATE_OF]


def expected(asked: Sequence[Child], records: Iterable[Child]) -> list[float]:
    """Return by question how many of the records, if born on any day, open it."""
    chance = Random(SEED)
    index: dict[BlockingKey, list[int]] = defaultdict(list)
    for query, child in enumerate(asked):
        for key in dated_keys(child, Side.QUERY, chance):
            index[key].append(query)
    opens = [0.0] * len(asked)
    for record in records:
        agree: dict[int, set[str]] = defaultdict(set)
        for key in dated_keys(record, Side.RECORD, chance):
            for query in index.get(key, ()):
                agree[query].add(_DATE_OF[key.rule])
        for query, fields in agree.items():
            opens[query] += 1 / _DAYS + sum(_BEYOND[field] for field in fields)
    return opens


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a question opens an agency, and how far its interval of 95 per cent reaches."""

    rate: float
    reach: float
    questions: int


def rate(opens: Sequence[float], times: float) -> Rate:
    """Return the rate over questions.

    Args:
        opens: By question, how many of the records open it.
        times: How many times as many records the agency has.
    """
    shares = [1 - exp(-times * one) for one in opens]
    mean = sum(shares) / len(shares)
    spread = sum((share - mean) ** 2 for share in shares) / len(shares)
    return Rate(mean, _SURE * sqrt(spread / len(shares)), len(shares))


def times_others(found: Mapping[str, Rate], shares: Mapping[str, float]) -> dict[str, float]:
    """Return by group how many times as often as all other children it opens an agency.

    Args:
        shares: Of the children of England, by group.
    """
    ratios = {}
    for group, own in found.items():
        others = [other for other in found if other != group]
        whole = sum(shares[other] for other in others)
        mean = sum(shares[other] * found[other].rate for other in others) / whole
        ratios[group] = own.rate / mean if mean else inf
    return ratios


def measure(names: Names, of_group: int, records: int) -> dict[str, dict[str, Rate]]:
    """Return the rates at a council and at a trust elsewhere, by group."""
    alike = Names([replace(group, share=1.0) for group in names.groups])
    asked = build(of_group * len(names.groups), SEED, alike, of_area=_OF_AREA).children
    there = build(records, SEED + 1, names, of_area=_OF_AREA).children
    opens: dict[str, list[float]] = defaultdict(list)
    for child, one in zip(asked, expected(asked, there), strict=True):
        opens[child.group].append(one)
    council = CHILDREN_OF_AREA / records
    return {
        name: {group: rate(those, times) for group, those in sorted(opens.items())}
        for name, times in (("council", council), ("trust", CATCHMENT * council))
    }


def table(found: Mapping[str, Mapping[str, Rate]], shares: Mapping[str, float]) -> Iterator[str]:
    """Yield the lines of a table: opened in 10,000, with the interval, and times all others."""
    yield "| names | questions | " + " | ".join(f"{where} | times" for where in found) + " |"
    yield "|---" * (2 + 2 * len(found)) + "|"
    ratios = {where: times_others(by, shares) for where, by in found.items()}
    for group in next(iter(found.values())):
        cells = []
        for where, by in found.items():
            one, ratio = by[group], ratios[where][group]
            cells.append(f"{1e4 * one.rate:.2f} ± {1e4 * one.reach:.2f}")
            cells.append(f"{ratio:.1f}{' *' if ratio > MOST_TIMES else ''}")
        questions = next(iter(found.values()))[group].questions
        yield f"| {group} | {questions:,} | " + " | ".join(cells) + " |"
    means = (sum(shares[g] * one.rate for g, one in by.items()) for by in found.values())
    cells = [f"{1e4 * mean:.2f} | " for mean in means]
    yield "| all, as many as there are | | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, help="a folder with linkage and frequencies")
    parser.add_argument("--of-group", type=int, default=1_000, help="questions of each group")
    parser.add_argument("--records", type=int, default=60_000)
    given = parser.parse_args()
    names = Names.from_folder(given.shared / "frequencies") if given.shared else Names.builtin()
    shares = {group.name: group.share for group in names.groups}
    print("\n".join(table(measure(names, given.of_group, given.records), shares)))


if __name__ == "__main__":
    main()
