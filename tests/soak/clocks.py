"""Clocks that jump: one party is days ahead or behind for half a minute.

The monotonic clock is left alone, as on a machine whose clock is set. While the clock is wrong the
party may stop answering, and it may be started again; once the clock is right, it has to come back
by itself, and nothing that it kept may be gone.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from fakes import set_clock
from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party

DAY: Final = 86_400
JUMPS: Final = (100 * DAY, 8 * DAY, DAY, 3600, -3600, -DAY)
WRONG_SECONDS: Final = (5.0, 30.0)
"""Long enough for every loop that erases: the longest runs every 20 s."""


async def trial(fed: Federation, party: Party, jump: int, *, restarted: bool) -> float:
    """Set the clock of one party wrong for up to half a minute; return the seconds from its being
    right to a whole lookup.

    Args:
        jump: seconds; ahead is positive.
        restarted: whether the party is killed while its clock is wrong.
    """
    set_clock.set_ahead(clock_of(fed, party), jump)
    if restarted:
        party.kill()
    await asyncio.sleep(fed.run.random.uniform(*WRONG_SECONDS))
    set_clock.set_ahead(clock_of(fed, party), 0)
    return await fed.whole()


@scenario
async def clocks(run: Run) -> None:
    """The clock of each party in turn is wrong for up to half a minute, then right again."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    async with federation(run) as fed:
        made = set_clock.library(fed.folder)
        if made is None:
            run.note = "not run: there is no C compiler"
            return
        for party in fed.parties:
            party.more = set_clock.environment(made, clock_of(fed, party))
            party.kill()
        await fed.whole()
        async with fed.asked_all_the_time():
            for party in fed.each_in_turn():
                jump = run.random.choice(JUMPS)
                # An issuer that starts with a clock that is ahead signs by it, and a person has to
                # decide later which clock was right.
                restarted = run.random.random() < 0.5 and party is not fed.issuer
                took = await trial(fed, party, jump, restarted=restarted)
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


def clock_of(fed: Federation, party: Party) -> Path:
    """Return the file that a party's clock goes by."""
    return fed.folder / f"{party.name}.clock"


def require_kept(run: Run, fed: Federation) -> None:
    """Count every outcome that was destroyed: none is a week old, and each leaves its proof."""
    file = fed.home(fed.asking) / "outcomes.sqlite"
    with closing(sqlite3.connect(file)) as kept:
        (destroyed,) = kept.execute("SELECT count(*) FROM proofs").fetchone()
    for _ in range(destroyed):
        run.lost.append("an outcome")
    if destroyed:
        run.say(f"LOST: {destroyed} outcomes were destroyed")
