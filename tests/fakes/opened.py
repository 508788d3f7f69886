"""How a test runs a party that the party's own ``wiring.open`` has opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from fingerpost.runtime.health import probe
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.run import Opened, Stop, supervise

T = TypeVar("T", bound=Opened)


@asynccontextmanager
async def running(
    party: AbstractAsyncContextManager[T], log: Logger, *, held_back: Collection[str] = ()
) -> AsyncIterator[T]:
    """An opened party, whose tasks run for as long as the context lasts; those ``held_back`` are
    left to the test.

    A task that ends by itself fails the test at the end.
    """
    async with party as opened:
        stop = Stop()
        tasks = {name: task for name, task in opened.tasks().items() if name not in held_back}
        assert len(tasks) + len(held_back) == len(opened.tasks()), "a task of another name"
        work = asyncio.create_task(supervise(stop, tasks, log))
        try:
            yield opened
        finally:
            stop.set()
            await work


async def until_healthy(socket: Path, service: str = "") -> None:
    """Until the process behind the health socket reports that it serves."""
    async with asyncio.timeout(60):
        while not await probe(socket, service):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)  # the process that starts needs the processor
