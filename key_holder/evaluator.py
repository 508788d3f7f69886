"""Evaluate batches in turn: lookups before bulk, one at a time for each worker, off the event loop.

A practitioner waits for a lookup; nobody waits for a nightly import. A bulk batch of 256 elements
takes some 35 ms, which is the longest that a lookup waits behind one. The arithmetic holds the
interpreter's lock, so workers are processes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from functools import lru_cache
from typing import Final

from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import Blinded, Evaluated, Workload

MOST_WAITING: Final = {Workload.LOOKUP: 512, Workload.BULK: 64}


@lru_cache(maxsize=4)
def _key(seed: bytes) -> EvaluatorKey:
    return EvaluatorKey(seed)


def evaluate_with(seed: bytes, batch: Blinded) -> Evaluated:
    """Evaluate ``batch`` under the key of ``seed`` (32 bytes). It runs in a worker process.

    Raises:
        Refused: MALFORMED for a bad point.
    """
    return _key(seed).evaluate(batch)


class Evaluator:
    """Implements ``ports.Evaluations``.

    Args:
        seed: gives an epoch's seed (32 bytes), or raises ``Refused(UNSUPPORTED)``.
        executor: runs the arithmetic.
        workers: how many batches are evaluated at once.
    """

    def __init__(
        self, seed: Callable[[EpochNumber], bytes], executor: Executor, workers: int
    ) -> None:
        self._seed = seed
        self._executor = executor
        self._workers = workers
        self._turns: asyncio.PriorityQueue[tuple[int, int, Blinded, asyncio.Future[Evaluated]]] = (
            asyncio.PriorityQueue()
        )
        self._waiting = {Workload.LOOKUP: 0, Workload.BULK: 0}
        self._order = itertools.count()

    async def evaluate(self, batch: Blinded) -> Evaluated:
        """Evaluate ``batch`` when its turn comes.

        Raises:
            Refused: NOT_READY when too many wait (attack: a flood of bulk batches fills the
                memory); MALFORMED for a bad point; UNSUPPORTED for a key that is not held.
        """
        if self._waiting[batch.workload] >= MOST_WAITING[batch.workload]:
            raise Refused(Code.NOT_READY, "too many evaluations wait")
        answer: asyncio.Future[Evaluated] = asyncio.get_running_loop().create_future()
        self._waiting[batch.workload] += 1
        try:
            await self._turns.put((batch.workload.value, next(self._order), batch, answer))
            return await answer
        finally:
            self._waiting[batch.workload] -= 1

    async def run(self) -> None:
        """Serve turns until cancelled, one for each worker at a time."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            _, _, batch, answer = await self._turns.get()
            if answer.done():  # the caller went away
                continue
            try:
                seed = self._seed(batch.epoch)
                evaluated = await loop.run_in_executor(self._executor, evaluate_with, seed, batch)
            except Refused as refused:
                if not answer.done():
                    answer.set_exception(refused)
            else:
                if not answer.done():
                    answer.set_result(evaluated)
