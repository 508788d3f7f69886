"""A meeting after a lookup: as an invitation for calendars, and as text for the case record. Pure.

Law: the invitation says nothing of the child, of why, or of what an agency is involved for: many
people read a calendar, also on telephones and by delegation, and its copies cannot be taken back.
The child's name stands in it where the person who calls the meeting typed one, and nowhere else.
The text for the record is for the requester's own case record, which names the child anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import icalendar

from fingerpost.runtime.screen_text import counted, printable
from practitioner.asking.convening import Seat, Seats, lacks_social_care
from practitioner.asking.document import LookupDocument
from practitioner.asking.typed_dates import LONDON
from practitioner.present.words import IN_DANGER, SERVICES, day

MEETING: Final = "Safeguarding meeting"
STRATEGY_DISCUSSION: Final = "Strategy discussion"
_MADE_BY: Final = "-//Fingerpost//Meeting//EN"


@dataclass(frozen=True, slots=True, repr=False)
class Meeting:
    """A meeting that somebody calls.

    Attributes:
        title: ``MEETING`` or ``STRATEGY_DISCUSSION``.
        child: as the person who calls it typed it for the invitation; empty to name nobody.
        begins: in seconds since 1970 UTC.
        place: an address, a room or a link.
        organiser: her work e-mail, to which answers come; ``called_by``: her name, role and agency.
    """

    title: str
    child: str
    begins: int
    minutes: int
    place: str
    organiser: str
    called_by: str

    @property
    def start(self) -> datetime:
        return datetime.fromtimestamp(self.begins, UTC)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    def __repr__(self) -> str:
        return "Meeting(…)"


# ---- for calendars -------------------------------------------------------------------------------


def invitation(meeting: Meeting, found: Seats, operation: str, uid: str, now: int) -> bytes:
    """Return the meeting as an iCalendar object (RFC 5545) that asks for an answer (RFC 5546).

    Args:
        operation: the number of the lookup, which says nothing to anybody but its agency.
        uid: new and random for each meeting.
        now: in seconds since 1970 UTC.
    """
    event = icalendar.Event()
    event.add("uid", uid)
    event.add("dtstamp", datetime.fromtimestamp(now, UTC))
    event.add("dtstart", meeting.start)
    event.add("dtend", meeting.end)
    event.add("summary", " ".join(filter(None, (meeting.title, meeting.child))))
    event.add("location", meeting.place)
    event.add("description", "\n".join(_description(meeting, found, operation)))
    event.add("class", "CONFIDENTIAL")
    event.add("organizer", icalendar.vCalAddress(f"mailto:{meeting.organiser}"))
    for email in dict.fromkeys(seat.email for seat in found.invited):
        attendee = icalendar.vCalAddress(f"mailto:{email}")
        attendee.params["ROLE"] = "REQ-PARTICIPANT"
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "TRUE"
        event.add("attendee", attendee)
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", _MADE_BY)
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    made: bytes = calendar.to_ical()
    return made


def _description(meeting: Meeting, found: Seats, operation: str) -> Iterator[str]:
    yield f"Called by {meeting.called_by}. Reference: {operation}."
    yield "Do not write a child's name in your answer, or forward this outside your agency."
    if rung := len(found.no_address) + len(found.no_answer):
        yield (
            f"This list is not complete: {counted(rung, 'desk is', 'desks are')} rung by whoever "
            "called the meeting."
        )
    yield f"A meeting never comes before a call. {IN_DANGER}"


# ---- for the case record -------------------------------------------------------------------------


def record_text(meeting: Meeting, found: Seats, shown: LookupDocument) -> str:
    """Return plain text to paste into the case record, with a line end. It does not name the
    child."""
    begins, ends = (when.astimezone(LONDON) for when in (meeting.start, meeting.end))
    lines = [
        f"{meeting.title}, called after lookup {shown.operation} of {day(shown.asked_at)}",
        f"When: {begins:%A} {begins.day} {begins:%B %Y}, {begins:%H:%M} to {ends:%H:%M} (London)",
        f"Where: {meeting.place}",
        f"Called by: {meeting.called_by}, {meeting.organiser}",
    ]
    lines += _part("Invited by e-mail", found.invited)
    lines += _part("Ring: they work with this child, and gave no e-mail address", found.no_address)
    lines += _part(
        "Ring: they did not answer. We do not know whether they are working with this child",
        found.no_answer,
    )
    if found.not_connected:
        agencies = counted(found.not_connected, "agency is", "agencies are")
        lines += [
            "",
            f"{agencies} not connected, and could not be asked. Ring those that may know this "
            "child: the outcome lists them.",
        ]
    if found.silent:
        named = counted(found.silent, "agency answered", "agencies answered")
        lines += [
            "",
            f"{named} and had nothing to tell. This does not mean they do not know the child. One "
            "that knows the child is told of this meeting; nobody learns which.",
        ]
    if lacks_social_care(found):
        lines += [
            "",
            "No desk of children's social care is on this list. If the child may be at risk of "
            "harm, ring the council's front door now.",
        ]
    return printable("\n".join([*lines, "", IN_DANGER, ""]), keep="\n")


def _part(heading: str, of: Sequence[Seat]) -> list[str]:
    return ["", f"{heading}:", *(f"  {_seat(each)}" for each in of)] if of else []


def _seat(seat: Seat) -> str:
    who = ", ".join(filter(None, (SERVICES.get(seat.service, ""), seat.who)))
    number = seat.telephone or "no number known: look it up"
    if seat.wrong:
        number += " (reported wrong: check it)"
    out_of_hours = f"out of hours {seat.out_of_hours}" if seat.out_of_hours else ""
    how = ", ".join(filter(None, (number, out_of_hours, seat.email)))
    return f"{seat.agency}{f' ({who})' if who else ''}: {how}"
