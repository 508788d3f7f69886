"""Whom a meeting after a lookup is to bring together. Pure.

Law: every agency that was asked is accounted for: invited at its desks, to be rung, or counted
among those that named nothing, which learn of the meeting unseen. One that did not answer is to be
rung and never left out: silence is not "nothing known". Nothing here names the child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, CoarseKind, Role, Status
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.ids import AgencyId, MemberId
from practitioner.asking.document import AgencyShown, LookupDocument, PointerShown

AHEAD_SECONDS: Final = 28 * limits.DAY
"""How far ahead a meeting may be called."""
MOST_MINUTES: Final = 8 * 60
STRATEGY_ROLES: Final = frozenset(
    {
        Role.SOCIAL_WORKER,
        Role.TEAM_MANAGER,
        Role.EDT_WORKER,
        Role.LEAD_CHILD_PROTECTION_PRACTITIONER,
    }
)
"""A strategy discussion is called by the council's children's social care (Working Together to
Safeguard Children, statutory guidance under section 11(4) of the Children Act 2004)."""


class ConveneRule(Rule):
    """What calling a meeting must keep to."""

    STRATEGY_DISCUSSION = "only children's social care calls a strategy discussion"


@dataclass(frozen=True, slots=True, repr=False)
class Seat:
    """A desk that should be at the meeting. Texts may be empty.

    Attributes:
        telephone: to ring now; ``wrong``: it was reported to be wrong.
        email: of the desk; empty where it is to be rung.
    """

    agency: str
    service: str
    who: str
    telephone: str
    out_of_hours: str
    email: str
    wrong: bool = False

    def __repr__(self) -> str:
        return f"Seat({self.agency})"


@dataclass(frozen=True, slots=True, repr=False)
class Seats:
    """Everybody whom a lookup asked, by how they come to the meeting.

    Attributes:
        invited: desks of agencies that work with the child, with an e-mail address.
        no_address: the others of them: to be rung.
        no_answer: agencies of which it is not known whether they work with the child: to be rung.
        not_connected: how many agencies are not connected; the outcome lists them.
        silent: how many agencies answered and named nothing: they learn of it unseen.
    """

    invited: tuple[Seat, ...]
    no_address: tuple[Seat, ...]
    no_answer: tuple[Seat, ...]
    not_connected: int
    silent: int

    def __repr__(self) -> str:
        return f"Seats({len(self.invited)})"


def seats(shown: LookupDocument) -> Seats:
    """Return who should be at a meeting after a lookup."""
    involved = [each for each in shown.agencies if each.status == Status.INVOLVED.name]
    desks = [seat for each in involved for seat in _desks(each)]
    others = [each for each in shown.agencies if each.status != Status.INVOLVED.name]
    unanswered = [each for each in others if each.lacks_answer]
    return Seats(
        invited=tuple(seat for seat in desks if seat.email),
        no_address=tuple(seat for seat in desks if not seat.email),
        no_answer=tuple(_duty_desk(each) for each in unanswered),
        not_connected=len(shown.not_connected),
        silent=len(others) - len(unanswered),
    )


def _desks(agency: AgencyShown) -> Iterable[Seat]:
    """Return the desks that an agency named, none twice; its duty desk where it named none."""
    if not agency.pointers:
        return (_duty_desk(agency),)
    return dict.fromkeys(_desk(agency, pointer) for pointer in agency.pointers)


def _desk(agency: AgencyShown, pointer: PointerShown) -> Seat:
    return Seat(
        agency.name,
        pointer.kind or "",
        ", ".join(filter(None, (pointer.name, pointer.role))),
        pointer.telephone or agency.duty_desk,
        pointer.out_of_hours_telephone,
        pointer.email,
        pointer.number_reported_wrong,
    )


def _duty_desk(agency: AgencyShown) -> Seat:
    return Seat(agency.name, "", "", agency.duty_desk, "", "")


def require_strategy_discussion(role: Role, kind: AgencyKind) -> None:
    """Let a meeting be called a strategy discussion.

    Raises:
        Refused: NOT_ALLOWED, who calls it does not work in a council's children's social care.
    """
    if role not in STRATEGY_ROLES or kind is not AgencyKind.LOCAL_AUTHORITY:
        raise Refused(Code.NOT_ALLOWED, ConveneRule.STRATEGY_DISCUSSION)


def lacks_social_care(found: Seats) -> bool:
    """Return whether no desk of children's social care is invited or to be rung."""
    return all(
        seat.service != CoarseKind.CHILDRENS_SOCIAL_CARE.name
        for seat in (*found.invited, *found.no_address)
    )


def one_for_each_node(
    asked: Iterable[AgencyId], node_of: Mapping[AgencyId, MemberId]
) -> tuple[AgencyId, ...]:
    """Return one of the agencies of each node, whatever they answered: a note to it reaches all of
    them that know the child (``NoteKind.CONVENED``). An agency without a node is left out."""
    first: dict[MemberId, AgencyId] = {}
    for agency in sorted(asked):
        if (node := node_of.get(agency)) is not None:
            first.setdefault(node, agency)
    return tuple(first.values())
