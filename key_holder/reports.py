"""What a key holder reports to the authority of one week: how much each member had evaluated. Pure.

The authority lays it beside the other holder's report and beside what governance signed (attack: a
node copies records to watch children, or a gateway asks more than its agencies need, and only the
holders could see it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from fingerpost.protocol.codec.reports import MeteredEpoch, MeteredMember, MeterReport
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Workload
from key_holder.quota import Count

LATEST_EPOCHS: Final = 8


def report(
    federation: FederationId,
    holder: MemberId,
    counted: Mapping[MemberId, tuple[Count, ...]],
    week: int,
    now: float,
) -> MeterReport:
    """Return the report of a week. Members that had nothing evaluated by then are left out.

    Args:
        counted: all counts of the meter.
    """
    members = (_member(member, counts, week) for member, counts in sorted(counted.items()))
    some = tuple(each for each in members if each.lookup_elements or each.refused or each.epochs)
    return MeterReport(federation, holder, week, int(now), some)


def _member(member: MemberId, counts: Iterable[Count], week: int) -> MeteredMember:
    known = [count for count in counts if count.period.week <= week]
    present = [count for count in known if count.period.week == week]
    return MeteredMember(
        member,
        sum(c.elements for c in present if c.period.workload is Workload.LOOKUP),
        any(c.refused for c in present),
        _epochs([c for c in known if c.period.workload is Workload.BULK], week),
    )


def _epochs(counts: Iterable[Count], week: int) -> tuple[MeteredEpoch, ...]:
    found: dict[tuple[int, int], list[Count]] = {}
    for count in counts:
        found.setdefault((count.period.number, count.period.rules), []).append(count)
    return tuple(
        MeteredEpoch(
            EpochNumber(number),
            rules,
            sum(c.elements for c in those),
            sum(c.elements for c in those if c.period.week == week),
            sum(c.growth for c in those if c.period.week == week),
        )
        for (number, rules), those in sorted(found.items())[-LATEST_EPOCHS:]
    )
