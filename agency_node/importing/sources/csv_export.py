"""Read the CSV export that every system can make: lines of text in, children and refused rows out.
Pure.

Law: what a row holds never raises. Every line behind the header ends up in exactly one place: with
a child, refused, no longer current, or blank. A line is a row: a quoted field may hold commas and
no line ends, so that one open quotation mark costs a line and not the rest of the file.

The first line names the columns. A column that is not known refuses the file unless the operator
said what to do with it: an export that was widened by mistake (case notes, addresses of the family)
must not come in unseen.

A child is not lost for what is said about her practitioner: a text that whoever rings would need,
and that a pointer cannot carry, is left empty with a remark (attack, and accident: "ext 12" behind
a number makes the child unknown).

Shielding is read on the safe side. A row of a child that says ``shield``, even when it is itself
refused or no longer current, shields every row of that child; so does a row that cannot be read at
all, for every child whose local_id stands anywhere in it (attack, seen with a national database: a
second record of a shielded child that does not carry the flag). When such a row names nobody, the
file is refused: it might be about anybody in it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

import msgspec

from agency_node.importing.sources import fields as read
from agency_node.importing.sources import fields as shields
from agency_node.importing.sources.fields import BadField, NoLongerCurrent, standing
from agency_node.importing.sources.reasons import Reason, RefusedFile, RefusedRow, Remark
from agency_node.records.records import Involvement
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused

MOST_ROWS: Final = 1_000_000
MOST_INVOLVEMENTS: Final = 64
_LEFT_EMPTY: Final = frozenset(
    {"worker_name", "worker_role", "desk_phone", "desk_email", "ooh_phone", "hours"}
)
"""Texts of a pointer: the child is worth more than any of them."""


@dataclass(frozen=True, slots=True, repr=False)
class SourceChild:
    """A child of the export, with the lines that she came from."""

    lines: tuple[int, ...]
    demographics: Demographics
    involvements: tuple[Involvement, ...]

    def __repr__(self) -> str:
        return "SourceChild(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """What a file came to. ``rows``: lines behind the header that are not blank. ``not_current``:
    their lines.
    """

    rows: int
    children: tuple[SourceChild, ...]
    refused: tuple[RefusedRow, ...]
    remarks: tuple[Remark, ...]
    not_current: tuple[int, ...]
    blank: int

    def __repr__(self) -> str:
        return f"Export({self.rows} rows)"


@dataclass(slots=True, repr=False)
class _Gathered:
    """A child while her rows come in."""

    lines: list[int]
    demographics: Demographics
    involvements: list[Involvement]


def read_export(
    lines: Iterable[str], *, as_of: date, columns: Columns, most_rows: int = MOST_ROWS
) -> Export:
    """The whole file. ``lines`` without or with their line ends, the first being the header; bytes
    that were not UTF-8 come as lone surrogates. ``as_of``: the day the export was made, which
    decides what is current.

    Raises ``RefusedFile`` when the file as a whole cannot be taken.
    """
    source = iter(lines)
    header = read_header(next(source, ""), columns)
    reader = _Reader(header, as_of)
    for number, line in enumerate(source, 2):
        if reader.rows >= most_rows:
            raise RefusedFile(Reason.TOO_MANY_ROWS)
        reader.take(number, line.rstrip("\r\n"))
    if reader.rows and reader.undecoded * 2 > reader.rows:
        raise RefusedFile(Reason.NOT_UTF8)
    return reader.export()


class _Reader:
    def __init__(self, header: tuple[str, ...], as_of: date) -> None:
        self._header = header
        self._as_of = as_of
        self._children: dict[str, _Gathered] = {}
        self._shielded: set[str] = set()
        self._known: set[str] = set()
        self._unreadable: list[tuple[int, str]] = []
        self._refused: list[RefusedRow] = []
        self._remarks: list[Remark] = []
        self._not_current: list[int] = []
        self._blank = 0
        self.rows = 0
        self.undecoded = 0

    def take(self, number: int, line: str) -> None:
        if is_blank(line):
            self._blank += 1
            return
        self.rows += 1
        row = self._row(number, line)
        if row is None:
            return
        try:
            self._add(number, row)
        except _BadColumn as bad:
            self._refuse(number, bad.column, bad.reason)
        except NoLongerCurrent:
            self._not_current.append(number)

    def export(self) -> Export:
        """Raises ``RefusedFile(SHIELD_OF_NOBODY)``."""
        doubtful: frozenset[str] = frozenset()
        if "shield" in self._header:
            doubtful = shields.doubtful(self._known, self._unreadable)
        return Export(
            self.rows,
            tuple(
                SourceChild(
                    tuple(child.lines),
                    child.demographics,
                    self._with_shield(child, local_id in self._shielded, local_id in doubtful),
                )
                for local_id, child in self._children.items()
            ),
            tuple(self._refused),
            tuple(self._remarks),
            tuple(self._not_current),
            self._blank,
        )

    def _with_shield(
        self, child: _Gathered, shielded: bool, doubtful: bool
    ) -> tuple[Involvement, ...]:
        if doubtful and not shielded:
            self._remark(child.lines[0], "shield", Reason.WITHHELD_FOR_A_REFUSED_ROW)
        if not shielded and not doubtful:
            return tuple(child.involvements)
        return tuple(msgspec.structs.replace(i, shielded=True) for i in child.involvements)

    def _row(self, number: int, line: str) -> dict[str, str] | None:
        """The cells by column, or None when the line is refused as a whole."""
        row = read_row(line, self._header)
        if isinstance(row, Reason):
            self.undecoded += row is Reason.ROW_NOT_UTF8
            self._unreadable.append((number, line))
            self._refuse(number, "", row)
            return None
        return row

    def _add(self, number: int, row: dict[str, str]) -> None:
        shielded = self._flag(number, row, "shield")
        if shielded and not row["local_id"]:
            raise RefusedFile(Reason.SHIELD_OF_NOBODY, f"line {number}")
        local_id = _column(row, "local_id", read.read_local_id)
        self._known.add(local_id)
        if shielded:
            self._shielded.add(local_id)
        for column, text in row.items():
            if column in _LEFT_EMPTY:
                continue
            if read.has_control(text):
                raise _BadColumn(column, Reason.CONTROL_CHARACTER)
        demographics = self._demographics(number, row)
        child = self._children.get(local_id)
        if child is not None and child.demographics != demographics:
            raise _BadColumn("local_id", Reason.DIFFERENT_CHILD)
        if child is not None and len(child.involvements) >= MOST_INVOLVEMENTS:
            raise _BadColumn("local_id", Reason.TOO_MANY_INVOLVEMENTS)
        involvement = self._involvement(number, row, shielded=shielded)
        if child is None:
            self._children[local_id] = _Gathered([number], demographics, [involvement])
        else:
            child.lines.append(number)
            child.involvements.append(involvement)

    def _demographics(self, number: int, row: dict[str, str]) -> Demographics:
        sex = None
        try:
            sex = read.read_sex(row.get("sex", ""))
        except BadField as bad:
            self._remark(number, "sex", bad.reason)
        try:
            return Demographics(
                forename=_column(row, "forename", read.read_name),
                middle_names=_column(row, "middle_names", read.read_name),
                surname=_column(row, "surname", read.read_name),
                other_names=_column(row, "aliases", read.read_aliases),
                dob=self._birth(number, row),
                sex=sex,
                postcode=_column(row, "postcode", read.read_postcode),
                nhs_number=_column(row, "nhs_number", read.read_number),
                upn=_column(row, "upn", read.read_number),
            )
        except Refused as refused:  # a bound that was not met above: names the field only
            raise _BadColumn(refused.what, Reason.TOO_LONG) from None

    def _birth(self, number: int, row: Mapping[str, str]) -> date | None:
        """A date that cannot be right is left out, so that the child is still found by name and
        place; that of an adult refuses the row, which is about somebody else."""
        try:
            return read.read_birth(row.get("dob", ""), self._as_of)
        except BadField as bad:
            if bad.reason is not Reason.DATE_NOT_READ:
                raise _BadColumn("dob", bad.reason) from None
            self._remark(number, "dob", bad.reason)
            return None

    def _involvement(self, number: int, row: dict[str, str], *, shielded: bool) -> Involvement:
        kind = _column(row, "kind", read.read_kind)
        start = _column(row, "start", read.read_date)
        end = _column(row, "end", read.read_date)
        try:
            status, ended_on = standing(row["status"], start, end, self._as_of)
        except BadField as bad:
            raise _BadColumn("status", bad.reason) from None
        found = Involvement(
            kind=kind,
            status=status,
            worker_name=self._text(number, row, "worker_name", read.read_worker_name),
            worker_role=self._text(number, row, "worker_role", read.read_worker_role),
            desk_phone=self._text(number, row, "desk_phone", read.read_telephone),
            desk_email=self._text(number, row, "desk_email", read.read_email),
            ooh_phone=self._text(number, row, "ooh_phone", read.read_telephone),
            hours=self._text(number, row, "hours", read.read_hours),
            as_of=_seconds(self._as_of),
            lead=_column(row, "lead", read.read_flag),
            early_help=_column(row, "early_help", read.read_flag),
            sensitive=self._flag(number, row, "sensitive") or kind.sensitive,
            shielded=shielded,
            ended_on=ended_on,
        )
        if not (found.desk_phone or found.desk_email or found.ooh_phone):
            self._remark(number, "desk_phone", Reason.NO_CONTACT)
        return found

    def _text(
        self, number: int, row: Mapping[str, str], column: str, reader: Callable[[str], str]
    ) -> str:
        try:
            return reader(row.get(column, ""))
        except BadField as bad:
            self._remark(number, column, bad.reason)
            return ""

    def _flag(self, number: int, row: dict[str, str], column: str) -> bool:
        """A flag that keeps something from being told: what is neither yes nor no counts as yes."""
        try:
            return read.read_flag(row.get(column, ""))
        except BadField:
            self._remark(number, column, Reason.FLAG_READ_AS_YES)
            return True

    def _refuse(self, line: int, column: str, reason: Reason) -> None:
        self._refused.append(RefusedRow(line, column, reason))

    def _remark(self, line: int, column: str, reason: Reason) -> None:
        self._remarks.append(Remark(line, column, reason))


class _BadColumn(Exception):
    def __init__(self, column: str, reason: Reason) -> None:
        super().__init__(column)
        self.column = column
        self.reason = reason


_T = TypeVar("_T")


def _column(row: Mapping[str, str], column: str, reader: Callable[[str], _T]) -> _T:
    try:
        return reader(row.get(column, ""))
    except BadField as bad:
        raise _BadColumn(column, bad.reason) from None


def _seconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * limits.DAY


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
)
COLUMNS: Final = frozenset(REQUIRED + OPTIONAL)
MOST_COLUMNS: Final = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """How the file's columns are called. Names in lower case. ``rename``: the file's name → ours."""

    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()


def read_header(line: str, columns: Columns) -> tuple[str, ...]:
    """Our column names in the file's order; "" for one that is ignored."""
    cells = header_cells(line)
    if len(cells) > MOST_COLUMNS:
        raise RefusedFile(Reason.NO_HEADER)
    names: list[str] = []
    for cell in cells:
        name = cell.strip().lower()
        names.append("" if name in columns.ignore else columns.rename.get(name, name))
    known = [name for name in names if name]
    if not COLUMNS & set(known):
        raise RefusedFile(Reason.NO_HEADER)
    for place, (name, cell) in enumerate(zip(names, cells, strict=True), 1):
        if name not in COLUMNS and cell.strip().lower() not in columns.ignore:
            raise RefusedFile(Reason.COLUMN_UNKNOWN, f"column {place}")
    for name in known:
        if known.count(name) > 1:
            raise RefusedFile(Reason.COLUMN_TWICE, name)
    for name in REQUIRED:
        if name not in known:
            raise RefusedFile(Reason.COLUMN_MISSING, name)
    return tuple(names)


def header_cells(line: str) -> list[str]:
    """Return the cells of a first line.

    Raises:
        RefusedFile: The line is empty, or cannot be read.
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
    """Return the cells of a line by column, without those whose column is ""; or why it is no row."""
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
    """Raises ``csv.Error``: an open quotation mark, one inside a field, a field without end."""
    return next(csv.reader([line], strict=True), [])


def _decoded(line: str) -> bool:
    """Whether all of the line was UTF-8: undecodable bytes come as lone surrogates."""
    return line.isascii() or not any("\ud800" <= c <= "\udfff" for c in line)
