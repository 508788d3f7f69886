"""The commands by which an officer writes, reads and tries out the agreements of an agency."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import PREVIEWED
from agency_node.answering.pages import Ruled
from agency_node.cli import agreements
from agency_node.cli.agreements_in_use import AT_MOST, in_use, today
from agency_node.cli.rules_shown import RulesShown
from agency_node.policy.store import keep
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fakes.agreements import agreement, rule
from fakes.node_folder import NodeFolder
from fakes.node_world import COUNCIL, MINE, SCHOOL, a_federation, a_record, another_child
from fakes.party_folder import node_settings_file
from fingerpost.runtime.settings import load

Give = Callable[..., Result]


def give(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli.app, ["agreements", *words], input=typed, env={"COLUMNS": "200"})


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.cedar"
    assert give("init", str(path), "--from", str(today()), "--days", "365").exit_code == 0
    return path


# ---- files ---------------------------------------------------------------------------------------


def test_the_ready_set_is_written_once_and_is_sound(draft: Path) -> None:
    said = give("check", str(draft))
    assert said.exit_code == 0
    assert "12 rules, version " in said.output
    assert "nothing about it is remarkable" in said.output
    again = give("init", str(draft), "--from", str(today()), "--days", "365")
    assert again.exit_code != 0


def test_check_says_what_to_look_at(tmp_path: Path) -> None:
    path = tmp_path / "few.cedar"
    path.write_text(rule('principal, action == Action::"S47_ENQUIRY", resource'), "utf-8")
    said = give("check", str(path), "--day", "2026-12-01")
    assert "Nothing is disclosed for CHILD_DEATH." in said.output
    assert "S47_ENQUIRY" not in said.output


def test_check_refuses_what_is_no_agreement(tmp_path: Path) -> None:
    path = tmp_path / "bad.cedar"
    path.write_text(rule('principal, action == Action::"IMMIGRATION", resource'), "utf-8")
    assert give("check", str(path)).exit_code != 0


def test_diff_says_who_gains_and_who_loses(draft: Path, tmp_path: Path) -> None:
    assert "Nothing changes" in give("diff", str(draft), str(draft)).output
    narrower = tmp_path / "narrower.cedar"
    text = draft.read_text("utf-8")
    no_police = rule(
        'principal in AgencyKind::"POLICE", action == Action::"EXPLOITATION", resource',
        id_="no-police",
        effect="forbid",
        first=str(today()),
        last="",
    )
    narrower.write_text(text + no_police, "utf-8")
    said = give("diff", str(draft), str(narrower)).output
    assert "less: the service → nothing" in said
    assert "POLICE: POLICE_PVP" in said
    assert "more: nothing → the service" in give("diff", str(narrower), str(draft)).output


# ---- with the node's settings ------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeFolder:
    made = NodeFolder.create(tmp_path, MINE)
    made.put(SCHOOL, a_record(0, another_child()), a_record(1))
    monkeypatch.setattr(agreements, "kept_list", lambda *_: a_federation())
    return made


def with_settings(home: NodeFolder, command: str, *words: str, typed: str = "") -> Result:
    of = ("--settings", str(home.settings_file), "--agency", str(SCHOOL))
    return give(command, *of, *words, typed=typed)


def test_explain_names_the_rule_and_its_sentence(home: NodeFolder) -> None:
    asks = ("--asking", str(COUNCIL), "--role", "SOCIAL_WORKER", "--purpose", "S47_ENQUIRY")
    said = with_settings(home, "explain", *asks, "--involvement", "EDU_SCHOOL")
    assert said.exit_code == 0
    assert "the service" in said.output
    assert "Rule enquiry permits it" in said.output
    assert "By the signed terms S47_ENQUIRY of SOCIAL_WORKER has the tier SENSITIVE" in said.output
    unknown = with_settings(home, "explain", *asks[:4], "--purpose", "IMMIGRATION")
    assert "IMMIGRATION is none of the closed list" in str(unknown.exception)


def test_explain_says_that_ones_own_are_told(home: NodeFolder) -> None:
    asks = ("--asking", str(SCHOOL), "--role", "DSL", "--purpose", "SAFEGUARDING_CONCERN")
    assert "Your own practitioners are told" in with_settings(home, "explain", *asks).output


def test_without_a_member_list_nothing_is_explained(
    home: NodeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreements, "kept_list", lambda *_: None)
    asks = ("--asking", str(COUNCIL), "--role", "SOCIAL_WORKER", "--purpose", "S47_ENQUIRY")
    assert "no valid member list" in str(with_settings(home, "explain", *asks).exception)


def test_a_preview_without_such_a_child_shows_and_records_nothing(home: NodeFolder) -> None:
    said = with_settings(
        home, "preview", "--by", "dpo.reed", "--why", "review-4", typed="none-such\n"
    )
    assert "no child with this number" in str(said.exception)
    with closing(open_audit(home.settings, SCHOOL)) as log:
        assert not list(log.show(0, 2**40, decrypt=False))


def test_a_preview_is_recorded_before_it_is_shown(
    home: NodeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(1, a_record(1))]
    monkeypatch.setattr(agreements, "_by_own_number", lambda *_: found)
    said = with_settings(home, "preview", "--by", "dpo.reed", "--why", "review-4", typed="4711\n")
    assert said.exit_code == 0, said.output
    assert "SAFEGUARDING_CONCERN" in said.output
    assert "EDUCATION" in said.output
    transfer = [line for line in said.output.splitlines() if "TRANSFER_IN" in line]
    assert transfer
    assert all("nothing" in line for line in transfer)
    with closing(open_audit(home.settings, SCHOOL)) as log:
        (entry,) = log.show(0, 2**40, decrypt=False)
    assert (entry.kind, entry.fields) == (PREVIEWED, {"generation": 1, "record": 1})


def test_a_preview_that_cannot_be_recorded_shows_nothing(
    home: NodeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreements, "_by_own_number", lambda *_: [(1, a_record(1))])
    (home.settings.state / "audit").write_bytes(b"no folder")
    said = with_settings(home, "preview", "--by", "dpo.reed", "--why", "review-4", typed="4711\n")
    assert said.exit_code != 0
    assert "EDUCATION" not in said.output


# ---- as they stand ------------------------------------------------------------


def test_the_agreements_in_use_say_which_agencies_they_silence(tmp_path: Path) -> None:
    settings = load(node_settings_file(tmp_path, MINE), NodeSettings)
    sound = in_use(settings, AT_MOST, today())
    assert (sound.remarks[0][1], list(sound.silent(today()))) == ((), [])
    place = tmp_path / "agreements.cedar"
    place.write_text(rule(last="2026-01-02"), "utf-8")
    late = in_use(settings, AT_MOST, today())
    assert set(late.silent(today())) == set(MINE)
    place.unlink()
    missing = in_use(settings, AT_MOST, today())
    assert set(missing.silent(today())) == set(MINE)
    assert "cannot be read" in missing.remarks[0][1][0]


def test_rules_are_shown_by_the_version_that_decided(tmp_path: Path) -> None:
    held = agreement(rule(id_="first"), rule(id_="second"))
    ruled = Ruled(bytes.fromhex(held.version), (1, 0), 2, (1, 0, 1))
    before = RulesShown(tmp_path).lines(ruled)
    assert before[2] == "by rule 2, rule 1"
    keep(tmp_path, held)
    assert RulesShown(tmp_path).lines(ruled) == [
        "EDUCATION, ring our duty desk",
        "2 withheld by the agreement",
        "by second, first",
        f"agreement {held.version[:8]}",
    ]
    assert RulesShown(tmp_path).lines(Ruled()) == []
