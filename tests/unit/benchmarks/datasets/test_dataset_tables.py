"""The table of records is written and read back as it was, and contradicts itself nowhere."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.datasets.tables import COLUMNS, Row, TableError, Tables, check, read, write

WORDS = st.text("aé'ß ,\"-Ł1", min_size=0, max_size=8).map(str.strip)


def test_the_header_is_the_agreed_one(tmp_path: Path) -> None:
    write(Tables([Row("a")], [Row("b")], [("a", "b")]), tmp_path)
    for side in ("left", "right"):
        header = (tmp_path / f"{side}.csv").read_text("utf-8").splitlines()[0]
        assert header == (
            "record_id,forename,middle_names,surname,other_names,dob,sex,postcode,health_number,upn"
        )
    assert (tmp_path / "truth.csv").read_text("utf-8") == "left_id,right_id\na,b\n"


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, fields: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    rows = [
        Row(str(n), forename=one, surname=two, postcode=three)
        for n, (one, two, three) in enumerate(fields)
    ]
    tables = Tables(rows, rows[:1], [(row.record_id, "0") for row in rows[:1]])
    write(tables, folder)
    found = read(folder / "left.csv", folder / "right.csv", folder / "truth.csv")
    assert found == tables


def test_columns_may_be_missing_or_unknown(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("surname,shoe_size,record_id\nPatel,38,1\n", "utf-8")
    (tmp_path / "r.csv").write_text("record_id\n2\n", "utf-8")
    (tmp_path / "t.csv").write_text("left_id,right_id\n1,2\n", "utf-8")
    found = read(tmp_path / "l.csv", tmp_path / "r.csv", tmp_path / "t.csv")
    assert found == Tables([Row("1", surname="Patel")], [Row("2")], [("1", "2")])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("l.csv", "surname\nPatel\n"),
        ("l.csv", "record_id\n1\n1\n"),
        ("l.csv", "record_id,surname\n,Patel\n"),
        ("t.csv", "left_id,right_id\n1,3\n"),
        ("t.csv", "left_id,right_id\n1,2\n1,2\n"),
        ("t.csv", "one,other\n1,2\n"),
    ],
)
def test_contradictory_tables_are_refused(tmp_path: Path, name: str, content: str) -> None:
    whole = {
        "l.csv": "record_id\n1\n",
        "r.csv": "record_id\n2\n",
        "t.csv": "left_id,right_id\n1,2\n",
    }
    for file, text in {**whole, name: content}.items():
        (tmp_path / file).write_text(text, "utf-8")
    with pytest.raises(TableError):
        read(tmp_path / "l.csv", tmp_path / "r.csv", tmp_path / "t.csv")


def test_nothing_is_written_of_tables_that_contradict_themselves(tmp_path: Path) -> None:
    with pytest.raises(TableError):
        write(Tables([Row("a")], [Row("b")], [("b", "a")]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_row_has_the_columns_in_order(tmp_path: Path) -> None:
    row = Row(*(f"{name}!" for name in COLUMNS))
    write(Tables([row], [row], []), tmp_path)
    with (tmp_path / "left.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file)) == {name: f"{name}!" for name in COLUMNS}


def test_check_gives_the_tables_back() -> None:
    tables = Tables([Row("a")], [Row("a")], [("a", "a")])
    assert check(tables) is tables
