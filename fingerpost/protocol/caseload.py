"""How much a node may have evaluated, by its declared caseload. Pure.

Whoever holds a record sees who asks about the child, so a node that copies the records of children
it has nothing to do with can watch them. A record is of use only with tags, and a tag costs one
evaluation at each key holder. The holders see neither rows nor children, so they bound evaluations:

* in an epoch, by the keys of the declared caseload and a quarter more;
* in a week, by a quarter of what the node had before. Tagging again what it had is no growth.

The marked records of each agency (``limits.MARKED_KEYS``), and the questions for them, come on top
of both: they take no room from children.

A signed ``Raise``, and the yearly intake of schools, widen both for a while. The bound is on keys:
a node that tags one key of each child fits as many children as a record has keys (24 times).

The holders are the bound. A node counts by the same rules, so that its operator is told in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import unique

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import Agency, Epoch, Member, Parameters
from fingerpost.protocol.ids import MemberId


@unique
class CaseloadRule(Rule):
    """Which bound an evaluation would pass."""

    EPOCH = "evaluations of the epoch"
    WEEK = "evaluations of the week: growth needs a signed raise"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a node may have evaluated for one epoch, in elements.

    Attributes:
        marked: the keys of its marked records, and of the questions for them. All that follows has
            them in it, but for ``growth_percent`` and ``more_this_week``.
        declared: the keys of its whole declared caseload.
        expected: the same, with what raises and intakes add in this epoch.
        most: in the whole epoch.
        growth_percent: of what it had before, in one week.
        least_growth: so much growth in a week is always allowed.
        more_this_week: growth that a raise or an intake allows now.
    """

    marked: int
    declared: int
    expected: int
    most: int
    growth_percent: int
    least_growth: int
    more_this_week: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a node has had evaluated, in elements.

    Attributes:
        before: the most in any earlier epoch, or under earlier blocking rules; None when there is
            none, for a node that begins.
        total: in this epoch.
        growth: in this epoch and week, beyond ``before``.
    """

    before: int | None
    total: int
    growth: int

    def and_now(self, amount: int, bounds: Bounds) -> Used:
        """Return what is used once ``amount`` more elements are evaluated.

        Raises:
            Refused: QUOTA, with the rule.
        """
        total = self.total + amount
        if total > bounds.most:
            raise Refused(Code.QUOTA, CaseloadRule.EPOCH)
        had = bounds.declared if self.before is None else min(self.before, bounds.declared)
        growth = self.growth + max(0, total - had) - max(0, self.total - had)
        usual = max(had * bounds.growth_percent // 100, bounds.least_growth)
        if growth > self.growth and growth > usual + bounds.more_this_week:
            raise Refused(Code.QUOTA, CaseloadRule.WEEK)
        return Used(self.before, total, growth)


def keys_of(parameters: Parameters, children: int) -> int:
    """Return how many keys the records of so many children have in the mean, rounded up."""
    return -(-children * parameters.keys_per_child_hundredths // 100)


def children_of(parameters: Parameters, elements: int) -> int:
    """Return how many children have so many keys in the mean, rounded down."""
    return elements * 100 // parameters.keys_per_child_hundredths


Hosted = Callable[[MemberId], Sequence[Agency]]
"""Returns the agencies of a node."""


def marked_keys(agencies: int) -> int:
    """Return how many keys the marked records of so many agencies of a node have at most, and the
    questions for them.
    """
    return agencies * limits.MARKED_KEYS + limits.MARKED_QUESTION_KEYS


def bounds(
    parameters: Parameters, member: Member, hosted: Hosted, epoch: Epoch, now: float
) -> Bounds:
    """Return what a node may have evaluated for ``epoch``.

    A raise or an intake counts towards the epoch from its first day until the epoch is over, since
    what was evaluated stays counted; towards a week only while it lasts.
    """
    windows = list(_windows(parameters, member, hosted, epoch, now))
    children = keys_of(parameters, member.declared_caseload + sum(w.children for w in windows))
    marked = marked_keys(len(hosted(member.id)))
    return Bounds(
        marked=marked,
        declared=keys_of(parameters, member.declared_caseload) + marked,
        expected=children + marked,
        most=children * parameters.indexing_percent // 100 + marked,
        growth_percent=parameters.growth_percent,
        least_growth=keys_of(parameters, limits.LEAST_CHILDREN) + marked,
        more_this_week=keys_of(parameters, sum(w.children for w in windows if w.open_at(now))),
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """A time with more children. ``begins`` and ``ends`` are in seconds since 1970 UTC."""

    children: int
    begins: int
    ends: int

    def open_at(self, now: float) -> bool:
        return self.begins <= now < self.ends

    def counts(self, epoch: Epoch, now: float) -> bool:
        """Return whether it has begun, and was not over before nodes indexed the epoch."""
        return self.begins <= now and epoch.index_from < self.ends


def _windows(
    parameters: Parameters, member: Member, hosted: Hosted, epoch: Epoch, now: float
) -> Iterator[_Window]:
    for granted in member.raises:
        window = _between(granted.first, granted.last, granted.children)
        if window.counts(epoch, now):
            yield window
    year = datetime.fromtimestamp(now, UTC).year
    for intake in parameters.intakes:
        for each in (year - 1, year):  # an epoch may begin in one year and end in the next
            first, last = (date.fromisoformat(f"{each}-{d}") for d in (intake.first, intake.last))
            window = _between(first, last, 0)
            if window.counts(epoch, now):
                taking = _of_kinds(member, hosted(member.id), frozenset(intake.kinds))
                yield replace(window, children=taking * intake.percent // 100)


def _between(first: date, last: date, children: int) -> _Window:
    start = date(1970, 1, 1).toordinal()
    begins, ends = first.toordinal() - start, last.toordinal() - start + 1
    return _Window(children, begins * limits.DAY, ends * limits.DAY)


def _of_kinds(member: Member, hosted: Sequence[Agency], kinds: frozenset[AgencyKind]) -> int:
    """Return how many of a node's declared children are at agencies of these kinds: all, if it has
    no other agencies, else as many as those agencies' public figures say.
    """
    those = [agency for agency in hosted if agency.kind in kinds]
    if len(those) == len(hosted):
        return member.declared_caseload if those else 0
    published = sum(a.public_figure.children for a in those if a.public_figure is not None)
    return min(published, member.declared_caseload)
