"""``notices.ports.NoticesStore`` of a node: one suite, on SQLite and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agency_node.notices.lanes import Lane
from agency_node.notices.ports import (
    KEPT_SECONDS,
    Channel,
    Delivery,
    Notice,
    NoticesStore,
    Outcome,
    Reply,
)
from agency_node.notices.store import open_notices
from fakes.federations import NOW
from fakes.node_world import COUNCIL, SCHOOL
from fakes.notices import MemoryNotices
from fingerpost.protocol.errors import Defect

KEY = bytes(range(32))
KNOCK = Notice(bytes([1]) * 32, SCHOOL, Lane.RING_NOW, int(NOW), bytes(16), "e08000001")
NAMED = Notice(bytes([2]) * 32, SCHOOL, Lane.LOG_ONLY, int(NOW) + 5)

Open = Callable[[], NoticesStore]


@pytest.fixture(params=["memory", "sqlite"])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store; a second time, as a command line does beside the node."""
    if request.param == "memory":
        memory = MemoryNotices()
        yield lambda: memory
        return
    with (
        closing(open_notices(tmp_path / "notices.sqlite", KEY)) as one,
        closing(open_notices(tmp_path / "notices.sqlite", KEY)) as other,
    ):
        stores = iter([one, other])
        yield lambda: next(stores)


@pytest.fixture
def store(open_: Open) -> NoticesStore:
    return open_()


def test_what_is_kept_is_read_as_it_was(store: NoticesStore) -> None:
    told = replace(KNOCK, told_at=7, seen_at=8, outcome=Outcome.NO_CALL)
    store.add([told, NAMED])
    assert set(store.all()) == {told, NAMED}
    assert store.count() == 2


def test_what_a_desk_decided_is_not_undone_by_an_opening_that_comes_again(
    store: NoticesStore,
) -> None:
    store.add([KNOCK])
    store.change([KNOCK], lambda each: replace(each, outcome=Outcome.RANG))
    store.add([KNOCK])
    assert [each.outcome for each in store.all()] == [Outcome.RANG]


def test_two_processes_share_it(open_: Open) -> None:
    node, command = open_(), open_()
    node.add([KNOCK])
    command.change([KNOCK], lambda each: replace(each, seen_at=9))
    assert [each.seen_at for each in node.of(SCHOOL)] == [9]


def test_what_one_process_decides_is_not_undone_by_what_another_read_before(open_: Open) -> None:
    """The node keeps that a message left, while the desk closes the knock."""
    node, command = open_(), open_()
    node.add([KNOCK])
    (read,) = node.all()
    command.change([KNOCK], lambda each: replace(each, outcome=Outcome.RANG))
    node.change([read], lambda each: replace(each, told_at=7))
    assert [(each.told_at, each.outcome) for each in node.all()] == [(7, Outcome.RANG)]


def test_how_messages_went_is_kept_for_each_agency_and_channel(open_: Open) -> None:
    store, other = open_(), open_()
    mail = Delivery(SCHOOL, Channel.MAIL, Reply.HUNG, 3, 9, 4, 5)
    hook = replace(mail, channel=Channel.WEBHOOK, reply=Reply.TAKEN)
    store.keep_deliveries([mail, hook])
    store.keep_deliveries([replace(mail, failures=4)])
    assert set(other.deliveries()) == {replace(mail, failures=4), hook}


def test_each_agency_has_its_own_and_the_latest_first(store: NoticesStore) -> None:
    other = replace(KNOCK, agency=COUNCIL)
    store.add([KNOCK, other, NAMED])
    assert store.of(SCHOOL) == (NAMED, KNOCK)
    assert store.of(COUNCIL) == (other,)


def test_what_was_forgotten_is_not_written_over(store: NoticesStore) -> None:
    store.add([KNOCK])
    store.forget_due(NOW + KEPT_SECONDS)
    store.change([KNOCK], lambda each: replace(each, told_at=1))
    assert store.all() == ()


def test_it_is_forgotten_after_ninety_days(store: NoticesStore) -> None:
    store.add([KNOCK, NAMED])
    store.forget_due(NOW + KEPT_SECONDS - 1)
    assert store.count() == 2
    store.forget_due(NOW + KEPT_SECONDS)
    assert store.all() == (NAMED,)


def test_rows_are_sealed_at_one_size_whatever_is_in_them(tmp_path: Path) -> None:
    """Attack: whoever copies the disk counts the knocks, or finds the lookup by its hash."""
    path = tmp_path / "notices.sqlite"
    with closing(open_notices(path, KEY)) as store:
        store.add([KNOCK])
        late = {"told_at": 2**40, "seen_at": 2**40, "outcome": Outcome.ANOTHER_CHILD}
        store.change([KNOCK], lambda each: replace(each, **late))  # type: ignore[arg-type]
        store.add([NAMED])
        with store._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT length(sealed) FROM notice").scalars().all()
    assert len(set(rows)) == 1
    assert KNOCK.query not in path.read_bytes()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    with closing(open_notices(tmp_path / "notices.sqlite", KEY)) as store:
        store.add([KNOCK])
    with pytest.raises(Defect, match="does not open"):
        open_notices(tmp_path / "notices.sqlite", bytes(32))
