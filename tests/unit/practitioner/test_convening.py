"""``fingerpost convene``: who is invited, who is rung, who learns of it unseen, and what stands in
the invitation."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.gateway_outcomes import AREA, NODE, large
from fakes.node_world import a_federation
from fakes.party_folder import COUNCIL
from fakes.refusals import refused
from fingerpost.private.notes import NoteKind
from fingerpost.protocol.codes import AgencyKind, Role, Status
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Agency, Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from practitioner.asking.convening import (
    STRATEGY_ROLES,
    ConveneRule,
    Seats,
    one_for_each_node,
    require_strategy_discussion,
    seats,
)
from practitioner.asking.document import LookupDocument, document, read
from practitioner.asking.typed_dates import LONDON
from practitioner.cli import convening
from practitioner.present.meeting import MEETING, Meeting, invitation, record_text
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_audit, open_people
from unit.practitioner.gateway_desk import THESSALY, Desk, answer_with

NOW = 1_795_400_000
CALLED = Meeting(
    MEETING, "", NOW + 3600, 45, "Room 4", "ann@wexcombe.example", "Ann Smith, SOCIAL_WORKER"
)
OTHER = MemberId("node-2")


def shown(*, gaps: int = 4) -> LookupDocument:
    return document(large(gaps=gaps), NOW + 7 * 86_400)


def event(written: bytes) -> Any:
    (found,) = icalendar.Calendar.from_ical(written).walk("VEVENT")
    assert isinstance(found, icalendar.Event)
    return found


def test_everybody_who_was_asked_is_invited_rung_or_told_unseen() -> None:
    found = seats(shown())
    assert [s.email for s in found.invited] == ["dsl@saltmarsh.example", "duty@wexcombe.example"]
    assert {s.agency for s in found.no_address} == {
        *("Wexcombe Council", "Wexcombe General Hospital", "Lanternlight Family Support"),
        "Quay Surgery",
    }
    named = {s.agency for s in (*found.invited, *found.no_address, *found.no_answer)}
    assert len(named) + found.silent == len(shown().agencies)


@given(gaps=st.integers(0, 40))
def test_who_did_not_answer_is_rung_and_never_left_out(gaps: int) -> None:
    found = seats(shown(gaps=gaps))
    silent = {each.name for each in shown(gaps=gaps).agencies if each.is_gap}
    assert {each.agency for each in found.no_answer} == silent
    assert len(found.no_answer) == gaps
    text = record_text(CALLED, found, shown(gaps=gaps))
    assert all(f"  {name}: " in text for name in silent)
    assert ("We do not know whether they are working with this child" in text) == bool(gaps)


def test_an_agency_that_was_not_asked_for_want_of_quota_is_rung() -> None:
    found = large(gaps=0)
    police = next(each for each in found.agencies if each.agency.kind is AgencyKind.POLICE)
    unasked = replace(police, status=Status.NOT_ASKED, generation=0, as_of=0)
    agencies = tuple(unasked if each is police else each for each in found.agencies)
    of = seats(document(replace(found, agencies=agencies), NOW))
    assert [each.agency for each in of.no_answer] == ["Wexcombe Police"]


def test_the_invitation_is_one_that_calendars_read() -> None:
    made = event(invitation(CALLED, seats(shown()), "5f0c9a3e71d2b846", "uid-1", NOW))
    assert made["dtstart"].dt == datetime.fromtimestamp(NOW + 3600, UTC)
    assert made["dtend"].dt - made["dtstart"].dt == timedelta(minutes=45)
    assert str(made["organizer"]) == "mailto:ann@wexcombe.example"
    assert [str(each) for each in made["attendee"]] == [
        "mailto:dsl@saltmarsh.example",
        "mailto:duty@wexcombe.example",
    ]
    assert (str(made["uid"]), str(made["class"])) == ("uid-1", "CONFIDENTIAL")
    assert str(made["summary"]) == "Safeguarding meeting"
    assert str(made["location"]) == "Room 4"


def test_the_invitation_says_nothing_of_why_or_of_what_an_agency_is_involved_for() -> None:
    """Attack: somebody reads a colleague's calendar on a telephone."""
    found = seats(shown())
    written = invitation(CALLED, found, "5f0c9a3e71d2b846", "uid-1", NOW)
    text = icalendar.Calendar.from_ical(written).to_ical().decode().replace("\r\n ", "")
    for each in (*found.invited, *found.no_address, *found.no_answer):
        assert each.agency not in text
        assert not each.who or each.who not in text
        assert not each.telephone or each.telephone not in text
    for word in ("S47", "ENQUIRY", "social care", "education", "involved"):
        assert word.lower() not in text.lower()
    assert "This list is not complete" in text


def test_the_child_stands_in_it_where_the_person_asked_for_it() -> None:
    named = replace(CALLED, child="T.U.")
    made = event(invitation(named, seats(shown()), "5f0c9a3e71d2b846", "uid-1", NOW))
    assert str(made["summary"]) == "Safeguarding meeting T.U."
    assert "T.U." not in record_text(named, seats(shown()), shown())


def test_a_place_cannot_add_to_the_invitation() -> None:
    """Attack: a text that ends its line and begins another of the calendar's."""
    sly = replace(CALLED, place="Room 4\r\nATTENDEE:mailto:eve@elsewhere.example")
    made = event(invitation(sly, seats(shown()), "5f0c9a3e71d2b846", "uid-1", NOW))
    assert len(made["attendee"]) == 2


def test_nobody_invited_is_a_meeting_still() -> None:
    made = event(invitation(CALLED, Seats((), (), (), 0, 3), "5f0c9a3e71d2b846", "uid-1", NOW))
    assert "attendee" not in made


@pytest.mark.parametrize("kind", list(AgencyKind))
@pytest.mark.parametrize("role", list(Role))
def test_only_childrens_social_care_calls_a_strategy_discussion(
    role: Role, kind: AgencyKind
) -> None:
    if kind is AgencyKind.LOCAL_AUTHORITY and role in STRATEGY_ROLES:
        require_strategy_discussion(role, kind)
        return
    with refused(Code.NOT_ALLOWED, ConveneRule.STRATEGY_DISCUSSION):
        require_strategy_discussion(role, kind)


@given(nodes=st.lists(st.sampled_from(("node-1", "node-2", "node-3")), max_size=12))
def test_each_node_gets_one_note(nodes: list[str]) -> None:
    of = {AgencyId(f"e99000001.a{n}"): MemberId(node) for n, node in enumerate(nodes)}
    chosen = one_for_each_node([*of, AgencyId("e99000001.left")], of)
    assert sorted(of[each].value for each in chosen) == sorted(set(nodes))


# ---- from the command line -----------------------------------------------------------------------


def the_federation(kind: AgencyKind = AgencyKind.LOCAL_AUTHORITY) -> Federation:
    """The agencies that were asked, the police on a node of their own, and Ann's."""
    asked = [
        replace(each.agency, node=OTHER if each.agency.kind is AgencyKind.POLICE else NODE)
        for each in large().agencies
    ]
    own = Agency(COUNCIL, "Wexcombe Council", kind, NODE)
    return replace(a_federation(), areas={AREA.code: replace(AREA, agencies=(own, *asked))})


@pytest.fixture
def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    answer_with(monkeypatch, large())
    monkeypatch.setattr(convening, "kept_federation", lambda *_: the_federation())
    monkeypatch.chdir(tmp_path)
    desk.sign_in()
    return read(desk.lookup("--json").out.encode()).operation


def soon(hours: int = 30) -> str:
    return f"{datetime.now(LONDON) + timedelta(hours=hours):%Y-%m-%d %H:%M}"


def call(asked: str, *more: str) -> tuple[str, ...]:
    return (
        *("convene", asked, "--at", soon(), "--minutes", "60", "--place", "Room 4"),
        *("--organiser", "ann@wexcombe.example", *more),
    )


def test_a_meeting_is_recorded_written_and_told_to_each_node(
    desk: Desk, asked: str, tmp_path: Path, gateway_settings: GatewaySettings
) -> None:
    told = desk.as_ann(*call(asked))
    assert told.status == 0, told.err
    assert "Invited by e-mail" in told.out
    assert "Ring: they did not answer" in told.out
    assert "31 agencies are not connected" in told.out
    path = tmp_path / f"meeting-{asked}.ics"
    assert path.stat().st_mode & 0o777 == 0o600
    written = path.read_bytes()
    for name in (THESSALY.forename, THESSALY.surname):
        assert name
        assert name.encode() not in written
        assert name not in told.out
    with open_people(gateway_settings) as people:
        notes = people.notes.about(asked)
    assert {each.note.kind for each in notes} == {NoteKind.CONVENED}
    assert len(notes) == 2, "one for each node, whatever its agencies answered"
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        (entry,) = [e for e in log.show(0, 2**40, decrypt=True) if e.kind == "lookup.convened"]
    assert entry.fields["invited"] == 2
    assert entry.fields["strategy_discussion"] is False
    said = desk.as_ann("outcome", "show", asked).out
    assert said.count("You called a meeting for") == 1
    assert "nobody learns which" in " ".join(said.split())
    assert said.count("fingerpost mark") == 5, "and the calls to who is involved are still open"


def test_the_childs_name_is_asked_for_and_stands_in_no_command(
    desk: Desk, asked: str, tmp_path: Path
) -> None:
    told = desk.as_ann(*call(asked, "--name-child"), stdin="T.U.\n")
    assert told.status == 0, told.err
    assert "Safeguarding meeting T.U." in (tmp_path / f"meeting-{asked}.ics").read_text()


def test_a_social_worker_of_a_council_calls_a_strategy_discussion(
    desk: Desk, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.as_ann(*call(asked, "--strategy-discussion")).status == 0
    assert "SUMMARY:Strategy discussion" in (tmp_path / f"meeting-{asked}.ics").read_text()
    elsewhere = the_federation(AgencyKind.NHS_TRUST)
    monkeypatch.setattr(convening, "kept_federation", lambda *_: elsewhere)
    told = desk.as_ann(*call(asked, "--strategy-discussion"))
    assert told.status == 4
    assert "children's social care calls a strategy discussion" in told.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--at", "2020-01-01 10:00"),
        ("--at", soon(29 * 24)),
        ("--at", "tomorrow"),
        ("--organiser", ""),
        ("--place", "two\nlines"),
        ("--minutes", "0"),
    ],
    ids=lambda pair: " ".join(pair)[:20],
)
def test_what_is_not_understood_calls_nothing(
    desk: Desk,
    asked: str,
    tmp_path: Path,
    gateway_settings: GatewaySettings,
    wrong: tuple[str, str],
) -> None:
    told = desk.as_ann(*call(asked, *wrong))
    assert told.status != 0
    assert not list(tmp_path.glob("*.ics"))
    with open_people(gateway_settings) as people:
        assert people.notes.about(asked) == ()


def test_nobody_calls_a_meeting_about_anothers_lookup(desk: Desk, asked: str) -> None:
    told = desk.as_ann(*call("0000000000000000"))
    assert told.status == 4
    assert "You have no such outcome." in told.err
