"""Rows that may have been planted to see who asks: which they are, and what their entries show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import REVEALED, AgencyLogs, open_log
from agency_node.answering.entries import read_body
from agency_node.answering.matching import Examined, Finding
from agency_node.answering.pages import Opened, opened
from agency_node.answering.planted import YOUNG_SECONDS, Unexpected, unexpected
from agency_node.answering.threads import threads_of
from agency_node.answering.wiring import audit_folder
from agency_node.importing.doubts import FEWEST, Places, doubts
from agency_node.notes.ports import KeptNote
from agency_node.notes.wiring import notes_store
from agency_node.records.records import ChildRecord, Doubt, Origin, RecordId
from agency_node.settings import NodeSettings
from fakes.federations import NOW
from fakes.import_world import OAK, World, row
from fakes.node_records import LONG_KNOWN, an_involvement
from fakes.node_world import (
    COUNCIL,
    SCHOOL,
    KnownChildren,
    NodeWorld,
    a_child,
    another_child,
)
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.private.demographics import Birth, ExpectedDate, PartialDate
from fingerpost.private.notes import Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, Purpose
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.settings import load

TODAY = date(2026, 9, 1)
YOUNG = Origin(int(NOW) - 5 * limits.DAY, Doubt(0))
TYPED = Origin(0, Doubt.TYPED)
TWIN = a_child(forename="Mary", health_number="")
NAME, SUBJECT, DESK = "Siân O’Neill-Brontë", "account-17", "0121 496 0100"


# ---- which rows ----------------------------------------------------------------------------------


def seen(days: float) -> Origin:
    return Origin(int(NOW - days * limits.DAY), Doubt(0))


def record(origin: Origin, number: int = 0) -> ChildRecord:
    return ChildRecord(RecordId(number), a_child(), (an_involvement(),), origin)


def examined(
    matched: Sequence[Origin] = (), possible: Sequence[Origin] = (), read: Sequence[Origin] = ()
) -> Examined:
    found = [tuple(record(origin) for origin in of) for of in (matched, possible, read)]
    return Examined(Finding.MATCH, None, found[0], found[1], read=(*found[0], *found[1], *found[2]))


@given(st.integers(-100 * limits.DAY, 4000 * limits.DAY))
def test_a_record_is_young_for_thirty_days(age: int) -> None:
    """One from the future, by a clock that was put back, is young too."""
    found = unexpected(examined([Origin(int(NOW) - age, Doubt(0))]), NOW)
    assert (found == (Unexpected.YOUNG,)) is (age < YOUNG_SECONDS == 30 * limits.DAY)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (examined([LONG_KNOWN]), ()),
        (examined([YOUNG]), (Unexpected.YOUNG,)),
        (examined([TYPED]), (Unexpected.TYPED,)),
        (
            examined([Origin(0, Doubt.AGE | Doubt.AREA)]),
            (Unexpected.AGE, Unexpected.AREA),
        ),
        (examined([YOUNG, LONG_KNOWN]), ()),
        (examined([YOUNG], [LONG_KNOWN], [LONG_KNOWN]), (Unexpected.YOUNG,)),
        (examined([], [YOUNG, TYPED]), (Unexpected.YOUNG, Unexpected.TYPED)),
        (examined([], [], [YOUNG]), (Unexpected.YOUNG,)),
        (examined([], [], [YOUNG, LONG_KNOWN]), ()),
        (examined(), ()),
        (replace(examined(), fault=Defect("damaged")), (Unexpected.UNREAD,)),
    ],
    ids=[
        "long known",
        "young",
        "typed by hand",
        "of another age and area",
        "a double that is long known",
        "others that do not match",
        "possible, for two reasons",
        "different",
        "different, one long known",
        "nothing was compared",
        "could not be read",
    ],
)
def test_the_records_that_decide_are_judged(found: Examined, why: tuple[Unexpected, ...]) -> None:
    assert unexpected(found, NOW) == why


def doubted(kind: AgencyKind, **facts: Any) -> Doubt:
    known: dict[str, Any] = {"dob": date(2016, 5, 1), "area": "B", "typed": False}
    return doubts(kind, Places({"B": 98, "CV": 2}), on=TODAY, **{**known, **facts})


@pytest.mark.parametrize(
    ("kind", "born", "doubt"),
    [
        (AgencyKind.SCHOOL, date(2025, 9, 1), Doubt.AGE),
        (AgencyKind.SCHOOL, date(2024, 9, 1), Doubt(0)),
        (AgencyKind.EARLY_YEARS, date(2016, 5, 1), Doubt.AGE),
        (AgencyKind.EARLY_YEARS, date(2026, 12, 1), Doubt(0)),
        (AgencyKind.COLLEGE, date(2016, 5, 1), Doubt.AGE),
        (AgencyKind.YOUTH_JUSTICE, date(2020, 5, 1), Doubt.AGE),
        (AgencyKind.YOUTH_JUSTICE, None, Doubt(0)),
        (AgencyKind.YOUTH_JUSTICE, PartialDate(2020), Doubt.AGE),
        (AgencyKind.YOUTH_JUSTICE, PartialDate(2018, about=True), Doubt(0)),
        (AgencyKind.EARLY_YEARS, ExpectedDate(date(2027, 2, 1)), Doubt(0)),
        (AgencyKind.SCHOOL, ExpectedDate(date(2027, 2, 1)), Doubt.AGE),
        (AgencyKind.GP_PRACTICE, date(2026, 5, 1), Doubt(0)),
        (AgencyKind.POLICE, date(2009, 5, 1), Doubt(0)),
    ],
)
def test_an_age_that_is_not_to_be_expected(
    kind: AgencyKind, born: Birth | None, doubt: Doubt
) -> None:
    assert doubted(kind, dob=born) == doubt


def test_an_area_where_hardly_any_of_the_children_live() -> None:
    school, trust = AgencyKind.SCHOOL, AgencyKind.NHS_TRUST
    assert doubted(school, area="CV") == Doubt(0)
    assert doubted(school, area="NE") == Doubt.AREA
    assert doubted(school, area="") == Doubt(0)
    assert doubted(trust, area="NE") == Doubt(0)
    few = Places.of(["B"] * (FEWEST - 1))
    assert not few.is_unusual("NE")
    assert Places.of(["B"] * FEWEST).is_unusual("NE")


async def test_an_import_keeps_what_it_found_about_each_row(tmp_path: Path) -> None:
    world = World(tmp_path)
    rows = [row(n) for n in range(FEWEST + 60)]
    rows += [row(900, postcode="NE1 4ST"), row(901, dob="2025-12-01"), row(902, by_hand="yes")]
    await world.import_(rows)
    found = [world.records.child(OAK, 1, RecordId(n)).origin for n in range(len(rows))]
    assert {origin.first_seen for origin in found} == {int(world.clock.now())}
    assert [origin.doubts for origin in found[-4:]] == [
        Doubt(0),
        Doubt.AREA,
        Doubt.AGE,
        Doubt.TYPED,
    ]
    world.close()


async def test_a_child_keeps_her_first_day_when_she_moves_and_not_when_her_number_is_given_away(
    tmp_path: Path,
) -> None:
    """Attack: to look long known, a copied child is written into the row of another."""
    world = World(tmp_path)
    await world.import_([row(1), row(2), row(3)])
    began = int(world.clock.now())
    world.clock.advance(40 * limits.DAY)
    moved = row(1, postcode="ZZ9 9ZZ", surname="Newname")
    given_away = row(2, forename="Copied", surname="Elsewhere", dob="2012-01-09")
    renumbered = row(3, local_id="another-number")
    await world.import_([moved, given_away, renumbered])
    first = [world.records.child(OAK, 2, RecordId(n)).origin.first_seen for n in range(3)]
    assert first == [began, int(world.clock.now()), began]
    world.close()


# ---- what their entries show ---------------------------------------------------------------------


def entries(origin: Origin, known: Any = None, **asked: Any) -> tuple[Opened, ...]:
    """Of a school that has an unrelated child, and one of this origin; as the journal gives them
    back.
    """
    world = NodeWorld()
    other = ChildRecord(RecordId(0), another_child(), (an_involvement(),), LONG_KNOWN)
    planted = ChildRecord(RecordId(1), known or a_child(), (an_involvement(),), origin)
    world.put_all({SCHOOL: [other, planted]})
    world.ask(world.query(**{"key_set": KeySet.WIDE, **asked}))
    mine = [entry for entry in world.entries if entry.agency == SCHOOL]
    return opened(mine, int(NOW))


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return node_settings_file(tmp_path, (SCHOOL,))


@pytest.fixture
def folder(settings_file: Path) -> Path:
    folder = audit_folder(load(settings_file, NodeSettings))
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@pytest.fixture
def logs(folder: Path, settings_file: Path) -> Iterator[AgencyLogs]:
    made = AgencyLogs(folder, KEY, witness_in(settings_file.parent), KnownChildren())
    yield made
    made.close()


def run(settings_file: Path, *words: str) -> Result:
    group = "audit" if words[0] == "show" else "inbox"
    arguments = [group, words[0], "--settings", str(settings_file), *words[1:]]
    return CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "260"})


def shown(settings_file: Path, *words: str) -> str:
    done = run(settings_file, *words)
    assert done.exit_code == 0, done.output
    return re.sub(r"\s+", " ", done.output)


BY = ("--by", "dpo.lee", "--why", "daily")
OF_THE_REQUESTER = (
    *(NAME, SUBJECT, str(COUNCIL), "An agency", DESK, "ref-1", "manager-1"),
    "reviewer-1",  # a fact of the purpose
)


@pytest.mark.parametrize(
    ("origin", "known", "finding"),
    [(YOUNG, None, Finding.MATCH), (TYPED, None, Finding.MATCH), (YOUNG, TWIN, Finding.POSSIBLE)],
)
def test_an_entry_that_a_planted_row_opened_does_not_show_who_asked(
    logs: AgencyLogs,
    folder: Path,
    settings_file: Path,
    origin: Origin,
    known: Any,
    finding: Finding,
) -> None:
    """Attack: 42 copied rows showed person, agency and purpose of every lookup about them."""
    asked = entries(origin, known, purpose=Purpose.EXPLOITATION, approver="manager-1")
    assert [each.finding for each in asked] == [finding.value]
    logs.opened(asked)
    with closing(open_log(folder, SCHOOL, KEY, witness_in(settings_file.parent))) as log:
        (entry,) = log.show(0, 2**40, decrypt=True)
    assert entry.body is not None
    everything = f"{entry.actor} {entry.fields} {entry.body!r} {read_body(entry.body).asked!r}"
    for secret in OF_THE_REQUESTER:
        assert secret not in everything
        assert secret.encode() not in entry.body
    for words in ((), ("--possible",))[: 2 if finding is Finding.POSSIBLE else 1]:
        text = shown(settings_file, "show", *BY, *words)
        for part in ("SOCIAL_WORKER", "LOCAL_AUTHORITY", "EXPLOITATION", "Marigold"):
            assert part in text
        assert "not shown" in text
        assert "inbox open 1 --reveal" in text
        assert not any(secret in text for secret in OF_THE_REQUESTER)


def test_notes_about_such_a_lookup_do_not_show_who_asked_either(
    logs: AgencyLogs, settings_file: Path
) -> None:
    (asked,) = entries(YOUNG)
    logs.opened([asked])
    with notes_store(load(settings_file, NodeSettings)) as store:
        store.add(threads_of([asked]))
        said = Note(bytes(8), NoteKind.SPOKE, SCHOOL, int(NOW))
        store.read([], [KeptNote(asked.query.hash, said)])
    done = CliRunner().invoke(
        cli.app, ["messages", "--settings", str(settings_file), *BY], env={"COLUMNS": "260"}
    )
    assert done.exit_code == 0, done.output
    assert "spoke" in done.output
    assert "not shown" in re.sub(r"\s+", " ", done.output)
    assert not any(secret in done.output for secret in OF_THE_REQUESTER)


def test_a_record_that_is_long_known_shows_who_asked(logs: AgencyLogs, settings_file: Path) -> None:
    logs.opened(entries(LONG_KNOWN))
    text = shown(settings_file, "show", *BY)
    assert NAME in text
    assert str(COUNCIL) in text


def test_an_officer_reveals_the_requester_with_a_reason_that_is_recorded_first(
    logs: AgencyLogs, folder: Path, settings_file: Path
) -> None:
    logs.opened(entries(YOUNG, purpose=Purpose.EXPLOITATION, approver="manager-1"))
    reveal = ("open", "1", "--reveal", "--by", "dpo.reed", "--why", "duty-desk-rings")
    text = shown(settings_file, *reveal)
    for part in OF_THE_REQUESTER:
        assert part in text
    with closing(open_log(folder, SCHOOL, KEY, witness_in(settings_file.parent))) as log:
        log.verify().require_whole()
        *_, noted = log.show(0, 2**40, decrypt=True)
    assert (noted.kind, noted.fields) == (REVEALED, {"entry": 1})
    assert (str(noted.actor), str(noted.operation)) == ("dpo.reed", "duty-desk-rings")
    assert "dpo.reed" in shown(settings_file, "show", *BY)


def test_without_a_reason_nothing_is_revealed(logs: AgencyLogs, settings_file: Path) -> None:
    logs.opened(entries(YOUNG))
    for missing in (("--by", "dpo"), ("--why", "reason")):
        done = run(settings_file, "open", "1", "--reveal", *missing)
        assert done.exit_code == 2
        assert NAME not in done.output


def test_what_cannot_be_recorded_is_not_revealed(
    logs: AgencyLogs, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.opened(entries(YOUNG))

    def full(*_: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr("fingerpost.audit.log.AuditLog.append_many", full)
    done = run(settings_file, "open", "1", "--reveal", "--by", "dpo", "--why", "reason")
    assert isinstance(done.exception, Defect)
    assert NAME not in done.output


@pytest.mark.parametrize("number", ["1", "2"])
def test_an_entry_that_hides_nobody_has_nothing_to_reveal(
    logs: AgencyLogs, settings_file: Path, number: str
) -> None:
    logs.opened(entries(LONG_KNOWN))
    done = run(settings_file, "open", number, "--reveal", "--by", "dpo", "--why", "reason")
    assert isinstance(done.exception, Defect)
    said = "hides no requester" if number == "1" else "is no lookup"
    assert said in str(done.exception)
