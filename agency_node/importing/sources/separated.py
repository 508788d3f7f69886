"""Texts with a separator: comma, semicolon, tabulator or vertical line. Pure.

Law: a quotation mark that is left open costs one line and not the rest of the file. Lines are
joined to one row only where together they have exactly the header's columns and none of those that
follow is a row by itself; in every other case each line is refused or taken alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
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

SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tabulator", "|": "vertical line"}
_STATED_INSIDE: Final = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
_LINES_OF_A_ROW: Final = 40
_LINE_BREAKS: Final = re.compile(r"\s*\n\s*")
_BLANK: Final = ' \t\r\n",;|\u00a0\ufeff'
_LAST_LINES: Final = 60
_MOST_LINES: Final = 5_000_000
_LONGEST_LINE: Final = 1_000_000
"""In characters. Accident: a file of 200 MB whose ends of lines were lost is one row of a hundred
million cells, which are eleven gigabytes of memory."""


def is_blank(line: str) -> bool:
    return not line.strip(_BLANK)


def read_separated(text: str, known: Known, stated: str = "") -> Table:
    """Read a text.

    Args:
        stated: the separator, or empty: the one by which the header has most of our columns.

    Raises:
        RefusedFile: EMPTY_FILE, NO_HEADER; NOT_UTF8, the header is in another encoding;
            LINE_TOO_LONG, TOO_MANY_ROWS.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > _MOST_LINES:
        raise RefusedFile(Reason.TOO_MANY_ROWS)
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda place: len(lines[place]))
    if len(lines[longest]) > _LONGEST_LINE:
        raise RefusedFile(Reason.LINE_TOO_LONG, f"line {longest + 1}")
    first, inside = _first_line(lines)
    if not stated and inside:
        stated = inside
    separator = stated or _separator(lines, first, known)
    begun = _beginning(lines, first, separator)
    place = find_header([(number, cells) for number, cells, _ in begun], known)
    _, cells, after = begun[place]
    header = tuple(_LINE_BREAKS.sub(" ", cell).strip() for cell in without_end(cells))
    if not all(map(_is_decoded, header)):
        raise RefusedFile(Reason.NOT_UTF8)
    rows = _Rows(lines, after, header, separator)
    above = [(number, cells) for number, cells, _ in begun[:place]]
    remarks = (
        f"separated by {SEPARATORS.get(separator, 'the stated sign')}",
        *remarks_of(above, rows.foot),
    )
    ended = not lines[-1].strip()
    return Table(header, rows, remarks, ended=ended, foot=rows.count, has_end=False)


def _first_line(lines: Sequence[str]) -> tuple[int, str]:
    """Return the place of the first line of the table or above it, and the separator that a line
    ``sep=;`` states.
    """
    found = _STATED_INSIDE.fullmatch(lines[0].strip(" \ufeff"))
    return (1, found[1]) if found else (0, "")


def _separator(lines: Sequence[str], first: int, known: Known) -> str:
    """Return the separator by which a line has most names of columns, and then most cells."""

    def score(separator: str) -> tuple[int, int]:
        found = [cells for _, cells, _ in _beginning(lines, first, separator)]
        return max(((known(cells), filled(cells)) for cells in found), default=(0, 0))

    return max(SEPARATORS, key=score)


def _beginning(
    lines: Sequence[str], first: int, separator: str
) -> list[tuple[int, tuple[str, ...], int]]:
    """Return number and cells of the first lines that are not blank, with the place after each. A
    name of a column may hold line breaks; a line that cannot be read names no column.
    """
    found: list[tuple[int, tuple[str, ...], int]] = []
    place = first
    while place < len(lines) and len(found) < LOOKED_AT:
        line, number = lines[place], place + 1
        place += 1
        if is_blank(line):
            continue
        cells = _cells(line, separator)
        if cells is None:
            joined, place = _joined(lines, place - 1, separator)
            cells = joined or tuple("?" if cell.strip() else "" for cell in line.split(separator))
        found.append((number, cells, place))
    return found


def _joined(lines: Sequence[str], place: int, separator: str) -> tuple[tuple[str, ...] | None, int]:
    """Return the cells of the fewest lines from ``place`` on that are a row, and the place after
    them; or none.
    """
    for end in range(place + 2, min(place + _LINES_OF_A_ROW, len(lines)) + 1):
        cells = _cells("\n".join(lines[place:end]), separator)
        if cells is not None:
            return cells, end
    return None, place + 1


def _cells(line: str, separator: str) -> tuple[str, ...] | None:
    """Return the cells; None where a quotation mark is open or stands inside a cell."""
    try:
        return tuple(next(csv.reader([line], delimiter=separator, strict=True), ()))
    except csv.Error:
        return None


class _Rows:
    """The rows behind the header. Each call begins anew."""

    def __init__(
        self, lines: Sequence[str], first: int, header: tuple[str, ...], separator: str
    ) -> None:
        self._lines = lines
        self._first = first
        self._header = header
        self._separator = separator
        last = self._last()
        self.foot = foot_of(last, len(header))
        self.count = counted_at_foot(last, self.foot)

    def __call__(self) -> Iterator[Row]:
        place = self._first
        end = len(self._lines) if self.foot is None else self.foot - 1
        while place < end:
            line, number = self._lines[place], place + 1
            place += 1
            if is_blank(line):
                continue
            if not _is_decoded(line):
                yield Row(number, Reason.ROW_NOT_UTF8, line)
                continue
            cells = _cells(line, self._separator)
            if cells is None:
                joined, after = self._one_row(place - 1)
                if joined is None:
                    yield Row(number, Reason.ROW_NOT_CSV, line)
                    continue
                cells, place = joined, after
            fit = fitted(cells, len(self._header))
            if fit is None:
                yield Row(number, Reason.FIELD_COUNT, line)
            elif fit != self._header:  # a list in pages repeats its header
                yield Row(number, fit, line)

    def _one_row(self, place: int) -> tuple[tuple[str, ...] | None, int]:
        """Return the cells of a row that goes on over lines, and the place after it.

        Attack, and accident: an open quotation mark that takes the next child into its cell. A line
        that is a row by itself is never a part of another.
        """
        cells, after = _joined(self._lines, place, self._separator)
        width = len(self._header)
        if cells is None or fitted(cells, width) is None:
            return None, place + 1
        for line in self._lines[place + 1 : after]:
            alone = _cells(line, self._separator) or line.split(self._separator)
            if len(alone) >= width or not _is_decoded(line):
                return None, place + 1
        return tuple(_LINE_BREAKS.sub(" ", cell) for cell in cells), after

    def _last(self) -> list[Numbered]:
        begins = max(self._first, len(self._lines) - _LAST_LINES)
        return [
            (place + 1, _cells(line, self._separator) or (line,))
            for place, line in enumerate(self._lines[begins:], begins)
        ]


def _is_decoded(line: str) -> bool:
    """Return whether all of the line was UTF-8: bytes that were not are lone surrogates."""
    return line.isascii() or not any("\ud800" <= c <= "\udfff" for c in line)
