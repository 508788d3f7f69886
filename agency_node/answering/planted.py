"""Whether a lookup was opened by rows that may have been planted to see who asks. Pure.

A row that is copied or typed into an agency's system is a tripwire: whoever reads the agency's log
sees who asks about the child, and so that somebody worries. So where only such rows opened a
lookup, its entry shows role, kind of agency and purpose, and not who asked, until an officer gives
a reason, which is recorded.

This hinders somebody who works at an honest host. It does not hinder whoever runs the node, who can
change this program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from agency_node.answering.matching import Examined
from agency_node.records.records import Doubt, Origin
from fingerpost.protocol import limits

YOUNG_SECONDS: Final = 30 * limits.DAY


@unique
class Unexpected(Enum):
    """Why a record may have been planted. The value is stored in audit entries."""

    YOUNG = 1
    TYPED = 2
    AGE = 3
    AREA = 4
    UNREAD = 5

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Final = {
    Unexpected.YOUNG: "the record came less than 30 days before",
    Unexpected.TYPED: "the record was typed by hand",
    Unexpected.AGE: "the child's age is unusual here",
    Unexpected.AREA: "the child's area is unusual here",
    Unexpected.UNREAD: "the record could not be read",
}
_DOUBTS: Final = {
    Doubt.TYPED: Unexpected.TYPED,
    Doubt.AGE: Unexpected.AGE,
    Doubt.AREA: Unexpected.AREA,
}


def unexpected(examined: Examined, now: float) -> tuple[Unexpected, ...]:
    """Return why the records that opened a lookup may have been planted; nothing where one of them
    was to be expected.

    The records that decide are those that matched, else those that possibly match, else all that
    were compared (attack: a planted row that never matches, and still opens). Of records that could
    not be read nobody knows what they are (attack: a planted row that is then damaged).
    """
    if examined.fault is not None:
        return (Unexpected.UNREAD,)
    deciding = examined.matched or examined.possible or examined.read
    by_record = [frozenset(reasons(record.origin, now)) for record in deciding]
    if not by_record or not all(by_record):
        return ()
    found = frozenset().union(*by_record)
    return tuple(reason for reason in Unexpected if reason in found)


def reasons(origin: Origin, now: float) -> Iterator[Unexpected]:
    """Yield why a record of this origin may have been planted."""
    if now - origin.first_seen < YOUNG_SECONDS:
        yield Unexpected.YOUNG
    for doubt, reason in _DOUBTS.items():
        if doubt in origin.doubts:
            yield reason


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records there are, and how many of them are young, typed, or of another age or area
    than is to be expected.
    """

    records: int
    young: int
    typed: int
    unusual: int


def tally(origins: Iterable[Origin], now: float) -> Tally:
    """Count the records of an agency."""
    found = [frozenset(reasons(origin, now)) for origin in origins]
    return Tally(
        len(found),
        sum(Unexpected.YOUNG in of for of in found),
        sum(Unexpected.TYPED in of for of in found),
        sum(not of.isdisjoint((Unexpected.AGE, Unexpected.AREA)) for of in found),
    )
