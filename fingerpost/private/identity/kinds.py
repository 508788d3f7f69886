"""The kinds of match key and what they bind: names and stable numbers, no rules.

Invariants: a number, once released, keeps its meaning; a retired one is never used again, since it
stands in the OPRF input and, by way of that, in every stored index.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Scope(IntEnum):
    """How far a query reaches: everyone in reach, or the child's own areas."""

    NARROW = 1
    WIDE = 2


@unique
class KeyKind(IntEnum):
    """Stable numbers: they stand in the OPRF input. A retired number is never used again."""

    NHS = 1
    UPN = 2
    NK = 3
    SW = 4
    P33 = 5
    DM = 6
    DPA = 7
    NPA = 8
    FORENAME_DATE_OUTCODE = 20
    ENDINGS_DATE = 21
    FORENAME_POSTCODE_YEAR = 22
    SURNAME_POSTCODE_YEAR = 23
    SURNAME_POSTCODE_DAY_MONTH = 24
    POSTCODE_YEAR_MONTH = 25
    POSTCODE_YEAR_DAY = 26
    POSTCODE_MONTH_DAY = 27
    BEGINNINGS_POSTCODE = 28
    NAMES_OUTCODE_YEAR = 29
    NAMES_YEAR_MONTH = 30
    NAMES_YEAR_DAY = 31
    NAMES_MONTH_DAY = 32
    # The first of each pair meets where the query lacks the field, the second where the record does.
    NO_DATE_FORENAME_POSTCODE_Q = 40
    NO_DATE_FORENAME_POSTCODE_R = 41
    NO_DATE_INITIAL_POSTCODE_Q = 42
    NO_DATE_INITIAL_POSTCODE_R = 43
    NO_FORENAME_SURNAME_DATE_Q = 44
    NO_FORENAME_SURNAME_DATE_R = 45
    NO_SURNAME_FORENAME_DATE_Q = 46
    NO_SURNAME_FORENAME_DATE_R = 47
    NO_DATE_NAMES_OUTCODE_Q = 48
    NO_DATE_NAMES_OUTCODE_R = 49


@unique
class Attribute(IntEnum):
    """What a kind binds; for the rule that every kind binds enough."""

    IDENTIFIER = 1
    NAME = 2  # a forename or a surname, whole or coded
    BOTH_NAMES = 7  # forename and surname in full
    DATE = 3  # the whole date
    PART_OF_DATE = 4
    POSTCODE = 5  # the whole postcode
    OUTCODE = 6


@unique
class Meets(IntEnum):
    """Where a name-space lives: which side must lack the field for the key to be emitted by it."""

    ALWAYS = 0
    QUERY_LACKS = 1
    RECORD_LACKS = 2
