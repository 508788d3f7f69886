"""Rows that are added and removed with every query: whatever else changes them is noticed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, select, table, true

from fakes.witnesses import witness_of
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.summed_rows import SummedRows, add_sum
from fingerpost.runtime.witness import Fault, PutBack

ROWS: Final = table("rows", column("name"), column("value"))
OTHERS: Final = table("others", column("name"), column("value"))


def _tables(op: Operations) -> None:
    for name in ("rows", "others"):
        op.create_table(
            name,
            sa.Column("name", sa.Integer, primary_key=True),
            sa.Column("value", sa.LargeBinary, nullable=False),
        )


@contextmanager
def opened(path: Path) -> Iterator[SummedRows]:
    engine = open_migrated(path, (_tables, add_sum))
    try:
        yield SummedRows(engine, [ROWS, OTHERS], witness_of(path), what="it", remedy="Ask Jo.")
    finally:
        engine.dispose()


def fill(path: Path, *names: int) -> None:
    with opened(path) as rows, rows.changing() as change:
        change.insert(ROWS, [{"name": name, "value": b"v"} for name in names])


def fault(path: Path) -> Fault | None:
    with opened(path) as rows:
        try:
            rows.require_whole()
        except PutBack as put_back:
            return put_back.fault
    return None


steps = st.lists(
    st.tuples(st.sampled_from(["insert", "update", "delete"]), st.integers(0, 5)), max_size=12
)


@given(steps=steps, planted=st.none() | st.integers(0, 9))
def test_the_sum_is_that_of_the_rows_whatever_was_done(
    steps: list[tuple[str, int]], planted: int | None
) -> None:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "it.sqlite") as rows:
        model: dict[int, bytes] = {}
        for number, (act, name) in enumerate(steps):
            value = b"%d" % number
            with rows.changing() as change:
                if act == "insert":
                    change.insert(ROWS, [{"name": name, "value": value}])
                    model.setdefault(name, value)
                elif act == "update":
                    change.update(ROWS, ROWS.c.name >= name, {"value": value})
                    model.update(dict.fromkeys([n for n in model if n >= name], value))
                else:
                    change.delete(ROWS, ROWS.c.name == name)
                    model.pop(name, None)
            rows.require_whole()
        with reading(rows.engine) as connection:
            assert {row.name: row.value for row in connection.execute(select(ROWS))} == model
        if planted is not None and planted not in model:
            with rows.engine.begin() as connection:
                connection.execute(ROWS.insert().values(name=planted, value=b""))
            with pytest.raises(PutBack):
                rows.require_whole()


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    fill(path, 1)
    with pytest.raises(KeyError), opened(path) as rows, rows.changing() as change:
        change.delete(ROWS, true())
        raise KeyError
    assert fault(path) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rows SET value = x'77'",
        "UPDATE rows SET value = 'text'",
        "DELETE FROM rows WHERE name = 1",
        "INSERT INTO others SELECT * FROM rows WHERE name = 1",
        "INSERT INTO others SELECT * FROM rows WHERE name = 1; DELETE FROM rows WHERE name = 1",
        "UPDATE summed SET sum = zeroblob(32)",
        "UPDATE witnessed SET digest = zeroblob(32)",
    ],
)
def test_whatever_else_changes_a_row_is_noticed(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "it.sqlite"
    fill(path, 1, 2)
    with opened(path) as rows, rows.engine.begin() as connection:
        for one in statement.split("; "):
            connection.exec_driver_sql(one)
    assert fault(path) is Fault.CHANGED


def test_a_copy_put_back_is_refused_until_it_is_adopted(tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    fill(path, 1)
    copy = path.read_bytes()
    fill(path, 2)
    path.write_bytes(copy)
    assert fault(path) is Fault.OLDER
    with opened(path) as rows:
        with pytest.raises(PutBack), rows.changing():
            pass
        rows.adopt()
        rows.require_whole()
    newer = path.read_bytes()
    path.write_bytes(copy)
    assert fault(path) is Fault.OLDER, "an adoption cannot be undone either"
    path.write_bytes(newer)
    with opened(path) as rows:
        rows.clear()
        rows.require_whole()
        with reading(rows.engine) as connection:
            assert connection.execute(select(ROWS)).all() == []


NAMED: Final = table("named", column("name"))


def _named(op: Operations) -> None:
    op.create_table("named", sa.Column("name", sa.LargeBinary, primary_key=True))


@contextmanager
def named(path: Path) -> Iterator[SummedRows]:
    engine = open_migrated(path, (_named, add_sum))
    try:
        yield SummedRows(engine, [NAMED], witness_of(path), what="it", remedy="Ask Jo.")
    finally:
        engine.dispose()


@pytest.mark.parametrize("place", ["row", "index"])
def test_a_row_that_an_index_no_longer_finds_is_noticed(tmp_path: Path, place: str) -> None:
    """Attack, and a failing disk: a query that was seen is there, and is not found by its name."""
    path, name = tmp_path / "it.sqlite", b"a name that stands in row and index"
    with named(path) as rows, rows.changing() as change:
        change.insert(NAMED, [{"name": name}])
    content = bytearray(path.read_bytes())
    found = [content.find(name)]
    found.append(content.find(name, found[0] + 1))
    assert min(found) > 0, "once in each"
    content[found[place == "index"]] ^= 1
    path.write_bytes(content)
    with named(path) as rows:
        with pytest.raises(PutBack) as caught:
            rows.require_whole()
        assert caught.value.fault is Fault.CHANGED
        rows.adopt()
        rows.require_whole()
