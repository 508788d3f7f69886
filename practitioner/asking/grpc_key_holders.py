"""The gateway's edge to the two key holders: both at once, each proof checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import grpc.aio

from fingerpost.membership.rpc_channel import Redialled
from fingerpost.private.locators import TwoBatches
from fingerpost.protocol.codec.carriage import read_evaluated, write_blinded
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from fingerpost.wire.v1 import key_holder_pb2, key_holder_pb2_grpc

SECONDS: Final = 5.0
"""For a key holder that is busy; one that is gone is given up within a second."""
AT_ONCE: Final = 8
"""How many lookups are evaluated at once; the others wait in their order. Arithmetic holds the
interpreter's lock: if all took turns at it, all would end late, and time out together. Their
queries would then reach the nodes as one burst."""


class GrpcKeyHolders:
    """Implements ``ports.KeyHolders``. The holders in the order of the parameters."""

    def __init__(
        self,
        first: tuple[MemberId, Redialled],
        second: tuple[MemberId, Redialled],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._names = (first[0], second[0])
        self._channels = (first[1], second[1])
        self._random_bytes = random_bytes
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        async with self._turns:
            return await self._evaluate(inputs, epoch)

    async def _evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        keys = (epoch.holder_keys[self._names[0]], epoch.holder_keys[self._names[1]])
        batches = await asyncio.to_thread(
            TwoBatches, inputs, epoch.number, keys, Workload.LOOKUP, self._random_bytes
        )
        one, other = batches.messages
        try:
            async with asyncio.TaskGroup() as group:
                calls = [
                    group.create_task(_call(holder, message))
                    for holder, message in zip(self._channels, (one, other), strict=True)
                ]
        except ExceptionGroup as errors:  # where one is gone, the other's answer is useless
            raise errors.exceptions[0] from None
        evaluated = (calls[0].result(), calls[1].result())
        return await asyncio.to_thread(batches.finalise, evaluated)


async def _call(holder: Redialled, message: Blinded) -> Evaluated:
    async def made(channel: grpc.aio.Channel) -> key_holder_pb2.EvaluateResponse:
        stub = key_holder_pb2_grpc.KeyHolderServiceStub(channel)
        return await stub.Evaluate(write_blinded(message), timeout=SECONDS)

    return read_evaluated(await holder.soon(made))
