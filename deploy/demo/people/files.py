"""One file for each agency, as its system exports it, and with which options a node reads it.

Invariants: a file says what the rows of its export say; tables are RFC 4180 in UTF-8 with a header
line. A directory of desks belongs to a node: all of its agencies that have none in their exports
are in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from deploy.demo.people import council_tables, health_records, transfer_file
from deploy.demo.people.agencies import Agency, System
from deploy.demo.people.exports import COLUMNS, Export, Row
from deploy.invented.dates import day_of_iso
from deploy.invented.tables import write_rows
from deploy.invented.workbooks import Cell, xlsx
from fingerpost.protocol.ids import AgencyId, MemberId

DESK: Final = ("desk_phone", "desk_email", "ooh_phone", "hours")
"""What a directory says in the place of an export."""
_TEAMS: Final[Mapping[System, Sequence[str]]] = {
    System.TABLE_AND_DESKS: (),
    System.COUNCIL_TABLES: council_tables.TEAMS,
}
"""Of exports that name teams; an agency without any is one team."""
_HEADINGS: Final[Mapping[str, str]] = {
    "health_number": "NHS No",
    "forename": "First name",
    "middle_names": "Middle names",
    "surname": "Last name",
    "dob": "Date of birth",
    "sex": "Gender",
}
"""Of a workbook that somebody keeps by hand; the other columns have our names."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """``options``: of ``fingerpost-node import``. Files of a node that have the same options are
    imported in one run.
    """

    path: Path
    options: tuple[str, ...]


def write(exports: Sequence[Export], today: date, folder: Path) -> dict[AgencyId, ExportFile]:
    """Write all files, made on ``today``. The folder is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    desks = _write_desks([export.agency for export in exports], folder)
    return {export.agency.id: _write(export, today, folder, desks) for export in exports}


def _write(export: Export, today: date, folder: Path, desks: Mapping[MemberId, Path]) -> ExportFile:
    agency = export.agency
    rows = export.named_rows()
    options: tuple[str, ...] = ("--as-of", today.isoformat())
    path = folder / f"{agency.id}{_ENDINGS[agency.system]}"
    if agency.node in desks:
        options += ("--desks", str(desks[agency.node]))
    match agency.system:
        case System.TABLE:
            write_rows(path, COLUMNS, export.rows, line_end="\r\n")
        case System.TABLE_AND_DESKS:
            columns = [column for column in COLUMNS if column not in DESK]
            cells = ([*(row[c] for c in columns), agency.name] for row in rows)
            write_rows(path, [*columns, council_tables.TEAM], cells, line_end="\r\n")
        case System.WORKBOOK:
            path.write_bytes(xlsx({"Young people": [*_sheet(agency, rows)]}))
        case System.TRANSFER_FILE:
            path.write_bytes(transfer_file.content(agency, rows, today))
            options = ("--as-of", "file", *transfer_file.options(rows))
        case System.COUNCIL_TABLES:
            path.write_bytes(council_tables.archive(rows))
        case System.FHIR:
            path.write_bytes(health_records.content(agency, rows, today))
    return ExportFile(path, options)


_ENDINGS: Final[Mapping[System, str]] = {
    System.TABLE: ".csv",
    System.TABLE_AND_DESKS: ".csv",
    System.WORKBOOK: ".xlsx",
    System.TRANSFER_FILE: "_CTF.xml",
    System.COUNCIL_TABLES: ".zip",
    System.FHIR: ".json",
}


def _write_desks(agencies: Sequence[Agency], folder: Path) -> dict[MemberId, Path]:
    """Write a directory for each node that needs one."""
    of_node: defaultdict[MemberId, list[tuple[str, ...]]] = defaultdict(list)
    for agency in agencies:
        if agency.system in _TEAMS:
            desk = agency.desk
            numbers = (desk.phone, desk.email, desk.out_of_hours, desk.hours)
            teams = _TEAMS[agency.system] or (agency.name,)
            of_node[agency.node] += ((team, *numbers) for team in teams)
    paths = {node: folder / f"{node}-desks.csv" for node in of_node}
    for node, rows in of_node.items():
        write_rows(paths[node], (council_tables.TEAM, *DESK), rows)
    return paths


def _sheet(agency: Agency, rows: Sequence[Row]) -> Iterator[list[Cell]]:
    """Yield a sheet as people keep it: a title, our rows with dates as dates, a total."""
    yield [f"{agency.name}: young people"]
    yield []
    yield [_HEADINGS.get(column, column) for column in COLUMNS]
    for row in rows:
        yield [day_of_iso(row[c]) or row[c] if c in _DATES else row[c] for c in COLUMNS]
    yield ["Total", len(rows)]


_DATES: Final = frozenset({"dob", "start", "end"})
