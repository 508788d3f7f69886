"""The blocking rules that were considered, each with a name by which figures are reported.

The candidates combine the very parts that the product's rules do. A candidate that is chosen stands
in ``fingerpost.private.linkage.blocking_rules`` too; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from operator import attrgetter

from fingerpost.private.linkage.blocking_keys import key_parts
from fingerpost.private.linkage.blocking_rules import (
    FAR,
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
    """Return four letters of the forename with the surname."""
    return tuple(
        Part((forename.texts[0][:4], *surname.texts), surname.bits + beginning.bits)
        for forename, beginning in zip(of.forename, of.forename_beginning, strict=True)
        for surname in of.surname[:1]
    )


NAMES: dict[str, Select] = {
    "NK": attrgetter("every_pair"),
    "names": attrgetter("both_names"),
    "sounds": attrgetter("every_sound"),
    "beginnings": attrgetter("beginnings"),
    "initials": attrgetter("initials"),
    "forename-beginning": attrgetter("forename_beginning"),
    "endings": attrgetter("endings"),
    "forename": attrgetter("forename"),
    "surname": attrgetter("surname"),
    "surname+sex": attrgetter("surname_and_sex"),
    "telling-beginnings": attrgetter("telling_beginnings"),
    "forename+middle": attrgetter("forename_and_middle"),
    "names+middle": attrgetter("names_and_middle"),
    "forename-sound": attrgetter("forename_sound"),
    "surname-sound": attrgetter("surname_sound"),
    "forename+surname-beginning": attrgetter("forename_and_surname_beginning"),
    "forename-beginning+surname": _forename_beginning_and_surname,
    "initial+surname-sound": attrgetter("initial_and_sound"),
    "sex": attrgetter("sex"),
}
DATES: dict[str, Select] = {
    "date": attrgetter("date"),
    "day/month": attrgetter("day_and_month"),
    "year-month": attrgetter("year_month"),
    "year-day": attrgetter("year_day"),
    "month-day": attrgetter("month_day"),
    "year": attrgetter("year"),
    "sex": attrgetter("sex"),  # in the place of a date: it distinguishes brother from sister
    "": attrgetter("no_date"),
}
PLACES: dict[str, Select] = {
    "england": attrgetter("in_england"),
    "area": attrgetter("in_the_area"),
    "home": attrgetter("at_home"),
    "incode": attrgetter("by_incode"),
    "nowhere": attrgetter("nowhere"),
}


@dataclass(frozen=True)
class Candidate:
    """``definitions``: one, or the two halves of a weak rule."""

    name: str
    definitions: tuple[RuleDefinition, ...]


# What one side lacks where a weak rule is used; names; dates ("-": none); place; bits; and for a
# weak rule the bits below which it is used, if any. A line is every combination of its lists.
_ONE_NAME = "surname,forename,endings,initial+surname-sound,forename+middle"
_CONSIDERED = f"""
always   NK,sounds,beginnings,endings                date       england  26,27,28
always   names                                       day/month  england  26,27,28
always   names                         year-month,year-day,month-day  england  26,27,28
always   names+middle                                date       england  28           31.5
always   NK,sounds,beginnings                        date       incode   28           {FAR}
always   names                         day/month,year-day,month-day   incode   28     {FAR}
always   initials,surname-sound,forename-sound       date       incode   28,30
always   names,beginnings                            -          incode   28
always   {_ONE_NAME}  date  area  25,26,27
always   initials                                    date       area     23,24,25,26
always   names                         year-month,year-day,month-day,-  area  25,26,27
always   beginnings                    year-month,month-day  area  25,26,27
always   forename+surname-beginning,forename-beginning+surname  date  area  25,26,27
always   forename+surname-beginning,forename-beginning+surname  -  home  0
always   beginnings,sounds,telling-beginnings        sex        home     0
always   surname+sex                                 date       area     26,27
always   initials,forename-beginning  year-month,year-day,month-day  home  0
always   surname-sound,forename-sound  year-month,year-day,month-day  home  0
always   sex                                         date       home     24
date     names                                       -          area     16,18,20
date     names,sounds,beginnings                     year       area     16,18,20
date     names                                       year       england  20,22,24
date     initials                                    sex        home     0
date     forename-beginning,initial+surname-sound    -          home     0
forename surname-sound                               date       area     18,20
surname  forename-sound                              date       area     18,20
place    NK,sounds,beginnings                        date       nowhere  0            {FAR}
place    forename,surname,forename+middle  date  nowhere  19,21        25
place    names                         year-month,year-day,month-day  nowhere  20     {FAR}
place    names+middle                                -          nowhere  20
date     names+middle                                -          area     18
surname  forename+middle                             date       area     18
always   names+middle                                -          area     25,26,27
"""


def considered() -> tuple[Candidate, ...]:
    """Return every candidate; some differ only by the bits that a key must give."""
    found = []
    for line in _CONSIDERED.strip().splitlines():
        lacks, names, dates, place, bits, *below = line.split()
        for least, date, name in product(bits.split(","), dates.split(","), names.split(",")):
            found.append(_candidate(lacks, name, date.strip("-"), place, float(least), *below))
    return tuple(found)


def _candidate(
    lacks: str, names: str, date: str, place: str, bits: float, below: str = "inf"
) -> Candidate:
    weak = lacks != "always"
    rule = RuleDefinition(
        BlockingRule.NK, Scope.WIDE, NAMES[names], DATES[date], PLACES[place], bits, float(below)
    )
    where = f"{place} {bits:g}" if bits or weak else place
    if not weak:
        return Candidate(_named(names, date, where), (rule,))
    halves = (
        replace(rule, meets=meets, lacks=attrgetter(lacks))
        for meets in (Meets.QUERY_LACKS, Meets.RECORD_LACKS)
    )
    return Candidate(_named(f"no {lacks}:", names, date, where), tuple(halves))


def _named(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def keys(candidates: Sequence[Candidate], form: NormalForm, side: Side) -> Iterator[Tagged]:
    """Yield what a child's form gives for each candidate, on one side."""
    parts = key_parts(form)
    for place, each in enumerate(candidates):
        most = _MOST_VALUES.get(each.name.split(" ")[0], _FEW)
        for space, definition in enumerate(each.definitions):
            if definition.applies_to(side, parts):
                for _, value in zip(range(most), definition.values(parts), strict=False):
                    yield place, space, value
