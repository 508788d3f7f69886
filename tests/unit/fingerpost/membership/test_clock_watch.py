"""What an operator learns of a wrong clock: in the log at once, and by ``status`` of another
process.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.repository import DAY, listed
from fingerpost.membership import commands
from fingerpost.membership.clock_watch import (
    CLOCK_EVENTS,
    STILL_SECONDS,
    ClockWatch,
    disagreement,
    duration,
    read_word,
    told,
)
from fingerpost.membership.membership import Places
from fingerpost.membership.trusted_time import TrustedTime
from fingerpost.runtime import logs

LIST = listed(NOW)
WAITS = "OPRF keys"


class Watched:
    """A process on a clock that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(NOW)
        self.time = TrustedTime(self.clock)
        self.log = io.StringIO()
        log = logs.configure("test", CLOCK_EVENTS, strict=True, stream=self.log)
        self.watch = ClockWatch(self.time, self.clock, log, folder)
        self.sign(NOW)

    def sign(self, at: float) -> None:
        self.time.note(replace(LIST, signed_at=at))

    async def text(self) -> str:
        await self.watch.look()
        return "\n".join(told(read_word(self.folder), self.clock.now(), WAITS))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


async def test_while_all_is_well_one_line_is_said_and_nothing_is_logged(watched: Watched) -> None:
    text = await watched.text()
    assert text == "Clock: agrees with the issuer's, which last signed at 2027-01-15 08:00:00 UTC."
    assert watched.log.getvalue() == ""


async def test_a_clock_that_is_100_days_ahead(watched: Watched) -> None:
    await watched.text()
    watched.clock.step_wall(100 * DAY)
    text = await watched.text()
    assert "THIS MACHINE'S CLOCK IS WRONG. It jumped, and is 100 days ahead of" in text
    assert "since 2027-04-25 08:00:00 UTC" in text
    assert "Nothing is destroyed (OPRF keys) that is due after 2027-01-15 08:00:00 UTC." in text
    await watched.text()
    assert watched.log.getvalue().count('"clock.wrong"') == 1
    watched.clock.step_wall(-100 * DAY)
    assert "agrees" in await watched.text()
    assert watched.log.getvalue().count('"clock.agrees"') == 1


async def test_check_says_which_clock_is_wrong_while_it_is(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever tries why nobody is answered runs it first."""

    def said() -> str:
        return disagreement(read_word(watched.folder), watched.clock.now())

    assert not said(), "nothing is known yet"
    await watched.text()
    assert not said()
    watched.clock.step_wall(-100 * DAY)
    await watched.text()
    assert said().startswith("Clock: THIS MACHINE'S CLOCK IS WRONG. It jumped, and is 100 days beh")
    places = SimpleNamespace(member_list=watched.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fingerpost.membership.commands.time.time", watched.clock.now)
        commands.report_surroundings(watched.folder / "health", cast("Places", places))
    assert said() in capsys.readouterr().err
    watched.clock.step_wall(1000)
    assert not said(), "the process does not run, and may have been mended"


async def test_an_issuer_that_is_two_hours_ahead(watched: Watched) -> None:
    await watched.text()
    watched.sign(NOW + 7200)
    text = await watched.text()
    assert "the issuer's clock is wrong: this machine's did not jump, and is 2 hours behind" in text
    assert "Nothing is destroyed" not in text, "what is due by this clock is destroyed"


async def test_a_process_that_starts_with_a_wrong_clock(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.clock.step_wall(5 * 3600)
    text = await watched.text()
    assert "5 hours ahead of the issuer's" in text
    assert "One of the two is wrong, or newer lists do not come." in text


async def test_a_list_that_does_not_move(watched: Watched) -> None:
    await watched.text()
    watched.clock.advance(STILL_SECONDS - 1)
    assert "No newer" not in await watched.text()
    watched.clock.advance(1)
    assert "No newer member list has come for 30 minutes" in await watched.text()
    await watched.text()
    assert watched.log.getvalue().count('"member_list.still"') == 1
    watched.sign(watched.clock.now())
    assert "No newer" not in await watched.text()


async def test_the_word_of_a_process_that_has_stopped_is_dated(watched: Watched) -> None:
    await watched.text()
    lines = told(read_word(watched.folder), NOW + 3600, WAITS)
    assert lines[0] == (
        "Clock: not known now: the process does not run. At 2027-01-15 08:00:00 UTC it saw:"
    )
    assert lines[1].startswith("  agrees with the issuer's")


@pytest.mark.parametrize("held", [b"", b"{}", b"[1]"])
def test_a_damaged_word_is_none(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "clock.json").write_bytes(held)
    assert told(read_word(tmp_path), NOW, WAITS)[0].startswith("Clock: not known yet")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7200, "2 hours")],
)
def test_durations(seconds: int, text: str) -> None:
    assert duration(seconds) == text
