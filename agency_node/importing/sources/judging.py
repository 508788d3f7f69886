"""What only a whole file shows: the order of its dates and names, and columns without a name. Pure.

Law: every fault is found before a row is read, and all of them at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from agency_node.importing.sources.columns import Layout, place_of
from agency_node.importing.sources.dates import Dates, Judge, Order, Years
from agency_node.importing.sources.faults import FileFault, RefusedFile
from agency_node.importing.sources.person_names import NameOrder, split
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.shapes import shape
from agency_node.importing.sources.table import Table

OLDEST_YEARS: Final = 30
"""Nobody older is in any record of a child or a young person."""
UNBORN_DAYS: Final = 310
_YEARS_AHEAD: Final = 20
_OF_BIRTH: Final = ("dob", "due")
DATES: Final = (*_OF_BIRTH, "start", "end", "staffed_until", "worker_from", "worker_until")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the operator stated of dates and names in digits and words; None for nothing."""

    dates: Order | None = None
    names: NameOrder | None = None


NOTHING: Final = Stated()


def years_of(column: str, as_of: date) -> Years:
    """Return the years that a date of two digits can be of: for a date of birth, those of children
    and young people.
    """
    oldest = as_of.year - OLDEST_YEARS - 1
    if column in _OF_BIRTH:
        return Years(oldest, (as_of + timedelta(days=UNBORN_DAYS)).year)
    return Years(oldest, as_of.year + _YEARS_AHEAD)


def judge(table: Table, layout: Layout, as_of: date, stated: Stated) -> Mapping[str, Dates]:
    """Return how the dates of each column are written.

    Raises:
        RefusedFile: for all columns of dates or names of which that is not certain, and for columns
            that have something in them and no name.
    """
    judges = {
        column: Judge(column, years_of(column, as_of), stated.dates)
        for column in DATES
        if column in layout.ours
    }
    named, unsplit, nameless = 0, Counter[str](), set[int]()
    for row in table.rows():
        if isinstance(row.cells, Reason):
            continue
        cells = layout.cells(row.cells)
        for column, one in judges.items():
            one.add(cells[column])
        if text := cells.get("name"):
            named += 1
            if split(text, stated.names) is Reason.NAME_ORDER_NOT_STATED:
                unsplit[shape(text)] += 1
        nameless.update(place for place in layout.nameless if row.cells[place].strip())
    verdicts = {column: one.verdict() for column, one in judges.items()}
    faults = [
        *(FileFault(Reason.COLUMN_UNKNOWN, place_of(place)) for place in sorted(nameless)),
        *(found for found in verdicts.values() if isinstance(found, FileFault)),
        *_of_names(named, unsplit),
    ]
    if faults:
        raise RefusedFile.of(faults)
    return {column: found for column, found in verdicts.items() if isinstance(found, Dates)}


def _of_names(named: int, unsplit: Counter[str]) -> Iterator[FileFault]:
    """Yield a fault where most names have no comma; in a few rows, it is a fault of the rows."""
    if 2 * unsplit.total() > named:
        shapes = tuple(form for form, _ in unsplit.most_common(1))
        yield FileFault(Reason.NAME_ORDER_NOT_STATED, "name", shapes)
