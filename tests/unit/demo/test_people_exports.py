"""The files: what the importer of a node will really read."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest

from deploy.demo.people import Population
from deploy.demo.people.exports import COLUMNS, Fault
from deploy.invented.dates import day_of_iso
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.limits import IDENTIFIER_CHARS, NAME_CHARS, OTHER_NAMES, POSTCODE_CHARS

ORDER = (
    "local_id,health_number,upn,forename,middle_names,surname,aliases,dob,sex,postcode,kind,status,"
    "start,end,worker_name,worker_role,desk_phone,desk_email,ooh_phone,sensitive,shield"
)


Files = dict[AgencyId, list[dict[str, str]]]
"""The rows of each agency's file."""


@pytest.fixture(scope="module")
def files(population: Population, tmp_path_factory: pytest.TempPathFactory) -> Files:
    paths = population.write_exports(tmp_path_factory.mktemp("exports") / "new" / "folder")
    read = {}
    for agency, path in paths.items():
        assert path.name == f"{agency}.csv"
        assert path.read_bytes().decode("utf-8").startswith(ORDER + "\r\n")
        with path.open(encoding="utf-8", newline="") as stream:
            read[agency] = list(csv.DictReader(stream))
    return read


def test_columns() -> None:
    assert ",".join(COLUMNS) == ORDER


def test_one_file_for_each_agency_with_all_of_its_rows(
    population: Population, files: Files
) -> None:
    assert set(files) == {agency.id for agency in population.agencies}
    assert {agency: len(rows) for agency, rows in files.items()} == dict(population.rows)
    assert all(files.values())
    held = Counter(holding.agency for holding in population.holdings)
    faulty = Counter(row.agency for row in population.faulty)
    assert {a: len(rows) for a, rows in files.items()} == held + faulty


def test_sound_rows_are_within_the_bounds_of_the_contract(
    population: Population, files: Files
) -> None:
    faulty = {(row.agency, row.local_id) for row in population.faulty}
    for agency, rows in files.items():
        assert len({row["local_id"] for row in rows}) == len(rows)
        for row in rows:
            if (agency, row["local_id"]) in faulty:
                continue
            assert Kind[row["kind"]].sensitive == (row["sensitive"] == "yes")
            assert InvolvementStatus[row["status"]]
            assert day_of_iso(row["start"]) is not None
            assert row["sex"] in {"F", "M", ""}
            assert row["shield"] in {"yes", ""}
            assert row["dob"] or row["postcode"]
            assert re.fullmatch(r"(\d{4}-\d{2}-\d{2})?", row["dob"])
            assert len(row["forename"]) <= NAME_CHARS
            assert len(row["surname"]) <= NAME_CHARS
            assert len(row["postcode"]) <= POSTCODE_CHARS
            assert len(row["health_number"]) <= IDENTIFIER_CHARS
            aliases = [alias for alias in row["aliases"].split(";") if alias]
            assert len(aliases) <= OTHER_NAMES
            assert all(len(alias.rsplit(" ", 1)) == 2 for alias in aliases)


def test_each_fault_shows_once_or_more_and_is_really_a_fault(
    population: Population, files: Files
) -> None:
    assert {row.fault for row in population.faulty} == set(Fault)
    assert len({row.agency for row in population.faulty}) >= 3
    for faulty in population.faulty:
        row = next(r for r in files[faulty.agency] if r["local_id"] == faulty.local_id)
        match faulty.fault:
            case Fault.NEITHER_DATE_NOR_POSTCODE:
                assert not row["dob"]
                assert not row["postcode"]
            case Fault.UNKNOWN_KIND:
                assert row["kind"] not in Kind.__members__
            case Fault.IMPOSSIBLE_DATE:
                assert row["dob"] == "31/02/2015"
            case Fault.FIELD_TOO_LONG:
                assert len(row["forename"]) > NAME_CHARS


def test_practices_write_surnames_in_capitals_and_others_do_not(files: Files) -> None:
    practice = files[AgencyId("e99000001.beacon-road-surgery")]
    assert all(row["surname"] == row["surname"].upper() for row in practice)
    school = files[AgencyId("e99000001.ashgrove-school")]
    assert not any(row["surname"].isupper() for row in school if len(row["surname"]) > 1)


def test_the_demonstrations_own_numbers_are_in_no_file(
    population: Population, files: Files
) -> None:
    """Local numbers are drawn apart: the same child's at two agencies agree by accident only."""
    by_child: dict[int, list[str]] = {}
    for agency, rows in files.items():
        own = [h for h in population.holdings if h.agency == agency]
        for holding, row in zip(own, rows, strict=False):
            by_child.setdefault(holding.child, []).append(row["local_id"])
    pairs = [ids for ids in by_child.values() if len(ids) > 1]
    assert len(pairs) > 1000
    assert sum(len(set(ids)) < len(ids) for ids in pairs) < 5
    assert not any(str(child) in ids for child, ids in by_child.items())
