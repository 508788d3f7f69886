"""The journal: one write for each frame, of one size whatever opened, and every page in the logs
once, wherever the process is killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agency_node.answering import journal as journal_module
from agency_node.answering.audit import AgencyLogs, log_path, open_log
from agency_node.answering.journal import Journal
from agency_node.answering.pages import (
    QUESTION_BYTES,
    RECORDS_NAMED,
    Entry,
    Opened,
    opened,
    read_page,
    size_of,
    write_page,
)
from agency_node.records.ports import StoredPage
from agency_node.records.store.journal import SqlJournal
from fakes.federations import NOW
from fakes.node_journal import journal_at
from fakes.node_records import an_involvement
from fakes.node_world import (
    COUNCIL,
    MINE,
    SCHOOL,
    SURGERY,
    KnownChildren,
    MemoryRecord,
    NodeWorld,
    a_child,
    a_record,
    a_world,
)
from fakes.witnesses import witness_in
from fingerpost.private.demographics import OtherName
from fingerpost.private.passport import GRACE_SECONDS, Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import KeySet, Query
from fingerpost.runtime.sealed_box import SealedBox

KEY = bytes(range(32))
CHILDREN = KnownChildren()
KNOWN = (a_record(),)
HOLDINGS: dict[str, dict[AgencyId, Sequence[Any]]] = {
    "unknown": {},
    "known": {SCHOOL: KNOWN},
    "shielded": {SCHOOL: (a_record(0, None, an_involvement(shielded=True)),)},
    "a crowd": {SCHOOL: tuple(a_record(n) for n in range(20))},
    "at all": dict.fromkeys(MINE, KNOWN),
}
"""Who holds the child of a query: nobody, one, one that shields her, all."""


class Counting(SqlJournal):
    """A store on the disk that counts what goes through it."""

    def __init__(self, path: Path) -> None:
        with closing(journal_at(path)) as made:
            super().__init__(made._rows, KEY, lambda: NOW, NOW)
        self.path = path
        self.calls: list[str] = []
        self.sizes: list[int] = []

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        self.calls.append("known")
        return super().known(queries)

    def keep(self, queries: Sequence[Query], page: bytes, now: float) -> None:
        self.calls.append("keep")
        self.sizes.append(len(page))
        super().keep(queries, page, now)

    def written(self) -> int:
        """The bytes of the write-ahead log, to which every commit appends."""
        log = self.path.with_name(self.path.name + "-wal")
        return log.stat().st_size if log.exists() else 0


@pytest.mark.parametrize("queries", [1, 3])
def test_commits_reads_and_bytes_are_equal_whatever_opens(tmp_path: Path, queries: int) -> None:
    """Hit against miss, shielded against unknown, one opening against several."""
    seen = set()
    for name, holdings in HOLDINGS.items():
        record = MemoryRecord()
        with closing(Counting(tmp_path / f"{name.replace(' ', '-')}.sqlite")) as store:
            world = NodeWorld(journal=Journal(store, record, SealedBox(KEY)))
            world.put_all(holdings)
            before = store.written()
            world.ask(*(world.query(key_set=KeySet.WIDE) for _ in range(queries)))
            assert record.openings == [], "no answer waits for an agency's log"
            seen.add((tuple(store.calls), tuple(store.sizes), store.written() - before))
    assert len(seen) == 1, seen
    ((calls, sizes, written),) = seen
    assert calls == ("known", "keep")
    assert sizes == (size_of(queries, queries * len(MINE)) + 4 + 28,)
    assert written > sizes[0]


def test_what_is_not_looked_up_has_no_room_in_a_page(tmp_path: Path) -> None:
    """A replay: public, and nothing can open."""
    with closing(Counting(tmp_path / "journal.sqlite")) as store:
        world = NodeWorld(journal=Journal(store, MemoryRecord(), SealedBox(KEY)))
        world.put_all({SCHOOL: KNOWN})
        query = world.query()
        world.ask(query)
        world.ask(query)
        assert store.sizes[1:] == [0]


def entries_of(world: NodeWorld, **asked: Any) -> list[Entry]:
    world.ask(world.query(**asked))
    return world.entries


def test_an_opening_comes_back_as_it_was() -> None:
    world, like_hers = NodeWorld(), a_child(forename="Mary", health_number="")
    world.put_all({SCHOOL: KNOWN, SURGERY: (a_record(0, like_hers),)})
    entries = entries_of(world, key_set=KeySet.WIDE)
    school, surgery = opened(entries, int(NOW))
    question = entries[0].examined.question
    assert question is not None
    assert school.query == surgery.query
    assert school.query.hash == entries[0].query.hash
    asked = school.query.asked
    assert asked is not None
    assert (asked.child, asked.justification) == (a_child(), question.justification)
    assert (school.agency, school.finding, school.answer) == (SCHOOL, "match", "INVOLVED")
    assert (school.told, school.records, school.at) == (1, (0,), int(NOW))
    assert (surgery.finding, surgery.answer) == ("possible", "NOTHING_TO_DISCLOSE")
    for text in ("Marigold", "Siân"):
        assert text not in repr([school, school.query, asked])


def longest() -> Entry:
    """An entry with the largest question that a query can carry, and the most records."""
    letter = "e" * limits.NAME_CHARS
    child = a_child(forename=letter, surname=letter, middle_names=letter)
    child = replace(child, other_names=(OtherName(letter, letter[:80]),))
    world = a_world(school=tuple(a_record(n, child) for n in range(RECORDS_NAMED + 4)))
    (entry,) = entries_of(world, child=child, reference="r" * limits.REFERENCE_CHARS)
    question = entry.examined.question
    assert question is not None
    latest = limits.LATEST - 1
    held = Entitlement(latest - GRACE_SECONDS, latest, "m" * 64)
    question = replace(
        question,
        requester=replace(question.requester, name="é" * 120),
        passport=replace(question.passport, name="é" * 80, subject="s" * 64, entitlement=held),
    )
    return replace(
        entry,
        generation=2**40,
        agency=AgencyId("e08000025." + "a" * 40),
        examined=replace(entry.examined, question=question),
    )


@pytest.mark.parametrize("count", [1, 5, 64])
def test_the_largest_question_fits_the_room_of_a_question(count: int) -> None:
    """Else the page could not be written, and only where a query opened."""
    entry = longest()
    assert len(write_page([entry] * count, 2**33)) <= size_of(1, count)
    assert QUESTION_BYTES > limits.INNER_BYTES + 2 * 120 * 4 + 24 + 51


@pytest.mark.parametrize("data", [b"", b"\x94\x02\x00\x90\x90", bytes(40)])
def test_a_page_of_another_form_is_a_defect(data: bytes) -> None:
    with pytest.raises(Defect):
        list(read_page(data))


# ---- from the journal into the logs --------------------------------------------------------------


class KilledError(BaseException):
    """The process is gone at this moment."""


class Killing:
    """A store and logs that end the process before or after one of their steps."""

    def __init__(self, store: SqlJournal, record: AgencyLogs, at: int) -> None:
        self.store, self.record, self.left = store, record, at

    def step(self, call: Callable[[], Any]) -> Any:
        self.may_end()
        done = call()
        self.may_end()
        return done

    def may_end(self) -> None:
        if self.left == 0:
            raise KilledError
        self.left -= 1

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        return self.store.known(queries)

    def keep(self, queries: Sequence[Query], page: bytes, now: float) -> None:
        self.store.keep(queries, page, now)

    def pages(self, after: int, most: int) -> tuple[StoredPage, ...]:
        return self.store.pages(after, most)

    def mark_tried(self, numbers: Sequence[int]) -> None:
        self.step(lambda: self.store.mark_tried(numbers))

    def remove(self, numbers: Sequence[int]) -> None:
        self.step(lambda: self.store.remove(numbers))

    def opened(self, openings: Sequence[Opened], *, tried: bool = False) -> frozenset[AgencyId]:
        failed: frozenset[AgencyId] = frozenset()
        for agency in sorted({opening.agency for opening in openings}):
            mine = [opening for opening in openings if opening.agency == agency]
            failed |= self.step(lambda mine=mine: self.record.opened(mine, tried=tried))  # type: ignore[misc]
        return failed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlJournal]:
    with closing(journal_at(tmp_path / "journal.sqlite")) as made:
        yield made


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[AgencyLogs]:
    with closing(AgencyLogs(tmp_path, KEY, witness_in(tmp_path), CHILDREN)) as made:
        yield made


def entries_in(folder: Path, agency: AgencyId) -> int:
    with closing(open_log(folder, agency, KEY, witness_in(folder))) as log:
        report = log.verify()
        report.require_whole()
        return report.entries


def fill(journal: Journal, frames: int) -> None:
    """Frames that opened at the school and at the surgery, and one that opened nowhere."""
    entries: list[Entry] = []
    for _ in range(frames):
        world = NodeWorld()
        world.put_all({SCHOOL: KNOWN, SURGERY: KNOWN})
        entries = entries_of(world)
        CHILDREN.opened(entries)
        journal.write([entries[0].query], entries, NOW, looked_up=1, asked=len(MINE))
    journal.write([entries[0].query], (), NOW, looked_up=1, asked=len(MINE))


STEPS = 8
"""To mark, to write the school's log and the surgery's, to remove: before and after each."""


@pytest.mark.parametrize("at", range(STEPS + 1))
def test_every_page_comes_into_the_logs_once_wherever_the_process_is_killed(
    store: SqlJournal, logs: AgencyLogs, tmp_path: Path, at: int
) -> None:
    fill(Journal(store, logs, SealedBox(KEY)), 3)
    killing = Killing(store, logs, at)
    dying = Journal(killing, killing, SealedBox(KEY))
    if at < STEPS:
        with pytest.raises(KilledError):
            dying.carry_over()
    else:
        assert dying.carry_over() == frozenset()
    assert Journal(store, logs, SealedBox(KEY)).carry_over() == frozenset()
    assert (entries_in(tmp_path, SCHOOL), entries_in(tmp_path, SURGERY)) == (3, 3)
    assert entries_in(tmp_path, COUNCIL) == 0
    assert store.pages(0, 10) == ()


def test_more_pages_than_are_carried_at_once(
    store: SqlJournal, logs: AgencyLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "PAGES_AT_ONCE", 2)
    journal = Journal(store, logs, SealedBox(KEY))
    fill(journal, 5)
    journal.carry_over()
    assert entries_in(tmp_path, SCHOOL) == 5
    assert store.pages(0, 10) == ()


def test_what_a_log_does_not_take_stays_and_the_others_are_written(
    store: SqlJournal, logs: AgencyLogs, tmp_path: Path
) -> None:
    journal = Journal(store, logs, SealedBox(KEY))
    fill(journal, 2)
    log_path(tmp_path, SCHOOL).mkdir()
    assert journal.carry_over() == {SCHOOL}
    assert journal.carry_over() == frozenset(), "it is not tried again by this process"
    assert entries_in(tmp_path, SURGERY) == 2
    left = store.pages(0, 10)
    assert len(left) == 2
    log_path(tmp_path, SCHOOL).rmdir()
    assert Journal(store, logs, SealedBox(KEY)).carry_over() == frozenset()
    assert (entries_in(tmp_path, SCHOOL), entries_in(tmp_path, SURGERY)) == (2, 2)
    assert store.pages(0, 10) == ()


def test_a_page_that_does_not_open_is_a_defect(store: SqlJournal, logs: AgencyLogs) -> None:
    fill(Journal(store, logs, SealedBox(KEY)), 1)
    with pytest.raises(Defect, match="does not open"):
        Journal(store, logs, SealedBox(bytes(32))).carry_over()


@pytest.mark.parametrize("at_once", [2, 64])
def test_a_page_that_does_not_open_keeps_no_other_out_of_the_logs(
    store: SqlJournal,
    logs: AgencyLogs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    monkeypatch.setattr(journal_module, "PAGES_AT_ONCE", at_once)
    journal = Journal(store, logs, SealedBox(KEY))
    fill(journal, 1)
    fill(Journal(store, logs, SealedBox(bytes(32))), 1)
    fill(journal, 3)
    for _ in range(2):
        with pytest.raises(Defect, match="page 3 of the journal does not open"):
            journal.carry_over()
        assert entries_in(tmp_path, SCHOOL) == 4
    assert [page.number for page in store.pages(0, 10)] == [3, 4]


def test_nothing_of_what_opened_lies_in_the_file(store: SqlJournal, tmp_path: Path) -> None:
    fill(Journal(store, MemoryRecord(), SealedBox(KEY)), 2)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        sizes = {len(sealed) for (sealed,) in connection.execute("SELECT sealed FROM page")}
    assert len(sizes) == 1
    for file in tmp_path.glob("journal.sqlite*"):
        data = file.read_bytes()
        for text in ("Thistlewood", "Marigold", "account-17", "S47", "match", str(SCHOOL)):
            assert text.encode() not in data, (file.name, text)
