"""The broker's store: one suite, on SQLite and in memory."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.ports import LookupRecord, Store
from broker.store import HASH_LOG_FILE, REPLAY_FILE, SqlStore, open_hash_log
from fakes.broker_store import MemoryStore
from fakes.witnesses import witness_in
from fingerpost.audit.log import Actor, Entry, OperationId, StoreBehind
from fingerpost.protocol.codes import Reach
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.runtime.witness import Fault

NOW = 1_800_000_000.0
MASTER = bytes(range(32))


def a_record(number: int, *, keep_for: int = 180) -> LookupRecord:
    return LookupRecord(
        query_hash=hashlib.sha256(number.to_bytes(4, "big")).digest(),
        agency=AgencyId("e99000001.council"),
        gateway=MemberId("gateway-north"),
        reach=Reach.AREA,
        handle=Handle(f"{number:032x}"),
        at=int(NOW),
        keep_until=int(NOW) + keep_for,
    )


Reopen = Callable[[float], Store]


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Opens the store; again, as after a restart, it is the same store."""
    opened: list[SqlStore] = []
    memory: list[MemoryStore] = []

    def open_sqlite_store(now: float) -> Store:
        while opened:
            opened.pop().close()
        opened.append(SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), now))
        return opened[-1]

    def open_memory(now: float) -> Store:
        if not memory:
            memory.append(MemoryStore(now))
        return memory[0]

    yield open_memory if request.param == "memory" else open_sqlite_store
    for store in opened:
        store.close()


def test_a_new_store_is_complete_from_its_making_on(reopen: Reopen) -> None:
    store = reopen(NOW)
    assert store.complete_since == NOW
    assert store.seen(NOW) == ()
    assert reopen(NOW + 500).complete_since == NOW


def test_what_was_appended_is_there_after_a_restart(reopen: Reopen) -> None:
    records = [a_record(n) for n in range(5)]
    store = reopen(NOW)
    store.append(records[:1], NOW)
    store.append(records[1:], NOW + 1)
    found = {(s.query_hash, s.keep_until) for s in reopen(NOW + 2).seen(NOW + 2)}
    assert found == {(r.query_hash, r.keep_until) for r in records}


def test_what_is_over_is_not_seen(reopen: Reopen) -> None:
    store = reopen(NOW)
    store.append([a_record(1, keep_for=10), a_record(2, keep_for=20)], NOW)
    assert {s.query_hash for s in store.seen(NOW + 10)} == {a_record(n).query_hash for n in (1, 2)}
    assert {s.query_hash for s in store.seen(NOW + 11)} == {a_record(2).query_hash}
    assert store.seen(NOW + 21) == ()


def test_an_append_lets_go_only_what_is_over(reopen: Reopen) -> None:
    store = reopen(NOW)
    store.append([a_record(1, keep_for=10), a_record(2, keep_for=100)], NOW)
    store.append([a_record(3)], NOW + 50)
    assert {s.query_hash for s in reopen(NOW + 50).seen(NOW + 50)} == {
        a_record(n).query_hash for n in (2, 3)
    }


# ---- what only the disk can promise ------------------------------------------------------------


def record_on_disk(folder: Path, number: int, now: float = NOW) -> None:
    """As a broker does that is opened for one lookup."""
    with closing(SqlStore.open(folder, MASTER, witness_in(folder), now)) as store:
        store.append([a_record(number)], now)


def logged(folder: Path) -> list[Entry]:
    """The hash log of a sound store."""
    with closing(open_hash_log(folder, MASTER, witness_in(folder))) as log:
        assert log.verify().broken_at is None
        return list(log.show(0, 2**40, decrypt=True))


def test_no_file_shows_anything_of_a_lookup_without_the_key(tmp_path: Path) -> None:
    SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW - 777).close()
    record_on_disk(tmp_path, 7)
    record = a_record(7)
    names = (record.handle.value, record.agency.value, record.gateway.value, "AREA")
    hashes = (record.query_hash, record.query_hash.hex().encode())
    times = [at.to_bytes(4, "big") for at in (record.at, record.keep_until)]
    for file in (file for file in tmp_path.iterdir() if file.is_file()):
        for told in (*(name.encode() for name in names), *hashes, *times):
            assert told not in file.read_bytes(), (file.name, told)


def test_the_hash_log_has_public_facts_and_in_the_body_the_handle(tmp_path: Path) -> None:
    record_on_disk(tmp_path, 7)
    record = a_record(7)

    (entry,) = logged(tmp_path)
    assert entry.actor == Actor.of(record.gateway)
    assert entry.operation == OperationId.of(record.query_hash)
    assert entry.fields == {"agency": "e99000001.council", "reach": "AREA"}
    assert entry.body == record.handle.value.encode()


def test_a_store_put_back_from_a_backup_does_not_open_until_adopted(tmp_path: Path) -> None:
    record_on_disk(tmp_path, 1)
    backup = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    record_on_disk(tmp_path, 2, NOW + 10)
    for name, content in backup.items():
        (tmp_path / name).write_bytes(content)

    with pytest.raises(StoreBehind):
        SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW + 20)
    by, why = Actor("operator"), OperationId("restored")
    SqlStore.adopt(tmp_path, MASTER, witness_in(tmp_path), by=by, why=why, now=NOW + 30)
    with closing(SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW + 40)) as store:
        assert store.complete_since == NOW + 30  # what it had seen before is not all there was
    kinds = [entry.kind for entry in logged(tmp_path)]
    assert kinds == ["broker.lookup_recorded", "broker.store_adopted"]


def test_a_clock_that_is_behind_sets_no_store_back(tmp_path: Path) -> None:
    """Otherwise a query from before the store was made could be carried once more, as soon as the
    clock is right again."""
    SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW).close()
    for now in (NOW - 10_000, NOW + 1):
        with closing(SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), now)) as store:
            assert store.complete_since == NOW
            assert store.anew is None


def put_back(folder: Path, copy: bytes | None) -> None:
    """The replay set alone, as it was; None: it is deleted."""
    for path in folder.glob(f"{REPLAY_FILE}*"):
        path.unlink()
    if copy is not None:
        (folder / REPLAY_FILE).write_bytes(copy)
        (folder / REPLAY_FILE).chmod(0o600)


@pytest.mark.parametrize(("gone", "fault"), [(False, Fault.OLDER), (True, Fault.GONE)])
def test_a_replay_set_put_back_alone_begins_anew(tmp_path: Path, gone: bool, fault: Fault) -> None:
    record_on_disk(tmp_path, 1)
    copy = (tmp_path / REPLAY_FILE).read_bytes()
    record_on_disk(tmp_path, 2, NOW + 10)
    put_back(tmp_path, None if gone else copy)
    with closing(SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW + 20)) as store:
        assert store.anew is fault
        assert store.complete_since == NOW + 20
        assert store.seen(NOW + 20) == ()
        store.append([a_record(3)], NOW + 21)
    with closing(SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW + 30)) as store:
        assert store.anew is None
        assert store.complete_since == NOW + 20
        assert [each.query_hash for each in store.seen(NOW + 30)] == [a_record(3).query_hash]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM seen WHERE rowid = 1",
        "UPDATE seen SET forget_at = 0 WHERE rowid = 1",
        "UPDATE memory SET complete_since = 0",
        "UPDATE summed SET sum = zeroblob(32)",
        "UPDATE seen SET name = 'text'",
    ],
)
def test_a_replay_set_that_was_changed_begins_anew(tmp_path: Path, statement: str) -> None:
    record_on_disk(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / REPLAY_FILE)) as connection, connection:
        connection.execute(statement)
    with closing(SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW + 20)) as store:
        assert store.anew is Fault.CHANGED
        assert store.complete_since == NOW + 20


def test_files_are_open_to_nobody_else(tmp_path: Path) -> None:
    SqlStore.open(tmp_path, MASTER, witness_in(tmp_path), NOW).close()
    for name in (REPLAY_FILE, HASH_LOG_FILE):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_another_master_key_does_not_open_it(tmp_path: Path) -> None:
    record_on_disk(tmp_path, 1)
    with pytest.raises(Defect):
        SqlStore.open(tmp_path, bytes(32), witness_in(tmp_path), NOW)
