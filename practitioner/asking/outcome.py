"""What a lookup found, in values that cannot say "nothing known" where there was no answer.

Every member in reach stands in the outcome exactly once, with one of six statuses. Only a verified,
signed answer gives INVOLVED, NOTHING_TO_DISCLOSE, TRY_AGAIN or CANNOT_ANSWER; everything else is
NO_REPLY. Where the query for an agency never left, it is NOT_ASKED, with the reason: a limit of the
requester's own must not look like the silence of others. An agency of the area that is not a
member, or is suspended and so was not asked, is NOT_CONNECTED. ``none_named_itself`` speaks of
answers: it is true only when every connected agency of that kind gave one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, unique
from typing import Final

from fingerpost.private.demographics import Birth, Demographics, birth_span
from fingerpost.private.justification import Justification
from fingerpost.private.linkage import Strength, Unused
from fingerpost.private.messages import Pointer
from fingerpost.protocol.codes import (
    NATIONAL_RING_KINDS,
    AgencyKind,
    Cannot,
    CoarseKind,
    Purpose,
    Quality,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, Area, Federation, NotConnected
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.messages import day_of
from fingerpost.protocol.terms import Terms, Tier

USABLE: Final = (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
_DOUBTED: Final = (Cannot.WENT_BACK, Cannot.TOO_OLD)
"""Beside INVOLVED: whom to ring is true, and others may be missing."""


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """What is asked. A ``reach`` of None means that of the purpose's terms."""

    demographics: Demographics
    justification: Justification
    reach: Reach | None = None
    named_areas: tuple[AreaCode, ...] = ()

    def on(self, terms: Terms) -> Question:
        """Return the question with a reach."""
        return replace(self, reach=self.reach or terms.reach)

    @property
    def settled_reach(self) -> Reach:
        """Its reach. Raises ``Defect`` for a question that was not put ``on`` its terms."""
        if self.reach is None:
            raise Defect("a question without a reach")
        return self.reach

    def __repr__(self) -> str:
        return f"Question({self.justification.purpose.name})"


@dataclass(frozen=True, slots=True)
class Widened:
    """A second round, with wide keys over the whole reach: after which lookup (16 hex digits), and
    why."""

    after: str
    because: WideningReason


@dataclass(frozen=True, slots=True, repr=False)
class Again:
    """What a second round asks.

    What is not given stays as it was in the first lookup; a first lookup over the national ring
    leads to the requester's own area and its neighbours. ``child`` is the same one, better
    described.
    """

    widened: Widened
    child: Demographics | None = None
    reach: Reach | None = None
    named_areas: tuple[AreaCode, ...] = ()

    def __repr__(self) -> str:
        return f"Again({self.widened.after})"


@unique
class NotAsked(Enum):
    """Why a query did not go to an agency. The value is its stable name."""

    QUOTA = "QUOTA"
    """The requester's own lookups, or its agency's, are used up."""
    UNREACHABLE = "UNREACHABLE"
    """The federation did not take the query, or could not be reached."""
    RUNG = "RUNG"
    """A second round leaves out who gave no answer to the first lookup and was rung."""


@dataclass(slots=True)
class Progress:
    """How far a lookup has come, for whoever stops it.

    Attributes:
        operation: its number; empty before it has one.
        left: how many of its queries have left, or may have.
    """

    operation: str = ""
    left: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class First:
    """A lookup as the gateway keeps it for a second round.

    Args:
        question: with the reach that it had.
        asked_at: in seconds since 1970 UTC.
        gaps: the agencies that gave no answer on which to rely.
        whole: at least one agency was asked, and the outcome is kept.
        none_named_itself: of a service that children of this age have.
        spent: it was a second round itself, or has had one.
    """

    question: Question
    asked_at: int
    gaps: frozenset[AgencyId]
    whole: bool
    none_named_itself: bool
    spent: bool

    def __repr__(self) -> str:
        return f"First({self.question!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """One agency's verified answer to one query, or what stands in its place.

    ``generation`` and ``as_of``: the number of the import that answered, and of when its records
    are, in seconds since 1970 UTC; both 0 where no records answered.
    ``reason``: with CANNOT_ANSWER; beside INVOLVED, why others may be missing.
    """

    status: Status
    generation: int = 0
    as_of: int = 0
    pointers: tuple[Pointer, ...] = ()
    reason: Cannot | None = None
    quality: Quality | None = None
    not_asked: NotAsked | None = None

    def __repr__(self) -> str:
        return f"Answered({self.status.name})"


GAP: Final = Answered(Status.NO_REPLY)


@dataclass(frozen=True, slots=True, repr=False)
class AgencyOutcome:
    """What one member in reach answered. What follows its home ``area`` is as in ``Answered``."""

    agency: Agency
    area: Area
    status: Status
    generation: int
    as_of: int
    pointers: tuple[Pointer, ...]
    reason: Cannot | None = None
    quality: Quality | None = None
    not_asked: NotAsked | None = None

    @property
    def lacks_answer(self) -> bool:
        """Whether there is no answer on which to rely, for whatever reason."""
        return self.status not in USABLE or self.reason is not None

    def __repr__(self) -> str:
        return f"AgencyOutcome({self.agency.id}, {self.status.name})"


ENOUGH_CONNECTED_PERCENT: Final = 80


@dataclass(frozen=True, slots=True)
class ServiceCount:
    """The agencies in reach that provide one universal service.

    Args:
        kind: the service.
        connected: how many of them are members.
        of: how many there are.
        answered: how many of those asked gave a usable answer.
        named: how many named themselves.
        as_of: the oldest date of the records of those that answered, in seconds since 1970 UTC; 0
            where none did.
    """

    kind: CoarseKind
    connected: int
    of: int
    answered: int
    named: int
    as_of: int = 0

    @property
    def enough_connected(self) -> bool:
        """Whether so many are connected that their silence may be put into words. Below that, "no
        school named itself" would be said of most children who go to one."""
        return 100 * self.connected >= ENOUGH_CONNECTED_PERCENT * self.of > 0

    @property
    def none_named_itself(self) -> bool:
        return self.connected > 0 and self.answered == self.connected and self.named == 0


@unique
class OwnRecord(Enum):
    """What the answer of the asking agency's own node says of the child, for a purpose that takes
    an own record. A record that is withheld from its own practitioners counts as none."""

    NAMED = "NAMED"
    NEW_TODAY = "NEW_TODAY"
    NOT_KNOWN = "NOT_KNOWN"
    """It gave no usable answer, or the question could match no record for sure, so that nobody can
    say whether the child is new there."""


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """All of a lookup.

    Args:
        operation: the number of the lookup, 16 hex digits.
        wide: the wider key set was used in the requester's own area, or in the whole reach where
            the lookup was ``widened``.
        rejected_answers: how many answers did not verify; with one or more, somebody tampers.
        kept: whether it is kept and its end is recorded. A disk that is full keeps nothing.
        own_record: None where the purpose takes none.
        unused: what was given of the child and found nobody.
        call_back: whose duty desk other agencies ring back.
    """

    operation: str
    asked_at: int
    purpose: Purpose
    reach: Reach
    agencies: tuple[AgencyOutcome, ...]
    not_connected: tuple[tuple[Area, NotConnected], ...]
    services: tuple[ServiceCount, ...]
    strength: Strength
    wide: bool
    rejected_answers: int
    widened: Widened | None
    kept: bool = True
    own_record: OwnRecord | None = None
    unused: tuple[Unused, ...] = ()
    call_back: Agency | None = None

    @property
    def complete(self) -> bool:
        """Whether at least one agency was asked, each gave a usable answer, from records that had
        not gone back and are not too old, and the outcome is kept.

        It says nothing about the agencies that are not connected.
        """
        return (
            self.kept
            and bool(self.agencies)
            and not any(agency.lacks_answer for agency in self.agencies)
        )

    def __repr__(self) -> str:
        return f"Outcome({self.operation})"


class NobodyAsked(Refused):
    """No query of a lookup left, so that no agency was asked.

    Attributes:
        outcome: whom to ring. Every agency that would have been asked is a gap in it. It is neither
            kept nor complete.
    """

    def __init__(self, refused: Refused, outcome: Outcome) -> None:
        super().__init__(refused.code, refused.rule or refused.what, refused.asked)
        self.outcome = outcome


_STRENGTH_OF: Final[Mapping[Status, int]] = {
    # One "no" beside one gap is a gap: the other key set might have found the child.
    Status.NOTHING_TO_DISCLOSE: 0,
    Status.NOT_ASKED: 1,
    Status.CANNOT_ANSWER: 2,
    Status.TRY_AGAIN: 3,
    Status.NO_REPLY: 4,
    Status.INVOLVED: 5,
}


def merge(answers: Sequence[Answered]) -> Answered:
    """Merge one agency's answers to the queries of one lookup.

    INVOLVED wins, then any gap, then "nothing to disclose". Pointers of several INVOLVED answers
    are joined without doubles, in order. No answer at all is a gap.
    """
    if not answers:
        return GAP
    best = max(answers, key=lambda a: _STRENGTH_OF[a.status])
    if best.status is not Status.INVOLVED:
        return best
    pointers = dict.fromkeys(p for a in answers if a.status is Status.INVOLVED for p in a.pointers)
    # The duty desk stands last: it means that there were more contacts than had room.
    ordered = sorted(pointers, key=lambda pointer: pointer.kind is None)
    doubt = next((a.reason for a in answers if a.reason in _DOUBTED), None)
    return replace(best, pointers=tuple(ordered), reason=doubt)


def better(
    first: Mapping[AgencyId, Answered], second: Mapping[AgencyId, Answered]
) -> dict[AgencyId, Answered]:
    """Join the answers to two tries of one query.

    A usable answer to either stands, since both asked with the same keys.
    """
    joined = {}
    for agency, answer in first.items():
        other = second.get(agency, answer)
        if Status.INVOLVED in (answer.status, other.status):
            joined[agency] = answer if answer.status is Status.INVOLVED else other
        else:
            joined[agency] = answer if answer.status is Status.NOTHING_TO_DISCLOSE else other
    return joined


def most_say_try_again(asked: Sequence[Agency], answers: Mapping[AgencyId, Answered]) -> bool:
    """Return whether more than half of the nodes that a query asked answered TRY_AGAIN.

    Then the query itself may be at fault, such as one under a list that is too new, and another may
    do better. A node that is alone with it is overloaded, or lies (attack: one node makes all
    requesters ask everybody twice, and uses their quotas up): it is a gap.
    """
    nodes = {agency.node for agency in asked}
    again = {
        agency.node for agency in asked if answers.get(agency.id, GAP).status is Status.TRY_AGAIN
    }
    return 2 * len(again) > len(nodes)


UNIVERSAL: Final = (CoarseKind.EDUCATION, CoarseKind.GP, CoarseKind.HEALTH_VISITING)
_PROVIDES: Final[Mapping[AgencyKind, CoarseKind]] = {
    AgencyKind.SCHOOL: CoarseKind.EDUCATION,
    AgencyKind.GP_PRACTICE: CoarseKind.GP,
}


def provides(kind: AgencyKind, services: tuple[CoarseKind, ...], wanted: CoarseKind) -> bool:
    """Return whether an agency provides a universal service, by its kind or by the member list."""
    return wanted in services or _PROVIDES.get(kind) is wanted


def universal_for(dob: Birth | None, asked_at: int) -> tuple[CoarseKind, ...]:
    """Return the services that every child of this age has.

    Every child has a practice, from 5 years a school, and before that a health visitor. The edge of
    the school year is not looked at: counts are shown, never a judgement. Where it is not known on
    which side of 5 years the child is, all services are counted.
    """
    if dob is None:
        return UNIVERSAL
    eldest, youngest = (
        day_of(asked_at) - (born - date(1970, 1, 1)).days for born in birth_span(dob)
    )
    under_five, school_age = youngest < 5 * 365.25, eldest >= 5 * 365.25
    return tuple(
        kind
        for kind in UNIVERSAL
        if (kind is not CoarseKind.EDUCATION or school_age)
        and (kind is not CoarseKind.HEALTH_VISITING or under_five)
    )


def not_connected(
    federation: Federation, asking: AgencyId, reach: Reach, named: Sequence[AreaCode], tier: Tier
) -> tuple[tuple[Area, NotConnected], ...]:
    """Return whom to ring without having asked.

    These are the agencies of the areas in reach that are not members, and those that are suspended:
    a suspension of the one school that knows the child must not make an outcome without it
    complete. Outside the requester's own area the national ring takes its own kinds only.

    They are named for what the requester may be told, by ``tier``.

    Raises:
        Refused: NOT_ALLOWED, an area does not exist.
    """
    gaps: dict[tuple[AreaCode, NotConnected], Area] = {}
    for area in federation.areas_in_reach(asking.area, reach, named):
        denied = (a for a in _agencies_of(area, federation) if _is_denied(a, federation))
        shown = (agency.named_for(asking, tier) for agency in denied)
        suspended = [NotConnected(a.name, a.kind, a.duty_desk, a.services) for a in shown]
        for gap in (*area.not_connected, *suspended):
            in_ring = reach is not Reach.NATIONAL_RING or gap.kind in NATIONAL_RING_KINDS
            if in_ring or area.code == asking.area:
                gaps.setdefault((area.code, gap), area)
    return tuple((area, gap) for (_, gap), area in gaps.items())


def _agencies_of(area: Area, federation: Federation) -> tuple[Agency, ...]:
    homes = (federation.areas.get(other.area) for other in area.serving)
    serving = [a for home in homes if home for a in home.agencies if a.id in area.serving]
    return (*area.agencies, *serving)


def _is_denied(agency: Agency, federation: Federation) -> bool:
    return agency.id in federation.deny.agencies or agency.node in federation.deny.members


def count_services(
    kinds: tuple[CoarseKind, ...],
    agencies: Sequence[AgencyOutcome],
    not_connected: Sequence[tuple[Area, NotConnected]],
) -> tuple[ServiceCount, ...]:
    counts = []
    for kind in kinds:
        members = [a for a in agencies if provides(a.agency.kind, a.agency.services, kind)]
        gaps = [n for _, n in not_connected if provides(n.kind, n.services, kind)]
        answered = [a for a in members if a.status in USABLE]
        counts.append(
            ServiceCount(
                kind=kind,
                connected=len(members),
                of=len(members) + len(gaps),
                answered=len(answered),
                named=sum(_names(a, kind) for a in members),
                as_of=min((a.as_of for a in answered), default=0),
            )
        )
    return tuple(counts)


def _names(outcome: AgencyOutcome, kind: CoarseKind) -> bool:
    """Return whether a provider of ``kind`` named itself as such.

    A school that is involved has named itself, whichever row of its records says so. A trust with
    several services has where a pointer is of that kind, or where no pointer states a kind.
    """
    if outcome.status is not Status.INVOLVED:
        return False
    return (
        _PROVIDES.get(outcome.agency.kind) is kind
        or not outcome.pointers
        or any(pointer.kind in (kind, None) for pointer in outcome.pointers)
    )


def agency_outcomes(
    asked: Sequence[Agency],
    areas: Mapping[AreaCode, Area],
    answers: Mapping[AgencyId, Sequence[Answered]],
) -> tuple[AgencyOutcome, ...]:
    """Return one outcome for each agency asked, whatever came."""
    found = []
    for agency in asked:
        answer = merge(answers.get(agency.id, ()))
        found.append(
            AgencyOutcome(
                agency,
                areas[agency.id.area],
                answer.status,
                answer.generation,
                answer.as_of,
                answer.pointers,
                answer.reason,
                answer.quality,
                answer.not_asked,
            )
        )
    return tuple(found)


def own_record(agencies: Sequence[AgencyOutcome], own: AgencyId, strength: Strength) -> OwnRecord:
    """Return what the asking agency's own answer says. Only a verified "nothing to disclose" from
    records that had not gone back makes a child new, and only where a record could have matched."""
    answer = next((each for each in agencies if each.agency.id == own), None)
    if answer is None or answer.status not in USABLE:
        return OwnRecord.NOT_KNOWN
    if answer.status is Status.INVOLVED:
        return OwnRecord.NAMED
    return OwnRecord.NEW_TODAY if strength.sure else OwnRecord.NOT_KNOWN
