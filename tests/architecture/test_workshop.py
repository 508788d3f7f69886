"""The workshop does what it says: the commands that a package installs exist, the scripts parse."""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.main import get_group

from coverage_floors import Measured, below, floor, idle

TREE = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
SCRIPTS = [TREE / ".ci" / "run", *sorted((TREE / "deploy").rglob("*.sh"))]


@pytest.mark.parametrize("command", sorted(PROJECT["scripts"]))
def test_a_command_leads_to_something_that_can_be_called(command: str) -> None:
    module, _, function = PROJECT["scripts"][command].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_process_reports_its_health_by_the_same_command() -> None:
    commands = {
        program: set(get_group(importlib.import_module(target.partition(":")[0]).app).commands)
        for program, target in PROJECT["scripts"].items()
    }
    processes = {program for program, named in commands.items() if named & {"run", "serve"}}
    assert processes == {program for program, named in commands.items() if "health" in named}
    assert len(processes) == 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(TREE)))
def test_a_script_parses_stops_at_the_first_fault_and_can_be_run(script: Path) -> None:
    text = script.read_text("utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True, timeout=60)


def test_every_target_of_the_makefile_says_what_it_is_for() -> None:
    makefile = (TREE / "Makefile").read_text("utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    explained = set(re.findall(r"^([a-z-]+):.* ## \S", makefile, re.MULTILINE))
    assert phony == explained


def test_every_package_that_is_distributed_says_that_it_is_typed() -> None:
    """PEP 561: a marker in the top-level package, which the wheel carries."""
    assert "py.typed" in PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    packages = PYPROJECT["tool"]["importlinter"]["root_packages"]
    assert [name for name in packages if not (TREE / name / "py.typed").is_file()] == []


def _locked(name: str) -> set[str]:
    lines = (TREE / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
    return {line.removesuffix(" \\") for line in lines if line and line[0] not in "# -"}


def test_the_workshop_runs_with_the_same_versions_as_the_programs() -> None:
    assert _locked("runtime")
    assert _locked("runtime") <= _locked("dev")


def test_a_rule_is_held_to_a_floor_without_being_named() -> None:
    assert floor("key_holder/quota.py")
    assert floor("fingerpost/private/passport.py")
    assert floor("practitioner/present/added_tomorrow.py")
    assert floor("practitioner/upkeep.py")
    assert floor("agency_node/records/upkeep.py") is None
    assert floor("authority/cli/parsing.py") is None


def test_a_file_below_its_floor_is_named_with_what_did_not_run() -> None:
    files = [
        Measured("key_holder/quota.py", 50.0, ("12", "17->19")),
        Measured("key_holder/epochs.py", 100.0, ()),
        Measured("agency_node/records/upkeep.py", 0.0, ("1",)),
    ]
    (line,) = below(files)
    assert line.startswith("key_holder/quota.py: 50.0 %")
    assert line.endswith("12, 17->19")
    assert "fingerpost/private/*.py" in idle(files)
