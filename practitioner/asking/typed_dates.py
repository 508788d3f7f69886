"""A day, or a date of birth, as a person types it: ``14/11/11``, ``5 Dec 2013``, ``Dec 2013``,
``2013``, ``about 7``, ``due 1 February 2027``. Pure.

Law: nothing is read that is more precise than what was typed. The day comes before the month, as in
the United Kingdom. What could have been meant otherwise (a year of two digits, digits without
separators, a day that only makes sense with the month first) is ``doubtful``: it is read back in
words, and counts once the person has confirmed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fingerpost.private.demographics import (
    PREGNANCY_DAYS,
    Birth,
    ExpectedDate,
    PartialDate,
    ages,
    written_birth,
)
from fingerpost.protocol.errors import Refused

LONDON: Final = ZoneInfo("Europe/London")
"""The clock on the wall, by which people type times and read them."""
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NAMED_MONTH: Final = (
    r"(?P<named>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_PUNCTUATION: Final = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\t", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    }
)
_SPACES: Final = re.compile(r" +")
_LEAD: Final = re.compile(
    r"(?:(?:born|dob|d\.o\.b\.?)(?: on| in)?:? )?"
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
)
_MIDNIGHT: Final = re.compile(r"[t ]00:00(?::00(?:\.0+)?)?z?$")
_DUE: Final = re.compile(r"(?:due|expected|edd)(?: on)?:? (.+)")
_ABOUT: Final = re.compile(r"(?:about|approx\.?|approximately|around|circa|ca?\.|roughly|~) ?(.+)")
_YEAR: Final = re.compile(r"[0-9]{4}")
_AGE: Final = re.compile(
    r"(?:aged? )?(?P<count>[0-9]{1,3}) ?"
    r"(?P<unit>years?|yrs?|y|yo|y/o|months?|mths?|weeks?|wks?|days?)?(?: old)?"
)
_DAYS_OF: Final = {"y": 365.25, "m": 30.44, "w": 7.0, "d": 1.0}
_OLDEST: Final = 120
_ISO: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<by>[-/. ])(?P<month>[0-9]{1,2})(?P=by)(?P<day>[0-9]{1,2})"
)
_DIGITS: Final = re.compile(r"([0-9]{1,2}) ?[-/. ] ?([0-9]{1,2}) ?[-/. ] ?([0-9]{4}|[0-9]{2})")
_COMPACT: Final = re.compile(r"[0-9]{8}|[0-9]{6}")
_DAY_AND_NAME: Final = re.compile(
    rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)?[-/. ]*{_NAMED_MONTH}[-/., ]*"
    r"(?P<year>[0-9]{4}|'?[0-9]{2})"
)
_NAME_AND_DAY: Final = re.compile(
    rf"{_NAMED_MONTH} ?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:, ?| )(?P<year>[0-9]{{4}})"
)
_NAME_AND_YEAR: Final = re.compile(rf"{_NAMED_MONTH}[-/., ]*(?P<year>[0-9]{{4}})")
_MONTH_AND_YEAR: Final = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{4})")
_YEAR_AND_MONTH: Final = re.compile(r"([0-9]{4})[-/]([0-9]{2})")


@dataclass(frozen=True, slots=True, repr=False)
class TypedBirth:
    """A date of birth that was read. ``doubtful``: it counts once the person has confirmed it."""

    birth: Birth
    doubtful: bool

    def __repr__(self) -> str:
        return "TypedBirth(…)"


def read_typed_birth(text: str, today: date) -> TypedBirth:
    """Read a date of birth as far as it was typed.

    Raises:
        ValueError: it is not understood, or no day of the calendar.
    """
    tidy = _tidy(text)
    try:
        if found := _DUE.fullmatch(tidy):
            day, doubtful = _read_day(found[1], today)
            return TypedBirth(ExpectedDate(day), doubtful)
        if found := _ABOUT.fullmatch(tidy):
            return TypedBirth(_about(found[1], today), doubtful=False)
        # A number alone may be an age, or a year.
        if not tidy.isdigit() and (found := _AGE.fullmatch(tidy)):
            return TypedBirth(_of_age(found, today), doubtful=False)
        if _YEAR.fullmatch(tidy):
            return TypedBirth(PartialDate(int(tidy)), doubtful=False)
        if month := _month(tidy):
            return TypedBirth(month, doubtful=False)
        day, doubtful = _read_day(tidy, today)
    except Refused:
        raise ValueError from None
    return TypedBirth(day, doubtful)


def read_typed_day(text: str, today: date) -> tuple[date, bool]:
    """Read a day, and return whether it is doubtful. Raises ``ValueError``."""
    return _read_day(_tidy(text), today)


def birth_in_words(birth: Birth, today: date) -> str:
    """Return a date of birth as it is read back: with the month as a word, and the age."""
    if isinstance(birth, ExpectedDate):
        return f"not born yet, expected on {day_in_words(birth.day)}"
    if isinstance(birth, date):
        said = day_in_words(birth)
    elif birth.month is not None:
        said = f"{_MONTHS[birth.month - 1].title()} {birth.year}"
    else:
        said = written_birth(birth)
    possible = ages(birth, today)
    youngest, oldest = possible[0], possible[-1]
    age = f"{youngest}" if youngest == oldest else f"{youngest} to {oldest}"
    return f"{said} (aged {age})"


def day_in_words(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1].title()} {day.year}"


def _tidy(text: str) -> str:
    plain = _SPACES.sub(" ", text.translate(_PUNCTUATION)).strip(" ,;").lower()
    return _MIDNIGHT.sub("", _LEAD.sub("", plain, count=1))


def _about(text: str, today: date) -> PartialDate:
    if _YEAR.fullmatch(text):
        return PartialDate(int(text), about=True)
    if found := _AGE.fullmatch(text):
        return _of_age(found, today)
    raise ValueError


def _of_age(found: re.Match[str], today: date) -> PartialDate:
    """Return the year of birth of an age, which may be the one before or after: half a year before
    the last birthday is its middle."""
    unit, count = (found["unit"] or "y")[0], int(found["count"])
    days = _DAYS_OF[unit]
    if count * days > _OLDEST * 365.25:
        raise ValueError
    return PartialDate((today - timedelta(days=(count + 0.5) * days)).year, about=True)


def _month(text: str) -> PartialDate | None:
    if found := _NAME_AND_YEAR.fullmatch(text):
        return PartialDate(int(found["year"]), _named(found["named"]))
    if found := _MONTH_AND_YEAR.fullmatch(text):
        return PartialDate(int(found[2]), int(found[1]))
    if found := _YEAR_AND_MONTH.fullmatch(text):
        return PartialDate(int(found[1]), int(found[2]))
    return None


def _named(month: str) -> int:
    return next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(month[:3]))


def _read_day(text: str, today: date) -> tuple[date, bool]:
    if found := _ISO.fullmatch(text):
        return date(int(found["year"]), int(found["month"]), int(found["day"])), False
    for pattern in (_DAY_AND_NAME, _NAME_AND_DAY):
        if found := pattern.fullmatch(text):
            year = found["year"].removeprefix("'")
            day, month = int(found["day"]), _named(found["named"])
            return _in_century(year, month, day, today), len(year) == 2
    if found := _DIGITS.fullmatch(text):
        first, second, last = found.groups()
        readings = [(last, second, first), (last, first, second)]
        if len(last) == 2:
            readings.append((first, second, last))
        for place, reading in enumerate(readings):
            for read in _possible(*reading, today):
                return read, place > 0 or len(last) == 2
    if _COMPACT.fullmatch(text):
        split = len(text) - 4
        day_first = (text[4:], text[2:4], text[:2])
        year_first = (text[:split], text[split : split + 2], text[split + 2 :])
        for reading in (day_first, year_first):
            for read in _possible(*reading, today):
                if today.year - _OLDEST <= read.year <= today.year + 1:
                    return read, True
    raise ValueError


def _possible(year: str, month: str, day: str, today: date) -> Iterator[date]:
    try:
        yield _in_century(year, int(month), int(day), today)
    except ValueError:
        return


def _in_century(year: str, month: int, day: int, today: date) -> date:
    """Return the day; a year of two digits is of this century, unless that is too far ahead."""
    if len(year) == 4:
        return date(int(year), month, day)
    found = date(2000 + int(year), month, day)
    if found > today + timedelta(days=PREGNANCY_DAYS):
        return date(1900 + int(year), month, day)
    return found
