"""The gateway's edge to the two key holders: both at once, each proof checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from fingerpost.membership.rpc_channel import Redialled
from fingerpost.private.locators import TwoBatches
from fingerpost.protocol.codec.carriage import read_evaluated, write_blinded
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from fingerpost.wire.v1 import key_holder_pb2_grpc

SECONDS = 5.0


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

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        keys = (epoch.holder_keys[self._names[0]], epoch.holder_keys[self._names[1]])
        batches = await asyncio.to_thread(
            TwoBatches, inputs, epoch.number, keys, Workload.LOOKUP, self._random_bytes
        )
        one, other = batches.messages
        evaluated = await asyncio.gather(
            _call(self._channels[0], one), _call(self._channels[1], other)
        )
        return await asyncio.to_thread(batches.finalise, evaluated)


async def _call(holder: Redialled, message: Blinded) -> Evaluated:
    with holder.call() as channel:
        stub = key_holder_pb2_grpc.KeyHolderServiceStub(channel)
        answer = await stub.Evaluate(write_blinded(message), timeout=SECONDS)
    return read_evaluated(answer)
