"""Read the CSV export that every system can make: lines of text in, children and refused rows out.
Pure.

Law: what a row holds never raises. Every line after the header ends up in exactly one place: with a
child, refused, no longer current, or blank. A line is a row: a quoted field may hold commas but no
line end, so that an open quotation mark costs one line and not the rest of the file.

The first line names the columns. A column that is not known refuses the file unless the operator
said what to do with it: an export that was widened by mistake (case notes, addresses of the family)
must not be imported unseen.

No child is lost because of what a row says about her practitioner: a text that a pointer cannot
carry is left empty, with a remark (attack, and accident: "ext 12" after a number makes the child
unknown).

Shielding is read on the safe side. A row of a child that says ``shield``, even when it is itself
refused or no longer current, shields every row of that child. A row that cannot be read at all
shields every child whose local_id stands anywhere in it (attack, seen with a national database: a
second record of a shielded child that does not carry the flag). If such a row names no child, the
file is refused: the row might be about any child in it."""

from __future__ import annotations

import csv
from calendar import timegm
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

import msgspec

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.fields import BadField, NoLongerCurrent
from agency_node.importing.sources.reasons import Reason, RefusedFile, RowFault
from agency_node.records.records import Involvement
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.errors import Refused

MOST_ROWS: Final = 1_000_000
MOST_INVOLVEMENTS: Final = 64
_LEFT_EMPTY: Final = frozenset(
    {"worker_name", "worker_role", "desk_phone", "desk_email", "ooh_phone", "hours"}
)
"""Texts of a pointer, which may be left empty: none of them is worth losing a child."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, repr=False)
class SourceChild:
    """A child of the export, with the lines that describe her.

    ``typed``: a line says that it was typed by hand, and did not come from another system.
    """

    lines: tuple[int, ...]
    local_id: str
    demographics: Demographics
    involvements: tuple[Involvement, ...]
    typed: bool

    def __repr__(self) -> str:
        return "SourceChild(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """What was read of a file.

    Attributes:
        rows: the number of lines after the header that are not blank.
        remarks: faults in rows that were taken.
        not_current: the lines of involvements that are no longer current.
    """

    rows: int
    children: tuple[SourceChild, ...]
    refused: tuple[RowFault, ...]
    remarks: tuple[RowFault, ...]
    not_current: tuple[int, ...]

    def __repr__(self) -> str:
        return f"Export({self.rows} rows)"


@dataclass(slots=True, repr=False)
class _Gathered:
    """A child while her rows are read."""

    demographics: Demographics
    lines: list[int] = field(default_factory=list)
    involvements: list[Involvement] = field(default_factory=list)
    typed: bool = False


def read_export(
    lines: Iterable[str], *, as_of: date, columns: Columns, most_rows: int = MOST_ROWS
) -> Export:
    """Read a whole file.

    Args:
        lines: with or without their line ends, the header first; bytes that were not UTF-8 are lone
            surrogates.
        as_of: the day the export was made, which decides what is current.

    Raises:
        RefusedFile: the file as a whole cannot be taken.
    """
    source = iter(lines)
    header = read_header(next(source, ""), columns)
    reader = _Reader(header, as_of)
    for number, line in enumerate(source, 2):
        if reader.rows >= most_rows:
            raise RefusedFile(Reason.TOO_MANY_ROWS)
        reader.take(number, line)
    if reader.rows and reader.undecoded * 2 > reader.rows:
        raise RefusedFile(Reason.NOT_UTF8)
    return reader.export()


class _Reader:
    """What was read of the file so far. ``known``: every local_id, also of refused rows."""

    def __init__(self, header: tuple[str, ...], as_of: date) -> None:
        self._header = header
        self._as_of = as_of
        self._children: dict[str, _Gathered] = {}
        self._shielded: set[str] = set()
        self._known: set[str] = set()
        self._unreadable: list[tuple[int, str]] = []
        self._refused: list[RowFault] = []
        self._remarks: list[RowFault] = []
        self._not_current: list[int] = []
        self.rows = 0
        self.undecoded = 0

    def take(self, number: int, line: str) -> None:
        if is_blank(line):
            return
        self.rows += 1
        cells = read_row(line, self._header)
        if isinstance(cells, Reason):
            self.undecoded += cells is Reason.ROW_NOT_UTF8
            self._unreadable.append((number, line))
            self._refused.append(RowFault(number, "", cells))
            return
        try:
            self._add(_Row(number, cells, self._as_of, self._remarks))
        except _BadColumn as bad:
            self._refused.append(RowFault(number, bad.column, bad.reason))
        except NoLongerCurrent:
            self._not_current.append(number)

    def export(self) -> Export:
        """Raises ``RefusedFile(SHIELD_OF_NOBODY)``."""
        doubtful: frozenset[str] = frozenset()
        if "shield" in self._header:
            doubtful = read.doubtful(self._known, self._unreadable)
        for local_id, child in self._children.items():
            if local_id in doubtful - self._shielded:
                fault = RowFault(child.lines[0], "shield", Reason.WITHHELD_FOR_A_REFUSED_ROW)
                self._remarks.append(fault)
            if local_id in doubtful | self._shielded:
                child.involvements = [
                    msgspec.structs.replace(row, shielded=True) for row in child.involvements
                ]
        return Export(
            self.rows,
            tuple(
                SourceChild(
                    tuple(child.lines),
                    local_id,
                    child.demographics,
                    tuple(child.involvements),
                    child.typed,
                )
                for local_id, child in self._children.items()
            ),
            tuple(self._refused),
            tuple(self._remarks),
            tuple(self._not_current),
        )

    def _add(self, row: _Row) -> None:
        """Raises ``_BadColumn``, ``NoLongerCurrent``, ``RefusedFile(SHIELD_OF_NOBODY)``."""
        shielded = row.withheld("shield")
        if shielded and not row.cells["local_id"]:
            raise RefusedFile(Reason.SHIELD_OF_NOBODY, f"line {row.number}")
        local_id = row.needed("local_id", read.read_local_id)
        self._known.add(local_id)
        if shielded:
            self._shielded.add(local_id)
        for column, text in row.cells.items():
            if column not in _LEFT_EMPTY and read.has_control(text):
                raise _BadColumn(column, Reason.CONTROL_CHARACTER)
        demographics = row.demographics()
        child = self._children.get(local_id) or _Gathered(demographics)
        if child.demographics != demographics:
            raise _BadColumn("local_id", Reason.DIFFERENT_CHILD)
        if len(child.involvements) >= MOST_INVOLVEMENTS:
            raise _BadColumn("local_id", Reason.TOO_MANY_INVOLVEMENTS)
        child.involvements.append(row.involvement(shielded=shielded))
        child.lines.append(row.number)
        child.typed |= row.withheld("by_hand")
        self._children[local_id] = child


class _BadColumn(Exception):
    """The row cannot be taken, because of one column."""

    def __init__(self, column: str, reason: Reason) -> None:
        super().__init__(column)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False)
class _Row:
    """One row. A fault that does not refuse it is added to ``remarks``."""

    number: int
    cells: Mapping[str, str]
    as_of: date
    remarks: list[RowFault]

    def needed(self, column: str, reader: Callable[[str], _T]) -> _T:
        """Raises ``_BadColumn`` for a cell that cannot be read."""
        try:
            return reader(self.cells.get(column, ""))
        except BadField as bad:
            raise _BadColumn(column, bad.reason) from None

    def wished(self, column: str, reader: Callable[[str], _T], otherwise: _T) -> _T:
        """Return ``otherwise``, with a remark, for a cell that cannot be read."""
        try:
            return reader(self.cells.get(column, ""))
        except BadField as bad:
            self.remark(column, bad.reason)
            return otherwise

    def withheld(self, column: str) -> bool:
        """Read a flag against disclosure: what is neither yes nor no is read as yes."""
        try:
            return read.read_flag(self.cells.get(column, ""))
        except BadField:
            self.remark(column, Reason.FLAG_READ_AS_YES)
            return True

    def remark(self, column: str, reason: Reason) -> None:
        self.remarks.append(RowFault(self.number, column, reason))

    def demographics(self) -> Demographics:
        """Raises ``_BadColumn``.

        A date that cannot be right is left out, so that the child is still found by name and place;
        that of an adult refuses the row, which is about another person.
        """
        sex = self.wished("sex", read.read_sex, None)
        dob = self.wished("dob", lambda text: read.read_birth(text, self.as_of), None)
        if dob is not None and read.is_adult(dob, self.as_of):
            raise _BadColumn("dob", Reason.DATE_OUT_OF_RANGE)
        try:
            return Demographics(
                forename=self.needed("forename", read.read_name),
                middle_names=self.needed("middle_names", read.read_name),
                surname=self.needed("surname", read.read_name),
                other_names=self.needed("aliases", read.read_aliases),
                dob=dob,
                sex=sex,
                postcode=self.needed("postcode", read.read_postcode),
                nhs_number=self.needed("nhs_number", read.read_number),
                upn=self.needed("upn", read.read_number),
            )
        except Refused as refused:  # a bound that was not met above: it names the field only
            raise _BadColumn(refused.what, Reason.TOO_LONG) from None

    def involvement(self, *, shielded: bool) -> Involvement:
        """Raises ``_BadColumn`` and ``NoLongerCurrent``."""
        kind = self.needed("kind", read.read_kind)
        start = self.needed("start", read.read_date)
        end = self.needed("end", read.read_date)
        status, ended_on = self.needed(
            "status", lambda text: read.standing(text, start, end, self.as_of)
        )
        found = Involvement(
            kind=kind,
            status=status,
            worker_name=self.wished("worker_name", read.read_worker_name, ""),
            worker_role=self.wished("worker_role", read.read_worker_role, ""),
            desk_phone=self.wished("desk_phone", read.read_telephone, ""),
            desk_email=self.wished("desk_email", read.read_email, ""),
            ooh_phone=self.wished("ooh_phone", read.read_telephone, ""),
            hours=self.wished("hours", read.read_hours, ""),
            as_of=timegm(self.as_of.timetuple()),
            lead=self.needed("lead", read.read_flag),
            early_help=self.needed("early_help", read.read_flag),
            sensitive=self.withheld("sensitive") or kind.sensitive,
            shielded=shielded,
            ended_on=ended_on,
        )
        if not (found.desk_phone or found.desk_email or found.ooh_phone):
            self.remark("desk_phone", Reason.NO_CONTACT)
        return found


REQUIRED: Final = (
    "local_id",
    "forename",
    "surname",
    "dob",
    "kind",
    "status",
    "start",
    "worker_name",
    "worker_role",
    "desk_phone",
    "desk_email",
)
OPTIONAL: Final = (
    "nhs_number",
    "upn",
    "middle_names",
    "aliases",
    "sex",
    "postcode",
    "end",
    "ooh_phone",
    "sensitive",
    "shield",
    "hours",
    "lead",
    "early_help",
    "by_hand",
)
COLUMNS: Final = frozenset(REQUIRED + OPTIONAL)
MOST_COLUMNS: Final = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """What to do with the columns of a file. Names are in lower case.

    ``rename``: the file's name → ours. ``ignore``: columns of the file that are not read.
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()


def read_header(line: str, columns: Columns) -> tuple[str, ...]:
    """Return our column names in the file's order; "" for one that is ignored.

    Raises:
        RefusedFile: a column is unknown, missing or there twice, or the line is no header.
    """
    written = [cell.strip().lower() for cell in header_cells(line)]
    ignored = [name in columns.ignore for name in written]
    names = [
        "" if skip else columns.rename.get(name, name)
        for name, skip in zip(written, ignored, strict=True)
    ]
    if len(names) > MOST_COLUMNS or COLUMNS.isdisjoint(names):
        raise RefusedFile(Reason.NO_HEADER)
    for place, (name, skip) in enumerate(zip(names, ignored, strict=True), 1):
        if name not in COLUMNS and not skip:
            raise RefusedFile(Reason.COLUMN_UNKNOWN, f"column {place}")
    for name in names:
        if name and names.count(name) > 1:
            raise RefusedFile(Reason.COLUMN_TWICE, name)
    for name in REQUIRED:
        if name not in names:
            raise RefusedFile(Reason.COLUMN_MISSING, name)
    return tuple(names)


def header_cells(line: str) -> list[str]:
    """Return the cells of a first line.

    Raises:
        RefusedFile: the line is empty, or cannot be read.
    """
    line = line.removeprefix("\ufeff").rstrip("\r\n")
    if "\0" in line:
        raise RefusedFile(Reason.NOT_TEXT)
    if not _decoded(line):
        raise RefusedFile(Reason.NOT_UTF8)
    try:
        cells = _cells_of(line)
    except csv.Error:
        raise RefusedFile(Reason.NO_HEADER) from None
    if not any(cells):
        raise RefusedFile(Reason.EMPTY_FILE)
    return cells


def is_blank(line: str) -> bool:
    return not line.strip(', \t"\r\n')


def read_row(line: str, header: Sequence[str]) -> dict[str, str] | Reason:
    """Return the cells of a line by column, without those of column ""; or why it is no row."""
    line = line.rstrip("\r\n")
    if not _decoded(line):
        return Reason.ROW_NOT_UTF8
    try:
        cells = _cells_of(line)
    except csv.Error:
        return Reason.ROW_NOT_CSV
    if len(cells) != len(header):
        return Reason.FIELD_COUNT
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name}


def _cells_of(line: str) -> list[str]:
    """Raises ``csv.Error``: a quotation mark is open or inside a field, or a field has no end."""
    return next(csv.reader([line], strict=True), [])


def _decoded(line: str) -> bool:
    """Return whether all of the line was UTF-8: bytes that were not are lone surrogates."""
    return line.isascii() or not any("\ud800" <= c <= "\udfff" for c in line)
