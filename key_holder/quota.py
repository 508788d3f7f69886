"""Bound how much a member may have evaluated. Pure.

Metering keeps a member with ill will from a run over all children of England: it can test guesses,
and watch children by holding their records, only as fast as it may ask (G3, G8). Lookups and bulk
are metered apart, so that a nightly import never stops a lookup.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fingerpost.protocol import limits
from fingerpost.protocol.caseload import Bounds, Used, bounds
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch, Federation, Member, Party
from fingerpost.protocol.messages import Workload, day_of


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A time for which a member's use is counted.

    Attributes:
        number: of bulk the epoch; of lookups the day, in days since 1970.
        rules: of bulk the normalisation version, since other blocking rules mean other keys, which
            are evaluated anew; 0 of lookups.
        week: in weeks since 1970.
    """

    workload: Workload
    number: int
    rules: int
    week: int


@dataclass(frozen=True, slots=True)
class Count:
    """What was evaluated in a period, in elements.

    Attributes:
        growth: of bulk, what of it was more than the node had before.
        refused: whether a quota refused anything.
    """

    period: Period
    elements: int = 0
    growth: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a member may have evaluated in ``period``: of lookups at most ``day``, of bulk within
    ``bulk``.
    """

    period: Period
    day: int = 0
    bulk: Bounds | None = None

    def charge(self, counted: Iterable[Count], amount: int) -> Count:
        """Return the count of the period once ``amount`` more elements are evaluated.

        Args:
            counted: all of this member's counts of this workload.

        Raises:
            Refused: QUOTA.
        """
        known = list(counted)
        mine = self._mine(known)
        if self.bulk is None:
            if mine.elements + amount > self.day:
                raise Refused(Code.QUOTA, "lookups of the day")
            return replace(mine, elements=mine.elements + amount)
        used = used_of(known, self.period).and_now(amount, self.bulk)
        return replace(mine, elements=mine.elements + amount, growth=used.growth)

    def refuse(self, counted: Iterable[Count]) -> Count:
        """Return the count of the period once a quota has refused something."""
        return replace(self._mine(counted), refused=True)

    def _mine(self, counted: Iterable[Count]) -> Count:
        return next((each for each in counted if each.period == self.period), Count(self.period))


def used_of(counted: Iterable[Count], period: Period) -> Used:
    """Return what a node has had evaluated by a period of an epoch and a week.

    What it had before is the most that it had in any other epoch, or under other rules: each of
    those was bounded in its own time.
    """
    totals: dict[tuple[int, int], int] = {}
    growth = 0
    for each in counted:
        of = each.period.number, each.period.rules
        totals[of] = totals.get(of, 0) + each.elements
        if each.period == period:
            growth = each.growth
    total = totals.pop((period.number, period.rules), 0)
    return Used(max(totals.values(), default=None), total, growth)


def allowance(
    federation: Federation, member: Member, workload: Workload, epoch: Epoch, now: float
) -> Allowance:
    """Return what ``member`` may have evaluated: a gateway lookups by day, a node bulk by epoch and
    by week (``caseload``). A lookup has up to two queries of 32 elements.

    Raises:
        Refused: NOT_ALLOWED for a workload that the member's party does not have.
    """
    week = week_of(now)
    match workload, member.party:
        case Workload.LOOKUP, Party.GATEWAY:
            period = Period(workload, day_of(now), 0, week)
            return Allowance(period, day=2 * member.lookups_per_day * limits.LOCATORS)
        case Workload.BULK, Party.NODE:
            rules = federation.parameters.normalisation_version
            period = Period(workload, epoch.number.value, rules, week)
            return Allowance(
                period, bulk=bounds(federation.parameters, member, federation.hosted_by, epoch, now)
            )
        case _:
            raise Refused(Code.NOT_ALLOWED, "workload of this member")


def week_of(at: float) -> int:
    """Return the week of a time in seconds since 1970 UTC, in weeks since then."""
    return int(at) // limits.WEEK_SECONDS
