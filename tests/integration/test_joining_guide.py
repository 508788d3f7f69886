"""The guide for a manager whose agency joins: what it says is typed works, and is answered as it
says, in a federation of real processes.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import joining
from benchmarks.joining import Call, Scratch, Step, Strayed, lines_missing, read_page

TEXT = joining.PAGE.read_text("utf-8")
IN_THIS_PROCESS = {
    *("agreements", "enrol", "check", "map", "quality", "status", "shields", "sign-in", "audit"),
}
"""What opens no connection needs no process of its own, which would load the program each time."""


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    with joining.scratch_federation() as made:
        yield made


def _call(words: Sequence[str], typed: str, folder: Path) -> tuple[int, str]:
    if words[1] not in IN_THIS_PROCESS and "--dry-run" not in words:
        return joining.in_a_process(words, typed, folder)
    room = {"fingerpost": "practitioner.cli", "fingerpost-node": "agency_node.cli"}[words[0]]
    with contextlib.chdir(folder):
        done = CliRunner().invoke(importlib.import_module(room).app, list(words[1:]), input=typed)
    return done.exit_code, done.output


@pytest.mark.slow
def test_an_agency_joins_by_the_page_alone(scratch: Scratch) -> None:
    found = joining.follow(TEXT, scratch, _call)
    asked = [command for command, _ in found.by_command if command.startswith("fingerpost ")]
    assert asked == ["fingerpost sign-in", "fingerpost lookup"]
    assert (found.confirmed, found.filled, found.typed) == (11, 4, 10), "docs/measurements.md"


# ---- a page that says other things does not pass -------------------------------------------------

PAGE = "```\nfingerpost-node map oak.csv\n```\n\n```text\nWritten: …\n```\n"


def _showing(status: int, shown: str) -> Call:
    return lambda *_: (status, shown)


class _Nobody(Scratch):
    """A federation of nobody: only where a command is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = self.council = folder
        self.today = datetime.now(UTC).date()

    def before(self, step: Step) -> None:
        pass


def test_a_command_that_fails_or_shows_something_else_is_told(tmp_path: Path) -> None:
    nobody, other = _Nobody(tmp_path), (0, "Nothing was written")
    joining.follow(PAGE, nobody, _showing(0, "Written:\noak.csv.toml\n"))
    for status, shown in (other, (1, "Written: oak.csv.toml"), (2, "Written: x")):
        with pytest.raises(Strayed):
            joining.follow(PAGE, nobody, _showing(status, shown))


def test_a_mapping_that_says_other_things_than_the_proposal_is_told(tmp_path: Path) -> None:
    proposal = 'confirm = ["columns: Adno"]\n[columns]\n"Adno" = "local_id"\n'
    for confirmed, is_right in (
        ('dates = "day-first"\n[columns]\n"Adno" = "local_id"\n', True),
        ('dates = "day-first"\n[columns]\n"Adno" = "upn"\n', False),
        ('dates = "day-first"\n[columns]\n"Roll" = "local_id"\n', False),
        ('[columns]\n"Adno" = "local_id"\n', False),
    ):
        (tmp_path / "oak.csv.toml").write_text(proposal)
        page = f"{PAGE}\n```toml\n{confirmed}```\n"
        with contextlib.nullcontext() if is_right else pytest.raises(Strayed):
            joining.follow(page, _Nobody(tmp_path), _showing(0, "Written: oak.csv.toml"))
            assert (tmp_path / "oak.csv.toml").read_text() == confirmed


def test_every_command_of_the_page_is_followed() -> None:
    words = [step.words[1] for step in read_page(TEXT)]
    assert words == [
        *("enrol", "agreements", "check", "map", "import", "import", "quality", "run", "shields"),
        *("import", "status", "sign-in", "lookup", "audit"),
    ]
    assert all(step.said for step in read_page(TEXT) if step.words[1] not in {"run", "sign-in"})


def test_what_the_screen_says_may_be_broken_into_other_lines() -> None:
    shown = "Whole: every\n row was read. 42  children"
    assert lines_missing(["Whole: every row was read.", "Whole: … 42 children"], shown) == []
    assert lines_missing(["42 rows"], shown) == ["42 rows"]
