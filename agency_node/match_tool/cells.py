"""The lines and cells of a CSV file, as the node's import reads them: a line is a row, in UTF-8, or it is refused.

No text raised here holds what stood in a line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from agency_node.case_sources.csv_export import MOST_ROWS
from agency_node.case_sources.csv_header import MOST_COLUMNS, cells_of, decoded
from agency_node.case_sources.reasons import RefusedFile
from agency_node.ingest.source_file import read_source
from fingerpost.protocol.errors import Defect

_LINES_NAMED: Final = 5
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

    def header(
        self, rename: Mapping[str, str], wanted: Sequence[str], needed: Sequence[str]
    ) -> tuple[str, ...]:
        """The columns in the file's order, "" for one that is not ``wanted``. Raises ``BadInput``."""
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
        names = tuple(cell.strip().lower() for cell in cells)
        names = tuple(rename.get(name, name) for name in names)
        for column in needed:
            if column not in names:
                raise BadInput(
                    f"{self._name}: the first line names no column {column}"
                    + (" (commas must stand between the columns)" if len(names) == 1 else "")
                )
        for column in wanted:
            if names.count(column) > 1:
                raise BadInput(f"{self._name}: the column {column} is there twice")
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


def where(lines: Sequence[int]) -> str:
    named = ", ".join(str(line) for line in lines[:_LINES_NAMED])
    more = f" and {len(lines) - _LINES_NAMED} more" if len(lines) > _LINES_NAMED else ""
    return f"line {named}{more}" if len(lines) == 1 else f"lines {named}{more}"
