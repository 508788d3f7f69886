"""Two officers lift a shield: what their agency's node takes for it, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import SHIELD_LIFTED, open_log
from agency_node.answering.wiring import audit_folder
from agency_node.cli import officers
from agency_node.importing.wiring import open_shields
from agency_node.settings import NodeSettings
from fakes.node_world import COUNCIL, PASSPORT_KEY, SCHOOL, a_federation
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.private.officers import Act, OfficerRule, state
from fingerpost.protocol.codes import Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.runtime.settings import load

SHE = "A1\nMarigold\n\nThistlewood\n\n28/02/2015\nB99 9ZZ\n999 000 0018\n"
WHY = "review-4"
KEYS = {name: Ed25519PrivateKey.generate() for name in ("dpo-1", "admin-2", "worker-3")}
Signed = Callable[..., tuple[str, ...]]


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a council, which has a gateway; a child is shielded."""
    monkeypatch.setattr(officers, "kept_list", lambda *_: a_federation())
    path = node_settings_file(tmp_path, (COUNCIL,))
    assert run(path, "add", "--by", "jo.reed", "--why", "case-17", typed=SHE).exit_code == 0
    return path


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    """Write a statement, and return the options of a command that takes it."""

    def write(about: str, by: str = "dpo-1", /, **changes: object) -> tuple[str, ...]:
        given: dict[str, object] = {
            "agency": COUNCIL,
            "act": Act.LIFT,
            "content": bytes.fromhex(about),
            "why": WHY,
            "officer": by,
            "role": Role.DPO,
            "officer_key": KEYS[by],
            "passport_key": PASSPORT_KEY,
            "now": int(time.time()),
            **changes,
        }
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.statement"
        path.write_bytes(state(**given))  # type: ignore[arg-type]  # fields by name
        return "--statement", str(path)

    return write


def run(settings_file: Path, *words: str, typed: str = "") -> Result:
    arguments = ["shields", words[0], "--settings", str(settings_file), *words[1:]]
    return CliRunner().invoke(cli.app, arguments, input=typed, env={"COLUMNS": "200"})


def about(settings_file: Path, *words: str, typed: str = "") -> str:
    shown = run(settings_file, "about", *words, typed=typed)
    assert shown.exit_code == 0, shown.exception
    return shown.stdout.split()[-1]


def lift(settings_file: Path, *options: str) -> Result:
    return run(settings_file, "lift", "--shield", "1", "--why", WHY, *options)


def shields_of(settings_file: Path) -> int:
    return len(open_shields(load(settings_file, NodeSettings)).read(COUNCIL).shields)


def test_two_officers_lift_a_shield_each_by_her_own_statement(
    settings_file: Path, signed: Signed
) -> None:
    content = about(settings_file, "--shield", "1")
    admin = signed(content, "admin-2", role=Role.NODE_ADMIN)
    done = lift(settings_file, *signed(content), *admin)
    assert done.exit_code == 0, done.exception
    assert shields_of(settings_file) == 0
    folder = audit_folder(load(settings_file, NodeSettings))
    with closing(open_log(folder, COUNCIL, KEY, witness_in(settings_file.parent))) as log:
        *_, entry = log.show(0, 2**40, decrypt=True)
    assert (entry.kind, str(entry.actor), str(entry.operation)) == (SHIELD_LIFTED, "dpo-1", WHY)
    assert (entry.fields["shield"], entry.fields["second"]) == (1, "admin-2")
    assert len(str(entry.fields["signed"]).split()) == 2


OTHER_KEY = Ed25519PrivateKey.generate()
DAY = 86_400
BAD: dict[str, tuple[dict[str, object], Code | OfficerRule]] = {
    "of another act": ({"act": Act.UNHIDE}, OfficerRule.OTHER),
    "about something else": ({"content": bytes(8)}, OfficerRule.OTHER),
    "for another reason": ({"why": "review-5"}, OfficerRule.OTHER),
    "of another agency": ({"agency": SCHOOL}, OfficerRule.OTHER),
    "a day old": ({"now": int(time.time()) - DAY - 1}, OfficerRule.TIME),
    "of tomorrow": ({"now": int(time.time()) + DAY}, OfficerRule.TIME),
    "vouched for by another": ({"passport_key": OTHER_KEY}, Code.BAD_SIGNATURE),
    "of the same officer": ({"officer": "dpo-1"}, OfficerRule.TWO),
    "of the same officer in capitals": ({"officer": "DPO-1"}, OfficerRule.TWO),
    "of the same sign-in": ({"officer_key": KEYS["dpo-1"]}, OfficerRule.TWO),
}


@pytest.mark.parametrize(("changes", "why"), BAD.values(), ids=BAD)
def test_one_typed_or_borrowed_statement_lifts_nothing(
    settings_file: Path, signed: Signed, changes: dict[str, object], why: Code | OfficerRule
) -> None:
    content = about(settings_file, "--shield", "1")
    second = signed(content, "admin-2", **changes)
    failed = lift(settings_file, *signed(content), *second).exception
    assert isinstance(failed, Refused)
    assert why in (failed.code, failed.rule)
    assert shields_of(settings_file) == 1


def test_names_that_are_typed_lift_nothing_where_officers_can_sign(
    settings_file: Path, signed: Signed
) -> None:
    content = about(settings_file, "--shield", "1")
    for options in (
        ("--by", "dpo-1", "--second", "admin-2"),
        (*signed(content), "--by", "dpo-1", "--second", "admin-2"),
        signed(content),
        (),
    ):
        assert "typed names are not taken" in str(lift(settings_file, *options).exception)
    assert shields_of(settings_file) == 1


def test_without_a_member_list_nothing_is_lifted(
    settings_file: Path, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = about(settings_file, "--shield", "1")
    monkeypatch.setattr(officers, "kept_list", lambda *_: None)
    both = (*signed(content), *signed(content, "admin-2"))
    assert "no valid member list" in str(lift(settings_file, *both).exception)
    assert shields_of(settings_file) == 1


def test_a_statement_is_about_the_shield_as_it_is(settings_file: Path, signed: Signed) -> None:
    """More was learned of the child since."""
    content = about(settings_file, "--shield", "1")
    both = (*signed(content), *signed(content, "admin-2"))
    store = open_shields(load(settings_file, NodeSettings))
    store.change(
        COUNCIL,
        lambda held: type(held)(
            last=held.last, shields=tuple(s.with_form(b"own 9", b"") for s in held.shields)
        ),
    )
    assert isinstance(lift(settings_file, *both).exception, Refused)
    assert shields_of(settings_file) == 1


def test_statements_are_used_once(settings_file: Path, signed: Signed) -> None:
    """The child is hidden anew: yesterday's statements do not show her again."""
    hide = ("hide", "--by", "jo.reed", "--why", "case-18")
    assert run(settings_file, *hide, typed="A7\n").exit_code == 0
    content = about(settings_file, "--hidden", typed="A7\n")
    both = (
        *signed(content, act=Act.UNHIDE),
        *signed(content, "admin-2", act=Act.UNHIDE),
    )
    unhide = ("unhide", "--why", WHY, *both)
    assert run(settings_file, *unhide, typed="A7\n").exit_code == 0
    assert run(settings_file, *hide, typed="A7\n").exit_code == 0
    again = run(settings_file, *unhide, typed="A7\n").exception
    assert isinstance(again, Refused)
    assert again.rule is OfficerRule.USED
    assert len(open_shields(load(settings_file, NodeSettings)).read(COUNCIL).hidden) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.DPO, Role.NODE_ADMIN}))
def test_nobody_else_is_an_officer(signed: Signed, role: Role) -> None:
    with pytest.raises(Refused) as refused:
        signed(bytes(8).hex(), role=role)
    assert refused.value.rule is OfficerRule.ROLE


def test_other_bytes_are_refused(settings_file: Path, tmp_path: Path, signed: Signed) -> None:
    content = about(settings_file, "--shield", "1")
    good = signed(content)
    for data in (b"", b"\x90", bytes(3000), Path(good[1]).read_bytes()[:-1]):
        bad = tmp_path / "bad"
        bad.write_bytes(data)
        failed = lift(settings_file, *good, "--statement", str(bad))
        assert failed.exit_code != 0
    assert shields_of(settings_file) == 1
