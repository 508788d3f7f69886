"""Whether a desk is open, by the hours of its agency, and which number to ring then. Pure.

The agency says which desk is on duty and until when (``PointerShown.desk``, ``staffed_until``).
Until then its word holds. An outcome that is shown later is read by the hours of the desk, with a
bank holiday as a Sunday. Where no hours are known nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum, unique
from typing import Final

from fingerpost.private.working_days import is_working_day, weekday_kept
from fingerpost.protocol.codes import DeskKind
from fingerpost.protocol.telephones import BadTelephone, read_telephone
from practitioner.asking.document import AgencyShown, OpeningShown, PointerShown, opening_of

_OFFICE: Final = (time(8), time(18))


def open_at(hours: Sequence[OpeningShown], local: datetime) -> bool | None:
    """Return whether a desk is open; None where its hours are not known.

    Args:
        hours: of the desk.
        local: the wall clock where the desk is.
    """
    minute, day = 60 * local.hour + local.minute, local.date()
    today, before = weekday_kept(day), weekday_kept(day - timedelta(days=1))
    covered = [opening_of(each).covers(today, before, minute) for each in hours]
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
    so it is where the desk is no longer staffed and its hours are not known, or its number was
    reported as wrong or cannot be dialled.
    """
    found = _dial(agency, pointer, local)
    if not found.number or is_dialable(found.number):
        return found
    unusable = f"{found.number} cannot be dialled as it is written"
    if agency.duty_desk != found.number and is_dialable(agency.duty_desk):
        return Dial(Desk.MAY_ANSWER, agency.duty_desk, "duty desk", f"the named desk's {unusable}")
    return Dial(Desk.NOT_DIALABLE, found.number, "cannot be dialled as it is written", found.later)


def _dial(agency: AgencyShown, pointer: PointerShown | None, local: datetime) -> Dial:
    if pointer is not None and _is_on_duty(pointer, local):
        return _on_duty(pointer, local)
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


def _is_on_duty(pointer: PointerShown, local: datetime) -> bool:
    """Return whether the agency's word of who is on duty still holds, and the number can be rung.

    A number by day that was reported as wrong does not keep anybody from ringing at night.
    """
    if pointer.staffed_until is None or local >= datetime.fromisoformat(pointer.staffed_until):
        return False
    night = pointer.desk == DeskKind.OUT_OF_HOURS.name
    return bool(_night(pointer) if night else pointer.telephone) and (
        night or not pointer.number_reported_wrong
    )


def _night(pointer: PointerShown) -> str:
    return pointer.out_of_hours_telephone or pointer.telephone


def _on_duty(pointer: PointerShown, local: datetime) -> Dial:
    until = staffed_until(pointer, local)
    if pointer.desk == DeskKind.OUT_OF_HOURS.name:
        by_day = pointer.telephone if pointer.out_of_hours_telephone else ""
        later = f"by day {by_day}" + (f" ({pointer.hours})" if pointer.hours else "")
        return Dial(
            Desk.ANSWERS_NOW,
            _night(pointer),
            f"out-of-hours desk, {until}",
            later if by_day else "",
        )
    label = "; ".join(filter(None, (f"staffed {until}", pointer.hours)))
    night = pointer.out_of_hours_telephone
    return Dial(
        Desk.ANSWERS_NOW, pointer.telephone, label, f"out of hours {night}" if night else ""
    )


def staffed_until(pointer: PointerShown, local: datetime) -> str:
    """Return until when a desk is staffed, in words: ``until 17:00``, ``until Monday 09:00``; empty
    where no end is stated."""
    if pointer.staffed_until is None:
        return ""
    end = datetime.fromisoformat(pointer.staffed_until).astimezone(local.tzinfo)
    if end.date() == local.date():
        return f"until {end:%H:%M}"
    return f"until {end:%A} {end:%H:%M}"


def _has_ended(pointer: PointerShown, local: datetime) -> bool:
    """Return whether nothing is known any more of when the desk is staffed."""
    if pointer.staffed_until is None or pointer.opening:
        return False
    return local >= datetime.fromisoformat(pointer.staffed_until)


def _office_hours(local: datetime) -> bool:
    return is_working_day(local.date()) and _OFFICE[0] <= local.time() < _OFFICE[1]
