"""The kinds of blocking key and what they bind: names and stable numbers, no rules.

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
class BlockingRule(IntEnum):
    """Stable numbers: they stand in the OPRF input. A retired number is never used again."""

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
    ENDINGS_DATE = 20
    FORENAME_MIDDLE_DATE = 21
    SURNAME_MIDDLE_DATE = 22
    FORENAME_DATE = 23
    SURNAME_DATE = 24
    NAMES_YEAR_MONTH = 25
    SURNAME_HOME_YEAR_MONTH = 26
    SURNAME_HOME_YEAR_DAY = 27
    NAMES_MIDDLE = 28
    FORENAME_BEGINNING_DATE = 29  # of the surname
    # The first of each pair meets where the query lacks the field, the second where the record does.
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
    NO_SURNAME_FORENAME_MIDDLE_DATE_Q = 54
    NO_SURNAME_FORENAME_MIDDLE_DATE_R = 55
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


@unique
class Side(IntEnum):
    """Who asks and who is asked: weak kinds differ by it, and so do the bounds."""

    QUERY = 1
    RECORD = 2


@unique
class Meets(IntEnum):
    """Where a name-space lives: which side must lack the field for the key to be emitted by it."""

    ALWAYS = 0
    QUERY_LACKS = 1
    RECORD_LACKS = 2
