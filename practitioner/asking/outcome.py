"""What a lookup found, in values that cannot say "nothing known" where there was no answer.

Every member in reach stands in the outcome exactly once, with one of six statuses. Only a verified,
signed answer gives INVOLVED, NOTHING_TO_DISCLOSE, TRY_AGAIN or CANNOT_ANSWER; everything else is
NO_REPLY. Where the query for an agency never left, it is NOT_ASKED, with the reason: a limit of the
requester's own must not look like the silence of others. An agency of the area that is not a
member, or is suspended and so was not asked, is NOT_CONNECTED. ``none_named_itself`` speaks of
answers: it is true only when every connected agency of that kind gave one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final

from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.private.justification import Justification
from fingerpost.private.linkage import Strength, Unused
from fingerpost.private.messages import Pointer
from fingerpost.protocol.codes import (
    Cannot,
    CoarseKind,
    Purpose,
    Quality,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, Area, NotConnected
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.terms import Terms

USABLE: Final = (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)


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
class Former:
    """What a child was called, and where she lived, before: ``postcodes`` the latest first."""

    names: tuple[OtherName, ...] = ()
    postcodes: tuple[str, ...] = ()

    def added_to(self, child: Demographics) -> Demographics:
        """Return the child with these before those that she has, none twice.

        Raises:
            Refused: MALFORMED, they are more than a question may have.
        """
        return replace(
            child,
            other_names=tuple(dict.fromkeys((*self.names, *child.other_names))),
            former_postcodes=tuple(dict.fromkeys((*self.postcodes, *child.former_postcodes))),
        )

    def __repr__(self) -> str:
        return "Former(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Again:
    """What a second round asks.

    What is not given stays as it was in the first lookup; a first lookup over the national ring
    leads to the requester's own area and its neighbours. ``child`` is the same one, better
    described; ``former`` is added to her, whether she is given or stays.
    """

    widened: Widened
    child: Demographics | None = None
    reach: Reach | None = None
    named_areas: tuple[AreaCode, ...] = ()
    former: Former = Former()

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
    """What one member in reach answered. What follows its home ``area`` is as in ``Answered``.

    Of one that named nothing, ``missed`` is how often a record of this child would have been missed
    there, from 0 to 1, and ``missed_at_worst`` the same if its records are worse kept than usual.
    """

    agency: Agency
    area: Area
    status: Status
    generation: int
    as_of: int
    pointers: tuple[Pointer, ...]
    reason: Cannot | None = None
    quality: Quality | None = None
    not_asked: NotAsked | None = None
    missed: float | None = None
    missed_at_worst: float | None = None

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
        former_stated: whether the question had another name or a former postcode.
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
    former_stated: bool = False

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
