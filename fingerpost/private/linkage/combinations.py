"""Which attributes together make a blocking key: the table of kinds, and the values of each.

What lives here: for each kind, what must agree, how much a key of it must tell and how it is bound to a
place where it tells less. What must not: counting, priorities between keys of one child, encoding
(``blocking_keys``). Invariants: a query is as secret as the weakest key that opens it, so every key tells
at least the bits of its recipe, or it is not made; a kind too weak for complete records lives in
name-spaces that meet only where a strong field is missing.

Why bits: the same kind that singles out one child of a rare name opens for hundreds of another. A key
that tells too little takes the coarsest place that makes it tell enough, so that children of common
names are as well hidden as others, and lose as little as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from typing import Final

from fingerpost.private.linkage.kinds import BlockingRule, Meets, Scope, Side
from fingerpost.private.linkage.pieces import Piece, Pieces
from fingerpost.protocol.errors import Defect

BLOCKING_RULES_VERSION: Final = 1


Select = Callable[[Pieces], tuple[Piece, ...]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Names, date and a ladder of places; ``tells``: the bits below which no key is made; ``below``: those from
    which on none is made, for what is there for common names alone."""

    names: Select
    date: Select
    places: Select
    tells: float
    below: float = inf

    def values(self, of: Pieces) -> Iterator[tuple[str, ...]]:
        places = self.places(of)
        for name in self.names(of):
            for when in self.date(of):
                told = name.bits + when.bits
                if told >= self.below:
                    continue
                for place in places:
                    if told + place.bits >= self.tells:
                        if all(place.texts):
                            yield name.texts + when.texts + place.texts
                        break


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One kind. ``lacks``: the field without which a weak kind is there."""

    rule: BlockingRule
    scope: Scope
    recipe: Recipe
    meets: Meets = Meets.ALWAYS
    lacks: Select | None = None

    def is_made_by(self, side: Side, of: Pieces) -> bool:
        """A weak kind: a complete record offers what a lacking query asks, and every query asks what a lacking record
        offers. Two that lack the field meet in the second."""
        if self.lacks is None:
            return True
        lacking = not self.lacks(of)
        if self.meets is Meets.QUERY_LACKS:
            return lacking is (side is Side.QUERY)
        return lacking or side is Side.QUERY


def _select(attribute: str) -> Select:
    if attribute not in Pieces._fields:
        raise Defect("no such piece")
    return attrgetter(attribute)


def recipe(names: str, date: str, places: str, tells: float, below: float = inf) -> Recipe:
    """Of pieces by their names. Raises ``Defect`` for a name that is none."""
    return Recipe(_select(names), _select(date), _select(places), tells, below)


_WeakRow = tuple[str, str, str, str, str, float, float]


def _weak(scope: Scope, *rows: _WeakRow) -> Iterator[RuleDefinition]:
    """Weak kinds: name without its last letter, the field that a side lacks, and what goes into ``recipe``. Each in
    two name-spaces: where the query lacks the field, and where the record does."""
    for name, lacks, names, date, places, tells, below in rows:
        made, without = recipe(names, date, places, tells, below), _select(lacks)
        yield RuleDefinition(BlockingRule[f"{name}_Q"], scope, made, Meets.QUERY_LACKS, without)
        yield RuleDefinition(BlockingRule[f"{name}_R"], scope, made, Meets.RECORD_LACKS, without)


_ANY: Final = 0.0
FAR: Final = 28.0
"""Bits that names and date must tell to be asked all over England: 2^28 is twenty times its children."""
_HOME: Final = 24.0

_NARROW: Final = tuple(
    RuleDefinition(kind, Scope.NARROW, made)
    for kind, made in (
        (BlockingRule.NHS, recipe("health_number", "no_date", "nowhere", _ANY)),
        (BlockingRule.UPN, recipe("upn", "no_date", "nowhere", _ANY)),
        (BlockingRule.NK, recipe("every_pair", "date", "in_england", FAR)),
        (BlockingRule.DM, recipe("both_names", "day_and_month", "in_england", FAR)),
        (BlockingRule.SW, recipe("every_sound", "date", "in_england", FAR)),
        (BlockingRule.P33, recipe("beginnings", "date", "in_england", FAR)),
        (BlockingRule.DPA, recipe("sex", "date", "at_home", _HOME)),
        (BlockingRule.BEGINNINGS_HOME, recipe("beginnings", "sex", "at_home", _ANY)),
        (BlockingRule.NAMES_YEAR_DAY, recipe("both_names", "year_day", "in_england", FAR)),
        (BlockingRule.NAMES_MONTH_DAY, recipe("both_names", "month_day", "in_england", FAR)),
    )
)
_WEAK: Final = (
    *_weak(
        Scope.NARROW,
        ("NO_PLACE_NAMES_DATE", "place", "every_pair", "date", "nowhere", _ANY, FAR),
        ("NO_PLACE_SOUNDS_DATE", "place", "every_sound", "date", "nowhere", _ANY, FAR),
    ),
    *_weak(
        Scope.WIDE,
        ("NO_DATE_NAMES", "date", "both_names", "no_date", "in_the_area", 20.0, inf),
    ),
)
_WIDE: Final = tuple(
    RuleDefinition(kind, Scope.WIDE, made)
    for kind, made in (
        (
            BlockingRule.FORENAME_MIDDLE_DATE,
            recipe("forename_and_middle", "date", "in_the_area", 25.0),
        ),
        (
            BlockingRule.SURNAME_MIDDLE_DATE,
            recipe("surname_and_middle", "date", "in_the_area", 25.0),
        ),
        (BlockingRule.ENDINGS_DATE, recipe("endings", "date", "in_the_area", 27.0)),
        (BlockingRule.NAMES_YEAR_MONTH, recipe("both_names", "year_month", "in_the_area", 27.0)),
        (BlockingRule.NAMES_MIDDLE, recipe("names_and_middle", "no_date", "in_the_area", 26.0)),
        (BlockingRule.FORENAME_DATE, recipe("forename", "date", "in_the_area", 26.0)),
        (BlockingRule.SURNAME_DATE, recipe("surname", "date", "in_the_area", 25.0)),
        (
            BlockingRule.SURNAME_HOME_YEAR_MONTH,
            recipe("surname_sound", "year_month", "at_home", _ANY),
        ),
        (BlockingRule.SURNAME_HOME_YEAR_DAY, recipe("surname_sound", "year_day", "at_home", _ANY)),
    )
)
_WEAKER: Final = (
    *_weak(
        Scope.WIDE,
        ("NO_FORENAME_SURNAME_DATE", "forename", "surname_sound", "date", "in_the_area", 18.0, inf),
        (
            "NO_DATE_INITIAL_SURNAME", "date", "initial_and_surname_sound", "no_date", "at_home",
            _ANY, inf,
        ),
        # The last figure is what the kind above must tell that needs no place then.
        ("NO_PLACE_FORENAME_DATE", "place", "forename", "date", "nowhere", 21.0, 26.0),
        ("NO_PLACE_SURNAME_DATE", "place", "surname", "date", "nowhere", 21.0, 25.0),
        ("NO_SURNAME_FORENAME_DATE", "surname", "forename_sound", "date", "in_the_area", 18.0, inf),
        ("NO_DATE_NAMES_MIDDLE", "date", "names_and_middle", "no_date", "in_the_area", 18.0, inf),
        (
            "NO_SURNAME_FORENAME_MIDDLE_DATE", "surname", "forename_and_middle", "date", "in_the_area",
            18.0, inf,
        ),
    ),
    *_weak(
        Scope.NARROW,
        ("NO_PLACE_NAMES_MIDDLE", "place", "names_and_middle", "no_date", "nowhere", 20.0, 26.0),
        ("NO_PLACE_FORENAME_MIDDLE_DATE", "place", "forename_and_middle", "date", "nowhere", 21.0, 25.0),
        ("NO_PLACE_BEGINNINGS_DATE", "place", "beginnings", "date", "nowhere", 20.0, FAR),
        ("NO_PLACE_ENDINGS_DATE", "place", "endings", "date", "nowhere", 20.0, 27.0),
        ("NO_PLACE_NAMES_YEAR_DAY", "place", "both_names", "year_day", "nowhere", 20.0, FAR),
        ("NO_PLACE_NAMES_MONTH_DAY", "place", "both_names", "month_day", "nowhere", 20.0, FAR),
        ("NO_PLACE_NAMES_YEAR_MONTH", "place", "both_names", "year_month", "nowhere", 20.0, 27.0),
    ),
)  # fmt: skip

_LAST: Final = RuleDefinition(
    BlockingRule.FORENAME_BEGINNING_DATE,
    Scope.WIDE,
    recipe("forename_and_surname_beginning", "date", "in_the_area", 27.0),
)

# What a child lacks most seldom goes last: a child of many names has more keys than fit.
RULE_DEFINITIONS: Final[tuple[RuleDefinition, ...]] = (*_NARROW, *_WEAK, *_WIDE, *_WEAKER, _LAST)
"""In order of priority: what comes last is dropped first. NK keeps its first few places here and
the rest of its places behind all others, see ``blocking_keys``."""
