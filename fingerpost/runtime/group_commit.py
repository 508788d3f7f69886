"""Group commit: many writers, one commit, one sync of the disk.

Law: ``append`` returns only when the item is on the disk. Items that arrive while a commit runs
share the next one, in the order they came, so that the rate of items is not limited to that of
fsync. An error of a commit reaches every caller whose item was in it. A caller that is cancelled
while it waits takes nothing back: its item is recorded all the same, and so are the others of its
group. Once ``close`` returns, no commit runs and none begins, so that the store may be closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from fingerpost.protocol.errors import Defect

T = TypeVar("T")


class GroupCommit(Generic[T]):
    """Writes items of one kind, for the tasks of one event loop."""

    def __init__(self, commit: Callable[[list[T]], object], name: str) -> None:
        """
        Args:
            commit: makes all items durable, or none, and raises then. Blocking; it is called in a
                thread of its own, one call at a time.
            name: of that thread.
        """
        self._commit = commit
        # A thread of its own: an item never waits for a thread behind other work.
        self._thread = ThreadPoolExecutor(1, name)
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._failed: asyncio.Event = asyncio.Event()
        self._failure: Exception = Defect("nothing more is recorded")
        self._over = False
        self._final = False

    async def append(self, item: T) -> None:
        """Record the item; it is durable on return.

        Raises:
            Defect: the writer is closed, or closed before the item was recorded.
            Exception: what the commit of the item's group has raised.
        """
        if self._over:
            raise Defect("nothing more is recorded: the writer is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None or self._writing.done():
            # A task of its own: a caller that is cancelled must not cancel the others' commit.
            self._writing = asyncio.create_task(self._write())
        await done

    async def run(self) -> None:
        """Watch the commits, until cancelled; for a process that must stop when it cannot record.

        Raises:
            Exception: what the first commit that failed has raised. From then on no item is
                accepted, and those that waited for the next commit are refused with it.
        """
        self._final = True
        try:
            await self._failed.wait()
            raise self._failure
        finally:
            await self.close()

    async def close(self) -> None:
        """Accept no further item, and wait for the commit under way. May be called again."""
        self._over = True
        writing = self._writing
        if writing is not None:
            await asyncio.wait([writing])
        self._thread.shutdown()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            if self._over:
                _settle(group, Defect("nothing more is recorded: the writer is closed"))
                return
            try:
                items = [item for item, _ in group]
                await loop.run_in_executor(self._thread, self._commit, items)
            except BaseException as failure:
                if not isinstance(failure, Exception):
                    # The loop ends: no caller may wait for ever.
                    _settle(group + self._waiting, Defect("not recorded: the process ends"))
                    raise
                self._failure = failure
                self._failed.set()
                _settle(group, failure)
                if self._final:
                    self._over = True
                    _settle(self._waiting, failure)
                    self._waiting = []
            else:
                _settle(group, None)


def _settle(group: list[tuple[T, asyncio.Future[None]]], failure: Exception | None) -> None:
    for _, done in group:
        if done.done():  # its caller was cancelled
            continue
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)
