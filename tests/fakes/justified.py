"""Justifications that state all that their purpose takes."""

from __future__ import annotations

from datetime import date
from typing import Final

from fakes.federations import NOW
from fingerpost.private.purpose_rules import (
    REASONS,
    Facts,
    Informed,
    Justification,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.protocol.codes import Purpose, WideningReason

PAST: Final = date(2026, 3, 2)


def stated(purpose: Purpose, now: float = NOW) -> Facts:
    """Every fact that some purpose takes. ``now``: when it is asked, in seconds since 1970 UTC."""
    return Facts(
        reason=min(REASONS.get(purpose, frozenset()), default=None),
        informed=Informed.FAMILY,
        agreed_on=PAST,
        strategy_discussion=StrategyDiscussion(PAST),
        arrived_at=int(now) - 600,
        reported_by=ReportedBy.CARER,
        checked=True,
        notified_on=PAST,
        ends_at=int(now) + 3600,
        reviewer="reviewer-1",
    )


def justified(
    purpose: Purpose,
    reference: str = "ref-1",
    approver: str = "manager-1",
    because: WideningReason | None = None,
    *,
    now: float = NOW,
) -> Justification:
    return Justification(purpose, reference, approver, because, stated(purpose, now))
