"""A store's newest state is known elsewhere: what is put back, gone or changed is refused."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import (
    Adopted,
    Fault,
    Mark,
    PutBack,
    Witness,
    WitnessedFile,
    WitnessFolder,
    fault_of,
)
from fingerpost.runtime.witnessed_rows import WitnessedRows, add_state

ONE, OTHER, TWO = Mark(1, b"a" * 32), Mark(1, b"b" * 32), Mark(2, b"c" * 32)


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    return WitnessFolder(tmp_path / "witness")


@pytest.fixture
def witness(folder: WitnessFolder) -> Witness:
    return folder.of("list")


@pytest.fixture
def file(tmp_path: Path, witness: Witness) -> WitnessedFile:
    return WitnessedFile(tmp_path / "list", witness, most=100, remedy="Ask Jo.")


@pytest.mark.parametrize(
    ("held", "witnessed", "fault"),
    [
        (None, None, None),
        (ONE, ONE, None),
        (TWO, ONE, None),  # a crash came before the mark
        (ONE, TWO, Fault.OLDER),
        (ONE, OTHER, Fault.OTHER),
        (ONE, None, Fault.UNWITNESSED),
        (None, ONE, Fault.GONE),
    ],
)
def test_what_is_accepted(held: Mark | None, witnessed: Mark | None, fault: Fault | None) -> None:
    assert fault_of(held, witnessed) is fault


def test_a_mark_only_moves_on(witness: Witness) -> None:
    assert witness.newest() is None
    witness.note(TWO)
    witness.note(ONE)
    witness.note(Mark(2, bytes(32)))
    assert witness.newest() == TWO
    witness.adopt(ONE)
    assert witness.newest() == ONE


def test_another_process_sees_the_mark(tmp_path: Path, witness: Witness) -> None:
    other = WitnessFolder(tmp_path / "witness").of("list")
    for mark in (ONE, TWO):
        witness.note(mark)
        assert other.newest() == mark


def test_no_flipped_bit_makes_another_mark(tmp_path: Path, witness: Witness) -> None:
    witness.note(ONE)
    path = tmp_path / "witness" / "list.mark"
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.unlink()
        path.write_bytes(damaged)
        path.chmod(0o600)
        with pytest.raises(Defect, match="changed"):
            witness.newest()


def test_a_mark_that_a_loss_of_power_left_empty_is_as_one_that_is_gone(
    tmp_path: Path, file: WitnessedFile, witness: Witness
) -> None:
    """And not a fault of which nobody is told the way out."""
    file.write(b"one")
    os.truncate(tmp_path / "witness" / "list.mark", 0)
    with pytest.raises(PutBack) as caught:
        file.read()
    assert caught.value.fault is Fault.UNWITNESSED
    witness.note(TWO)
    assert witness.newest() == TWO


def test_a_mark_of_one_store_is_none_of_another(tmp_path: Path, folder: WitnessFolder) -> None:
    folder.of("list").note(ONE)
    (tmp_path / "witness" / "list.mark").rename(tmp_path / "witness" / "other.mark")
    with pytest.raises(Defect, match="changed"):
        folder.of("other").newest()


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", ".x"])
def test_a_name_stays_in_the_folder(folder: WitnessFolder, name: str) -> None:
    with pytest.raises(Defect, match="name"):
        folder.of(name)


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path, folder: WitnessFolder) -> None:
    assert WitnessFolder(tmp_path / "witness").key("a") == folder.key("a")
    assert folder.key("a") != folder.key("b")
    assert (tmp_path / "witness" / "witness.key").stat().st_mode & 0o777 == 0o600


# ---- a file ------------------------------------------------------------------------------------


def test_a_file_is_read_as_it_was_written(file: WitnessedFile, tmp_path: Path) -> None:
    assert file.read() is None
    for content in (b"", b"one\n", b"two"):
        file.write(content)
        assert file.read() == content
    assert (tmp_path / "list").read_bytes().startswith(b"fingerpost state 3 ")
    with pytest.raises(Defect, match="too long"):
        file.write(bytes(101))


def fault_when(change: Callable[[Path], object], file: WitnessedFile, tmp_path: Path) -> Fault:
    change(tmp_path / "list")
    with pytest.raises(PutBack, match="Ask Jo") as caught:
        file.read()
    with pytest.raises(PutBack):
        file.write(b"over it")
    return caught.value.fault


def test_an_earlier_copy_is_refused(file: WitnessedFile, tmp_path: Path) -> None:
    file.write(b"one")
    before = (tmp_path / "list").read_bytes()
    file.write(b"two")
    assert fault_when(lambda path: path.write_bytes(before), file, tmp_path) is Fault.OLDER


def test_a_file_that_is_gone_is_refused(file: WitnessedFile, tmp_path: Path) -> None:
    file.write(b"one")
    assert fault_when(Path.unlink, file, tmp_path) is Fault.GONE


def test_a_file_whose_witness_is_gone_is_refused(file: WitnessedFile, tmp_path: Path) -> None:
    file.write(b"one")
    (tmp_path / "witness" / "list.mark").unlink()
    assert fault_when(lambda path: None, file, tmp_path) is Fault.UNWITNESSED


def test_every_witness_removed_with_its_key_is_refused(tmp_path: Path, file: WitnessedFile) -> None:
    """Attack: the witness begins anew, so that it knows of nothing newer."""
    file.write(b"one")
    for path in (tmp_path / "witness").iterdir():
        path.unlink()
    again = WitnessedFile(
        tmp_path / "list", WitnessFolder(tmp_path / "witness").of("list"), most=100, remedy=""
    )
    with pytest.raises(PutBack) as caught:
        again.read()
    assert caught.value.fault is Fault.CHANGED


@pytest.mark.parametrize("content", [b"", b"one", b"fingerpost state 1 00\none"])
def test_what_another_wrote_is_refused(file: WitnessedFile, tmp_path: Path, content: bytes) -> None:
    file.write(b"one")
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(Defect):
        file.read()


def test_a_crash_between_file_and_mark_is_taken_up(
    file: WitnessedFile, witness: Witness, tmp_path: Path
) -> None:
    file.write(b"one")
    mark = tmp_path / "witness" / "list.mark"
    before = mark.read_bytes()
    file.write(b"two")
    _copy(before, tmp_path / "old").replace(mark)
    assert witness.newest() == Mark(1, witness.digest(1, b"one"))
    assert file.read() == b"two"
    assert witness.newest() == Mark(2, witness.digest(2, b"two"))


def _copy(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_an_adopted_file_has_a_number_of_its_own(file: WitnessedFile, tmp_path: Path) -> None:
    file.write(b"one")
    before = (tmp_path / "list").read_bytes()
    file.write(b"two")
    after = (tmp_path / "list").read_bytes()
    (tmp_path / "list").write_bytes(before)
    content, adopted = file.adopt()
    assert (content, adopted.before, adopted.number, adopted.sound) == (b"one", 1, 3, True)
    assert file.read() == b"one"
    assert fault_when(lambda path: path.write_bytes(after), file, tmp_path) is Fault.OLDER


def test_what_was_changed_is_adopted_as_such(file: WitnessedFile, tmp_path: Path) -> None:
    file.write(b"one")
    path = tmp_path / "list"
    path.write_bytes(path.read_bytes().replace(b"\none", b"\nten"))
    content, adopted = file.adopt()
    assert (content, adopted.sound) == (b"ten", False)


def full(_: Adopted) -> None:
    raise Defect("the audit log's disk is full")


def test_a_file_is_not_adopted_where_that_cannot_be_recorded(
    file: WitnessedFile, tmp_path: Path
) -> None:
    file.write(b"one")
    before = (tmp_path / "list").read_bytes()
    file.write(b"two")
    (tmp_path / "list").write_bytes(before)
    with pytest.raises(Defect, match="is full"):
        file.adopt(record=full)
    with pytest.raises(PutBack):
        file.read()


# ---- rows --------------------------------------------------------------------------------------

thing = sa.table("thing", sa.column("name"), sa.column("size"))


def _things(op: object) -> None:
    op.create_table(  # type: ignore[attr-defined]
        "thing", sa.Column("name", sa.String(9), primary_key=True), sa.Column("size", sa.Integer)
    )


class Things:
    def __init__(self, path: Path, witness: Witness) -> None:
        self.engine = open_migrated(path, (_things, add_state))
        rows = (sa.select(thing).order_by(thing.c.name),)
        self.rows = WitnessedRows(self.engine, rows, witness, what="things", remedy="Ask Jo.")

    def add(self, name: str, size: int) -> None:
        with self.rows.changing() as connection:
            connection.execute(sa.insert(thing).values(name=name, size=size))

    def all(self) -> list[tuple[str, int]]:
        with self.rows.reading() as connection:
            return [tuple(row) for row in connection.execute(sa.select(thing))]

    def behind_its_back(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(sql)


@pytest.fixture
def things(tmp_path: Path, folder: WitnessFolder) -> Things:
    made = Things(tmp_path / "things.sqlite", folder.of("things"))
    assert made.all() == []
    made.add("cup", 3)
    made.add("jug", 5)
    return made


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE thing SET size = 4 WHERE name = 'cup'",
        "UPDATE thing SET name = 'can' WHERE name = 'cup'",
        "UPDATE thing SET size = '3' || x'80' WHERE name = 'cup'",
        "DELETE FROM thing WHERE name = 'cup'",
        "INSERT INTO thing VALUES ('pot', 9)",
        "DELETE FROM witnessed",
        "UPDATE witnessed SET number = number + 1",
        "UPDATE witnessed SET digest = 'text'",
        "INSERT INTO witnessed SELECT number + 1, digest FROM witnessed",
        "DROP TABLE thing",
    ],
)
def test_rows_that_were_changed_are_refused(things: Things, sql: str) -> None:
    things.behind_its_back(sql)
    with pytest.raises(Defect):
        things.all()
    with pytest.raises(Defect):
        things.add("pot", 9)


def test_all_rows_removed_with_their_state_are_refused(things: Things) -> None:
    things.behind_its_back("DELETE FROM thing")
    things.behind_its_back("DELETE FROM witnessed")
    with pytest.raises(PutBack) as caught:
        things.all()
    assert caught.value.fault is Fault.GONE


def test_rows_without_a_state_are_refused(tmp_path: Path, folder: WitnessFolder) -> None:
    """Rows of a release that had no witness, or put there by somebody."""
    things = Things(tmp_path / "things.sqlite", folder.of("things"))
    things.behind_its_back("INSERT INTO thing VALUES ('pot', 9)")
    with pytest.raises(PutBack) as caught:
        things.all()
    assert caught.value.fault is Fault.CHANGED
    assert not things.rows.adopt().sound
    assert things.all() == [("pot", 9)]


def test_rows_are_not_adopted_where_that_cannot_be_recorded(things: Things) -> None:
    things.behind_its_back("UPDATE thing SET size = 4 WHERE name = 'cup'")
    with pytest.raises(Defect, match="is full"):
        things.rows.adopt(record=full)
    with pytest.raises(PutBack):
        things.all()


def test_a_transaction_that_fails_changes_no_state(things: Things) -> None:
    with pytest.raises(ZeroDivisionError), things.rows.changing() as connection:
        connection.execute(sa.delete(thing))
        raise ZeroDivisionError
    assert len(things.all()) == 2


def test_two_processes_go_on_from_each_other(things: Things, tmp_path: Path) -> None:
    other = Things(tmp_path / "things.sqlite", WitnessFolder(tmp_path / "witness").of("things"))
    other.add("pot", 9)
    things.add("pan", 7)
    assert len(other.all()) == len(things.all()) == 4


def test_a_crash_between_commit_and_mark_is_taken_up(
    things: Things, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Witness, "note", lambda *_, **__: None)
        things.add("pot", 9)
    assert len(things.all()) == 3
    folder = WitnessFolder(tmp_path / "witness")
    newest = folder.of("things").newest()
    assert newest is not None
    assert newest.number == 3


def test_who_comes_between_the_first_commit_and_its_mark_meets_no_alarm(
    tmp_path: Path, folder: WitnessFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nodes import their first records in one moment, and a key holder charges both."""
    witness = folder.of("things")
    things, note = Things(tmp_path / "things.sqlite", witness), witness.note
    came = threading.Event()

    def late(mark: Mark, *, durable: bool = True) -> None:
        came.set()
        time.sleep(0.1)
        note(mark, durable=durable)

    monkeypatch.setattr(witness, "note", late)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(things.add, "a", 1)
        assert came.wait(10)
        second, read = threads.submit(things.add, "b", 2), threads.submit(things.all)
        first.result()
        second.result()
        assert ("a", 1) in read.result()
    assert things.all() == [("a", 1), ("b", 2)]
