"""For how long the bodies of an audit log can be read, and what stops their end. Pure.

Law: the key of a month is destroyed three years after the month, by itself, and never while a
legal hold is in force. One person sets a hold; two lift it (attack: one person ends it, and with it
the evidence about herself). Both acts are entries of the log itself, so nothing else has to be
kept, and none of it can be taken back unseen. The chain, and what it counts, stays for good.
"""

from __future__ import annotations

from typing import Final

from fingerpost.audit.chain import Actor, AuditEvent, Month
from fingerpost.protocol.errors import Defect

KEPT_YEARS: Final = 3
HOLD_SET: Final = "audit.hold_set"
HOLD_LIFTED: Final = "audit.hold_lifted"
ITSELF: Final = Actor("retention")
"""Who forgets a month by itself."""


def is_due(month: Month, reached: float) -> bool:
    """Return whether every entry of a month is older than the period.

    Args:
        reached: seconds since 1970 UTC, up to which both clocks have run (``trusted_time``).
    """
    if reached <= 0:
        return False
    year, _, of_year = Month.at(int(reached)).value.partition("-")
    return month.value < f"{int(year) - KEPT_YEARS:04}-{of_year}"


def after(holds: frozenset[int], seq: int, event: AuditEvent) -> frozenset[int]:
    """Return the holds that are in force after an entry.

    Args:
        holds: those before it, by the numbers of the entries that set them.
        seq: the entry's own number.
    """
    if event.kind == HOLD_SET:
        return holds | {seq}
    if event.kind == HOLD_LIFTED:
        return holds - {int(event.fields["hold"])}
    return holds


def require_two(one: Actor, other: Actor) -> None:
    """Raises ``Defect``: it is one person twice, whatever the case in which she is written."""
    if one.value.lower() == other.value.lower():
        raise Defect("--second: another person than --by is needed")


def require_free(holds: frozenset[int]) -> None:
    """Raises ``Defect``: a legal hold is in force."""
    if holds:
        numbers = ", ".join(map(str, sorted(holds)))
        raise Defect(f"a legal hold is in force (entry {numbers}): nothing is forgotten")
