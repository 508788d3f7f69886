"""Moves the dates of birth of one person by a whole number of years, into a childhood.

Lives here: the calendar only. Must not live here: a clock ("today" comes in). Invariants: all dates
of a person move by the same number of years, so that the differences between two records stay as
published; a date of the calendar stays one, and a date of no calendar stays one
(29 February moves to a leap year or stays broken); empty stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from deploy.invented.dates import calendar_day

CHILDHOOD_YEARS: Final = 18


def parse_published(text: str) -> date | None:
    """The date that eight digits (YYYYMMDD) state, or None."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    return calendar_day(int(text[:4]), int(text[4:6]), int(text[6:]))


def age_on(day: date, born: date) -> int:
    """Completed years. Who is born on 29 February completes a year on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def years_to_move(published: Sequence[str], today: date, wish: int) -> int | None:
    """By how many years to move all of ``published``, or None if no number of years will do.

    The first date of the calendar lands in the last 18 years before ``today``. Among
    the possible numbers of years, those come first that leave the fewest dates in the future (no
    system accepts a child not yet born); among these ``wish`` decides.
    """
    parsed = [parse_published(text) for text in published]
    anchor = next((born for born in parsed if born is not None), None)
    if anchor is None:
        return None
    possible = []
    for year in range(today.year - CHILDHOOD_YEARS, today.year + 1):
        born = calendar_day(year, anchor.month, anchor.day)
        if born is None or born > today or age_on(today, born) >= CHILDHOOD_YEARS:
            continue
        years = year - anchor.year
        moved = [parse_published(_moved_digits(text, years)) for text in published]
        if [d is None for d in moved] == [d is None for d in parsed]:
            future = sum(d is not None and d > today for d in moved)
            possible.append((future, years))
    if not possible:
        return None
    fewest = min(future for future, _ in possible)
    best = [years for future, years in possible if future == fewest]
    return best[wish % len(best)]


def move(published: str, years: int) -> str:
    """The moved date as ISO 8601 writes it (a broken one too), or the text as it is if not 8
    digits.
    """
    digits = _moved_digits(published, years)
    if len(digits) != 8 or not digits.isdigit():
        return published
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _moved_digits(published: str, years: int) -> str:
    if len(published) != 8 or not (published.isascii() and published.isdigit()):
        return published
    year = int(published[:4]) + years
    return f"{year:04d}{published[4:]}" if 0 <= year <= 9999 else published
