"""The days on which an agency's desks are staffed: bank holidays, closed days, school terms. Pure.

Law: a day of which it is not known whether it is in term is neither. Nothing here guesses what an
agency has not stated: a caller who meets such a day names the duty desk.

Bank holidays follow from a rule (``fingerpost.private.working_days``), so they never run out. Term
dates do; ``warning`` says so before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, unique
from itertools import pairwise
from typing import Final

from fingerpost.private.working_days import weekday_kept
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.feed_age import Holiday

WARN_DAYS: Final = 28
_DAY: Final = timedelta(days=1)
_AROUND: Final = limits.HOLIDAYS_KNOWN_DAYS * _DAY


@unique
class BankHolidays(Enum):
    """Which hours a desk keeps on a bank holiday."""

    AS_SUNDAYS = "as-sundays"
    AS_USUAL = "as-usual"


@dataclass(frozen=True, slots=True)
class Terms:
    """Of which days it is known whether they are in term, and the holidays among them.

    Attributes:
        first, last: the first and the last day of which it is known.
        holidays: in order, between them.
    """

    first: date
    last: date
    holidays: tuple[Holiday, ...]

    def has(self, day: date) -> bool | None:
        """Return whether a day is in term; None where that is not known."""
        if not self.first <= day <= self.last:
            return None
        return not any(each.first <= day <= each.last for each in self.holidays)


Term = tuple[date, date]
"""Its first and its last day."""


def terms_of(terms: Sequence[Term]) -> Terms:
    """Return what an agency's own term dates say: they hold from the first day of its first term to
    the last day of its last one.

    Args:
        terms: in order.

    Raises:
        Defect: there is none, one ends before it begins, or two are not in order.
    """
    days = [day for term in terms for day in term]
    pairs = list(pairwise(terms))
    if not days or days != sorted(days) or any(a[1] == b[0] for a, b in pairs):
        raise Defect("terms: expected the first and the last day of each term, in order")
    gaps = [Holiday(before[1] + _DAY, after[0] - _DAY) for before, after in pairs]
    return Terms(days[0], days[-1], tuple(gap for gap in gaps if gap.first <= gap.last))


def terms_between(holidays: Sequence[Holiday]) -> Terms | None:
    """Return what the signed school holidays of an area say; None where it lists none.

    What is not listed is term, also for 60 days before the first and after the last: no term is
    longer without a holiday.
    """
    if not holidays:
        return None
    return Terms(holidays[0].first - _AROUND, holidays[-1].last + _AROUND, tuple(holidays))


@dataclass(frozen=True, slots=True)
class Calendar:
    """What an agency states of its days.

    Attributes:
        closed: days on which no desk is staffed, such as an extra bank holiday.
        terms: of its schools; None where none are stated.
        in_terms: all its desks are staffed in term only, whatever their hours say (a school).
        open_in_holidays: that is not so, though it is a school.
    """

    bank_holidays: BankHolidays = BankHolidays.AS_SUNDAYS
    closed: frozenset[date] = frozenset()
    terms: Terms | None = None
    in_terms: bool = False
    open_in_holidays: bool = False

    def weekday(self, day: date) -> int:
        """Return the day of the week (0 is Monday) whose hours a desk keeps on ``day``."""
        as_usual = self.bank_holidays is BankHolidays.AS_USUAL
        return day.weekday() if as_usual else weekday_kept(day)

    def is_term(self, day: date) -> bool | None:
        """Return whether a day is in term; None where that is not known."""
        return None if self.terms is None else self.terms.has(day)


EVERY_DAY: Final = Calendar()
"""Of an agency that states nothing of its days."""


def warning(calendar: Calendar, today: date) -> str:
    """Return what an operator is to be told of term dates that run out; empty for nothing."""
    if calendar.terms is None:
        return ""
    last = calendar.terms.last
    if today > last:
        return (
            f"the term dates ended on {last}. Desks that are staffed in term only are not named "
            "any more, but the duty desk. State the next terms."
        )
    if (last - today).days < WARN_DAYS:
        return (
            f"the term dates end on {last}. From then on the duty desk is named in the place of "
            "desks that are staffed in term only. State the next terms."
        )
    return ""
