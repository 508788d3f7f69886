"""A date of birth and how far it may be believed.

Invariants: no clock is read here; a date that is known to stand for "unknown" is no date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, unique
from typing import Final

_NO_DATE_UP_TO: Final = date(1900, 1, 1)
"""01/01/1900 and what systems count from before it (1899-12-30, 1753, 1601, year 1)."""
_NO_DATE_FROM: Final = 2200


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
    if recorded is None or recorded <= _NO_DATE_UP_TO or recorded.year >= _NO_DATE_FROM:
        return None
    certainty = Certainty.FULL
    if recorded.day == 1:
        certainty = Certainty.NEW_YEAR if recorded.month == 1 else Certainty.MONTH_START
    return BirthDate(recorded.year, recorded.month, recorded.day, certainty)
