"""How well one field of two children agrees, as a level, and what a level weighs, in bits.

Source of the weights: Fellegi and Sunter (1969): a weight is the logarithm to base 2 of how much
likelier the level is for two records of one child than for records of two children. The table is
data of this package (``weights.json``), the same on every node. The levels of names are in
``name_agreement``; what follows from the sum is in ``comparison``.

Invariants: pure and symmetric.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from functools import cache
from typing import Final

from rapidfuzz.distance import OSA

from fingerpost.private.demographics import (
    Birth,
    ExpectedDate,
    HealthNumber,
    PartialDate,
    birth_span,
)
from fingerpost.private.linkage.name_tables import forename_bits, read_table, surname_bits
from fingerpost.private.linkage.normal_form import (
    BirthDate,
    Born,
    Certainty,
    NormalForm,
    Postcode,
    Upn,
)

_LEAST_OF_A_NAME: Final = 0.5  # bits of a name that agrees at all
_CLOSE_DAYS: Final = 31  # an expected date kept as the date of birth
_DUE_MOVED_DAYS: Final = 42  # by a scan, from the day that was first reckoned


@unique
class Level(Enum):
    """How well a field agrees, from the same to clearly different, as named in the weights."""

    __hash__ = object.__hash__  # that of ``Enum`` takes many times as long

    EXACT = "exact"
    EXACT_WEAK = "exact_weak"  # the same 1 January
    VARIANT = "variant"  # by table: another spelling, or a nickname and its formal name
    # A component of a compound surname, or a forename that is a middle name of the other.
    PART = "part"
    NEAR = "near"  # a typing error apart
    SWAPPED = "swapped"  # day and month
    CENTURY = "century"
    ONE_DIGIT = "one_digit"
    TWO_PARTS = "two_parts"  # two of day, month and year
    CLOSE = "close"
    DUE = "due"  # one is an expected date, and the other can be of the same pregnancy
    MONTH = "month"  # year and month, where a side knows no more
    YEAR = "year"  # the year, where a side knows no more
    ABOUT = "about"  # a year more or less, where a side is not sure of the year
    FORMER = "former"  # one lived where the other lives, or lived
    SECTOR = "sector"
    OUTCODE = "outcode"
    LOOSE = "loose"
    INITIAL = "initial"
    PARTIAL = "partial"  # one forename of several agrees and another contradicts
    DIFFERENT = "different"
    DIFFERENT_WEAK = "different_weak"
    MISSING = "missing"


_NAME_ORDER: Final = (
    Level.EXACT,
    Level.VARIANT,
    Level.PART,
    Level.NEAR,
    Level.LOOSE,
    Level.PARTIAL,
    Level.INITIAL,
    Level.DIFFERENT,
    Level.MISSING,
)


_PLACE_OF: Final = {level: place for place, level in enumerate(_NAME_ORDER)}


def better(a: Level, b: Level) -> Level:
    """Return the better of two levels of a name."""
    return a if _PLACE_OF[a] <= _PLACE_OF[b] else b


def birth_level(a: Born | None, b: Born | None) -> Level:
    """Return the level of two dates: equal, typed wrong, or written down by another rule."""
    if a is None or b is None:
        return Level.MISSING
    if isinstance(a, PartialDate) or isinstance(b, PartialDate):
        return _partial_level(a, b)
    if Certainty.EXPECTED in (a.certainty, b.certainty):
        return _expected_level(a, b)
    same = (a.day == b.day) + (a.month == b.month) + (a.year == b.year)
    if same == 3:
        return Level.EXACT_WEAK if a.weak else Level.EXACT
    if (a.day, a.month, a.year) == (b.month, b.day, b.year):
        return Level.SWAPPED
    if (a.day, a.month, a.short_year) == (b.day, b.month, b.short_year):
        return Level.CENTURY
    if OSA.distance(_digits(a), _digits(b)) <= 1:
        return Level.ONE_DIGIT
    if (a.weak or b.weak) and a.year == b.year:
        return Level.DIFFERENT_WEAK  # one side knew the year only
    if same == 2:
        return Level.TWO_PARTS
    if abs((a.as_date() - b.as_date()).days) <= _CLOSE_DAYS:
        return Level.CLOSE
    return Level.DIFFERENT


def born_in_other_years(a: Born | None, b: Born | None) -> bool:
    """Return whether both sides know the year of birth, and it is not the same.

    Brothers and sisters are born in two years, while a month or a day is as often a slip.
    """
    born = [birth for birth in (a, b) if isinstance(birth, BirthDate)]
    years = {birth.short_year for birth in born if birth.certainty is not Certainty.EXPECTED}
    return len(years) == 2


def _partial_level(a: Born, b: Born) -> Level:
    """Return the level where a side has a month or a year only: never that of a whole date."""
    known = (_known(a), _known(b))
    expected = any(isinstance(one, ExpectedDate) for one in known)
    partial = [one for one in known if isinstance(one, PartialDate)]
    if _apart(*known):
        # A year that was reckoned from an age is easily the one before or after.
        reckoned = isinstance(a, PartialDate) and isinstance(b, PartialDate)
        near = abs(a.year - b.year) <= reckoned
        return Level.DIFFERENT_WEAK if near and not expected else Level.DIFFERENT
    if any(one.about for one in partial):
        return Level.ABOUT
    return Level.MONTH if not expected and all(one.month for one in partial) else Level.YEAR


def _expected_level(a: BirthDate, b: BirthDate) -> Level:
    """Return whether both can be of one pregnancy.

    No brother or sister is: between two births of one mother lie more days than
    ``demographics.BEFORE_DUE``, unless they are born together.
    """
    if a.certainty is b.certainty:
        near = abs((a.as_date() - b.as_date()).days) <= _DUE_MOVED_DAYS
        return Level.DUE if near else Level.DIFFERENT
    if _apart(_known(a), _known(b)):
        return Level.DIFFERENT
    return Level.YEAR if a.weak or b.weak else Level.DUE


def _known(birth: Born) -> Birth:
    """Return what the date says for certain: of 1 January, the year."""
    if isinstance(birth, PartialDate):
        return birth
    if birth.certainty is Certainty.EXPECTED:
        return ExpectedDate(birth.as_date())
    return PartialDate(birth.year) if birth.weak else birth.as_date()


def _apart(one: Birth, other: Birth) -> bool:
    """Return whether no day can be the day of birth of both."""
    (first, last), (others_first, others_last) = birth_span(one), birth_span(other)
    return last < others_first or others_last < first


def _digits(birth: BirthDate) -> str:
    return f"{birth.year:04}{birth.month:02}{birth.day:02}"


def postcode_level(a: Postcode | None, b: Postcode | None) -> Level:
    """Return the level of two postcodes: the same, mistyped, of one sector or outcode, or
    different."""
    if a is None or b is None:
        return Level.MISSING
    if a == b and (a.full or a.typed):
        return Level.EXACT
    one, other = a.outcode + a.incode + a.typed, b.outcode + b.incode + b.typed
    if len(one) < 5 or len(other) < 5:
        return Level.OUTCODE if a.outcode == b.outcode else Level.DIFFERENT
    if sorted(one) == sorted(other) or OSA.distance(one, other) <= 1:
        return Level.NEAR
    if not a.outcode or not b.outcode:
        return Level.DIFFERENT
    if a.sector == b.sector:
        return Level.SECTOR
    return Level.OUTCODE if a.outcode == b.outcode else Level.DIFFERENT


def home_level(a: NormalForm, b: NormalForm) -> Level:
    """Return the level of the present homes; FORMER where they do not agree, and one side has a
    former home that the other has too. Former homes never speak against a child."""
    present = postcode_level(a.postcode, b.postcode)
    if present in (Level.EXACT, Level.NEAR):
        return present
    common = {a.postcode, *a.former_postcodes} & {b.postcode, *b.former_postcodes}
    return Level.FORMER if any(one and (one.full or one.typed) for one in common) else present


def equal_level(a: object, b: object) -> Level:
    """Return EXACT or DIFFERENT, or MISSING where a side lacks the value."""
    if a is None or b is None:
        return Level.MISSING
    return Level.EXACT if a == b else Level.DIFFERENT


def number_level(a: HealthNumber | None, b: HealthNumber | None) -> Level:
    """Return the level of two health numbers; a child may have one of each scheme."""
    if a is None or b is None or a.scheme is not b.scheme:
        return Level.MISSING
    return Level.EXACT if a.digits == b.digits else Level.DIFFERENT


def upn_level(a: Upn | None, b: Upn | None) -> Level:
    """Return the level of two permanent pupil numbers."""
    if a is None or b is None or a.temporary or b.temporary:
        return Level.MISSING
    return Level.EXACT if a.text == b.text else Level.DIFFERENT


@unique
class Field(Enum):
    """The fields that are compared; values name rows of the weights."""

    __hash__ = object.__hash__  # as that of ``Level``

    FORENAME = "forename"
    MIDDLE = "middle"
    SURNAME = "surname"
    BIRTH = "birth"
    SEX = "sex"
    POSTCODE = "postcode"
    HEALTH_NUMBER = "health_number"
    UPN = "upn"


@dataclass(frozen=True, slots=True)
class Weights:
    """Bits by field and level, and the thresholds in bits.

    ``match`` and ``possible`` are the thresholds of the decisions; ``match_away`` is that of a
    match which neither the home nor the very date confirms, ``alone`` that of a link by names
    without a date that agrees, away from home. For a name that agrees, the table has
    what is taken off the bits of the name itself, which are ``most_name_bits`` at most; for names
    that differ, it has the bits.
    """

    match: float
    match_away: float
    alone: float
    possible: float
    swapped_fields: float
    most_name_bits: float
    by_level: Mapping[tuple[Field, Level], float]

    def of(self, field: Field, level: Level) -> float:
        """Return the bits of a level; a missing field weighs nothing."""
        if level is Level.MISSING:
            return 0.0
        return self.by_level[field, level]

    def of_name(self, field: Field, level: Level, names: Iterable[str]) -> float:
        """Return the bits of a level of a name.

        They are those of the commonest of ``names``, less what the table takes off for the level. A
        name that agrees at all never counts against.
        """
        short = self.of(field, level)
        if level in (Level.MISSING, Level.DIFFERENT):
            return short
        bits_of = forename_bits if field is Field.FORENAME else surname_bits
        bits = min((bits_of(name) for name in names), default=self.most_name_bits)
        return max(_LEAST_OF_A_NAME, min(bits, self.most_name_bits) + short)


@cache
def shipped_weights() -> Weights:
    """Return the weights of this release."""
    table = read_table("weights.json")
    return Weights(
        match=table["match"],
        match_away=table["match_away"],
        alone=table["alone"],
        possible=table["possible"],
        swapped_fields=table["swapped_fields"],
        most_name_bits=table["most_name_bits"],
        by_level={
            (field, Level(level)): float(bits)
            for field in Field
            for level, bits in table[field.value].items()
        },
    )
