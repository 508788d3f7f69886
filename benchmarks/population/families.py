"""Families of an English child population: how many children, when born, which births are of twins.

Sources of the rates: rounded from published figures of the Office for National Statistics on
families with dependent children (42 % one child, 41 % two, the rest more) and on maternities (about
1.5 % with more than one baby, of which 1.5 % with three; two thirds of twin pairs of one sex, since
a third are identical). Invariants: every child is under 18 at ``until`` and born before it;
everything drawn comes from the chance given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from fingerpost.private.demographics import Sex

# Families that are complete: children who are grown up or not yet born fall outside the 18 years.
_SIZES: Final = ((1, 0.33), (2, 0.46), (3, 0.14), (4, 0.05), (5, 0.02))
_LARGE_SIZES: Final = ((1, 0.10), (2, 0.20), (3, 0.25), (4, 0.25), (5, 0.20))
_MANY_AT_ONCE: Final = 0.015
_THREE_AT_ONCE: Final = 0.015
_IDENTICAL: Final = 1 / 3
_SHORTEST_GAP: Final = 330  # days
_MOST_CHILDREN: Final = 5


@dataclass(frozen=True, slots=True)
class Birth:
    """One delivery: its date and the sex of each child born."""

    born: date
    sexes: tuple[Sex, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The dates of birth of those under 18 at ``until``: from ``first`` for ``days`` days."""

    first: date
    days: int

    @classmethod
    def before(cls, until: date) -> Window:
        day = 28 if (until.month, until.day) == (2, 29) else until.day
        first = date(until.year - 18, until.month, day) + timedelta(days=1)
        return cls(first, (until - first).days)


def draw_births(window: Window, large: float, chance: Random) -> list[Birth]:
    """Return the deliveries of one family, oldest first.

    Args:
        large: From 0 to 1, how far families are large ones.
    """
    size = _size(large, chance)
    pivot = int(chance.random() * window.days)  # one of the children, so that none is left out
    place = int(chance.random() * size)
    days = [pivot]
    day = pivot
    for _ in range(place):
        day -= _gap(chance)
        days.append(day)
    day = pivot
    for _ in range(size - place - 1):
        day += _gap(chance)
        days.append(day)
    births = []
    left = _MOST_CHILDREN
    for day in sorted(d for d in days if 0 <= d < window.days):
        sexes = _sexes(chance)[:left]
        if sexes:
            births.append(Birth(window.first + timedelta(days=day), sexes))
        left -= len(sexes)
    return births


def mean_children(large: float) -> float:
    """Return about how many children of one family are under 18 at once.

    It turns shares of children into shares of families.
    """
    return 1.77 + 0.84 * large


def _size(large: float, chance: Random) -> int:
    drawn = chance.random()
    sizes = _LARGE_SIZES if chance.random() < large else _SIZES
    for size, share in sizes:
        drawn -= share
        if drawn < 0:
            return size
    return sizes[-1][0]


def _gap(chance: Random) -> int:
    """Mostly two to four years, seldom more than eight."""
    skewed = chance.random() * chance.random()
    return _SHORTEST_GAP + int(270 * chance.random() + 2900 * skewed)


def _sexes(chance: Random) -> tuple[Sex, ...]:
    first = _sex(chance)
    if chance.random() >= _MANY_AT_ONCE:
        return (first,)
    second = first if chance.random() < _IDENTICAL else _sex(chance)
    if chance.random() >= _THREE_AT_ONCE:
        return (first, second)
    return (first, second, _sex(chance))


def _sex(chance: Random) -> Sex:
    return Sex.MALE if chance.random() < 0.512 else Sex.FEMALE
