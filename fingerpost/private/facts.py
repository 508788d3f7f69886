"""The facts that a requester states for a purpose, as closed values: no free text.

Which purpose takes which fact: ``fingerpost.protocol.terms``. The node that opened the query shows
them to its agency's officers, who can hold the requester to them. None of them says anything about
the child, the family or the case: a reason names the ground of the lookup, not what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Code, Refused

TIME_BOX_SECONDS: Final = 72 * 3600
"""The longest search for a missing child before a manager renews it."""
RENEWALS: Final = 100
_LATEST: Final = 2**40


@unique
class Reason(IntEnum):
    """The ground of a lookup, where its purpose takes one. Which purpose may give which:
    ``REASONS``."""

    SAID_BY_CHILD = 1
    SEEN_BY_STAFF = 2
    REPORTED_BY_OTHERS = 3
    PATTERN_OVER_TIME = 4
    THRESHOLD_NOT_CLEAR = 11
    LIKELY_IN_NEED = 12
    LIKELY_SIGNIFICANT_HARM = 13
    POLICE_PROTECTION = 21
    EMERGENCY_ORDER = 22
    IMMEDIATE_DANGER = 23


REASONS: Final[Mapping[Purpose, frozenset[Reason]]] = MappingProxyType(
    {
        Purpose.SAFEGUARDING_CONCERN: frozenset(
            {
                Reason.SAID_BY_CHILD,
                Reason.SEEN_BY_STAFF,
                Reason.REPORTED_BY_OTHERS,
                Reason.PATTERN_OVER_TIME,
            }
        ),
        Purpose.REFERRAL_TRIAGE: frozenset(
            {Reason.THRESHOLD_NOT_CLEAR, Reason.LIKELY_IN_NEED, Reason.LIKELY_SIGNIFICANT_HARM}
        ),
        # Children Act 1989 s46, s44.
        Purpose.EMERGENCY_PROTECTION: frozenset(
            {Reason.POLICE_PROTECTION, Reason.EMERGENCY_ORDER, Reason.IMMEDIATE_DANGER}
        ),
    }
)


@unique
class Informed(IntEnum):
    """Whether child or family know that agencies are asked, or why it is not safe to say so."""

    FAMILY = 1
    CHILD = 2
    NOT_SAFE_FOR_CHILD = 11
    NOT_SAFE_FOR_OTHERS = 12
    WOULD_HARM_ENQUIRY = 13
    NOT_REACHED = 14


@unique
class ReportedBy(IntEnum):
    """Who reported a child missing. Attack: somebody from whom a family hides reports it."""

    PARENT = 1
    CARER = 2
    HOME = 3  # a children's home or foster carer
    SCHOOL = 4
    HEALTH = 5
    SOCIAL_CARE = 6
    POLICE = 7
    PUBLIC = 8


@dataclass(frozen=True, slots=True, repr=False)
class StrategyDiscussion:
    """A strategy discussion (Children Act 1989 s47). ``held_on`` is None where it has not been held
    yet."""

    held_on: date | None = None

    def __repr__(self) -> str:
        return "StrategyDiscussion(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What was stated. A field that was not stated has its default.

    Args:
        reason: the ground of the lookup.
        informed: whether child or family were informed.
        agreed_on: the day on which the parent or the competent young person agreed.
        strategy_discussion: of an enquiry.
        arrived_at: when the child arrived, in seconds since 1970 UTC.
        reported_by: who reported the child missing.
        checked: own records were checked for domestic abuse and refuge before asking.
        notified_on: the day on which the child's death was notified.
        ends_at: when the search for a missing child ends, in seconds since 1970 UTC.
        renewals: how often a manager renewed that search.

    Raises:
        Refused: MALFORMED, a number is out of its bounds.
    """

    reason: Reason | None = None
    informed: Informed | None = None
    agreed_on: date | None = None
    strategy_discussion: StrategyDiscussion | None = None
    arrived_at: int = 0
    reported_by: ReportedBy | None = None
    checked: bool = False
    notified_on: date | None = None
    ends_at: int = 0
    renewals: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.arrived_at < _LATEST and 0 <= self.ends_at < _LATEST):
            raise Refused(Code.MALFORMED, "facts: a time")
        if not 0 <= self.renewals <= RENEWALS:
            raise Refused(Code.MALFORMED, "facts: renewals")

    @property
    def significant_harm(self) -> bool:
        """Whether the ground is likely significant harm."""
        return self.reason is Reason.LIKELY_SIGNIFICANT_HARM

    def shown(self) -> tuple[str, ...]:
        """Return what was stated, a line a fact, for an officer of the agency that was asked."""
        discussion = self.strategy_discussion
        held = discussion.held_on if discussion else None
        lines = {
            "ground": self.reason and self.reason.name,
            "informed": self.informed and self.informed.name,
            "agreed on": self.agreed_on,
            "strategy discussion": held or (discussion and "not held yet"),
            "arrived": self.arrived_at and _minute(self.arrived_at),
            "reported by": self.reported_by and self.reported_by.name,
            "records checked": self.checked and "yes",
            "death notified on": self.notified_on,
            "search ends": self.ends_at and _minute(self.ends_at),
            "renewed": self.renewals,
        }
        return tuple(f"{name}: {value}" for name, value in lines.items() if value)

    def __repr__(self) -> str:
        return "Facts(…)"


def _minute(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
