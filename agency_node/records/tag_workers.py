"""Blinding and unblinding in processes of their own: the arithmetic holds the interpreter's lock.

A blinded batch cannot leave the process that made it (it holds the blinds), so each worker is an
executor of one process, and a batch comes back to the worker that blinded it. What crosses between
processes: OPRF inputs, points and tags."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Final, Self

from agency_node.records.ports import KeyHolders
from fingerpost.private.blinding import TwoBatches
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from fingerpost.runtime.worker_processes import begin, pool

BATCHES_PER_WORKER: Final = 3
"""Under way at once for each worker: one at the holders, one being blinded, one being unblinded."""
NICENESS: Final = 10
"""Nobody waits for an import; a practitioner waits for the node that answers beside it."""

_numbers = itertools.count()
"""Of this process: each batch that its workers blind has a number of its own."""
_blinded: dict[int, TwoBatches] = {}
"""Of this worker process: the batches that are at the holders."""


class TagWorkers:
    """Implements ``ports.Tags``: OPRF inputs in, tags out, with both holders' help. An async
    context manager.
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
    """The parent decides when work stops (Ctrl-C reaches all processes of a terminal), and a worker
    does not outlive it: a killed import would leave processes that hold blocking keys."""
    begin()
    os.nice(NICENESS)


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
