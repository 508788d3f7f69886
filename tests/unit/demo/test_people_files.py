"""The files of the exports, read as a node reads them: each says what its rows say."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from agency_node.cli.reading import ReadingOptions
from agency_node.importing.importer import rehearse
from agency_node.importing.source_file import read_source
from agency_node.importing.sources.children import Export, SourceChild
from agency_node.importing.sources.reading import day_of, read_export
from agency_node.importing.staging import Options
from deploy.demo.people import Population
from deploy.demo.people.agencies import AGENCIES, Agency, System
from deploy.demo.people.exports import COLUMNS, Row
from deploy.demo.people.files import ExportFile
from deploy.invented.dates import day_of_iso
from fingerpost.protocol.ids import AgencyId

Files = Mapping[AgencyId, ExportFile]
CHILDHOOD_DAYS = 18 * 365
SPECIAL = [agency for agency in AGENCIES if agency.system is not System.TABLE]


@pytest.fixture(scope="module")
def files(population: Population, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return population.write_exports(tmp_path_factory.mktemp("exports") / "new" / "folder")


def _options(file: ExportFile) -> ReadingOptions:
    stated = list(zip(file.options[::2], file.options[1::2], strict=True))
    desks = dict(stated).get("--desks")
    values = [value for name, value in stated if name == "--set"]
    return ReadingOptions(set_=values, desks=Path(desks) if desks else None)


def _read(population: Population, file: ExportFile) -> Export:
    columns, reading, directory = _options(file).read()
    content = read_source(file.path).content
    day = population.today
    if file.options[:2] == ("--as-of", "file"):
        assert day_of(content, columns, reading) == day
    return read_export(content, as_of=day, columns=columns, reading=reading, directory=directory)


def _rows(population: Population, agency: Agency) -> list[Row]:
    return next(e for e in population.exports if e.agency == agency).named_rows()


@pytest.mark.parametrize("agency", SPECIAL, ids=lambda agency: agency.system.value)
def test_what_is_read_of_a_file_is_what_its_rows_say(
    population: Population, files: Files, agency: Agency
) -> None:
    found = _read(population, files[agency.id])
    rows = {row["local_id"]: row for row in _rows(population, agency)}
    children = {child.local_id: child for child in found.children}
    assert {*children} <= {*rows}
    # Published dates that are no child's are all that is refused.
    assert {fault.column for fault in found.refused} <= {"dob"}
    assert len(rows) - len(children) == len({fault.line for fault in found.refused})
    for number, child in children.items():
        _require_same(child, rows[number], population.today)
    if agency.system is not System.COUNCIL_TABLES:  # a plan that is over names no team
        assert all(
            row.desk_phone == agency.desk.phone for c in children.values() for row in c.involvements
        )


def _require_same(child: SourceChild, row: Mapping[str, str], today: date) -> None:
    who = child.demographics
    for column in ("forename", "surname", "middle_names", "postcode", "health_number", "upn"):
        assert getattr(who, column) == row[column]
    assert [f"{name.forename} {name.surname}" for name in who.other_names] == [
        alias for alias in row["aliases"].split(";") if alias
    ]
    born = day_of_iso(row["dob"])
    is_a_childs = born is not None and 0 <= (today - born).days < CHILDHOOD_DAYS
    assert who.dob == born or (who.dob is None and not is_a_childs)
    assert (who.sex.name[0] if who.sex else "") == row["sex"]
    for found in child.involvements:
        assert found.kind.name == row["kind"]
        assert found.status.name == row["status"]
        flags = ("yes" if flag else "" for flag in (found.shielded, found.lead, found.early_help))
        assert [*flags] == [row["shield"], row["lead"], row["early_help"]]


@pytest.mark.parametrize("agency", SPECIAL, ids=lambda agency: agency.system.value)
def test_a_node_takes_the_file(population: Population, files: Files, agency: Agency) -> None:
    """Nothing in it stops an import: the run reads and judges it as the import does."""
    columns, reading, directory = _options(files[agency.id]).read()
    options = Options(population.today, columns, False, reading=reading, desks=directory)
    source = read_source(files[agency.id].path)
    report = rehearse(agency.id, source, options, None, time.time())
    assert report.children > 0


def test_a_table_is_in_our_columns(population: Population, files: Files) -> None:
    agency = next(agency for agency in AGENCIES if agency.system is System.TABLE)
    path = files[agency.id].path
    assert path.name == f"{agency.id}.csv"
    assert path.read_bytes().startswith(",".join(COLUMNS).encode() + b"\r\n")
    with path.open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == _rows(population, agency)


def test_exports_of_a_node_are_imported_in_as_few_runs_as_their_sources_allow(files: Files) -> None:
    for node in {agency.node for agency in AGENCIES}:
        hosted = [agency for agency in AGENCIES if agency.node == node]
        runs = {files[agency.id].options for agency in hosted}
        apart = sum(agency.system is System.TRANSFER_FILE for agency in hosted)
        assert len(runs) == 1 + apart


def test_nobody_is_shielded_by_a_file_that_cannot_say_so(population: Population) -> None:
    school = next(agency for agency in AGENCIES if agency.system is System.TRANSFER_FILE)
    assert not any(row["shield"] for row in _rows(population, school))
