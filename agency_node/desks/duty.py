"""The right desk now: whom to ring at one agency about one involvement, at one moment. Pure.

The order: the practitioner named, where she is on duty; else her team; else the duty desk; else the
desk out of hours. A desk is on duty where its hours say so, and in usual office hours where they
are not known.

Law: the pointer is never lost. Where it is not certain who is on duty (the node's clock is not
verified, term dates have run out), the duty desk is named. A practitioner who has left is never
shown, neither by name nor by number; a desk of which it is not stated whose it is counts as hers.
Hours leave only where they hold for as long as an outcome is shown: on a later day the requester's
program reads them, and knows nothing of terms and last days.

Days and hours are by the wall clock of England; ``staffed_until`` is a moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, unique
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from agency_node.desks.calendar import EVERY_DAY, Calendar
from agency_node.records.records import Involvement
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol.codes import DeskKind

LONDON: Final = ZoneInfo("Europe/London")
SHOWN_DAYS: Final = 8
"""An outcome is shown for seven days: on so many dates at most."""
OFFICE: Final = OpeningHours(31, 8 * 60, 18 * 60)
"""Usual office hours, where a desk states none."""
EDUCATION_DESK: Final = "council's education desk (school holidays)"
_DAY: Final = timedelta(days=1)


@unique
class Why(Enum):
    """Why a desk was chosen."""

    STAFFED = "staffed now, by its hours"
    USUAL_HOURS = "its hours are not stated; it is usual office hours"
    OUT_OF_HOURS = "no other desk is staffed now"
    LAST_RESORT = "no desk is known to be staffed now; the hours of this one are not stated"
    CLOSED = "closed now, and no other desk is stated"
    TERMS = "it is not known whether it is term; the term dates have run out or are not stated"
    CLOCK = "the node's clock is not verified"
    NO_DESK = "no number is stated"


@dataclass(frozen=True, slots=True)
class AgencyDesks:
    """What the rule knows of an agency, for every child alike.

    Attributes:
        duty_desk: the telephone number in the member list; may be empty.
        education_desk: its council's, for a school; may be empty.
        school: it is one that is closed in the holidays.
        clock: whether the node's clock is verified.
    """

    calendar: Calendar = EVERY_DAY
    duty_desk: str = ""
    education_desk: str = ""
    school: bool = False
    clock: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """One desk that a row names, or its agency.

    Attributes:
        hours: empty where they are not stated.
        in_terms: it is staffed in term only.
        first, last: its first and its last day; None for none stated.
        note: shown in the place of the practitioner's role.
    """

    kind: DeskKind | None
    phone: str
    hours: tuple[OpeningHours, ...] = ()
    in_terms: bool = False
    first: date | None = None
    last: date | None = None
    note: str = ""

    def is_there(self, calendar: Calendar, day: date) -> bool | None:
        """Return whether the desk can be staffed on a day; None where that is not known."""
        if day in calendar.closed or not _between(self.first, day, self.last):
            return False
        return calendar.is_term(day) if self.in_terms else True

    def __repr__(self) -> str:
        return "Desk(…)"


@dataclass(frozen=True, slots=True, repr=False)
class OnDuty:
    """Which desk to ring.

    Attributes:
        desk: None where no number is stated.
        until: until when it is staffed, in seconds since 1970 UTC; 0 where no end is known. It is
            over already where the only desk that is stated had its last day.
        otherwise: the desk to ring when one out of hours is not staffed any more.
    """

    desk: Desk | None
    until: int
    why: Why
    otherwise: Desk | None = None

    def __repr__(self) -> str:
        return f"OnDuty({self.why.name})"


def has_left(row: Involvement, today: date, *, clock: bool) -> bool:
    """Return whether a row's practitioner is not, or not yet, at the agency.

    Args:
        clock: whether ``today`` is certain. Where it is not, who may have left has left.
    """
    if row.worker_from is None and row.worker_until is None:
        return False
    return not clock or not _between(row.worker_from, today, row.worker_until)


def on_duty(row: Involvement, agency: AgencyDesks, now: float) -> OnDuty:
    """Return the desk to ring about an involvement.

    Args:
        row: what the agency's record says.
        now: in seconds since 1970 UTC.
    """
    today = datetime.fromtimestamp(now, LONDON).date()
    desks = tuple(_desks(row, agency, today))
    night = _night(row)
    if not agency.clock:
        return _without_a_clock(desks, night)
    staffed = [(desk, _staffed(desk, agency.calendar, today, now)) for desk in desks]
    by_day = [desk for desk in desks if desk.kind is not DeskKind.OUT_OF_HOURS]
    by_day.sort(key=lambda desk: _is_over(desk, today))
    otherwise = by_day[0] if by_day else None
    for desk, (until, _) in staffed:
        if until is not None:
            return OnDuty(desk, until, Why.STAFFED, otherwise)
    terms_known = all(desk.is_there(agency.calendar, today) is not None for desk in by_day)
    unsure = [desk for desk in by_day if not _is_known(desk, agency.calendar, today)]
    if not terms_known:
        unsure.sort(key=lambda desk: desk.kind is not DeskKind.DUTY)
    if unsure and _is_office(agency.calendar, today, now):
        return OnDuty(unsure[0], 0, Why.USUAL_HOURS if terms_known else Why.TERMS)
    if night is not None:
        opens = min((at for _, (_, at) in staffed if at), default=0)
        return OnDuty(night, opens, Why.OUT_OF_HOURS, otherwise)
    if unsure:
        return OnDuty(unsure[0], 0, Why.LAST_RESORT)
    if otherwise is None:
        return OnDuty(None, 0, Why.NO_DESK)
    over = _moment(otherwise.last + _DAY, 0) if _is_over(otherwise, today) and otherwise.last else 0
    return OnDuty(otherwise, over, Why.CLOSED)


def as_of_now(row: Involvement, agency: AgencyDesks, now: float) -> Involvement:
    """Return a row that says whom to ring now, and nothing of who has left.

    ``desk`` is the desk that is on duty and ``staffed_until`` the moment until which it is. Where
    that is the desk out of hours (``ooh_phone``), the others say whom to ring afterwards.
    """
    today = datetime.fromtimestamp(now, LONDON).date()
    found = on_duty(row, agency, now)
    gone = has_left(row, today, clock=agency.clock)
    at_night = found.desk is not None and found.desk.kind is DeskKind.OUT_OF_HOURS
    by_day = found.otherwise if at_night else found.desk
    hours = by_day.hours if by_day is not None and _holds(by_day, agency, today) else ()
    note = by_day.note if by_day is not None else ""
    return msgspec.structs.replace(
        row,
        worker_name="" if gone or note else row.worker_name,
        worker_role=note or ("" if gone else row.worker_role),
        desk_phone=by_day.phone if by_day is not None else "",
        desk_email="" if gone and _is_own(row.desk) else row.desk_email,
        ooh_phone=found.desk.phone if at_night and found.desk is not None else row.ooh_phone,
        hours=hours,
        desk=found.desk.kind if found.desk is not None else None,
        staffed_until=found.until,
        worker_phone="",
        worker_hours=(),
        duty_phone="",
        duty_hours=(),
    )


def _is_own(desk: DeskKind | None) -> bool:
    """Return whether a row's desk is, or may be, that of its practitioner alone."""
    return desk in (None, DeskKind.WORKER)


def _desks(row: Involvement, agency: AgencyDesks, today: date) -> Iterator[Desk]:
    """Yield the desks that have a number, in the order in which to ring them."""
    gone = has_left(row, today, clock=agency.clock)
    last = _day_before(row.staffed_until) if row.staffed_until else None
    own = _desk(row.desk, row.desk_phone, row.hours, agency, last=last)
    worker_hours = row.worker_hours or (() if row.desk is DeskKind.OUT_OF_HOURS else row.hours)
    worker = _desk(DeskKind.WORKER, row.worker_phone, worker_hours, agency)
    duty = _desk(DeskKind.DUTY, row.duty_phone, row.duty_hours, agency)
    education = Desk(DeskKind.DUTY, agency.education_desk, note=EDUCATION_DESK)
    out_of_term = agency.calendar.in_terms and agency.calendar.is_term(today) is False
    listed = Desk(DeskKind.DUTY, agency.duty_desk)
    ladder = (
        (worker, not gone),
        (own, row.desk is DeskKind.WORKER and not gone),
        (own, row.desk is None and not gone),
        (own, row.desk is DeskKind.TEAM),
        (own, row.desk is DeskKind.DUTY),
        (duty, True),
        (education, out_of_term),
        (listed, True),
        (own, row.desk is DeskKind.OUT_OF_HOURS),
    )
    yield from (desk for desk, named in ladder if named and desk.phone)


def _desk(
    kind: DeskKind | None,
    phone: str,
    hours: tuple[OpeningHours, ...],
    agency: AgencyDesks,
    *,
    last: date | None = None,
) -> Desk:
    in_terms = agency.calendar.in_terms or any(each.term_time for each in hours)
    return Desk(kind, phone, hours, in_terms, None, last)


def _night(row: Involvement) -> Desk | None:
    """Return the desk out of hours; its hours are those in which no other is staffed."""
    own = row.desk is DeskKind.OUT_OF_HOURS
    phone = row.ooh_phone or (row.desk_phone if own else "")
    return Desk(DeskKind.OUT_OF_HOURS, phone) if phone else None


def _without_a_clock(desks: Sequence[Desk], night: Desk | None) -> OnDuty:
    duty = next((desk for desk in desks if desk.kind is DeskKind.DUTY), None)
    found = duty or (desks[0] if desks else night)
    return OnDuty(found, 0, Why.CLOCK if found is not None else Why.NO_DESK)


def _staffed(
    desk: Desk, calendar: Calendar, today: date, now: float
) -> tuple[int | None, int | None]:
    """Return until when a desk is staffed and when it is staffed next, in seconds since 1970 UTC.

    Returns:
        The end is None where it is not staffed now, and 0 where none is in sight; the next time is
        None where none is in sight.
    """
    spans = sorted(_spans(desk, calendar, today))
    end = max((ends for begins, ends in spans if begins <= now < ends), default=None)
    if end is None:
        return None, min((begins for begins, _ in spans if begins > now), default=None)
    for begins, ends in spans:
        if begins <= end:
            end = max(end, ends)
    return (0 if end >= _moment(today + SHOWN_DAYS * _DAY, 0) else end), None


def _spans(desk: Desk, calendar: Calendar, today: date) -> Iterator[tuple[int, int]]:
    """Yield when a desk is staffed from yesterday on. A span belongs to the day on which it begins:
    a night before a closed day ends in its morning."""
    for ahead in range(-1, SHOWN_DAYS + 1):
        day = today + ahead * _DAY
        if not desk.is_there(calendar, day):
            continue
        weekday = calendar.weekday(day)
        for each in desk.hours:
            if each.days >> weekday & 1:
                over = each.closes + (0 if each.opens < each.closes else 24 * 60)
                yield _moment(day, each.opens), _moment(day, over)


def _moment(day: date, minutes: int) -> int:
    """Return the moment at which the wall clock of England shows a time, so many minutes after the
    midnight before ``day``. In the hour that comes twice it is the first of the two; in the hour
    that is left out, the clock still runs on as in winter."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return int(wall.replace(tzinfo=LONDON).timestamp())


def _is_known(desk: Desk, calendar: Calendar, today: date) -> bool:
    """Return whether it is known whether the desk is staffed."""
    there = desk.is_there(calendar, today)
    return there is False or (there is True and bool(desk.hours))


def _is_over(desk: Desk, today: date) -> bool:
    return desk.last is not None and desk.last < today


def _is_office(calendar: Calendar, today: date, now: float) -> bool:
    usual = Desk(None, "", (OFFICE,))
    return _staffed(usual, calendar, today, now)[0] is not None


def _holds(desk: Desk, agency: AgencyDesks, today: date) -> bool:
    """Return whether a desk keeps its hours on every day on which an outcome of today is shown."""
    days = (today + ahead * _DAY for ahead in range(SHOWN_DAYS))
    return agency.clock and all(desk.is_there(agency.calendar, day) for day in days)


def _day_before(end: int) -> date:
    """Return the last day before a midnight of UTC."""
    return datetime.fromtimestamp(end - 1, UTC).date()


def _between(first: date | None, day: date, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)
