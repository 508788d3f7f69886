"""The world as a party meets it: clock, randomness, wire, worker processes and log, in one value.

Law: a party's ``wiring.open(settings, env)`` takes all of these from its ``Env`` and makes none of them itself. A
command line uses ``Env.of_system``; a test gives clocks, draws and servers of its own to the same wiring, so that what
is tested is what is deployed.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, Self

import grpc.aio

from fingerpost.runtime import rpc, worker_processes
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import CLIENT, ChannelTls, Edge, Options
from fingerpost.runtime.run import Random, Task, every

GRACE_SECONDS: Final = 2.0
"""Calls that are under way when a party stops have so long to end."""


class Dialler(Protocol):
    """Opens a channel to an address: see ``rpc.connect``."""

    def __call__(
        self, address: str, tls: ChannelTls, server: Identity, *, options: Options = CLIENT
    ) -> grpc.aio.Channel: ...


@dataclass(frozen=True, slots=True)
class Env:
    """What a party is given of the world.

    * ``random``: a draw in [0, 1), for delays; ``random_bytes``: for keys, nonces and blinds.
    * ``connect``: how a channel to another party is opened; ``server``: how a gRPC server is made of its options and
      its edge, before it listens. Neither chooses who is believed at the other end: the party gives the credentials.
    * ``workers``: an executor for arithmetic that holds the interpreter's lock, see ``worker_processes.pool``.
    """

    clock: Clock
    log: Logger
    random: Random = random.SystemRandom().random
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    connect: Dialler = rpc.connect
    server: Callable[[Options, Edge], grpc.aio.Server] = rpc.server
    workers: Callable[[int, Callable[[], None]], Executor] = worker_processes.pool

    @classmethod
    def of_system(cls, log: Logger) -> Self:
        """The machine's own clock, randomness, network and processes."""
        return cls(SystemClock(), log)

    def every(self, seconds: float, jitter: float, func: Task, name: str) -> Task:
        """A task for ``run.supervise`` that calls ``func`` again and again: see ``run.every``."""
        return lambda: every(
            seconds, jitter, func, self.clock, random=self.random, log=self.log, name=name
        )

    @asynccontextmanager
    async def listening(
        self, server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials
    ) -> AsyncIterator[int]:
        """Serve at ``address`` (host:port; port 0: any) for as long as the context lasts; the port.

        Raises:
            Defect: the address is taken, or is not this machine's.
        """
        port = rpc.listen(server, address, credentials)
        await server.start()
        try:
            yield port
        finally:
            await server.stop(GRACE_SECONDS)
