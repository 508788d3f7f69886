"""Agreements for tests: the ready set, in force for years around any day, and rules by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from agency_node.policy.agreement import Agreement, read_agreement
from agency_node.policy.store import ready
from agency_node.policy.words import Signed
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS

SIGNED: Final = Signed(TERMS, ROLES_AT)
TODAY: Final = date(2026, 12, 1)


def ready_around(at: float) -> str:
    """The ready set as text, in force for 500 days before and after a time."""
    day = datetime.fromtimestamp(at, UTC).date()
    return ready(day - timedelta(days=500), day + timedelta(days=500))


@cache
def ready_agreement(at: float) -> Agreement:
    return read_agreement(ready_around(at))


def rule(
    scope: str = "principal, action, resource",
    *,
    id_: str = "a-rule",
    effect: str = "permit",
    detail: str = "service",
    first: str = "2026-01-01",
    last: str = "2027-12-31",
    more: str = "",
) -> str:
    """One rule as text. An empty ``detail``, ``first`` or ``last`` is left out."""
    stated = {"id": id_, "sentence": "What it says.", "from": first, "until": last}
    if effect == "permit":
        stated["detail"] = detail
    annotations = " ".join(f'@{name}("{value}")' for name, value in stated.items() if value)
    return f"{annotations} {effect} ({scope}) {more};"


def agreement(*rules: str) -> Agreement:
    return read_agreement("\n".join(rules))
