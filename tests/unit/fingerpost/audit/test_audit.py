"""The audit chain: nothing in it can be changed unseen, and a month can be forgotten."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from fakes.witnesses import witness_of
from fingerpost.audit import store
from fingerpost.audit.chain import (
    BODY_BYTES,
    SMALL_BODY_BYTES,
    FieldValue,
    parse_header,
)
from fingerpost.audit.log import (
    Actor,
    AuditEvent,
    AuditLog,
    BrokenChain,
    Month,
    OperationId,
    Receipt,
    StoreBehind,
)
from fingerpost.audit.migrations import REVISIONS
from fingerpost.audit.retention import is_due
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.database import StoreFailed, open_migrated
from fingerpost.runtime.witness import Mark, Witness

CATALOGUE = {
    "lookup.sent": frozenset({"reach", "count"}),
    "note": frozenset[str](),
    "long": frozenset({"first", "second"}),
}
MASTER = b"m" * 32
MARCH, APRIL, MAY = 1_772_400_000, 1_775_100_000, 1_777_700_000  # 2026-03-01, 04-02, 05-02
SECRET_BODY = b"the name of somebody"


def note(at: int = MARCH, body: bytes = b"", **fields: FieldValue) -> AuditEvent:
    return AuditEvent("note", Actor("a"), OperationId("b"), at, fields, body)


def sent(**fields: FieldValue) -> AuditEvent:
    return AuditEvent("lookup.sent", Actor("a"), OperationId("b"), MARCH, fields)


def event(at: int = MARCH, count: int = 1, body: bytes = SECRET_BODY) -> AuditEvent:
    fields: dict[str, FieldValue] = {"reach": "AREA", "count": count}
    return AuditEvent("lookup.sent", Actor("oak-gateway"), OperationId("ab12"), at, fields, body)


def opened(path: Path, *, adopt: bool = False) -> AuditLog:
    return AuditLog.open(
        path, catalogue=CATALOGUE, master_key=MASTER, witness=witness_of(path), adopt=adopt
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.sqlite3"


@pytest.fixture
def log(path: Path) -> Iterator[AuditLog]:
    log = opened(path)
    yield log
    log.close()


def tampered(path: Path, *statements: str) -> None:
    """What an intruder with the file can do: the triggers are no hindrance."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_entry_no_update")
        connection.execute("DROP TRIGGER IF EXISTS audit_entry_no_delete")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def on_disk(data: bytes, path: Path) -> bool:
    """Whether the log's folder holds these bytes in any file."""
    return any(data in file.read_bytes() for file in path.parent.glob("*sqlite*"))


def test_receipts_number_the_entries_and_the_chain_holds(log: AuditLog) -> None:
    assert log.verify().entries == 0
    first, second = log.append_many([event(), event(count=2)])
    third = log.append(event(APRIL))
    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    report = log.verify(witness=second)
    assert (report.entries, report.head, report.broken_at) == (3, third, None)
    report.require_whole()
    assert log.head() == third
    assert log.append_many([]) == ()


def test_an_empty_log_holds_against_its_head_and_opens_to_be_adopted(
    path: Path, log: AuditLog
) -> None:
    head = log.head()
    assert head.seq == 0
    log.verify(witness=head).require_whole()
    assert log.verify(witness=replace(head, hash=bytes(32))).broken_at == 0
    log.close()
    opened(path, adopt=True).close()
    with contextlib.closing(opened(path)) as again:
        assert again.head() == head


def test_entries_are_shown_by_time_and_opened_on_demand(log: AuditLog) -> None:
    log.append_many([event(MARCH), event(APRIL, 2, b""), event(MARCH + 5, 3)])
    shown = list(log.show(MARCH, APRIL, decrypt=True))
    found = [(entry.seq, entry.fields["count"], entry.body) for entry in shown]
    assert found == [(1, 1, SECRET_BODY), (3, 3, SECRET_BODY)]
    entry = next(log.show(APRIL, APRIL + 1, decrypt=False))
    who = (Actor("oak-gateway"), OperationId("ab12"))
    assert (entry.kind, entry.actor, entry.operation) == ("lookup.sent", *who)
    assert (entry.body, entry.forgotten, entry.at) == (None, False, APRIL)
    assert next(log.show(APRIL, APRIL + 1, decrypt=True)).body == b""
    assert "somebody" not in repr(shown) + repr(event())


def test_more_entries_than_a_page(log: AuditLog) -> None:
    log.append_many([event(count=n) for n in range(1203)])
    assert log.verify().entries == 1203
    assert [e.fields["count"] for e in log.show(0, APRIL, decrypt=False)] == list(range(1203))


def test_nothing_of_an_entry_is_readable_on_the_disk(log: AuditLog, path: Path) -> None:
    log.append(event())
    log.close()
    times = [MARCH.to_bytes(4, "big"), str(MARCH).encode(), b"2026-03"]
    fields = [b"lookup.sent", b"oak-gateway", b"ab12", b"reach", b"AREA", b"count"]
    for told in (SECRET_BODY, *times, *fields):
        assert not on_disk(told, path)


def test_entries_of_every_kind_are_of_one_size_and_one_page(log: AuditLog, path: Path) -> None:
    kinds = [note(), event(), note(body=b"x" * SMALL_BODY_BYTES), note(MAY)]
    log.append_many(kinds * 25)
    forget_march(log)
    log.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sizes = "SELECT DISTINCT length(header), length(body) FROM audit_entry"
        assert len(connection.execute(sizes).fetchall()) == 1
        months = "SELECT DISTINCT length(sealed) FROM audit_month_key"
        assert len(connection.execute(months).fetchall()) == 1
    before = path.stat().st_size
    log = opened(path)
    log.append_many(kinds[-1:] * 100)
    log.close()
    pages, rest = divmod(path.stat().st_size - before, 4096)
    assert rest == 0
    assert 100 <= pages <= 102  # and the pages that find them


def test_a_log_of_an_earlier_form_is_left_as_it_is(path: Path) -> None:
    open_migrated(path, REVISIONS[:1]).dispose()
    opened(path).close()  # without entries nothing is lost
    path.unlink()
    engine = open_migrated(path, REVISIONS[:1])
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO audit_entry VALUES (1, 2, x'03', x'04', x'05')")
    engine.dispose()
    with pytest.raises(Defect, match="earlier release"):
        opened(path)
    with contextlib.closing(sqlite3.connect(path)) as connection_:
        assert connection_.execute("SELECT seq FROM audit_entry").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "bad",
    [
        replace(note(), kind="unknown"),
        replace(note(month="x"), kind="audit.month_forgotten"),
        sent(reach="AREA"),
        note(name="Amy Pond"),
        note(-1),
        note(10**12),
        note(body=b"x" * (BODY_BYTES + 1)),
        replace(note(first="A" * 256, second="B" * 256), kind="long"),
        sent(reach="Zoë", count=1),
        sent(reach="A" * 257, count=1),
        sent(reach="A", count=2**63),
    ],
)
def test_what_the_catalogue_does_not_allow_is_not_recorded(log: AuditLog, bad: AuditEvent) -> None:
    with pytest.raises(Defect) as caught:
        log.append_many([event(), bad])
    assert "Amy" not in str(caught.value)
    assert log.head().seq == 0


UPDATE, BODY_OF = "UPDATE audit_entry SET", "(SELECT o.body FROM audit_entry o WHERE o.seq ="
TAMPERING = {
    "lengthen a sealed body": (f"{UPDATE} body = body || x'00' WHERE seq = 3", 3),
    "change a header": (f"{UPDATE} header = zeroblob(length(header)) WHERE seq = 2", 2),
    "change a hash": (f"{UPDATE} hash = zeroblob(32) WHERE seq = 4", 4),
    "make text of bytes": (f"{UPDATE} header = 'no bytes' WHERE seq = 2", 2),
    "delete the first": ("DELETE FROM audit_entry WHERE seq = 1", 1),
    "delete one": ("DELETE FROM audit_entry WHERE seq = 3", 3),
    "put one for another": (f"{UPDATE} body = {BODY_OF} 3) WHERE seq = 2", 2),
    "renumber after deleting": (f"{UPDATE} seq = seq + 10 WHERE seq = 5", 5),
}


@pytest.mark.parametrize(("statement", "broken_at"), TAMPERING.values(), ids=TAMPERING.keys())
def test_a_change_is_found_where_it_is(
    path: Path, log: AuditLog, statement: str, broken_at: int
) -> None:
    log.append_many([event(count=n) for n in range(5)])
    tampered(path, statement)
    report = log.verify()
    assert report.broken_at == broken_at
    assert report.head.seq == broken_at - 1
    with pytest.raises(BrokenChain) as caught:
        report.require_whole()
    assert caught.value.seq == broken_at


def test_a_swapped_body_does_not_open(path: Path, log: AuditLog) -> None:
    log.append_many([event(count=1), event(count=1)])
    tampered(path, f"{UPDATE} body = {BODY_OF} 2) WHERE seq = 1")
    with pytest.raises(Defect, match="entry 1 cannot be opened"):
        list(log.show(0, APRIL, decrypt=True))
    tampered(path, f"{UPDATE} header = {BODY_OF} 1) WHERE seq = 2")
    with pytest.raises(Defect, match="entry 2 cannot be opened"):
        list(log.show(0, APRIL, decrypt=False))


def test_an_end_cut_off_is_seen_by_a_witness_and_at_opening(path: Path, log: AuditLog) -> None:
    *_, witness = log.append_many([event(count=n) for n in range(5)])
    log.close()
    tampered(path, "DELETE FROM audit_entry WHERE seq >= 4")
    assert log.verify().broken_at is None  # nobody could know from the file alone
    assert log.verify(witness).broken_at == 4
    with pytest.raises(StoreBehind, match="ends at entry 3, its head was 5"):
        opened(path)


def test_a_chain_computed_anew_is_seen_by_a_witness(path: Path, log: AuditLog) -> None:
    witness = log.append_many([event(count=n) for n in range(3)])[1]
    forged = path.with_name("forged.sqlite3")
    other = opened(forged)
    other.append_many([event(count=n + 7) for n in range(3)])
    assert other.verify().broken_at is None
    assert other.verify(witness).broken_at == witness.seq
    other.close()
    log.close()
    shutil.copy(forged, path)
    with pytest.raises(BrokenChain):
        opened(path)


def test_an_old_backup_is_refused_until_it_is_adopted(path: Path, log: AuditLog) -> None:
    log.append(event())
    log.close()
    backup = path.read_bytes()
    log = opened(path)
    log.append(event())
    log.close()
    path.write_bytes(backup)
    with pytest.raises(StoreBehind, match=r"\(OLDER\).*adopt what is there: audit adopt"):
        opened(path)
    adopted = opened(path, adopt=True)
    adopted.adopt(event())
    adopted.close()
    opened(path).close()


@pytest.mark.parametrize("longer", [False, True])
def test_a_log_is_not_adopted_where_that_cannot_be_recorded(
    path: Path, log: AuditLog, monkeypatch: pytest.MonkeyPatch, longer: bool
) -> None:
    """Attack: somebody shortens the log, or puts another in its place, and accepts that on a disk
    that is full."""
    log.append_many([event(), event()])
    log.close()
    path.unlink()
    if longer:
        other = opened(path.with_name("other.sqlite3"))
        other.append_many([event()] * 5)
        other.close()
        shutil.copy(path.with_name("other.sqlite3"), path)
    with monkeypatch.context() as patch, contextlib.closing(opened(path, adopt=True)) as adopted:
        patch.setattr(AuditLog, "_append", full)
        with pytest.raises(StoreFailed):
            adopted.record_adoption(actor=Actor("jo"), operation=OperationId("w"), at=MARCH)
    with pytest.raises((StoreBehind, BrokenChain)):
        opened(path)


def full(*_: object) -> None:
    raise StoreFailed("the disk is full", fatal=False)


@pytest.mark.parametrize("content", [None, b"", b"x y", b"1", b"\xff"])
def test_a_lost_or_damaged_head_is_refused(
    path: Path, log: AuditLog, content: bytes | None
) -> None:
    log.append(event())
    log.close()
    head = path.parent / "witness" / "audit.sqlite3.mark"
    head.unlink() if content is None else head.write_bytes(content)
    with pytest.raises(StoreBehind):
        opened(path)


def test_a_database_lost_whole_is_refused(path: Path, log: AuditLog) -> None:
    log.append(event())
    log.close()
    path.unlink()
    with pytest.raises(StoreBehind, match=r"\(GONE\)"):
        opened(path)


def test_a_log_deleted_with_all_that_lies_beside_it_does_not_begin_anew(
    tmp_path: Path,
) -> None:
    """Attack: what was recorded is removed whole; its head lies on another root."""
    folder = tmp_path / "state"
    folder.mkdir()
    where = {"catalogue": CATALOGUE, "master_key": MASTER, "witness": witness_of(tmp_path / "a")}
    log = AuditLog.open(folder / "audit.sqlite3", **where)  # type: ignore[arg-type]
    log.append(event())
    log.close()
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(StoreBehind, match="ends at entry 0, its head was 1"):
        AuditLog.open(folder / "audit.sqlite3", **where)  # type: ignore[arg-type]


def test_who_adopted_a_log_is_recorded_and_why(path: Path, log: AuditLog) -> None:
    log.append(event())
    log.record_adoption(actor=Actor("jo.reed"), operation=OperationId("restore-7"), at=MARCH)
    *_, last = log.show(0, APRIL, decrypt=False)
    assert (last.kind, last.actor.value, last.operation.value) == (
        "audit.adopted",
        "jo.reed",
        "restore-7",
    )


def test_a_head_that_lags_or_cannot_be_written_does_no_harm(path: Path, log: AuditLog) -> None:
    log.append(event())
    head = path.parent / "witness" / "audit.sqlite3.mark"
    old = head.read_bytes()
    log.append(event())
    head.write_bytes(old)
    log.close()
    log = opened(path)
    head.unlink()
    head.mkdir()  # cannot be replaced by a file
    assert log.append(event()).seq == 3
    log.close()


def wrapped_key(path: Path) -> bytes:
    """The wrapped key of March, as it lies in the database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        asked = "SELECT sealed FROM audit_month_key WHERE number = 1"
        (wrapped,) = connection.execute(asked).fetchone()
    assert isinstance(wrapped, bytes)
    return wrapped


def forget_march(log: AuditLog) -> Receipt:
    return log.forget(Month("2026-03"), actor=Actor("a"), operation=OperationId("b"), at=MAY)


def test_a_forgotten_month_cannot_be_read_and_the_chain_holds(path: Path, log: AuditLog) -> None:
    log.append_many([event(MARCH), event(APRIL)])
    wrapped = wrapped_key(path)
    receipt = forget_march(log)
    assert receipt.seq == 3
    assert log.verify(receipt).broken_at is None
    bodies = [(e.kind, e.body, e.forgotten) for e in log.show(0, MAY + 1, decrypt=True)]
    assert bodies == [
        ("lookup.sent", None, True),
        ("lookup.sent", SECRET_BODY, False),
        ("audit.month_forgotten", b"", False),
    ]
    assert not on_disk(wrapped, path)
    with pytest.raises(Defect, match="has forgotten 2026-03"):
        log.append(event(MARCH))
    with pytest.raises(Defect, match="no key"):
        forget_march(log)
    with pytest.raises(Defect, match="not over"):
        log.forget(Month("2026-05"), actor=Actor("a"), operation=OperationId("b"), at=MAY)
    assert log.head().seq == 3


def test_what_a_reader_kept_from_being_erased_is_erased_at_the_next_opening(
    path: Path, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fingerpost.runtime.database.BUSY_MS", 0)
    log.append_many([event(MARCH), event(APRIL)])
    wrapped = wrapped_key(path)
    log.close()
    log = opened(path)
    reader = log.show(0, MAY, decrypt=False)
    next(reader)
    forget_march(log)
    assert [entry.forgotten for entry in log.show(0, APRIL, decrypt=True)] == [True]
    del reader
    opened(path).close()
    assert not on_disk(wrapped, path)
    log.close()


def test_a_lost_month_key_is_not_taken_for_a_forgotten_one(path: Path, log: AuditLog) -> None:
    log.append(event())
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM audit_month_key")
    connection.close()
    with pytest.raises(Defect, match="lost the key"):
        list(log.show(0, APRIL, decrypt=True))


def test_another_master_key_does_not_open_the_log(path: Path, log: AuditLog) -> None:
    log.append(event())
    log.close()
    with pytest.raises(Defect, match="does not open"):
        AuditLog.open(path, catalogue=CATALOGUE, master_key=b"n" * 32, witness=witness_of(path))
    with pytest.raises(Defect, match="32 bytes"):
        AuditLog.open(path, catalogue=CATALOGUE, master_key=b"short", witness=witness_of(path))


def test_threads_and_a_second_process_share_one_chain(path: Path, log: AuditLog) -> None:
    other = opened(path)  # as a command line would
    receipts: list[Receipt] = []

    def work(target: AuditLog) -> None:
        receipts.extend(target.append(event()) for _ in range(10))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, (log, log, other)))
    other.close()
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, 31))
    assert log.verify(max(receipts, key=lambda r: r.seq)).broken_at is None


def test_a_log_opens_while_another_process_appends_to_it(
    path: Path, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two readings at the opening the other process comes between."""
    log.append(event())
    last, read = store.last, Witness.newest

    def read_entries(connection: Connection) -> Receipt:
        found = last(connection)
        monkeypatch.setattr(store, "last", last)
        log.append(event(count=2))
        return found

    def read_head(head: Witness) -> Mark | None:
        found = read(head)
        monkeypatch.setattr(Witness, "newest", read)
        log.append(event(count=3))
        return found

    monkeypatch.setattr(store, "last", read_entries)
    opened(path).close()
    monkeypatch.setattr(Witness, "newest", read_head)
    opened(path).close()
    assert log.verify().entries == 3
    path.unlink()  # and the head of the newest entry is still there
    with pytest.raises(StoreBehind):
        opened(path)


def test_a_disk_that_fails_is_not_silent(
    log: AuditLog, failing_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    log.append(event())
    with failing_disk(), pytest.raises(StoreFailed) as caught:
        log.append(event(body=b"x" * 200_000))
    assert caught.value.fatal
    with pytest.raises(StoreFailed):
        log.append(event())


def test_the_database_itself_refuses_changes(path: Path, log: AuditLog) -> None:
    log.append(event())
    with sqlite3.connect(path) as connection:
        for statement in ("DELETE FROM audit_entry", "UPDATE audit_entry SET seq = 0"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
    connection.close()


values = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=256),
)


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), values, max_size=8),
    st.integers(0, 253_402_300_799),
)
def test_a_header_is_canonical_and_read_back(fields: dict[str, FieldValue], at: int) -> None:
    made = replace(note(at), fields=fields, operation=OperationId.of(b"\x01\xff"))
    read = parse_header(made.header())
    assert read == made
    assert {k: type(v) for k, v in read.fields.items()} == {k: type(v) for k, v in fields.items()}
    backwards = replace(made, operation=OperationId("01ff"), fields=dict(reversed(fields.items())))
    assert backwards.header() == made.header()
    assert Month.at(at).value == Month(Month.at(at).value).value


@given(st.binary(max_size=80))
def test_bytes_that_are_no_header_are_a_defect(data: bytes) -> None:
    header = event().header()
    later = header[:1] + b"\x03" + header[2:]
    for damaged in (data, header + data[:1] + b"x", header[: len(data)], later):
        with pytest.raises(Defect):
            parse_header(damaged)


def test_names_are_narrow() -> None:
    assert Actor.of(AgencyId("e08000025.oak")).value == "e08000025.oak"
    assert str(Actor.of(MemberId("oak"))) == "oak"
    for bad in ("", "Amy Pond", "x" * 81, "a\n"):
        with pytest.raises(Defect) as caught:
            Actor(bad)
        assert "Amy" not in str(caught.value)
    for month in ("2026-13", "26-01", "2026-1", "2026-01\n"):
        with pytest.raises(Defect):
            Month(month)


# ---- retention and legal holds -------------------------------------------------------------------

THREE_YEARS = 3 * 366 * 86_400
BY: dict[str, Any] = {"actor": Actor("officer-1"), "operation": OperationId("case-1"), "at": MAY}


@given(st.integers(0, 2**33), st.integers(-1, 2**34))
def test_no_entry_ends_before_three_years_or_much_later(at: int, reached: int) -> None:
    due = is_due(Month.at(at), reached)
    if due:
        assert reached - at >= 3 * 365 * 86_400
    elif reached > 0:
        assert reached - at <= (3 * 366 + 62) * 86_400
    else:
        assert not due, "no clock has confirmed any time"


def test_a_months_key_is_destroyed_three_years_after_it_and_the_chain_holds(log: AuditLog) -> None:
    log.append_many([event(MARCH), event(APRIL)])
    assert log.forget_due(0.0) == ()
    assert log.forget_due(MAY) == ()
    assert log.forget_due(MARCH + THREE_YEARS + 31 * 86_400) == (Month("2026-03"),)
    assert log.forget_due(MARCH + THREE_YEARS + 31 * 86_400) == (), "once"
    first, second, third = log.show(0, 2**40, decrypt=True)
    assert (first.forgotten, second.forgotten) == (True, False)
    assert (third.kind, str(third.actor)) == ("audit.month_forgotten", "retention")
    log.verify().require_whole()


def test_under_a_legal_hold_nothing_is_forgotten_until_two_persons_lift_it(log: AuditLog) -> None:
    log.append(event(MARCH))
    late = MARCH + 2 * THREE_YEARS
    number = log.hold(**BY)
    assert log.holds() == {number}
    assert log.forget_due(late) == ()
    with pytest.raises(Defect, match="legal hold"):
        log.forget(Month("2026-03"), **BY)
    with pytest.raises(Defect, match="another person"):
        log.lift(number, second=Actor("officer-1"), **BY)
    with pytest.raises(Defect, match="no legal hold"):
        log.lift(number + 1, second=Actor("officer-2"), **BY)
    assert log.forget_due(late) == ()
    log.lift(number, second=Actor("officer-2"), **BY)
    assert log.holds() == frozenset()
    with pytest.raises(Defect, match="no legal hold"):
        log.lift(number, second=Actor("officer-2"), **BY)
    assert Month("2026-03") in log.forget_due(late)


def test_each_hold_is_lifted_by_itself(log: AuditLog) -> None:
    first, second = log.hold(**BY), log.hold(**BY)
    log.lift(first, second=Actor("officer-2"), **BY)
    assert log.holds() == {second}
    with pytest.raises(Defect, match="legal hold"):
        log.append(event(MARCH))
        log.forget(Month("2026-03"), **BY)


def test_a_hold_of_another_process_counts(log: AuditLog, path: Path) -> None:
    """An officer types it beside a node that runs."""
    log.append(event(MARCH))
    assert log.holds() == frozenset()
    other = opened(path)
    other.hold(**BY)
    other.close()
    assert log.forget_due(MARCH + 2 * THREE_YEARS) == ()


def test_two_persons_decide_on_a_right(log: AuditLog) -> None:
    with pytest.raises(Defect, match="another person"):
        log.record_right("objection", "upheld", second=Actor("officer-1"), **BY)
    log.record_right("objection", "upheld", second=Actor("officer-2"), body=b"7", **BY)
    (entry,) = log.show(0, 2**40, decrypt=True)
    assert dict(entry.fields) == {
        "right": "objection",
        "decision": "upheld",
        "second": "officer-2",
    }
    assert entry.body == b"7"
