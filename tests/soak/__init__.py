"""A soak: a real federation under faults and attacks, for minutes or for a night. ``make soak``.

``python -m tests.soak kills stops --minutes 10 --seed 7`` runs two scenarios; without a name, all.
The end is one table, and exit status 1 if any lookup ended in a false "no" or any record was lost.

A scenario is a coroutine in a module of this folder, named after what it does, which is found
because it is there::

    @scenario
    async def stops(run: Run) -> None:
        "SIGSTOP of each party, and SIGCONT later"     # the first line is its text in the list
        async with federation(run) as fed:             # founded, started, imported, whole
            async with fed.asked_all_the_time():       # lookups go on through the gateway
                for party in fed.each_in_turn():       # until the minutes, or the trials, are over
                    await fed.lookups(run.random.randint(1, 3))     # progress, never a time
                    party.pause()
                    await fed.lookups(3)
                    party.resume()
                    await fed.whole()                  # recovered: a lookup with every true answer

When the federation closes, all logs are read and compared with every lookup that was handed over
(``oracle``). Each random choice comes from ``run.random``, which follows from the printed seed.
What the scenario wants to say beyond the counts goes into ``run.note``.

A fault that is meant to lose records (a disk put back from a backup) is told to the oracle by
``fed.forgive(records of whom)``; a false "no" is never forgiven.

A measurement that needs another federation, or none, is a module with ``main() -> int`` and no
scenario. It runs as a process of its own, and prints a ``framework.Row`` for each measured row by
``print(row.line())``; what else it prints is shown as progress. It gets ``--minutes`` and
``--seed``.

The short, deterministic form of a scenario is in ``tests/integration/test_short_soak.py``.
"""
