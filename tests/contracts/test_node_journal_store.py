"""``records.ports.JournalStore``: what every store of the journal promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agency_node.records.ports import JournalStore
from agency_node.records.store.journal import CLOCK_SET_BACK_SECONDS, keep_until
from fakes.federations import NOW, public, requester_key
from fakes.node_journal import journal_at
from fakes.node_world import MemoryPages, a_query
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.messages import Query
from fingerpost.runtime.database import StoreFailed
from fingerpost.runtime.summed_rows import SummedRows
from fingerpost.runtime.witness import Fault, PutBack

KEY = bytes(range(32))


def received() -> Query:
    """Another one each time."""
    return read_query(a_query().wire, lambda epoch: public(requester_key(epoch)))


def take(store: JournalStore, queries: list[Query], now: float) -> frozenset[bytes]:
    """Keep queries; which of them were kept before."""
    before = store.known(queries)
    store.keep(queries, b"", now)
    return before


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JournalStore]:
    if request.param == "memory":
        yield MemoryPages()
        return
    with closing(journal_at(tmp_path / "journal.sqlite")) as store:
        yield store


def test_a_query_is_new_once(store: JournalStore) -> None:
    one, other = received(), received()
    assert take(store, [one], NOW) == frozenset()
    assert take(store, [one, other], NOW) == {one.core_hash}
    assert take(store, [other, one], NOW + 1) == {one.core_hash, other.core_hash}


def test_a_copy_that_is_signed_anew_is_not_new(store: JournalStore) -> None:
    one = received()
    assert take(store, [one], NOW) == frozenset()
    assert take(store, [replace(one, hash=bytes(32))], NOW) == {one.core_hash}


def test_a_frame_of_none_is_fine(store: JournalStore) -> None:
    assert take(store, [], NOW) == frozenset()


def test_a_frame_as_large_as_they_come(store: JournalStore) -> None:
    query = received()
    many = [replace(query, core_hash=number.to_bytes(32, "big")) for number in range(127)]
    assert take(store, many, NOW) == frozenset()
    assert len(take(store, many, NOW)) == 127


def test_pages_come_back_in_their_order_until_they_are_removed(store: JournalStore) -> None:
    assert store.pages(0, 10) == ()
    for page in (b"one", b"two", b"three"):
        store.keep([received()], page, NOW)
    store.keep([received()], b"", NOW)
    first, second, third = store.pages(0, 10)
    assert [page.sealed for page in (first, second, third)] == [b"one", b"two", b"three"]
    assert store.pages(0, 2) == (first, second)
    assert store.pages(second.number, 10) == (third,)
    store.mark_tried([first.number, third.number])
    assert [page.tried for page in store.pages(0, 10)] == [True, False, True]
    store.remove([first.number, third.number])
    assert store.pages(0, 10) == (second,)
    store.remove([])
    store.remove([second.number])
    store.keep([received()], b"four", NOW)
    (fourth,) = store.pages(0, 10)
    assert fourth.number > third.number, "no number is given twice"


# ---- the store on the disk ----------------------------------------------------------------------


def test_it_is_still_known_after_a_restart(tmp_path: Path) -> None:
    query = received()
    with closing(journal_at(tmp_path / "journal.sqlite")) as store:
        take(store, [query], NOW)
    with closing(journal_at(tmp_path / "journal.sqlite")) as store:
        assert take(store, [query], NOW) == {query.core_hash}


def test_for_as_long_as_it_could_be_fresh_and_no_longer_than_needed(tmp_path: Path) -> None:
    query = received()
    last = query.core.expires_at + limits.CLOCK_SKEW_SECONDS
    reached = NOW
    with closing(journal_at(tmp_path / "journal.sqlite", reached=lambda: reached)) as store:
        take(store, [query], NOW)
        assert take(store, [query], last) == {query.core_hash}
        reached = last + CLOCK_SET_BACK_SECONDS + 600 + 1
        take(store, [received()], reached)
        assert take(store, [query], NOW) == frozenset(), "forgotten"


def test_a_clock_that_is_ahead_lets_no_replay_in(tmp_path: Path) -> None:
    query = received()
    with closing(journal_at(tmp_path / "journal.sqlite")) as store:
        take(store, [query], NOW)
        take(store, [received()], NOW + 2 * limits.DAY)
        assert take(store, [query], NOW + 30) == {query.core_hash}


@pytest.mark.parametrize("expires", [0, 2**60])
def test_what_a_query_says_of_itself_does_not_decide_how_long_it_is_kept(expires: int) -> None:
    query = received()
    strange = replace(query, core=replace(query.core, expires_at=expires))
    kept = keep_until(strange, NOW) - NOW
    assert limits.CLOCK_SKEW_SECONDS <= kept <= 2 * limits.DAY


def test_a_disk_that_fails_is_a_defect(tmp_path: Path) -> None:
    """A damaged file: nothing may be answered on the strength of it."""
    path = tmp_path / "journal.sqlite"
    with closing(journal_at(path)) as store:
        take(store, [received()], NOW)
    for file in tmp_path.glob("journal.sqlite-*"):
        file.unlink()
    data = bytearray(path.read_bytes())
    data[100:] = bytes(len(data) - 100)
    path.write_bytes(bytes(data))
    with pytest.raises(StoreFailed), closing(journal_at(path)) as damaged:
        take(damaged, [received()], NOW)


def test_nothing_in_it_joins_with_another_partys_file(tmp_path: Path) -> None:
    query = received()
    with closing(journal_at(tmp_path / "journal.sqlite")) as store:
        take(store, [query], NOW)
    until = keep_until(query, NOW)
    told = (query.core_hash, query.hash, until.to_bytes(4, "big"), until.to_bytes(8, "big"))
    for file in tmp_path.glob("journal.sqlite*"):
        assert not any(each in file.read_bytes() for each in told), file.name
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        ((forget_at,),) = connection.execute("SELECT forget_at FROM seen")
    assert forget_at % 600 == 0
    assert until <= forget_at < until + 600


# ---- a journal that is not the newest ------------------------------------------------------------

JOURNAL = "journal.sqlite"


def issued(at: float) -> Query:
    query = received()
    return replace(query, core=replace(query.core, issued_at=int(at)))


def put_back(folder: Path, copy: bytes | None) -> None:
    """The journal alone, as it was; None: it is deleted."""
    for path in folder.glob(f"{JOURNAL}*"):
        path.unlink()
    if copy is not None:
        (folder / JOURNAL).write_bytes(copy)
        (folder / JOURNAL).chmod(0o600)


@pytest.mark.parametrize(("gone", "fault"), [(False, Fault.OLDER), (True, Fault.GONE)])
def test_of_a_journal_put_back_alone_nobody_knows_what_was_answered_before(
    tmp_path: Path, gone: bool, fault: Fault
) -> None:
    """Attack: a query of the last minutes is played to the node once more."""
    answered = issued(NOW + 10)
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        store.keep([received()], b"page", NOW)
    copy = (tmp_path / JOURNAL).read_bytes()
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        take(store, [answered], NOW + 10)
    put_back(tmp_path, None if gone else copy)
    again = NOW + 20
    with closing(journal_at(tmp_path / JOURNAL, now=again)) as store:
        assert store.fault is fault
        assert store.known([answered]) == {answered.core_hash}
        assert [page.tried for page in store.pages(0, 10)] == ([] if gone else [True])
    with closing(journal_at(tmp_path / JOURNAL, now=again + 5)) as store:
        assert store.fault is None
        early, late = (issued(again + limits.CLOCK_SKEW_SECONDS + n) for n in (0, 1))
        assert store.known([early, late]) == {early.core_hash}


def test_who_is_killed_as_a_journal_is_gone_on_from_takes_it_for_no_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a process that is killed once it has accepted what was put back, so that the next
    one answers a query of the last minutes once more."""
    answered = issued(NOW + 10)
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        store.keep([received()], b"page", NOW)
    copy = (tmp_path / JOURNAL).read_bytes()
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        take(store, [answered], NOW + 10)
    put_back(tmp_path, copy)
    with monkeypatch.context() as patch:
        patch.setattr(SummedRows, "changing", killed)
        with suppress(KeyboardInterrupt):
            journal_at(tmp_path / JOURNAL, now=NOW + 20).close()
    with closing(journal_at(tmp_path / JOURNAL, now=NOW + 20)) as store:
        assert store.known([answered]) == {answered.core_hash}
        assert [page.tried for page in store.pages(0, 10)] == [True]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM seen",
        "UPDATE seen SET forget_at = 0",
        "UPDATE page SET sealed = x'00'",
        "DELETE FROM page",
        "UPDATE summed SET sum = zeroblob(32)",
        "UPDATE witnessed SET number = number + 1",
        "DELETE FROM witnessed",
    ],
)
def test_a_journal_that_was_changed_is_noticed(tmp_path: Path, statement: str) -> None:
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        store.keep([received()], b"page", NOW)
    with closing(sqlite3.connect(tmp_path / JOURNAL)) as connection, connection:
        connection.execute(statement)
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        assert store.fault in (Fault.CHANGED, Fault.GONE)
        query = received()
        assert store.known([query]) == {query.core_hash}


def test_a_command_beside_the_node_goes_on_from_no_journal_that_was_put_back(
    tmp_path: Path,
) -> None:
    """Attack: somebody reads a log, and the node takes the journal of before for its own."""
    answered = issued(NOW + 10)
    with closing(journal_at(tmp_path / JOURNAL)) as node:
        take(node, [answered], NOW + 10)
        with closing(sqlite3.connect(tmp_path / JOURNAL)) as connection, connection:
            connection.execute("DELETE FROM seen")
        with pytest.raises(PutBack, match="Start the node"):
            journal_at(tmp_path / JOURNAL, adopt=False)
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        assert store.fault is Fault.CHANGED


def test_a_new_journal_is_complete(tmp_path: Path) -> None:
    with closing(journal_at(tmp_path / JOURNAL)) as store:
        assert store.fault is None
        assert store.known([issued(NOW - 100)]) == frozenset()
