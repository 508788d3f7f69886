"""Blind and unblind in worker processes: the arithmetic holds the interpreter's lock.

A blinded batch cannot leave the process that made it (it holds the blinds), so each worker is an
executor of one process, and a batch is unblinded by the worker that blinded it. OPRF inputs, points
and tags cross between processes, and nothing else.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, Self

from agency_node.records.ports import KeyHolders
from fingerpost.private.locators import TwoBatches
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from fingerpost.runtime.worker_processes import begin, lower_priority, pool

BATCHES_PER_WORKER: Final = 3
"""Batches of each worker at once: one at the holders, one being blinded, one being unblinded."""

_numbers = itertools.count()
"""In the process of the import: each batch that its workers blind has a number of its own."""
_blinded: dict[int, TwoBatches] = {}
"""In a worker process: its batches that are at the holders."""


class TagWorkers:
    """Implements ``ports.Tags``. It is an async context manager, which ends the worker processes.

    Args:
        make: makes an executor of so many processes, each of which first calls the function.
    """

    def __init__(
        self,
        holders: KeyHolders,
        workers: int,
        make: Callable[[int, Callable[[], None]], Executor] = pool,
    ) -> None:
        self._holders = holders
        self._pools = [make(1, _start) for _ in range(workers)]
        self._turn = itertools.cycle(range(workers))
        self._room = asyncio.Semaphore(workers * BATCHES_PER_WORKER)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._pools:
            each.shutdown(wait=False, cancel_futures=True)

    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        async with self._room:
            worker = self._pools[next(self._turn)]
            number = next(_numbers)
            loop = asyncio.get_running_loop()
            keys = (epoch.holder_keys[holders[0]], epoch.holder_keys[holders[1]])
            try:
                messages = await loop.run_in_executor(
                    worker, _blind, number, tuple(inputs), epoch.number, keys
                )
                try:
                    evaluated = await self._holders.evaluate(messages)
                except BaseException:
                    worker.submit(_forget, number)
                    raise
                return await loop.run_in_executor(worker, _unblind, number, evaluated)
            except BrokenProcessPool:
                raise Defect("a worker process ended; run it again") from None


def _start() -> None:
    """Prepare a worker process.

    Nobody waits for an import; a practitioner waits for the node that answers beside it. A worker
    works until its parent stops it (Ctrl-C reaches all processes of a terminal), and does not
    outlive the parent: a killed import would leave processes that hold blocking keys.
    """
    begin()
    lower_priority()


def _blind(
    number: int, inputs: tuple[bytes, ...], epoch: EpochNumber, keys: tuple[bytes, bytes]
) -> tuple[Blinded, Blinded]:
    batches = TwoBatches(inputs, epoch, keys, Workload.BULK, secrets.token_bytes)
    _blinded[number] = batches
    return batches.messages


def _unblind(number: int, evaluated: tuple[Evaluated, Evaluated]) -> tuple[bytes, ...]:
    """Raises ``Refused(BAD_PROOF)``."""
    return _blinded.pop(number).finalise(evaluated)


def _forget(number: int) -> None:
    _blinded.pop(number, None)
