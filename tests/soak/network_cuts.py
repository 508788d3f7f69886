"""Parties whose network fails: connections that end, and connections on which nothing comes."""

from __future__ import annotations

from soak import relays
from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party


async def trial(fed: Federation, party: Party, *, cut: bool) -> float:
    """Cut the network of one party, or let it stand still; return the seconds to a whole lookup.

    ``fed``: relayed.
    """
    await fed.lookups(fed.run.random.randint(1, 3))
    found = relays.of(fed.relays, fed.home(party).name)
    for relay in found:
        relay.cut() if cut else relay.stand_still()
    await fed.lookups(fed.run.random.randint(3, 8))
    for relay in found:
        relay.mend()
    return await fed.whole()


@scenario
async def network_cuts(run: Run) -> None:
    """One party's network is cut, or stands still, and is mended some lookups later."""
    took: list[float] = []
    async with federation(run, relayed=True) as fed, fed.asked_all_the_time():
        for party in fed.each_in_turn(without=(fed.keeper,)):
            cut = run.random.random() < 0.5
            took.append(await trial(fed, party, cut=cut))
            what = "cut" if cut else "standing still"
            run.say(f"{run.name} {run.done}: {party} {what}, whole after {took[-1]:.1f} s")
    run.note = f"mended to whole lookup: at most {max(took, default=0):.1f} s"
