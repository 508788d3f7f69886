"""The node's edge to the two key holders: each is sent its own batch, both at once.

An import runs at night and takes long, so this waits for a holder that restarts or serves lookups
first. It does not ask again where a holder refused (quota, membership, epoch). A batch whose answer
was lost is sent again and metered again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from fingerpost.membership.rpc_channel import Redialled
from fingerpost.protocol.codec.carriage import read_evaluated, write_blinded
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import Blinded, Evaluated
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.run import Backoff
from fingerpost.wire.v1 import key_holder_pb2_grpc

SECONDS: Final = 25.0
_AGAIN: Final = frozenset({Code.UNAVAILABLE, Code.NOT_READY})


class GrpcKeyHolders:
    """Implements ``ports.KeyHolders``.

    Args:
        channels: in the order of the member list's parameters.
        patience: seconds for one batch.
        random: returns a number in [0, 1), which spreads the tries.
    """

    def __init__(
        self,
        channels: tuple[Redialled, Redialled],
        clock: Clock,
        *,
        patience: float,
        random: Callable[[], float],
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._patience = patience
        self._random = random

    async def evaluate(self, batches: tuple[Blinded, Blinded]) -> tuple[Evaluated, Evaluated]:
        try:
            async with asyncio.TaskGroup() as group:
                one, other = (
                    group.create_task(self._patiently(channel, batch))
                    for channel, batch in zip(self._channels, batches, strict=True)
                )
        except ExceptionGroup as errors:  # where one holder refuses, the other's answer is useless
            raise errors.exceptions[0] from None
        return one.result(), other.result()

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    async def _patiently(self, holder: Redialled, batch: Blinded) -> Evaluated:
        ends = self._clock.monotonic() + self._patience
        backoff = Backoff()
        while True:
            try:
                return await _call(holder, batch)
            except Refused as refused:
                wait = backoff.next(self._random())
                if refused.code not in _AGAIN or self._clock.monotonic() + wait > ends:
                    raise
            await self._clock.sleep_until(self._clock.monotonic() + wait)


async def _call(holder: Redialled, batch: Blinded) -> Evaluated:
    with holder.call() as channel:
        stub = key_holder_pb2_grpc.KeyHolderServiceStub(channel)
        answer = await stub.Evaluate(write_blinded(batch), timeout=SECONDS)
    return read_evaluated(answer)
