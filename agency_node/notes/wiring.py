"""Construct the notes of a node, and what must run for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from agency_node.notes.service import Notes
from agency_node.notes.store import SqlNotes, open_notes
from agency_node.reading.ticks import tick_at_or_after
from agency_node.settings import NodeSettings
from fingerpost.membership.ports import Reached
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key
from fingerpost.runtime.run import Task

NOTES: Final = "notes.sqlite"
READ_SECONDS: Final = 2.0
"""How often what came is read."""
FORGET_SECONDS: Final = 900.0
JITTER_SECONDS: Final = 3.0


@contextmanager
def notes_store(settings: NodeSettings) -> Iterator[SqlNotes]:
    """Open the store, also beside a node that runs. Raises ``Defect``."""
    key = read_key(settings.audit_key, setting="audit_key")
    with closing(open_notes(settings.state / NOTES, key)) as store:
        yield store


@dataclass(frozen=True, slots=True)
class NotesUpkeep:
    """What runs for the notes. ``writer``: an executor of one thread, that of the journal."""

    env: Env
    notes: Notes
    writer: Executor
    reached: Reached

    def tasks(self) -> Mapping[str, Task]:
        every = self.env.every
        return {
            "notes": every(READ_SECONDS, 0.0, self.tend, "notes"),
            "old notes": every(FORGET_SECONDS, JITTER_SECONDS, self.forget, "old notes"),
        }

    async def tend(self) -> None:
        """Read what came."""
        await self._run(self.notes.tend)

    async def forget(self) -> None:
        """Destroy what is due."""
        await self._run(lambda: self.notes.forget_due(self.reached()))

    async def _run(self, func: Callable[[], None]) -> None:
        clock = self.env.clock
        # As with a frame, most of the work is over when bytes move next.
        await clock.sleep_until(tick_at_or_after(clock.monotonic()))
        try:
            await asyncio.get_running_loop().run_in_executor(self.writer, func)
        except Defect as defect:
            self.env.log.warning("notes.failed", error=defect)
