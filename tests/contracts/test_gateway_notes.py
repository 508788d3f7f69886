"""``asking.ports.Notes``: one suite, on SQLite and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.federations import NOW
from fakes.notes import MemoryNotes
from fingerpost.private.notes import Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, MemberId
from practitioner.asking.notes import KeptNote, Thread
from practitioner.asking.notes_store import SqlNotes, open_notes

KEY = bytes(range(32))
OPERATION, NEWER = "00000000000000aa", "00000000000000bb"
SCHOOL = AgencyId("e99000001.oak-primary")
KEYS = {MemberId("node-1"): bytes([7]) * 32, MemberId("node-2"): b""}
THREAD = Thread(OPERATION, int(NOW), KEYS)
LATER = Thread(NEWER, int(NOW) + limits.DAY, KEYS, limits.SECOND_REVISION)

Store = MemoryNotes | SqlNotes
Open = Callable[[], Store]


def a_note(number: int, operation: str = OPERATION, kind: NoteKind = NoteKind.SPOKE) -> KeptNote:
    at = int(NOW) + number
    return KeptNote(operation, Note(number.to_bytes(8, "big"), kind, SCHOOL, at))


@pytest.fixture(params=["memory", "sqlite"])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store; a second time, as another process of the gateway does."""
    if request.param == "memory":
        memory = MemoryNotes()
        yield lambda: memory
        return
    with (
        closing(open_notes(tmp_path / "notes.sqlite", KEY)) as one,
        closing(open_notes(tmp_path / "notes.sqlite", KEY)) as other,
    ):
        stores = iter([one, other])
        yield lambda: next(stores)


@pytest.fixture
def store(open_: Open) -> Store:
    return open_()


async def test_threads_are_read_on_from_the_last(store: Store, open_: Open) -> None:
    await store.begin([THREAD])
    ((number, first),) = await store.threads(0)
    assert first == THREAD
    assert await store.threads(number) == ()
    await open_().begin([LATER, THREAD])
    more = await store.threads(number)
    assert [thread for _, thread in more] == [LATER, THREAD]
    assert [n for n, _ in more] == sorted(n for n, _ in more)


async def test_a_lookup_of_which_no_query_left_has_no_thread(store: Store) -> None:
    await store.begin([])
    assert await store.threads(0) == ()


async def test_a_note_waits_until_it_has_left(store: Store, open_: Open) -> None:
    open_().mark([a_note(1)])
    assert await store.waiting() == (a_note(1),)
    await store.keep([replace(a_note(1), left=True)])
    assert await store.waiting() == ()
    assert store.about(OPERATION) == (replace(a_note(1), left=True),)


async def test_what_came_does_not_wait_and_its_receipt_does(store: Store) -> None:
    said = replace(a_note(1, kind=NoteKind.THEY_RANG), came=True)
    receipt = a_note(1, kind=NoteKind.RECEIVED)
    await store.keep([said, receipt, said])
    assert await store.waiting() == (receipt,)
    assert set(store.about(OPERATION)) == {said, receipt}


async def test_a_lookup_shows_its_own_notes_oldest_first(store: Store) -> None:
    store.mark([a_note(2), a_note(1), a_note(3, NEWER)])
    assert store.about(OPERATION) == (a_note(1), a_note(2))
    assert store.about("00000000000000cc") == ()


async def test_a_lookup_has_the_newest_revision_of_its_queries(store: Store) -> None:
    await store.begin([THREAD, LATER])
    assert store.revision_of(OPERATION) == limits.FIRST_REVISION
    assert store.revision_of(NEWER) == limits.SECOND_REVISION
    await store.begin([replace(THREAD, revision=limits.SECOND_REVISION)])
    assert store.revision_of(OPERATION) == limits.SECOND_REVISION


async def test_after_seven_days_threads_go_with_their_notes(store: Store) -> None:
    await store.begin([THREAD, LATER])
    store.mark([a_note(1), a_note(2, NEWER)])
    store.forget_due(NOW + limits.NOTES_KEPT_SECONDS - 1)
    assert len(await store.threads(0)) == 2
    store.forget_due(NOW + limits.NOTES_KEPT_SECONDS)
    assert [thread for _, thread in await store.threads(0)] == [LATER]
    assert store.about(OPERATION) == ()
    assert store.about(NEWER) == (a_note(2, NEWER),)


# ---- on the disk ---------------------------------------------------------------------------------


async def test_a_threads_size_follows_from_how_many_nodes_its_query_reached(tmp_path: Path) -> None:
    """Not from how many answered."""

    def sizes(store: SqlNotes) -> list[int]:
        with store._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT sealed FROM threads ORDER BY number")
            return [len(sealed) for (sealed,) in rows]

    for count in (1, 40, 300):
        nodes = [MemberId(f"node-{n:035}") for n in range(count)]
        with closing(open_notes(tmp_path / f"{count}.sqlite", KEY)) as store:
            await store.begin(
                [
                    replace(THREAD, keys=dict.fromkeys(nodes, b"")),
                    replace(THREAD, keys=dict.fromkeys(nodes, bytes(32))),
                ]
            )
            one, other = sizes(store)
            assert one == other
            assert [dict(t.keys) for _, t in await store.threads(0)][1] == dict.fromkeys(
                nodes, bytes(32)
            )


def test_nothing_of_a_note_or_a_thread_stands_in_the_file(tmp_path: Path) -> None:
    with closing(open_notes(tmp_path / "notes.sqlite", KEY)) as store:
        asyncio.run(store.begin([THREAD]))
        store.mark([a_note(1)])
    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    for secret in (bytes([7]) * 32, OPERATION.encode(), SCHOOL.value.encode(), b"node-1"):
        assert secret not in content


async def test_another_key_opens_nothing(tmp_path: Path) -> None:
    with closing(open_notes(tmp_path / "notes.sqlite", KEY)) as store:
        store.mark([a_note(1)])
    with pytest.raises(Defect):
        open_notes(tmp_path / "notes.sqlite", bytes(32))
