"""How often a child without a number is found who has moved or goes by another name since.

    python -m benchmarks.matching.moved [--shared FOLDER] [--of-group 2000] [--quick]

A record is of the child as she was, the question is about her as she is: with another surname, at
another home, with both, and with another forename besides. Each question is asked with what is true
now alone, and with her former name and home as a third party wrote them down. Narrow keys
are those that agencies elsewhere are asked with at first, wide ones those of the own area and of a
second round. Another area is another council's. Errors are those of the made
population, of another seed than rules are chosen on.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, unique
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.matching.apart import apart
from benchmarks.matching.intervals import Share
from benchmarks.matching.sets import without_numbers
from benchmarks.matching.world import SEED
from benchmarks.population import spelling
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, TYPICAL, ErrorModel
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import (
    Decision,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
)

_TRIES: Final = 10_000
_PEOPLE: Final = 60_000
_AREAS: Final = 10
"""Small ones, so that a child can move to another."""
MODELS: Final[Mapping[str, ErrorModel]] = {"typical": TYPICAL, "bad": BAD}


@unique
class Change(Enum):
    """What has become another since the record was made."""

    SURNAME = "surname"
    HOME = "home"
    BOTH = "surname and home"
    SPELLING = "both, forename spelt otherwise"
    ALL = "both, and forename and middle names"


_KEYS: Final = {Scope.NARROW: "narrow", Scope.WIDE: "wide"}
_OF_GROUPS: Final = (Change.HOME, Change.BOTH)


@unique
class End(Enum):
    ANSWERED = "answered"
    POSSIBLE = "possible"
    MISSED = "missed"


def changed(
    child: Child,
    change: Change,
    chance: Random,
    others: Sequence[Child],
    everybody: Sequence[Child],
) -> Child:
    """Return the child as she is now, with names of one of ``others`` and a home of one of
    ``everybody``."""
    now = replace(child, former_surname="", former_postcode="")

    def moved(one: Child) -> bool:
        return one.area != child.area

    def renamed(one: Child) -> bool:
        return one.surname != child.surname and one.forename != child.forename

    if change is not Change.SURNAME:
        now = replace(now, postcode=_drawn(everybody, moved, chance).postcode)
    if change is Change.HOME:
        return now
    other = _drawn(others, renamed, chance)
    now = replace(now, surname=other.surname)
    if change is Change.SPELLING:
        now = replace(now, forename=_spelt_otherwise(child.forename, chance), known_as="")
    if change is Change.ALL:
        now = replace(
            now, forename=other.forename, known_as=other.known_as, middle_names=other.middle_names
        )
    return now


def _drawn(those: Sequence[Child], fits: Callable[[Child], bool], chance: Random) -> Child:
    """Return one that fits. Raises ``LookupError``: of many tried, none does."""
    for _ in range(_TRIES):
        if fits(one := chance.choice(those)):
            return one
    raise LookupError("no child that fits")


def _spelt_otherwise(forename: str, chance: Random) -> str:
    first, mark, rest = forename.partition(" ")
    for way in (spelling.romanised, spelling.misheard, spelling.shortened, spelling.mistyped):
        if (found := way(first, chance)) != first:
            return found + mark + rest
    return forename


def with_former(question: Demographics, known: Demographics, change: Change) -> Demographics:
    """Return the question with the name and the home of a record of the child as she was, as far as
    they have become others."""
    names, homes = question.other_names, question.former_postcodes
    if change is not Change.HOME and (known.forename or known.surname):
        names = (OtherName(known.forename, known.surname), *names)
    if change is not Change.SURNAME and known.postcode:
        homes = (known.postcode,)
    return replace(question, other_names=names, former_postcodes=homes)


def ended(asked: Demographics, record: NormalForm) -> dict[Scope, End]:
    """Return how a question ends at an agency that has the record, by the keys it is asked with."""
    form = normalise(asked)
    offered = blocking_keys(record, side=Side.RECORD, scope=Scope.WIDE)
    decision = compare(form, record).decision
    said = {Decision.MATCH: End.ANSWERED, Decision.POSSIBLE: End.POSSIBLE}.get(decision, End.MISSED)
    found = {}
    for scope in Scope:
        keys = blocking_keys(form, side=Side.QUERY, scope=scope)
        found[scope] = End.MISSED if set(keys).isdisjoint(offered) else said
    return found


Counts = Counter[tuple[Scope, bool, End]]
"""How questions ended, by keys and by whether former details were stated."""


def counted(
    children: Sequence[Child],
    others: Sequence[Child],
    everybody: Sequence[Child],
    change: Change,
    model: str,
) -> Counts:
    """Ask about each child twice, without and with former details.

    Args:
        children: about whom.
        others: children of the same origin, of whom new names are taken.
        everybody: of whom new homes are taken.
        change: what has become another.
        model: of the errors.
    """
    chance = Random(f"{SEED} {children[0].group} {change.name} {model}")
    by_sex = {sex: [one for one in others if one.sex is sex] for sex in Sex}
    found: Counts = Counter()
    for child in children:
        now = changed(child, change, chance, by_sex[child.sex], everybody)
        record, known, asked = (
            without_numbers(write_record(one, MODELS[model], chance)) for one in (child, child, now)
        )
        form = normalise(record)
        for former in (False, True):
            question = with_former(asked, known, change) if former else asked
            for keys, end in ended(question, form).items():
                found[keys, former, end] += 1
    return found


def share(counts: Counts, keys: Scope, end: End, *, former: bool) -> Share:
    of = sum(counts[keys, former, each] for each in End)
    return Share(counts[keys, former, end], of)


def measured(
    samples: Mapping[str, Sequence[Child]],
    everybody: Sequence[Child],
    changes: Iterable[Change],
    at_once: int | None,
) -> dict[tuple[str, Change, str], Counts]:
    """Return the counts by model of errors, change and group of name origin."""
    others = by_group(everybody)
    work = [(m, change, group) for m in MODELS for change in changes for group in samples]
    counts = apart(
        [partial(counted, samples[g], others[g], everybody, change, m) for m, change, g in work],
        at_once,
    )
    return dict(zip(work, counts, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, help="a folder with frequencies")
    parser.add_argument("--children", type=int, default=2_000, help="a fair sample")
    parser.add_argument("--of-group", type=int, default=0, help="by group, of each so many")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--at-once", type=int, help="processes; one on each core without")
    given = parser.parse_args()
    part = 10 if given.quick else 1
    names = Names.from_folder(given.shared / "frequencies") if given.shared else Names.builtin()
    people = build(_PEOPLE // part, SEED, names, of_area=_PEOPLE // part // _AREAS)
    chance = Random(SEED + 200)
    console = Console(width=None if sys.stdout.isatty() else 130, highlight=False)
    if given.of_group:
        groups = by_group(people.children).items()
        some = {group: chance.choices(each, k=given.of_group // part) for group, each in groups}
        counts = measured(some, people.children, _OF_GROUPS, given.at_once)
        console.print(groups_table(counts, sorted(some)))
        return 0
    fair = by_group(chance.sample(people.children, given.children // part))
    counts = measured(fair, people.children, Change, given.at_once)
    for model in MODELS:
        console.print(fair_table(counts, model))
    return 0


def by_group(children: Iterable[Child]) -> dict[str, list[Child]]:
    found: dict[str, list[Child]] = defaultdict(list)
    for child in children:
        found[child.group].append(child)
    return found


def fair_table(counts: Mapping[tuple[str, Change, str], Counts], model: str) -> Table:
    table = Table(
        *("what changed", "keys", "stated", "answered (95 %)", "possible", "missed (95 %)"),
        title=f"In 100 questions, {model} errors",
    )
    for change in Change:
        whole: Counts = Counter()
        for (errors, which, _), some in counts.items():
            if (errors, which) == (model, change):
                whole += some
        for keys in Scope:
            for former in (False, True):
                shares = [share(whole, keys, end, former=former) for end in End]
                stated = "former too" if former else "present"
                cells = _with_interval(shares[0]), _rate(shares[1]), _with_interval(shares[2])
                table.add_row(change.value, _KEYS[keys], stated, *cells)
    return table


def groups_table(counts: Mapping[tuple[str, Change, str], Counts], groups: Sequence[str]) -> Table:
    """Answered in the first round elsewhere, by group: with present details, and with former."""
    heads = [f"{change.value}, {model}" for change in _OF_GROUPS for model in MODELS]
    title = "Answered elsewhere in the first round, in 100: present details, former too (95 %)"
    table = Table("children", *heads, title=title)
    for group in groups:
        cells = []
        for change in _OF_GROUPS:
            for model in MODELS:
                found = counts[model, change, group]
                present, former = (
                    share(found, Scope.NARROW, End.ANSWERED, former=stated)
                    for stated in (False, True)
                )
                cells.append(f"{_rate(present)}, {_with_interval(former)}")
        table.add_row(group, *cells)
    return table


def _rate(of: Share) -> str:
    return f"{100 * of.rate:.1f}"


def _with_interval(of: Share) -> str:
    low, high = of.interval
    return f"{_rate(of)} ({100 * low:.1f}–{100 * high:.1f})"


if __name__ == "__main__":
    sys.exit(main())
