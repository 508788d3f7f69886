"""The node's notes: of which queries it keeps what they need, what an officer sees and says, and
faults.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import CHALLENGED, NUMBER_RIGHT, THEY_RANG, AgencyLogs
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Opened
from agency_node.answering.threads import RecordWithThreads, threads_of
from agency_node.answering.wiring import audit_folder
from agency_node.notes import service
from agency_node.notes.ports import KeptNote, Thread, WrongNumber
from agency_node.notes.service import Notes
from agency_node.notes.store import open_notes
from agency_node.notes.wiring import NotesUpkeep, notes_store
from agency_node.reading.ports import STEP
from agency_node.reading.ticks import tick_at_or_after
from agency_node.records.records import ChildRecord
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.node_records import an_involvement
from fakes.node_world import (
    COUNCIL,
    SCHOOL,
    KnownChildren,
    MemoryRecord,
    NodeWorld,
    a_child,
    a_record,
)
from fakes.notes import MemoryNodeNotes
from fakes.party_folder import KEY, node_settings_file
from fakes.simulated_holders import QuietLog
from fakes.witnesses import witness_in
from fingerpost.audit.log import SEARCHED
from fingerpost.private.codec import read_note, write_note
from fingerpost.private.notes import (
    Doubted,
    Explained,
    Note,
    NoteKind,
    Way,
    open_packet,
    seal_packet,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.packets import CarriedPacket, Packets, hour_of
from fingerpost.runtime.env import Env
from fingerpost.runtime.settings import load

CHILDREN = KnownChildren()
HOUR = hour_of(NOW)
EVERYBODY = frozenset({COUNCIL, SCHOOL}).__contains__
THREAD = Thread(bytes([1]) * 32, SCHOOL, bytes([9]) * 32, int(NOW))


def openings(known: ChildRecord) -> tuple[Opened, ...]:
    world = NodeWorld()
    world.put_all({SCHOOL: [known]})
    world.ask(world.query(key_set=KeySet.WIDE))
    return tuple(CHILDREN.opened(world.entries))


# ---- of which queries ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "known",
    [
        a_record(),
        a_record(0, None, an_involvement(shielded=True)),
        a_record(0, a_child(forename="Mary", health_number="")),
    ],
    ids=["known", "shielded", "perhaps known"],
)
def test_a_thread_is_kept_where_the_child_is_or_may_be_known(known: ChildRecord) -> None:
    (opening,) = openings(known)
    (thread,) = threads_of([opening])
    assert (thread.agency, thread.query, len(thread.key)) == (SCHOOL, opening.query.hash, 32)


@pytest.mark.parametrize("finding", ["different", "mismatch", "refused"])
def test_no_thread_is_kept_where_a_query_opened_by_chance(finding: str) -> None:
    """An agency that does not know the child learns nothing of what is said about her."""
    (thread,) = threads_of([replace(each, finding=finding) for each in openings(a_record())])
    assert thread.key == b""


def test_no_thread_is_kept_of_what_nobody_vouched_for() -> None:
    (opening,) = openings(a_record())
    query = msgspec.structs.replace(opening.query, note_key=b"")
    assert [thread.key for thread in threads_of([replace(opening, query=query)])] == [b""]


def test_there_is_a_thread_for_each_entry_of_the_log_whatever_was_found() -> None:
    """Attack: of 10 entries and 7 threads, 7 queries were about children known here."""
    (opening,) = openings(a_record())
    found = [replace(opening, finding=finding.value) for finding in Finding]
    assert len(threads_of(found)) == len(found)


def test_threads_are_kept_after_the_logs_and_once_more_after_a_fault() -> None:
    kept: list[Thread] = []
    record = MemoryRecord()
    both = RecordWithThreads(record, kept.extend)
    found = openings(a_record())
    assert both.opened(found) == frozenset()
    assert both.opened(found, tried=True) == frozenset()
    assert len(kept) == 2
    assert len(set(kept)) == 1


def test_the_secret_of_an_answer_is_of_its_query_and_of_this_start() -> None:
    notes, other = notes_of(MemoryNodeNotes()), notes_of(MemoryNodeNotes())
    assert notes.secret(bytes(32)) == notes.secret(bytes(32))
    different = {notes.secret(bytes(32)), notes.secret(bytes([1]) * 32), other.secret(bytes(32))}
    assert len(different) == 3


# ---- packets -------------------------------------------------------------------------------------


def notes_of(store: MemoryNodeNotes, members: Collection[AgencyId] = (COUNCIL,)) -> Notes:
    return Notes(store, ManualClock(NOW), secrets.token_bytes, QuietLog(), members.__contains__)


def a_packet(*said: Note) -> CarriedPacket:
    pairs = [(THREAD.key, write_note(note, limits.NEWEST_REVISION)) for note in said]
    sealed = seal_packet(pairs, Way.TO_NODE, HOUR, secrets.token_bytes)
    return CarriedPacket(secrets.token_bytes(16), HOUR, sealed)


def a_note(kind: NoteKind = NoteKind.SPOKE, agency: object = SCHOOL, number: int = 1) -> Note:
    return Note(number.to_bytes(8, "big"), kind, agency, int(NOW))  # type: ignore[arg-type]


def test_nothing_is_answered_that_could_not_be_kept() -> None:
    store = MemoryNodeNotes()
    notes = notes_of(store)
    store.fails = True
    assert notes.exchange(Packets((a_packet(),))).packets == ()


def test_what_is_read_before_its_query_is_in_the_log_is_lost_and_later_ones_are_not() -> None:
    """The log is written within seconds, and a packet does not come so soon but by chance."""
    store = MemoryNodeNotes()
    notes = notes_of(store)
    notes.exchange(Packets((a_packet(a_note()),)))
    notes.tend()
    store.add([THREAD])
    notes.exchange(Packets((a_packet(a_note(number=2)),)))
    notes.tend()
    assert [kept.note.number[-1] for kept in store.came(SCHOOL)] == [2]


def test_a_thread_that_a_command_line_wrote_is_known_to_the_node() -> None:
    """Whoever reads the log of a running node writes it from the journal first."""
    store = MemoryNodeNotes()
    notes = notes_of(store)
    notes.tend()
    store.add([THREAD])
    notes.exchange(Packets((a_packet(a_note()),)))
    notes.tend()
    assert len(store.came(SCHOOL)) == 1


def test_a_note_for_an_agency_that_does_not_know_the_child_is_refused() -> None:
    store = MemoryNodeNotes()
    store.add([THREAD])
    notes = notes_of(store)
    notes.exchange(Packets((a_packet(a_note(agency=COUNCIL), a_note(number=2)),)))
    notes.tend()
    assert store.came(COUNCIL) == ()
    assert len(store.came(SCHOOL)) == 1


def test_who_was_suspended_since_says_and_is_told_nothing_more() -> None:
    """Attack: a suspended agency has numbers of desks marked as wrong, by what it asked before."""
    store, members = MemoryNodeNotes(), [COUNCIL]
    store.add([replace(THREAD, requester=COUNCIL)])
    store.leave(KeptNote(THREAD.query, a_note(NoteKind.THEY_RANG, number=7)))
    notes = notes_of(store, members)

    def told(number: int) -> int:
        """How many notes are in the packet that is given for one with a note."""
        sent = a_packet(a_note(number=number))
        (given,) = notes.exchange(Packets((sent,)))
        notes.tend()
        packet, keys = given.packet, [THREAD.key]
        return len(
            open_packet(packet, Way.TO_GATEWAY, HOUR, keys, read_note, answered=sent.salt).notes
        )

    notes.tend()
    assert told(1) == 1
    assert len(store.came(SCHOOL)) == 1
    members.clear()
    notes.tend()
    assert told(2) == 0
    assert len(store.came(SCHOOL)) == 1


@pytest.mark.parametrize("known", [1, STEP, STEP + 1, 5 * STEP])
def test_reading_and_answering_rest_before_each_step_of_keys(known: int, tmp_path: Path) -> None:
    """Attack: the work on a packet grows with how many queries opened here, and a machine that
    works moves bytes a little later. So no step of it is longer than ``STEP`` keys."""
    rests: list[str] = []
    with closing(open_notes(tmp_path / "notes.sqlite", bytes(32))) as store:
        threads = [replace(THREAD, query=n.to_bytes(32, "big")) for n in range(known)]
        store.add([replace(t, key=b"k" * 24 + t.query[-8:]) for t in threads])
        rest = partial(rests.append, "rested")
        notes = Notes(store, ManualClock(NOW), secrets.token_bytes, QuietLog(), EVERYBODY, rest)
        notes.tend()
        assert len(rests) >= 3 * -(-known // STEP)  # opened, sorted, and beside what waits
        asked = rests.copy()
        notes.exchange(Packets((a_packet(), a_packet(a_note()), a_packet())))
        assert len(rests) - len(asked) == 3
        asked = rests.copy()
        notes.tend()
        assert len(rests) - len(asked) == (3 + 1) * -(-known // STEP)  # once more beside the notes


async def test_packets_are_read_from_a_tick_on() -> None:
    """The work that begins with a tick is mostly over when bytes move next."""
    clock, began = ManualClock(NOW), list[float]()

    class Noted(MemoryNodeNotes):
        def count(self) -> int:
            began.append(clock.monotonic())
            return super().count()

    with ThreadPoolExecutor(1) as writer:
        env = Env(clock, QuietLog())
        notes = Notes(Noted(), clock, secrets.token_bytes, QuietLog(), EVERYBODY)
        upkeep = NotesUpkeep(env, notes, writer, lambda: NOW)
        for pause in (0.013, 0.05, 0.0371):
            clock.advance(pause)
            due = tick_at_or_after(clock.monotonic())
            task = asyncio.create_task(upkeep.tend())
            await asyncio.sleep(0)
            clock.advance(max(0.0, due - clock.monotonic()))
            await task
            assert began[-1] == pytest.approx(due)


def test_of_many_notes_that_wait_each_leaves_in_time() -> None:
    """It is not known whose packet is answered, so all leave in turns, drawn anew each time."""
    store = MemoryNodeNotes()
    store.add([THREAD])
    for number in range(3 * limits.CELLS):
        store.leave(KeptNote(THREAD.query, a_note(NoteKind.THEY_RANG, number=number)))
    notes = notes_of(store)
    notes.tend()
    left = set()
    for _ in range(40):
        packet = a_packet()
        (given,) = notes.exchange(Packets((packet,))).packets
        opened = open_packet(
            given.packet, Way.TO_GATEWAY, HOUR, [THREAD.key], read_note, answered=packet.salt
        )
        assert len(opened.notes) == limits.CELLS
        left |= {note.number for _, note in opened.notes}
    assert len(left) == 3 * limits.CELLS


# ---- the officer ---------------------------------------------------------------------------------


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return node_settings_file(tmp_path, (SCHOOL, COUNCIL))


@pytest.fixture
def settings(settings_file: Path) -> NodeSettings:
    return load(settings_file, NodeSettings)


@pytest.fixture
def opened(settings: NodeSettings, tmp_path: Path) -> Opened:
    """One lookup of now, in the school's log, with its thread."""
    (opening,) = openings(a_record())
    opening = replace(opening, at=int(time.time()))
    with (
        closing(AgencyLogs(audit_folder(settings), KEY, witness_in(tmp_path), CHILDREN)) as logs,
        notes_store(settings) as store,
    ):
        RecordWithThreads(logs, store.add).opened([opening])
    return opening


BY = ("--by", "dsl.hale", "--why", "daily-2026-03")


def run(settings_file: Path, *arguments: str, agency: object = SCHOOL) -> Result:
    more = ["--settings", str(settings_file)]
    return CliRunner().invoke(
        cli.app, [*arguments, *more, "--agency", str(agency)], env={"COLUMNS": "200"}
    )


def spoken_of(settings: NodeSettings, opened: Opened) -> str:
    """Let a note come about the lookup, and return the name of who asked."""
    said = Note(bytes(8), NoteKind.SPOKE, SCHOOL, int(NOW))
    with notes_store(settings) as store:
        store.read([], [KeptNote(opened.query.hash, said)])
    assert opened.query.asked is not None
    return opened.query.asked.name


def test_the_officer_reads_who_said_what_of_which_lookup(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    name = spoken_of(settings, opened)
    shown = run(settings_file, "messages", *BY)
    assert shown.exit_code == 0, shown.output
    text = re.sub(r"\s+", " ", shown.output)
    assert "they spoke to you" in text
    assert name in text
    assert re.search(r"\b1\b", text), "the number of the lookup in the log"
    assert "Nothing to list." in run(settings_file, "messages", *BY, agency=COUNCIL).output


def test_who_reads_the_notes_is_recorded_as_for_a_search(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    """Otherwise it would be a way round the search that is recorded: it shows who asked."""
    name = spoken_of(settings, opened)
    assert name in run(settings_file, "messages", *BY).output
    with closing(open_audit(settings, SCHOOL)) as log:
        log.verify().require_whole()
        *_, read = log.show(0, 2**40, decrypt=True)
    assert (read.kind, read.fields) == (SEARCHED, {"by": "time"})
    assert (str(read.actor), str(read.operation)) == ("dsl.hale", "daily-2026-03")
    body = json.loads(read.body or b"")
    assert (body["since"], body["until"]) == (opened.at, opened.at + 1), "what it showed"


def test_what_cannot_be_recorded_shows_no_note(
    settings: NodeSettings, opened: Opened, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = spoken_of(settings, opened)

    def full(*_: object, **__: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr("fingerpost.audit.log.AuditLog.record_search", full)
    done = run(settings_file, "messages", *BY)
    assert isinstance(done.exception, Defect)
    assert name not in done.output


def test_without_a_name_and_a_reason_no_note_is_shown(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    name = spoken_of(settings, opened)
    for given in (BY[:2], BY[2:]):
        done = run(settings_file, "messages", *given)
        assert done.exit_code == 2
        assert name not in done.output


def test_they_rang_is_recorded_and_waits(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    said = run(settings_file, "they-rang", "--number", "1", "--by", "officer-2")
    assert said.exit_code == 0, said.output
    with notes_store(settings) as store:
        (waiting,) = store.waiting()
    assert (waiting.query, waiting.note.kind, waiting.note.agency) == (
        opened.query.hash,
        NoteKind.THEY_RANG,
        SCHOOL,
    )
    with closing(open_audit(settings, SCHOOL)) as log:
        (entry,) = [e for e in log.show(0, 2**40, decrypt=False) if e.kind == THEY_RANG]
    assert (str(entry.actor), dict(entry.fields)) == ("officer-2", {"entry": 1})


def test_the_agency_counts_of_how_many_lookups_it_said_that_they_rang(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    def counts() -> list[str]:
        return re.findall(r"[0-9]+", run(settings_file, "talks").output)

    before = counts()
    assert before[1] == "0"
    for _ in range(2):
        run(settings_file, "they-rang", "--number", "1", "--by", "officer-2")
    assert counts() == [before[0], before[0]], "twice said of one lookup is once"


@pytest.mark.parametrize("number", ["2", "1"], ids=["no such entry", "another agency's"])
def test_they_rang_is_said_of_a_lookup_of_the_week_alone(
    settings: NodeSettings, opened: Opened, settings_file: Path, number: str
) -> None:
    agency = SCHOOL if number == "2" else COUNCIL
    said = run(settings_file, "they-rang", "--number", number, "--by", "officer-2", agency=agency)
    assert said.exit_code != 0
    with notes_store(settings) as store:
        assert store.waiting() == ()


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (
            Note(bytes(8), NoteKind.NUMBER_WRONG, SCHOOL, int(NOW), telephone="01632 960001"),
            "correct it at the source (01632 960001)",
        ),
        (
            Note(bytes(8), NoteKind.INVITED, SCHOOL, int(NOW), when=int(NOW) + 3600),
            "they invite you to talk: ring their duty desk at 2027-01-15 09:00",
        ),
        (
            Note(bytes(8), NoteKind.CONVENED, SCHOOL, int(NOW), when=int(NOW) + 3600),
            "they call a meeting about the child: ring their duty desk to take part at 2027-01-15",
        ),
        (
            Note(bytes(8), NoteKind.EXPLAINED, SCHOOL, int(NOW), reason=Explained.BY_MISTAKE),
            "they answer your challenge: it was stated by mistake",
        ),
    ],
    ids=["a wrong number", "an invitation", "a meeting", "an answer"],
)
def test_the_officer_reads_what_a_note_says_besides(
    settings: NodeSettings, opened: Opened, settings_file: Path, note: Note, words: str
) -> None:
    with notes_store(settings) as store:
        store.read([], [KeptNote(opened.query.hash, note)])
    shown = run(settings_file, "messages", *BY)
    assert shown.exit_code == 0, shown.output
    assert words in re.sub(r"\s+", " ", shown.output)


def test_a_challenge_is_recorded_and_waits(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    options = ("--number", "1", "--by", "officer-2")
    wrong = run(settings_file, "challenge", *options, "--about", "everything")
    assert wrong.exit_code != 0
    said = run(settings_file, "challenge", *options, "--about", "reference")
    assert said.exit_code == 0, said.output
    with notes_store(settings) as store:
        (waiting,) = store.waiting()
    assert (waiting.query, waiting.note.kind) == (opened.query.hash, NoteKind.CHALLENGED)
    assert waiting.note.about is Doubted.REFERENCE
    with closing(open_audit(settings, SCHOOL)) as log:
        (entry,) = [e for e in log.show(0, 2**40, decrypt=False) if e.kind == CHALLENGED]
    assert dict(entry.fields) == {"entry": 1, "about": "REFERENCE"}


def test_who_could_not_read_a_challenge_is_sent_none(
    settings: NodeSettings, opened: Opened, settings_file: Path
) -> None:
    with notes_store(settings) as store:
        (thread,) = store.threads()
        store.add([replace(thread, revision=limits.FIRST_REVISION)])
    said = run(
        settings_file, "challenge", "--number", "1", "--by", "officer-2", "--about", "GROUND"
    )
    assert said.exit_code != 0
    with notes_store(settings) as store:
        assert store.waiting() == ()


def test_a_number_is_called_right_on_record(settings: NodeSettings, settings_file: Path) -> None:
    number = "01632 960001"
    with notes_store(settings) as store:
        store.read([], [], [WrongNumber(SCHOOL, number, COUNCIL, int(NOW))])
    assert number in run(settings_file, "messages", *BY).output
    options = ("--by", "officer-2", "--why", "rang-it")
    other = run(settings_file, "number-right", "--telephone", "01632 960002", *options)
    assert other.exit_code != 0
    said = run(settings_file, "number-right", "--telephone", number, *options)
    assert said.exit_code == 0, said.output
    with notes_store(settings) as store:
        assert store.wrong_numbers() == ()
    with closing(open_audit(settings, SCHOOL)) as log:
        (entry,) = [e for e in log.show(0, 2**40, decrypt=False) if e.kind == NUMBER_RIGHT]
    assert (str(entry.actor), dict(entry.fields)) == ("officer-2", {"number": number})


def test_no_requester_fills_the_store_with_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_WRONG", 2)
    store = MemoryNodeNotes()
    store.add([replace(THREAD, requester=COUNCIL)])
    notes = notes_of(store)
    for number in range(4):
        said = replace(
            a_note(NoteKind.NUMBER_WRONG, number=number), telephone=f"01632 96000{number}"
        )
        notes.exchange(Packets((a_packet(said),)))
        notes.tend()
    assert len(notes.wrong_numbers(SCHOOL)) == 2
    assert len(store.came(SCHOOL)) == 4, "the officer reads all of them"
