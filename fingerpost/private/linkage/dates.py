"""A date of birth and how far it may be believed.

Invariants: no clock is read here; a date that is known to stand for "unknown" is no date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, unique
from typing import Final

_COUNTED_FROM: Final = frozenset(
    date(year, month, day)
    for year, month, day in (
        (1900, 1, 1), (1899, 12, 30), (1899, 12, 31), (1858, 11, 17), (1800, 1, 1), (1753, 1, 1),
        (1800, 12, 28),
    )
)  # fmt: skip
"""What systems count their days from, and so write where they know none."""
_YEARS: Final = range(1754, 2200)
"""A century slip (1915 or 1815 for 2015) is a slip; what lies outside says "unknown"."""


@unique
class Certainty(IntEnum):
    """How a date may have come about."""

    NEW_YEAR = 1  # 1 January: often "only the year is known"
    MONTH_START = 2  # another first of a month: sometimes "only the month is known"
    FULL = 3


@dataclass(frozen=True, slots=True, repr=False)
class BirthDate:
    """A date of birth as recorded, with its certainty."""

    year: int
    month: int
    day: int
    certainty: Certainty

    @property
    def short_year(self) -> int:
        """Without the century: children's dates lose nothing, and 1915 for 2015 is found."""
        return self.year % 100

    @property
    def weak(self) -> bool:
        return self.certainty is Certainty.NEW_YEAR

    def as_date(self) -> date:
        return date(self.year, self.month, self.day)

    def __repr__(self) -> str:
        return "BirthDate(…)"


def read_date(recorded: date | None) -> BirthDate | None:
    """``None`` for no date and for the dates by which systems write "unknown"."""
    if recorded is None or recorded.year not in _YEARS or recorded in _COUNTED_FROM:
        return None
    certainty = Certainty.FULL
    if recorded.day == 1:
        certainty = Certainty.NEW_YEAR if recorded.month == 1 else Certainty.MONTH_START
    return BirthDate(recorded.year, recorded.month, recorded.day, certainty)
