"""Justifications that state all that their purpose takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from fakes.federations import NOW
from fingerpost.private.justification import (
    AGREEING,
    REASONS,
    Engagement,
    Facts,
    Informed,
    Justification,
    Origin,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.protocol.codes import Purpose, WideningReason
from fingerpost.protocol.ids import AgencyId

PAST: Final = date(2026, 3, 2)


def stated(purpose: Purpose, now: float = NOW, council: AgencyId | None = None) -> Facts:
    """Every fact that some purpose takes. ``now``: when it is asked, in seconds since 1970 UTC.
    ``council``: at whose request, which must be one of the federation."""
    return Facts(
        reason=min(REASONS.get(purpose, frozenset()), default=None),
        engagement=Engagement.PRESENT,
        informed=Informed.FAMILY,
        agreed_by=min(AGREEING.get(purpose, frozenset()), default=None),
        agreed_on=PAST,
        requested_by=council,
        lead_since=PAST,
        strategy_discussion=StrategyDiscussion(PAST),
        arrived_at=int(now) - 600,
        joined_on=datetime.fromtimestamp(now, UTC).date(),
        origin=Origin.SCHOOL,
        not_hiding=True,
        reported_by=ReportedBy.CARER,
        checked=True,
        missing_since=int(now) - 3600,
        notified_on=PAST,
        nobody_nearer=True,
        reviewer="reviewer-1",
    )


def justified(
    purpose: Purpose,
    reference: str = "ref-1",
    because: WideningReason | None = None,
    *,
    now: float = NOW,
    council: AgencyId | None = None,
) -> Justification:
    return Justification(purpose, reference, because, stated(purpose, now, council))
