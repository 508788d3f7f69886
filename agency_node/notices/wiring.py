"""Construct the notices of a node, and what must run for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from agency_node.notices.ports import NoticesStore
from agency_node.notices.store import SqlNotices, open_notices
from agency_node.reading.ticks import tick_at_or_after
from agency_node.settings import NodeSettings
from fingerpost.membership.ports import Reached
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key
from fingerpost.runtime.run import Task

NOTICES: Final = "notices.sqlite"
FORGET_SECONDS: Final = 900.0
JITTER_SECONDS: Final = 3.0
NOTICES_EVENTS: Final = {"notices.failed": frozenset({"error"})}


@contextmanager
def notices_store(settings: NodeSettings) -> Iterator[SqlNotices]:
    """Open the store, also beside a node that runs. Raises ``Defect``."""
    key = read_key(settings.audit_key, setting="audit_key")
    with closing(open_notices(settings.state / NOTICES, key)) as store:
        yield store


@dataclass(frozen=True, slots=True)
class NoticesUpkeep:
    """What runs for the notices. ``writer``: an executor of one thread, that of the journal."""

    env: Env
    store: NoticesStore
    writer: Executor
    reached: Reached

    def tasks(self) -> Mapping[str, Task]:
        again = self.env.every(FORGET_SECONDS, JITTER_SECONDS, self.forget, "old notices")
        return {"old notices": again}

    async def forget(self) -> None:
        """Destroy what is due."""
        clock = self.env.clock
        # As with a frame, most of the work is over when bytes move next.
        await clock.sleep_until(tick_at_or_after(clock.monotonic()))
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self.writer, self.store.forget_due, self.reached())
        except Defect as defect:
            self.env.log.warning("notices.failed", error=defect)
