"""Splink's invented people and pseudopeople's town: what is the same stays the same, what is wrong
stays wrong.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.datasets import splink_fake, town
from benchmarks.datasets.tables import Row, check
from deploy.invented.tables import read_rows
from fingerpost.private.linkage.normal_form import read_postcode

FAKE = """unique_id,first_name,surname,dob,city,email,cluster
0,Robert,Alan,1971-06-24,,robert255@smith.net,0
1,Robert,Allen,1971-05-24,London,,0
2,Grace,,1991-13-01,London,grace@x.org,1
3,Rob,Allen,1971-06-24,Lonodn,robert255@smith.net,0
"""


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, str]]:
    path = tmp_path / "fake.csv"
    path.write_text(FAKE, "utf-8")
    return read_rows(path)


def test_the_first_record_of_a_person_asks(rows: list[dict[str, str]]) -> None:
    made = splink_fake.tables(rows, identifiers=False, places="raw", within_one=False)
    check(made)
    assert list(made.left) == [
        Row("0", forename="Robert", surname="Alan", dob="1971-06-24"),
        Row("2", forename="Grace", postcode="London"),
    ]
    assert [row.record_id for row in made.right] == ["1", "3"]
    assert list(made.truth) == [("0", "1"), ("0", "3")]


def test_one_file_twice(rows: list[dict[str, str]]) -> None:
    made = splink_fake.tables(rows, identifiers=True, places="english", within_one=True)
    check(made)
    assert made.left == made.right
    assert list(made.truth) == [("0", "1"), ("0", "3"), ("1", "3")]
    numbers = [row.health_number for row in made.left]
    assert numbers[0] == numbers[3] != numbers[2]
    assert numbers[1] == ""
    places = [row.postcode for row in made.left]
    assert places[0] == ""
    assert places[1] == places[2] != places[3]
    assert all(read_postcode(place) for place in places[1:])


@pytest.mark.parametrize(
    ("published", "here"),
    [
        ("00000", "10123"),
        ("00500", "10623"),
        ("00900", "10023"),
        ("O0000", "O0123"),
        ("0000", "1012"),
        ("005000", "105123"),
    ],
)
def test_mistakes_are_carried_over(published: str, here: str) -> None:
    assert town.carried("10123", published) == here


@given(st.text("0123456789", min_size=5, max_size=5), st.text("0123456789", min_size=5, max_size=5))
def test_a_code_is_wrong_where_the_published_one_was(home: str, published: str) -> None:
    made = town.carried(home, published)
    assert [a != b for a, b in zip(made, home, strict=True)] == [c != "0" for c in published]


def test_addresses_fill_the_town_evenly() -> None:
    counts = Counter(town.address_code(f"{n} high street") for n in range(6_000))
    assert len(counts) == town.CODES
    assert max(counts.values()) < 60


def test_a_family_tunes_or_judges_and_never_both() -> None:
    families = [f"family {n}" for n in range(2_000)]
    tuning = [family for family in families if town.is_in("tune", family)]
    assert all(town.is_in("judge", f) != town.is_in("tune", f) for f in families)
    assert all(town.is_in("all", family) for family in families)
    assert 0.25 < len(tuning) / len(families) < 0.35


@pytest.mark.parametrize(
    ("written", "pattern", "day"),
    [
        ("05/06/1994", "%m/%d/%Y", "1994-05-06"),
        ("12042018", "%m%d%Y", "2018-12-04"),
        ("19191204", "%Y%m%d", "1919-12-04"),
        ("08/01/z005", "%m/%d/%Y", ""),
        ("13/01/2005", "%m/%d/%Y", ""),
        ("", "%m/%d/%Y", ""),
    ],
)
def test_dates(written: str, pattern: str, day: str) -> None:
    assert town.iso_date(written, pattern) == day
