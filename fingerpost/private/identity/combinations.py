"""Which attributes together make a match key: the table of kinds, and the values of each.

What lives here: for each kind, what must agree, when it may be used and how its values are formed
from the ingredients. What must not: counting, priorities between keys of one child, encoding
(``match_keys``). Invariants: every kind binds an identifier, or name and date, or postcode and date,
or name and postcode, because a query is as secret as the weakest key that opens it; a kind that is too
weak for complete records lives in name-spaces that meet only where a strong field is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fingerpost.private.identity.ingredients import Ingredients
from fingerpost.private.identity.kinds import Attribute, KeyKind, Meets, Scope
from fingerpost.private.identity.rarity import (
    MONTH_DAY_BITS,
    YEAR_DAY_BITS,
    YEAR_MONTH_BITS,
)

COMBINATIONS_VERSION: Final = 1
_ENOUGH_BITS: Final = 27.0
"""2^27 is ten times the children of England: a key that tells this much is shared by few."""

_UNCOMMON_PAIR_BITS: Final = 16.5
"""Two names that not both stand among the most frequent."""


Values = Callable[[Ingredients], Iterator[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Combination:
    """One kind. ``lacks`` says whether the ingredients lack the field, for weak kinds."""

    kind: KeyKind
    binds: frozenset[Attribute]
    scope: Scope
    values: Values
    meets: Meets = Meets.ALWAYS
    lacks: Callable[[Ingredients], bool] = lambda _: False


def _nk(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date:
        for pair in i.pairs:
            yield (*pair, i.date)


def _sw(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date:
        for pair in i.phonetic_pairs:
            yield (*pair, i.date)


def _p33(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date and i.beginnings:
        yield (*i.beginnings, i.date)


def _dm(i: Ingredients) -> Iterator[tuple[str, ...]]:
    # Where the two cannot be swapped, or are equal, NK has said it.
    if i.pairs and i.year and i.day <= "12" and i.day != i.month:
        yield (*i.pairs[0], i.year, *sorted((i.day, i.month)))


def _dpa(i: Ingredients) -> Iterator[tuple[str, ...]]:
    # 1 January and a hostel's postcode are shared by many children: no key without a name then.
    if i.date and i.postcode and not i.weak_date:
        for sex in i.sexes:
            yield (i.date, sex, i.postcode)


def _npa(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.postcode:
        for pair in i.phonetic_pairs[:1]:
            yield (*pair, i.postcode)


def _forename_date_outcode(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date and i.outcode:
        for forename in i.forenames[:1]:
            yield (forename, i.date, i.outcode)


def _endings_date(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date and i.endings:
        yield (*i.endings, i.date)


def _forename_postcode_year(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.year and i.postcode and i.forename_code:
        yield (i.forename_code, i.postcode, i.year)


def _surname_postcode_year(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.year and i.postcode and i.surname_code:
        yield (i.surname_code, i.postcode, i.year)


def _surname_postcode_day_month(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.year and i.postcode and i.surname_code and not i.weak_date:
        yield (i.surname_code, i.postcode, i.month, i.day)


def _postcode_two_of_date(first: str, second: str) -> Values:
    def values(i: Ingredients) -> Iterator[tuple[str, ...]]:
        if i.year and i.exact_postcode and not i.weak_date:
            for sex in i.sexes:
                yield (getattr(i, first), getattr(i, second), sex, i.exact_postcode)

    return values


def _beginnings_postcode(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.postcode and i.beginnings:
        yield (*i.beginnings, i.postcode)


def _names_outcode_year(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.main_pair and i.outcode and i.year and i.main_pair_bits >= _UNCOMMON_PAIR_BITS:
        yield (*i.main_pair, i.outcode, i.year)


def _any_names_outcode(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.main_pair and i.outcode:
        yield (*i.main_pair, i.outcode)


def _names_two_of_date(first: str, second: str, bits: float) -> Values:
    """Uncommon names need no place beside two parts of the date; common ones the outcode."""

    def values(i: Ingredients) -> Iterator[tuple[str, ...]]:
        if not i.main_pair or not i.date or i.weak_date:
            return
        parts = (*i.main_pair, getattr(i, first), getattr(i, second))
        if i.main_pair_bits + bits >= _ENOUGH_BITS:
            yield parts
        elif i.outcode:
            yield (*parts, i.outcode)

    return values


def _forename_postcode(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.postcode:
        for forename in i.forenames[:1]:
            yield (forename, i.postcode)


def _initial_postcode(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.postcode and i.forenames and i.surname_code:
        yield (i.forenames[0][0], i.surname_code, i.postcode)


def _surname_date(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date and i.surnames and not i.weak_date:
        yield (i.surname_code, i.date)


def _forename_date(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.date and i.forenames and not i.weak_date:
        yield (i.forename_code, i.date)


def _nhs(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.health_number:
        yield i.health_number


def _upn(i: Ingredients) -> Iterator[tuple[str, ...]]:
    if i.upn:
        yield (i.upn,)


def _in_both_name_spaces(
    query_kind: KeyKind,
    record_kind: KeyKind,
    binds: frozenset[Attribute],
    values: Values,
    lacks: Callable[[Ingredients], bool],
) -> tuple[Combination, Combination]:
    return (
        Combination(query_kind, binds, Scope.WIDE, values, Meets.QUERY_LACKS, lacks),
        Combination(record_kind, binds, Scope.WIDE, values, Meets.RECORD_LACKS, lacks),
    )


_ID: Final = frozenset({Attribute.IDENTIFIER})
_NAME_DATE: Final = frozenset({Attribute.NAME, Attribute.DATE})
_NAME_POSTCODE: Final = frozenset({Attribute.NAME, Attribute.POSTCODE})
_POSTCODE_DATE: Final = frozenset({Attribute.POSTCODE, Attribute.DATE})
_NAMES_OUTCODE: Final = frozenset({Attribute.BOTH_NAMES, Attribute.OUTCODE})
_NAMES_PART: Final = frozenset({Attribute.BOTH_NAMES, Attribute.PART_OF_DATE})
_POSTCODE_PART: Final = frozenset({Attribute.POSTCODE, Attribute.PART_OF_DATE})

COMBINATIONS: Final[tuple[Combination, ...]] = (
    Combination(KeyKind.NHS, _ID, Scope.NARROW, _nhs),
    Combination(KeyKind.UPN, _ID, Scope.NARROW, _upn),
    Combination(KeyKind.NK, _NAME_DATE, Scope.NARROW, _nk),
    Combination(KeyKind.DM, _NAME_DATE, Scope.NARROW, _dm),
    Combination(KeyKind.SW, _NAME_DATE, Scope.NARROW, _sw),
    Combination(KeyKind.P33, _NAME_DATE, Scope.NARROW, _p33),
    Combination(KeyKind.DPA, _POSTCODE_DATE, Scope.NARROW, _dpa),
    Combination(KeyKind.NPA, _NAME_POSTCODE, Scope.NARROW, _npa),
    Combination(
        KeyKind.FORENAME_DATE_OUTCODE,
        _NAME_DATE | {Attribute.OUTCODE},
        Scope.WIDE,
        _forename_date_outcode,
    ),
    Combination(KeyKind.ENDINGS_DATE, _NAME_DATE, Scope.WIDE, _endings_date),
    Combination(KeyKind.BEGINNINGS_POSTCODE, _NAME_POSTCODE, Scope.WIDE, _beginnings_postcode),
    Combination(
        KeyKind.NAMES_OUTCODE_YEAR,
        _NAMES_OUTCODE | {Attribute.PART_OF_DATE},
        Scope.WIDE,
        _names_outcode_year,
    ),
    Combination(
        KeyKind.FORENAME_POSTCODE_YEAR,
        _NAME_POSTCODE | {Attribute.PART_OF_DATE},
        Scope.WIDE,
        _forename_postcode_year,
    ),
    Combination(
        KeyKind.SURNAME_POSTCODE_YEAR,
        _NAME_POSTCODE | {Attribute.PART_OF_DATE},
        Scope.WIDE,
        _surname_postcode_year,
    ),
    Combination(
        KeyKind.SURNAME_POSTCODE_DAY_MONTH,
        _NAME_POSTCODE | {Attribute.PART_OF_DATE},
        Scope.WIDE,
        _surname_postcode_day_month,
    ),
    *(
        Combination(kind, _POSTCODE_PART, Scope.WIDE, _postcode_two_of_date(first, second))
        for kind, first, second in (
            (KeyKind.POSTCODE_YEAR_MONTH, "year", "month"),
            (KeyKind.POSTCODE_YEAR_DAY, "year", "day"),
            (KeyKind.POSTCODE_MONTH_DAY, "month", "day"),
        )
    ),
    *(
        Combination(kind, _NAMES_PART, Scope.WIDE, _names_two_of_date(first, second, bits))
        for kind, first, second, bits in (
            (KeyKind.NAMES_YEAR_MONTH, "year", "month", YEAR_MONTH_BITS),
            (KeyKind.NAMES_YEAR_DAY, "year", "day", YEAR_DAY_BITS),
            (KeyKind.NAMES_MONTH_DAY, "month", "day", MONTH_DAY_BITS),
        )
    ),
    *_in_both_name_spaces(
        KeyKind.NO_DATE_NAMES_OUTCODE_Q,
        KeyKind.NO_DATE_NAMES_OUTCODE_R,
        _NAMES_OUTCODE,
        _any_names_outcode,
        lambda i: not i.date,
    ),
    *_in_both_name_spaces(
        KeyKind.NO_DATE_FORENAME_POSTCODE_Q,
        KeyKind.NO_DATE_FORENAME_POSTCODE_R,
        _NAME_POSTCODE,
        _forename_postcode,
        lambda i: not i.date,
    ),
    *_in_both_name_spaces(
        KeyKind.NO_DATE_INITIAL_POSTCODE_Q,
        KeyKind.NO_DATE_INITIAL_POSTCODE_R,
        _NAME_POSTCODE,
        _initial_postcode,
        lambda i: not i.date,
    ),
    *_in_both_name_spaces(
        KeyKind.NO_FORENAME_SURNAME_DATE_Q,
        KeyKind.NO_FORENAME_SURNAME_DATE_R,
        _NAME_DATE,
        _surname_date,
        lambda i: not i.forenames,
    ),
    *_in_both_name_spaces(
        KeyKind.NO_SURNAME_FORENAME_DATE_Q,
        KeyKind.NO_SURNAME_FORENAME_DATE_R,
        _NAME_DATE,
        _forename_date,
        lambda i: not i.surnames,
    ),
)
"""In order of priority: what comes last is dropped first. NK keeps its first few places here and
the rest of its places behind all others, see ``match_keys``."""
