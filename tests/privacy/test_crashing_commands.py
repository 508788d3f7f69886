"""A command that crashes reports the type of what happened and nothing else: its text may hold a
child's name.

Attack, and accident: a traceback on a terminal that is photographed for the help desk, or kept in a
scrollback.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from fingerpost.runtime import settings

PROGRAMS = {
    "fingerpost": "practitioner.cli",
    "fingerpost-broker": "broker.cli",
    "fingerpost-key-holder": "key_holder.cli",
    "fingerpost-node": "agency_node.cli",
}
WHO = ("--by", "dpo.reed", "--why", "sar-2026-4")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("command", [["check"], ["health"], ["audit", "show"], ["audit", "verify"]])
def test_a_crash_is_told_by_its_type(
    program: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def broken(*_: Any) -> Any:
        surname = "Umberleigh"
        raise KeyError(surname)

    monkeypatch.setattr(settings, "load", broken)
    recorded = WHO if (program, command[-1]) == ("fingerpost-node", "show") else ()
    words = [program, *command, *recorded, "--settings", str(tmp_path / "x.toml")]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back afterwards
    with pytest.raises(KeyError) as crash:
        importlib.import_module(PROGRAMS[program]).main()
    sys.excepthook(crash.type, crash.value, crash.tb)  # as the interpreter does
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{program}: crashed (KeyError)\n")
