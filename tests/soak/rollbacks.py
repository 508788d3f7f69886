"""A party's whole folder put back to an earlier state, but for its witness: a restored backup."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.oracle import CHILDREN
from soak.processes import Party

WITNESS: Final = "witness"
SECONDS_TO_START: Final = 4.0


@contextmanager
def put_back(home: Path, copy: Path) -> Iterator[None]:
    """In the block, ``home`` is as it was when ``copy`` was made; its witness stays."""
    newest = home.with_name(f"{home.name}-newest")
    home.rename(newest)
    copied(copy, home)
    shutil.rmtree(home / WITNESS, ignore_errors=True)
    copied(newest / WITNESS, home / WITNESS)
    try:
        yield
    finally:
        shutil.rmtree(home)
        newest.rename(home)


def copied(source: Path, target: Path) -> None:
    ignored = shutil.ignore_patterns("*.sock")
    shutil.copytree(source, target, symlinks=True, ignore=ignored)


async def trial(fed: Federation, party: Party, copy: Path) -> None:
    """Put one party back, ask, and give it its newest state again."""
    gateway = party is fed.keeper
    parties = (fed.keeper, fed.asking) if gateway else (party,)
    await fed.down(*parties)
    copied(fed.home(party), copy)
    await fed.up(*parties)
    await fed.whole()
    await fed.ask("ASKED")
    await fed.down(*parties)
    with put_back(fed.home(party), copy):
        await fed.up(*parties)
        if gateway:  # it asks nobody: what it does is that it does not come up
            await asyncio.sleep(SECONDS_TO_START)
            if fed.is_ready:
                fed.run.false.append("a gateway asks from accounts and outcomes that were put back")
        else:
            for child in sorted(CHILDREN):
                await fed.ask(child)
        await fed.down(*parties)
    shutil.rmtree(copy)
    await fed.up(*parties)
    await fed.whole()


@scenario
async def rollbacks(run: Run) -> None:
    """Each party's folder put back to before its last lookups, and its newest state given back."""
    async with federation(run) as fed:
        # Of the issuer, whose state a lookup does not change: see ``store_rollbacks``.
        for party in fed.each_in_turn(without=[fed.asking, fed.issuer]):
            await trial(fed, party, fed.folder / f"{party.name}-copy")
            run.say(f"{run.name} {run.done}: {party} was put back")
    run.note = "the witness was not put back"
