"""How well two children's names agree, in the best of their readings.

What lives here: present and other names, straight, with swapped fields and with the family name first. What must not:
what follows from it (``comparison``). Invariants: pure and symmetric; evidence names fields and levels, never a value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fingerpost.private.linkage.levels import (
    Level,
    better,
    clearly_two_names,
    forename_level,
    surname_level,
    word_level,
)
from fingerpost.private.linkage.names import Name, daily_names
from fingerpost.private.linkage.normal_form import NormalForm
from fingerpost.private.linkage.weights import Field, Weights

SURE_NAME: Final = (Level.EXACT, Level.VARIANT)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one field said, and its bits. Holds no value of the field."""

    field: Field
    level: Level
    weight: float


@dataclass(frozen=True, slots=True)
class Naming:
    """The best reading of two children's names."""

    forename: Level
    surname: Level
    two_names: bool
    findings: tuple[Finding, ...]
    weight: float


def best_naming(asked: NormalForm, record: NormalForm, weights: Weights) -> Naming:
    """The best pair of names over present and other names, straight or with swapped fields.

    Where the present forenames are clearly two, an alias counts against a present name only: two aliases
    that agree may be the mother's, or what a whole family was entered under.
    """
    present = forename_level(asked.names[0], record.names[0])
    two = present in (Level.DIFFERENT, Level.PARTIAL)
    readings = [
        reading
        for position, one in enumerate(asked.names)
        for other_position, other in enumerate(record.names)
        if not (two and position and other_position)
        for reading in _readings(one, other, weights)
    ]
    # Equal sums are told apart by their levels, so that the order of the sides does not matter.
    return max(readings, key=lambda r: (r.weight, r.forename.value, r.surname.value, r.two_names))


def _readings(one: Name, other: Name, weights: Weights) -> list[Naming]:
    forename, surname = forename_level(one, other), surname_level(one, other)
    given = (*daily_names(one)[:1], *daily_names(other)[:1])
    family = tuple(name for name in (one.surname, other.surname) if name)
    if surname is Level.PART:
        family += one.surnames + other.surnames
    readings = [_naming(forename, surname, given, family, clearly_two_names(one, other), weights)]
    if forename in SURE_NAME or not one.forenames or not other.forenames:
        return readings
    crossed = (_crossed(one, other), _crossed(other, one))
    if Level.DIFFERENT not in crossed and crossed != (Level.MISSING, Level.MISSING):
        worse, best = crossed if better(*crossed) is crossed[1] else crossed[::-1]
        both = given + family
        two_names = clearly_two_names(one, _turned(other)) or clearly_two_names(_turned(one), other)
        swapped = _naming(worse, best, both, both, two_names, weights)
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
    """The forename of one against the surname of the other, with the care for forenames: which of the two
    stands in the wrong place is not known, and twins are told apart there too."""
    if not one.forenames or not other.surnames:
        return Level.MISSING
    level = word_level(one.forename, other.surname)
    if level in (*SURE_NAME, Level.DIFFERENT):
        return level
    as_forename = forename_level(one, _turned(other))
    if as_forename is Level.PARTIAL:
        return Level.DIFFERENT
    return as_forename if better(level, as_forename) is level else level


def _turned(name: Name) -> Name:
    """With its surname as the forename."""
    return Name(forenames=name.surnames)


def _naming(
    forename: Level,
    surname: Level,
    given: tuple[str, ...],
    family: tuple[str, ...],
    two_names: bool,
    weights: Weights,
) -> Naming:
    findings = (
        Finding(Field.FORENAME, forename, weights.of_name(Field.FORENAME, forename, given)),
        Finding(Field.SURNAME, surname, weights.of_name(Field.SURNAME, surname, family)),
    )
    weight = findings[0].weight + findings[1].weight
    return Naming(forename, surname, two_names, findings, weight)
