"""The hash log's writer: many lookups, one commit.

Law: ``append`` returns when the record is on the disk and not before; what it records may not leave earlier (G7). Those
who wait while a commit runs share the next one, so that the rate of lookups is not that of fsync. When the store fails,
everybody who waits is told, and the process stops: a broker that cannot record does not carry.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from broker.ports import LookupRecord, Store
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.clock import Clock


class HashLog:
    """Implements ``ports.Recorder``. ``run`` is one task of the process, beside those who append."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[tuple[LookupRecord, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._over = False

    async def append(self, record: LookupRecord) -> None:
        if self._over:
            raise Defect("the hash log is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, done))
        self._wake.set()
        await done  # a caller who leaves cancels the waiting, never the record

    async def run(self) -> None:
        """Until cancelled. Raises ``StoreFailed``."""
        # A thread of its own: the record of a lookup never queues behind other work for a thread.
        with ThreadPoolExecutor(1, "hash-log") as thread:
            try:
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    group, self._waiting = self._waiting, []
                    await self._commit(thread, group)
            finally:
                self._over = True
                _settle(self._waiting, recorded=False)

    async def _commit(
        self, thread: ThreadPoolExecutor, group: list[tuple[LookupRecord, asyncio.Future[None]]]
    ) -> None:
        records = [record for record, _ in group]
        recorded = False
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(thread, self._store.append, records, self._clock.now())
            recorded = True
        finally:
            _settle(group, recorded=recorded)


def _settle(group: list[tuple[LookupRecord, asyncio.Future[None]]], *, recorded: bool) -> None:
    for _, done in group:
        if done.done():
            continue
        if recorded:
            done.set_result(None)
        else:
            done.set_exception(Defect("the lookup was not recorded"))
