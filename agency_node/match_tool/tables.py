"""Tables of records and of true pairs: CSV files in, values and counts out.

Law: lines, cells, dates, sexes and names are read by the readers of the node's own import (``case_sources``), so that
a record means here what it means there. A file that cannot be read for certain is refused as a whole, because a figure
over an unknown part of a file is no figure; a field that cannot be read is left empty and counted.
No text raised or counted here holds what stood in a field.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, unique
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from agency_node.case_sources import fields as read
from agency_node.case_sources.fields import BadField
from agency_node.case_sources.reasons import Reason
from agency_node.match_tool.cells import BadInput, Cells, lines_of, where
from fingerpost.private.demographics import Demographics

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


@unique
class Note(Enum):
    """What was done to a field that could not be taken as it stood. The value is the stable name in reports."""

    DATE_MENDED = "date_mended"
    DATE_LEFT_OUT = "date_left_out"
    SEX_LEFT_OUT = "sex_left_out"
    TOO_LONG_LEFT_OUT = "too_long_left_out"
    TOO_MANY_NAMES_LEFT_OUT = "too_many_names_left_out"
    CONTROL_CHARACTERS_LEFT_OUT = "control_characters_left_out"


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
    """``columns``: of ours that the file has. ``notes``: how many fields, by column and note."""

    name: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    notes: Mapping[tuple[str, Note], int]
    blank: int

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
    return found.table(tuple(column for column in COLUMNS if column in header), cells.blank)


def table_of(name: str, records: Iterable[Mapping[str, str]]) -> Table:
    """Of fields that were no file: each record's texts by column. Rows without record_id are numbered from 1.

    Raises ``BadInput``."""
    found = _Found(name, ids=False)
    for values in records:
        found.add(0, values)
    return found.table(COLUMNS, 0)


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
        self._notes: Counter[tuple[str, Note]] = Counter()

    def add(self, line: int, values: Mapping[str, str]) -> None:
        row_id = values.get(ID, "")
        if not row_id and not self._ids:
            row_id = str(len(self._rows) + 1)
        self._require_id(line, row_id)
        self._rows.append(Row(row_id, _demographics(values, self._notes), line))

    def table(self, columns: tuple[str, ...], blank: int) -> Table:
        return Table(self._name, tuple(self._rows), columns, dict(self._notes), blank)

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


def _demographics(values: Mapping[str, str], notes: Counter[tuple[str, Note]]) -> Demographics:
    def take(column: str, reader: Callable[[str], _T]) -> _T:
        text = values.get(column, "")
        if not text.isprintable() and any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
            notes[column, Note.CONTROL_CHARACTERS_LEFT_OUT] += 1
            text = ""
        try:
            return reader(text)
        except BadField as bad:
            notes[column, _LEFT_OUT[bad.reason]] += 1
            return reader("")

    return Demographics(
        forename=take("forename", read.read_name),
        middle_names=take("middle_names", read.read_name),
        surname=take("surname", read.read_name),
        other_names=take("other_names", read.read_aliases),
        dob=_birth(values.get("dob", ""), notes),
        sex=take("sex", read.read_sex),
        postcode=take("postcode", read.read_postcode),
        nhs_number=take("nhs_number", read.read_number),
        upn=take("upn", read.read_number),
    )


def _birth(text: str, notes: Counter[tuple[str, Note]]) -> date | None:
    """A date of any century. Where day and month stand in each other's place, and only then they make a date, they are
    put right; every other text that is no date is left out."""
    try:
        return read.read_date(text)
    except BadField:
        pass
    swapped = _YEAR_LAST.sub(r"\3\2\1\2\4", _YEAR_FIRST.sub(r"\1-\3-\2", text))
    try:
        mended = read.read_date(swapped)
    except BadField:
        notes["dob", Note.DATE_LEFT_OUT] += 1
        return None
    notes["dob", Note.DATE_MENDED] += 1
    return mended
