"""The rows of the exports: what is in the files of the agencies."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from deploy.demo.people import Population
from deploy.demo.people.exports import COLUMNS, Fault, Row
from deploy.invented.dates import day_of_iso
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.limits import IDENTIFIER_CHARS, NAME_CHARS, OTHER_NAMES, POSTCODE_CHARS

ORDER = (
    "local_id,health_number,upn,forename,middle_names,surname,aliases,dob,sex,postcode,kind,status,"
    "start,end,worker_name,worker_role,desk_phone,desk_email,ooh_phone,hours,lead,early_help,"
    "sensitive,shield"
)


Files = dict[AgencyId, list[Row]]
"""The rows of each agency's file."""


@pytest.fixture(scope="module")
def files(population: Population) -> Files:
    return {export.agency.id: export.named_rows() for export in population.exports}


def test_columns() -> None:
    assert ",".join(COLUMNS) == ORDER


def test_one_export_for_each_agency_with_all_of_its_rows(
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
            assert row["lead"] in {"yes", ""}
            assert row["early_help"] in {"yes", ""}
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


def test_a_child_has_one_lead_practitioner_at_most_who_is_at_no_sensitive_service(
    population: Population,
) -> None:
    leads = [holding for holding in population.holdings if holding.lead]
    assert len(leads) > 10
    assert len({holding.child for holding in leads}) == len(leads)
    assert len({holding.kind for holding in leads}) > 1
    for holding in leads:
        assert holding.early_help
        assert not holding.sensitive
    assert any(holding.early_help and not holding.lead for holding in population.holdings)
