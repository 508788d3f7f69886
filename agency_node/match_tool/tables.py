"""Tables of records and of true pairs: CSV files in, values and counts out.

Law: lines, cells, dates, sexes and names are read by the readers of the node's own import (``case_sources``), so that
a record means here what it means there. A file that cannot be read for certain is refused as a whole, because a figure
over an unknown part of a file is no figure; a field that cannot be read is left empty and counted.
No text raised or counted here holds what stood in a field. Names of columns are no field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.fields import BadField
from agency_node.importing.sources.reasons import Reason
from agency_node.match_tool.cells import BadInput, Cells, lines_of, where
from agency_node.match_tool.notes import Note, Notes, NoteTaker
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage.normal_form import read_health_number, read_upn

ID: Final = "record_id"
COLUMNS: Final = (
    ID,
    "forename",
    "middle_names",
    "surname",
    "other_names",
    "dob",
    "sex",
    "postcode",
    "nhs_number",
    "upn",
)
TRUTH_COLUMNS: Final = ("left_id", "right_id")
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([/.])([0-9]{1,2})[/.]([0-9]{4})")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One record. ``id``: the agency's own; ``line``: of its file, from 1 (the header), 0 where there is no file."""

    id: str
    demographics: Demographics
    line: int = field(default=0, compare=False)

    def __repr__(self) -> str:
        return f"Row(line {self.line})"


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """``columns``: of ours that the file has; ``passed_over``: the others, as they stand there. ``renamed``: the file's
    names of columns (lower case) for which another was asked."""

    name: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    notes: Notes
    blank: int
    passed_over: tuple[str, ...] = ()
    renamed: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Table({len(self.rows)} rows)"


@dataclass(frozen=True, slots=True, repr=False)
class TruePair:
    """Two records about one person, by a line of the file of truth."""

    left: str
    right: str
    line: int

    def __repr__(self) -> str:
        return f"TruePair(line {self.line})"


def read_rows(path: Path) -> tuple[Row, ...]:
    """The records of a table. Raises ``BadInput``."""
    return read_table(path).rows


def read_table(path: Path, rename: Mapping[str, str] = _NO_NAMES) -> Table:
    """``rename``: the file's name of a column (lower case) → ours. Columns that are not ours are passed over.

    Raises ``BadInput``: no such file, no text in UTF-8, a header without ``record_id``, a line that is no row, a
    record_id that is empty, too long or there twice, more than a million rows.
    """
    return parse_table(path.name, lines_of(path), rename)


def parse_table(
    name: str, lines: Iterable[str], rename: Mapping[str, str] = _NO_NAMES, *, ids: bool = True
) -> Table:
    """As ``read_table``. ``ids``: whether each row must have its record_id; without it, rows are numbered from 1."""
    cells = Cells(name, lines)
    header = cells.header(rename, COLUMNS, (ID,) if ids else ())
    found = _Found(name, ids=ids)
    for line, values in cells.rows(header):
        found.add(line, values)
    return Table(
        name,
        found.rows(),
        tuple(column for column in COLUMNS if column in header),
        found.notes(),
        cells.blank,
        cells.passed_over,
        cells.renamed,
    )


def table_of(name: str, records: Iterable[Mapping[str, str]]) -> Table:
    """Of fields that were no file: each record's texts by column. Rows without record_id are numbered from 1.

    Raises ``BadInput``."""
    found = _Found(name, ids=False)
    for values in records:
        found.add(0, values)
    return Table(name, found.rows(), COLUMNS, found.notes(), 0)


def read_truth(path: Path, left: Sequence[Row], right: Sequence[Row]) -> tuple[TruePair, ...]:
    """The true pairs of two tables. Raises ``BadInput``, also for an id that neither table has, and for a record that
    is paired with itself where both are one table."""
    cells = Cells(path.name, lines_of(path))
    header = cells.header(_NO_NAMES, TRUTH_COLUMNS, TRUTH_COLUMNS)
    known = {"left_id": {row.id for row in left}, "right_id": {row.id for row in right}}
    unknown: dict[str, list[int]] = {column: [] for column in TRUTH_COLUMNS}
    pairs = []
    for line, values in cells.rows(header):
        for column in TRUTH_COLUMNS:
            if values[column] not in known[column]:
                unknown[column].append(line)
        pairs.append(TruePair(values["left_id"], values["right_id"], line))
    for column, lines in unknown.items():
        if lines:
            side = column.removesuffix("_id")
            raise BadInput(
                f"{path.name}: {column} names no record of the {side} file, in {where(lines)}"
            )
    return tuple(pairs)


class _Found:
    """The rows while they come in."""

    def __init__(self, name: str, *, ids: bool) -> None:
        self._name = name
        self._ids = ids
        self._rows: list[Row] = []
        self._lines: dict[str, int] = {}
        self._taker = NoteTaker()

    def add(self, line: int, values: Mapping[str, str]) -> None:
        row_id = values.get(ID, "")
        if not row_id and not self._ids:
            row_id = str(len(self._rows) + 1)
        self._require_id(line, row_id)
        self._rows.append(Row(row_id, _demographics(values, self._taker, line), line))

    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows)

    def notes(self) -> Notes:
        return self._taker.notes()

    def _require_id(self, line: int, row_id: str) -> None:
        where = f"{self._name}: line {line}: {ID}"
        if not row_id:
            raise BadInput(f"{where} is empty")
        if len(row_id) > read.LOCAL_ID_CHARS or not row_id.isprintable():
            raise BadInput(
                f"{where} is longer than {read.LOCAL_ID_CHARS} characters, or holds some that cannot be "
                "printed"
            )
        if row_id in self._lines:
            raise BadInput(f"{where} is that of line {self._lines[row_id]}")
        self._lines[row_id] = line


_LEFT_OUT: Final = MappingProxyType(
    {
        Reason.SEX_NOT_READ: Note.SEX_LEFT_OUT,
        Reason.TOO_LONG: Note.TOO_LONG_LEFT_OUT,
        Reason.TOO_MANY_NAMES: Note.TOO_MANY_NAMES_LEFT_OUT,
    }
)


def _demographics(values: Mapping[str, str], notes: NoteTaker, line: int) -> Demographics:
    def take(column: str, reader: Callable[[str], _T]) -> _T:
        text = values.get(column, "")
        if not text.isprintable() and any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
            notes.add(column, Note.CONTROL_CHARACTERS_LEFT_OUT, line)
            text = ""
        try:
            return reader(text)
        except BadField as bad:
            notes.add(column, _LEFT_OUT[bad.reason], line)
            return reader("")

    def number(column: str, valid: Callable[[str], object | None]) -> str:
        """As it stands: it is the normal form that makes nothing of a number that is not valid."""
        text = take(column, read.read_number)
        if text and valid(text) is None:
            notes.add(column, Note.NUMBER_NOT_VALID, line)
        return text

    return Demographics(
        forename=take("forename", read.read_name),
        middle_names=take("middle_names", read.read_name),
        surname=take("surname", read.read_name),
        other_names=take("other_names", read.read_aliases),
        dob=_birth(values.get("dob", ""), notes, line),
        sex=take("sex", read.read_sex),
        postcode=take("postcode", read.read_postcode),
        nhs_number=number("nhs_number", read_health_number),
        upn=number("upn", read_upn),
    )


def _birth(text: str, notes: NoteTaker, line: int) -> date | None:
    """A date of any century. Where day and month stand in each other's place, and only then they make a date, they are
    put right; every other text that is no date is left out."""
    notes.dates += bool(text)
    try:
        return read.read_date(text)
    except BadField:
        pass
    swapped = _YEAR_LAST.sub(r"\3\2\1\2\4", _YEAR_FIRST.sub(r"\1-\3-\2", text))
    try:
        mended = read.read_date(swapped)
    except BadField:
        notes.add("dob", Note.DATE_LEFT_OUT, line)
        return None
    notes.add("dob", Note.DATE_MENDED, line)
    return mended
