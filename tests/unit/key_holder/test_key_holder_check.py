"""``fingerpost-key-holder check``: it opens what the settings name, names what is wrong, and makes
nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fakes.party_folder import NOWHERE, addresses_of, hand_bundle, holder_settings_file
from fakes.repository import listed
from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.membership import bundle
from fingerpost.membership.credentials import make_member_keys
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.files import create_file
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.settings import load
from key_holder import cli
from key_holder.settings import KeyHolderSettings
from key_holder.vault import SEED_BYTES
from key_holder.wiring import open_audit


def enrolled(folder: Path, party: Party = Party.KEY_HOLDER) -> Path:
    """Lay out the folder of an enrolled member, and return the path of its settings."""
    parameters = listed().parameters
    me = Identity(parameters.federation, parameters.key_holders[0], party)
    settings_file = holder_settings_file(folder, NOWHERE)
    hand_bundle(folder, me, addresses_of(parameters))
    make_member_keys(folder / "credentials")
    return settings_file


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return enrolled(tmp_path)


def run(settings_file: Path, *command: str, columns: str | None = None) -> Result:
    arguments = [*command, "--settings", str(settings_file)]
    return CliRunner().invoke(cli.app, arguments, env={"COLUMNS": columns})


def fault(settings_file: Path) -> str:
    """Return what ``check`` finds wrong."""
    found = run(settings_file, "check").exception
    assert isinstance(found, Defect)
    return str(found)


def test_check_opens_everything_and_prints_the_bundles_fingerprint(settings_file: Path) -> None:
    home = settings_file.parent
    create_file(home / "kept" / "vault" / "epoch-1.seed", os.urandom(SEED_BYTES))
    done = run(settings_file, "check")
    assert done.exit_code == 0, done.output
    assert bundle.read_bundle(home / "bundle").fingerprint in done.stdout
    assert not done.stderr
    assert not list((home / "kept" / "data").iterdir())


def test_check_leaves_a_key_alone_that_a_running_holder_is_making(settings_file: Path) -> None:
    """The holder writes a new key under another name first; without it, it could not go on."""
    unfinished = settings_file.parent / "kept" / "vault" / ".epoch-2.seed.0123456789abcdef"
    create_file(unfinished, os.urandom(SEED_BYTES))
    done = run(settings_file, "check")
    assert done.exit_code == 0, done.output
    assert unfinished.exists()


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("audit.key", "^audit_key: .* If it was never made: 32 random bytes, mode 0600$"),
        ("kept/vault", "^vault: the folder .* does not exist; make it, mode 0700$"),
        ("kept/data", "^meter: the folder .* does not exist; make it, mode 0700$"),
        ("bundle", "^places.bundle: .*it comes from the authority$"),
        ("credentials", "^places.credentials: .*`enrol` makes it$"),
    ],
)
def test_check_names_the_wrong_setting(settings_file: Path, missing: str, text: str) -> None:
    (settings_file.parent / missing).rename(settings_file.parent / "elsewhere")
    assert re.search(text, fault(settings_file))


@pytest.mark.parametrize("columns", ["60", "80", "120", None])
def test_who_had_how_much_evaluated_is_shown_with_every_id_whole(
    settings_file: Path, columns: str | None
) -> None:
    member = MemberId("south-east-schools-and-nurseries-hosting")
    log = open_audit(load(settings_file, KeyHolderSettings))
    who, operation, at = Actor.of(member), OperationId("epoch-12"), 1_770_000_000
    fields: dict[str, str | int | bool] = {"epoch": 12, "workload": "LOOKUP", "elements": 32}
    log.append(AuditEvent("key-holder.evaluated", who, operation, at, fields))
    log.close()
    shown = run(settings_file, "audit", "show", columns=columns)
    assert shown.exit_code == 0, shown.output
    for whole in (str(member), "LOOKUP", "2026-02-02 02:40:00"):
        assert whole in shown.stdout


def test_a_legal_hold_stops_a_servers_log_from_being_forgotten(settings_file: Path) -> None:
    """One person sets it, two lift it: one who lifts it alone ends the evidence about herself."""

    def audit(*words: str) -> Result:
        return run(settings_file, "audit", *words, "--by", "jo.reed", "--why", "inquiry-7")

    assert "Legal hold 1 is in force" in audit("hold").stdout
    alone = audit("lift", "--hold", "1", "--second", "jo.reed").exception
    assert isinstance(alone, Defect)
    assert "another person" in str(alone)
    log = open_audit(load(settings_file, KeyHolderSettings))
    assert log.holds() == {1}
    log.close()
    assert audit("lift", "--hold", "1", "--second", "sam.okoro").exit_code == 0
    log = open_audit(load(settings_file, KeyHolderSettings))
    assert log.holds() == frozenset()
    log.close()


def test_a_bundle_of_another_party_is_refused(tmp_path: Path) -> None:
    assert fault(enrolled(tmp_path, Party.BROKER)).startswith("places.bundle: ")


def test_a_key_in_the_vault_that_others_can_read_is_refused(settings_file: Path) -> None:
    seed = settings_file.parent / "kept" / "vault" / "epoch-1.seed"
    create_file(seed, os.urandom(SEED_BYTES))
    seed.chmod(0o644)
    assert fault(settings_file).startswith("vault: ")


def test_an_empty_key_in_the_vault_is_named_with_what_to_do(settings_file: Path) -> None:
    seed = settings_file.parent / "kept" / "vault" / "epoch-1.seed"
    create_file(seed, b"")
    assert "epoch-1.seed is empty: a crash or a full disk left it so. If" in fault(settings_file)


def test_check_refuses_a_key_beside_the_data_unless_it_is_a_trial(settings_file: Path) -> None:
    text = settings_file.read_text()
    settings_file.write_text(text.replace("trial = true", "trial = false"))
    assert "audit_key" in fault(settings_file)
    assert "lies beside the data" in fault(settings_file)
