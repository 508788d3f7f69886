"""The page for newcomers is true: its files, put through its commands, show what it shows."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from agency_node.match_tool import cli
from agency_node.match_tool.tables import COLUMNS, Note
from unit.agency_node.match_tool.match_children import EVALUATION_NAMES

PAGE = Path(__file__).resolve().parents[4] / "docs" / "matching-tools.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
FILES = dict(re.findall(r"^`(\w+\.csv)`[^\n]*:\n\n```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
COMMANDS = [
    line for block in BLOCKS for line in block.splitlines() if line.startswith("fingerpost-match ")
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.mark.parametrize("command", [line for line in COMMANDS if "--typed" not in line])
def test_a_command_runs_on_the_files_of_the_page(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    if " evaluate " in command:
        (example,) = (block for block in BLOCKS if block.startswith("Left:"))
        wanted = [" ".join(line.split()) for line in example.splitlines()]
        assert shown[: len(wanted)] == wanted
        assert (folder / "figures.json").is_file()


def test_the_page_has_three_files_and_a_command_of_each_kind() -> None:
    assert set(FILES) == {"left.csv", "right.csv", "truth.csv"}
    assert {line.split()[1] for line in COMMANDS} == {"evaluate", "explain", "dedupe"}


def test_the_page_names_every_column_and_every_note() -> None:
    for name in (*COLUMNS, *(note.value for note in Note)):
        assert f"`{name}`" in TEXT


@pytest.mark.parametrize("name", EVALUATION_NAMES)
def test_the_page_explains_every_name_of_the_json(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_the_python_of_the_page_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = (block for block in BLOCKS if block.startswith("from agency_node"))
    names = {"left": folder / "left.csv", "right": folder / "right.csv"}
    exec(compile(code, "page", "exec"), names)  # noqa: S102 (our own page)
    assert capsys.readouterr().out == "1.0 0.4 0.6666666666666666\n"
