"""A date of birth, a postcode and a number written down wrongly.

Law: each function makes one kind of error, named like its knob in ``errors``; it returns the value
as it was where that kind cannot happen to it (day and month of 14 March cannot be exchanged).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from deploy.invented.dates import calendar_day

_LOOK_ALIKE: Final = {
    "0": "O",
    "O": "0",
    "1": "I",
    "I": "1",
    "5": "S",
    "S": "5",
    "2": "Z",
    "B": "8",
    "8": "B",
}
_UNIT_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
# No fixed abode; not known; England, no more known; and two for abroad.
_PSEUDO: Final = ("ZZ99 3VZ", "ZZ99 3WZ", "ZZ99 3CZ", "ZZ99 9ZZ", "ZZ99 1WZ")
_DIGITS: Final = "0123456789"


def _digit(born: date, chance: random.Random) -> date:
    """One of the six digits that are not the century's, replaced so that a date remains."""
    text = born.strftime("%Y%m%d")
    while True:
        at = 2 + int(6 * chance.random())
        digit = _DIGITS[int(10 * chance.random())]
        wrong = text[:at] + digit + text[at + 1 :]
        found = (
            calendar_day(int(wrong[:4]), int(wrong[4:6]), int(wrong[6:]))
            if digit != text[at]
            else None
        )
        if found is not None and found.year >= born.year - 40:
            return found


def _turned(born: date, _: random.Random) -> date:
    return calendar_day(born.year, born.day, born.month) or born


def _day(born: date, chance: random.Random) -> date:
    return born + timedelta(days=1 if chance.random() < 0.5 else -1)


def _month(born: date, chance: random.Random) -> date:
    months = born.year * 12 + born.month - 1 + (1 if chance.random() < 0.5 else -1)
    year, month = divmod(months, 12)
    return calendar_day(year, month + 1, born.day) or calendar_day(year, month + 1, 28) or born


def _year(born: date, chance: random.Random) -> date:
    year = born.year + (1 if chance.random() < 0.5 else -1)
    return calendar_day(year, born.month, born.day) or date(year, 2, 28)


def _century(born: date, _: random.Random) -> date:
    return calendar_day(born.year - 100, born.month, born.day) or born


def _first(born: date, _: random.Random) -> date:
    return date(born.year, 1, 1)


_DATES: Final[dict[str, Callable[[date, random.Random], date]]] = {
    "date_digit": _digit,
    "date_turned": _turned,
    "date_day": _day,
    "date_month": _month,
    "date_year": _year,
    "date_century": _century,
    "date_first": _first,
}


def wrong_date(kind: str, born: date, until: date, chance: random.Random) -> date | None:
    """Return the date with one kind of error, or None for ``date_missing``.

    Systems refuse a date after ``until``: then another is tried, a few times at most.
    """
    if kind == "date_missing":
        return None
    for _ in range(8):
        wrong = _DATES[kind](born, chance)
        if wrong <= until:
            return wrong
    return born


def wrong_postcode(kind: str, postcode: str, chance: random.Random) -> str:
    """Return the postcode (upper case with one space) with one kind of error."""
    if kind == "postcode_missing":
        return ""
    if kind == "postcode_pseudo":
        return _PSEUDO[int(len(_PSEUDO) * chance.random() ** 2)]
    if kind == "postcode_outcode":
        return postcode.partition(" ")[0]
    at = int(len(postcode) * chance.random())
    if kind == "postcode_turned":
        for n in range(len(postcode)):
            i = (at + n) % len(postcode)
            pair = postcode[i : i + 2]
            if len(pair) == 2 and " " not in pair and pair[0] != pair[1]:
                return postcode[:i] + pair[1] + pair[0] + postcode[i + 2 :]
        return postcode
    for n in range(len(postcode)):
        i = (at + n) % len(postcode)
        sign = postcode[i]
        if kind == "postcode_look_alike":
            other = _LOOK_ALIKE.get(sign, sign)
        elif sign == " ":
            continue
        else:
            among = _DIGITS if sign in _DIGITS else _UNIT_LETTERS
            other = among[int(len(among) * chance.random())]
        if other != sign:
            return postcode[:i] + other + postcode[i + 1 :]
    return postcode


def near_by(postcode: str, chance: random.Random) -> str:
    """Return another address within the outcode, in the same sector two times in five."""
    outcode, _, incode = postcode.partition(" ")
    sector = incode[:1] if chance.random() < 0.4 else _DIGITS[int(10 * chance.random())]
    unit = "".join(_UNIT_LETTERS[int(20 * chance.random())] for _ in range(2))
    return f"{outcode} {sector}{unit}"


def wrong_digit(number: str, chance: random.Random) -> str:
    """Return the number with one digit changed, or two neighbours exchanged (two times in five)."""
    places = [n for n, sign in enumerate(number) if sign in _DIGITS]
    if not places:
        return number
    at = places[int(len(places) * chance.random())]
    if chance.random() < 0.4:
        for n in range(len(number) - 1):
            i = (at + n) % (len(number) - 1)
            a, b = number[i], number[i + 1]
            if a != b and a in _DIGITS and b in _DIGITS:
                return number[:i] + b + a + number[i + 2 :]
    digit = (int(number[at]) + 1 + int(9 * chance.random())) % 10
    return number[:at] + str(digit) + number[at + 1 :]
