"""An officer states what her agency's node is to do, at her own sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.federations import public
from fakes.party_folder import COUNCIL
from fingerpost.private.officers import Act, verified
from fingerpost.protocol.codes import Role
from practitioner.asking.desk import make_passport_key, read_passport_key
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_audit
from unit.practitioner.gateway_desk import PASSWORD, Desk, Said

ABOUT = "9f0c117a2b3c4d5e"


@pytest.fixture
def passport_key(gateway_settings: GatewaySettings) -> Ed25519PrivateKey:
    path = gateway_settings.agency(COUNCIL).passport_key
    make_passport_key(path, COUNCIL)
    return read_passport_key(path)


@pytest.fixture
def officer(desk: Desk, tmp_path: Path) -> Callable[[str, str], Desk]:
    def signed_in(account: str, role: str) -> Desk:
        added = desk.add("--account", account, "--role", role, "--json")
        secret = json.loads(added.out)["secret"]
        own = replace(desk, session=tmp_path / account, secret=secret)
        typed = f"{PASSWORD}\n{pyotp.TOTP(secret).now()}\n"
        told = own.as_ann("sign-in", "--account", account, "--password-stdin", stdin=typed)
        assert told.status == 0, told.err
        return own

    return signed_in


def stating(desk: Desk, out: Path, *more: str) -> Said:
    return desk.as_ann(
        *("officer", "lift", "--about", ABOUT, "--why", "review-4", "--out", str(out), *more)
    )


@pytest.mark.usefixtures("passport_key")
def test_an_officer_states_and_it_is_on_record(
    officer: Callable[[str, str], Desk],
    passport_key: Ed25519PrivateKey,
    gateway_settings: GatewaySettings,
    tmp_path: Path,
) -> None:
    out = tmp_path / "dpo.statement"
    told = stating(officer("dpo-1", "dpo"), out)
    assert told.status == 0, told.err
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        entry = list(log.show(0, 2**40, decrypt=True))[-1]
    assert (entry.kind, entry.fields) == ("officer.stated", {"act": "LIFT", "about": ABOUT})
    said = verified(out.read_bytes(), COUNCIL, public(passport_key), entry.at)
    assert (said.act, said.content.hex(), said.why) == (Act.LIFT, ABOUT, "review-4")
    assert (said.officer, said.role) == ("dpo-1", Role.DPO)
    assert stating(officer("admin-2", "node-admin"), out).status != 0  # the file is there


@pytest.mark.usefixtures("passport_key")
def test_nobody_else_states(officer: Callable[[str, str], Desk], tmp_path: Path) -> None:
    out = tmp_path / "no.statement"
    told = stating(officer("worker-3", "social-worker"), out)
    assert told.status == 4
    assert "data protection officer" in told.err
    assert not out.exists()


def test_what_is_typed_wrong_is_said(desk: Desk, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    wrong = desk.as_ann("officer", "lift", "--about", "9F", "--why", "a", "--out", out)
    assert "16 hexadecimal digits" in wrong.err
