"""Whether a desk is open, by the hours that its agency wrote, and which number to ring then. Pure.

Hours are short free text. Where they are not understood nothing is guessed: the text itself is
shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from enum import IntEnum, unique
from typing import Final

from practitioner.asking.document import AgencyShown, PointerShown

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALWAYS: Final = re.compile(r"\b24\s*(?:hours|/\s*7|h\b)")
_DAY: Final = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_CLOCK: Final = r"([0-2]?[0-9])[:.]([0-5][0-9])"
_SPAN: Final = re.compile(
    rf"(?:{_DAY}(?:\s*(?:[–-]|to)\s*{_DAY})?|every day|daily),?\s+{_CLOCK}\s*(?:[–-]|to)\s*{_CLOCK}"
)
_OFFICE: Final = (time(8), time(18))


def open_at(hours: str, local: datetime) -> bool | None:
    """Return whether a desk is open; None when the text is not understood.

    Args:
        hours: as the agency wrote them.
        local: the wall clock where the desk is.
    """
    text = hours.lower()
    if _ALWAYS.search(text):
        return True
    spans = [_covers(found, local) for found in _SPAN.finditer(text)]
    known = [span for span in spans if span is not None]
    return any(known) if known else None


def _covers(found: re.Match[str], local: datetime) -> bool | None:
    first, last = found[1], found[2] or found[1]
    try:
        start, end = time(int(found[3]), int(found[4])), time(int(found[5]), int(found[6]))
    except ValueError:
        return None
    day, now = local.weekday(), local.time()
    if start < end:
        return _on(day, first, last) and start <= now < end
    # Over midnight: its second half belongs to the day before.
    return (_on(day, first, last) and now >= start) or (
        _on((day - 1) % 7, first, last) and now < end
    )


def _on(day: int, first: str | None, last: str | None) -> bool:
    if first is None or last is None:
        return True
    a, b = _DAYS.index(first), _DAYS.index(last)
    return a <= day <= b if a <= b else day >= a or day <= b


@unique
class Desk(IntEnum):
    """What is known of a desk, in the order in which to ring."""

    ANSWERS_NOW = 0
    MAY_ANSWER = 1
    CLOSED_NOW = 2
    NO_NUMBER = 3


@dataclass(frozen=True, slots=True)
class Dial:
    """A number to ring, and what is known of its desk. ``later`` is the other number, for other
    hours."""

    desk: Desk
    number: str
    label: str
    later: str


def dial(agency: AgencyShown, pointer: PointerShown | None, local: datetime) -> Dial:
    """Return which of a desk's numbers to ring at ``local``: out of hours its out-of-hours desk.

    Without a pointer, or with one that has no number, this is the agency's public duty desk.
    """
    by_day = (pointer.telephone if pointer else "") or agency.duty_desk
    by_night = pointer.out_of_hours_telephone if pointer else ""
    hours = pointer.hours if pointer else ""
    is_open = open_at(hours, local)
    answers = is_open if is_open is not None else _office_hours(local)
    if not answers and by_night:
        later = f"by day {by_day}" + (f" ({hours})" if hours else "") if by_day else ""
        return Dial(Desk.ANSWERS_NOW, by_night, "out-of-hours desk", later)
    night = f"out of hours {by_night}" if by_night else ""
    if not by_day:
        return Dial(Desk.NO_NUMBER, by_night, "no telephone given", "")
    if is_open:
        return Dial(Desk.ANSWERS_NOW, by_day, hours, night)
    if is_open is None:
        return Dial(Desk.MAY_ANSWER, by_day, hours or "hours not given", night)
    return Dial(Desk.CLOSED_NOW, by_day, f"closed now; {hours}", night)


def _office_hours(local: datetime) -> bool:
    return local.weekday() < 5 and _OFFICE[0] <= local.time() < _OFFICE[1]
