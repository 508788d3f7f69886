"""A gateway's accounts, audit and outcomes on the disk, without a federation."""

from __future__ import annotations

import io
import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.gateway_outcomes import large
from fakes.party_folder import gateway_settings_file
from fingerpost.runtime.files import create_file
from fingerpost.runtime.settings import load
from practitioner.asking.outcome import Question
from practitioner.cli import main
from practitioner.settings import GatewaySettings
from practitioner.wiring import People, open_people
from unit.practitioner.gateway_desk import Desk, Run, Said, answer_with


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return gateway_settings_file(tmp_path / "gateway")


@pytest.fixture
def gateway_settings(settings_file: Path) -> GatewaySettings:
    found = load(settings_file, GatewaySettings)
    for key in (found.account_key, found.outcome_key, found.audit_key):
        with suppress(FileExistsError):
            create_file(key, secrets.token_bytes(32))
    return found


@pytest.fixture
def people(gateway_settings: GatewaySettings) -> Iterator[People]:
    with open_people(gateway_settings) as opened:
        yield opened


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str, stdin: str = "", columns: str | None = "100") -> Said:
        monkeypatch.setattr(sys, "argv", ["fingerpost", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back afterwards
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns is not None:
            monkeypatch.setenv("COLUMNS", columns)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        status = ended.value.code
        return Said(status if isinstance(status, int) else 0, told.out, told.err)

    return call


@pytest.fixture
def empty(run: Run, settings_file: Path, gateway_settings: GatewaySettings) -> Desk:
    """A gateway with keys and without an account."""
    return Desk(run, settings_file, settings_file.parents[1] / "session")


@pytest.fixture
def desk(empty: Desk) -> Desk:
    """A gateway with keys and Ann's account."""
    made = empty.add("--json")
    assert made.status == 0
    return replace(empty, secret=json.loads(made.out)["secret"])


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """Lookups end with an outcome of 45 agencies, kept as the client keeps it; returns the
    questions asked."""
    return answer_with(monkeypatch, large(gaps=4))
