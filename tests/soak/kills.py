"""Parties that are killed, at random moments, while lookups go on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from statistics import median

from soak.federation import federation
from soak.framework import Run, scenario


@scenario
async def kills(run: Run) -> None:
    """SIGKILL of each party at random moments; it is started again at once."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    async with federation(run) as fed, fed.asked_all_the_time():
        for party in fed.each_in_turn():
            await fed.lookups(run.random.randint(1, 3))
            await asyncio.sleep(0.3 * run.random.random())  # anywhere within a lookup
            party.kill()
            took = await fed.whole()
            seconds[party.name].append(took)
            run.say(f"{run.name} {run.done}: {party}, whole again after {took:.1f} s")
    run.note = "kill to whole lookup, median and most: " + ", ".join(
        f"{name} {median(took):.1f} {max(took):.1f} s" for name, took in sorted(seconds.items())
    )
