"""What a purpose takes and allows: the facts that a requester states, how far a query may go, and
with which keys.

Which purpose takes which fact: ``fingerpost.protocol.terms``. Facts are closed values and no free
text. The node that opened the query shows them to its agency's officers, who can hold the requester
to them. None of them says anything about the child, the family or the case: a reason names the
ground of the lookup, not what happened.

Law: pure. The requesting side runs these rules before it sends, and every node that opened a query
runs the same rules after, so that no honest requester is refused there. An area or an agency may be
stricter, never laxer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from fingerpost.private.demographics import Demographics
from fingerpost.private.plain_text import require_account, require_reference
from fingerpost.private.working_days import working_days_after
from fingerpost.protocol import limits
from fingerpost.protocol.codes import WIDE_REACHES, Purpose, Reach, Role, WideningReason
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import Agency, CodeLists
from fingerpost.protocol.ids import AreaCode
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.terms import Fact, Terms, row

TIME_BOX_SECONDS: Final = 72 * 3600
"""The longest search for a missing child before a manager renews it."""
RENEWALS: Final = 100
NOT_YET_WORKING_DAYS: Final = 2
"""How long a strategy discussion may be awaited, after the day since when it is."""
_LATEST: Final = 253_402_300_800
"""The year 10000. Attack: a later time cannot be shown as a date, and would hide its record from
the officer who reads it."""


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
    AWAY_TEN_SCHOOL_DAYS = 31
    AWAY_AT_HIGH_RISK = 32


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
        if self.held_on is not None:
            return self.held_on <= today + timedelta(days=1)
        since = self.awaited_since or today
        # Four weeks have more than two working days, whatever the holidays: nothing is counted.
        return (
            timedelta(days=-1) <= today - since <= timedelta(weeks=4)
            and working_days_after(since, today) <= NOT_YET_WORKING_DAYS
        )

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
        reviewer: the account of the manager who reviews the lookup by the end of the next working
            day.

    Raises:
        Refused: MALFORMED, a number is out of its bounds, or no account.
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
    reviewer: str = ""

    def __post_init__(self) -> None:
        if not (0 <= self.arrived_at < _LATEST and 0 <= self.ends_at < _LATEST):
            raise Refused(Code.MALFORMED, "facts: a time")
        if not 0 <= self.renewals <= RENEWALS:
            raise Refused(Code.MALFORMED, "facts: renewals")
        if self.reviewer:
            require_account(self.reviewer, "facts: reviewer")

    @property
    def significant_harm(self) -> bool:
        """Whether the ground is likely significant harm."""
        return self.reason is Reason.LIKELY_SIGNIFICANT_HARM

    def shown(self) -> tuple[str, ...]:
        """Return what was stated, a line a fact, for an officer of the agency that was asked."""
        discussion = self.strategy_discussion
        lines = {
            "ground": self.reason and self.reason.name,
            "informed": self.informed and self.informed.name,
            "agreed on": self.agreed_on,
            "strategy discussion": discussion and discussion.held_on,
            "strategy discussion awaited since": discussion and discussion.awaited_since,
            "arrived": self.arrived_at and _minute(self.arrived_at),
            "reported by": self.reported_by and self.reported_by.name,
            "records checked": self.checked and "yes",
            "death notified on": self.notified_on,
            "search ends": self.ends_at and _minute(self.ends_at),
            "renewed": self.renewals,
            "to be reviewed by": self.reviewer,
        }
        return tuple(f"{name}: {value}" for name, value in lines.items() if value)

    def __repr__(self) -> str:
        return "Facts(…)"


def _minute(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


_AGES: Final[Mapping[Purpose, tuple[int, int]]] = MappingProxyType(
    # Children Act 1989 s23C to s24D.
    {Purpose.LEAVING_CARE: (18, 25)}
)
"""The first and the last year of age, where a purpose is for some ages only."""


@unique
class PurposeRule(Rule):
    """What a question must keep to, by its purpose."""

    REFERENCE_FORM = "inner.reason_reference"
    APPROVER_FORM = "inner.approver"
    REACH = "reach of this purpose"
    AREAS = "more named areas than this purpose allows"
    REFERENCE = "reason reference"
    GROUND = "ground of this purpose"
    INFORMED = "whether child or family were informed"
    AGREED = "day of the agreement"
    STRATEGY_DISCUSSION = "day of the strategy discussion"
    STRATEGY_DISCUSSION_DUE = "strategy discussion awaited for too long"
    ARRIVAL = "time of arrival"
    APPROVER = "approver"
    REPORTED = "who reported the child missing"
    CHECKED = "check for domestic abuse and refuge"
    NOTIFIED = "day on which the death was notified"
    TIME_BOX = "end of the search"
    REVIEWER = "who reviews the lookup"
    OWN_APPROVER = "approver is the requester"
    OWN_REVIEWER = "reviewer is the requester"
    AGE = "age for this purpose"
    ALLOWANCE = "allowance of this role or purpose"
    WIDE_REACH = "wide keys in this reach"
    WIDE_WITHOUT_REASON = "wide keys in this reach without a reason"
    NOTHING_WIDENED = "a reason to widen, and nothing widened"
    MAY_NOT_WIDEN = "purpose may not widen"
    REASON = "reason to widen of this purpose"
    PURPOSE_NOT_IN_FORCE = "purpose not in force"
    ROLE_OF_AGENCY = "role of this kind of agency"
    ROLE_OF_PURPOSE = "role of this purpose"


RULE_OF: Final = MappingProxyType(
    {
        Fact.REFERENCE: PurposeRule.REFERENCE,
        Fact.REASON: PurposeRule.GROUND,
        Fact.INFORMED: PurposeRule.INFORMED,
        Fact.AGREED: PurposeRule.AGREED,
        Fact.STRATEGY_DISCUSSION: PurposeRule.STRATEGY_DISCUSSION,
        Fact.ARRIVAL: PurposeRule.ARRIVAL,
        Fact.APPROVAL: PurposeRule.APPROVER,
        Fact.REPORTED: PurposeRule.REPORTED,
        Fact.CHECKED: PurposeRule.CHECKED,
        Fact.NOTIFIED: PurposeRule.NOTIFIED,
        Fact.TIME_BOX: PurposeRule.TIME_BOX,
        Fact.REVIEW: PurposeRule.REVIEWER,
    }
)
"""The rule that refuses a lookup in which a fact is missing."""
_DUE: Final = PurposeRule.STRATEGY_DISCUSSION_DUE


@dataclass(frozen=True, slots=True, repr=False)
class Justification:
    """Why a lookup is made.

    Args:
        purpose: one of the closed list.
        reason_reference: of the case or referral, 64 characters at most; may be empty.
        approver: the account of a second person who agreed; may be empty.
        widened_because: of a second round, and of no other lookup.
        facts: what the purpose takes.

    Raises:
        Refused: MALFORMED, a text is out of its bounds.
    """

    purpose: Purpose
    reason_reference: str = ""
    approver: str = ""
    widened_because: WideningReason | None = None
    facts: Facts = field(default_factory=Facts)

    def __repr__(self) -> str:
        return f"Justification({self.purpose.name})"

    def __post_init__(self) -> None:
        require_reference(self.reason_reference, PurposeRule.REFERENCE_FORM)
        if self.approver:
            require_account(self.approver, PurposeRule.APPROVER_FORM)


_UNCERTAIN: Final = frozenset(
    {
        WideningReason.NO_UNIVERSAL_SERVICE_NAMED,
        WideningReason.OTHER_NAME_LIKELY,
        WideningReason.DATE_OF_BIRTH_UNCERTAIN,
        WideningReason.RECENT_MOVE,
    }
)
_DIRECTED: Final = _UNCERTAIN | {WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION}
_WIDENING: Final = MappingProxyType(
    {
        # Where harm is likely, and agencies may have sat together over it (Children Act 1989 s47).
        Purpose.S47_ENQUIRY: _DIRECTED,
        Purpose.EMERGENCY_PROTECTION: _DIRECTED,
        Purpose.EXPLOITATION: _DIRECTED,
        # Where it may be that nobody yet knows who the child is.
        Purpose.MISSING_CHILD: _UNCERTAIN,
        Purpose.URGENT_CARE: _UNCERTAIN,
        Purpose.CHILD_DEATH: _UNCERTAIN,
        Purpose.TRANSFER_IN: _UNCERTAIN,
        # Left out: purposes that ask their own area alone, where the wide keys were used at first;
        # CLA_CARE, LEAVING_CARE and PRACTICE_REVIEW are about a child whom the requester knows by
        # every name.
    }
)
"""For which purposes a lookup may be widened, and for which reasons; no other purpose may."""


def widening_reasons(purpose: Purpose) -> frozenset[WideningReason]:
    """Return why a lookup for this purpose may be asked again with wide keys beyond the own area.

    Where there is no reason, it may not.
    """
    return _WIDENING.get(purpose, frozenset())


def terms_in_force(purpose: Purpose, role: Role, agency: Agency, code_lists: CodeLists) -> Terms:
    """Return the terms on which somebody may ask.

    Args:
        purpose: of the lookup.
        role: of the practitioner.
        agency: the requester's.
        code_lists: as governance signed them.

    Raises:
        Refused: NOT_ALLOWED, the purpose is not in force, the role does not exist at this kind of
            agency, or may not ask for this purpose.
    """
    if all(each.purpose is not purpose for each in code_lists.terms):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.PURPOSE_NOT_IN_FORCE)
    seconded = role is Role.MASH_PRACTITIONER and agency.seconded_to
    if not seconded and role not in code_lists.roles_of(agency.kind):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_AGENCY)
    found = row(code_lists.terms, purpose, role)
    if found is None:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE)
    return found


def require_permitted(
    justification: Justification,
    terms: Terms,
    reach: Reach,
    named_areas: Collection[AreaCode],
    key_set: KeySet,
    *,
    subject: str,
) -> None:
    """Refuse a query whose justification does not allow its reach and its keys.

    WIDE keys go to the requester's own area, and further only in a second round that says why: a
    wide key lets more children's records open. A reason without need is refused too, so that nobody
    gets used to always giving one. Approver and reviewer are never the requester (``subject``),
    whether the purpose requires them or not.

    Raises:
        Refused: NOT_ALLOWED, naming the rule.
    """
    if reach not in terms.reaches:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.REACH)
    if len(named_areas) > terms.areas:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.AREAS)
    _require_reason(justification.purpose, reach, key_set, justification.widened_because)
    if justification.approver.lower() == subject.lower():
        raise Refused(Code.NOT_ALLOWED, PurposeRule.OWN_APPROVER)
    if justification.facts.reviewer.lower() == subject.lower():
        raise Refused(Code.NOT_ALLOWED, PurposeRule.OWN_REVIEWER)


def require_stated(
    justification: Justification, terms: Terms, demographics: Demographics, issued_at: int
) -> None:
    """Refuse a lookup that does not state what its purpose takes.

    Args:
        justification: what is stated.
        terms: as ``terms_in_force`` returns them.
        demographics: the child, whose age some purposes bound; a number can stand for the time of
            arrival.
        issued_at: when the query was made, in seconds since 1970 UTC. The same moment counts at the
            requester and at every node.

    Raises:
        Refused: NOT_ALLOWED, naming the first fact that is missing or does not hold.
    """
    missing = lacking(justification, terms, issued_at)
    if demographics.nhs_number:
        missing = [rule for rule in missing if rule is not PurposeRule.ARRIVAL]
    if missing:
        raise Refused(Code.NOT_ALLOWED, missing[0])
    youngest, oldest = _AGES.get(justification.purpose, (None, None))
    if youngest is not None and oldest is not None:
        today = datetime.fromtimestamp(issued_at, UTC).date()
        if demographics.dob is None or not youngest <= _age(demographics.dob, today) <= oldest:
            raise Refused(Code.NOT_ALLOWED, PurposeRule.AGE)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def lacking(justification: Justification, terms: Terms, now: int) -> list[PurposeRule]:
    """Return what is yet to be stated, in the order in which to ask for it.

    Args:
        justification: what is stated so far.
        terms: as ``terms_in_force`` returns them.
        now: in seconds since 1970 UTC.
    """
    facts, purpose = justification.facts, justification.purpose
    today = datetime.fromtimestamp(now, UTC).date()
    tomorrow = today + timedelta(days=1)  # the day begins earlier east
    discussion = facts.strategy_discussion
    stated = {
        Fact.REFERENCE: bool(justification.reason_reference),
        Fact.REASON: facts.reason in REASONS.get(purpose, ()),
        Fact.INFORMED: facts.informed is not None,
        Fact.AGREED: facts.agreed_on is not None and facts.agreed_on <= tomorrow,
        Fact.STRATEGY_DISCUSSION: discussion is not None and discussion.holds(today),
        Fact.ARRIVAL: 0 < facts.arrived_at <= now + limits.CLOCK_SKEW_SECONDS,
        Fact.APPROVAL: bool(justification.approver),
        Fact.REPORTED: facts.reported_by is not None,
        Fact.CHECKED: facts.checked,
        Fact.NOTIFIED: facts.notified_on is not None and facts.notified_on <= tomorrow,
        Fact.TIME_BOX: now < facts.ends_at <= now + TIME_BOX_SECONDS + limits.CLOCK_SKEW_SECONDS,
        Fact.REVIEW: bool(facts.reviewer),
    }
    missing = [RULE_OF[fact] for fact in sorted(terms.takes) if not stated[fact]]
    if discussion is not None and discussion.awaited_since is not None:
        # She stated it, and is told why it does not hold any more.
        missing = [_DUE if rule is PurposeRule.STRATEGY_DISCUSSION else rule for rule in missing]
    return missing


def _require_reason(
    purpose: Purpose, reach: Reach, key_set: KeySet, widened_because: WideningReason | None
) -> None:
    if key_set is KeySet.WIDE and reach not in WIDE_REACHES:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.WIDE_REACH)
    if key_set is not KeySet.WIDE or reach is Reach.AREA:
        if widened_because is not None:
            raise Refused(Code.NOT_ALLOWED, PurposeRule.NOTHING_WIDENED)
        return
    if widened_because is None:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.WIDE_WITHOUT_REASON)
    require_reason(purpose, widened_because)


def require_reason(purpose: Purpose, because: WideningReason) -> None:
    """Refuse a reason to widen that the purpose does not allow.

    Raises:
        Refused: NOT_ALLOWED, this purpose may not widen, or not for this reason.
    """
    reasons = widening_reasons(purpose)
    if not reasons:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.MAY_NOT_WIDEN)
    if because not in reasons:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.REASON)
