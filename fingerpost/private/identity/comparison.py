"""Two children's normal forms → the same, perhaps the same, or different.

What lives here: the sum of the evidence, the threshold, and the rules that no sum may overrule. What
must not: the reading of a field (``levels``) and the bits (``weights``). Invariants: pure and
symmetric; evidence names fields and levels, never a value.

The rules, each for a child it protects:

* A clearly different forename is never a match: twins agree in all else. At most POSSIBLE.
* A household (surname, postcode, date) without a forename to compare is never a match.
* Names alone, in whatever town, are never a match, nor a forename and a date: many share them.
* Brothers and sisters share home and surname and are called alike: another date of birth with
  anything but the same forename is at most POSSIBLE.
* An identifier that nothing else bears out is POSSIBLE: a sibling's number on the wrong child.
* A different date with a different forename is another child, or a brother or sister.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final

from fingerpost.private.identity.identifiers import HealthNumber, Upn
from fingerpost.private.identity.levels import (
    Level,
    better,
    birth_level,
    clearly_two_names,
    forename_level,
    postcode_level,
    surname_level,
    word_level,
)
from fingerpost.private.identity.names import Name, daily_names
from fingerpost.private.identity.normal_form import NormalForm
from fingerpost.private.identity.weights import Field, Weights, shipped_weights

COMPARISON_VERSION: Final = 1
"""Local to a node: two nodes may differ in it, as no key depends on it."""

_SURE_NAME: Final = (Level.EXACT, Level.VARIANT)
_LIKE_NAME: Final = (Level.EXACT, Level.VARIANT, Level.PART, Level.NEAR)
_SAME_DATE: Final = (Level.EXACT, Level.EXACT_WEAK, Level.SWAPPED, Level.CENTURY, Level.ONE_DIGIT)
_OTHER_DATE: Final = (Level.DIFFERENT, Level.TWO_PARTS, Level.CLOSE)
_SAME_HOME: Final = (Level.EXACT, Level.NEAR)


@unique
class Decision(Enum):
    """POSSIBLE is for a person to look at; it is never answered as a match."""

    MATCH = "match"
    POSSIBLE = "possible"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one field said, and its bits. Holds no value of the field."""

    field: Field
    level: Level
    weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The decision, the sum in bits and what it rests on."""

    decision: Decision
    weight: float
    evidence: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Naming:
    """The best reading of two children's names."""

    forename: Level
    surname: Level
    two_names: bool
    findings: tuple[Finding, ...]
    weight: float


def compare(asked: NormalForm, record: NormalForm) -> Comparison:
    """Compare what was asked with what is recorded. Symmetric; takes about 0.1 ms."""
    weights = shipped_weights()
    naming = _best_naming(asked, record, weights)
    levels = {
        Field.BIRTH: birth_level(asked.birth, record.birth),
        Field.SEX: _equal(asked.sex, record.sex),
        Field.POSTCODE: postcode_level(asked.postcode, record.postcode),
        Field.HEALTH_NUMBER: _number_level(asked.health_number, record.health_number),
        Field.UPN: _upn_level(asked.upn, record.upn),
    }
    findings = naming.findings + tuple(
        Finding(field, level, weights.of(field, level)) for field, level in levels.items()
    )
    weight = round(sum(finding.weight for finding in findings), 6)
    ceiling = _ceiling(naming, levels, asked, record)
    decision = Decision.DIFFERENT
    if weight >= weights.match:
        decision = Decision.MATCH
    elif weight >= weights.possible:
        decision = Decision.POSSIBLE
    if Level.EXACT in (levels[Field.HEALTH_NUMBER], levels[Field.UPN]):
        # A number that belongs to somebody else is an error that a person has to see.
        if decision is Decision.DIFFERENT:
            decision = Decision.POSSIBLE
        if ceiling is Decision.DIFFERENT:
            ceiling = Decision.POSSIBLE
    return Comparison(_lower(decision, ceiling), weight, findings)


def _ceiling(
    naming: _Naming, levels: dict[Field, Level], asked: NormalForm, record: NormalForm
) -> Decision:
    """The most that may be said, whatever the sum."""
    birth = levels[Field.BIRTH]
    other_name = naming.forename in (Level.DIFFERENT, Level.PARTIAL)
    if other_name and birth in _OTHER_DATE:
        return Decision.DIFFERENT
    # A sister called alike, or a typing error? Two known names, or two sexes, are two children.
    two_children = naming.forename not in _SURE_NAME and (
        naming.two_names or levels[Field.SEX] is Level.DIFFERENT
    )
    if other_name or two_children or _two_of_a_birth(asked, record):
        return Decision.POSSIBLE
    identified = Level.EXACT in (levels[Field.HEALTH_NUMBER], levels[Field.UPN])
    sure = _borne_out(naming, birth) if identified else _sure_without_number(naming, levels)
    return Decision.MATCH if sure else Decision.POSSIBLE


def _borne_out(naming: _Naming, birth: Level) -> bool:
    """A number that nothing else bears out may be another child's."""
    named = naming.forename in _LIKE_NAME or naming.surname in _LIKE_NAME
    return named or birth in _SAME_DATE


def _sure_without_number(naming: _Naming, levels: dict[Field, Level]) -> bool:
    """Whether more agrees than a household, or than names that many share."""
    forename, birth = naming.forename, levels[Field.BIRTH]
    home, family = levels[Field.POSTCODE] in _SAME_HOME, naming.surname in _LIKE_NAME
    if forename not in _LIKE_NAME:
        return False  # an initial, or something like the name: what agrees is the household
    if not home and not (birth in _SAME_DATE and family):
        return False  # names alone, or a forename and a date, are shared by many
    if birth in (Level.DIFFERENT, Level.CLOSE):
        # Harry and Harrison, two years apart, are brothers.
        return (
            forename is Level.EXACT
            and family
            and levels[Field.POSTCODE] is Level.EXACT
            and levels[Field.SEX] is not Level.DIFFERENT
        )
    conflict = levels[Field.HEALTH_NUMBER] is Level.DIFFERENT
    return not conflict or (forename in _SURE_NAME and birth in _SAME_DATE)


def _two_of_a_birth(asked: NormalForm, record: NormalForm) -> bool:
    """Twin 1 is not twin 2."""
    return (
        asked.birth_order is not None
        and record.birth_order is not None
        and asked.birth_order != record.birth_order
    )


def _best_naming(asked: NormalForm, record: NormalForm, weights: Weights) -> _Naming:
    """The best pair of names over present and other names, straight or with swapped fields."""
    readings = [
        reading
        for one in asked.names
        for other in record.names
        for reading in _readings(one, other, weights)
    ]
    # Equal sums are told apart by their levels, so that the order of the sides does not matter.
    return max(readings, key=lambda r: (r.weight, r.forename.value, r.surname.value, r.two_names))


def _readings(one: Name, other: Name, weights: Weights) -> list[_Naming]:
    forename, surname = forename_level(one, other), surname_level(one, other)
    given = (*daily_names(one)[:1], *daily_names(other)[:1])
    family = tuple(name for name in (one.surname, other.surname) if name)
    if surname is Level.PART:
        family += one.surnames + other.surnames
    readings = [_naming(forename, surname, given, family, clearly_two_names(one, other), weights)]
    if forename in _SURE_NAME or not one.forenames or not other.forenames:
        return readings
    crossed = (_crossed(one, other), _crossed(other, one))
    if Level.DIFFERENT not in crossed and crossed != (Level.MISSING, Level.MISSING):
        worse, best = crossed if better(*crossed) is crossed[1] else crossed[::-1]
        both = given + family
        swapped = _naming(worse, best, both, both, False, weights)
        first, second = swapped.findings
        moved = Finding(first.field, first.level, first.weight + weights.swapped_fields)
        readings.append(
            replace(
                swapped,
                findings=(moved, second),
                weight=swapped.weight + weights.swapped_fields,
            )
        )
    return readings


def _crossed(one: Name, other: Name) -> Level:
    """The forename of one against the surname of the other."""
    if not one.forenames or not other.surnames:
        return Level.MISSING
    return word_level(one.forename, other.surname)


def _naming(
    forename: Level,
    surname: Level,
    given: tuple[str, ...],
    family: tuple[str, ...],
    two_names: bool,
    weights: Weights,
) -> _Naming:
    findings = (
        Finding(Field.FORENAME, forename, weights.of_name(Field.FORENAME, forename, given)),
        Finding(Field.SURNAME, surname, weights.of_name(Field.SURNAME, surname, family)),
    )
    weight = findings[0].weight + findings[1].weight
    return _Naming(forename, surname, two_names, findings, weight)


def _equal(a: object, b: object) -> Level:
    if a is None or b is None:
        return Level.MISSING
    return Level.EXACT if a == b else Level.DIFFERENT


def _number_level(a: HealthNumber | None, b: HealthNumber | None) -> Level:
    """Numbers of two schemes say nothing about each other: a child may have one of each."""
    if a is None or b is None or a.scheme is not b.scheme:
        return Level.MISSING
    return Level.EXACT if a.digits == b.digits else Level.DIFFERENT


def _upn_level(a: Upn | None, b: Upn | None) -> Level:
    if a is None or b is None or a.temporary or b.temporary:
        return Level.MISSING
    return Level.EXACT if a.text == b.text else Level.DIFFERENT


def _lower(decision: Decision, ceiling: Decision) -> Decision:
    order = (Decision.DIFFERENT, Decision.POSSIBLE, Decision.MATCH)
    return min(decision, ceiling, key=order.index)
