"""Parties whose disk reports that a sync failed, and then works again as if nothing had happened.

What the disk has lost by then is not known. So a store whose sync failed is not used again before
the party is started anew; here somebody does that once the disk works.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from fakes import failing_syncs
from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party


async def trial(fed: Federation, party: Party, marker: Path) -> float:
    """Let the syncs of one party fail for some lookups, and start it again; return the seconds to
    a whole lookup.

    ``marker``: the file by which ``failing_syncs`` was told that syncs fail.
    """
    with failing_syncs.failing(marker):
        await fed.lookups(fed.run.random.randint(3, 8))
    party.kill()
    return await fed.whole()


@scenario
async def failed_syncs(run: Run) -> None:
    """Each sync of a party fails for some lookups; then the party is started again."""
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="soak-syncs-") as name:
        folder = Path(name)
        made = failing_syncs.library(folder)
        if made is None:
            run.note = "not run: there is no C compiler"
            return
        async with federation(run) as fed:
            for party in fed.parties:
                party.more = failing_syncs.environment(made, folder / party.name)
                party.kill()
            await fed.whole()
            async with fed.asked_all_the_time():
                for party in fed.each_in_turn(without=(fed.keeper,)):
                    took.append(await trial(fed, party, folder / party.name))
                    run.say(f"{run.name} {run.done}: {party}, whole after {took[-1]:.1f} s")
    run.note = f"started again to whole lookup: at most {max(took, default=0):.1f} s"
