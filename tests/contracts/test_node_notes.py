"""``notes.ports.NotesStore`` of a node: one suite, on SQLite and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

import pytest

from agency_node.notes.ports import KeptNote, NotesStore, Thread, WrongNumber
from agency_node.notes.store import WRONG_KEPT_SECONDS, open_notes
from fakes.federations import NOW
from fakes.node_world import COUNCIL, SCHOOL
from fakes.notes import MemoryNodeNotes
from fingerpost.private.notes import Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.packets import CarriedPacket, hour_of

KEY = bytes(range(32))
QUERY, OTHER = bytes([1]) * 32, bytes([2]) * 32
THREAD = Thread(QUERY, SCHOOL, bytes([9]) * 32, int(NOW), COUNCIL, limits.SECOND_REVISION)
NEWER = Thread(OTHER, COUNCIL, bytes([8]) * 32, int(NOW) + limits.DAY)

Open = Callable[[], NotesStore]


def a_packet(number: int, hour: int = hour_of(NOW)) -> CarriedPacket:
    salt = number.to_bytes(limits.PACKET_SALT_BYTES, "big")
    return CarriedPacket(bytes([number]) * 16, hour, salt + bytes(limits.PACKET_BYTES - len(salt)))


def a_note(number: int, kind: NoteKind = NoteKind.SPOKE, query: bytes = QUERY) -> KeptNote:
    return KeptNote(query, Note(number.to_bytes(8, "big"), kind, SCHOOL, int(NOW) + number))


@pytest.fixture(params=["memory", "sqlite"])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store; a second time, as a command line does beside the node."""
    if request.param == "memory":
        memory = MemoryNodeNotes()
        yield lambda: memory
        return
    with (
        closing(open_notes(tmp_path / "notes.sqlite", KEY)) as one,
        closing(open_notes(tmp_path / "notes.sqlite", KEY)) as other,
    ):
        stores = iter([one, other])
        yield lambda: next(stores)


@pytest.fixture
def store(open_: Open) -> NotesStore:
    return open_()


def test_a_packet_is_kept_once_and_read_once(store: NotesStore) -> None:
    one, other = a_packet(1), a_packet(2)
    assert store.keep([one, other]) == {one.exchange, other.exchange}
    again = CarriedPacket(bytes(16), one.hour, one.packet)
    assert store.keep([again]) == frozenset()
    assert sorted(store.unread(), key=lambda each: each.salt) == [one, other]
    store.read([one], [])
    assert store.unread() == (other,)
    assert store.keep([again]) == frozenset(), "also after it was read"


def test_what_came_is_there_for_its_agency_oldest_first(store: NotesStore) -> None:
    store.read([], [a_note(2), a_note(1), a_note(1)])
    assert store.came(SCHOOL) == (a_note(1), a_note(2))
    assert store.came(COUNCIL) == ()


def test_what_was_said_is_not_written_over(store: NotesStore) -> None:
    """Attack: who asked says something else later, under the number of the first note."""
    store.read([], [a_note(1, NoteKind.LEFT_MESSAGE)])
    store.read([], [a_note(1, NoteKind.NOT_NEEDED), a_note(1, query=OTHER)])
    assert store.came(SCHOOL) == (a_note(1, NoteKind.LEFT_MESSAGE),)


def test_a_note_that_was_received_is_taken_back(store: NotesStore, open_: Open) -> None:
    waiting = a_note(1, NoteKind.THEY_RANG)
    open_().leave(waiting)
    assert store.waiting() == (waiting,)
    store.read([], [a_note(2, NoteKind.RECEIVED)])
    assert store.waiting() == (waiting,)
    store.read([], [a_note(1, NoteKind.RECEIVED)])
    assert store.waiting() == store.came(SCHOOL) == ()


def test_threads_are_kept_once(store: NotesStore, open_: Open) -> None:
    store.add([THREAD, NEWER])
    store.add([THREAD])
    assert sorted(store.threads(), key=lambda each: each.at) == [THREAD, NEWER]
    assert len(open_().threads()) == store.count() == 2


def test_a_thread_without_a_key_counts_and_is_none(store: NotesStore) -> None:
    store.add([THREAD, replace(NEWER, key=b"")])
    assert (store.threads(), store.count()) == ((THREAD,), 2)
    store.forget_due(NOW + limits.NOTES_KEPT_SECONDS + limits.DAY)
    assert store.count() == 0


def test_after_seven_days_a_thread_goes_with_its_notes(store: NotesStore) -> None:
    store.add([THREAD, NEWER])
    store.read([], [a_note(1), a_note(2, query=OTHER)])
    store.leave(a_note(3, NoteKind.THEY_RANG))
    store.forget_due(NOW + limits.NOTES_KEPT_SECONDS - 1)
    assert len(store.threads()) == 2
    store.forget_due(NOW + limits.NOTES_KEPT_SECONDS)
    assert store.threads() == (NEWER,)
    assert store.came(SCHOOL) == (a_note(2, query=OTHER),)
    assert store.waiting() == ()


WRONG = WrongNumber(SCHOOL, "01632 960001", COUNCIL, int(NOW))


def test_a_number_is_reported_once_by_each_agency_and_taken_back_for_all(
    store: NotesStore, open_: Open
) -> None:
    others = replace(WRONG, reporter=SCHOOL), replace(WRONG, telephone="01632 960002")
    store.read([], [], [WRONG, *others])
    store.read([], [], [replace(WRONG, at=int(NOW) + 5)])
    assert store.count_wrong() == 3
    open_().number_is_right(SCHOOL, WRONG.telephone)
    assert store.wrong_numbers() == (others[1],)
    assert store.count_wrong() == 1


def test_a_report_outlasts_its_note_and_goes_after_a_year(store: NotesStore) -> None:
    store.add([THREAD])
    store.read([], [a_note(1, NoteKind.NUMBER_WRONG)], [WRONG])
    store.forget_due(NOW + limits.NOTES_KEPT_SECONDS)
    assert store.came(SCHOOL) == ()
    assert store.wrong_numbers() == (WRONG,)
    store.forget_due(NOW + WRONG_KEPT_SECONDS)
    assert store.wrong_numbers() == ()


def test_packets_go_once_no_copy_of_them_can_be_of_now(store: NotesStore) -> None:
    hour = hour_of(NOW)
    packets = [a_packet(n, hour - n) for n in range(4)]
    store.keep(packets)
    store.read(packets[:3], [])
    store.forget_due(NOW)
    assert store.keep(packets) == {packets[2].exchange}, "what was not read stays"


# ---- on the disk ---------------------------------------------------------------------------------


def test_nothing_of_a_note_or_a_thread_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    with closing(open_notes(path, KEY)) as store:
        store.add([THREAD])
        store.read([], [a_note(1)], [WRONG])
        store.leave(a_note(2, NoteKind.THEY_RANG))
    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    known = (THREAD.key, THREAD.query, SCHOOL.value.encode(), (1).to_bytes(8, "big") * 2)
    for secret in (*known, COUNCIL.value.encode(), b"960001"):
        assert secret not in content


def test_of_a_packet_that_was_read_the_salt_alone_is_kept(tmp_path: Path) -> None:
    """A broker that makes up packets must not fill the disk with them."""
    packets = [replace(a_packet(n), packet=token_bytes(limits.PACKET_BYTES)) for n in range(40)]
    with closing(open_notes(tmp_path / "notes.sqlite", KEY)) as store:
        store.keep(packets)
        store.read(packets, [])
        with store._engine.connect() as connection:
            kept = connection.exec_driver_sql("SELECT sum(length(packet)) FROM packet").scalar_one()
        assert (kept, store.unread()) == (0, ())
        assert store.keep(packets) == frozenset()


def test_a_thread_without_a_key_is_a_row_like_the_others(tmp_path: Path) -> None:
    """Attack: a thief counts without the key how many queries were about children known here."""
    with closing(open_notes(tmp_path / "notes.sqlite", KEY)) as store:
        store.add([THREAD, replace(NEWER, key=b"")])
        with store._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT length(name), length(sealed) FROM thread")
            assert len(set(rows.all())) == 1


def test_a_destroyed_key_is_gone_from_the_file(tmp_path: Path) -> None:
    """Sealed as it stood, too: who has the key of the file later finds nothing to open."""
    path = tmp_path / "notes.sqlite"
    with closing(open_notes(path, KEY)) as store:
        store.add([THREAD])
        with store._engine.connect() as connection:
            sealed = connection.exec_driver_sql("SELECT sealed FROM thread").scalar_one()
        store.forget_due(NOW + limits.NOTES_KEPT_SECONDS)
        content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
        assert sealed[:64] not in content


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    with closing(open_notes(tmp_path / "notes.sqlite", KEY)) as store:
        store.add([THREAD])
    with pytest.raises(Defect):
        open_notes(tmp_path / "notes.sqlite", bytes(32))
