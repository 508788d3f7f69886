"""Whether people talked after a lookup: the one question, when it closes, and an agency's rates.
Pure; times are seconds since 1970 UTC.

Law: there is one question a lookup, and none that nags: after five working days it is closed as
"not recorded". The rates are of the agency and never of a person, and are no target: who has to
reach a number records what reaches it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from fingerpost.private.notes import NoteKind
from fingerpost.private.working_days import is_working_day
from practitioner.asking.typed_dates import LONDON

OPEN_WORKING_DAYS: Final = 5
ANSWERS: Final = frozenset({NoteKind.SPOKE, NoteKind.LEFT_MESSAGE, NoteKind.NOT_NEEDED})
"""What answers the question, of a lookup or of one of its agencies."""


def closes_at(asked_at: int) -> int:
    """Return the end of the fifth working day after a lookup, by the clock in London."""
    day, left = datetime.fromtimestamp(asked_at, UTC).astimezone(LONDON).date(), OPEN_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return int(datetime.combine(day + timedelta(days=1), time(), LONDON).timestamp())


@dataclass(frozen=True, slots=True)
class Named:
    """A lookup to which at least one agency named itself: somebody could be rung."""

    operation: str
    at: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What became of an agency's lookups to which somebody named itself."""

    lookups: int
    spoke: int
    left_message: int
    not_needed: int
    not_recorded: int
    still_open: int


def unanswered(
    named: Iterable[Named], said: Mapping[str, NoteKind], now: float
) -> tuple[Named, ...]:
    """Return the lookups whose question is open, the oldest first.

    Args:
        named: the lookups of one person.
        said: by the number of a lookup, what was said last.
    """
    waiting = [e for e in named if e.operation not in said and now < closes_at(e.at)]
    return tuple(sorted(waiting, key=lambda each: each.at))


def rates(named: Iterable[Named], said: Mapping[str, NoteKind], now: float) -> Rates:
    """Return the rates of an agency. Arguments are as in ``unanswered``."""
    lookups = tuple(named)
    found = Counter(said[each.operation] for each in lookups if each.operation in said)
    still_open = len(unanswered(lookups, said, now))
    return Rates(
        lookups=len(lookups),
        spoke=found[NoteKind.SPOKE],
        left_message=found[NoteKind.LEFT_MESSAGE],
        not_needed=found[NoteKind.NOT_NEEDED],
        not_recorded=len(lookups) - found.total() - still_open,
        still_open=still_open,
    )
