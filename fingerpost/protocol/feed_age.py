"""How old the records may be from which an agency answers, and the holidays of schools. Pure.

Invariants: the older of two sets of records is never good for longer; holidays never make it
shorter. Days are those of UTC. All of it is signed with the member list: node and requester judge
by the same values and the same function.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind

TERM_TIME_KINDS: Final = frozenset(
    {
        AgencyKind.SCHOOL,
        AgencyKind.MULTI_ACADEMY_TRUST,
        AgencyKind.COLLEGE,
        AgencyKind.EARLY_YEARS,
    }
)
"""The kinds of agency that may be closed in the holidays of schools."""
_FIRST_DAY: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class FeedAge:
    """The greatest age in days of the records from which a kind of agency may answer.

    ``term_time``: only days outside the school holidays of the agency's area count.
    """

    kind: AgencyKind
    days: Annotated[int, Meta(ge=1, le=3650)]
    term_time: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """School holidays from their first to their last day."""

    first: date
    last: date

    @property
    def begins(self) -> int:
        """Its first second, since 1970 UTC."""
        return _seconds(self.first)

    @property
    def ends(self) -> int:
        """The first second after it, since 1970 UTC."""
        return _seconds(self.last) + limits.DAY

    @property
    def days(self) -> int:
        return (self.ends - self.begins) // limits.DAY


def _seconds(day: date) -> int:
    return (day - _FIRST_DAY).days * limits.DAY


def are_a_calendar(holidays: Iterable[Holiday]) -> bool:
    """Return whether holidays stand in order, each of at most ``HOLIDAY_DAYS``, with at least
    ``TERM_DAYS`` between two (slip: a wrong year, by which old records would stay good for long).
    """
    before = 0
    for each in holidays:
        if not 1 <= each.days <= limits.HOLIDAY_DAYS or each.begins < before:
            return False
        before = each.ends + limits.TERM_DAYS * limits.DAY
    return True


@dataclass(frozen=True, slots=True)
class FeedLife:
    """How long records are good: without a warning (``ageing_at``) and at all (``ends_at``), in
    seconds since 1970 UTC.
    """

    ageing_at: int
    ends_at: int

    @property
    def last_day(self) -> date:
        """The last day (UTC) on which they are good."""
        return _FIRST_DAY + timedelta(days=(self.ends_at - 1) // limits.DAY)

    def is_ageing(self, now: float) -> bool:
        """Return whether half of the greatest age is over, or less than half of it is left."""
        return now > self.ageing_at

    def is_over(self, now: float) -> bool:
        """Return whether the records are too old to answer from."""
        return now > self.ends_at


def feed_life(as_of: int, seconds: int, holidays: Iterable[Holiday]) -> FeedLife:
    """Return how long records are good.

    Args:
        as_of: of what moment they are, in seconds since 1970 UTC.
        seconds: their greatest age.
        holidays: those that do not count, in order; none where every day counts.
    """
    known, half = tuple(holidays), seconds // 2
    ends_at = _ends_at(as_of, seconds, known)
    return FeedLife(min(_ends_at(as_of, half, known), ends_at - half), ends_at)


def _ends_at(as_of: int, seconds: int, holidays: Iterable[Holiday]) -> int:
    """Return when an age is reached that stands still in the holidays.

    It never stands still beyond a long holiday: with the next school year come children whom no
    record of the last one has, and a "no" from it would be none.
    """
    at, left = as_of, seconds
    for holiday in holidays:
        if holiday.ends <= at:
            continue
        if holiday.begins - at > left:
            break
        left -= max(0, holiday.begins - at)
        at = holiday.ends
        if holiday.days > limits.LONG_HOLIDAY_DAYS:
            left = 0
            break
    return max(as_of + seconds, at + left)


_WEEK, _FORTNIGHT, _TWO_MONTHS = 7, 14, 60
FOUNDING_AGES: Final = (
    FeedAge(AgencyKind.LOCAL_AUTHORITY, _WEEK),
    FeedAge(AgencyKind.SCHOOL, _FORTNIGHT, term_time=True),
    FeedAge(AgencyKind.MULTI_ACADEMY_TRUST, _FORTNIGHT, term_time=True),
    FeedAge(AgencyKind.COLLEGE, _FORTNIGHT, term_time=True),
    FeedAge(AgencyKind.EARLY_YEARS, _FORTNIGHT),
    FeedAge(AgencyKind.GP_PRACTICE, _FORTNIGHT),
    FeedAge(AgencyKind.NHS_TRUST, _WEEK),
    FeedAge(AgencyKind.ICB, _WEEK),
    FeedAge(AgencyKind.AMBULANCE, _WEEK),
    FeedAge(AgencyKind.POLICE, _WEEK),
    FeedAge(AgencyKind.YOUTH_JUSTICE, _WEEK),
    FeedAge(AgencyKind.VCS, _TWO_MONTHS),
    FeedAge(AgencyKind.HOUSING, _FORTNIGHT),
    FeedAge(AgencyKind.FIRE, _FORTNIGHT),
    FeedAge(AgencyKind.DENTAL_PRACTICE, _FORTNIGHT),
    FeedAge(AgencyKind.CHILDRENS_HOME, _FORTNIGHT),
)
"""What a federation begins with; the founding writes it into the parameters. Most nurseries are
open in the holidays of schools."""
