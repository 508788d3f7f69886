"""Which lookups knock at an agency's desk, and how soon the desk is told. Pure.

A lookup knocks where the child is known at the agency, or may be, and the agency disclosed nothing:
because the child is shielded, or only possibly known, or the service is sensitive, or because the
purpose or the place is not permitted. The requester reads what she reads of an unknown child, and
the desk decides whether to ring her. A desk that is told of every lookup soon reads none, so
there are three lanes.

Law: a lane follows from what was asked and found, and never from a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum, unique
from typing import Final

from agency_node.answering.matching import Finding
from agency_node.desks.duty import LONDON
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Status

RING_NOW_FOR: Final = frozenset(
    {
        Purpose.S47_ENQUIRY,
        Purpose.EMERGENCY_PROTECTION,
        Purpose.URGENT_CARE,
        Purpose.MISSING_CHILD,
    }
)
LISTS: Final = (time(9), time(14))
"""When desks are told of the knocks that can wait, by the wall clock of England."""
REMEMBERED_SECONDS: Final = 7 * limits.DAY
SCATTERED: Final = 2
_MAY_BE_KNOWN: Final = frozenset({Finding.MATCH.value, Finding.POSSIBLE.value})


@unique
class Lane(IntEnum):
    """How soon a desk is told. The value is stored."""

    RING_NOW = 1
    """Within a minute, day and night."""
    TODAY = 2
    """With the next of the two lists of the day."""
    LOG_ONLY = 3
    """Never: the agency was named, so the requester has its number, or nobody is known here."""

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Final = {
    Lane.RING_NOW: "ring now",
    Lane.TODAY: "today",
    Lane.LOG_ONLY: "log only",
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """A lookup of the same child that opened here. ``area``: the home area of the agency that
    asked; empty where it is not shown who asked."""

    at: int
    area: str


def is_knock(finding: str, answer: str) -> bool:
    """Return whether a lookup is one that the desk is told of.

    Args:
        finding: the stored form of ``matching.Finding``.
        answer: the name of the agency's status. INVOLVED without a pointer shows the agency as
            involved all the same.
    """
    return finding in _MAY_BE_KNOWN and answer != Status.INVOLVED.name


def lane_of(
    finding: str,
    answer: str,
    purpose: Purpose | None,
    *,
    own: bool,
    earlier: Iterable[Earlier],
    at: int,
) -> Lane:
    """Return how soon the desk is told of a lookup.

    Args:
        finding, answer: as ``is_knock``.
        purpose: None where nobody vouched for the question; such a lookup does not knock (attack:
            a forged question has desks rung up at night).
        own: whether the agency's own practitioner asks. She can look at her own records, so
            nobody is rung up for it.
        earlier: lookups of the same child before this one.
        at: when it came, in seconds since 1970 UTC.
    """
    if purpose is None or not is_knock(finding, answer):
        return Lane.LOG_ONLY
    if purpose not in RING_NOW_FOR or own or is_scattered(earlier, at):
        return Lane.TODAY
    return Lane.RING_NOW


def is_scattered(earlier: Iterable[Earlier], at: int) -> bool:
    """Return whether a child was asked about from different areas before (attack: somebody who
    searches for a hidden family has one area after another asked, and listens for who rings).

    Args:
        earlier: lookups of the same child; those of more than seven days before do not count.
        at: when this one came, in seconds since 1970 UTC.
    """
    since = at - REMEMBERED_SECONDS
    areas = {each.area for each in earlier if each.area and since <= each.at <= at}
    return len(areas) >= SCATTERED


def tell_at(lane: Lane, at: int) -> int | None:
    """Return when the desk is to be told of what came at ``at``, both in seconds since 1970 UTC;
    None for never."""
    if lane is Lane.LOG_ONLY:
        return None
    return at if lane is Lane.RING_NOW else next_list(at)


def next_list(at: int) -> int:
    """Return when the next list is due, after ``at``; both in seconds since 1970 UTC."""
    today = datetime.fromtimestamp(at, LONDON).date()
    days = (today, today + timedelta(days=1))
    moments = (datetime.combine(day, when, LONDON).timestamp() for day in days for when in LISTS)
    return next(int(moment) for moment in moments if moment > at)
