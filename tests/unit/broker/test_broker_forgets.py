"""A month of the hash log is forgotten by a command, and the chain still holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker import cli, wiring
from fakes.witnesses import witness_of
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.runtime import settings

CATALOGUE = {"test.event": frozenset[str]()}
MARCH = 1_772_539_200  # 2026-03-03


def test_forgetting_a_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> AuditLog:
        return AuditLog.open(
            tmp_path / "log.sqlite",
            catalogue=CATALOGUE,
            master_key=bytes(range(32)),
            witness=witness_of(tmp_path / "log.sqlite"),
        )

    monkeypatch.setattr(wiring, "open_audit", opened)
    monkeypatch.setattr(settings, "load", lambda *_: None)
    log = opened()
    log.append(
        AuditEvent("test.event", Actor("broker"), OperationId("one"), MARCH, {}, b"a pseudonym")
    )
    log.close()
    given = ["audit", "forget", "--settings", "x", "--by", "dpo", "--why", "ref-1", "--month"]
    assert CliRunner().invoke(cli.app, [*given, "2026-04"]).exit_code != 0
    done = CliRunner().invoke(cli.app, [*given, "2026-03"])
    assert done.exit_code == 0, done.output
    log = opened()
    log.verify().require_whole()
    first, second = log.show(0, 2**40, decrypt=True)
    assert first.forgotten
    assert first.body is None
    assert str(second.actor) == "dpo"
    log.close()
