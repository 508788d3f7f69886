"""One fault of each kind, one after another, in one federation: the short form of the scenarios
whose faults may follow each other.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from fakes import failing_syncs, set_clock
from fakes.federations import HOLDERS
from integration.running_federation import BROKER
from soak import clocks, failed_syncs, full_disks, kills, network_cuts, rollbacks, stops
from soak.federation import federation
from soak.framework import Run, scenario
from soak.load import AT_ONCE
from soak.processes import Party

Fault = Callable[[], Awaitable[object]]


@scenario
async def every_fault(run: Run) -> None:
    """Each fault of the scenarios about whole parties once; ends by itself."""
    chosen = run.random.choice
    with ExitStack() as stack:
        full = chosen((BROKER.value, *(each.value for each in HOLDERS)))
        mounts = os.geteuid() == 0  # only root may mount small disks
        root = stack.enter_context(full_disks.small_disks([full])) if mounts else None
        async with federation(run, root, relayed=True) as fed:
            reached = [party for party in fed.parties if party is not fed.keeper]
            wrong, put_back = run.random.sample(list(fed.nodes.values()), 2)
            failing = chosen(fed.holders)
            faults: dict[str, Fault] = {
                "killed": lambda: kills.trial(fed, chosen(fed.parties)),
                "stopped": lambda: stops.trial(fed, chosen(fed.parties)),
                "cut off": lambda: network_cuts.trial(fed, chosen(reached), cut=True),
                "on a dead network": lambda: network_cuts.trial(fed, chosen(reached), cut=False),
            }
            if mounts:
                [filled] = (party for party in fed.parties if party.name == full)
                faults["on a full disk"] = lambda: full_disks.trial(fed, filled)
            marker = fed.folder / "syncs-fail"
            clock, syncs = set_clock.library(fed.folder), failing_syncs.library(fed.folder)
            if clock is not None and syncs is not None:  # there is a C compiler
                _start(wrong, set_clock.environment(clock, clocks.clock_of(fed, wrong)))
                _start(failing, failing_syncs.environment(syncs, marker))
                await fed.whole()
                jump = 8 * clocks.DAY
                faults["without syncs"] = lambda: failed_syncs.trial(fed, failing, marker)
                faults["8 days ahead"] = lambda: clocks.trial(fed, wrong, jump, restarted=False)
            async with fed.asked_all_the_time():
                for name, fault in faults.items():
                    run.done += 1
                    await fault()
                    run.say(f"{run.name} {run.done}: {name}")
            clocks.require_kept(run, fed)
            run.done += 1
            await fed.at_once(AT_ONCE)
            run.say(f"{run.name} {run.done}: {AT_ONCE} lookups at once")
            run.done += 1
            await rollbacks.trial(fed, put_back, fed.folder / "copy")
            run.say(f"{run.name} {run.done}: put back")
    run.note = f"{len(faults) + 2} faults, one after another"


def _start(party: Party, environment: dict[str, str]) -> None:
    """Start a party anew with more variables."""
    party.more = environment
    party.kill()
