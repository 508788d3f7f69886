"""The gateway's edge to the key holders under many lookups at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from fakes.federations import HOLDERS
from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol.codec.carriage import read_blinded, write_evaluated
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import EpochNumber
from practitioner.asking.grpc_key_holders import AT_ONCE, GrpcKeyHolders


class Holder:
    """A key holder behind a channel; ``most``: how many calls it has had at once."""

    def __init__(self) -> None:
        self.key = EvaluatorKey(secrets.token_bytes(32))
        self.under_way = self.most = 0

    async def soon(self, made: Callable[[Any], Awaitable[Any]]) -> Any:
        return await made(self)

    def unary_unary(self, _path: str, **_codec: object) -> Callable[..., Awaitable[Any]]:
        async def call(request: Any, timeout: float) -> Any:  # noqa: ASYNC109 - gRPC's name
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(0)  # another lookup may call meanwhile
            self.under_way -= 1
            return write_evaluated(self.key.evaluate(read_blinded(request)))

        return call


async def test_of_many_lookups_few_are_evaluated_at_once() -> None:
    """If all took turns at the arithmetic, all would time out together."""
    one, other = Holder(), Holder()
    edge: Any = GrpcKeyHolders
    holders: GrpcKeyHolders = edge((HOLDERS[0], one), (HOLDERS[1], other), secrets.token_bytes)
    keys = {HOLDERS[0]: one.key.public_key, HOLDERS[1]: other.key.public_key}
    epoch = Epoch(EpochNumber(1), 0, 0, 2**40, keys, bytes(32))
    inputs = [[number.to_bytes(2, "big")] for number in range(4 * AT_ONCE)]
    found = await asyncio.gather(*(holders.evaluate(each, epoch) for each in inputs))
    assert len(set(found)) == 4 * AT_ONCE
    assert 1 < max(one.most, other.most) <= AT_ONCE
