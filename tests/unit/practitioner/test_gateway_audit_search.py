"""Searching what an agency's own people asked."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.gateway_outcomes import large
from fakes.justified import justified
from fakes.party_folder import COUNCIL
from fingerpost.audit.log import SEARCHED, Actor, Month, OperationId
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, WideningReason
from fingerpost.protocol.errors import Defect
from practitioner.asking.audit import AskedBy, read_asked
from practitioner.asking.outcome import Widened
from practitioner.asking.second_persons import Left, Requested, Requester, SignedOut
from practitioner.settings import GatewaySettings
from practitioner.wiring import People, open_audit
from unit.practitioner.gateway_desk import QUESTION, THESSALY, Desk, Said, ann

NOW = 1_800_000_000  # 2027-01-15 08:00 UTC
DAY = ("--day", "2027-01-15")
SESSION = ann(NOW - 60)
BOB = replace(SESSION, subject="Bob.Jones", name="Bob Jones")
WHY = ("--why", "sar-2027-1")
CHILD = {"forename": "Thessaly", "surname": "Umberleigh", "dob": "2017-03-09"}
OTHER = replace(
    QUESTION,
    demographics=Demographics(forename="Oswin", surname="Tarrowby", dob=THESSALY.dob),
)


async def asked(people: People) -> None:
    """Three lookups: Ann's about Thessaly, which Bob widens; and one about another child, of whom
    nobody could be asked."""
    record = people.record
    await record.asked(SESSION, QUESTION, "00000000000000a1", NOW, None)
    await record.sent(COUNCIL, "00000000000000a1", b"\1" * 32, NOW + 1)
    await record.asked(BOB, OTHER, "00000000000000b2", NOW + 2, None)
    await record.sent(COUNCIL, "00000000000000a1", b"\2" * 32, NOW + 3)
    await record.ended(COUNCIL, "00000000000000a1", large(gaps=4), NOW + 4)
    await record.failed(COUNCIL, "00000000000000b2", "quota", NOW + 5)
    again = Widened("00000000000000a1", WideningReason.RECENT_MOVE)
    await record.asked(BOB, QUESTION, "00000000000000c3", NOW + 60, again)
    await record.stopped(COUNCIL, "00000000000000c3", 1, NOW + 61)


def search(desk: Desk, *words: str, **how: Any) -> Said:
    return desk.run("audit", "search", *WHY, *words, **how)


def found(said: Said) -> list[dict[str, str]]:
    lookups: list[dict[str, str]] = json.loads(said.out)["lookups"]
    return lookups


async def test_a_lookup_is_one_line_with_all_that_became_of_it(desk: Desk, people: People) -> None:
    await asked(people)
    said = search(desk, "--format", "json", *DAY)
    assert said.status == 0, said.err
    ended, failed, stopped = found(said)
    assert ended == {
        "lookup": "00000000000000a1",
        "at_utc": "2027-01-15 08:00:00",
        "account": "ann",
        "name": "Ann Smith",
        "role": "SOCIAL_WORKER",
        "purpose": "EXPLOITATION",
        "reference": "ref-1",
        "child": "Thessaly Umberleigh 2017-03-09 AB1 2CD",
        "likeness": "",
        "reach": "NAMED",
        "widened": "",
        "after": "",
        "result": "41 of 45 answered",
        "queries": f"{'01' * 32} {'02' * 32}",
    }
    assert (failed["account"], failed["result"]) == ("Bob.Jones", "nobody asked (quota)")
    assert (stopped["widened"], stopped["after"]) == ("RECENT_MOVE", "00000000000000a1")
    assert stopped["result"] == "stopped, asked"


async def test_what_states_a_reference_of_no_case_is_found(
    desk: Desk, people: People, tmp_path: Path
) -> None:
    """Attack: a reference of the right form that was made up."""
    await asked(people)
    file = tmp_path / "references.txt"
    for text, operations in (("REF-1\r\nref-2\r\n", []), ("\ufeffref-2", ["a1", "b2", "c3"])):
        file.write_text(text, "utf-8")
        said = search(desk, "--format", "json", "--not-among", str(file))
        assert said.status == 0, said.err
        assert [lookup["lookup"][-2:] for lookup in found(said)] == operations
    for content in (b"\n \n", b"\xff\xfe"):
        file.write_bytes(content)
        assert "--not-among" in search(desk, "--not-among", str(file)).err


@pytest.mark.parametrize(
    ("words", "operations"),
    [
        (("--person", "bob.jones"), ["b2", "c3"]),
        (("--person", "jones"), ["b2", "c3"]),
        (("--person", "Smith Ann"), ["a1"]),
        (("--person", "nobody"), []),
        (("--purpose", "EXPLOITATION"), ["a1", "b2", "c3"]),
        (("--purpose", "CLA_CARE"), []),
        (("--until", "2027-01-15T08:01"), ["a1", "b2"]),
        (("--since", "2027-01-15T08:01"), ["c3"]),
        (("--day", "2027-01-14"), []),
    ],
)
async def test_all_that_is_given_must_hold(
    desk: Desk, people: People, words: tuple[str, ...], operations: list[str]
) -> None:
    await asked(people)
    said = search(desk, "--format", "json", *words)
    assert said.status == 0, said.err
    assert [lookup["lookup"][-2:] for lookup in found(said)] == operations


async def test_the_child_comes_from_standard_input_and_is_met_as_in_a_lookup(
    desk: Desk, people: People
) -> None:
    await asked(people)
    said = search(desk, "--child", "-", "--format", "json", stdin=json.dumps(CHILD))
    assert said.status == 0, said.err
    assert [lookup["lookup"][-2:] for lookup in found(said)] == ["a1", "c3"]
    assert {lookup["likeness"] for lookup in found(said)} == {"same"}
    little = json.dumps({"surname": "Umberleigh"})
    assert search(desk, "--child", "-", stdin=little).status == 2
    both = search(desk, "--child", "-", "--ask-child", stdin=json.dumps(CHILD))
    assert both.status == 2


async def test_the_child_can_be_asked_for(desk: Desk, people: People) -> None:
    await asked(people)
    typed = "\n".join(["Thessaly", "", "Umberleigh", "9 Mar 2017", *[""] * 12])
    said = search(desk, "--ask-child", "--format", "json", stdin=typed)
    assert said.status == 0, said.err
    assert [lookup["lookup"][-2:] for lookup in found(said)] == ["a1", "c3"]


async def test_a_request_for_approval_is_found_too(desk: Desk, people: People) -> None:
    """Her details were typed here, whether or not anybody was asked."""
    requester = Requester(SESSION.subject, SESSION.name, SESSION.role)
    for number in ("00000000000000d4", "00000000000000e5"):
        people.record.requested(SESSION, Requested(number, requester, QUESTION, NOW))
    people.record.declined(BOB, "00000000000000d4", NOW + 5)
    said = search(desk, "--child", "-", "--format", "json", stdin=json.dumps(CHILD))
    assert [(each["lookup"][-2:], each["result"]) for each in found(said)] == [
        ("d4", "request: declined"),
        ("e5", "request: not decided"),
    ]


async def test_a_forgotten_month_is_not_searched_by_child_and_that_is_said(
    desk: Desk, people: People, gateway_settings: GatewaySettings
) -> None:
    await asked(people)
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        log.forget(
            Month.at(NOW),
            actor=Actor("dpo"),
            operation=OperationId("r"),
            at=NOW + 40 * limits.DAY,
        )
    said = search(desk, "--child", "-", stdin=json.dumps(CHILD))
    assert said.status == 3
    assert "0 lookups found. 3 lookups could not be searched: of a month" in said.err
    by_account = search(desk, "--person", "ann", "--format", "json")
    assert by_account.status == 3, "a name may have been the one"
    assert [lookup["name"] for lookup in found(by_account)] == ["forgotten"]
    assert search(desk, "--purpose", "CLA_CARE").status == 0


async def test_a_search_is_recorded_first_and_holds_the_child_in_its_body_alone(
    desk: Desk, people: People, gateway_settings: GatewaySettings
) -> None:
    await asked(people)
    search(desk, "--child", "-", stdin=json.dumps(CHILD))
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        log.verify().require_whole()
        *_, searched = log.show(0, 2**40, decrypt=True)
    assert (searched.kind, searched.fields) == (SEARCHED, {"by": "child"})
    assert str(searched.actor).startswith("os-user:")
    assert str(searched.operation) == "sar-2027-1"
    assert json.loads(searched.body or b"")["child"]["surname"] == "Umberleigh"
    shown = desk.run("audit", "show", "--decrypt", "--why", "sar-2026-4")
    assert shown.status == 0
    assert "audit.searched" in shown.out
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        *_, recorded = log.show(0, 2**40, decrypt=False)
    assert (recorded.kind, recorded.fields) == (SEARCHED, {"by": "time"})
    assert str(recorded.operation) == "sar-2026-4"


def test_nobody_is_shown_before_a_reason_is_given(desk: Desk) -> None:
    assert "--why" in desk.run("audit", "show", "--decrypt").err
    assert desk.run("audit", "show").status == 0


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
async def test_each_format_has_one_line_a_lookup(desk: Desk, people: People, format_: str) -> None:
    await asked(people)
    said = search(desk, "--format", format_, columns=None)
    assert said.status == 0, said.err
    lines = [line for line in said.out.splitlines() if "EXPLOITATION" in line]
    assert [line.count("00000000000000") for line in lines] == [1, 1, 2]
    if format_ == "csv":
        header, *rows = csv.reader(io.StringIO(said.out.lstrip("\ufeff")))
        assert len(rows) == 3
        assert rows[0][header.index("result")] == "41 of 45 answered"


async def test_a_table_is_not_cut_but_refused(
    desk: Desk, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked(people)
    monkeypatch.setattr("fingerpost.membership.search_commands.TABLE_ROWS", 2)
    said = search(desk)
    assert (said.status, said.out) == (2, "")
    assert "more than 2 lookups" in said.err
    assert search(desk, "--format", "csv").status == 0


def test_the_childs_details_are_never_options(desk: Desk) -> None:
    told = desk.program("audit", "search", "--help", columns="200").out
    for field in ("--forename", "--surname", "--dob", "--postcode"):
        assert field not in told


async def test_what_the_log_says_to_a_second_person_leaves_out_what_needs_none(
    people: People,
) -> None:
    """A lookup for a purpose that takes no second person afterwards is no business of hers."""
    await asked(people)
    record, number = people.record, "00000000000000f6"
    plain = replace(QUESTION, justification=justified(Purpose.S17_ASSESSMENT))
    await record.asked(SESSION, plain, number, NOW + 70, None)
    await record.sent(COUNCIL, number, b"\3" * 32, NOW + 71)
    record.signed_out(COUNCIL, SESSION.subject, NOW + 72)
    happened = record.happened(COUNCIL, NOW + 70, NOW + 100)
    assert happened == (Left(number), SignedOut(SESSION.subject))


def test_an_entry_of_another_form_is_a_defect_and_one_that_is_read_shows_nobody() -> None:
    body = AskedBy("ann", "Ann Smith", "SOCIAL_WORKER", "ref-1", (), b"", b"")
    assert read_asked(msgspec.json.encode(body)) == body
    assert repr(body) == "AskedBy(…)"
    with pytest.raises(Defect, match="another form"):
        read_asked(b"{}")
