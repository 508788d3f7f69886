"""From the answers of a lookup to its outcome: one answer of each agency, and what all of them say.
Pure.

Law: every agency that was asked ends exactly once. INVOLVED wins over a gap, and a gap over
"nothing to disclose". Silence counts for nothing but a gap.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from fingerpost.private.demographics import Birth, birth_span
from fingerpost.private.linkage import Misses, Scope, Strength, shipped_rates
from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    NATIONAL_RING_KINDS,
    AgencyKind,
    Cannot,
    CoarseKind,
    Quality,
    Reach,
    Status,
)
from fingerpost.protocol.federation import Agency, Area, Federation, NotConnected
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.messages import day_of
from fingerpost.protocol.terms import Tier
from practitioner.asking.outcome import (
    GAP,
    USABLE,
    AgencyOutcome,
    Answered,
    OwnRecord,
    ServiceCount,
)

_DOUBTED: Final = (Cannot.WENT_BACK, Cannot.TOO_OLD)
"""Beside INVOLVED: whom to ring is true, and others may be missing."""
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


_HEALTH: Final = frozenset({AgencyKind.GP_PRACTICE, AgencyKind.NHS_TRUST, AgencyKind.ICB})
_WORSE: Final = {
    Quality.GOOD: Quality.FAIR,
    Quality.FAIR: Quality.POOR,
    Quality.POOR: Quality.POOR,
}
"""Empty fields show how records are kept, and wrong ones do not: they may be worse than they look.
"""


def missed_shares(
    agencies: Sequence[AgencyOutcome], misses: Misses, wide: Container[AgencyId], now: int
) -> tuple[AgencyOutcome, ...]:
    """Return the outcomes, with how often each agency that named nothing would have missed a record
    of this child.

    Args:
        agencies: what each answered.
        misses: what the question finds and misses.
        wide: the agencies that were asked with the wider key set.
        now: in seconds since 1970 UTC.
    """
    numbers = shipped_rates().has_number
    found = []
    for each in agencies:
        if each.status is not Status.NOTHING_TO_DISCLOSE or each.lacks_answer:
            found.append(each)
            continue
        holder = "elsewhere"
        if each.agency.kind in _HEALTH:
            holder = "health"
        elif each.agency.kind is AgencyKind.LOCAL_AUTHORITY:
            holder = "council"
        scope = Scope.WIDE if each.agency.id in wide else Scope.NARROW
        days = max(0, now - each.as_of) // limits.DAY
        quality = each.quality or Quality.GOOD
        usual, worst = (
            misses.chance(scope, kept, has_number=numbers[holder], days=days)
            for kept in (quality, _WORSE[quality])
        )
        found.append(replace(each, missed=usual, missed_at_worst=worst))
    return tuple(found)
