"""Decide what an agency discloses about a child who matched. Pure; deny by default.

The signed terms of the purpose decide first (``fingerpost.protocol.terms``), and from what they
allow the agency's agreement takes away (``policy.agreement``). Where an answer would tell a place
that the requester did not name, nothing is disclosed, or to ring a council's duty desk
(``policy.places``). An agency's own practitioner is told what her agency records, whatever the
purpose and the agreement, which is with others: so she learns whether the child is new there.
Three things are never disclosed, whatever the purpose and whoever asks: a sensitive kind, a row
that is marked sensitive, and anything at all at an agency that holds a shielded row of this child.
A requester cannot learn which of them it was: there are no pointers, and the answer is
NOTHING_TO_DISCLOSE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agency_node.answering.matching import Asking, Examined
from agency_node.policy.agreement import InForce, Ruling, ruled
from agency_node.policy.places import Place
from agency_node.policy.vocabulary import Detail, Involved, Requester
from agency_node.records.meeting import Known
from agency_node.records.records import ChildRecord, Involvement
from fingerpost.private.messages import Pointer, Question
from fingerpost.protocol.codes import COARSE, DeskKind, InvolvementStatus
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import size_class
from fingerpost.protocol.terms import Terms

_STATUS_ORDER: Final = {
    InvolvementStatus.OPEN: 0,
    InvolvementStatus.PLANNED: 1,
    InvolvementStatus.RECENT: 2,
}
NOT_REPORTED: Final[Mapping[str, frozenset[AgencyId]]] = MappingProxyType({})
ENOUGH_REPORTERS: Final = 2


def as_recorded(row: Involvement) -> Involvement:
    return row


@dataclass(frozen=True, slots=True)
class Asks:
    """Who asks, on which signed terms, and what the place of the agency that answers lets it
    say."""

    requester: Requester
    terms: Terms
    significant_harm: bool
    place: Place

    @classmethod
    def of(cls, question: Question, place: Place) -> Asks:
        requester = question.requester
        return cls(
            Requester(requester.id, requester.kind, question.passport.role),
            question.terms,
            question.justification.facts.significant_harm,
            place,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Disclosed:
    """What may be disclosed, and which rules of the agreement decided.

    Attributes:
        pointers: each once, in the order in which to ring them.
        rules: the numbers of the rules that decided, each once: first those that permitted.
        withheld: how many involvements the signed terms allow to be named, and the agreement does
            not.
    """

    pointers: tuple[Pointer, ...] = ()
    rules: tuple[int, ...] = ()
    withheld: int = 0

    def __repr__(self) -> str:
        return "Disclosed(…)"


NOTHING: Final = Disclosed()
_OWN: Final = Ruling(Detail.SERVICE, ())


def disclose(
    agency: AgencyId,
    children: Sequence[ChildRecord],
    asks: Asks,
    in_force: InForce | None,
    *,
    possible: Sequence[ChildRecord] = (),
    wrong: Mapping[str, frozenset[AgencyId]] = NOT_REPORTED,
    contact: Callable[[Involvement], Involvement] = as_recorded,
) -> Disclosed:
    """Decide what may be disclosed for a child.

    Args:
        children: the records that matched; several are doubles of one child.
        asks: who asks, and on which terms.
        in_force: the rules of the agency's agreement; None for nobody but its own practitioners.
        possible: the records that possibly match. A shield on one of them withholds as well
            (attack: a second record of a shielded child, written a little differently and without
            the flag, discloses where she is; and a shielded twin lives at the same place).
        wrong: the numbers of this agency that were reported to be wrong, by whom.
        contact: of a row, what it says of whom to ring now (``agency_node.desks``).
    """
    if asks.place is Place.NOT_NAMED:
        return NOTHING
    rows = [row for child in children for row in child.involvements]
    near = [row for child in possible for row in child.involvements]
    if any(row.shielded for row in (*rows, *near)):
        return NOTHING
    rows = [row for row in rows if not row.sensitive and row.kind in COARSE]
    rows.sort(key=lambda row: (_STATUS_ORDER[row.status], not row.lead, row.kind, -row.as_of))
    ruled_ = [(row, ruling) for row in rows if (ruling := _ruling(agency, asks, in_force, row))]
    told = [(row, ruling) for row, ruling in ruled_ if ruling.detail]
    if asks.place is Place.FRONT_DOOR:
        pointers = [_FRONT_DOOR] if told else []
    else:
        reader = asks.requester.agency
        pointers = [
            _pointer(row, is_wrong(wrong.get(row.desk_phone, frozenset()), reader), ruling)
            for row, ruling in ((contact(row), ruling) for row, ruling in told)
        ]
    deciding = sorted(ruled_, key=lambda each: not each[1].detail)
    rules = (number for _, ruling in deciding for number in ruling.rules)
    return Disclosed(
        tuple(dict.fromkeys(pointers)), tuple(dict.fromkeys(rules)), len(ruled_) - len(told)
    )


def _ruling(
    agency: AgencyId, asks: Asks, in_force: InForce | None, row: Involvement
) -> Ruling | None:
    """Return what is ruled of one row; None where the signed terms do not allow it."""
    if agency == asks.requester.agency:
        return _OWN
    if in_force is None:
        return None
    involved = Involved(row.kind, row.lead)
    harm = asks.significant_harm
    return ruled(asks.terms, in_force, asks.requester, involved, significant_harm=harm)


def may_disclose(
    agency: AgencyId,
    asking: Asking,
    examined: Examined | None,
    shields: Known,
    in_force: InForce | None,
    wrong: Mapping[str, frozenset[AgencyId]],
    contact: Callable[[Involvement], Involvement],
    *,
    upn: bool,
) -> Disclosed:
    """Return all that an agency may disclose of what a query that opened was found to be about.

    Args:
        shields: of the agency.
        in_force: the rules of its agreement; None for nobody but its own practitioners.
        wrong: its numbers that were reported to be wrong, by whom.
        contact: of a row, what it says of whom to ring now.
        upn: whether pupil numbers are among its keys.
    """
    if examined is None or examined.question is None:
        return NOTHING
    question = examined.question
    withheld = shields.withholds(
        asking.form(question),
        asking.keys(question, upn=upn),
        [record.demographics for record in examined.matched],
    )
    # People have said that the records that matched are of another child than these shields.
    others = shields.none_of([record.demographics for record in examined.matched])
    possible = [
        record
        for record in examined.possible
        if not others or not shields.is_only_of(record.demographics, others)
    ]
    asks = Asks.of(question, asking.place(agency, question, examined.matched))
    disclosed = disclose(
        agency,
        examined.matched,
        asks,
        in_force,
        possible=possible,
        wrong=wrong,
        contact=contact,
    )
    return NOTHING if withheld else disclosed


def is_wrong(reporters: Collection[AgencyId], asking: AgencyId) -> bool:
    """Return whether a number is marked for ``asking``: its own report is enough, and otherwise it
    takes two agencies (attack: one requester takes a desk out of everybody's way)."""
    return asking in reporters or len(reporters) >= ENOUGH_REPORTERS


def _pointer(row: Involvement, number_reported_wrong: bool, ruling: Ruling) -> Pointer:
    if ruling.detail is Detail.DUTY_DESK:
        return _duty_desk(row.status)
    return Pointer(
        kind=COARSE[row.kind],
        status=row.status,
        worker_role=row.worker_role,
        worker_name=row.worker_name,
        desk_phone=row.desk_phone,
        desk_email=row.desk_email,
        out_of_hours_phone=row.ooh_phone,
        hours=row.hours,
        as_of=row.as_of,
        lead_practitioner=row.lead,
        early_help_assessment=row.early_help,
        desk=row.desk,
        staffed_until=row.staffed_until,
        number_reported_wrong=number_reported_wrong,
    )


def fill_slots(disclosed: Sequence[tuple[Pointer, ...]]) -> tuple[tuple[Pointer, ...], ...]:
    """Return the pointers of each agency of one part that leave: together at most as many as a part
    of so many agencies has slots, and each agency gets its first before any agency gets its second.

    An agency with more pointers than slots ends with "ring this agency's duty desk" (a pointer
    without a kind), since what is shown must never look whole when it is not. An agency without a
    slot stays INVOLVED without a pointer, which means the same.
    """
    turns = [(turn, place) for place, all_ in enumerate(disclosed) for turn in range(len(all_))]
    turns.sort()  # of one turn, the agencies keep their order
    given = Counter(place for _, place in turns[: size_class(len(disclosed)).pointers])
    return tuple(_first(all_, given[place]) for place, all_ in enumerate(disclosed))


def _first(pointers: tuple[Pointer, ...], slots: int) -> tuple[Pointer, ...]:
    if slots == 0 or slots == len(pointers):
        return pointers[:slots]
    return (*pointers[: slots - 1], _duty_desk(pointers[slots - 1].status))


def _duty_desk(status: InvolvementStatus) -> Pointer:
    return Pointer(None, status, desk=DeskKind.DUTY)


_FRONT_DOOR: Final = _duty_desk(InvolvementStatus.OPEN)
"""The same whatever is recorded. Attack: how many services know the child, and whether she has
left, say more of a place than that she is or was there."""
