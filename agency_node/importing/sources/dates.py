"""Read dates in every form that systems write, and judge over a whole column which part comes
first. Pure.

Law: no date is guessed. ``03/04/2015`` is a date only where the operator stated the order of its
parts, or where the column shows it: each of its values can be read in this order, and some value in
no other. A year of two digits is the one that lies within the years given. A date and its time in
UTC is the day on which it was in the United Kingdom: systems write midnight of a summer's day as 23
hours of the day before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, unique
from typing import Final

from agency_node.importing.sources.faults import FileFault
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.shapes import SHAPES_KEPT, shape

_TIME: Final = re.compile(
    r"(?:[T ]\s*|,\s*)([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:[.,][0-9]+)?)?"
    r"\s*([ap]\.?m\.?)?\s*(Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)?$",
    re.IGNORECASE,
)
_UTC: Final = re.compile(r"Z|UTC|GMT|[+-]00:?(?:00)?", re.IGNORECASE)
_LAST_HOUR: Final = 23
_WEEKDAY: Final = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+", re.IGNORECASE)
_PARTS: Final = re.compile(r"([0-9]{1,4})\s?([/.\- ])\s?([0-9]{1,2})\s?\2\s?([0-9]{1,4})")
_COMPACT: Final = re.compile(r"([0-9]{8})(?:T?[0-9]{4}(?:[0-9]{2})?(?:[.,][0-9]+)?)?")
_SERIAL: Final = re.compile(r"([1-6][0-9]{4})(?:\.[0-9]+)?")
_GAP: Final = r"[\s\-/.,]*"
_DAY: Final = r"([0-9]{1,2})(?:st|nd|rd|th)?"
_MONTH: Final = r"([a-z]{3,9})\.?"
_YEAR: Final = r"'?([0-9]{4}|[0-9]{2})"
_DAY_MONTH_YEAR: Final = re.compile(_DAY + _GAP + _MONTH + _GAP + _YEAR, re.IGNORECASE)
_MONTH_DAY_YEAR: Final = re.compile(_MONTH + _GAP + _DAY + r"[\s\-/.,]+" + _YEAR, re.IGNORECASE)
_YEAR_MONTH_DAY: Final = re.compile(r"([0-9]{4})" + _GAP + _MONTH + _GAP + _DAY, re.IGNORECASE)
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTHS_OF_A_YEAR: Final = 12
_FEWEST_TURNED: Final = 2
_EXCEL_BEGINS: Final = date(1899, 12, 30)
_CENTURIES: Final = ("19", "20")
_NOTHING: Final = re.compile(r"0{1,4}([/.\- ]?0{1,4}){0,2}|[-–—.?*]+", re.IGNORECASE)
_EMPTY_WORDS: Final = frozenset(
    {"", "null", "(null)", "<null>", "none", "nil", "n/a", "na", "n.a.", "#n/a", "nan", "nat"}
    | {"unknown", "not known", "not recorded", "not applicable", "u/k", "tbc"}
)
_STANDS_FOR_NONE: Final = frozenset(
    date(year, month, day)
    for year, month, day in (
        *((1, 1, 1), (1753, 1, 1), (1800, 1, 1), (1800, 12, 28), (1858, 11, 17)),
        *((1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1901, 1, 1), (1904, 1, 1), (1970, 1, 1)),
        *((1111, 11, 11), (2099, 12, 31), (2999, 12, 31), (9999, 12, 31)),
    )
)
"""The days from which systems count, and those that people type where no date is known."""


@unique
class Order(Enum):
    """Which part of a date in digits comes first."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    YEAR_FIRST = "year-first"


@dataclass(frozen=True, slots=True)
class Years:
    """The years that a year of two digits can be. No more than 99 lie between them."""

    first: int
    last: int

    def of(self, digits: str) -> int:
        """Return the year; 0 where none of these ends with the two digits."""
        year = self.last - (self.last - int(digits)) % 100
        return year if year >= self.first else 0

    def full(self, digits: str) -> int:
        return int(digits) if len(digits) == 4 else self.of(digits)


NO_SHORT_YEARS: Final = Years(1, 0)


@dataclass(frozen=True, slots=True)
class Dates:
    """How the dates of a column are written."""

    order: Order
    years: Years = NO_SHORT_YEARS

    def read(self, text: str) -> date | None:
        """Return the date; None where the text is none that can be read in this order."""
        return meanings(text, self.years).get(self.order)


def is_no_date(text: str) -> bool:
    """Return whether a text says that there is no date: empty, NULL, n/a, 00/00/0000."""
    if not text:
        return True
    return text.lower() in _EMPTY_WORDS or _NOTHING.fullmatch(_split_time(text)[0]) is not None


def stands_for_none(day: date) -> bool:
    """Return whether systems or people write this day where no date is known."""
    return day in _STANDS_FOR_NONE


def meanings(text: str, years: Years) -> Mapping[Order, date]:
    """Return the date that a text is in each order in which it is one.

    A form that says by itself which part is which (``2015-04-03``, ``3 April 2015``, ``20150403``,
    a day that a spreadsheet counts from 1900) is the same date in all of them.
    """
    day_text, last_hour = _split_time(text)
    found = _meanings(_WEEKDAY.sub("", day_text, count=1), years)
    if last_hour:
        return {order: _next_in_summer(day) for order, day in found.items()}
    return found


def _split_time(text: str) -> tuple[str, bool]:
    """Return the text without a time behind it, and whether that is 23 hours and more in UTC."""
    found = _TIME.search(text)
    if found is None:
        return text, False
    hour, zone, half = int(found[1]), found[5], (found[4] or "").lower()
    hour += 12 if half.startswith("p") and hour < 12 else 0
    utc = zone is not None and _UTC.fullmatch(zone) is not None
    return text[: found.start()].strip(), utc and hour == _LAST_HOUR


def _next_in_summer(day: date) -> date:
    begins, ends = _last_sunday(day.year, 3), _last_sunday(day.year, 10)
    return day + timedelta(days=1) if begins <= day < ends else day


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _meanings(text: str, years: Years) -> dict[Order, date]:
    if found := _PARTS.fullmatch(text):
        return _of_parts(found[1], found[3], found[4], years)
    if found := _COMPACT.fullmatch(text):
        return _in_any_order(_of_compact(found[1]))
    if found := _SERIAL.fullmatch(text):
        return _in_any_order(_EXCEL_BEGINS + timedelta(days=int(found[1])))
    if found := _DAY_MONTH_YEAR.fullmatch(text):
        day, month, year = found.groups()
    elif found := _MONTH_DAY_YEAR.fullmatch(text):
        month, day, year = found.groups()
    elif found := _YEAR_MONTH_DAY.fullmatch(text):
        year, month, day = found.groups()
    else:
        return {}
    return _in_any_order(_day(years.full(year), _month(month), int(day)))


def _of_parts(first: str, second: str, third: str, years: Years) -> dict[Order, date]:
    if len(first) == 4:
        if len(third) > 2:
            return {}
        return _in_any_order(_day(int(first), int(second), int(third)))
    if len(first) > 2 or len(third) not in (2, 4):
        return {}
    last = years.full(third)
    found = {
        Order.DAY_FIRST: _day(last, int(second), int(first)),
        Order.MONTH_FIRST: _day(last, int(first), int(second)),
        Order.YEAR_FIRST: None,
    }
    if len(third) == 2 and len(first) == 2:
        found[Order.YEAR_FIRST] = _day(years.of(first), int(second), int(third))
    return {order: day for order, day in found.items() if day is not None}


def _of_compact(digits: str) -> date | None:
    """Return the date of ``YYYYMMDD`` or ``DDMMYYYY``: no text is both, in these centuries."""
    if digits.startswith(_CENTURIES):
        found = _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        if found is not None:
            return found
    if digits[4:].startswith(_CENTURIES):
        return _day(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    return None


def _month(name: str) -> int:
    """Return the number of a month by its name or a beginning of it; 0 for another word."""
    word = name.lower()
    word = "sep" if word == "sept" else word
    return next((n for n, month in enumerate(_MONTHS, 1) if month.startswith(word)), 0)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_any_order(day: date | None) -> dict[Order, date]:
    return {} if day is None else dict.fromkeys(Order, day)


@dataclass(slots=True, repr=False)
class Judge:
    """Finds the order of a column from all of its values.

    ``stated``: what the operator said, None for nothing.
    """

    column: str
    years: Years
    stated: Order | None = None
    _speak_against: Counter[Order] = field(default_factory=Counter)
    _ambiguous: bool = False
    _shapes: Counter[str] = field(default_factory=Counter)
    _days_of_full_dates: set[int] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Take one value into account; what is a date in no order says nothing."""
        if not text:
            return
        found = meanings(text, self.years)
        days = set(found.values())
        if not found:
            return
        if len(found) == len(Order) and len(days) == 1:
            self._days_of_full_dates.update(day.day for day in days)
            return
        if len(self._shapes) < SHAPES_KEPT:
            self._shapes[shape(text)] += 1
        self._ambiguous |= len(days) > 1
        self._speak_against.update(order for order in Order if order not in found)

    def verdict(self) -> Dates | FileFault:
        """Return how to read the column, or why that is not certain."""
        possible = [order for order in Order if not self._speak_against[order]]
        if self.stated is not None:
            if possible and self.stated not in possible:
                return self._fault(Reason.DATES_CONTRADICT_ORDER)
            return Dates(self.stated, self.years)
        if not possible or self._were_turned():
            return self._fault(Reason.DATES_OF_TWO_ORDERS)
        if self._ambiguous and len(possible) > 1:
            return self._fault(Reason.DATE_ORDER_NOT_SHOWN)
        if Order.DAY_FIRST not in possible:
            return self._fault(Reason.DATES_NOT_DAY_FIRST)
        return Dates(Order.DAY_FIRST, self.years)

    def _were_turned(self) -> bool:
        """Return whether a spreadsheet took days for months and left the other dates as text.

        It makes true dates of 03/04/2015 as the fourth of March, and cannot of 19/04/2015: then no
        true date has a day after the twelfth, and every text has one.
        """
        days = self._days_of_full_dates
        texts = self._speak_against[Order.MONTH_FIRST] and not self._ambiguous
        return bool(texts) and len(days) >= _FEWEST_TURNED and max(days) <= _MONTHS_OF_A_YEAR

    def _fault(self, reason: Reason) -> FileFault:
        return FileFault(reason, self.column, tuple(self._shapes))
