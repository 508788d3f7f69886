"""A channel that is dialled anew: after it broke, and before its certificate grows old.

gRPC reconnects by itself, but with the certificate it was given when the channel was made. A renewed certificate
is used
only by a new channel; calls that run on the old one end in peace.
"""

from __future__ import annotations

import asyncio
from typing import Final

import grpc.aio

from fingerpost.service.clock import Clock
from fingerpost.service.rpc import connect
from fingerpost.service.tls import ClientTls, Identity

REDIAL_SECONDS: Final = 1800.0
GRACE_SECONDS: Final = 30.0


class Redialled:
    """One peer. Not for long streams: those end and begin by rules of their own."""

    def __init__(self, address: str, tls: ClientTls, peer: Identity, clock: Clock) -> None:
        self._address = address
        self._tls = tls
        self._peer = peer
        self._clock = clock
        self._channel: grpc.aio.Channel | None = None
        self._dialled_at = 0.0
        self._retiring: set[asyncio.Task[None]] = set()

    def channel(self) -> grpc.aio.Channel:
        """For one call. Raises ``Refused`` when there is no certificate to call with."""
        now = self._clock.monotonic()
        if self._channel is not None and now - self._dialled_at >= REDIAL_SECONDS:
            self.broken(self._channel)
        if self._channel is None:
            self._channel = connect(self._address, self._tls, self._peer)
            self._dialled_at = now
        return self._channel

    def broken(self, channel: grpc.aio.Channel) -> None:
        """The next call dials anew; calls under way on ``channel`` have ``GRACE_SECONDS`` to end."""
        if self._channel is channel:
            self._channel = None
            task = asyncio.get_running_loop().create_task(channel.close(GRACE_SECONDS))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        for task in tuple(self._retiring):
            task.cancel()
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None
