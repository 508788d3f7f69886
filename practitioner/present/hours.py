"""Whether a desk is open, by the hours of its agency, and which number to ring then. Pure.

Where no hours are known nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import IntEnum, unique
from typing import Final

from fingerpost.protocol.telephones import BadTelephone, read_telephone
from practitioner.asking.document import AgencyShown, OpeningShown, PointerShown, opening_of

_OFFICE: Final = (time(8), time(18))


def open_at(hours: Sequence[OpeningShown], local: datetime) -> bool | None:
    """Return whether a desk is open; None where its hours are not known.

    Args:
        hours: of the desk.
        local: the wall clock where the desk is.
    """
    minute = 60 * local.hour + local.minute
    covered = [opening_of(each).covers(local.weekday(), minute) for each in hours]
    return any(covered) if covered else None


@unique
class Desk(IntEnum):
    """What is known of a desk, in the order in which to ring."""

    ANSWERS_NOW = 0
    MAY_ANSWER = 1
    CLOSED_NOW = 2
    NOT_DIALABLE = 3
    NO_NUMBER = 4


@dataclass(frozen=True, slots=True)
class Dial:
    """A number to ring, and what is known of its desk. ``later`` is the other number, for other
    hours."""

    desk: Desk
    number: str
    label: str
    later: str


def is_dialable(number: str) -> bool:
    """Return whether a number can be dialled: nobody at night tries a second one that cannot."""
    try:
        read_telephone(number)
    except BadTelephone:
        return False
    return True


def dial(agency: AgencyShown, pointer: PointerShown | None, local: datetime) -> Dial:
    """Return which of a desk's numbers to ring at ``local``: out of hours its out-of-hours desk.

    Without a pointer, or with one that has no number, this is the agency's public duty desk; and
    so it is where the desk is no longer staffed, or its number was reported as wrong or cannot be
    dialled.
    """
    found = _dial(agency, pointer, local)
    if not found.number or is_dialable(found.number):
        return found
    unusable = f"{found.number} cannot be dialled as it is written"
    if agency.duty_desk != found.number and is_dialable(agency.duty_desk):
        return Dial(Desk.MAY_ANSWER, agency.duty_desk, "duty desk", f"the named desk's {unusable}")
    return Dial(Desk.NOT_DIALABLE, found.number, "cannot be dialled as it is written", found.later)


def _dial(agency: AgencyShown, pointer: PointerShown | None, local: datetime) -> Dial:
    ended = pointer is not None and _has_ended(pointer, local)
    if pointer is not None and (ended or pointer.number_reported_wrong):
        named = f"the named desk {pointer.telephone}".rstrip()
        why = "is no longer staffed" if ended else "has a number that was reported as wrong"
        night = pointer.out_of_hours_telephone
        later = f"{named} {why}" + (f"; out of hours {night}" if night else "")
        desk = Desk.MAY_ANSWER if agency.duty_desk else Desk.NO_NUMBER
        return Dial(desk, agency.duty_desk, "duty desk", later)
    by_day = (pointer.telephone if pointer else "") or agency.duty_desk
    by_night = pointer.out_of_hours_telephone if pointer else ""
    hours = pointer.hours if pointer else ""
    is_open = open_at(pointer.opening, local) if pointer else None
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


def _has_ended(pointer: PointerShown, local: datetime) -> bool:
    return pointer.staffed_until is not None and local >= datetime.fromisoformat(
        pointer.staffed_until
    )


def _office_hours(local: datetime) -> bool:
    return local.weekday() < 5 and _OFFICE[0] <= local.time() < _OFFICE[1]
