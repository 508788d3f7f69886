"""Whether the caseload that governance signed has room for an export. Pure.

The key holders enforce it in keys (``fingerpost.protocol.caseload``). The node counts children, so
that its operator is told before a tag is asked for, and not half-way through the tagging.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerpost.protocol import limits
from fingerpost.protocol.caseload import bounds, children_of
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import MemberId


class NoRoom(Refused):
    """The node would have more children than its caseload has room for. Nothing was changed."""

    def __init__(self, children: int, room: int) -> None:
        super().__init__(Code.QUOTA, "caseload")
        self.children = children
        self.room = room


@dataclass(frozen=True, slots=True)
class Growth:
    """How many children more the node would have, and from how many more on the key holders may
    refuse, in the week of the import.
    """

    more: int
    usual: int

    @property
    def much(self) -> bool:
        return self.more > self.usual


def require_room(
    federation: Federation, me: MemberId, before: int, after: int, now: float
) -> Growth:
    """Refuse an export for which the declared caseload has no room.

    Args:
        before: the children of all agencies of this node, by their last imports.
        after: the same with this export.

    Raises:
        NoRoom: a QUOTA refusal, with the numbers.
        Refused: NOT_A_MEMBER, this node is not listed.
    """
    member = federation.member(me, Party.NODE)
    parameters = federation.parameters
    usual = max(after - before, 0)
    for epoch in federation.epochs_to_index(now):
        found = bounds(parameters, member, federation.hosted_by, epoch, now)
        room = children_of(parameters, found.most - found.marked)
        if after > room:
            raise NoRoom(after, room)
        quarter = max(before * found.growth_percent // 100, limits.LEAST_CHILDREN)
        usual = min(usual, quarter + children_of(parameters, found.more_this_week))
    return Growth(max(after - before, 0), usual if before else after)
