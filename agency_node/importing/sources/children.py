"""From the rows of a table to children: what every kind of export becomes. Pure.

Law: what a row holds never raises. Every row of the table ends up in exactly one place: with a
child, refused, or no longer current. A file whose dates or names could be read in two ways is
refused before a row is read.

No child is lost because of what a row says about her practitioner: a text that a pointer cannot
carry is left empty, with a remark (attack, and accident: "ext 12" after a number makes the child
unknown).

Shielding is read on the safe side. A row of a child that says ``shield``, even when it is itself
refused or no longer current, shields every row of that child. A row that cannot be read at all
shields every child whose local_id stands anywhere in it (attack, seen with a national database: a
second record of a shielded child that does not carry the flag). If such a row names no child, the
file is refused: the row might be about any child in it. Every row with a flag is listed beside the
children (``Export.flagged``), for the agency's register (``importing.shielding``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import msgspec

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.child_row import BadColumn, ChildRow, How
from agency_node.importing.sources.columns import Columns, Layout, read_header
from agency_node.importing.sources.dates import Dates
from agency_node.importing.sources.faults import RefusedFile, RowFault
from agency_node.importing.sources.fields import Flag, NoLongerCurrent
from agency_node.importing.sources.judging import Stated, judge
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.shapes import ColumnFound, Tally
from agency_node.importing.sources.table import Row, Table
from agency_node.importing.sources.unreadable import doubtful
from agency_node.records.records import Involvement
from fingerpost.private.demographics import (
    Demographics,
)

MOST_ROWS: Final = 1_000_000
MOST_INVOLVEMENTS: Final = 64
_LEFT_EMPTY: Final = frozenset(
    {
        "worker_name",
        "worker_role",
        "desk_phone",
        "desk_email",
        "ooh_phone",
        "hours",
        "desk",
        "staffed_until",
        "worker_phone",
        "worker_hours",
        "worker_from",
        "worker_until",
        "duty_phone",
        "duty_hours",
    }
)
"""Texts of a pointer, which may be left empty: none of them is worth losing a child."""


@dataclass(frozen=True, slots=True, repr=False)
class SourceChild:
    """A child of the export, with the lines that describe her.

    ``lines``, ``involvements`` and ``starts`` have one entry for each row: ``starts`` the day on
    which the involvement began, where that is known. ``typed``: a line says that it was typed by
    hand, and did not come from another system.
    """

    lines: tuple[int, ...]
    local_id: str
    demographics: Demographics
    involvements: tuple[Involvement, ...]
    typed: bool
    starts: tuple[date | None, ...]

    def __repr__(self) -> str:
        return "SourceChild(…)"


@dataclass(frozen=True, slots=True, repr=False)
class FlaggedRow:
    """A row with a flag other than NO, also where the row is refused or no longer current.

    ``demographics``: None where the row is refused before or for them.
    """

    local_id: str
    flag: Flag
    demographics: Demographics | None

    def __repr__(self) -> str:
        return f"FlaggedRow({self.flag.value})"


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """What was read of a file.

    Attributes:
        rows: the number of lines after the header that are not blank.
        remarks: faults in rows that were taken.
        not_current: the lines of involvements that are no longer current.
        columns: of each of our columns that the file has, how much of it was read.
        flagged: the rows with a flag. Those that are HIDDEN are among the children too, shielded;
            whoever stores an export leaves their children out.
        about: what was concluded about the file (encoding, separator, sheet), in words.
        ended: whether the file ends with the end of a line, as ``Table``.
        cut: whether its last row is not whole, and no line ends there.
        foot: how many rows a line below the table counts, as ``Table``.
        has_end: whether the source shows where it ends, as ``Table``.
        parts, held: as ``Table``.
        left_out: the numbers of those of whom every row is refused or no longer current.
    """

    rows: int
    children: tuple[SourceChild, ...]
    refused: tuple[RowFault, ...]
    remarks: tuple[RowFault, ...]
    not_current: tuple[int, ...]
    columns: Mapping[str, ColumnFound]
    flagged: tuple[FlaggedRow, ...]
    about: tuple[str, ...]
    ended: bool = True
    cut: bool = False
    foot: int | None = None
    has_end: bool = True
    left_out: frozenset[str] = frozenset()
    parts: Mapping[str, int] = field(default_factory=dict)
    held: int | None = None

    def __repr__(self) -> str:
        return f"Export({self.rows} rows)"


@dataclass(slots=True, repr=False)
class _Gathered:
    """A child while her rows are read."""

    demographics: Demographics
    lines: list[int] = field(default_factory=list)
    involvements: list[Involvement] = field(default_factory=list)
    typed: bool = False
    starts: list[date | None] = field(default_factory=list)


def read_children(
    table: Table, columns: Columns, stated: Stated, *, as_of: date, most_rows: int = MOST_ROWS
) -> Export:
    """Read all rows of a table.

    Args:
        as_of: the day the export was made, which decides what is current.

    Raises:
        RefusedFile: the file as a whole cannot be taken.
    """
    layout = read_header(table.header, columns)
    reader = _Reader(layout, judge(table, layout, as_of, stated), stated, as_of)
    for row in table.rows():
        if reader.rows >= most_rows:
            raise RefusedFile(Reason.TOO_MANY_ROWS)
        reader.take(row)
    if reader.rows and reader.undecoded * 2 > reader.rows:
        raise RefusedFile(Reason.NOT_UTF8)
    return reader.export(table)


class _Reader:
    """What was read of the file so far. ``known``: every local_id, also of refused rows."""

    def __init__(
        self, layout: Layout, dates: Mapping[str, Dates], stated: Stated, as_of: date
    ) -> None:
        self._layout = layout
        self._dates = dates
        self._stated = stated
        self._as_of = as_of
        self._children: dict[str, _Gathered] = {}
        self._shielded: set[str] = set()
        self._flagged: list[FlaggedRow] = []
        self._known: set[str] = set()
        self._unreadable: list[tuple[int, str]] = []
        self._refused: list[RowFault] = []
        self._remarks: list[RowFault] = []
        self._not_current: list[int] = []
        self._tally = Tally()
        self.rows = 0
        self.undecoded = 0
        self.last_is_whole = True

    def take(self, row: Row) -> None:
        self.rows += 1
        self._remarks += row.remarks
        # A resource that is not R4 is whole JSON: a line that breaks off refuses its file.
        self.last_is_whole = row.cells is Reason.RESOURCE_NOT_READ or not isinstance(
            row.cells, Reason
        )
        if isinstance(row.cells, Reason):
            self.undecoded += row.cells is Reason.ROW_NOT_UTF8
            self._unreadable.append((row.number, row.text))
            self._refused.append(RowFault(row.number, row.column, row.cells))
            return
        cells = self._layout.cells(row.cells)
        how = How(self._dates, self._stated, self._as_of)
        try:
            self._add(ChildRow(row.number, cells, how, self._remarks, self._tally))
        except BadColumn as bad:
            self._refused.append(RowFault(row.number, bad.column, bad.reason))
        except NoLongerCurrent:
            self._not_current.append(row.number)

    def export(self, table: Table) -> Export:
        """Raises ``RefusedFile(SHIELD_OF_NOBODY)``."""
        doubted: frozenset[str] = frozenset()
        if "shield" in self._layout.ours:
            doubted = doubtful(self._known, self._unreadable)
        for local_id, child in self._children.items():
            if local_id in doubted - self._shielded:
                fault = RowFault(child.lines[0], "shield", Reason.WITHHELD_FOR_A_REFUSED_ROW)
                self._remarks.append(fault)
            if local_id in doubted | self._shielded:
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
                    tuple(child.starts),
                )
                for local_id, child in self._children.items()
            ),
            tuple(self._refused),
            tuple(self._remarks),
            tuple(self._not_current),
            self._tally.found(self._layout.ours),
            tuple(self._flagged),
            table.remarks,
            table.ended,
            not (table.ended or self.last_is_whole),
            table.foot,
            table.has_end,
            frozenset(self._known - self._children.keys()),
            table.parts,
            table.held,
        )

    def _add(self, row: ChildRow) -> None:
        """Raises ``BadColumn``, ``NoLongerCurrent``, ``RefusedFile(SHIELD_OF_NOBODY)``."""
        flag = row.shield()
        shielded = flag is not Flag.NO
        if shielded and not row.cells["local_id"]:
            raise RefusedFile(Reason.SHIELD_OF_NOBODY, f"line {row.number}")
        local_id = row.needed("local_id", read.read_local_id)
        self._known.add(local_id)
        if shielded:
            self._shielded.add(local_id)
            self._flagged.append(FlaggedRow(local_id, flag, None))
        for column, text in row.cells.items():
            if column not in _LEFT_EMPTY and read.has_control(text):
                raise BadColumn(column, Reason.CONTROL_CHARACTER)
        demographics = row.demographics()
        if shielded:
            self._flagged[-1] = FlaggedRow(local_id, flag, demographics)
        child = self._children.get(local_id) or _Gathered(demographics)
        if child.demographics != demographics:
            raise BadColumn("local_id", Reason.DIFFERENT_CHILD)
        if len(child.involvements) >= MOST_INVOLVEMENTS:
            raise BadColumn("local_id", Reason.TOO_MANY_INVOLVEMENTS)
        involvement, start = row.involvement(demographics.dob, shielded=shielded)
        child.involvements.append(involvement)
        child.starts.append(start)
        child.lines.append(row.number)
        child.typed |= row.withheld("by_hand")
        self._children[local_id] = child
