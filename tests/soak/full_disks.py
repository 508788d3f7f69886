"""Parties whose disk fills up while they work."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.demo.patience import Stuck
from fingerpost.runtime.run import DEFECTIVE
from soak.federation import HOMES, Federation, federation
from soak.framework import Run, scenario
from soak.processes import Party

MEGABYTES = 400
LEFT_BYTES = (0, 4096, 65_536, 262_144)
"""Room that is left: a write may fail at once, or in the middle of something."""
FILLER = "filler"


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def disks(root: Path, names: Sequence[str]) -> Iterator[None]:
    """A small disk of its own for each folder. Only root may do this."""
    with ExitStack() as mounted:
        for name in names:
            folder = root / name
            folder.mkdir(mode=0o700)
            size = f"size={MEGABYTES}m,mode=0700"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "soak", folder], check=True)
            mounted.callback(unmount, folder)
        yield


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """The folder's disk, with so many bytes left."""
    filler = folder / FILLER
    with filler.open("wb") as file, contextlib.suppress(OSError):
        file.write(bytes(max(0, shutil.disk_usage(folder).free - left)))
    try:
        yield
    finally:
        filler.unlink()


async def trial(fed: Federation, party: Party) -> float:
    """Fill the disk of one party for some lookups; return the seconds to a whole one.

    ``party``: its folder has a disk of its own.

    Raises:
        Stuck: a party ended for good.
    """
    await fed.lookups(fed.run.random.randint(1, 3))
    with filled(fed.home(party), fed.run.random.choice(LEFT_BYTES)):
        await fed.lookups(fed.run.random.randint(3, 8))
    took = await fed.whole()
    for each in fed.parties:
        if DEFECTIVE in each.ended:
            raise Stuck(f"{each} ended as if it could not be started again")
    return took


@contextmanager
def small_disks(names: Sequence[str] = HOMES) -> Iterator[Path]:
    """A folder for a federation, in which the parties named get a small disk each."""
    root = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        with disks(root, names):
            yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@scenario
async def full_disks(run: Run) -> None:
    """The disk of each party fills up, and has room again some lookups later."""
    if os.geteuid() != 0:
        run.note = "not run: only root can mount small disks"
        return
    took: list[float] = []
    with small_disks() as root:
        async with federation(run, root) as fed, fed.asked_all_the_time():
            for party in fed.each_in_turn(without=(fed.keeper,)):
                took.append(await trial(fed, party))
                run.say(f"{run.name} {run.done}: {party}, whole after {took[-1]:.1f} s")
    run.note = f"room again to whole lookup: at most {max(took, default=0):.1f} s"
