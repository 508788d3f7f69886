"""The blocking rules: which fields of a child are combined into a key, and how many bits they must
give.

A blocking rule (the term of record linkage) combines parts of a child's normal form, for example
both names and the date of birth, into a blocking key. Two records that share a key are compared in
full; all others are never looked at. Here each rule has its stable number (``BlockingRule``) and
its definition (``RULE_DEFINITIONS``). How the parts and the keys of one child are made is in
``blocking_keys``.

Why bits: a query is as secret as the weakest key that opens it, and a combination that singles out
one child of a rare name opens for hundreds of children of a common one. So no key is made that
gives fewer bits than its rule asks for: one bit halves the children whom the key can be about.
Where names and date give too few, the key takes the coarsest place that makes up for them. So
children of common names are as well hidden as others, and as few of them as possible are lost. A
combination that is too weak for complete records is a weak rule: its keys meet only where one side
lacks a field.

Invariants: pure data; a number, once released, keeps its meaning, and a retired one is never used
again, because it stands in the OPRF input and so in every stored index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import cache
from math import inf
from operator import attrgetter
from typing import Final, NamedTuple

from fingerpost.private.linkage.name_tables import INITIAL_BITS
from fingerpost.protocol.errors import Defect

BLOCKING_RULES_VERSION: Final = 3


@unique
class Scope(IntEnum):
    """How far a query may go: to all in reach, or only where the child is likely to be known.

    NARROW keys go to all in reach. WIDE keys, which contain the narrow ones, go to the child's own
    area, and in a second round for a stated reason over the whole reach.
    """

    NARROW = 1
    WIDE = 2


@unique
class Side(IntEnum):
    """The side that makes the keys: a query, or a record. Weak rules and bounds differ by it."""

    QUERY = 1
    RECORD = 2


@unique
class Meets(IntEnum):
    """Between which sides the keys of a rule meet: all, or those of which one lacks the field."""

    ALWAYS = 0
    QUERY_LACKS = 1
    RECORD_LACKS = 2


@unique
class BlockingRule(IntEnum):
    """Name and stable number of each rule; ``RULE_DEFINITIONS`` says what each combines and why.

    The keys of a rule ending in ``_Q`` meet where the query lacks the field, those of ``_R`` where
    the record does.
    """

    __hash__ = int.__hash__  # that of ``Enum`` takes many times as long, and every key has a rule

    NHS = 1
    UPN = 2
    NK = 3
    SW = 4
    P33 = 5
    DM = 6
    DPA = 7
    NAMES_YEAR_DAY = 8
    NAMES_MONTH_DAY = 9
    BEGINNINGS_HOME = 10
    FORENAME_HOME_YEAR_MONTH = 11
    FORENAME_HOME_YEAR_DAY = 12
    INITIALS_HOME_MONTH_DAY = 13
    NAMES_INCODE_DATE = 14
    NAMES_MIDDLE_DATE = 15
    ENDINGS_DATE = 20
    FORENAME_MIDDLE_DATE = 21
    FORENAME_DATE = 23
    SURNAME_DATE = 24
    NAMES_YEAR_MONTH = 25
    SURNAME_HOME_YEAR_MONTH = 26
    SURNAME_HOME_YEAR_DAY = 27
    NAMES_MIDDLE = 28
    FORENAME_BEGINNING_DATE = 29
    NO_PLACE_NAMES_DATE_Q = 40
    NO_PLACE_NAMES_DATE_R = 41
    NO_PLACE_SOUNDS_DATE_Q = 42
    NO_PLACE_SOUNDS_DATE_R = 43
    NO_DATE_NAMES_Q = 44
    NO_DATE_NAMES_R = 45
    NO_DATE_INITIAL_SURNAME_Q = 46
    NO_DATE_INITIAL_SURNAME_R = 47
    NO_FORENAME_SURNAME_DATE_Q = 48
    NO_FORENAME_SURNAME_DATE_R = 49
    NO_SURNAME_FORENAME_DATE_Q = 50
    NO_SURNAME_FORENAME_DATE_R = 51
    NO_DATE_NAMES_MIDDLE_Q = 52
    NO_DATE_NAMES_MIDDLE_R = 53
    NO_PLACE_NAMES_MIDDLE_Q = 56
    NO_PLACE_NAMES_MIDDLE_R = 57
    NO_PLACE_FORENAME_MIDDLE_DATE_Q = 58
    NO_PLACE_FORENAME_MIDDLE_DATE_R = 59
    NO_PLACE_FORENAME_DATE_Q = 60
    NO_PLACE_FORENAME_DATE_R = 61
    NO_PLACE_SURNAME_DATE_Q = 62
    NO_PLACE_SURNAME_DATE_R = 63
    NO_PLACE_NAMES_YEAR_DAY_Q = 64
    NO_PLACE_NAMES_YEAR_DAY_R = 65
    NO_PLACE_NAMES_MONTH_DAY_Q = 66
    NO_PLACE_NAMES_MONTH_DAY_R = 67
    NO_PLACE_NAMES_YEAR_MONTH_Q = 68
    NO_PLACE_NAMES_YEAR_MONTH_R = 69
    NO_PLACE_BEGINNINGS_DATE_Q = 70
    NO_PLACE_BEGINNINGS_DATE_R = 71
    NO_PLACE_ENDINGS_DATE_Q = 72
    NO_PLACE_ENDINGS_DATE_R = 73
    NO_DATE_SOUNDS_YEAR_Q = 74
    NO_DATE_SOUNDS_YEAR_R = 75


RETIRED: Final = frozenset({22, 54, 55})
"""Numbers of rules that are used no more: surname, initial of a middle name and date; forename,
initial and date where a side has no surname. They found nobody whom another rule did not."""


class Part(NamedTuple):
    """One part of a key: its texts, and the bits by which they narrow down who the child can be."""

    texts: tuple[str, ...]
    bits: float


class Parts(NamedTuple):
    """All parts of one child that a rule can combine.

    A part that the child lacks is an empty tuple; of several values the likeliest comes first.
    Pairs of names are unordered, so that swapped fields agree. ``in_england``, ``in_the_area`` and
    ``at_home`` are ladders: places from the coarsest to the finest, of which a key takes the first
    that gives enough bits. A place that the child lacks stands on its rung all the same, as empty
    text, and no key is made there: falling back on a finer place would bind the two sides
    differently.
    """

    health_number: tuple[Part, ...]  # scheme and digits
    upn: tuple[Part, ...]  # a permanent one

    every_pair: tuple[Part, ...]  # any given name or its formal form x any part of the surname
    both_names: tuple[Part, ...]  # the daily forename and the whole surname, as formal names
    every_sound: tuple[Part, ...]  # phonetic codes of both, of parts of the surname, of other names
    beginnings: tuple[Part, ...]  # the first three letters of both names
    telling_beginnings: tuple[Part, ...]  # of the forename as many as few children share
    initials: tuple[Part, ...]  # the first letters of both names
    endings: tuple[Part, ...]  # the last three letters of both names
    forename: tuple[Part, ...]  # the daily one
    forename_beginning: tuple[Part, ...]  # its first three letters
    forename_and_middle: tuple[Part, ...]  # with the initial of the next given name
    names_and_middle: tuple[Part, ...]  # both names with the initial of the next given name
    forename_and_surname_beginning: tuple[Part, ...]  # with three letters of the surname
    surname: tuple[Part, ...]  # the whole surname, and its first part
    surname_and_sex: tuple[Part, ...]
    forename_sound: tuple[Part, ...]  # phonetic code of the daily forename
    surname_sound: tuple[Part, ...]  # phonetic code of the whole surname
    initial_and_sound: tuple[Part, ...]  # initial of the forename, phonetic code of the surname
    sex: tuple[Part, ...]  # both where it is not known, so that such a record still meets others

    date: tuple[Part, ...]  # year without the century, month, day
    day_and_month: tuple[Part, ...]  # in either order, with the year; where both are at most 12
    year_month: tuple[Part, ...]  # like the next two, never of 1 January, which is a year alone
    year_day: tuple[Part, ...]
    month_day: tuple[Part, ...]
    year: tuple[Part, ...]  # of a year that is not certain also those about it
    no_date: tuple[Part, ...]  # nothing, which agrees with nothing

    place: tuple[Part, ...]  # the letters of the postcode area
    in_england: tuple[Part, ...]  # nowhere, postcode area, outcode: bits at an agency far away
    in_the_area: tuple[Part, ...]  # nowhere, outcode, sector, postcode: bits within an area
    at_home: tuple[Part, ...]  # the whole postcode, its characters sorted: transposed ones agree
    by_incode: tuple[Part, ...]  # the second half of the postcode alone: the first may be wrong
    nowhere: tuple[Part, ...]  # no place at all


Select = Callable[[Parts], tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """What one rule combines: names, a date and a place of a ladder.

    No key is made of fewer than ``least_bits``, nor where names and date alone give ``below_bits``
    or more: there a stronger rule makes its key without a place. ``lacks`` selects the field
    without which a weak rule applies, on the side that ``meets`` says.
    """

    rule: BlockingRule
    scope: Scope
    names: Select
    date: Select
    places: Select
    least_bits: float
    below_bits: float = inf
    meets: Meets = Meets.ALWAYS
    lacks: Select | None = None

    @property
    def is_at_home(self) -> bool:
        """Whether its keys hold the whole postcode: a wrong one loses them all."""
        return self.places is _select(_HOME)

    def applies_to(self, side: Side, parts: Parts) -> bool:
        """Return whether this side makes keys of the rule.

        Of a weak rule, a complete record makes the key that a query without the field asks for, and
        every query asks for the key that a record without the field makes. Two sides that both lack
        the field meet in the second. Two complete children never share a key of a weak rule.
        """
        if self.lacks is None:
            return True
        lacking = not self.lacks(parts)
        if self.meets is Meets.QUERY_LACKS:
            return lacking is (side is Side.QUERY)
        return lacking or side is Side.QUERY

    def values(self, parts: Parts) -> Iterator[tuple[str, ...]]:
        """Return the texts of each key that the rule makes of ``parts``, the likeliest first."""
        places = self.places(parts)
        for name in self.names(parts):
            for when in self.date(parts):
                bits = name.bits + when.bits
                if bits >= self.below_bits:
                    continue
                for place in places:
                    if bits + place.bits >= self.least_bits:
                        if all(place.texts):
                            yield name.texts + when.texts + place.texts
                        break


FAR: Final = 26.0
"""Bits that names and date must give to be asked all over England: 2^26 is five times its
children."""
_WITH_INITIAL: Final = FAR + INITIAL_BITS  # below it are the names that NK binds
_AREA: Final = "in_the_area"
_HOME: Final = "at_home"
_INITIAL: Final = "forename_and_middle"
_ANY: Final = 0.0

_Row = tuple[BlockingRule, str, str, str, float] | tuple[BlockingRule, str, str, str, float, float]
_WeakRow = tuple[str, str, str, str, str, float, float]


@cache
def _select(part: str) -> Select:
    if part not in Parts._fields:
        raise Defect("no such part of a key")
    return attrgetter(part)


def _strong(scope: Scope, *rows: _Row) -> Iterator[RuleDefinition]:
    """Yield the definitions. A row has rule, names, date, place, least bits, and at times the bits
    that names and date must stay below."""
    for rule, names, date, places, bits, *below in rows:
        named = (_select(names), _select(date), _select(places))
        yield RuleDefinition(rule, scope, *named, bits, below[0] if below else inf)


def _weak(scope: Scope, *rows: _WeakRow) -> Iterator[RuleDefinition]:
    """Yield two definitions for each row: the query, or the record, lacks the field.

    A row has the name without ``_Q`` and ``_R``, the field that a side lacks, names, date, place,
    least bits, and the bits that names and date must stay below.
    """
    for name, lacks, *parts, bits, below in rows:
        names, date, places = (_select(str(part)) for part in parts)
        for end, meets in (("Q", Meets.QUERY_LACKS), ("R", Meets.RECORD_LACKS)):
            rule = BlockingRule[f"{name}_{end}"]
            yield RuleDefinition(
                rule, scope, names, date, places, float(bits), float(below), meets, _select(lacks)
            )


# fmt: off
_NARROW: Final = tuple(_strong(
    Scope.NARROW,
    # NHS combines the health number with its scheme: it finds a child of whom all else has changed.
    (BlockingRule.NHS, "health_number", "no_date", "nowhere", _ANY),
    # UPN is the permanent unique pupil number, as NHS; it is used only where the agreement allows
    # it.
    (BlockingRule.UPN, "upn", "no_date", "nowhere", _ANY),
    # NK (name keys) combines any given name or its formal form, any part of the surname and the
    # date: it finds most children, whichever of their names a record holds. 26 bits, by the ladder
    # of England.
    (BlockingRule.NK, "every_pair", "date", "in_england", FAR),
    # DM (day and month) combines both names and a date with day and month in either order: it finds
    # a child whose day and month were swapped. 26 bits, by the ladder of England.
    (BlockingRule.DM, "both_names", "day_and_month", "in_england", FAR),
    # SW (sounds of words) combines the phonetic codes of both names and the date: it finds names
    # that were written down by ear. 26 bits, by the ladder of England.
    (BlockingRule.SW, "every_sound", "date", "in_england", FAR),
    # P33 (prefixes of three) combines the first three letters of both names and the date: it finds
    # names with a wrong or shortened end. 26 bits, by the ladder of England.
    (BlockingRule.P33, "beginnings", "date", "in_england", FAR),
    # DPA (date, place, attribute) combines sex, date and home: it finds a child without a name, or
    # under another. 24 bits are more than 1 January gives, which is a year alone: it makes no such
    # key.
    (BlockingRule.DPA, "sex", "date", _HOME, 24.0),
    # BEGINNINGS_HOME combines the first letters of both names, sex and home, bound by the home
    # alone: it finds a child whose date is wrong. Sex halves what brothers and sisters called alike
    # open, and so does a forename's beginning that few children share.
    (BlockingRule.BEGINNINGS_HOME, "telling_beginnings", "sex", _HOME, _ANY),
    # NAMES_YEAR_DAY combines both names, year and day: it finds a date with a wrong month. 26 bits,
    # by the ladder of England.
    (BlockingRule.NAMES_YEAR_DAY, "both_names", "year_day", "in_england", FAR),
    # NAMES_MONTH_DAY combines both names, month and day: it finds a date with a wrong year. 26
    # bits, by the ladder of England.
    (BlockingRule.NAMES_MONTH_DAY, "both_names", "month_day", "in_england", FAR),
    # The next three combine part of the names, home and two parts of the date, bound by the home
    # alone: they find a child at home of whom the third part of the date is wrong, and a name
    # besides. FORENAME_HOME has the first three letters of the forename (the surname may be
    # another), INITIALS_HOME the first letters of both: of month and day alone, one surname would
    # open for brothers and sisters of one birthday.
    (BlockingRule.FORENAME_HOME_YEAR_MONTH, "forename_beginning", "year_month", _HOME, _ANY),
    (BlockingRule.FORENAME_HOME_YEAR_DAY, "forename_beginning", "year_day", _HOME, _ANY),
    (BlockingRule.INITIALS_HOME_MONTH_DAY, "initials", "month_day", _HOME, _ANY),
    # NAMES_INCODE_DATE combines what NK does with the second half of the postcode, for names so
    # common that NK binds them to a place: it finds such a child although the first half is wrong.
    (BlockingRule.NAMES_INCODE_DATE, "every_pair", "date", "by_incode", FAR, FAR),
    # NAMES_MIDDLE_DATE combines both names, the initial of a middle name and the date, for names
    # so common that NK binds them to a place: it finds such a child who moved.
    (BlockingRule.NAMES_MIDDLE_DATE, "names_and_middle", "date", "in_england", FAR, _WITH_INITIAL),
))
_WEAK: Final = (
    *_weak(
        Scope.NARROW,
        # NO_PLACE_NAMES_DATE combines what NK does, for names so common that NK binds them to a
        # place (below 26 bits): it finds such a child where a side has no place.
        ("NO_PLACE_NAMES_DATE", "place", "every_pair", "date", "nowhere", _ANY, FAR),
    ),
    *_weak(
        Scope.WIDE,
        # NO_DATE_NAMES combines both names alone where a side has no date. 18 bits, by the ladder
        # of the area.
        ("NO_DATE_NAMES", "date", "both_names", "no_date", _AREA, 18.0, inf),
    ),
)
_WIDE: Final = tuple(_strong(
    Scope.WIDE,
    # SURNAME_HOME combines the surname's phonetic code, home and two parts of the date, bound by
    # the home alone: it finds a child at home under another forename whose day or month is wrong.
    # Every twin opens it, so it is not asked far away.
    (BlockingRule.SURNAME_HOME_YEAR_MONTH, "surname_sound", "year_month", _HOME, _ANY),
    (BlockingRule.SURNAME_HOME_YEAR_DAY, "surname_sound", "year_day", _HOME, _ANY),
    # FORENAME_MIDDLE_DATE combines forename, initial of a middle name and date: it finds a child
    # under another surname. 25 bits, by the ladder of the area.
    (BlockingRule.FORENAME_MIDDLE_DATE, "forename_and_middle", "date", _AREA, 25.0),
    # ENDINGS_DATE combines the last three letters of both names and the date: it finds names with a
    # wrong beginning. 26 bits, by the ladder of the area.
    (BlockingRule.ENDINGS_DATE, "endings", "date", _AREA, 26.0),
    # NAMES_YEAR_MONTH combines both names, year and month: it finds a date with a wrong day. 26
    # bits, by the ladder of the area.
    (BlockingRule.NAMES_YEAR_MONTH, "both_names", "year_month", _AREA, 26.0),
    # FORENAME_DATE combines forename and date: it finds a child whose surname changed. 25 bits, by
    # the ladder of the area.
    (BlockingRule.FORENAME_DATE, "forename", "date", _AREA, 25.0),
    # SURNAME_DATE combines surname, sex and date: it finds a child whose forename changed. Sex,
    # which seldom changes with it, halves who else opens it. 26 bits, by the ladder of the area.
    (BlockingRule.SURNAME_DATE, "surname_and_sex", "date", _AREA, 26.0),
    # FORENAME_BEGINNING_DATE combines forename, the first three letters of the surname and the
    # date: it finds a surname with a wrong end. 26 bits, by the ladder of the area.
    (BlockingRule.FORENAME_BEGINNING_DATE, "forename_and_surname_beginning", "date", _AREA, 26.0),
    # NAMES_MIDDLE combines both names and the initial of a middle name: it finds a child whose
    # whole date is another. 26 bits, by the ladder of the area.
    (BlockingRule.NAMES_MIDDLE, "names_and_middle", "no_date", _AREA, 26.0),
))
_WEAKER: Final = (
    *_weak(
        Scope.NARROW,
        # NO_PLACE_SOUNDS_DATE combines what SW does, for names that SW binds to a place (below 26
        # bits): it finds such a child by sound where a side has no place.
        ("NO_PLACE_SOUNDS_DATE", "place", "every_sound", "date", "nowhere", _ANY, FAR),
    ),
    *_weak(
        Scope.WIDE,
        # NO_DATE_INITIAL_SURNAME combines initial, the surname's phonetic code and home where a
        # side has no date, bound by the home alone.
        ("NO_DATE_INITIAL_SURNAME", "date", "initial_and_sound", "no_date", _HOME, _ANY, inf),
        # NO_DATE_SOUNDS_YEAR combines the phonetic codes of both names and the year where a side
        # knows no more of the date. 18 bits, by the ladder of the area.
        ("NO_DATE_SOUNDS_YEAR", "date", "every_sound", "year", _AREA, 18.0, inf),
        # NO_FORENAME_SURNAME_DATE combines the surname's phonetic code and the date where a side
        # has no forename. 18 bits, by the ladder of the area.
        ("NO_FORENAME_SURNAME_DATE", "forename", "surname_sound", "date", _AREA, 18.0, inf),
        # NO_PLACE_FORENAME_DATE combines forename and date where a side has no place. 21 bits; from
        # the 25 bits of FORENAME_DATE on that rule needs no place.
        ("NO_PLACE_FORENAME_DATE", "place", "forename", "date", "nowhere", 21.0, 25.0),
        # NO_PLACE_SURNAME_DATE combines surname, sex and date where a side has no place. 23 bits;
        # from the 26 bits of SURNAME_DATE on that rule needs no place.
        ("NO_PLACE_SURNAME_DATE", "place", "surname_and_sex", "date", "nowhere", 23.0, 26.0),
        # NO_SURNAME_FORENAME_DATE combines the forename's phonetic code and the date where a side
        # has no surname. 18 bits, by the ladder of the area.
        ("NO_SURNAME_FORENAME_DATE", "surname", "forename_sound", "date", _AREA, 18.0, inf),
        # NO_DATE_NAMES_MIDDLE combines both names and the initial of a middle name where a side has
        # no date. 18 bits, by the ladder of the area.
        ("NO_DATE_NAMES_MIDDLE", "date", "names_and_middle", "no_date", _AREA, 18.0, inf),
    ),
    *_weak(
        Scope.NARROW,
        # The last seven find, where a side has no place, a child of whom something else is wrong
        # too. Each has 20 bits or 21, and ends where the strong rule of the same parts needs no
        # place.

        # NO_PLACE_NAMES_MIDDLE combines both names and the initial of a middle name: the date may
        # be another.
        ("NO_PLACE_NAMES_MIDDLE", "place", "names_and_middle", "no_date", "nowhere", 20.0, 26.0),
        # NO_PLACE_FORENAME_MIDDLE_DATE combines forename, initial of a middle name and date:
        # another surname.
        ("NO_PLACE_FORENAME_MIDDLE_DATE", "place", _INITIAL, "date", "nowhere", 21.0, 25.0),
        # NO_PLACE_BEGINNINGS_DATE combines the first three letters of both names and the date:
        # wrong ends.
        ("NO_PLACE_BEGINNINGS_DATE", "place", "beginnings", "date", "nowhere", 20.0, FAR),
        # NO_PLACE_ENDINGS_DATE combines the last three letters of both names and the date: wrong
        # beginnings.
        ("NO_PLACE_ENDINGS_DATE", "place", "endings", "date", "nowhere", 20.0, 26.0),
        # NO_PLACE_NAMES_YEAR_DAY combines both names, year and day: a wrong month.
        ("NO_PLACE_NAMES_YEAR_DAY", "place", "both_names", "year_day", "nowhere", 20.0, FAR),
        # NO_PLACE_NAMES_MONTH_DAY combines both names, month and day: a wrong year.
        ("NO_PLACE_NAMES_MONTH_DAY", "place", "both_names", "month_day", "nowhere", 20.0, FAR),
        # NO_PLACE_NAMES_YEAR_MONTH combines both names, year and month: a wrong day.
        ("NO_PLACE_NAMES_YEAR_MONTH", "place", "both_names", "year_month", "nowhere", 20.0, 26.0),
    ),
)
# fmt: on

RULE_DEFINITIONS: Final[tuple[RuleDefinition, ...]] = (
    *_NARROW,
    *_WEAK,
    *_WIDE,
    *_WEAKER,
)
"""In order of priority: a child of many names has more keys than fit, and the last are dropped
first. So what a child lacks most seldom stands last. See ``blocking_keys`` for the bounds of each
rule."""
