"""Opening hours as people write them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fingerpost.private.messages import OpeningHours

DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def days_of(hours: OpeningHours) -> tuple[str, ...]:
    return tuple(day for place, day in enumerate(DAYS) if hours.days >> place & 1)


def clock_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def hours_in_words(hours: Sequence[OpeningHours]) -> str:
    """Return hours as people write them, such as ``Mon–Fri 09:00–17:00, Sat 10:00–12:00``."""
    spans = [
        f"{_days_in_words(each)} {clock_of(each.opens)}–{clock_of(each.closes)}"
        if (each.opens, each.closes) != (0, 24 * 60)
        else f"{_days_in_words(each)}, 24 hours"
        for each in sorted(hours, key=lambda each: (_first_day(each), each))
    ]
    term_time = ["term time"] if any(each.term_time for each in hours) else []
    return ", ".join(spans + term_time)


def _first_day(hours: OpeningHours) -> int:
    return hours.days & -hours.days


def _days_in_words(hours: OpeningHours) -> str:
    days = days_of(hours)
    first = DAYS.index(days[0])
    in_a_row = days == DAYS[first : first + len(days)]
    if len(days) == len(DAYS):
        return "every day"
    if in_a_row and len(days) > 1:
        return f"{days[0].title()}–{days[-1].title()}"
    return ", ".join(day.title() for day in days)
