"""``fingerpost mark``, and what ``outcome show`` says of calls."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fakes.gateway_outcomes import agency, outcome, said
from fingerpost.private.messages import Pointer
from fingerpost.private.notes import Doubted, Explained, Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, CoarseKind, InvolvementStatus, Status
from practitioner.asking.document import read
from practitioner.asking.notes import KeptNote, Thread
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_audit, open_people
from unit.practitioner.gateway_desk import Desk, answer_with

OAK = agency("Oak", AgencyKind.SCHOOL)
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ann has asked; the number of her lookup."""
    answer_with(monkeypatch, outcome([said(OAK, Status.INVOLVED)]))
    desk.sign_in()
    return read(desk.lookup("--json").out.encode()).operation


@pytest.mark.parametrize(
    ("option", "kind"),
    [
        ("--spoke", NoteKind.SPOKE),
        ("--left-message", NoteKind.LEFT_MESSAGE),
        ("--not-needed", NoteKind.NOT_NEEDED),
        ("--number-wrong", NoteKind.NUMBER_WRONG),
    ],
)
def test_a_mark_is_recorded_and_waits_to_be_sent(
    desk: Desk, asked: str, gateway_settings: GatewaySettings, option: str, kind: NoteKind
) -> None:
    told = desk.as_ann("mark", asked, "--agency", str(OAK.id), option)
    assert (told.status, told.err) == (0, "")
    with open_people(gateway_settings) as people:
        (kept,) = people.notes.about(asked)
        assert (kept.note.kind, kept.note.agency, kept.left) == (kind, OAK.id, False)
    log = open_audit(gateway_settings, gateway_settings.agencies[0].id)
    (entry,) = [e for e in log.show(0, 2**40, decrypt=True) if e.kind == "lookup.marked"]
    log.close()
    assert dict(entry.fields) == {"agency": str(OAK.id), "said": kind.name}
    assert (str(entry.operation), str(entry.actor)) == (asked, "ann")


def test_the_outcome_shows_what_was_said_both_ways(
    desk: Desk, asked: str, gateway_settings: GatewaySettings
) -> None:
    printed = desk.as_ann("outcome", "show", asked).out.splitlines()
    (command,) = [line.split()[1:] for line in printed if "fingerpost mark" in line]
    assert desk.as_ann(*command).status == 0, "the command is to be copied as it stands"
    shown = desk.as_ann("outcome", "show", asked).out
    assert "Oak: you spoke to them" in shown
    assert "(not sent yet)" in shown
    assert "fingerpost mark" not in shown
    note = Note(bytes(8), NoteKind.THEY_RANG, OAK.id, int(time.time()))
    with open_people(gateway_settings) as people:
        (mine,) = people.notes.about(asked)
        receipt = KeptNote(asked, replace(note, kind=NoteKind.RECEIVED))
        people.notes.mark([replace(mine, left=True), KeptNote(asked, note, came=True), receipt])
    shown = desk.as_ann("outcome", "show", asked).out
    assert "Oak: they say that you rang" in shown
    assert "not sent yet" not in shown


def test_the_document_for_programs_is_as_it_was(desk: Desk, asked: str) -> None:
    before = desk.as_ann("outcome", "show", asked, "--json").out
    desk.as_ann("mark", asked, "--agency", str(OAK.id), "--spoke")
    assert desk.as_ann("outcome", "show", asked, "--json").out == before


@pytest.mark.parametrize(
    "options", [(), ("--spoke", "--not-needed")], ids=["nothing", "two things"]
)
def test_one_thing_is_said(
    desk: Desk, asked: str, gateway_settings: GatewaySettings, options: tuple[str, ...]
) -> None:
    told = desk.as_ann("mark", asked, "--agency", str(OAK.id), *options)
    assert told.status == 2
    assert "say one of --spoke" in told.err
    with open_people(gateway_settings) as people:
        assert people.notes.about(asked) == ()


def test_an_agency_that_was_not_asked_is_refused(
    desk: Desk, asked: str, gateway_settings: GatewaySettings
) -> None:
    told = desk.as_ann("mark", asked, "--agency", "e99000001.elsewhere", "--spoke")
    assert told.status == 4
    assert "did not ask this agency" in told.err
    with open_people(gateway_settings) as people:
        assert people.notes.about(asked) == ()


def test_nobody_marks_a_lookup_of_anothers(desk: Desk, asked: str) -> None:
    told = desk.as_ann("mark", "0000000000000000", "--agency", str(OAK.id), "--spoke")
    assert told.status == 4
    assert "You have no such outcome." in told.err


def desk_with(telephone: str) -> Pointer:
    return Pointer(CoarseKind.EDUCATION, InvolvementStatus.OPEN, desk_phone=telephone)


@pytest.mark.parametrize(
    ("numbers", "options", "named"),
    [
        (["01632 1"], (), "01632 1"),
        (["01632 1", "01632 2"], ("--telephone", "01632 2"), "01632 2"),
        ([], (), ""),
    ],
    ids=["the one", "the one that is said", "the duty desk's"],
)
def test_a_wrong_number_is_one_of_those_that_the_agency_gave(
    desk: Desk,
    gateway_settings: GatewaySettings,
    monkeypatch: pytest.MonkeyPatch,
    numbers: list[str],
    options: tuple[str, ...],
    named: str,
) -> None:
    found = outcome([said(OAK, Status.INVOLVED, *map(desk_with, numbers))])
    answer_with(monkeypatch, found)
    desk.sign_in()
    operation = read(desk.lookup("--json").out.encode()).operation
    told = desk.as_ann("mark", operation, "--agency", str(OAK.id), "--number-wrong", *options)
    assert (told.status, told.err) == (0, "")
    with open_people(gateway_settings) as people:
        (kept,) = people.notes.about(operation)
    assert kept.note.telephone == named
    if named:
        assert f"their number is wrong ({named})" in desk.as_ann("outcome", "show", operation).out


@pytest.mark.parametrize("options", [(), ("--telephone", "01632 9")], ids=["none", "another"])
def test_it_is_said_which_of_several_numbers_is_wrong(
    desk: Desk,
    gateway_settings: GatewaySettings,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    found = outcome([said(OAK, Status.INVOLVED, desk_with("01632 1"), desk_with("01632 2"))])
    answer_with(monkeypatch, found)
    desk.sign_in()
    operation = read(desk.lookup("--json").out.encode()).operation
    told = desk.as_ann("mark", operation, "--agency", str(OAK.id), "--number-wrong", *options)
    assert told.status == 2
    assert "--telephone" in told.err
    with open_people(gateway_settings) as people:
        assert people.notes.about(operation) == ()


def tomorrow(clock: str) -> str:
    return f"{datetime.now(LONDON) + timedelta(days=1):%d/%m/%Y} {clock}"


def test_an_invitation_states_when(
    desk: Desk, asked: str, gateway_settings: GatewaySettings
) -> None:
    for wrong in (tomorrow("noon"), "01/01/2020 10:00", "Friday"):
        refused = desk.as_ann("mark", asked, "--agency", str(OAK.id), "--invite", wrong)
        assert refused.status == 2
    told = desk.as_ann("mark", asked, "--agency", str(OAK.id), "--invite", tomorrow("14:00"))
    assert (told.status, told.err) == (0, "")
    with open_people(gateway_settings) as people:
        (kept,) = people.notes.about(asked)
    assert datetime.fromtimestamp(kept.note.when, LONDON).strftime("%H:%M") == "14:00"
    assert "Oak: you invited them to talk on" in desk.as_ann("outcome", "show", asked).out


def test_a_challenge_is_shown_with_how_to_answer_it_and_is_answered(
    desk: Desk, asked: str, gateway_settings: GatewaySettings
) -> None:
    note = Note(bytes(8), NoteKind.CHALLENGED, OAK.id, int(time.time()), about=Doubted.REFERENCE)
    with open_people(gateway_settings) as people:
        people.notes.mark([KeptNote(asked, note, came=True)])
    shown = desk.as_ann("outcome", "show", asked).out
    assert "Oak: they ask you to show the case or referral behind the reference" in shown
    (command,) = [line.split()[1:] for line in shown.splitlines() if "--explain" in line]
    wrong = desk.as_ann(*command)
    assert wrong.status == 2
    assert "--explain: expected one of ON_RECORD" in " ".join(wrong.err.replace("│", " ").split())
    answered = [word.replace("REASON", "on-record") for word in command]
    assert desk.as_ann(*answered).status == 0
    with open_people(gateway_settings) as people:
        said_back = [k.note for k in people.notes.about(asked) if not k.came]
    assert [n.reason for n in said_back] == [Explained.ON_RECORD]
    shown = desk.as_ann("outcome", "show", asked).out
    assert "Oak: you answered them: it is on record, and can be shown to you" in shown
    assert "--explain REASON" not in shown


def test_what_the_agency_could_not_read_is_refused(
    desk: Desk, asked: str, gateway_settings: GatewaySettings
) -> None:
    with open_people(gateway_settings) as people:
        thread = Thread(asked, int(time.time()), {OAK.node: bytes(32)}, limits.FIRST_REVISION)
        asyncio.run(people.notes.begin([thread]))
    told = desk.as_ann("mark", asked, "--agency", str(OAK.id), "--explain", "ON_RECORD")
    assert told.status == 2
    assert "ring them" in told.err
    assert desk.as_ann("mark", asked, "--agency", str(OAK.id), "--number-wrong").status == 0
