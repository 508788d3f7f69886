"""What the demonstration prints to be copied is copied whole."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from deploy.demo import run
from deploy.demo.federation import Federation
from deploy.demo.layout import lay_out
from deploy.demo.lookups import Practitioners
from deploy.demo.people import Population
from deploy.demo.processes import Processes
from fingerpost.protocol.codes import Purpose


@pytest.fixture
def federation(tmp_path: Path, population: Population) -> Federation:
    def say(text: str) -> None:
        pass

    return Federation(lay_out(tmp_path), Processes(tmp_path / "logs"), population, say)


def test_commands_to_copy_are_not_broken(federation: Federation) -> None:
    practitioners = Practitioners(federation)
    practitioners.logins.append(
        ("e99000001.hospital", "ed-clinician-1", "password", "SECRET", Purpose.URGENT_CARE)
    )
    screen = io.StringIO()
    practitioners.explain(Console(file=screen, width=40))
    lines = [line.strip() for line in screen.getvalue().splitlines()]
    settings = federation.layout.root / "gateway-1-hospital" / "settings.toml"
    assert f"export FINGERPOST_SETTINGS={settings}" in lines
    assert any(line.endswith("fingerpost sign-in --account ed-clinician-1") for line in lines)
    assert any(line.endswith("fingerpost lookup --purpose URGENT_CARE") for line in lines)
    assert any(line.endswith("""print(pyotp.TOTP("SECRET").now())'""") for line in lines)


def test_before_a_lookup_by_hand_every_stopped_node_runs_again(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    waited: list[str] = []
    monkeypatch.setattr(
        federation.processes, "start", lambda name, *_, health: started.append(name)
    )
    monkeypatch.setattr(federation.processes, "wait_until_healthy", waited.extend)
    run._start_again(federation)
    stopped = {str(s.stop) for s in federation.people.stories if s.stop is not None}
    assert stopped
    assert set(started) == set(waited) == stopped


def test_who_stops_it_sees_no_traceback_and_leaves_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> Population:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "build", stopped)
    monkeypatch.setattr(run, "find_wheel", lambda: tmp_path / "people.whl")
    monkeypatch.setattr("sys.argv", ["run.py"])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run.main() == 130
    assert "The demonstration was stopped." in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
