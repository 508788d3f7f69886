"""Parties that are killed, at random moments, while lookups go on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from statistics import median

from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party


async def trial(fed: Federation, party: Party) -> float:
    """Kill one party; return the seconds to a whole lookup."""
    await fed.lookups(fed.run.random.randint(1, 3))
    await asyncio.sleep(0.3 * fed.run.random.random())  # anywhere within a lookup
    party.kill()
    return await fed.whole()


@scenario
async def kills(run: Run) -> None:
    """SIGKILL of each party at random moments; it is started again at once."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    async with federation(run) as fed, fed.asked_all_the_time():
        for party in fed.each_in_turn():
            took = await trial(fed, party)
            seconds[party.name].append(took)
            run.say(f"{run.name} {run.done}: {party}, whole again after {took:.1f} s")
    run.note = "kill to whole lookup, median and most: " + ", ".join(
        f"{name} {median(took):.1f} {max(took):.1f} s" for name, took in sorted(seconds.items())
    )
