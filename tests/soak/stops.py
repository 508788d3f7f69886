"""Parties that stand still for a while, with all their connections open, as a suspended machine."""

from __future__ import annotations

from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party


async def trial(fed: Federation, party: Party) -> float:
    """Suspend one party for some lookups; return the seconds to a whole one."""
    await fed.lookups(fed.run.random.randint(1, 3))
    party.pause()
    if party is not fed.asking:  # without it no lookup ends
        await fed.lookups(fed.run.random.randint(2, 6))
    party.resume()
    return await fed.whole()


@scenario
async def stops(run: Run) -> None:
    """SIGSTOP of each party at random moments, and SIGCONT some lookups later."""
    took: list[float] = []
    async with federation(run) as fed, fed.asked_all_the_time():
        for party in fed.each_in_turn():
            took.append(await trial(fed, party))
            run.say(f"{run.name} {run.done}: {party}, whole again after {took[-1]:.1f} s")
    run.note = f"going on to whole lookup: at most {max(took, default=0):.1f} s"
