"""Why a lookup is made, as the requester states it: the purpose, the reference, and the facts.

Facts are closed values and no free text. The node that opened the query shows them to its agency's
officers, who can hold the requester to them. None of them says anything about the child, the family
or the case: a reason names the ground of the lookup, not what happened.

Law: pure. A value checks its own bounds when it is made; what a purpose takes is the matter of
``purpose_rules``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final, Self

from fingerpost.private.plain_text import require_account, require_reference
from fingerpost.private.working_days import working_days_after
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, WideningReason
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.ids import AgencyId

NOT_YET_WORKING_DAYS: Final = 2
"""How long a strategy discussion may be awaited, after the day since when it is."""


class Choice(IntEnum):
    """A closed value, with plain words for the requester who chooses it and the officer who reads
    it. In them "it" is the asking agency."""

    words: str

    def __new__(cls, number: int, words: str) -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.words = words
        return member


@unique
class Reason(Choice):
    """The ground of a lookup, where its purpose takes one. Which purpose may give which:
    ``REASONS``."""

    SAID_BY_CHILD = 1, "the child said something"
    SEEN_BY_STAFF = 2, "staff saw something"
    REPORTED_BY_OTHERS = 3, "somebody else reported something"
    PATTERN_OVER_TIME = 4, "there were small signs over time"
    THRESHOLD_NOT_CLEAR = 11, "it is not clear whether the referral meets the threshold"
    LIKELY_IN_NEED = 12, "the child is likely to be in need"
    LIKELY_SIGNIFICANT_HARM = 13, "the child is likely to suffer significant harm"
    POLICE_PROTECTION = 21, "the police have taken the child into protection"
    EMERGENCY_ORDER = 22, "an emergency protection order is made or applied for"
    IMMEDIATE_DANGER = 23, "the child is in immediate danger"
    AWAY_TEN_SCHOOL_DAYS = 31, "the child has been away for ten school days"
    AWAY_AT_HIGH_RISK = 32, "the child is away and at high risk"


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
        # Education Act 1996 s436A.
        Purpose.MISSING_EDUCATION: frozenset(
            {Reason.AWAY_TEN_SCHOOL_DAYS, Reason.AWAY_AT_HIGH_RISK}
        ),
    }
)


@unique
class Engagement(Choice):
    """What the requester's agency has to do with the child today."""

    RECORDED = 1, "the child is in its records"
    PRESENT = 2, "the child is with it now"
    REFERRED = 3, "the child was referred to it"
    CONTACTED = 4, "somebody told it about the child"


@unique
class Informed(Choice):
    """Whether child or family know that agencies are asked, or why it is not safe to say so."""

    FAMILY = 1, "the family knows"
    CHILD = 2, "the child knows"
    NOT_SAFE_FOR_CHILD = 11, "no: that is not safe for the child"
    NOT_SAFE_FOR_OTHERS = 12, "no: that is not safe for somebody else"
    WOULD_HARM_ENQUIRY = 13, "no: that would harm the enquiry"
    NOT_REACHED = 14, "no: nobody could be reached"


@unique
class AgreedBy(Choice):
    """Who agreed. Which purpose may give which: ``AGREEING``."""

    PARENT = 1, "a parent"
    YOUNG_PERSON = 2, "the young person, who is competent to decide"
    YOUNG_ADULT = 3, "the young adult"


AGREEING: Final[Mapping[Purpose, frozenset[AgreedBy]]] = MappingProxyType(
    {
        Purpose.EARLY_HELP: frozenset({AgreedBy.PARENT, AgreedBy.YOUNG_PERSON}),
        # An adult decides for herself, and nobody for her.
        Purpose.LEAVING_CARE: frozenset({AgreedBy.YOUNG_ADULT}),
    }
)


@unique
class Origin(Choice):
    """From where a child who is new at an agency is known to have come: what names the areas."""

    SCHOOL = 1, "the last school is known"
    PRACTICE = 2, "the last GP practice is known"
    POSTCODE = 3, "the last postcode is known"


@unique
class ReportedBy(Choice):
    """Who reported a child missing. Attack: somebody from whom a family hides reports it."""

    PARENT = 1, "a parent"
    CARER = 2, "a carer"
    HOME = 3, "a children's home or a foster carer"
    SCHOOL = 4, "a school or a nursery"
    HEALTH = 5, "a health service"
    SOCIAL_CARE = 6, "children's social care"
    POLICE = 7, "the police"
    PUBLIC = 8, "a member of the public"


@dataclass(frozen=True, slots=True, repr=False)
class StrategyDiscussion:
    """A strategy discussion (Children Act 1989 s47): the day on which it was held, or the day since
    when it is awaited.

    Raises:
        Refused: MALFORMED, both days or neither.
    """

    held_on: date | None = None
    awaited_since: date | None = None

    def __post_init__(self) -> None:
        if (self.held_on is None) == (self.awaited_since is None):
            raise Refused(Code.MALFORMED, "facts: strategy discussion")

    def holds(self, today: date) -> bool:
        """Return whether it can be so, and is not awaited for too long."""
        if self.is_ahead(today):
            return False
        if self.awaited_since is None:
            return True
        # Four weeks have more than two working days, whatever the holidays: nothing is counted.
        return (
            today - self.awaited_since <= timedelta(weeks=4)
            and working_days_after(self.awaited_since, today) <= NOT_YET_WORKING_DAYS
        )

    def is_ahead(self, today: date) -> bool:
        """Return whether its day is later than tomorrow: a day begins earlier east."""
        stated = self.held_on or self.awaited_since
        return stated is not None and stated > today + timedelta(days=1)

    def __repr__(self) -> str:
        return "StrategyDiscussion(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What was stated. A field that was not stated has its default.

    Args:
        reason: the ground of the lookup.
        engagement: what the asking agency has to do with the child.
        informed: whether child or family were informed.
        agreed_by: who agreed: a parent, or the young person.
        agreed_on: the day on which they did.
        requested_by: the council at whose request an enquiry is made.
        lead_since: the day on which a social worker named the requester lead practitioner.
        strategy_discussion: of an enquiry.
        arrived_at: when the child arrived, in seconds since 1970 UTC.
        joined_on: the day on which the child came into the asking agency's records.
        origin: from where the child came.
        not_hiding: it was considered whether the family may be hiding, and nothing points to it.
        reported_by: who reported the child missing.
        checked: own records were checked for domestic abuse and refuge before asking.
        missing_since: when the search for a missing child began, in seconds since 1970 UTC.
        renewed_at: when a manager last renewed that search, likewise; 0 for never.
        renewed_by: the account of that manager.
        notified_on: the day on which the child's death was notified.
        nobody_nearer: the nearer areas were asked first, and nobody there knows the child.
        reviewer: the account of the manager who reviews the lookup by the end of the next working
            day.
        call_back: the council whose duty desk to ring back, where the requester is seconded to it;
            None for the desk of her own agency.

    Raises:
        Refused: MALFORMED, a time is out of its bounds, or a name is none.
    """

    reason: Reason | None = None
    engagement: Engagement | None = None
    informed: Informed | None = None
    agreed_by: AgreedBy | None = None
    agreed_on: date | None = None
    requested_by: AgencyId | None = None
    lead_since: date | None = None
    strategy_discussion: StrategyDiscussion | None = None
    arrived_at: int = 0
    joined_on: date | None = None
    origin: Origin | None = None
    not_hiding: bool = False
    reported_by: ReportedBy | None = None
    checked: bool = False
    missing_since: int = 0
    renewed_at: int = 0
    renewed_by: str = ""
    notified_on: date | None = None
    nobody_nearer: bool = False
    reviewer: str = ""
    call_back: AgencyId | None = None

    def __post_init__(self) -> None:
        times = (self.arrived_at, self.missing_since, self.renewed_at)
        # Attack: such a time hides its record from the officer who reads it.
        if not all(0 <= at < limits.LATEST for at in times):
            raise Refused(Code.MALFORMED, "facts: a time")
        for account, what in ((self.renewed_by, "renewed by"), (self.reviewer, "reviewer")):
            if account:
                require_account(account, f"facts: {what}")

    @property
    def significant_harm(self) -> bool:
        """Whether the ground is likely significant harm."""
        return self.reason is Reason.LIKELY_SIGNIFICANT_HARM

    def shown(self) -> tuple[str, ...]:
        """Return what was stated, a line a fact, for an officer of the agency that was asked."""
        discussion = self.strategy_discussion
        lines = {
            "ground": _words(self.reason),
            "the asking agency": _words(self.engagement),
            "informed": _words(self.informed),
            "agreed by": _words(self.agreed_by),
            "agreed on": self.agreed_on,
            "requested by": self.requested_by,
            "lead practitioner since": self.lead_since,
            "strategy discussion": discussion and discussion.held_on,
            "strategy discussion awaited since": discussion and discussion.awaited_since,
            "arrived": _minute(self.arrived_at),
            "in own records since": self.joined_on,
            "came from": _words(self.origin),
            "nothing points to a family that hides": _yes(self.not_hiding),
            "reported by": _words(self.reported_by),
            "records checked": _yes(self.checked),
            "missing since": _minute(self.missing_since),
            "search renewed": _minute(self.renewed_at),
            "search renewed by": self.renewed_by,
            "death notified on": self.notified_on,
            "nobody nearer knows the child": _yes(self.nobody_nearer),
            "to be reviewed by": self.reviewer,
            "to be rung back at": self.call_back,
        }
        return tuple(f"{name}: {value}" for name, value in lines.items() if value)

    def __repr__(self) -> str:
        return "Facts(…)"


def _words(chosen: Choice | None) -> str:
    return chosen.words if chosen is not None else ""


def _yes(stated: bool) -> str:
    return "yes" if stated else ""


def _minute(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" if at else ""


@unique
class StatedRule(Rule):
    """The texts of a justification that have a form of their own."""

    REFERENCE_FORM = "inner.reason_reference"


@dataclass(frozen=True, slots=True, repr=False)
class Justification:
    """Why a lookup is made.

    Args:
        purpose: one of the closed list.
        reason_reference: of the case or referral, 64 characters at most; may be empty.
        widened_because: of a second round, and of no other lookup.
        facts: what the purpose takes.
        approvals: of second persons, as they signed them; what is in them is the matter of
            ``approvals``.

    Raises:
        Refused: MALFORMED, a text or an approval is out of its bounds, or there are too many.
    """

    purpose: Purpose
    reason_reference: str = ""
    widened_because: WideningReason | None = None
    facts: Facts = field(default_factory=Facts)
    approvals: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Justification({self.purpose.name})"

    def __post_init__(self) -> None:
        require_reference(self.reason_reference, StatedRule.REFERENCE_FORM)
        sizes = [len(approval) for approval in self.approvals]
        if len(sizes) > limits.APPROVALS or not all(0 < n <= limits.APPROVAL_BYTES for n in sizes):
            raise Refused(Code.MALFORMED, "inner.approvals")
