"""Working days in England: neither a weekend nor a bank holiday.

Sources: Banking and Financial Dealings Act 1971, schedule 1, with New Year's Day and the first
Monday in May, which are proclaimed each year. What is proclaimed for one year alone is not known
here: an extra holiday counts as a working day, and a holiday that was moved counts on its usual
day. The rule stands in the code, and not in a library that is brought up to date: requester and
responder, each with a release of its own, must count alike.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

_DAY: Final = timedelta(days=1)
_MONDAY, _SATURDAY, _SUNDAY = 0, 5, 6


def working_days_after(first: date, last: date) -> int:
    """Return the number of working days after ``first``, up to ``last`` and with it.

    The days between are looked at one by one: a caller bounds how far apart they are.
    """
    days = (first + n * _DAY for n in range(1, (last - first).days + 1))
    return sum(map(is_working_day, days))


def is_working_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in bank_holidays(day.year)


def weekday_kept(day: date) -> int:
    """Return the day of the week (0 is Monday) whose hours a desk keeps on ``day``: on a bank
    holiday those of a Sunday."""
    return _SUNDAY if day in bank_holidays(day.year) else day.weekday()


@lru_cache(maxsize=64)
def bank_holidays(year: int) -> frozenset[date]:
    """Return the bank holidays of England in one year. One that falls on a weekend is held on the
    next day that is none."""
    easter = easter_sunday(year)
    christmas = _weekday_from(date(year, 12, 25))
    return frozenset(
        {
            _weekday_from(date(year, 1, 1)),
            easter - 2 * _DAY,
            easter + _DAY,
            _monday_from(date(year, 5, 1)),
            _monday_from(date(year, 5, 25)),
            _monday_from(date(year, 8, 25)),
            christmas,
            _weekday_from(christmas + _DAY),
        }
    )


def easter_sunday(year: int) -> date:
    """Return Easter Sunday by the Gregorian calendar (Meeus, Astronomical Algorithms, chapter
    8)."""
    century, rest = divmod(year, 100)
    leaps, beyond = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    golden = year % 19
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quads, odd = divmod(rest, 4)
    sunday = (32 + 2 * beyond + 2 * quads - epact - odd) % 7
    late = (golden + 11 * epact + 22 * sunday) // 451
    month, day = divmod(epact + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _weekday_from(day: date) -> date:
    """Return the first day from ``day`` on that is not at a weekend."""
    while day.weekday() >= _SATURDAY:
        day += _DAY
    return day


def _monday_from(day: date) -> date:
    return day + (_MONDAY - day.weekday()) % 7 * _DAY
