"""What the key holders metered, beside what governance signed. Pure.

Each holder reports by week what every member had evaluated. One who uses more than its agencies
explain stands out: a node that indexes more children than it declared, or that grows, may be
watching children by holding their records. The reports are signed, and laid beside each other: a
holder that hides a member's use is found by the other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from authority.caseloads import hosted_by
from authority.draft import Draft
from fingerpost.protocol import limits
from fingerpost.protocol.caseload import bounds, children_of, keys_of, marked_keys
from fingerpost.protocol.codec.reports import MeteredEpoch, MeteredMember, MeterReport
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, Member, Party
from fingerpost.protocol.ids import EpochNumber, MemberId

DIFFERENCE_PERCENT = 5
DIFFERENCE_ELEMENTS = 4 * limits.BATCH_ELEMENTS
"""The two holders may differ by so much: a request can fail at one of them, and is repeated."""
MUCH_GROWTH_PERCENT = 10
"""Of its caseload, besides raises and intake. A node whose children change little grows by some per
cent in a week."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one member used in the week, by the greater count of the two holders.

    Attributes:
        member: None for one that the draft does not list.
        declared: children.
        published: children, by the public figures of its agencies.
        indexed: of the newest epoch, in children of the mean number of keys, without the marked
            records of its agencies.
        grown: in the week, likewise, beyond what it had before.
        lookups: of the week.
        why: why it stands out; empty where it does not.
    """

    id: MemberId
    member: Member | None
    declared: int
    published: int
    indexed: int
    grown: int
    lookups: int
    why: tuple[str, ...]

    @property
    def weight(self) -> tuple[int, float]:
        """How far it stands out: the number of reasons, then the share of its caseload."""
        return len(self.why), (self.indexed + self.grown) / max(self.declared, 1)


def require_a_pair(reports: Sequence[MeterReport], draft: Draft) -> None:
    """Refuse what is not one report of each key holder about one week of this federation.

    Raises:
        Refused: NOT_ALLOWED.
    """
    parameters = draft.parameters
    if {each.holder for each in reports} != set(parameters.key_holders) or len(reports) != 2:
        raise Refused(Code.NOT_ALLOWED, "one report of each key holder")
    if any(each.federation != parameters.federation for each in reports):
        raise Refused(Code.NOT_ALLOWED, "report of another federation")
    if len({each.week for each in reports}) != 1:
        raise Refused(Code.NOT_ALLOWED, "reports of two weeks")


def uses(draft: Draft, reports: Sequence[MeterReport]) -> tuple[Use, ...]:
    """Return what every member used, those who stand out first.

    Args:
        reports: of both holders, as ``require_a_pair`` admits them.
    """
    counted = [{each.member: each for each in report.members} for report in reports]
    comparison = _Comparison(draft, hosted_by(draft), reports[0].week)
    found = [
        comparison.use(id_, [of.get(id_, MeteredMember(id_, 0, False, ())) for of in counted])
        for id_ in sorted({member for of in counted for member in of})
    ]
    return tuple(sorted(found, key=lambda use: use.weight, reverse=True))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """``hosted``: the agencies of each node; ``week``: in weeks since 1970."""

    draft: Draft
    hosted: Mapping[MemberId, tuple[Agency, ...]]
    week: int

    def use(self, id_: MemberId, counts: Sequence[MeteredMember]) -> Use:
        member = self.draft.members.get(id_)
        epoch = max((_key(e) for count in counts for e in count.epochs), default=None)
        those = [e for count in counts for e in count.epochs if _key(e) == epoch]
        total = max((e.total for e in those), default=0)
        growth = max((e.growth_of_week for e in those), default=0)
        why = [*_why_of_counts(counts)]
        if member is None:
            why.append("is not in the list any more")
        elif member.party is Party.NODE and epoch is not None:
            why += self._why_of_node(member, epoch[0], total, growth)
        return Use(
            id_,
            member,
            declared=member.declared_caseload if member is not None else 0,
            published=sum(
                agency.public_figure.children
                for agency in self._agencies(id_)
                if agency.public_figure is not None
            ),
            indexed=children_of(self.draft.parameters, max(0, total - self._marked(id_))),
            grown=children_of(self.draft.parameters, growth),
            lookups=max(count.lookup_elements for count in counts) // limits.LOCATORS,
            why=tuple(why),
        )

    def _why_of_node(
        self, member: Member, number: EpochNumber, total: int, growth: int
    ) -> Iterator[str]:
        """Yield what a node's declaration, with its raises and the intake of that week, does not
        explain.
        """
        parameters = self.draft.parameters
        declared = keys_of(parameters, member.declared_caseload)
        expected, more = declared + self._marked(member.id), 0
        for epoch in parameters.epochs:
            if epoch.number == number:
                end = (self.week + 1) * limits.WEEK_SECONDS - 1
                allowed = bounds(parameters, member, self._agencies, epoch, end)
                expected, more = allowed.expected, allowed.more_this_week
        if total > expected:
            yield "indexed more than it declared"
        if (growth - more) * 100 > declared * MUCH_GROWTH_PERCENT:
            yield f"grew by more than {MUCH_GROWTH_PERCENT} % of what it declared"

    def _marked(self, node: MemberId) -> int:
        return marked_keys(len(self._agencies(node)))

    def _agencies(self, node: MemberId) -> tuple[Agency, ...]:
        return self.hosted.get(node, ())


def _key(metered: MeteredEpoch) -> tuple[EpochNumber, int]:
    return metered.epoch, metered.rules


def _why_of_counts(counts: Sequence[MeteredMember]) -> Iterator[str]:
    if any(
        abs(one - other) > max(DIFFERENCE_ELEMENTS, max(one, other) * DIFFERENCE_PERCENT // 100)
        for one, other in _pairs(*counts)
    ):
        yield "the two holders do not agree"
    if any(count.refused for count in counts):
        yield "was refused by a quota"


def _pairs(one: MeteredMember, other: MeteredMember) -> Iterator[tuple[int, int]]:
    """Yield the two holders' counts of the lookups, and of each epoch."""
    yield one.lookup_elements, other.lookup_elements
    ones, others = ({_key(e): e.total for e in each.epochs} for each in (one, other))
    for epoch in ones.keys() | others.keys():
        yield ones.get(epoch, 0), others.get(epoch, 0)
