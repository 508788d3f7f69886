"""A source's rows before they have a meaning: what every adaptor makes, and how a header is found.
Pure.

Law: a table holds each row of its source once: as cells, or with the reason why it has none. Lines
above the header and below the last row are left out only where they can be no row, and the table
says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from agency_node.importing.sources.faults import RefusedFile, RowFault
from agency_node.importing.sources.reasons import Reason
from fingerpost.runtime.screen_text import counted

MOST_COLUMNS: Final = 200
LOOKED_AT: Final = 30
"""The header is looked for among so many first lines that are not blank."""
_TITLE_CELLS: Final = 3
_FOOT_CELLS: Final = 2
_FOOT_LINES: Final = 20
_FOOT: Final = re.compile(
    r"\W*(?:(?:grand |sub)?totals?\b|number of\b|no\.? of\b|end of\b|report\b|printed\b|"
    r"generated\b|produced\b|exported\b|created\b|run (?:on|by|date)\b|copyright\b|©|"
    r"confidential\b|official\b|page \d|\*+$|-+$|"
    r"(?:count|rows?|records?|source|filters?)\s*[:=]|"
    r"\d+(?:,\d{3})* (?:rows?|records?|pupils?|students?|children|patients?|cases)\b)",
    re.IGNORECASE,
)
"""What a line below a table begins with. No surname is among it: Page and Count are surnames, and
stand here only with a number or a colon."""
_THINGS: Final = r"(?:rows?|records?|pupils?|students?|children|patients?|cases)"
_NUMBER: Final = r"(\d{1,3}(?:,\d{3})+|\d{1,7})"
_COUNTED: Final = re.compile(
    r"\W*(?:(?:(?:(?:grand )?total|count|number|no\.?)(?: number)?(?: of)?"
    rf"(?: {_THINGS})?|{_THINGS})\s?[:=]?\s?{_NUMBER}(?: {_THINGS})?"
    rf"|{_NUMBER} {_THINGS}(?: (?:affected|selected|returned|exported|found|in total))?)\W*",
    re.IGNORECASE,
)
"""A foot that counts the rows, or the children, and nothing else; databases write "(312 rows)",
"(312 rows affected)" and "312 rows selected."."""
_LETTER: Final = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One row that is not blank.

    Attributes:
        number: its line in the file, its row in the sheet, or its place among the records of a
            source without lines, from 1.
        cells: as many as the header has; or why there are none.
        text: all that stands there.
        column: of ours, of which the reason in ``cells`` is; or empty.
        remarks: faults for which the adaptor did not give the row up.
    """

    number: int
    cells: tuple[str, ...] | Reason
    text: str
    column: str = ""
    remarks: tuple[RowFault, ...] = ()

    def __repr__(self) -> str:
        return f"Row({self.number})"


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """What an adaptor reads of a source.

    Attributes:
        header: the names of the columns as the file has them; "" for a column without one.
        rows: gives all rows, from the first on each time it is called.
        remarks: what was concluded about the file, in words for a person.
        made_on: the day on which it was made, where the source itself says so.
        joining: names of columns that say nothing of a child, and by which a desk directory may be
            joined; they are left out afterwards (``without_joining``).
        foot: how many rows or children a line below the table counts; None where none does.
        ended: whether the text ends with the end of a line; True of what cannot end in the middle
            of one.
        has_end: whether the source shows where it ends; False of lines of text, of which the first
            so many look like a whole file.
        parts: of a source of several tables, how many rows each of them has.
        held: how many records the source holds, as the system that made it counts them, where its
            rows are made from them: of several tables all their rows, of FHIR its resources.
    """

    header: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    remarks: tuple[str, ...] = ()
    made_on: date | None = None
    joining: frozenset[str] = frozenset()
    ended: bool = True
    foot: int | None = None
    has_end: bool = True
    parts: Mapping[str, int] = field(default_factory=dict)
    held: int | None = None

    def __repr__(self) -> str:
        return f"Table({len(self.header)} columns)"


def without_joining(table: Table) -> Table:
    """Return the table without the columns that only join."""
    kept = [place for place, name in enumerate(table.header) if name not in table.joining]
    if len(kept) == len(table.header):
        return table

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = row.cells
            fit = cells if isinstance(cells, Reason) else tuple(cells[place] for place in kept)
            yield replace(row, cells=fit)

    return replace(table, header=tuple(table.header[place] for place in kept), rows=rows)


Known = Callable[[Sequence[str]], int]
"""Returns how many cells are names of columns that are read or left out."""
Numbered = tuple[int, tuple[str, ...]]
"""A line and its cells."""


def find_header(lines: Sequence[Numbered], known: Known) -> int:
    """Return which of the first lines that are not blank names the columns.

    Raises:
        RefusedFile: EMPTY_FILE; NO_HEADER, none of them does, or one above it has as many cells as
            a row and may be about a child.
    """
    if not lines:
        raise RefusedFile(Reason.EMPTY_FILE)
    scores = [known(cells) for _, cells in lines]
    best = scores.index(max(scores))
    if not scores[best] or len(without_end(lines[best][1])) > MOST_COLUMNS:
        raise RefusedFile(Reason.NO_HEADER)
    most = min(_TITLE_CELLS, max(1, filled(lines[best][1]) // 2))
    for number, cells in lines[:best]:
        if filled(cells) > most:
            raise RefusedFile(Reason.NO_HEADER, f"line {number}")
    return best


def filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def without_end(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the cells without empty ones at the end, as separators too many leave them."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return tuple(cells[:end])


def fitted(cells: Sequence[str], width: int) -> tuple[str, ...] | None:
    """Return the cells of a row of a table of this width, or None where they are more or fewer."""
    if len(cells) > width:
        cells = (*cells[:width], *without_end(cells[width:]))
    return tuple(cells) if len(cells) == width else None


def is_foot(cells: Sequence[str], width: int) -> bool:
    """Return whether a line at the end of a file is no row: a cell that begins with a word such as
    Total or Printed, and at most one more, which is a number or a date.
    """
    written = [cell.strip() for cell in cells if cell.strip()]
    if not 0 < len(written) <= _FOOT_CELLS or width <= 2 * _FOOT_CELLS:
        return False
    first, *others = written
    return _FOOT.match(first) is not None and not any(map(_LETTER.search, others))


def foot_of(last: Sequence[Numbered], width: int) -> int | None:
    """Return the first line of the foot, or None for no foot.

    Args:
        last: the last lines of the file, in their order.
    """
    begins = None
    for number, cells in reversed(last[-_FOOT_LINES:]):
        if not filled(cells):
            continue
        if not is_foot(cells, width):
            break
        begins = number
    return begins


def counted_at_foot(last: Sequence[Numbered], foot: int | None) -> int | None:
    """Return how many rows or children the foot counts, or None.

    Args:
        last, foot: as ``foot_of``.
    """
    for number, cells in last if foot is not None else ():
        written = " ".join(cell.strip() for cell in cells if cell.strip())
        found = _COUNTED.fullmatch(written) if number >= (foot or 0) else None
        if found is not None:
            return int((found[1] or found[2]).replace(",", ""))
    return None


def remarks_of(above: Sequence[Numbered], foot: int | None) -> tuple[str, ...]:
    """Say which lines around the table were left out."""
    found = []
    if above:
        lines = counted(len(above), "line above the header was", "lines above the header were")
        found.append(f"{lines} left out")
    if foot is not None:
        found.append(f"the lines from {foot} on are below the table and were left out")
    return tuple(found)
