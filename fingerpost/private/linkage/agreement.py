"""How well one field of two children agrees, as a level, and what a level weighs, in bits.

Source of the weights: Fellegi and Sunter (1969): a weight is the logarithm to base 2 of how much
likelier the level is for two records of one child than for records of two children. The table is
data of this package (``weights.json``), the same on every node. What follows from the sum is in
``comparison``.

Invariants: pure and symmetric.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from functools import cache
from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from fingerpost.private.demographics import (
    Birth,
    ExpectedDate,
    HealthNumber,
    PartialDate,
    birth_span,
)
from fingerpost.private.linkage.name_tables import (
    canonical,
    fold,
    forename_bits,
    formal_names,
    is_known_forename,
    phonetic,
    read_table,
    surname_bits,
    word_lists,
)
from fingerpost.private.linkage.names import Name, daily_names
from fingerpost.private.linkage.normal_form import (
    BirthDate,
    Born,
    Certainty,
    NormalForm,
    Postcode,
    Upn,
)

_LEAST_OF_A_NAME: Final = 0.5  # bits of a name that agrees at all
_NEAR: Final = 0.92  # Jaro–Winkler
_LOOSE: Final = 0.80
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

_SAME_NAME: Final = (Level.EXACT, Level.VARIANT, Level.NEAR)


def better(a: Level, b: Level) -> Level:
    """Return the better of two levels of a name."""
    return a if _NAME_ORDER.index(a) <= _NAME_ORDER.index(b) else b


def word_level(a: str, b: str) -> Level:
    """Return the level of two single names."""
    if a == b and len(a) > 1:
        return Level.EXACT
    if len(a) == 1 or len(b) == 1:
        return Level.INITIAL if a[0] == b[0] else Level.DIFFERENT
    for head in word_lists().name_heads:
        if a.startswith(head) and b.startswith(head) and min(len(a), len(b)) > len(head) + 1:
            # Oluwaseun and Oluwaseyi: they share a word, and differ in the name.
            level = word_level(a[len(head) :], b[len(head) :])
            return Level.LOOSE if level in (Level.DIFFERENT, Level.INITIAL) else level
    one, other = canonical(a), canonical(b)
    if one == other:
        return Level.VARIANT
    if other in formal_names(a) or one in formal_names(b):
        return Level.VARIANT
    alike = JaroWinkler.normalized_similarity(a, b)
    folded, folded_other = fold(one), fold(other)
    typing_errors = OSA.distance(a, b)
    if (
        folded == folded_other
        or typing_errors <= 1
        or (typing_errors == 2 and (alike >= _NEAR or min(len(a), len(b)) >= 8))
    ):
        return Level.NEAR if min(len(a), len(b)) > 2 else Level.LOOSE
    if (
        alike >= _LOOSE
        or phonetic(folded) == phonetic(folded_other)
        or (min(len(a), len(b)) > 2 and (a.startswith(b) or b.startswith(a)))
    ):
        return Level.LOOSE
    return Level.DIFFERENT


def forename_level(a: Name, b: Name) -> Level:
    """Return the level of the daily forename of either and any given name of the other.

    Middle names are never compared with each other here, because twins share them.
    """
    if not a.forenames or not b.forenames:
        return Level.MISSING
    daily_a, daily_b = daily_names(a), daily_names(b)
    best = _forename_word_level(a.forename, b.forename)
    if min(len(a.forenames), len(b.forenames)) > 1 and OSA.distance(a.forename, b.forename) > 1:
        best = Level.DIFFERENT  # Muhammad Yunus and Muhammad Yusuf: single words must be alike
    for first, others in ((daily_a[0], _all_given(b)), (daily_b[0], _all_given(a))):
        for position, other in enumerate(others):
            level = _forename_word_level(first, other)
            if position and level is Level.NEAR:
                level = Level.LOOSE  # Jai is no typing error for the second part of Lilly-Mai
            elif position and level in (Level.LOOSE, Level.INITIAL):
                level = Level.DIFFERENT  # nor is Rowan the R. of his twin Devonte R.
            best = better(best, level)
    if best in _SAME_NAME and _left_over(daily_a, daily_b) and _left_over(daily_b, daily_a):
        return Level.PARTIAL
    return better(best, _by_middle_name(a, b, daily_a, daily_b))


def _by_middle_name(a: Name, b: Name, daily_a: tuple[str, ...], daily_b: tuple[str, ...]) -> Level:
    """Return the level where one is called by a middle name of the other.

    It is no agreement if each has a further name that the other lacks: children born together may
    share the name of a generation (Lok-hang, Lok-hei).
    """
    level = Level.DIFFERENT
    for first, middles in ((daily_a[0], b.middles), (daily_b[0], a.middles)):
        for middle in middles:
            if len(middle) > 1 and word_level(first, middle) in (Level.EXACT, Level.VARIANT):
                level = Level.PART
    given_a, given_b = daily_a + a.middles, daily_b + b.middles
    if level is Level.PART and _left_over(given_a, given_b) and _left_over(given_b, given_a):
        return Level.PARTIAL
    return level


def _forename_word_level(a: str, b: str) -> Level:
    """Return ``word_level``, but of names that rhyme at most LOOSE.

    Children born together are given such names, and a first letter is seldom mistyped.
    """
    level = word_level(a, b)
    if level is Level.NEAR and a[0] != b[0] and a[1:] == b[1:] and canonical(a) != canonical(b):
        return Level.LOOSE
    return level


def middle_level(a: Name, b: Name) -> Level:
    """Return the level of the given names after the first. Twins may share these, too."""
    one, other = _further(a), _further(b)
    if not one or not other:
        return Level.MISSING
    if any(canonical(x) == canonical(y) for x in one for y in other if len(x) > 1 and len(y) > 1):
        return Level.EXACT
    initials = {x[0] for x in one} & {y[0] for y in other}
    if not initials:
        return Level.DIFFERENT
    short = any(len(word) == 1 for word in one + other)
    return Level.INITIAL if short else Level.LOOSE


def _further(name: Name) -> tuple[str, ...]:
    """Leave out Kaur, Begum and the like, which half a community bears and which come and go."""
    movable = word_lists().movable
    words = (
        tuple(word for word in name.forenames if word not in daily_names(name)[:1]) + name.middles
    )
    return tuple(word for word in words if canonical(word) not in movable)


def _left_over(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Return whether one of some forenames agrees with none of the others, not even loosely."""
    return len(some) > 1 and any(
        all(word_level(one, other) is Level.DIFFERENT for other in others) for one in some
    )


def clearly_two_names(a: Name, b: Name) -> bool:
    """Return whether two forenames are known names that no table holds to be one.

    Twins are called alike (Ella and Bella), so that their likeness is no evidence.
    """
    for one in daily_names(a)[:1]:
        for other in daily_names(b)[:1]:
            return (
                word_level(one, other) not in (Level.EXACT, Level.VARIANT, Level.INITIAL)
                and _is_known(one)
                and _is_known(other)
            )
    return False


def _is_known(name: str) -> bool:
    """Return whether a name is known, alone or after a head that is no name alone: Abdul-Rahim."""
    return is_known_forename(name) or any(
        name.startswith(head) and is_known_forename(name[len(head) :])
        for head in word_lists().name_heads
    )


def surname_level(a: Name, b: Name) -> Level:
    """Return the level of the whole surnames, or of the best pair of their components."""
    if not a.surnames or not b.surnames:
        return Level.MISSING
    best = word_level(a.surname, b.surname)
    if len(a.surnames) > 1 or len(b.surnames) > 1:
        if sorted(a.surnames) == sorted(b.surnames):
            return better(best, Level.VARIANT)
        for one in a.surnames:
            for other in b.surnames:
                level = word_level(one, other)
                if level in (Level.EXACT, Level.VARIANT) and len(one) > 1:
                    best = better(best, Level.PART)
                elif level is Level.NEAR:
                    best = better(best, Level.LOOSE)
    elif a.surnames == b.surnames:
        return better(best, Level.VARIANT)  # particles apart
    if best is Level.DIFFERENT and (_among_middles(a, b) or _among_middles(b, a)):
        return Level.PART  # Kaur, or a grandfather's name, moves between the fields
    return best


def _among_middles(a: Name, b: Name) -> bool:
    middles = {canonical(word) for word in b.middles}
    return any(canonical(word) in middles for word in a.surnames if len(word) > 2)


def _all_given(name: Name) -> tuple[str, ...]:
    joined = (name.forename,) if len(name.forenames) > 1 else ()
    return (*daily_names(name), *joined)


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
