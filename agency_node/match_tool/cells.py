"""The lines and cells of a CSV file, as the node's import reads them: a line is a row, in UTF-8, or it is refused.

No text raised here holds what stood in a line, but for names of columns; a first line that may be a record is not told.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from agency_node.importing.source_file import read_source
from agency_node.importing.sources.csv_export import MOST_COLUMNS, MOST_ROWS, cells_of, decoded
from agency_node.importing.sources.reasons import RefusedFile
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.screen_text import printable

LINES_NAMED: Final = 5
_NAMES_TOLD: Final = 10
_NAME_TOLD_CHARS: Final = 40
_NOT_UTF8: Final = "not in UTF-8; export as “CSV UTF-8”"
_NOT_CSV: Final = (
    "a quotation mark is left open or stands inside a field (a field may hold no line end)"
)
_FIELD_COUNT: Final = "more or fewer fields than the first line has"


class BadInput(Exception):
    """A file or a command cannot be used. The text says which file, line and column, and never what stands there."""


class Cells:
    """A file's lines, as the import reads them: one line is one row."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        self._name = name
        self._lines = iter(lines)
        self.blank = 0
        self.passed_over: tuple[str, ...] = ()
        self.renamed: frozenset[str] = frozenset()

    def header(
        self, rename: Mapping[str, str], wanted: Sequence[str], needed: Sequence[str]
    ) -> tuple[str, ...]:
        """The columns in the file's order, "" for one that is not ``wanted``. Raises ``BadInput``.

        Afterwards ``passed_over`` has the names of those that are not wanted, as they stand in the file, and
        ``renamed`` what of ``rename`` was used."""
        first = next(self._lines, "").removeprefix("\ufeff").rstrip("\r\n")
        if not first.strip():
            raise BadInput(f"{self._name}: the file is empty, or its first line is")
        if not decoded(first):
            raise BadInput(f"{self._name}: line 1 is not in UTF-8; export as “CSV UTF-8”")
        try:
            cells = cells_of(first)
        except csv.Error:
            raise BadInput(f"{self._name}: the first line cannot be read as CSV") from None
        if len(cells) > MOST_COLUMNS:
            raise BadInput(f"{self._name}: more than {MOST_COLUMNS} columns")
        written = tuple(cell.strip().lower() for cell in cells)
        names = tuple(rename.get(name, name) for name in written)
        for column in needed:
            if column not in names:
                raise BadInput(
                    f"{self._name}: the first line names no column {column}"
                    + _seen(cells, known=not set(wanted).isdisjoint(names))
                )
        if set(wanted).isdisjoint(names):
            raise BadInput(f"{self._name}: the first line names none of {', '.join(wanted)}")
        for column in wanted:
            if names.count(column) > 1:
                raise BadInput(f"{self._name}: the column {column} is there twice")
        self.passed_over = tuple(
            cell.strip()
            for cell, name in zip(cells, names, strict=True)
            if name and name not in wanted
        )
        self.renamed = frozenset(rename).intersection(written)
        return tuple(name if name in wanted else "" for name in names)

    def rows(self, header: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
        """Line and cells by column. Raises ``BadInput`` at the end, with all lines that are no rows."""
        bad: dict[str, list[int]] = {}
        rows = 0
        for number, line in enumerate(self._lines, 2):
            line = line.rstrip("\r\n")
            if not line.strip(', \t"'):
                self.blank += 1
                continue
            rows += 1
            if rows > MOST_ROWS:
                raise BadInput(f"{self._name}: more than {MOST_ROWS:,} rows")
            values, fault = _values(line, header)
            if values is None:
                bad.setdefault(fault, []).append(number)
            else:
                yield number, values
        for fault, lines in bad.items():
            raise BadInput(f"{self._name}: {fault}, in {where(lines)}")


def _values(line: str, header: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
    if not decoded(line):
        return None, _NOT_UTF8
    try:
        cells = cells_of(line)
    except csv.Error:
        return None, _NOT_CSV
    if len(cells) != len(header):
        return None, _FIELD_COUNT
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name}, ""


def _seen(cells: Sequence[str], *, known: bool) -> str:
    """What the first line has instead. Accident: a file without a header, whose first line is somebody's record. It is
    told only where it has a column that we know, or no digit anywhere: no id, no date, no number, no postcode."""
    if len(cells) == 1:
        return " (commas must stand between the columns)"
    if not known and any(c.isdigit() for cell in cells for c in cell):
        return "; is its first line one of column names?"
    return f"; it has {told(cells)}; call one so by --map NAME=COLUMN"


def told(names: Sequence[str]) -> str:
    """Names of columns for a screen: not many, none long, and none that commands a terminal."""
    shown = [printable(name.strip()) for name in names]
    shown = [
        name if len(name) <= _NAME_TOLD_CHARS else name[: _NAME_TOLD_CHARS - 1] + "…"
        for name in shown
        if name
    ]
    more = f" and {len(shown) - _NAMES_TOLD:,} more" if len(shown) > _NAMES_TOLD else ""
    return ", ".join(shown[:_NAMES_TOLD]) + more


def lines_of(path: Path) -> Iterator[str]:
    if not path.exists():
        raise BadInput(f"{path}: there is no such file")
    try:
        return read_source(path).lines()
    except RefusedFile as bad:
        raise BadInput(
            f"{path.name}: {str(bad).rstrip('.').lower()}; export as “CSV UTF-8”"
        ) from None
    except Defect as defect:
        raise BadInput(str(defect)) from None


def where(lines: Sequence[int], count: int | None = None) -> str:
    """``count``: how many there are, where ``lines`` has the first of them only."""
    count = len(lines) if count is None else count
    named = ", ".join(str(line) for line in lines[:LINES_NAMED])
    more = f" and {count - LINES_NAMED:,} more" if count > LINES_NAMED else ""
    return f"line {named}{more}" if count == 1 else f"lines {named}{more}"
