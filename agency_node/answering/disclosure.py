"""Decide what an agency discloses about a child who matched. Pure; deny by default.

The signed terms of the purpose rule (``fingerpost.protocol.terms``), until agencies can narrow them
by rules of their own; where they are for the requester's own area, nothing is disclosed elsewhere.
Three things are never disclosed, whatever the purpose: a sensitive kind, a
row that is marked sensitive, and anything at all at an agency that holds a shielded row of this
child. A requester cannot learn which of them it was: there are no pointers, and the answer is
NOTHING_TO_DISCLOSE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from agency_node.records.records import ChildRecord, Involvement
from fingerpost.private.messages import Pointer, Question
from fingerpost.protocol import limits
from fingerpost.protocol.codes import COARSE, InvolvementStatus
from fingerpost.protocol.ids import AgencyId

_STATUS_ORDER: Final = {
    InvolvementStatus.OPEN: 0,
    InvolvementStatus.PLANNED: 1,
    InvolvementStatus.RECENT: 2,
}


def pointers(
    agency: AgencyId,
    children: Sequence[ChildRecord],
    question: Question,
    *,
    possible: Sequence[ChildRecord] = (),
) -> tuple[Pointer, ...]:
    """Return all pointers for a child, each once, in the order in which to ring them.

    Args:
        children: the records that matched; several are doubles of one child.
        question: who asks, why and on which terms.
        possible: the records that possibly match. A shield on one of them withholds as well
            (attack: a second record of a shielded child, written a little differently and without
            the flag, discloses where she is; and a shielded twin lives at the same place).

    Returns:
        The pointers; none when there is nothing to disclose.
    """
    if question.named_by is not None and agency not in question.named_by:
        return ()
    rows = [row for child in children for row in child.involvements]
    near = [row for child in possible for row in child.involvements]
    if any(row.shielded for row in (*rows, *near)):
        return ()
    harm = question.justification.facts.significant_harm
    disclosed = [
        row
        for row in rows
        if not row.sensitive
        and row.kind in COARSE
        and question.terms.allows(row.kind, lead=row.lead, significant_harm=harm)
    ]
    disclosed.sort(key=lambda row: (_STATUS_ORDER[row.status], not row.lead, row.kind, -row.as_of))
    return tuple(dict.fromkeys(_pointer(agency, row) for row in disclosed))


def _pointer(agency: AgencyId, row: Involvement) -> Pointer:
    return Pointer(
        agency=agency,
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
    )


def fill_slots(disclosed: Iterable[tuple[AgencyId, tuple[Pointer, ...]]]) -> tuple[Pointer, ...]:
    """Return the pointers of one part, at most ``POINTER_SLOTS``: each agency gets its first before
    any agency gets its second.

    An agency with more pointers than slots ends with "ring this agency's duty desk" (a pointer
    without a kind), since what is shown must never look whole when it is not. An agency without a
    slot stays INVOLVED without a pointer, which means the same.
    """
    queues = dict(disclosed)
    turns = [(turn, agency) for agency, queue in queues.items() for turn in range(len(queue))]
    turns.sort(key=lambda each: each[0])  # of one turn, the agencies keep their order
    given = Counter(agency for _, agency in turns[: limits.POINTER_SLOTS])
    filled: list[Pointer] = []
    for agency, queue in queues.items():
        mine = list(queue[: given[agency]])
        if 0 < len(mine) < len(queue):
            mine[-1] = Pointer(agency, None, mine[-1].status)
        filled += mine
    return tuple(filled)
