"""Searching an agency's log: who asked about a child known here, and what cannot be searched."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import AgencyLogs
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Opened
from agency_node.answering.wiring import audit_folder
from agency_node.importing.wiring import open_store
from agency_node.inbox.lookups import TOGETHER_SECONDS
from agency_node.records.origin import own_number_of
from agency_node.records.ports import Child
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fakes.federations import NOW
from fakes.node_records import LONG_KNOWN, an_involvement
from fakes.node_world import (
    COUNCIL,
    SCHOOL,
    KnownChildren,
    NodeWorld,
    a_child,
    a_record,
    another_child,
)
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.audit.log import SEARCHED, Actor, AuditLog, BrokenChain, Month, OperationId
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.settings import load

CHILDREN = KnownChildren()
YOUNG = replace(LONG_KNOWN, first_seen=int(NOW) - limits.DAY)
NAME, ACCOUNT = "Siân O’Neill-Brontë", "account-17"
WHO = ("--by", "dpo.reed", "--why", "sar-2026-4")
MARIGOLD = ("Marigold", "", "Thistlewood", "", "28/2/2015", "", "")
"""What an officer types of her, question by question."""


def opened(*known: Demographics, origin: Any = LONG_KNOWN, **asked: Any) -> tuple[Opened, ...]:
    """What the school records of a lookup about Marigold, where it knows these children."""
    world = NodeWorld()
    records = [replace(a_record(n, child), origin=origin) for n, child in enumerate(known)]
    world.put_all({SCHOOL: records})
    world.ask(world.query(**{"key_set": KeySet.WIDE, **asked}))
    return CHILDREN.opened([entry for entry in world.entries if entry.agency == SCHOOL])


@pytest.fixture
def settings(tmp_path: Path) -> NodeSettings:
    return load(node_settings_file(tmp_path, (SCHOOL,)), NodeSettings)


@pytest.fixture
def logs(settings: NodeSettings) -> Iterator[AgencyLogs]:
    folder = audit_folder(settings)
    made = AgencyLogs(folder, KEY, witness_in(settings.state.parent), CHILDREN)
    yield made
    made.close()


@pytest.fixture
def log(settings: NodeSettings, logs: AgencyLogs) -> Iterator[AuditLog]:
    logs.check([SCHOOL])
    with closing(open_audit(settings, SCHOOL)) as log:
        yield log


Search = Callable[..., Result]


@pytest.fixture
def search(settings: NodeSettings) -> Search:
    def searched(*words: str, typed: Sequence[str] = ()) -> Result:
        file = settings.state.parent / "node.toml"
        arguments = ["inbox", "export", "--settings", str(file), *WHO, *words]
        lines = "".join(f"{line}\n" for line in typed)
        return CliRunner().invoke(cli.app, arguments, input=lines, env={"COLUMNS": None})

    return searched


def found(result: Result) -> list[dict[str, str]]:
    """The lookups of a JSON document."""
    lookups: list[dict[str, str]] = json.loads(result.stdout)["lookups"]
    return lookups


# ---- by what -------------------------------------------------------------------------------------


def test_a_lookup_is_found_by_the_child_as_an_officer_knows_her(
    logs: AgencyLogs, search: Search
) -> None:
    logs.opened(opened(a_child()))
    done = search("--ask-child", "--format", "json", typed=MARIGOLD)
    assert done.exit_code == 0, done.output
    (lookup,) = found(done)
    assert (lookup["name"], lookup["account"], lookup["agency"]) == (NAME, ACCOUNT, str(COUNCIL))
    assert (lookup["purpose"], lookup["reference"]) == ("S47_ENQUIRY", "ref-1")
    assert (lookup["finding"], lookup["disclosed"], lookup["likeness"]) == ("match", "1", "same")
    assert lookup["child"].startswith("Marigold Thistlewood 2015-02-28")
    assert "1 lookup found." in done.stderr
    other = search("--ask-child", typed=("Tom", "", "Reed", "", "1/2/2016", "", ""))
    assert other.exit_code == 0
    assert "0 lookups found." in other.stderr
    assert "Marigold" not in other.stdout


def test_a_lookup_that_only_came_near_to_her_record_is_perhaps_about_her(
    logs: AgencyLogs, search: Search
) -> None:
    """Her record was looked at, since her twin was asked about."""
    twin = a_child(forename="Mary", health_number="")
    entries = opened(twin)
    assert [each.finding for each in entries] == [Finding.POSSIBLE.value]
    logs.opened(entries)
    typed = ("Mary", "", "Thistlewood", "", "28/2/2015", "", "")
    (lookup,) = found(search("--ask-child", "--format", "json", typed=typed))
    assert lookup["likeness"] == "perhaps"


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        (("--person", ACCOUNT.upper()), True),
        (("--person", "sian oneill bronte"), True),
        (("--person", "account-18"), False),
        (("--asking", str(COUNCIL)), True),
        (("--asking", "e99000001.another"), False),
        (("--purpose", "s47-enquiry"), True),
        (("--purpose", "CLA_CARE"), False),
        (("--day", f"{datetime.fromtimestamp(NOW, UTC):%Y-%m-%d}"), True),
        (("--day", "2020-01-01"), False),
        (("--since", f"{datetime.fromtimestamp(NOW + 86_400, UTC):%Y-%m-%d}"), False),
        (("--until", f"{datetime.fromtimestamp(NOW, UTC):%Y-%m-%d}"), False),
        (("--person", ACCOUNT, "--purpose", "CLA_CARE"), False),
        ((), True),
    ],
)
def test_all_that_is_given_must_hold(
    logs: AgencyLogs, search: Search, words: tuple[str, ...], is_found: bool
) -> None:
    logs.opened(opened(a_child()))
    done = search(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    assert bool(found(done)) is is_found


def test_a_child_is_found_by_the_agencys_own_number(
    settings: NodeSettings, logs: AgencyLogs, search: Search
) -> None:
    logs.opened(opened(a_child()))
    with closing(open_store(settings)) as records:
        imports = SqlImports(records)
        made = {"as_of": 50, "normalisation_version": 1, "upn": False, "now": 60}
        staged = imports.begin(SCHOOL, bytes(32), **made)  # type: ignore[arg-type]
        rows = [
            Child(
                child,
                (an_involvement(),),
                bytes([n]) * 16,
                imports.mark(SCHOOL, own_number_of(f"P{n}", child)),
                LONG_KNOWN,
            )
            for n, child in enumerate((a_child(), another_child()))
        ]
        imports.add(SCHOOL, staged.number, 0, rows)
        imports.close_staging(SCHOOL, staged.number)
        imports.complete(SCHOOL, staged.number, 70)
    (lookup,) = found(search("--own-number", "--format", "json", typed=("P0",)))
    assert lookup["likeness"] == "same"
    assert found(search("--own-number", "--format", "json", typed=("P1",))) == []
    nobody = search("--own-number", typed=("P7",))
    assert isinstance(nobody.exception, Defect)
    assert "--ask-child" in str(nobody.exception)


def test_an_entry_keeps_the_agencys_own_number_when_the_record_has_changed(
    settings: NodeSettings, logs: AgencyLogs, search: Search
) -> None:
    """An import gives every record another number, and hers has another name by now."""
    (entry,) = opened(a_child())
    CHILDREN.numbered(SCHOOL, "P-17")
    logs.opened([entry])
    renamed = replace(a_child(), forename="Robin", surname="Ashgrove", dob=date(2011, 1, 9))
    with closing(open_store(settings)) as records:
        imports = SqlImports(records)
        made = {"as_of": 50, "normalisation_version": 1, "upn": False, "now": 60}
        own = imports.mark(SCHOOL, own_number_of("P-17", renamed))
        hers = Child(renamed, (an_involvement(),), bytes(16), own, LONG_KNOWN, "P-17")
        numbers = []
        for n in range(2):
            staged = imports.begin(SCHOOL, bytes([n]) * 32, **made)  # type: ignore[arg-type]
            imports.add(SCHOOL, staged.number, 0, [hers])
            imports.close_staging(SCHOOL, staged.number)
            imports.complete(SCHOOL, staged.number, 70)
            numbers.append(staged.number)
        assert entry.generation not in numbers[1:]
    (lookup,) = found(search("--own-number", "--format", "json", typed=("P-17",)))
    assert (lookup["likeness"], lookup["name"]) == ("same", NAME)


def test_too_little_about_a_child_searches_nothing(
    logs: AgencyLogs, log: AuditLog, search: Search
) -> None:
    logs.opened(opened(a_child()))
    done = search("--ask-child", typed=("", "", "Thistlewood", "", "", "", ""))
    assert isinstance(done.exception, Defect)
    assert "Too little was given" in str(done.exception)
    assert SEARCHED not in {entry.kind for entry in log.show(0, 2**40, decrypt=False)}


# ---- one line a lookup ---------------------------------------------------------------------------


def test_two_queries_of_one_lookup_are_one_line(logs: AgencyLogs, search: Search) -> None:
    (near,) = opened(a_child(), reach=Reach.AREA)
    (far,) = opened(a_child(), key_set=KeySet.NARROW, reach=Reach.AREA_AND_NEIGHBOURS)
    later = replace(near, at=near.at + TOGETHER_SECONDS + 1)
    logs.opened([near, far, later])
    lookups = found(search("--format", "json"))
    assert [lookup["entries"] for lookup in lookups] == ["1 2", "3"]
    assert lookups[0]["reach"] == "AREA AREA_AND_NEIGHBOURS"
    assert lookups[0]["queries"].split() == [near.query.hash.hex(), far.query.hash.hex()]


def test_the_same_question_asked_again_is_another_lookup(logs: AgencyLogs, search: Search) -> None:
    (one,) = opened(a_child())
    (again,) = opened(a_child())
    logs.opened([one, again])
    assert [lookup["entries"] for lookup in found(search("--format", "json"))] == ["1", "2"]


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_each_format_has_one_line_a_lookup(logs: AgencyLogs, search: Search, format_: str) -> None:
    logs.opened([*opened(a_child()), *opened(a_child(), purpose=Purpose.REFERRAL_TRIAGE)])
    done = search("--format", format_)
    assert done.exit_code == 0, done.output
    lines = [line for line in done.stdout.splitlines() if ACCOUNT in line]
    assert len(lines) == 2
    for line, purpose in zip(lines, ("S47_ENQUIRY", "REFERRAL_TRIAGE"), strict=True):
        assert purpose in line
        assert "Marigold Thistlewood" in line


def test_a_name_runs_nothing_in_a_spreadsheet(logs: AgencyLogs, search: Search) -> None:
    """Attack: the requester's child is called by a formula."""
    (entry,) = opened(a_child())
    asked = entry.query.asked
    assert asked is not None
    named = write_demographics(a_child(forename='=HYPERLINK("http://x.example"'))
    changed = msgspec.structs.replace
    query = changed(entry.query, asked=changed(asked, written_child=named))
    logs.opened([replace(entry, query=query)])
    text = search("--format", "csv").stdout
    (header, row) = csv.reader(io.StringIO(text.lstrip("\ufeff")))
    assert dict(zip(header, row, strict=True))["child"].startswith("'=HYPERLINK")


# ---- what cannot be searched ---------------------------------------------------------------------


def test_who_is_hidden_is_not_searched_and_that_is_said(logs: AgencyLogs, search: Search) -> None:
    """Attack: an officer finds out by searching who asked, where a reason is to be recorded for
    each entry."""
    logs.opened(opened(a_child(), origin=YOUNG))
    for words in (("--person", ACCOUNT), ("--person", NAME), ("--asking", str(COUNCIL))):
        done = search(*words, "--format", "json")
        assert done.exit_code == 3
        assert found(done) == []
        assert json.loads(done.stdout)["not_searched"] == {"not_shown": 1}
        assert "1 lookup could not be searched" in done.stderr
    by_child = search("--ask-child", "--format", "json", typed=MARIGOLD)
    assert by_child.exit_code == 0
    (lookup,) = found(by_child)
    assert (lookup["name"], lookup["agency"], lookup["reference"]) == ("not shown",) * 3
    assert lookup["purpose"] == "S47_ENQUIRY"
    everything = json.dumps(found(by_child))
    assert not any(secret in everything for secret in (ACCOUNT, "Brontë", str(COUNCIL), "ref-1"))


def test_a_forgotten_month_is_not_searched_and_that_is_said(
    logs: AgencyLogs, log: AuditLog, search: Search
) -> None:
    logs.opened(opened(a_child()))
    late = int(NOW) + 40 * limits.DAY
    log.forget(Month.at(int(NOW)), actor=Actor("dpo"), operation=OperationId("r"), at=late)
    done = search("--ask-child", typed=MARIGOLD)
    assert done.exit_code == 3
    assert "1 lookup could not be searched: of a month that was forgotten." in done.stderr
    assert search("--asking", "e99000001.another").exit_code == 0, "its agency is still known"
    (lookup,) = found(search("--asking", str(COUNCIL), "--format", "json"))
    assert (lookup["agency"], lookup["child"]) == (str(COUNCIL), "forgotten")


def test_what_was_not_believed_is_not_searched_and_that_is_said(
    logs: AgencyLogs, search: Search
) -> None:
    logs.opened(opened(a_child(), passport_key=Ed25519PrivateKey.generate()))
    done = search("--ask-child", typed=MARIGOLD)
    assert done.exit_code == 3
    assert "not verified" in done.stderr
    (lookup,) = found(search("--format", "json"))
    assert lookup["name"] == "not verified (bad_passport)"


# ---- recorded, and of a whole log ----------------------------------------------------------------


def test_a_search_is_recorded_first_with_who_and_why(
    logs: AgencyLogs, log: AuditLog, search: Search
) -> None:
    logs.opened(opened(a_child()))
    search("--ask-child", "--person", ACCOUNT, typed=MARIGOLD)
    log.verify().require_whole()
    *_, searched = log.show(0, 2**40, decrypt=True)
    assert (searched.kind, searched.fields) == (SEARCHED, {"by": "person child"})
    assert (str(searched.actor), str(searched.operation)) == ("dpo.reed", "sar-2026-4")
    body = json.loads(searched.body or b"")
    assert body["person"] == ACCOUNT
    assert (body["child"]["surname"], body["child"]["dob"]) == ("Thistlewood", "2015-02-28")


def test_what_cannot_be_recorded_is_not_searched(
    logs: AgencyLogs, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.opened(opened(a_child()))

    def full(*_: object, **__: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr("fingerpost.audit.log.AuditLog.record_search", full)
    done = search()
    assert isinstance(done.exception, Defect)
    assert NAME not in done.output


@pytest.mark.parametrize("missing", ["--by", "--why"])
def test_without_a_name_and_a_reason_nothing_is_searched(
    logs: AgencyLogs, settings: NodeSettings, missing: str
) -> None:
    logs.opened(opened(a_child()))
    file = settings.state.parent / "node.toml"
    place = WHO.index(missing)
    given = [word for n, word in enumerate(WHO) if n not in (place, place + 1)]
    done = CliRunner().invoke(cli.app, ["inbox", "export", "--settings", str(file), *given])
    assert done.exit_code == 2
    assert NAME not in done.output


def test_a_log_of_which_an_entry_was_taken_out_gives_no_answer(
    logs: AgencyLogs, search: Search, settings: NodeSettings
) -> None:
    """Attack: the one lookup is removed of which the parent asks."""
    logs.opened([*opened(a_child()), *opened(a_child()), *opened(a_child())])
    logs.close()
    with closing(sqlite3.connect(audit_folder(settings) / f"{SCHOOL}.sqlite")) as connection:
        connection.execute("DROP TRIGGER audit_entry_no_delete")
        connection.execute("DELETE FROM audit_entry WHERE seq = 2")
        connection.commit()
    done = search("--day", f"{datetime.fromtimestamp(NOW, UTC):%Y-%m-%d}")
    assert isinstance(done.exception, BrokenChain)
    assert done.exception.seq == 2


@pytest.mark.parametrize("command", ["list", "export"])
def test_a_childs_details_are_never_options(command: str) -> None:
    told = CliRunner().invoke(cli.app, ["inbox", command, "--help"], env={"COLUMNS": "200"}).output
    for field in ("--forename", "--surname", "--dob", "--postcode", "--local-id"):
        assert field not in told
