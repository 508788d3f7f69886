"""Decide what an agency discloses about a child who matched. Pure; deny by default.

The signed terms of the purpose rule (``fingerpost.protocol.terms``), until agencies can narrow them
by rules of their own; where they are for the requester's own area, nothing is disclosed elsewhere.
An agency's own practitioner is told what her agency records, whatever the purpose: so she learns
whether the child is new there.
Three things are never disclosed, whatever the purpose and whoever asks: a sensitive kind, a row
that is marked sensitive, and anything at all at an agency that holds a shielded row of this child.
A requester cannot learn which of them it was: there are no pointers, and the answer is
NOTHING_TO_DISCLOSE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from agency_node.records.records import ChildRecord, Involvement
from fingerpost.private.messages import Pointer, Question
from fingerpost.protocol.codes import COARSE, DeskKind, InvolvementStatus
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import size_class

_STATUS_ORDER: Final = {
    InvolvementStatus.OPEN: 0,
    InvolvementStatus.PLANNED: 1,
    InvolvementStatus.RECENT: 2,
}
NOT_REPORTED: Final[Mapping[str, frozenset[AgencyId]]] = MappingProxyType({})
ENOUGH_REPORTERS: Final = 2


def as_recorded(row: Involvement) -> Involvement:
    return row


def pointers(
    agency: AgencyId,
    children: Sequence[ChildRecord],
    question: Question,
    *,
    possible: Sequence[ChildRecord] = (),
    wrong: Mapping[str, frozenset[AgencyId]] = NOT_REPORTED,
    contact: Callable[[Involvement], Involvement] = as_recorded,
) -> tuple[Pointer, ...]:
    """Return all pointers for a child, each once, in the order in which to ring them.

    Args:
        children: the records that matched; several are doubles of one child.
        question: who asks, why and on which terms.
        possible: the records that possibly match. A shield on one of them withholds as well
            (attack: a second record of a shielded child, written a little differently and without
            the flag, discloses where she is; and a shielded twin lives at the same place).
        wrong: the numbers of this agency that were reported to be wrong, by whom.
        contact: of a row, what it says of whom to ring now (``agency_node.desks``).

    Returns:
        The pointers; none when there is nothing to disclose.
    """
    if question.named_by is not None and agency not in question.named_by:
        return ()
    rows = [row for child in children for row in child.involvements]
    near = [row for child in possible for row in child.involvements]
    if any(row.shielded for row in (*rows, *near)):
        return ()
    own = agency == question.requester.id
    harm = question.justification.facts.significant_harm
    disclosed = [
        row
        for row in rows
        if not row.sensitive
        and row.kind in COARSE
        and (own or question.terms.allows(row.kind, lead=row.lead, significant_harm=harm))
    ]
    disclosed.sort(key=lambda row: (_STATUS_ORDER[row.status], not row.lead, row.kind, -row.as_of))
    asking = question.requester.id
    return tuple(
        dict.fromkeys(
            _pointer(row, is_wrong(wrong.get(row.desk_phone, frozenset()), asking))
            for row in map(contact, disclosed)
        )
    )


def is_wrong(reporters: Collection[AgencyId], asking: AgencyId) -> bool:
    """Return whether a number is marked for ``asking``: its own report is enough, and otherwise it
    takes two agencies (attack: one requester takes a desk out of everybody's way)."""
    return asking in reporters or len(reporters) >= ENOUGH_REPORTERS


def _pointer(row: Involvement, number_reported_wrong: bool) -> Pointer:
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
