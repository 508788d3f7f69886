"""No command leaves its memory behind when it dies: in a fresh process, as each is imported from a
shell.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


LIMITS = "print(*resource.getrlimit(resource.RLIMIT_CORE))\n"
ALLOWED = resource.getrlimit(resource.RLIMIT_CORE)[1]
"""What this process may still allow those that it starts; not 0 where a shell allows any."""


def run(code: str, soft: int, hard: int) -> list[str]:
    """What it says, in a process that its shell gave these limits."""
    before = f"import resource; resource.setrlimit(resource.RLIMIT_CORE, ({soft}, {hard}))\n"
    command = [sys.executable, "-W", "error", "-c", before + code]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout.split()


@pytest.mark.skipif(ALLOWED == 0, reason="no process here may dump a core, whatever it does")
@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_importing_a_command_forbids_them(script: str) -> None:
    """The limit is 1, which is no core and no crash reporter either; 0 would be no core only."""
    module = SCRIPTS[script].partition(":")[0]
    assert run(f"import {module}\n{LIMITS}", 0, ALLOWED) == ["1", "1"]


def test_a_limit_of_the_unit_stands() -> None:
    assert run(f"import fingerpost.runtime\n{LIMITS}", 0, 0) == ["0", "0"]
