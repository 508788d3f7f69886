"""Clocks that jump, by libfaketime: one party is days ahead or behind for half a minute.

The monotonic clock is left alone, as on a machine whose clock is set. While the clock is wrong the
party may stop answering, and it may be started again; once the clock is right, it has to come back
by itself, and nothing that it kept may be gone.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party, environment

LIBRARY: Final = "LIBFAKETIME"
"""The variable that names the library where it is not installed in its usual place."""
USUAL: Final = "*/faketime/libfaketimeMT.so.1"
DAY: Final = 86_400
JUMPS: Final = (100 * DAY, 8 * DAY, DAY, 3600, -3600, -DAY)
SLEEPS: Final = """import select, time
time.sleep = lambda seconds: select.select((), (), (), seconds)
"""
"""libfaketime 0.9.10 refuses ``clock_nanosleep`` (EINVAL), by which Python sleeps, while it leaves
the monotonic clock alone."""
WRONG_SECONDS: Final = (5.0, 30.0)
"""Long enough for every loop that erases: the longest runs every 20 s."""


def library() -> Path | None:
    """Return where libfaketime is; None where it is not."""
    named = os.environ.get(LIBRARY)
    found = [Path(named)] if named else sorted(Path("/usr/lib").glob(USUAL))
    return next((path for path in found if path.is_file()), None)


class SetClocks:
    """The clock of each party, set through a file that its process reads at every look."""

    def __init__(self, folder: Path, preloaded: Path) -> None:
        self._folder = folder
        self._preloaded = preloaded
        self._site = folder / "sleeps"
        self._site.mkdir()
        (self._site / "sitecustomize.py").write_text(SLEEPS)

    def give(self, party: Party) -> None:
        """Let the party go by a clock of its own from its next start on."""
        self.set(party, 0)
        found = environment()["PYTHONPATH"]
        party.more = {
            "PYTHONPATH": f"{self._site}:{found}",
            "LD_PRELOAD": str(self._preloaded),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(party)),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, party: Party, seconds: int) -> None:
        fresh = self._file(party).with_suffix(".new")
        fresh.write_text(f"{seconds:+d}s\n")
        fresh.replace(self._file(party))

    def _file(self, party: Party) -> Path:
        return self._folder / f"{party.name}.clock"


@scenario
async def clocks(run: Run) -> None:
    """The clock of each party in turn is wrong for up to half a minute, then right again."""
    preloaded = library()
    if preloaded is None:
        run.note = f"skipped: libfaketime is not installed, nor named by {LIBRARY}"
        return
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    async with federation(run) as fed:
        set_clocks = SetClocks(fed.folder, preloaded)
        for party in fed.parties:
            set_clocks.give(party)
            party.kill()
        await fed.whole()
        async with fed.asked_all_the_time():
            for party in fed.each_in_turn():
                jump = run.random.choice(JUMPS)
                set_clocks.set(party, jump)
                restarted = run.random.random() < 0.5
                if restarted:
                    party.kill()
                await asyncio.sleep(run.random.uniform(*WRONG_SECONDS))
                set_clocks.set(party, 0)
                took = await fed.whole()
                seconds[party.name].append(took)
                note = ", started again" if restarted else ""
                run.say(
                    f"{run.name} {run.done}: {party} {jump / DAY:+.2f} days{note}, "
                    f"whole again after {took:.1f} s"
                )
        require_kept(run, fed)
    run.note = "clock right to whole lookup, median and most: " + ", ".join(
        f"{name} {median(took):.1f} {max(took):.1f} s" for name, took in sorted(seconds.items())
    )


def require_kept(run: Run, fed: Federation) -> None:
    """Count every outcome that was destroyed: none is a week old, and each leaves its proof."""
    file = fed.home(fed.asking) / "outcomes.sqlite"
    with closing(sqlite3.connect(file)) as kept:
        (destroyed,) = kept.execute("SELECT count(*) FROM proofs").fetchone()
    for _ in range(destroyed):
        run.lost.append("an outcome")
    if destroyed:
        run.say(f"LOST: {destroyed} outcomes were destroyed")
