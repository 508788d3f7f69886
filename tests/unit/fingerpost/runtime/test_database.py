"""The database is opened hard, migrated whole, and shut by a bad disk."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.protocol.errors import Defect, NoRoom
from fingerpost.runtime.database import (
    StoreFailed,
    empty_journal,
    migrate,
    open_migrated,
    open_sqlite,
    reading,
)


def first(op: Operations) -> None:
    op.create_table(
        "thing", sa.Column("id", sa.Integer, primary_key=True), sa.Column("data", sa.LargeBinary)
    )


def second(op: Operations) -> None:
    op.add_column("thing", sa.Column("more", sa.Text))


def broken(op: Operations) -> None:
    second(op)
    op.execute("this is no statement")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_sqlite(tmp_path / "store.sqlite3")
    yield engine
    engine.dispose()


def write(engine: sa.Engine, statement: str, parameters: tuple[str, ...] | None = None) -> None:
    """Run one statement in a transaction of its own."""
    with engine.begin() as connection:
        connection.exec_driver_sql(statement, parameters)


def pragma(engine: sa.Engine, name: str) -> object:
    with reading(engine) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_it_is_opened_hard(engine: sa.Engine, tmp_path: Path) -> None:
    hard = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    hard |= {"busy_timeout": 5000, "trusted_schema": 0}
    assert {name: pragma(engine, name) for name in hard} == hard
    write(engine, "CREATE TABLE t (a)")
    files = list(tmp_path.glob("store.sqlite3*"))
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_files_open_to_others_and_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    open_sqlite(path).dispose()
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(Defect):
        open_sqlite(link)
    path.chmod(0o644)
    with pytest.raises(Defect, match="0600"):
        open_sqlite(path)


def test_a_file_that_is_no_database_is_found_at_opening(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    path.chmod(0o600)
    with pytest.raises(StoreFailed) as caught:
        open_sqlite(path)
    assert caught.value.fatal


def test_a_transaction_is_rolled_back_with_its_error(engine: sa.Engine) -> None:
    write(engine, "CREATE TABLE t (a)")

    def fail_halfway() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0


def test_a_writer_holds_the_lock_from_its_start_and_readers_go_on(
    engine: sa.Engine, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "store.sqlite3", timeout=0)
    locked = pytest.raises(sqlite3.OperationalError, match="locked")
    with engine.begin(), reading(engine), locked:
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        with pytest.raises(StoreFailed) as caught:
            connection.exec_driver_sql("CREATE TABLE t (a)")
    assert not caught.value.fatal
    other.close()
    with engine.begin():
        pass


def test_parameters_stay_out_of_errors(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a PRIMARY KEY)")
        connection.execute(sa.text("INSERT INTO t VALUES (:a)"), {"a": "Amy Pond"})
        with pytest.raises(StoreFailed, match="SQLITE_CONSTRAINT_PRIMARYKEY") as caught:
            connection.execute(sa.text("INSERT INTO t VALUES (:a)"), {"a": "Amy Pond"})
    assert "Amy" not in str(caught.value)
    with reading(engine):
        pass


def insert_much(engine: sa.Engine, *, pages: int) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.execute(sa.text("INSERT INTO t VALUES (:a)"), {"a": b"x" * 500_000})


def test_an_io_error_shuts_the_engine_for_good(
    engine: sa.Engine, failing_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    write(engine, "CREATE TABLE t (a)")
    with failing_disk(), pytest.raises(StoreFailed) as caught:
        insert_much(engine, pages=10_000)
    assert caught.value.fatal
    for again in (engine.begin, lambda: reading(engine)):
        with pytest.raises(StoreFailed, match="failed before"), again():
            pass


def test_a_full_disk_refuses_and_recovers(engine: sa.Engine) -> None:
    write(engine, "CREATE TABLE t (a)")
    with pytest.raises(StoreFailed) as caught:
        insert_much(engine, pages=4)
    assert isinstance(caught.value, NoRoom)
    assert not caught.value.fatal
    insert_much(engine, pages=1000)


def test_the_journal_is_emptied_or_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fingerpost.runtime.database.BUSY_MS", 0)
    engine = open_sqlite(tmp_path / "store.sqlite3")
    journal = tmp_path / "store.sqlite3-wal"
    write(engine, "CREATE TABLE t (a)")
    assert journal.stat().st_size > 0
    with reading(engine) as reader:
        reader.exec_driver_sql("SELECT * FROM t").all()
        write(engine, "INSERT INTO t VALUES (1)")
        assert not empty_journal(engine)
    assert empty_journal(engine)
    assert journal.stat().st_size == 0
    engine.dispose()


def test_migrations_run_once_each_and_in_order(engine: sa.Engine) -> None:
    migrate(engine, [first])
    write(engine, "INSERT INTO thing (id) VALUES (1)")
    migrate(engine, [first])
    migrate(engine, [first, second])
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT id, more FROM thing").all() == [(1, None)]
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert version.all() == [("0002",)]


def test_a_migration_that_fails_leaves_nothing(engine: sa.Engine) -> None:
    with pytest.raises(StoreFailed):
        migrate(engine, [first, broken])
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_a_database_that_cannot_be_migrated_is_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with pytest.raises(StoreFailed):
        open_migrated(path, [first, broken])
    assert list(tmp_path.iterdir()) == [path], "the journal goes with the last connection"


@pytest.mark.parametrize("noted", ["0002", "0000", "abc"])
def test_a_database_of_a_newer_program_is_refused(engine: sa.Engine, noted: str) -> None:
    migrate(engine, [first])
    write(engine, "UPDATE alembic_version SET version_num = ?", (noted,))
    with pytest.raises(Defect, match="a newer program has used it"):
        migrate(engine, [first])


def test_a_database_of_two_revisions_is_refused(engine: sa.Engine) -> None:
    migrate(engine, [first])
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0002')")
    with pytest.raises(Defect, match="more than one revision"):
        migrate(engine, [first, second])
