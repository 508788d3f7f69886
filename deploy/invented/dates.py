"""Days of the calendar, for dates that may be of none."""

from __future__ import annotations

from datetime import date


def calendar_day(year: int, month: int, day: int) -> date | None:
    """Return the day, or None if the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def day_of_digits(text: str) -> date | None:
    """Return the day that eight digits (YYYYMMDD) state, or None."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    return calendar_day(int(text[:4]), int(text[4:6]), int(text[6:]))


def day_of_iso(text: str) -> date | None:
    """Return the day that ISO 8601 text states, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
