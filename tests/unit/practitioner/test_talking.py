"""Did people talk? One question a lookup, closed after five working days, and an agency's rates."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.gateway_outcomes import agency, outcome, said
from fakes.party_folder import COUNCIL
from fingerpost.private.notes import NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, Role, Status
from practitioner.asking.document import read
from practitioner.asking.talking import ANSWERS, Named, Rates, closes_at, rates, unanswered
from practitioner.asking.typed_dates import LONDON
from practitioner.cli import talking
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_audit, open_people
from unit.practitioner.gateway_desk import QUESTION, Desk, answer_with

OAK = agency("Oak", AgencyKind.SCHOOL)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp())


@pytest.mark.parametrize(
    ("asked", "closes"),
    [
        ("2026-11-23T09:00", "2026-12-01T00:00"),  # Monday to Monday
        ("2026-11-28T23:00", "2026-12-05T00:00"),  # Saturday to Friday
        ("2026-12-23T09:00", "2027-01-05T00:00"),  # 24, 29, 30 and 31 December, 4 January
    ],
)
def test_the_question_closes_after_five_working_days(asked: str, closes: str) -> None:
    found = datetime.fromtimestamp(closes_at(at(asked)), UTC).astimezone(LONDON)
    assert found == datetime.fromisoformat(closes).replace(tzinfo=LONDON)


def test_what_nobody_answered_is_not_recorded_and_asked_no_more() -> None:
    named = [Named("a" * 16, at("2026-11-23T09:00"))]
    before, after = at("2026-11-30T23:59"), at("2026-12-01T00:00")
    assert unanswered(named, {}, before) == tuple(named)
    assert unanswered(named, {}, after) == ()
    assert rates(named, {}, before) == Rates(1, 0, 0, 0, 0, 1)
    assert rates(named, {}, after) == Rates(1, 0, 0, 0, 1, 0)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([None, *ANSWERS])), max_size=30),
)
def test_each_lookup_is_counted_once(of: list[tuple[int, NoteKind | None]]) -> None:
    now = at("2026-11-23T09:00")
    named = [Named(f"{n:016x}", now - days * limits.DAY) for n, (days, _) in enumerate(of)]
    answers = {n.operation: kind for n, (_, kind) in zip(named, of, strict=True) if kind}
    found = rates(named, answers, now)
    counted = (
        *(found.spoke, found.left_message, found.not_needed),
        *(found.not_recorded, found.still_open),
    )
    assert sum(counted) == found.lookups == len(of)


# ---- from the command line -----------------------------------------------------------------------


@pytest.fixture
def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch, gateway_settings: GatewaySettings) -> str:
    """Ann has asked, and Oak named itself; the number of her lookup."""
    found = outcome([said(OAK, Status.INVOLVED)])
    answer_with(monkeypatch, found)
    desk.sign_in()
    number = read(desk.lookup("--json").out.encode()).operation
    now = time.time()
    with open_people(gateway_settings) as people:
        session = people.reception.resume(desk.session.read_text(), now)

        async def recorded() -> None:
            await people.record.asked(session, QUESTION, number, now, None)
            await people.record.ended(COUNCIL, number, found, now)
            await people.record.close()

        asyncio.run(recorded())
    return number


def sign_in_again(desk: Desk) -> str:
    later = pyotp.TOTP(desk.secret).at(int(time.time()) + 30)
    return desk.sign_in(later).err


def test_the_next_sign_in_asks_once_and_names_no_child(desk: Desk, asked: str) -> None:
    told = sign_in_again(desk)
    assert f"Lookup {asked} of" in told
    assert "did you speak to someone?" in told
    assert "Umberleigh" not in told
    assert desk.as_ann("mark", asked, "--left-message").status == 0
    counts = re.findall(r"[0-9]+", desk.run("audit", "talks").out)
    assert counts == ["1", "0", "1", "0", "0", "0"]


def test_at_a_terminal_it_is_a_question(
    desk: Desk, asked: str, monkeypatch: pytest.MonkeyPatch, gateway_settings: GatewaySettings
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(talking, "prompt", lambda _: "yes")
    now = time.time()
    with open_people(gateway_settings) as people:
        session = people.reception.resume(desk.session.read_text(), now)
    talking.ask_whether_they_talked(gateway_settings, session)
    talking.ask_whether_they_talked(gateway_settings, session)
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        found = [e for e in log.show(0, 2**40, decrypt=False) if e.kind == "lookup.talked"]
    assert [dict(each.fields) for each in found] == [{"said": "SPOKE"}], "it is asked once"


def test_what_was_said_of_one_agency_answers_it_too(desk: Desk, asked: str) -> None:
    assert desk.as_ann("mark", asked, "--agency", str(OAK.id), "--spoke").status == 0
    assert "did you speak" not in sign_in_again(desk)


def test_the_lookup_as_a_whole_has_three_answers(desk: Desk, asked: str) -> None:
    told = desk.as_ann("mark", asked, "--number-wrong")
    assert told.status == 2
    assert "--agency" in told.err
    assert desk.as_ann("mark", "0" * 16, "--spoke").status == 4, "it is her own"


# ---- joiners and leavers -------------------------------------------------------------------------


def test_who_left_is_found_and_her_account_ends(
    desk: Desk, gateway_settings: GatewaySettings
) -> None:
    until = ("--role", Role.TEAM_MANAGER.name)
    desk.add("--account", "bob", *until)
    with open_people(gateway_settings) as people:
        assert people.record.signed_in_since(COUNCIL, 0) == {"ann", "bob"}
        assert people.record.signed_in_since(COUNCIL, int(time.time()) + 60) == frozenset()
    assert "There is no such account." in desk.run("account", "list", "--idle-days", "30").err
    assert "There is no such account." in desk.run("account", "list", "--ending-days", "30").err
    assert "bob" in desk.run("account", "list", "--ending-days", "400").out
    assert desk.run("account", "end", "--account", "bob").out == "Ended.\n"
    assert "bob" not in desk.run("account", "list").out
    told = desk.add("--account", "bob", *until)
    assert told.status == 4
    assert "Its name is not given again" in told.err
