"""What second persons have to decide: requests that wait for an approval, and lookups that are to
be reviewed. Pure; times are seconds since 1970 UTC.

Both follow from the agency's audit log alone: what was requested, approved, declined, asked and
reviewed stands there already, sealed and in an order that nobody can change. So nothing can be
decided without a record, and no second store can differ from it.

Law: nobody decides on what she asked herself, whatever the case in which her account is written;
who may decide is who may ask for that purpose. One decline ends a request. A lookup whose answers
could not wait is reviewed afterwards; one that is not reviewed in time is listed as an exception of
the agency, and closes no account: the next child must not be missed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from fingerpost.private.working_days import is_working_day
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Role
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row
from practitioner.asking.outcome import Question
from practitioner.asking.typed_dates import LONDON
from practitioner.sign_in.rules import Session

LOOK_BACK_SECONDS: Final = 90 * limits.DAY
"""Reviews that are older are in the audit log alone."""


ON_DUTY_SECONDS: Final = 8 * 3600
"""How long after her sign-in somebody counts as on duty."""


@unique
class SecondPersonRule(Rule):
    """What approving and reviewing must keep to at the gateway."""

    NO_SUCH_REQUEST = "no such request"
    WAITS = "the request waits for approval"
    DECLINED = "the request was declined"
    NO_SUCH_REVIEW = "no such lookup to review"
    ROLE = "role of the reviewer"


@dataclass(frozen=True, slots=True, repr=False)
class Requester:
    """Who asked, as her sign-in said."""

    subject: str
    name: str
    role: Role

    def __repr__(self) -> str:
        return "Requester(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Requested:
    """A question that waits for approval. ``number``: 16 hexadecimal digits."""

    number: str
    requester: Requester
    question: Question
    at: int

    @property
    def ends_at(self) -> int:
        return self.at + limits.APPROVAL_SECONDS

    def __repr__(self) -> str:
        return f"Requested({self.number})"


@dataclass(frozen=True, slots=True, repr=False)
class Decided:
    """A second person's decision on a request: a signed approval, or empty where she declined."""

    number: str
    by: str
    approval: bytes

    def __repr__(self) -> str:
        return f"Decided({self.number})"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A lookup that is to be reviewed. ``question`` is None once its month was forgotten."""

    operation: str
    requester: Requester | None
    purpose: Purpose
    question: Question | None
    at: int

    def __repr__(self) -> str:
        return f"Asked({self.operation})"


@unique
class Found(Enum):
    """What a reviewer found."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A lookup that was reviewed."""

    operation: str


@dataclass(frozen=True, slots=True)
class Left:
    """A query of a lookup is about to leave."""

    operation: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A lookup that ended without an outcome."""

    operation: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody signed in. ``subject``: her account, in lower case."""

    subject: str
    role: Role
    at: int


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Somebody signed out."""

    subject: str


Happened = Requested | Decided | Asked | Reviewed | Left | Broken | SignedIn | SignedOut


# ---- approvals -----------------------------------------------------------------------------------


def waiting(happened: Iterable[Happened], session: Session, now: float) -> tuple[Requested, ...]:
    """Return the requests on which this person may decide, the oldest first."""
    seen = tuple(happened)
    return tuple(
        each
        for each in seen
        if isinstance(each, Requested)
        and now < each.ends_at
        and _may_decide(session, each.requester, each.question.justification.purpose)
        and not _closed(_decisions(seen, each.number), session.subject)
    )


def to_decide(happened: Iterable[Happened], session: Session, number: str, now: float) -> Requested:
    """Return a request on which this person may decide.

    Raises:
        Refused: NOT_ALLOWED, alike for one that never was, is over, decided or her own.
    """
    for each in waiting(happened, session, now):
        if each.number == number:
            return each
    raise Refused(Code.NOT_ALLOWED, SecondPersonRule.NO_SUCH_REQUEST)


def approved(happened: Iterable[Happened], session: Session, number: str, now: float) -> Question:
    """Return the question of a request of one's own, with its approvals.

    Raises:
        Refused: NOT_ALLOWED, there is none of one's own, it is over, waits still, or was declined.
    """
    seen = tuple(happened)
    for each in seen:
        if not isinstance(each, Requested) or (each.number, each.requester.subject) != (
            number,
            session.subject,
        ):
            continue
        if now >= each.ends_at:
            break
        decisions = _decisions(seen, number)
        if any(not decision.approval for decision in decisions):
            raise Refused(Code.NOT_ALLOWED, SecondPersonRule.DECLINED)
        if not decisions:
            raise Refused(Code.NOT_ALLOWED, SecondPersonRule.WAITS)
        # One a person, though two processes may have recorded one each.
        given = tuple({decision.by: decision.approval for decision in decisions}.values())
        question = each.question
        why = replace(question.justification, approvals=given[: limits.APPROVALS])
        return replace(question, justification=why)
    raise Refused(Code.NOT_ALLOWED, SecondPersonRule.NO_SUCH_REQUEST)


def _decisions(happened: Iterable[Happened], number: str) -> tuple[Decided, ...]:
    return tuple(e for e in happened if isinstance(e, Decided) and e.number == number)


def _closed(decisions: tuple[Decided, ...], subject: str) -> bool:
    return (
        len(decisions) >= limits.APPROVALS
        or any(not each.approval for each in decisions)
        or any(each.by == subject.lower() for each in decisions)
    )


def _may_decide(session: Session, requester: Requester | None, purpose: Purpose) -> bool:
    own = requester is not None and requester.subject.lower() == session.subject.lower()
    return not own and may_decide(session.role, purpose)


def on_duty(
    happened: Iterable[Happened], requester: str, purpose: Purpose, now: float
) -> tuple[SignedIn, ...]:
    """Return who is on duty and may decide for a purpose, but for the requester: whoever signed in
    within the last eight hours with a role that may, and has not signed out since. The latest come
    first; each account once.

    Args:
        requester: her account.
    """
    here: dict[str, SignedIn] = {}
    for each in happened:
        if isinstance(each, SignedIn):
            here[each.subject] = each
        elif isinstance(each, SignedOut):
            here.pop(each.subject, None)
    found = [
        each
        for each in here.values()
        if now - ON_DUTY_SECONDS < each.at
        and each.subject != requester.lower()
        and may_decide(each.role, purpose)
    ]
    return tuple(sorted(found, key=lambda each: (-each.at, each.subject)))


def may_decide(role: Role, purpose: Purpose) -> bool:
    """Return whether a role may approve or review: whether it may ask for the purpose, by the
    widest terms of this release."""
    return row(TERMS, purpose, role) is not None


# ---- reviews -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """By when somebody confirms a lookup, and by when at the latest she reviews it."""

    confirmed: int
    reviewed: int


_CONFIRMED_WITHIN: Final[Mapping[Purpose, int | None]] = MappingProxyType(
    {
        Purpose.EMERGENCY_PROTECTION: 15 * 60,
        Purpose.EXPLOITATION: 3600,
        Purpose.CHILD_DEATH: None,
    }
)
"""In seconds; None: by the end of the next working day, as every review of these purposes but that
of an exploitation, which is over with its hour."""
REVIEWED: Final = frozenset(_CONFIRMED_WITHIN)


def due(purpose: Purpose, asked_at: int) -> Due:
    """Return when the review of a lookup for one of the ``REVIEWED`` purposes is due."""
    within = _CONFIRMED_WITHIN[purpose]
    end = _end_of_next_working_day(asked_at)
    if within is None:
        return Due(end, end)
    confirmed = asked_at + within
    return Due(confirmed, confirmed if purpose is Purpose.EXPLOITATION else end)


def _end_of_next_working_day(at: int) -> int:
    day = datetime.fromtimestamp(at, UTC).astimezone(LONDON).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    end = datetime.combine(day + timedelta(days=1), time(), LONDON)
    return int(end.timestamp())


def open_reviews(happened: Iterable[Happened]) -> tuple[Asked, ...]:
    """Return the lookups that nobody has reviewed, the oldest first.

    One that broke off needs no review only where no query of it was about to leave: whether a query
    came to the nodes is known from nobody whom the agency has to believe.
    """
    seen = tuple(happened)
    left = {each.operation for each in seen if isinstance(each, Left)}
    broken = {each.operation for each in seen if isinstance(each, Broken)}
    ended = {each.operation for each in seen if isinstance(each, Reviewed)} | (broken - left)
    return tuple(e for e in seen if isinstance(e, Asked) and e.operation not in ended)


def to_review(happened: Iterable[Happened], session: Session) -> tuple[Asked, ...]:
    """Return the lookups that this person may review: those of others at her agency."""
    return tuple(
        each
        for each in open_reviews(happened)
        if each.requester is not None and _may_decide(session, each.requester, each.purpose)
    )


def overdue(happened: Iterable[Happened], now: float) -> tuple[Asked, ...]:
    """Return the exceptions of an agency: lookups that were not confirmed in time, and that nobody
    has reviewed since."""
    return tuple(e for e in open_reviews(happened) if now >= due(e.purpose, e.at).confirmed)
