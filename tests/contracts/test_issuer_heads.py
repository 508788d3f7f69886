"""The heads that members leave at the issuer, on its store: ``authority.issuer.service.Heads``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from authority.issuer.heads_store import HeadsStore
from fakes.witnesses import witness_of
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.witness import Fault, PutBack

ME, OTHER = MemberId("node-1"), MemberId("node-2")


def a_store(folder: Path, report: Callable[[Fault], object] | None = print) -> HeadsStore:
    return HeadsStore(folder / "heads.sqlite", witness_of(folder / "heads"), report)


@pytest.fixture
def heads(tmp_path: Path) -> Iterator[HeadsStore]:
    with closing(a_store(tmp_path)) as store:
        yield store


def left(heads: HeadsStore, *times: int, part: int = 0, member: MemberId = ME) -> None:
    for at in times:
        heads.put(member, part, at, f"{member} {part} {at}".encode(), ())


def test_what_was_left_comes_back_the_newest_first(heads: HeadsStore) -> None:
    left(heads, 20, 10, 30)
    assert heads.times(ME, 0) == (10, 20, 30)
    assert heads.before(ME, 0, 30, 1000) == (b"node-1 0 20", b"node-1 0 10")


def test_a_reply_has_no_more_than_its_bytes(heads: HeadsStore) -> None:
    left(heads, 10, 20, 30)
    assert heads.before(ME, 0, 40, 2 * len(b"node-1 0 30")) == (b"node-1 0 30", b"node-1 0 20")
    assert heads.before(ME, 0, 40, len(b"node-1 0 30") - 1) == ()


def test_nothing_is_shown_of_another_member_or_part(heads: HeadsStore) -> None:
    left(heads, 10)
    left(heads, 11, part=1)
    left(heads, 12, member=OTHER)
    assert heads.before(ME, 0, 100, 1000) == (b"node-1 0 10",)
    assert heads.times(OTHER, 1) == ()


def test_a_moment_is_kept_once_and_what_is_dropped_is_gone(heads: HeadsStore) -> None:
    """Attack: a second envelope of the same moment would take the place of the first."""
    left(heads, 10, 20)
    heads.put(ME, 0, 20, b"another", ())
    heads.put(ME, 0, 30, b"new", (10,))
    assert heads.before(ME, 0, 100, 1000) == (b"new", b"node-1 0 20")


def test_who_leaves_heads_how_often_and_when_last_is_listed(
    heads: HeadsStore, tmp_path: Path
) -> None:
    left(heads, 10, 20)
    left(heads, 15, member=OTHER)
    with closing(a_store(tmp_path)) as again:
        assert again.newest() == ((ME, 2, 20), (OTHER, 1, 15))


# ---- put back ------------------------------------------------------------------------------------


def put_back(folder: Path) -> None:
    """An earlier state, of before the newest heads were left."""
    path = folder / "heads.sqlite"
    with closing(a_store(folder)) as store:
        left(store, 10)
    copy = path.read_bytes()
    with closing(a_store(folder)) as store:
        left(store, 20)
    for each in folder.glob("heads.sqlite-*"):
        each.unlink()
    path.write_bytes(copy)


def test_an_earlier_copy_is_reported_once_and_gone_on_from(tmp_path: Path) -> None:
    put_back(tmp_path)
    faults: list[Fault] = []
    with closing(a_store(tmp_path, faults.append)) as store:
        left(store, 30)
        assert store.times(ME, 0) == (10, 30)
        assert store.fault is Fault.OLDER
    with closing(a_store(tmp_path, faults.append)) as store:
        assert store.times(ME, 0) == (10, 30)
        assert store.fault is None
    assert faults == [Fault.OLDER]


def test_who_only_lists_says_it_and_takes_nothing_for_the_newest(tmp_path: Path) -> None:
    put_back(tmp_path)
    for _ in range(2):
        with closing(a_store(tmp_path, None)) as store:
            assert store.newest() == ((ME, 1, 10),)
            assert store.fault is Fault.OLDER
            with pytest.raises(PutBack):
                left(store, 30)
