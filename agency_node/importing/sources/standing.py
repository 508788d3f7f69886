"""Whether an involvement is open, recent, planned or over, from what the export says. Pure.

RECENT is what ended within twelve months before the export was made: a practitioner who closed the case last term still
knows the child. What ended earlier is left out: an old involvement tells more about a family than it helps.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from agency_node.importing.sources.fields import BadField
from agency_node.importing.sources.reasons import Reason
from fingerpost.protocol.codes import InvolvementStatus

_OVER: Final = frozenset({"RECENT", "CLOSED", "ENDED"})


class NoLongerCurrent(Exception):
    """The involvement ended more than twelve months before the export: no fault, but nothing to keep."""


def standing(
    status: str, start: date | None, end: date | None, as_of: date
) -> tuple[InvolvementStatus, date | None]:
    """Status and, for RECENT, the day of the end.

    An end that has passed makes it RECENT whatever the status says; a start that is still to come makes OPEN PLANNED.
    Raises ``BadField`` for a status that is none, dates that contradict each other, and an ended involvement without
    its end; ``NoLongerCurrent``.
    """
    word = status.upper()
    if word not in _OVER | {"OPEN", "PLANNED"}:
        raise BadField(Reason.UNKNOWN_STATUS if word else Reason.EMPTY)
    if start is not None and end is not None and start > end:
        raise BadField(Reason.DATES_CONTRADICT)
    begun = start is None or start <= as_of
    if end is not None and end <= as_of:
        if word == "PLANNED":
            raise BadField(Reason.DATES_CONTRADICT)
        if end < _a_year_before(as_of):
            raise NoLongerCurrent
        return InvolvementStatus.RECENT, end
    if word in _OVER:
        raise BadField(Reason.END_MISSING if end is None else Reason.DATES_CONTRADICT)
    if word == "PLANNED" or not begun:
        return InvolvementStatus.PLANNED, None
    return InvolvementStatus.OPEN, None


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
