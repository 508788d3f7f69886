"""``fingerpost-key-holder check``: it opens what the settings name, names what is wrong, and makes nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.membership import bundle
from fingerpost.membership.credentials import make_member_keys
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.files import create_file
from fingerpost.runtime.settings import load
from key_holder import cli
from key_holder.settings import KeyHolderSettings
from key_holder.vault import SEED_BYTES
from key_holder.wiring import open_audit

SETTINGS = """
listen = "127.0.0.1:1"
vault = "vault"
meter = "data/meter.sqlite"
audit = "data/audit.sqlite"
audit_key = "audit.secret"
health = "health.sock"

[places]
bundle = "bundle"
credentials = "credentials"
member_list = "list"
"""


def write_bundle(folder: Path, party: Party) -> bundle.EnrolmentBundle:
    at = bundle.Address("127.0.0.1:1")
    one, other = (bundle.Endpoint(MemberId(f"holder-{name}"), at) for name in ("a", "b"))
    made = bundle.EnrolmentBundle(
        federation=FederationId("pilot"),
        member=one.member,
        party=party,
        addresses=bundle.Addresses(
            issuer=bundle.Endpoint(MemberId("issuer"), at),
            broker=MemberId("broker"),
            broker_nodes=at,
            broker_askers=at,
            key_holders=(one, other),
        ),
        root=b"root",
        certificate_authority=b"authority",
    )
    bundle.write_bundle(folder, made)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("vault", "data"):
        (tmp_path / name).mkdir(mode=0o700)
    make_member_keys(tmp_path / "credentials")
    create_file(tmp_path / "audit.secret", os.urandom(32))
    create_file(tmp_path / "settings.toml", SETTINGS.encode())
    return tmp_path


def test_check_opens_everything_and_prints_the_bundles_fingerprint(home: Path) -> None:
    made = write_bundle(home / "bundle", Party.KEY_HOLDER)
    create_file(home / "vault" / "epoch-1.seed", os.urandom(SEED_BYTES))
    run = CliRunner().invoke(cli.app, ["check", "--settings", str(home / "settings.toml")])
    assert run.exit_code == 0, run.output
    assert made.fingerprint in run.stdout
    assert not run.stderr
    assert not list((home / "data").iterdir())


@pytest.mark.parametrize(
    ("missing", "fault"),
    [
        ("audit.secret", "^audit_key: .* If it was never made: 32 random bytes, mode 0600$"),
        ("vault", "^vault: the folder .* does not exist; make it, mode 0700$"),
        ("data", "^meter: the folder .* does not exist; make it, mode 0700$"),
        ("bundle", "^places.bundle: .*it comes from the authority$"),
        ("credentials", "^places.credentials: .*`enrol` makes it$"),
    ],
)
def test_check_names_the_setting_that_is_wrong(home: Path, missing: str, fault: str) -> None:
    write_bundle(home / "bundle", Party.KEY_HOLDER)
    (home / missing).rename(home / "elsewhere")
    run = CliRunner().invoke(cli.app, ["check", "--settings", str(home / "settings.toml")])
    assert isinstance(run.exception, Defect)
    assert re.search(fault, str(run.exception))


@pytest.mark.parametrize("columns", ["60", "80", "120", None])
def test_who_had_how_much_evaluated_is_shown_with_every_id_whole(
    home: Path, columns: str | None
) -> None:
    where = home / "settings.toml"
    member = MemberId("south-east-schools-and-nurseries-hosting")
    log = open_audit(load(where, KeyHolderSettings))
    log.append(
        AuditEvent(
            "key-holder.evaluated",
            Actor.of(member),
            OperationId("epoch-12"),
            1_770_000_000,
            {"epoch": 12, "workload": "LOOKUP", "elements": 32},
        )
    )
    log.close()
    shown = CliRunner().invoke(
        cli.app, ["audit", "show", "--settings", str(where)], env={"COLUMNS": columns}
    )
    assert shown.exit_code == 0, shown.output
    for whole in (str(member), "LOOKUP", "2026-02-02 02:40:00"):
        assert whole in shown.stdout


def test_a_bundle_of_another_service_is_refused(home: Path) -> None:
    write_bundle(home / "bundle", Party.BROKER)
    run = CliRunner().invoke(cli.app, ["check", "--settings", str(home / "settings.toml")])
    assert isinstance(run.exception, Defect)
    assert str(run.exception).startswith("places.bundle: ")


def test_a_key_in_the_vault_that_others_can_read_is_refused(home: Path) -> None:
    write_bundle(home / "bundle", Party.KEY_HOLDER)
    seed = home / "vault" / "epoch-1.seed"
    create_file(seed, os.urandom(SEED_BYTES))
    seed.chmod(0o644)
    run = CliRunner().invoke(cli.app, ["check", "--settings", str(home / "settings.toml")])
    assert isinstance(run.exception, Defect)
    assert str(run.exception).startswith("vault: ")
