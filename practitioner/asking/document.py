"""An outcome as a document for programs: closed, versioned, stable (docs/lookup-json.md).

It is also the form in which an outcome is kept, and the only input of the rendering for people:
what is shown again after a day is what was shown at first. Invariants: every agency asked stands in
it once; a gap is never written as a "no"; it names no person but those whom a pointer names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from fingerpost.private.messages import Pointer
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Area, NotConnected
from fingerpost.runtime.screen_text import json_lines
from practitioner.asking.outcome import AgencyOutcome, Outcome, ServiceCount, Widened

VERSION: Final = 3
"""It grows when a field is added, changes its meaning or goes. A reader refuses a version that it
does not know."""
_BEFORE: Final = frozenset({1, 2})
"""Version 1 lacks ``widened``; both lack ``cannot_answer`` and ``kept``. They are still read."""

StatusName = Literal["INVOLVED", "NOTHING_TO_DISCLOSE", "TRY_AGAIN", "CANNOT_ANSWER", "NO_REPLY"]
_GAPS: Final = frozenset({"TRY_AGAIN", "CANNOT_ANSWER", "NO_REPLY"})


class PointerShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to ring at an agency. Where ``kind`` is null nobody is named: ring the duty desk. Texts
    may be empty."""

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


class AgencyShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One agency asked. ``as_of`` is the date of its records, ``generation`` the number of their
    import. ``cannot_answer`` says why, where the status is that."""

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

    @property
    def is_gap(self) -> bool:
        return self.status in _GAPS


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
    """

    kind: str
    connected: int
    of: int
    answered: int
    named: int
    none_named_itself: bool


class StrengthShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good the odds were with what was given about the child: GOOD or POOR, and why."""

    level: str
    reasons: tuple[str, ...]


class WidenedShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second round: after which lookup, and why."""

    after: str
    because: str


class LookupDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of an outcome. Times are RFC 3339 in UTC. ``complete``: at least one agency was asked,
    all gave a usable answer, and the outcome is ``kept``."""

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
    reasons = any(each.cannot_answer is not None for each in shown.agencies)
    return reasons or not shown.kept or (shown.version == 1 and shown.widened is not None)


def rfc3339(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _widened(widened: Widened | None) -> WidenedShown | None:
    return WidenedShown(widened.after, widened.because.name) if widened is not None else None


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
        pointers=tuple(_pointer(pointer) for pointer in each.pointers),
        cannot_answer=each.reason.name if each.reason else None,
    )


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
        case Status.NOT_CONNECTED:
            raise Defect("an agency that was asked is a member")


def _pointer(pointer: Pointer) -> PointerShown:
    return PointerShown(
        kind=pointer.kind.name if pointer.kind is not None else None,
        status=pointer.status.name,
        role=pointer.worker_role,
        name=pointer.worker_name,
        telephone=pointer.desk_phone,
        email=pointer.desk_email,
        out_of_hours_telephone=pointer.out_of_hours_phone,
        hours=pointer.hours,
        as_of=_as_of(pointer.as_of),
        lead_practitioner=pointer.lead_practitioner,
        early_help_assessment=pointer.early_help_assessment,
    )


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
    )
