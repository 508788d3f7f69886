"""When a query's day, slot and epoch hold. Pure arithmetic on seconds since 1970 UTC.

Day and slot of a query come from its ``issued_at`` and from nothing else, so that requester and
node derive the same keys whatever their clocks say within the skew.
"""

from __future__ import annotations

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import QueryCore


def day_of(at: float) -> int:
    """Return days since 1970-01-01 UTC."""
    return int(at) // limits.DAY


def slot_of(at: float) -> int:
    return int(at) // limits.SLOT_SECONDS


def day_of_slot(slot: int) -> int:
    """Return the day of a slot. A slot lies within one day: a day is a whole number of slots."""
    return slot * limits.SLOT_SECONDS // limits.DAY


def slots_to_hold(now: float) -> tuple[int, ...]:
    """Return the slots whose locators a node must have at hand at ``now``: the current one, the
    previous one for ``PREVIOUS_SLOT_HELD_SECONDS`` longer, the next one ``NEXT_SLOT_EARLY_SECONDS``
    early.
    """
    first = slot_of(now - limits.PREVIOUS_SLOT_HELD_SECONDS)
    last = slot_of(now + limits.NEXT_SLOT_EARLY_SECONDS)
    return tuple(range(first, last + 1))


def require_fresh(core: QueryCore, now: float) -> None:
    """Require that the query's times are consistent and lie around ``now``.

    Raises ``Refused(NOT_FRESH)``; ``Refused(MALFORMED)`` when slot and ``issued_at`` disagree
    (attack: locators of one slot under the date of another would let a query be tried twice).
    """
    if core.slot != slot_of(core.issued_at):
        raise Refused(Code.MALFORMED, "core.slot")
    if not 0 < core.expires_at - core.issued_at <= limits.QUERY_LIFE_SECONDS:
        raise Refused(Code.NOT_FRESH, "core.expires_at")
    if core.issued_at > now + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.NOT_FRESH, "core.issued_at")
    if core.expires_at + limits.CLOCK_SKEW_SECONDS < now:
        raise Refused(Code.NOT_FRESH, "core.expires_at")
    life = core.passport_expires_at - core.issued_at
    if not 0 < life <= limits.PASSPORT_SECONDS or core.passport_expires_at < core.expires_at:
        raise Refused(Code.NOT_FRESH, "core.passport_expires_at")
