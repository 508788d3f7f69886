"""``fingerpost-node desks``: a directory by itself, who is on duty in it, and what is stale."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agency_node.cli import app
from agency_node.importing.sources.desk_list import ListedDesk
from fakes.node_records import an_involvement
from fakes.node_world import COUNCIL, MINE
from fakes.party_folder import node_settings_file
from fingerpost.protocol.codes import Kind
from fingerpost.protocol.desk_list import read_desks

DIRECTORY = (
    "team,desk_phone,hours,desk,duty_phone,duty_hours,ooh_phone,worker_name,worker_until\n"
    "North,01632 960110,Mon-Fri 9am-5pm,team,01632 960150,daily 8am-10pm,01632 960199,,\n"
    "South,01632 960120,Mon-Fri 9am-5pm,worker,01632 960150,,01632 960199,Ms Quill,2026-06-30\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return node_settings_file(tmp_path, MINE)


def run(settings: Path, text: str, *words: str) -> Result:
    file = settings.parent / "desks.csv"
    file.write_text(text, "utf-8")
    given = ("desks", str(file), "--settings", str(settings), "--agency", str(COUNCIL), *words)
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, given)


def test_who_is_on_duty_at_a_time_and_who_has_left(settings: Path) -> None:
    by_day = run(settings, DIRECTORY, "--at", "2026-11-24T12:00")
    assert by_day.exit_code == 3, by_day.output
    north, south = (
        next(line for line in by_day.output.splitlines() if f" {team} " in line)
        for team in ("North", "South")
    )
    assert "01632 960110" in north
    assert "Tue 17:00" in north
    assert "01632 960120" not in south
    assert "01632 960150" in south
    assert "line 3: practitioner left on 2026-06-30" in by_day.output
    assert "Ms Quill" not in by_day.output
    assert "2 desks, 1 with something stale" in by_day.output
    at_night = run(settings, DIRECTORY, "--at", "2026-12-25T02:00").output
    assert at_night.count("01632 960199") == 2
    assert "Fri 08:00" in at_night


def test_a_list_of_desks_is_written_without_practitioners(settings: Path) -> None:
    out = settings.parent / "own.json"
    fresh = DIRECTORY.replace("2026-06-30", "2030-06-30")
    assert run(settings, fresh, "--at", "2026-11-24T12:00", "--out", str(out)).exit_code == 0
    found = read_desks(out.read_bytes())
    assert (found.agency, found.as_of) == (str(COUNCIL), date(2026, 11, 24))
    assert [desk.name for desk in found.desks] == ["North", "South"]
    assert found.desks[0].hours == "Mon–Fri 09:00–17:00"
    assert "Quill" not in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (DIRECTORY, ("--at", "tonight"), "--at: expected a day and a time"),
        ("team,worker_until\nNorth,2026-06-30\n", (), "does not say whose"),
        ("desk_phone,hours\n01632 960110,\n", (), "Not exactly one column"),
    ],
)
def test_what_cannot_be_read_is_refused(
    settings: Path, text: str, words: tuple[str, ...], said: str
) -> None:
    found = run(settings, text, *words)
    assert found.exit_code != 0
    assert said in found.output + str(found.exception)


def test_a_desk_that_is_staffed_no_more_is_told_without_its_practitioner() -> None:
    ended = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
    row = an_involvement(Kind.GP, staffed_until=ended, worker_name="Ms Quill")
    desk = ListedDesk(2, "North", row)
    assert desk.stale(date(2026, 7, 1)) == "desk not staffed since 2026-06-30"
    assert desk.stale(date(2026, 6, 30)) == ""
    assert repr(desk) == "ListedDesk(line 2)"
