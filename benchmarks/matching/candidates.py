"""The blocking rules that were considered, each with a name by which figures are reported.

The candidates combine the very parts that the product's rules do. A candidate that is chosen stands
in ``fingerpost.private.linkage.blocking_rules`` too; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from operator import attrgetter

from benchmarks.matching.solver import Mask
from fingerpost.private.linkage.blocking_keys import key_parts
from fingerpost.private.linkage.blocking_rules import (
    FAR,
    RULE_DEFINITIONS,
    BlockingRule,
    Meets,
    Part,
    Parts,
    RuleDefinition,
    Scope,
    Select,
    Side,
)
from fingerpost.private.linkage.normal_form import NormalForm

Tagged = tuple[int, int, tuple[str, ...]]
"""Candidate, half of a weak rule, value: what two sides must share."""

_MOST_VALUES = {"NK": 12}
_FEW = 4


def _forename_beginning_and_surname(of: Parts) -> tuple[Part, ...]:
    """Four letters of the forename."""
    return tuple(
        Part((forename.texts[0][:4], *surname.texts), surname.bits + 9.0)
        for forename in of.forename
        for surname in of.surname[:1]
    )


def _select(attribute: str) -> Select:
    return attrgetter(attribute)


NAMES: dict[str, Select] = {
    "NK": _select("every_pair"),
    "names": _select("both_names"),
    "sounds": _select("every_sound"),
    "beginnings": _select("beginnings"),
    "endings": _select("endings"),
    "forename": _select("forename"),
    "surname": _select("surname"),
    "forename+middle": _select("forename_and_middle"),
    "surname+middle": _select("surname_and_middle"),
    "names+middle": _select("names_and_middle"),
    "forename-sound": _select("forename_sound"),
    "surname-sound": _select("surname_sound"),
    "forename+surname-beginning": _select("forename_and_surname_beginning"),
    "forename-beginning+surname": _forename_beginning_and_surname,
    "initial+surname-sound": _select("initial_and_sound"),
    "sex": _select("sex"),
}
DATES: dict[str, Select] = {
    "date": _select("date"),
    "day/month": _select("day_and_month"),
    "year-month": _select("year_month"),
    "year-day": _select("year_day"),
    "month-day": _select("month_day"),
    "year": lambda of: tuple(Part(date.texts[:1], 4.2) for date in of.year_month),
    "sex": _select("sex"),  # in the place of a date: it distinguishes brother from sister
    "": _select("no_date"),
}
PLACES: dict[str, Select] = {
    "england": _select("in_england"),
    "area": _select("in_the_area"),
    "home": _select("at_home"),
    "nowhere": _select("nowhere"),
}
FIELDS: dict[str, Select] = {
    name: _select(name) for name in ("date", "forename", "surname", "place")
}


@dataclass(frozen=True)
class Candidate:
    """``definitions``: one, or the two halves of a weak rule."""

    name: str
    definitions: tuple[RuleDefinition, ...]


def candidate(names: str, date: str, places: str, bits: float) -> Candidate:
    name = " · ".join(filter(None, (names, date, f"{places} {bits:g}" if bits else places)))
    return Candidate(
        name,
        (
            RuleDefinition(
                BlockingRule.NK, Scope.WIDE, NAMES[names], DATES[date], PLACES[places], bits
            ),
        ),
    )


def weak(
    lacks: str, names: str, date: str, places: str, bits: float, below: float = inf
) -> Candidate:
    name = " · ".join(filter(None, (f"no {lacks}:", names, date, f"{places} {bits:g}")))
    return Candidate(
        name,
        tuple(
            RuleDefinition(
                BlockingRule.NK,
                Scope.WIDE,
                NAMES[names],
                DATES[date],
                PLACES[places],
                bits,
                below,
                meets,
                FIELDS[lacks],
            )
            for meets in (Meets.QUERY_LACKS, Meets.RECORD_LACKS)
        ),
    )


def considered() -> tuple[Candidate, ...]:
    """Every candidate; some differ only by the bits that a key must give."""
    dates = ("year-month", "year-day", "month-day", "year")
    beside = ("forename+surname-beginning", "forename-beginning+surname")
    whole = ("NK", "sounds", "beginnings", "endings")
    single = (
        "surname",
        "forename",
        "endings",
        "initial+surname-sound",
        "forename+middle",
        "surname+middle",
    )
    coded = ("forename-sound", "surname-sound", "beginnings")
    return (
        *(candidate(n, "date", "england", b) for b in (0.0, 28.0, 29.0, 30.0) for n in whole),
        *(candidate("names", "day/month", "england", b) for b in (0.0, 28.0, 29.0, 30.0)),
        *(candidate("names", d, "england", b) for b in (28.0, 30.0) for d in dates[:3]),
        *(
            candidate(n, "date", "england", b)
            for b in (28.0, 30.0)
            for n in ("surname", "forename")
        ),
        *(candidate(n, "date", "england", 28.0) for n in beside),
        *(candidate(n, "date", "area", b) for b in (25.0, 26.0, 27.0) for n in single),
        *(candidate("names", d, "area", b) for b in (25.0, 26.0, 27.0) for d in (*dates, "")),
        *(
            candidate(n, d, "area", b)
            for b in (25.0, 26.0, 27.0)
            for d in ("year-month", "month-day", "year")
            for n in coded
        ),
        *(
            candidate(n, "", "home", 0.0)
            for n in (*whole, "names", "initial+surname-sound", *beside)
        ),
        *(candidate(n, "sex", "home", 0.0) for n in ("beginnings", "sounds")),
        *(candidate(n, d, "home", 0.0) for d in dates for n in coded[:2]),
        candidate("sex", "date", "home", 24.0),
        *(weak("date", n, "", "area", b) for b in (20.0, 22.0) for n in ("names", "forename")),
        *(weak("forename", "surname-sound", "date", "area", b) for b in (20.0, 22.0)),
        *(weak("surname", "forename-sound", "date", "area", b) for b in (20.0, 22.0)),
        *(weak("place", n, "date", "nowhere", 0.0, below=FAR) for n in whole[:3]),
        *(
            weak("place", n, "date", "nowhere", b, below=25.0)
            for b in (18.0, 19.0, 20.0, 21.0)
            for n in ("forename", "surname", "forename+middle", "surname+middle")
        ),
        *(weak("place", "names", d, "nowhere", 20.0, below=FAR) for d in dates[:3]),
        *(
            weak("place", "names+middle", d, "nowhere", b)
            for b in (20.0, 22.0)
            for d in ("", "sex")
        ),
        *(weak("date", "names+middle", "", "area", b) for b in (18.0, 20.0)),
        *(weak("surname", "forename+middle", "date", "area", b) for b in (18.0, 20.0, 22.0)),
        *(
            candidate("names+middle", d, "area", b)
            for b in (23.0, 25.0, 26.0, 27.0)
            for d in ("", "sex", "year")
        ),
        weak("date", "initial+surname-sound", "", "home", 0.0),
    )


def shipped() -> tuple[Candidate, ...]:
    """The product's own rules, the two halves of a weak rule together."""
    by_name: dict[str, tuple[RuleDefinition, ...]] = {}
    for definition in RULE_DEFINITIONS:
        name = definition.rule.name
        if definition.meets is not Meets.ALWAYS:
            name = name[:-2]
        by_name[name] = (*by_name.get(name, ()), definition)
    return tuple(Candidate(name, definitions) for name, definitions in by_name.items())


def keys(candidates: Sequence[Candidate], form: NormalForm, side: Side) -> Iterator[Tagged]:
    """What a child's form gives for each candidate, on one side."""
    parts = key_parts(form)
    for place, each in enumerate(candidates):
        most = _MOST_VALUES.get(each.name.split(" ")[0], _FEW)
        for space, definition in enumerate(each.definitions):
            if definition.applies_to(side, parts):
                for _, value in zip(range(most), definition.values(parts), strict=False):
                    yield place, space, value


def shared(one: frozenset[Tagged], other: frozenset[Tagged]) -> Mask:
    mask = 0
    for place, _, _ in one & other:
        mask |= 1 << place
    return mask
