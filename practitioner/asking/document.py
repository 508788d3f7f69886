"""An outcome as a document for programs: closed, versioned, stable (docs/lookup-json.md).

It is also the form in which an outcome is kept, and the only input of the rendering for people:
what is shown again after a day is what was shown at first. Invariants: every agency asked stands in
it once; a gap is never written as a "no"; it names no person but those whom a pointer names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from fingerpost.private.hours_in_words import DAYS, clock_of, days_of, hours_in_words
from fingerpost.private.messages import OpeningHours, Pointer
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Agency, Area, NotConnected
from fingerpost.runtime.screen_text import json_lines
from practitioner.asking.outcome import AgencyOutcome, Outcome, ServiceCount, Widened

VERSION: Final = 7
"""It grows when a field is added, changes its meaning or goes. A reader refuses a version that it
does not know."""
_BEFORE: Final = frozenset({1, 2, 3, 4, 5, 6})
"""Version 1 lacks ``widened``; 1 and 2 lack ``cannot_answer`` and ``kept``; 1 to 3 lack
``own_record``, and what a pointer says of its desk, whose ``hours`` are as the agency wrote them;
1 to 4 lack ``quality``, ``not_used``, ``call_back``, ``not_asked``, ``enough_connected`` and the
date of a service, and their reasons say what was not used; 1 to 5 lack ``missed`` and
``missed_at_worst``; all lack ``former_stated``, and their ``staffed_until`` is the end of a desk's
last day. They are still read."""

StatusName = Literal[
    "INVOLVED", "NOTHING_TO_DISCLOSE", "TRY_AGAIN", "CANNOT_ANSWER", "NO_REPLY", "NOT_ASKED"
]
_GAPS: Final = frozenset({"TRY_AGAIN", "CANNOT_ANSWER", "NO_REPLY"})
_NOT_ASKED: Final = "NOT_ASKED"


class OpeningShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a desk is staffed, on these days of the week: ``MON`` to ``SUN``. Times are ``HH:MM`` by
    the wall clock of its place; where ``closes`` is not later than ``opens``, it is on the next
    day."""

    days: tuple[str, ...]
    opens: str
    closes: str
    term_time: bool


class PointerShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to ring at an agency. Where ``kind`` is null nobody is named: ring the duty desk. Texts
    may be empty. ``hours`` says what ``opening`` says in words. ``desk`` is on duty until
    ``staffed_until``; where that is the desk out of hours, ``telephone`` is the one to ring
    afterwards."""

    kind: str | None
    status: str
    role: str
    name: str
    telephone: str
    email: str
    out_of_hours_telephone: str
    hours: str
    as_of: str | None
    lead_practitioner: bool
    early_help_assessment: bool
    opening: tuple[OpeningShown, ...] = ()
    desk: str | None = None
    staffed_until: str | None = None
    number_reported_wrong: bool = False


class AgencyShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member in reach. ``as_of`` is the date of its records, ``generation`` the number of their
    import, ``quality`` how well they can be found, null where that is not stated. ``cannot_answer``
    says why, where the status is that; beside INVOLVED, why others may be missing. ``not_asked``
    says why it was not. Of
    one that named nothing, ``missed`` is how often a record of this child would have been missed,
    from 0 to 1, and ``missed_at_worst`` the same if its records are worse kept than usual."""

    id: str
    name: str
    kind: str
    area: str
    area_name: str
    status: StatusName
    as_of: str | None
    generation: int
    duty_desk: str
    services: tuple[str, ...]
    pointers: tuple[PointerShown, ...]
    cannot_answer: str | None = None
    quality: str | None = None
    not_asked: str | None = None
    missed: float | None = None
    missed_at_worst: float | None = None

    @property
    def is_gap(self) -> bool:
        """Whether it was asked, and gave no answer."""
        return self.status in _GAPS

    @property
    def lacks_answer(self) -> bool:
        """Whether there is no answer on which to rely, for whatever reason."""
        return self.is_gap or self.status == _NOT_ASKED or self.cannot_answer is not None


class NotConnectedShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agency in reach that is not connected, and so was not asked."""

    area: str
    area_name: str
    name: str
    kind: str
    telephone: str
    services: tuple[str, ...]


class ServiceShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service that children of this age have.

    Of its ``of`` agencies ``connected`` were asked, ``answered`` of those answered, and ``named``
    of those named themselves. ``none_named_itself`` is true only where all connected ones answered.
    ``as_of``: the oldest date of the records of those that answered.
    ``enough_connected``: so many of its agencies are connected that this may be said to a person.
    """

    kind: str
    connected: int
    of: int
    answered: int
    named: int
    none_named_itself: bool
    as_of: str | None = None
    enough_connected: bool = False


class StrengthShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good the odds were with what was given about the child: GOOD or POOR, and why."""

    level: str
    reasons: tuple[str, ...]


class NotUsedShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the question that was given and found nobody: its field, the code of the reason,
    and a sentence for the practitioner."""

    field: str
    reason: str
    words: str


class CallBackShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The desk that agencies ring back, as the member list has it. The number may be empty."""

    name: str
    telephone: str


class WidenedShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second round: after which lookup, and why."""

    after: str
    because: str


class LookupDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of an outcome. Times are RFC 3339 in UTC. ``complete``: at least one agency was asked,
    all gave a usable answer, and the outcome is ``kept``. ``own_record``: what the asking agency's
    own answer says of the child; null where the purpose takes no own record. ``former_stated``: the
    question had another name or a former postcode."""

    version: int
    operation: str
    asked_at: str
    forgotten_at: str
    purpose: str
    reach: str
    complete: bool
    wide: bool
    strength: StrengthShown
    rejected_answers: int
    agencies: tuple[AgencyShown, ...]
    not_connected: tuple[NotConnectedShown, ...]
    services: tuple[ServiceShown, ...]
    widened: WidenedShown | None = None
    kept: bool = True
    own_record: str | None = None
    not_used: tuple[NotUsedShown, ...] = ()
    call_back: CallBackShown | None = None
    former_stated: bool = False

    def __repr__(self) -> str:
        return f"LookupDocument({self.operation})"


def document(outcome: Outcome, forgotten_at: int) -> LookupDocument:
    """Return the document of an outcome.

    Args:
        outcome: what was found.
        forgotten_at: when the gateway forgets it, in seconds since 1970 UTC.
    """
    return LookupDocument(
        version=VERSION,
        operation=outcome.operation,
        asked_at=rfc3339(outcome.asked_at),
        forgotten_at=rfc3339(forgotten_at),
        purpose=outcome.purpose.name,
        reach=outcome.reach.name,
        complete=outcome.complete,
        wide=outcome.wide,
        strength=StrengthShown(outcome.strength.level.name, outcome.strength.reasons),
        rejected_answers=outcome.rejected_answers,
        agencies=tuple(_agency(each) for each in outcome.agencies),
        not_connected=tuple(_not_connected(area, gap) for area, gap in outcome.not_connected),
        services=tuple(_service(count) for count in outcome.services),
        widened=_widened(outcome.widened),
        kept=outcome.kept,
        own_record=outcome.own_record.value if outcome.own_record else None,
        not_used=tuple(NotUsedShown(u.field, u.value, u.words) for u in outcome.unused),
        call_back=_call_back(outcome.call_back),
        former_stated=outcome.former_stated,
    )


def write(shown: LookupDocument) -> bytes:
    """Write a document as JSON in UTF-8, indented by two, with a line end.

    It may be shown on a terminal (attack: a name that turns the direction of writing).
    """
    return json_lines(shown)


def read(data: bytes) -> LookupDocument:
    """Read what ``write`` wrote.

    Raises:
        Defect: it does not have this form, or has another version.
    """
    try:
        shown = msgspec.json.decode(data, type=LookupDocument)
    except msgspec.DecodeError:
        raise Defect("not a lookup document") from None
    if shown.version in _BEFORE:
        if _is_newer(shown):
            raise Defect("a lookup document with fields of a later version")
        return msgspec.structs.replace(shown, version=VERSION)
    if shown.version != VERSION:
        raise Defect("a lookup document of another version")
    return shown


def _is_newer(shown: LookupDocument) -> bool:
    """Return whether an earlier version says what it could not say."""
    pointers = [pointer for each in shown.agencies for pointer in each.pointers]
    desks = any(p.opening or p.desk or p.staffed_until or p.number_reported_wrong for p in pointers)
    reasons = any(each.cannot_answer is not None for each in shown.agencies)
    since = {
        2: shown.widened is not None,
        3: reasons or not shown.kept,
        4: shown.own_record is not None or desks,
        5: bool(shown.not_used)
        or shown.call_back is not None
        or any(each.status == _NOT_ASKED or each.not_asked for each in shown.agencies)
        or any(each.enough_connected or each.as_of is not None for each in shown.services)
        or any(each.quality is not None for each in shown.agencies),
        6: any((each.missed, each.missed_at_worst) != (None, None) for each in shown.agencies),
        7: shown.former_stated,
    }
    return any(said and shown.version < version for version, said in since.items())


def rfc3339(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _widened(widened: Widened | None) -> WidenedShown | None:
    return WidenedShown(widened.after, widened.because.name) if widened is not None else None


def _call_back(desk: Agency | None) -> CallBackShown | None:
    return CallBackShown(desk.name, desk.duty_desk) if desk is not None else None


def _as_of(at: int) -> str | None:
    return rfc3339(at) if at else None


def _agency(each: AgencyOutcome) -> AgencyShown:
    return AgencyShown(
        id=str(each.agency.id),
        name=each.agency.name,
        kind=each.agency.kind.value,
        area=str(each.area.code),
        area_name=each.area.name,
        status=_status(each.status),
        as_of=_as_of(each.as_of),
        generation=each.generation,
        duty_desk=each.agency.duty_desk,
        services=tuple(kind.name for kind in each.agency.services),
        pointers=tuple(pointer_shown(pointer) for pointer in each.pointers),
        cannot_answer=each.reason.name if each.reason else None,
        quality=each.quality.name if each.quality else None,
        not_asked=each.not_asked.value if each.not_asked else None,
        missed=_share(each.missed),
        missed_at_worst=_share(each.missed_at_worst),
    )


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _status(status: Status) -> StatusName:
    match status:
        case Status.INVOLVED:
            return "INVOLVED"
        case Status.NOTHING_TO_DISCLOSE:
            return "NOTHING_TO_DISCLOSE"
        case Status.TRY_AGAIN:
            return "TRY_AGAIN"
        case Status.CANNOT_ANSWER:
            return "CANNOT_ANSWER"
        case Status.NO_REPLY:
            return "NO_REPLY"
        case Status.NOT_ASKED:
            return "NOT_ASKED"
        case Status.NOT_CONNECTED:
            raise Defect("an agency in reach that has a node is a member")


def pointer_shown(pointer: Pointer) -> PointerShown:
    return PointerShown(
        kind=pointer.kind.name if pointer.kind is not None else None,
        status=pointer.status.name,
        role=pointer.worker_role,
        name=pointer.worker_name,
        telephone=pointer.desk_phone,
        email=pointer.desk_email,
        out_of_hours_telephone=pointer.out_of_hours_phone,
        hours=hours_in_words(pointer.hours),
        as_of=_as_of(pointer.as_of),
        lead_practitioner=pointer.lead_practitioner,
        early_help_assessment=pointer.early_help_assessment,
        opening=tuple(_opening(hours) for hours in pointer.hours),
        desk=pointer.desk.name if pointer.desk is not None else None,
        staffed_until=_as_of(pointer.staffed_until),
        number_reported_wrong=pointer.number_reported_wrong,
    )


def _opening(hours: OpeningHours) -> OpeningShown:
    return OpeningShown(
        days_of(hours), clock_of(hours.opens), clock_of(hours.closes), hours.term_time
    )


def opening_of(shown: OpeningShown) -> OpeningHours:
    """Return the hours that ``shown`` writes."""
    days = sum(1 << DAYS.index(day) for day in shown.days)
    opens, closes = (
        60 * int(hour) + int(minute)
        for hour, minute in (clock.split(":") for clock in (shown.opens, shown.closes))
    )
    return OpeningHours(days, opens, closes, shown.term_time)


def _not_connected(area: Area, gap: NotConnected) -> NotConnectedShown:
    return NotConnectedShown(
        area=str(area.code),
        area_name=area.name,
        name=gap.name,
        kind=gap.kind.value,
        telephone=gap.telephone,
        services=tuple(kind.name for kind in gap.services),
    )


def _service(count: ServiceCount) -> ServiceShown:
    return ServiceShown(
        kind=count.kind.name,
        connected=count.connected,
        of=count.of,
        answered=count.answered,
        named=count.named,
        none_named_itself=count.none_named_itself,
        as_of=_as_of(count.as_of),
        enough_connected=count.enough_connected,
    )
