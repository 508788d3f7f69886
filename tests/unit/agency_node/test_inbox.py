"""The inbox: what the list shows, and that a lookup is opened, and evidence exported, on record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import ENTRY_SHOWN, EXPORTED, AgencyLogs
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Opened
from agency_node.answering.wiring import audit_folder
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fakes.federations import NOW
from fakes.node_records import LONG_KNOWN, an_involvement
from fakes.node_world import COUNCIL, SCHOOL, KnownChildren, NodeWorld, a_child, a_record
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.audit.log import SEARCHED, Actor, AuditLog, Month, OperationId
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.settings import load

CHILDREN = KnownChildren()
YOUNG = replace(LONG_KNOWN, first_seen=int(NOW) - limits.DAY)
TWIN = a_child(forename="Mary", health_number="")
NAME, ACCOUNT = "Siân O’Neill-Brontë", "account-17"
NAMES = (NAME, ACCOUNT, str(COUNCIL), "An agency", "0121 496 0100", "ref-1", "Marigold", "P-17")
WHO = ("--by", "desk.lee", "--why", "daily")
Run = Callable[..., Result]


def opened(
    known: Demographics | None = None, origin: Any = LONG_KNOWN, rows: Any = (), **asked: Any
) -> tuple[Opened, ...]:
    """What the school records of a lookup about Marigold, whose number there is P-17."""
    world = NodeWorld()
    record = replace(a_record(0, known, *rows), origin=origin, local_id="P-17")
    world.put_all({SCHOOL: [record]})
    world.ask(world.query(**{"key_set": KeySet.WIDE, **asked}))
    return CHILDREN.opened([entry for entry in world.entries if entry.agency == SCHOOL])


@pytest.fixture
def settings(tmp_path: Path) -> NodeSettings:
    return load(node_settings_file(tmp_path, (SCHOOL,)), NodeSettings)


@pytest.fixture
def logs(settings: NodeSettings) -> Iterator[AgencyLogs]:
    made = AgencyLogs(audit_folder(settings), KEY, witness_in(settings.state.parent), CHILDREN)
    made.check([SCHOOL])
    yield made
    made.close()


@pytest.fixture
def log(settings: NodeSettings, logs: AgencyLogs) -> Iterator[AuditLog]:
    with closing(open_audit(settings, SCHOOL)) as log:
        yield log


@pytest.fixture
def run(settings: NodeSettings) -> Run:
    def ran(command: str, *words: str, typed: str = "", who: tuple[str, ...] = WHO) -> Result:
        file = str(settings.state.parent / "node.toml")
        arguments = ["inbox", command, "--settings", file, *who, *words]
        return CliRunner().invoke(cli.app, arguments, input=typed, env={"COLUMNS": None})

    return ran


def flat(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return re.sub(r"\s+", " ", result.stdout)


def listed(result: Result) -> list[dict[str, str]]:
    lookups: list[dict[str, str]] = json.loads(result.stdout)["lookups"]
    return lookups


# ---- the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_the_list_names_nobody(logs: AgencyLogs, run: Run, format_: str) -> None:
    logs.opened(opened())
    text = run("list", "--format", format_).stdout
    for part in ("SOCIAL_WORKER", "LOCAL_AUTHORITY", "S47_ENQUIRY", "you were named: 1 pointer"):
        assert part in text
    assert not [name for name in NAMES if name in text]


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        ({"known": TWIN}, "may be known here, nothing disclosed: look at your records"),
        ({"rows": (an_involvement(shielded=True),)}, "known here, nothing disclosed"),
        ({"passport_key": Ed25519PrivateKey.generate()}, "not permitted, nothing disclosed"),
    ],
)
def test_the_list_says_what_a_lookup_came_to(
    logs: AgencyLogs, run: Run, asked: dict[str, Any], outcome: str
) -> None:
    logs.opened(opened(**asked))
    (lookup,) = listed(run("list", "--format", "json"))
    assert lookup["outcome"] == outcome


def test_every_finding_has_words() -> None:
    from agency_node.inbox.lookups import _OUTCOMES

    assert set(_OUTCOMES) == set(Finding)


def test_a_child_is_searched_for_and_still_nobody_is_named(logs: AgencyLogs, run: Run) -> None:
    logs.opened(opened())
    typed = "Marigold\n\nThistlewood\n\n28/2/2015\n\n\n"
    done = run("list", "--ask-child", "--format", "json", typed=typed)
    (lookup,) = listed(done)
    assert lookup["likeness"] == "same"
    assert not [name for name in NAMES if name in done.stdout]
    assert listed(run("list", "--person", ACCOUNT, "--format", "json")) == [
        {**lookup, "likeness": ""}
    ]
    assert listed(run("list", "--person", "somebody-else", "--format", "json")) == []


def test_of_a_forgotten_month_the_list_keeps_what_was_answered(
    logs: AgencyLogs, log: AuditLog, run: Run
) -> None:
    logs.opened(opened())
    late = int(NOW) + 40 * limits.DAY
    log.forget(Month.at(int(NOW)), actor=Actor("dpo"), operation=OperationId("r"), at=late)
    (lookup,) = listed(run("list", "--format", "json"))
    assert (lookup["role"], lookup["outcome"]) == ("forgotten", "you were named: 1 pointer")
    assert "the rest was forgotten with its month" in flat(run("open", "1"))


def test_who_lists_is_recorded(logs: AgencyLogs, log: AuditLog, run: Run) -> None:
    logs.opened(opened())
    run("list")
    *_, last = log.show(0, 2**40, decrypt=False)
    assert (last.kind, str(last.actor), str(last.operation)) == (SEARCHED, "desk.lee", "daily")


# ---- one by one ----------------------------------------------------------------------------------


def test_one_lookup_is_opened_with_everything_an_officer_needs(logs: AgencyLogs, run: Run) -> None:
    logs.opened(opened())
    shown = flat(run("open", "1"))
    for part in (
        f"Asked by {NAME} ({ACCOUNT}), SOCIAL_WORKER, An agency ({COUNCIL})",
        "Ring 0121 496 0100",
        "For S47_ENQUIRY ref-1",
        "About Marigold Thistlewood 2015-02-28",
        "Look at your number P-17, record 0 of import 1: Marigold Thistlewood",
        "Outcome you were named: 1 pointer",
        "Disclosed EDUCATION",
        "Handled opened by desk.lee (daily)",
    ):
        assert part in shown, part


def test_an_opening_is_on_record_before_anything_is_shown(
    logs: AgencyLogs, log: AuditLog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: an officer looks at every name while the disk is full."""
    logs.opened([*opened(), *opened(purpose=Purpose.REFERRAL_TRIAGE)])
    assert run("open", "2").exit_code == 0
    *_, last = log.show(0, 2**40, decrypt=False)
    assert (last.kind, last.fields) == (ENTRY_SHOWN, {"entry": 2})
    assert (str(last.actor), str(last.operation)) == ("desk.lee", "daily")
    handled = [each["handled"] for each in listed(run("list", "--format", "json"))]
    assert handled[0] == ""
    assert handled[1].startswith("opened by desk.lee (daily) 20")

    def full(*_: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr("fingerpost.audit.log.AuditLog.append_many", full)
    done = run("open", "1")
    assert isinstance(done.exception, Defect)
    assert not [name for name in NAMES if name in done.output]


@pytest.mark.parametrize("missing", [WHO[:2], WHO[2:]])
def test_nothing_is_opened_without_a_name_and_a_reason(
    logs: AgencyLogs, run: Run, missing: tuple[str, ...]
) -> None:
    logs.opened(opened())
    done = run("open", "1", who=missing)
    assert done.exit_code == 2
    assert NAME not in done.output


def test_what_is_no_lookup_cannot_be_opened(logs: AgencyLogs, run: Run) -> None:
    logs.opened(opened())
    assert run("list").exit_code == 0  # which is entry 2
    done = run("open", "2")
    assert isinstance(done.exception, Defect)
    assert "is no lookup" in str(done.exception)


def test_where_a_planted_row_opened_it_an_opening_shows_role_kind_and_purpose(
    logs: AgencyLogs, run: Run
) -> None:
    logs.opened(opened(origin=YOUNG))
    done = run("open", "1")
    shown = flat(done)
    assert "Asked by SOCIAL_WORKER at LOCAL_AUTHORITY; name and agency are not shown" in shown
    assert "Why not the record came less than 30 days before" in shown
    assert "For S47_ENQUIRY" in shown
    assert not [name for name in NAMES[:6] if name in done.output]
    revealed = flat(run("open", "1", "--reveal"))
    assert f"Asked by {NAME} ({ACCOUNT}), SOCIAL_WORKER, An agency ({COUNCIL})" in revealed
    assert "Ring 0121 496 0100" in revealed


# ---- evidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_evidence_says_who_asked_and_who_handled_it(
    logs: AgencyLogs, run: Run, tmp_path: Path, format_: str, log: AuditLog
) -> None:
    logs.opened([*opened(), *opened(a_child(), origin=YOUNG)])
    run("open", "1", "--by", "dpo.reed")
    out = tmp_path / "evidence"
    done = run("export", "--person", ACCOUNT, "--format", format_, "--out", str(out))
    assert done.exit_code == 3  # of one lookup it is not shown who asked
    assert done.stdout == ""
    text = out.read_text("utf-8")
    for part in (NAME, ACCOUNT, "ref-1", "opened by dpo.reed"):
        assert part in text, part
    assert out.stat().st_mode & 0o077 == 0
    *_, last = log.show(0, 2**40, decrypt=False)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert (last.kind, last.fields) == (EXPORTED, {"lookups": 1, "sha256": digest})
    assert digest in done.stderr


def test_evidence_is_never_written_over_a_file(logs: AgencyLogs, run: Run, tmp_path: Path) -> None:
    logs.opened(opened())
    out = tmp_path / "evidence"
    out.write_text("of another child")
    assert isinstance(run("export", "--out", str(out)).exception, Defect)
    assert out.read_text() == "of another child"
