"""Knocks at a node: which lookups become one, what the desk is shown, and what is recorded."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import ENTRY_SHOWN, KNOCK_CLOSED, AgencyLogs
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Opened
from agency_node.answering.planted import Unexpected
from agency_node.answering.wiring import audit_folder
from agency_node.notices.lanes import Lane
from agency_node.notices.ports import Notice, Outcome
from agency_node.notices.service import RecordWithNotices
from agency_node.notices.wiring import notices_store
from agency_node.reading.ports import STEP
from agency_node.records.meeting import Known
from agency_node.records.records import ChildRecord
from agency_node.records.shields import SetBy, Shield
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
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
    another_child,
)
from fakes.notices import MemoryNotices
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.audit.log import SEARCHED, AuditLog
from fingerpost.private.codec import write_demographics
from fingerpost.protocol.codes import Kind, Purpose, Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.settings import load

CHILDREN = KnownChildren()


def openings(
    *known: ChildRecord, purpose: Purpose = Purpose.S47_ENQUIRY, shield: bool = False, **asked: Any
) -> tuple[Opened, ...]:
    """What one lookup of the council opened at the school."""
    world = NodeWorld()
    if shield:
        form = write_demographics(a_child())
        shields = [Shield(1, SetBy.PERSON, 0, 2**40, "jo", "why", (), (form,))]
        world.shields[SCHOOL] = Known(shields, upn=False)
    world.put_all({SCHOOL: known})
    world.ask(world.query(purpose=purpose, key_set=KeySet.WIDE, **asked))
    return tuple(CHILDREN.opened(world.entries))


def noticed(found: Sequence[Opened]) -> list[Notice]:
    store = MemoryNotices()
    RecordWithNotices(MemoryRecord(), store, CHILDREN).opened(found)
    return list(store.all())


# ---- which lookups -------------------------------------------------------------------------------

SILENT = {
    "shielded row": openings(a_record(0, None, an_involvement(shielded=True))),
    "shielded by hand": openings(a_record(), shield=True),
    "sensitive kind": openings(a_record(0, None, an_involvement(Kind.MENTAL_HEALTH))),
    "sensitive row": openings(a_record(0, None, an_involvement(sensitive=True))),
    "possible": openings(a_record(0, a_child(forename="Mary", health_number=""))),
}


@pytest.mark.parametrize("why", SILENT)
def test_a_known_child_of_whom_nothing_is_disclosed_knocks(why: str) -> None:
    (notice,) = noticed(SILENT[why])
    (opening,) = SILENT[why]
    assert (opening.answer, opening.told) == (Status.NOTHING_TO_DISCLOSE.name, 0)
    assert (notice.agency, notice.query) == (SCHOOL, opening.query.hash)
    assert notice.lane is Lane.RING_NOW


def test_a_purpose_that_may_not_be_told_knocks() -> None:
    (notice,) = noticed(
        openings(
            a_record(0, None, an_involvement(Kind.YOUTH_JUSTICE)), purpose=Purpose.S17_ASSESSMENT
        )
    )
    assert notice.lane is Lane.TODAY


def test_who_was_named_gets_no_message_and_no_task() -> None:
    (notice,) = noticed(openings(a_record()))
    assert notice.lane is Lane.LOG_ONLY
    assert not notice.is_open


def test_an_agency_that_does_not_know_the_child_gets_none() -> None:
    assert noticed(openings(a_record(0, another_child()))) == []


def test_there_is_a_notice_for_each_entry_of_the_log_whatever_was_found() -> None:
    """Attack: of 10 entries and 7 notices, 7 lookups were about children known here."""
    (opening,) = SILENT["possible"]
    found = [
        replace(
            opening,
            finding=finding.value,
            query=msgspec.structs.replace(opening.query, hash=bytes([n]) * 32),
        )
        for n, finding in enumerate(Finding)
    ]
    assert len(noticed(found)) == len(found)


def test_notices_are_kept_after_the_logs_and_once_more_after_a_fault() -> None:
    store, record = MemoryNotices(), MemoryRecord()
    both = RecordWithNotices(record, store, CHILDREN)
    found = SILENT["possible"]
    store.fails = True
    with pytest.raises(Defect):
        both.opened(found)
    assert len(record.openings) == 1
    store.fails = False
    assert both.opened(found, tried=True) == frozenset()
    assert both.opened(found, tried=True) == frozenset()
    assert [each.lane for each in store.all()] == [Lane.RING_NOW]


def test_a_record_that_is_gone_meanwhile_knocks_all_the_same() -> None:
    store = MemoryNotices()
    RecordWithNotices(MemoryRecord(), store, KnownChildren()).opened(SILENT["possible"])
    (notice,) = store.all()
    assert (notice.lane, notice.child) == (Lane.RING_NOW, b"")


def from_area(opening: Opened, area: str, number: int, at: int) -> Opened:
    assert opening.query.requester is not None
    requester = msgspec.structs.replace(opening.query.requester, agency=f"{area}.council")
    query = msgspec.structs.replace(opening.query, hash=bytes([number]) * 32, requester=requester)
    return replace(opening, query=query, at=at)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_child_asked_about_from_two_areas_is_not_rung_about_at_once_the_third_time(
    restarted: bool,
) -> None:
    """Attack: a child is asked about area by area, to hear from where somebody rings."""
    (opening,) = SILENT["shielded row"]
    store = MemoryNotices()
    record = RecordWithNotices(MemoryRecord(), store, CHILDREN)
    for number, area in enumerate(("e08000001", "e08000002", "e08000003")):
        if restarted:
            record = RecordWithNotices(MemoryRecord(), store, CHILDREN)
        record.opened([from_area(opening, area, number, int(NOW) + number)])
    lanes = [each.lane for each in sorted(store.all(), key=lambda each: each.at)]
    assert lanes == [Lane.RING_NOW, Lane.RING_NOW, Lane.TODAY]


def test_of_another_child_a_desk_is_told_at_once() -> None:
    (hers,) = SILENT["shielded row"]
    found = [from_area(hers, f"e0800000{n}", n, int(NOW) + n) for n in (1, 2, 3)]
    of_children = {1: a_record(), 2: a_record(), 3: a_record(0, another_child())}
    store = MemoryNotices()
    for number, opening in enumerate(found, 1):
        known = of_children[number]
        RecordWithNotices(MemoryRecord(), store, lambda *_, r=known: r).opened([opening])
    assert {each.lane for each in store.all()} == {Lane.RING_NOW}


def test_it_rests_before_each_lookup_and_each_step_of_earlier_ones() -> None:
    """Attack: the work on what opened shows in when bytes move."""
    (opening,) = SILENT["possible"]
    store, rests = MemoryNotices(), list[str]()
    store.add(
        [Notice(bytes([9]) + n.to_bytes(31, "big"), SCHOOL, Lane.TODAY, 1) for n in range(3 * STEP)]
    )
    record = RecordWithNotices(MemoryRecord(), store, CHILDREN, lambda: rests.append("rested"))
    record.opened([from_area(opening, "e08000001", n, int(NOW)) for n in range(4)])
    assert len(rests) >= 4 + 2 * 3


# ---- the desk ------------------------------------------------------------------------------------

BY = ("--by", "dsl.hale", "--why", "daily-2026-03")


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return node_settings_file(tmp_path, (SCHOOL, COUNCIL))


@pytest.fixture
def settings(settings_file: Path) -> NodeSettings:
    return load(settings_file, NodeSettings)


def kept(settings: NodeSettings, tmp_path: Path, *found: Opened) -> None:
    """Lookups of now, in the school's log, with their notices."""
    with (
        closing(AgencyLogs(audit_folder(settings), KEY, witness_in(tmp_path), CHILDREN)) as logs,
        notices_store(settings) as store,
    ):
        RecordWithNotices(logs, store, CHILDREN).opened(
            [replace(each, at=int(time.time())) for each in found]
        )


def run(settings_file: Path, *arguments: str, agency: object = SCHOOL) -> Result:
    more = ["--settings", str(settings_file), "--agency", str(agency)]
    return CliRunner().invoke(cli.app, [*arguments, *more], env={"COLUMNS": "250"})


def words_of(done: Result) -> str:
    return re.sub(r"\s+", " ", done.output)


def entries_of(settings: NodeSettings) -> list[Any]:
    with closing(open_audit(settings, SCHOOL)) as log:
        log.verify().require_whole()
        return list(log.show(0, 2**40, decrypt=True))


def test_the_list_names_nobody(settings: NodeSettings, settings_file: Path, tmp_path: Path) -> None:
    (opening,) = SILENT["shielded row"]
    kept(settings, tmp_path, opening)
    done = run(settings_file, "knocks", *BY)
    assert done.exit_code == 0, done.output
    assert "asked about a child you may know, for a child protection enquiry." in words_of(done)
    assert (
        "We told them nothing. They do not know whether you know the child. You decide whether to "
        "ring. First: could a call put anyone at risk?"
    ) in words_of(done)
    asked, requester = opening.query.asked, opening.query.requester
    assert asked is not None
    assert requester is not None
    child = a_child()
    hidden = (asked.name, asked.subject, requester.name, requester.desk, asked.reason_reference)
    for secret in (*hidden, child.forename, child.surname, child.postcode):
        assert secret
        assert secret not in done.output
    assert "Nothing to list." in run(settings_file, "knocks", *BY, agency=COUNCIL).output


def test_who_reads_the_list_is_recorded_first(
    settings: NodeSettings,
    settings_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept(settings, tmp_path, *SILENT["possible"])
    run(settings_file, "knocks", *BY)
    *_, read = entries_of(settings)
    assert (read.kind, str(read.actor), str(read.operation)) == (SEARCHED, BY[1], BY[3])

    def full(*_: object, **__: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr("fingerpost.audit.log.AuditLog.record_search", full)
    done = run(settings_file, "knocks", *BY)
    assert isinstance(done.exception, Defect)
    assert "asked about a child" not in done.output


def test_a_name_is_opened_on_record_with_the_switchboard_of_the_signed_list(
    settings: NodeSettings, settings_file: Path, tmp_path: Path
) -> None:
    (opening,) = SILENT["shielded row"]
    kept(settings, tmp_path, opening)
    done = run(settings_file, "inbox", "open", "1", *BY)
    assert done.exit_code == 0, done.output
    assert opening.query.asked is not None
    assert opening.query.asked.name in done.output
    assert "0121 496 0100" in done.output
    *_, entry = entries_of(settings)
    assert (entry.kind, dict(entry.fields), str(entry.actor)) == (ENTRY_SHOWN, {"entry": 1}, BY[1])


def test_rows_that_may_be_planted_show_no_name_and_no_number(
    settings: NodeSettings, settings_file: Path, tmp_path: Path
) -> None:
    """Attack: a row is typed in to see who asks; the switchboard would name the agency."""
    (opening,) = SILENT["shielded row"]
    kept(settings, tmp_path, replace(opening, unexpected=(Unexpected.TYPED,)))
    for command in (("knocks",), ("inbox", "open", "1")):
        done = run(settings_file, *command, *BY)
        assert done.exit_code == 0, done.output
        assert opening.query.asked is not None
        assert opening.query.asked.name not in done.output
        assert "0121" not in done.output
        assert str(COUNCIL) not in done.output
    with notices_store(settings) as store:
        assert [each.area for each in store.all()] == [""]


def test_a_knock_is_closed_on_record_and_leaves_the_list(
    settings: NodeSettings, settings_file: Path, tmp_path: Path
) -> None:
    kept(settings, tmp_path, *SILENT["possible"])
    by = ("--number", "1", "--by", "dsl.hale")
    assert run(settings_file, "close-knock", *by, "--outcome", "later").exit_code != 0
    done = run(settings_file, "close-knock", *by, "--outcome", "no-call")
    assert done.exit_code == 0, done.output
    *_, entry = entries_of(settings)
    assert (entry.kind, entry.fields) == (KNOCK_CLOSED, {"entry": 1, "outcome": "NO_CALL"})
    assert "Nothing to list." in run(settings_file, "knocks", *BY).output
    assert "we decided not to ring" in words_of(run(settings_file, "knocks", *BY, "--all"))
    with notices_store(settings) as store:
        (notice,) = store.all()
    assert notice.outcome is Outcome.NO_CALL


def test_what_is_no_knock_is_not_closed(
    settings: NodeSettings, settings_file: Path, tmp_path: Path
) -> None:
    """Whoever was named is in the log alone, and so is an entry of another kind."""
    kept(settings, tmp_path, *openings(a_record()))
    for number in ("1", "2"):
        more = ("--number", number, "--by", "dsl.hale", "--outcome", "rang")
        done = run(settings_file, "close-knock", *more)
        assert isinstance(done.exception, Defect)
        assert "is no knock" in str(done.exception)


def test_two_queries_of_one_lookup_are_one_knock(
    settings: NodeSettings, settings_file: Path, tmp_path: Path
) -> None:
    (opening,) = SILENT["shielded row"]
    wider = msgspec.structs.replace(opening.query, hash=bytes(32), reach="NATIONAL_RING")
    kept(settings, tmp_path, opening, replace(opening, query=wider))
    assert run(settings_file, "knocks", *BY).output.count("asked about a child") == 1
    run(settings_file, "close-knock", "--number", "1", "--by", "dsl.hale", "--outcome", "rang")
    assert "Nothing to list." in run(settings_file, "knocks", *BY).output


def test_a_lookup_of_which_one_query_named_the_agency_is_no_knock(
    settings: NodeSettings, settings_file: Path, tmp_path: Path
) -> None:
    """The desk would read "we told them nothing", and it would not be true."""
    (opening,) = SILENT["shielded row"]
    told = msgspec.structs.replace(opening.query, hash=bytes(32), reach="NATIONAL_RING")
    kept(settings, tmp_path, opening, replace(opening, query=told, answer="INVOLVED", told=1))
    assert "Nothing to list." in run(settings_file, "knocks", *BY).output


def test_a_forgotten_month_leaves_a_knock_without_its_words(
    settings: NodeSettings, settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(settings, tmp_path, *SILENT["possible"])
    show = AuditLog.show

    def without_bodies(*args: Any, **_: object) -> Any:
        return show(*args, decrypt=False)

    monkeypatch.setattr(AuditLog, "show", without_bodies)
    assert "Somebody asked about a child you may know." in words_of(
        run(settings_file, "knocks", *BY)
    )
