"""Tables of records and of true pairs: files or typed records in, values and counts out.

Law: files, cells, dates, sexes and names are read by the readers of the node's own import
(``importing.sources``), so that a record means here what it means there. A file that cannot be read
for certain is refused as a whole, because a figure over an unknown part of a file is misleading. A
field that cannot be read is left empty and counted.
No text raised or counted here holds the content of a field. Names of columns may be shown, except
where the first line may itself be a record.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, unique
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from agency_node.importing.source_file import read_source
from agency_node.importing.sources import fields as read
from agency_node.importing.sources import table as rows_of
from agency_node.importing.sources.cells import clean
from agency_node.importing.sources.children import MOST_ROWS
from agency_node.importing.sources.columns import column_of
from agency_node.importing.sources.dates import Dates, Order
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fields import BadField
from agency_node.importing.sources.reading import AS_IT_IS, Content, open_table
from agency_node.importing.sources.reasons import Reason
from fingerpost.private.demographics import Birth, Demographics, read_birth, read_health_number
from fingerpost.private.linkage.normal_form import read_upn
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.runtime.screen_text import printable

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
    "health_number",
    "upn",
)
TRUTH_COLUMNS: Final = ("left_id", "right_id")
_LINES_NAMED: Final = 5
_NAMES_SHOWN: Final = 10
_NAME_SHOWN_CHARS: Final = 40
_MOST_MENDED: Final = 0.1
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([/.])([0-9]{1,2})[/.]([0-9]{4})")
_EXPORT_AS: Final = "Export the table as “CSV UTF-8”, with a line that names the columns."
_DAY_FIRST: Final = Dates(Order.DAY_FIRST)
_FAULTS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.ROW_NOT_CSV: "a quotation mark is left open or stands inside a field",
        Reason.FIELD_COUNT: "more or fewer fields than the first line has",
    }
)

_T = TypeVar("_T")


class BadInput(Exception):
    """A file or a command cannot be used.

    The text names file, line and column, and never the content of a field.
    """


@unique
class Note(Enum):
    """What was done to a field that could not be taken as it is. The value is the stable name."""

    DATE_MENDED = "date_mended"
    DATE_LEFT_OUT = "date_left_out"
    SEX_LEFT_OUT = "sex_left_out"
    TOO_LONG_LEFT_OUT = "too_long_left_out"
    TOO_MANY_NAMES_LEFT_OUT = "too_many_names_left_out"
    CONTROL_CHARACTERS_LEFT_OUT = "control_characters_left_out"
    NUMBER_NOT_VALID = "number_not_valid"


_LEFT_OUT: Final = MappingProxyType(
    {
        Reason.SEX_NOT_READ: Note.SEX_LEFT_OUT,
        Reason.TOO_LONG: Note.TOO_LONG_LEFT_OUT,
        Reason.TOO_MANY_NAMES: Note.TOO_MANY_NAMES_LEFT_OUT,
        Reason.NUMBER_LEFT_OUT: Note.NUMBER_NOT_VALID,
    }
)


@dataclass(slots=True)
class Notes:
    """The notes of one table.

    ``fields``: how many, by column and note. ``lines``: the first lines of each, none for records
    that come from no file. ``dates``: how many dates of birth were not empty.
    """

    fields: Counter[tuple[str, Note]] = field(default_factory=Counter)
    lines: dict[tuple[str, Note], list[int]] = field(default_factory=dict)
    dates: int = 0

    def add(self, column: str, note: Note, line: int) -> None:
        """Count one field. ``line``: 0 where there is no file."""
        self.fields[column, note] += 1
        lines = self.lines.setdefault((column, note), [])
        if line and len(lines) < _LINES_NAMED:
            lines.append(line)

    @property
    def is_month_first_likely(self) -> bool:
        """Whether so many dates were mended that the file probably writes the month first.

        Then the dates that are valid either way were misread, and nothing shows it.
        """
        return self.fields["dob", Note.DATE_MENDED] > _MOST_MENDED * self.dates

    def in_order(self) -> list[tuple[str, Note]]:
        return sorted(self.fields, key=lambda key: (key[0], key[1].value))


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One record.

    ``id``: the agency's own number of it. ``line``: its line in the file, where the header is
    line 1; 0 where there is no file.
    """

    id: str
    demographics: Demographics
    line: int = field(default=0, compare=False)

    def __repr__(self) -> str:
        return f"Row(line {self.line})"


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """The records of one file.

    ``columns``: those of ``COLUMNS`` that the file has. ``passed_over``: its other columns, as they
    are written there. ``renamed``: the file's names of columns (lower case) that were mapped.
    """

    name: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    notes: Notes
    passed_over: tuple[str, ...] = ()
    renamed: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Table({len(self.rows)} rows)"


def read_table(path: Path, rename: Mapping[str, str] = _NO_NAMES) -> Table:
    """Read a file of records. Columns that are not in ``COLUMNS`` are passed over.

    Args:
        rename: The file's name of a column (lower case) → our name.

    Raises:
        BadInput: There is no such file, it is no text in UTF-8, its header has no ``record_id``, a
            line is no row, a record_id is empty, too long or there twice, or there are more than a
            million rows.
    """
    return _table(path.name, _content_of(path), rename, ids=True)


def parse_table(
    name: str, lines: Iterable[str], rename: Mapping[str, str] = _NO_NAMES, *, ids: bool = True
) -> Table:
    """Read lines as ``read_table`` reads a file.

    Args:
        ids: Whether each row must have its record_id; without it, rows are numbered from 1.
    """
    text = "\n".join(line.rstrip("\r\n") for line in lines)
    return _table(name, text.encode("utf-8"), rename, ids=ids)


def _table(name: str, content: Content, rename: Mapping[str, str], *, ids: bool) -> Table:
    header, source = _opened(name, content, rename, COLUMNS, (ID,) if ids else ())
    found = _Found(name, ids=ids)
    for line, values in _rows(name, source, header.columns):
        found.add(line, values)
    columns = tuple(column for column in COLUMNS if column in header.columns)
    return Table(name, tuple(found.rows), columns, found.notes, header.passed_over, header.renamed)


def table_of(name: str, records: Iterable[Mapping[str, str]]) -> Table:
    """Return a table of records that are in no file. Those without an id are numbered from 1.

    Args:
        records: Of each record, the texts by column.
    """
    found = _Found(name, ids=False)
    for values in records:
        found.add(0, {column: clean(text) for column, text in values.items()})
    return Table(name, tuple(found.rows), COLUMNS, found.notes)


def read_truth(
    path: Path, left: Sequence[Row], right: Sequence[Row]
) -> tuple[tuple[str, str], ...]:
    """Return the true pairs of two tables, as a left and a right id, in the order of the file.

    Raises:
        BadInput: The file cannot be read, or an id is in neither table.
    """
    content = _content_of(path)
    header, source = _opened(path.name, content, _NO_NAMES, TRUTH_COLUMNS, TRUTH_COLUMNS)
    rows = _rows(path.name, source, header.columns)
    found = [(line, values["left_id"], values["right_id"]) for line, values in rows]
    for place, side, records in ((1, "left", left), (2, "right", right)):
        known = {record.id for record in records}
        if lines := [each[0] for each in found if each[place] not in known]:
            raise BadInput(
                f"{path.name}: {side}_id names no record of the {side} file, in {where(lines)}"
            )
    return tuple((one, other) for _, one, other in found)


def short_list(names: Sequence[str]) -> str:
    """Return names of columns for a screen: not many, none long, none that commands a terminal."""
    shown = [
        name if len(name) <= _NAME_SHOWN_CHARS else name[: _NAME_SHOWN_CHARS - 1] + "…"
        for name in (printable(each.strip()) for each in names)
        if name
    ]
    more = f" and {len(shown) - _NAMES_SHOWN:,} more" if len(shown) > _NAMES_SHOWN else ""
    return ", ".join(shown[:_NAMES_SHOWN]) + more


def where(lines: Sequence[int], count: int | None = None) -> str:
    """Name the first lines. ``count``: how many there are, if ``lines`` has only the first."""
    count = len(lines) if count is None else count
    named = ", ".join(str(line) for line in lines[:_LINES_NAMED])
    more = f" and {count - _LINES_NAMED:,} more" if count > _LINES_NAMED else ""
    return f"line{'' if count == 1 else 's'} {named}{more}"


def _content_of(path: Path) -> Content:
    """Raises ``BadInput``."""
    if not path.exists():
        raise BadInput(f"{path}: there is no such file")
    try:
        return read_source(path).content
    except RefusedFile as refused:
        raise BadInput(_in_words(path.name, refused)) from None
    except Defect as defect:
        raise BadInput(str(defect)) from None


def _opened(
    name: str,
    content: Content,
    rename: Mapping[str, str],
    wanted: Sequence[str],
    needed: Sequence[str],
) -> tuple[_Header, rows_of.Table]:
    """Open a file of which columns ``needed`` must be there and all else of ``wanted`` may be.
    Raises ``BadInput``.
    """

    def known(cells: Sequence[str]) -> int:
        """Without any known name, the first line with letters is taken for the header, and
        refused below.
        """
        words = any(c.isalpha() for cell in cells for c in cell)
        return words + sum(_ours(cell, rename) in wanted for cell in cells if cell.strip())

    try:
        table = open_table(content, AS_IT_IS, known)
    except RefusedFile as refused:
        raise BadInput(_in_words(name, refused)) from None
    return _read_header(name, table.header, rename, wanted, needed), table


def _in_words(name: str, refused: RefusedFile) -> str:
    """These commands have no options for forms that a file does not show by itself."""
    return f"{name}: {' '.join(map(str, refused.faults))} {_EXPORT_AS}"


def _ours(written: str, rename: Mapping[str, str]) -> str:
    """Return our name of a column; a name that is not known stays as it is."""
    plain = clean(written).lower()
    return rename.get(plain) or column_of(written) or plain


@dataclass(frozen=True, slots=True)
class _Header:
    """``columns``: in the file's order, "" for one that is not wanted. The others as in Table."""

    columns: tuple[str, ...]
    passed_over: tuple[str, ...]
    renamed: frozenset[str]


def _read_header(
    name: str,
    cells: Sequence[str],
    rename: Mapping[str, str],
    wanted: Sequence[str],
    needed: Sequence[str],
) -> _Header:
    """Read the header, of which ``needed`` must be there and all else of ``wanted`` may be."""
    written = tuple(clean(cell).lower() for cell in cells)
    names = tuple(_ours(cell, rename) for cell in cells)
    known = not set(wanted).isdisjoint(names)
    for column in needed:
        if column not in names:
            raise BadInput(
                f"{name}: the first line names no column {column}{_instead(cells, known=known)}"
            )
    if not known:
        raise BadInput(f"{name}: the first line names none of {', '.join(wanted)}")
    for column in wanted:
        if names.count(column) > 1:
            raise BadInput(f"{name}: the column {column} is there twice")
    others = [cell.strip() for cell, each in zip(cells, names, strict=True) if each not in wanted]
    return _Header(
        tuple(each if each in wanted else "" for each in names),
        tuple(filter(None, others)),
        frozenset(rename).intersection(written),
    )


def _instead(cells: Sequence[str], *, known: bool) -> str:
    """Say what the first line has instead of a column that is needed.

    Accident: a file without a header, whose first line is somebody's record. The line is shown only
    if one of its columns is known, or if it has no digit: no id, date, number or postcode.
    """
    if len(cells) == 1:
        return " (a comma must stand between the columns)"
    if not known and any(c.isdigit() for cell in cells for c in cell):
        return "; is its first line one of column names?"
    return f"; it has {short_list(cells)}; give the right one as --map NAME=COLUMN"


def _rows(
    name: str, table: rows_of.Table, header: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers, and cells by column. Raises ``BadInput`` at the end for all bad lines."""
    bad: dict[Reason, list[int]] = {}
    for count, row in enumerate(table.rows(), 1):
        if count > MOST_ROWS:
            raise BadInput(f"{name}: more than {MOST_ROWS:,} rows")
        if isinstance(row.cells, Reason):
            bad.setdefault(row.cells, []).append(row.number)
        else:
            cells = zip(header, row.cells, strict=True)
            yield row.number, {column: clean(cell) for column, cell in cells if column}
    for reason, numbers in bad.items():
        raise BadInput(f"{name}: {_FAULTS[reason]}, in {where(numbers)}")


class _Found:
    """The rows and their notes, while they are read."""

    def __init__(self, name: str, *, ids: bool) -> None:
        self.rows: list[Row] = []
        self.notes = Notes()
        self._name = name
        self._ids = ids
        self._lines: dict[str, int] = {}

    def add(self, line: int, values: Mapping[str, str]) -> None:
        row_id = values.get(ID, "")
        if not row_id and not self._ids:
            row_id = str(len(self.rows) + 1)
        self._require_id(line, row_id)
        self.rows.append(Row(row_id, _demographics(values, self.notes, line), line))

    def _require_id(self, line: int, row_id: str) -> None:
        place = f"{self._name}: line {line}: {ID}"
        if not row_id:
            raise BadInput(f"{place} is empty")
        if len(row_id) > read.LOCAL_ID_CHARS or not row_id.isprintable():
            raise BadInput(
                f"{place} is longer than {read.LOCAL_ID_CHARS} characters, or holds some that "
                "cannot be printed"
            )
        if row_id in self._lines:
            raise BadInput(f"{place} is that of line {self._lines[row_id]}")
        self._lines[row_id] = line


def _demographics(values: Mapping[str, str], notes: Notes, line: int) -> Demographics:
    def take(column: str, reader: Callable[[str], _T]) -> _T:
        text = values.get(column, "")
        if read.has_control(text):
            notes.add(column, Note.CONTROL_CHARACTERS_LEFT_OUT, line)
            text = ""
        try:
            return reader(text)
        except BadField as bad:
            notes.add(column, _LEFT_OUT[bad.reason], line)
            return reader("")

    def number(column: str, valid: Callable[[str], object | None]) -> str:
        """Return the text as it is: the normal form ignores a number that is not valid."""
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
        health_number=number("health_number", read_health_number),
        upn=number("upn", read_upn),
    )


def _birth(text: str, notes: Notes, line: int) -> Birth | None:
    """Return a date of any century, or what is known of one, or None.

    Day and month are exchanged if only then they make a date; what is known in part is spelt as in
    a question (``2014-03``, ``2014``, ``about 2014``, ``due 2027-02-01``); every other text is left
    out.
    """
    notes.dates += bool(text)
    day = _DAY_FIRST.read(text)
    if day is not None or not text:
        return day
    with suppress(Refused):
        return read_birth(text.strip())
    swapped = _YEAR_LAST.sub(r"\3\2\1\2\4", _YEAR_FIRST.sub(r"\1-\3-\2", text))
    mended = _DAY_FIRST.read(swapped)
    notes.add("dob", Note.DATE_LEFT_OUT if mended is None else Note.DATE_MENDED, line)
    return mended
