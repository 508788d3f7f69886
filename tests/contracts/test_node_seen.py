"""``answering.ports.Seen``: what every store of seen queries promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agency_node.answering.ports import Seen
from agency_node.records.store.seen import CLOCK_SET_BACK_SECONDS, keep_until, open_seen
from fakes.federations import NOW, public, requester_key
from fakes.node_world import MemorySeen, a_query
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.messages import Query
from fingerpost.runtime.database import StoreFailed

KEY = bytes(range(32))


def received() -> Query:
    """Another one each time."""
    return read_query(a_query().wire, lambda epoch: public(requester_key(epoch)))


@pytest.fixture(params=["memory", "sqlite"])
def seen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Seen]:
    if request.param == "memory":
        yield MemorySeen()
        return
    with closing(open_seen(tmp_path / "seen.sqlite", KEY, lambda: NOW)) as store:
        yield store


def test_a_query_is_new_once(seen: Seen) -> None:
    one, other = received(), received()
    assert seen.take([one], NOW) == frozenset()
    assert seen.take([one, other], NOW) == {one.core_hash}
    assert seen.take([other, one], NOW + 1) == {one.core_hash, other.core_hash}


def test_a_copy_that_is_signed_anew_is_not_new(seen: Seen) -> None:
    one = received()
    assert seen.take([one], NOW) == frozenset()
    assert seen.take([replace(one, hash=bytes(32))], NOW) == {one.core_hash}


def test_a_frame_of_none_is_fine(seen: Seen) -> None:
    assert seen.take([], NOW) == frozenset()


def test_a_frame_as_large_as_they_come(seen: Seen) -> None:
    query = received()
    many = [replace(query, core_hash=number.to_bytes(32, "big")) for number in range(127)]
    assert seen.take(many, NOW) == frozenset()
    assert len(seen.take(many, NOW)) == 127


# ---- the store on the disk ----------------------------------------------------------------------


def test_it_is_still_known_after_a_restart(tmp_path: Path) -> None:
    query = received()
    with closing(open_seen(tmp_path / "seen.sqlite", KEY, lambda: NOW)) as store:
        store.take([query], NOW)
    with closing(open_seen(tmp_path / "seen.sqlite", KEY, lambda: NOW)) as store:
        assert store.take([query], NOW) == {query.core_hash}


def test_for_as_long_as_it_could_be_fresh_and_no_longer_than_needed(tmp_path: Path) -> None:
    query = received()
    last = query.core.expires_at + limits.CLOCK_SKEW_SECONDS
    reached = NOW
    with closing(open_seen(tmp_path / "seen.sqlite", KEY, lambda: reached)) as store:
        store.take([query], NOW)
        assert store.take([query], last) == {query.core_hash}
        reached = last + CLOCK_SET_BACK_SECONDS + 600 + 1
        store.take([received()], reached)
        assert store.take([query], NOW) == frozenset(), "forgotten"


def test_a_clock_that_is_ahead_lets_no_replay_in(tmp_path: Path) -> None:
    query = received()
    with closing(open_seen(tmp_path / "seen.sqlite", KEY, lambda: NOW)) as store:
        store.take([query], NOW)
        store.take([received()], NOW + 2 * limits.DAY)
        assert store.take([query], NOW + 30) == {query.core_hash}


@pytest.mark.parametrize("expires", [0, 2**60])
def test_what_a_query_says_of_itself_does_not_decide_how_long_it_is_kept(expires: int) -> None:
    query = received()
    strange = replace(query, core=replace(query.core, expires_at=expires))
    kept = keep_until(strange, NOW) - NOW
    assert limits.CLOCK_SKEW_SECONDS <= kept <= 2 * limits.DAY


def test_a_disk_that_fails_is_a_defect(tmp_path: Path) -> None:
    """A damaged file: nothing may be answered on the strength of it."""
    path = tmp_path / "seen.sqlite"
    with closing(open_seen(path, KEY, lambda: NOW)) as store:
        store.take([received()], NOW)
    for file in tmp_path.glob("seen.sqlite-*"):
        file.unlink()
    data = bytearray(path.read_bytes())
    data[100:] = bytes(len(data) - 100)
    path.write_bytes(bytes(data))
    with pytest.raises(StoreFailed), closing(open_seen(path, KEY, lambda: NOW)) as damaged:
        damaged.take([received()], NOW)


def test_nothing_in_it_joins_with_another_partys_file(tmp_path: Path) -> None:
    query = received()
    with closing(open_seen(tmp_path / "seen.sqlite", KEY, lambda: NOW)) as store:
        store.take([query], NOW)
    until = keep_until(query, NOW)
    told = (query.core_hash, query.hash, until.to_bytes(4, "big"), until.to_bytes(8, "big"))
    for file in tmp_path.iterdir():
        assert not any(each in file.read_bytes() for each in told), file.name
    with closing(sqlite3.connect(tmp_path / "seen.sqlite")) as connection:
        ((forget_at,),) = connection.execute("SELECT forget_at FROM seen")
    assert forget_at % 600 == 0
    assert until <= forget_at < until + 600
