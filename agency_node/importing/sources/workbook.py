"""The sheets of a workbook, as texts, and which of them is the table. Pure.

Law: a workbook with one sheet that has rows is read; of several, the operator names one. What a
cell holds is written as one text whatever the cell's format shows: a date as 2015-04-03, a whole
number without decimals, and a number of which a spreadsheet has lost digits as one that has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.table import (
    LOOKED_AT,
    Known,
    Numbered,
    Row,
    Table,
    counted_at_foot,
    filled,
    find_header,
    fitted,
    foot_of,
    remarks_of,
    without_end,
)

_EXACT: Final = 10**15
"""Spreadsheets keep fifteen digits of a number."""
_SHEETS_NAMED: Final = 12

Cell = str | int | float | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """A sheet of a workbook. ``first``: the number of the first of its ``rows``, from 1."""

    name: str
    visible: bool
    first: int
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        return f"Sheet({len(self.rows)} rows)"


def text_of(cell: Cell) -> str:
    """Return what a cell holds as a text."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
        case float() if abs(cell) >= _EXACT:
            return f"{cell:.5E}"
        case float() if cell.is_integer():
            return str(int(cell))
        case int() if abs(cell) >= _EXACT:
            return f"{cell:.5E}"
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def read_sheet(sheets: Sequence[Sheet], known: Known, stated: str = "") -> Table:
    """Read one sheet.

    Args:
        stated: its name, or empty for the only one that has rows.

    Raises:
        RefusedFile: SHEET_NOT_STATED, SHEET_MISSING, EMPTY_FILE or NO_HEADER.
    """
    sheet = _chosen(sheets, stated)
    lines = [*_lines(sheet)]
    place = find_header(lines[:LOOKED_AT], known)
    header = tuple(" ".join(cell.split()) for cell in without_end(lines[place][1]))
    foot = foot_of(lines[place + 1 :], len(header))
    rows = [line for line in lines[place + 1 :] if foot is None or line[0] < foot]
    remarks = (f"sheet “{sheet.name}”", *remarks_of(lines[:place], foot))

    def all_rows() -> Iterator[Row]:
        return _rows(rows, header)

    count = counted_at_foot(lines[place + 1 :], foot)
    return Table(header, all_rows, remarks, foot=count)


def _chosen(sheets: Sequence[Sheet], stated: str) -> Sheet:
    if stated:
        for sheet in sheets:
            if sheet.name.strip().casefold() == stated.strip().casefold():
                return sheet
        raise RefusedFile(Reason.SHEET_MISSING, "", _names(sheets))
    with_rows = [sheet for sheet in sheets if any(map(filled, sheet.rows))]
    shown = [sheet for sheet in with_rows if sheet.visible] or with_rows
    if not shown:
        raise RefusedFile(Reason.EMPTY_FILE)
    if len(shown) > 1:
        raise RefusedFile(Reason.SHEET_NOT_STATED, "", _names(shown))
    return shown[0]


def _names(sheets: Sequence[Sheet]) -> tuple[str, ...]:
    names = [f"“{sheet.name}”" for sheet in sheets[:_SHEETS_NAMED]]
    return (*names, "…") if len(sheets) > _SHEETS_NAMED else tuple(names)


def _lines(sheet: Sheet) -> Iterator[Numbered]:
    for number, cells in enumerate(sheet.rows, sheet.first):
        if filled(cells):
            yield number, cells


def _rows(lines: Sequence[Numbered], header: tuple[str, ...]) -> Iterator[Row]:
    width = len(header)
    for number, cells in lines:
        text = "\t".join(cells)
        fit = fitted((*cells, *("",) * (width - len(cells))), width)
        if fit is None:
            yield Row(number, Reason.FIELD_COUNT, text)
        elif tuple(" ".join(cell.split()) for cell in fit) != header:
            yield Row(number, tuple(" ".join(cell.split("\n")) for cell in fit), text)
