"""The environment of a party: clock, randomness, wire, worker processes and log, in one value.

Law: a party's ``wiring.open(settings, env)`` takes all of these from its ``Env`` and makes none of
them itself. A command line uses ``Env.of_system``. A test gives its own clocks, random numbers and
servers to the same wiring, so that the deployed wiring is the tested one.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Final, Protocol, Self

import grpc.aio

from fingerpost.runtime import rpc, worker_processes
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import CLIENT, ChannelTls, Edge, Options, Route, direct
from fingerpost.runtime.run import Random, Task, every

GRACE_SECONDS: Final = 2.0
"""The time that calls have to end when a party stops."""


class Dialler(Protocol):
    """Opens a channel to an address: see ``rpc.connect``."""

    def __call__(
        self, address: str, tls: ChannelTls, server: Identity, *, options: Options = CLIENT
    ) -> grpc.aio.Channel: ...


@dataclass(frozen=True, slots=True)
class Env:
    """The environment of a party.

    Attributes:
        random: returns a number in [0, 1), for delays.
        random_bytes: for keys, nonces and blinds.
        route: says where a channel to another party's address is opened. Like ``server``, it does
            not choose who is trusted at the other end: the party gives the credentials.
        server: makes a gRPC server from its options and its edge, before it listens.
        beside: starts a process that runs a function beside this one, see
            ``worker_processes.beside``. None: what would run there runs in this process, for tests
            that simulate clock and wire.
        workers: makes an executor for arithmetic that holds the interpreter's lock, see
            ``worker_processes.pool``.
    """

    clock: Clock
    log: Logger
    random: Random = random.SystemRandom().random
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    route: Route = direct
    server: Callable[[Options, Edge], grpc.aio.Server] = rpc.server
    beside: Callable[..., BaseProcess] | None = worker_processes.beside
    workers: Callable[[int, Callable[[], None]], Executor] = worker_processes.pool

    @classmethod
    def of_system(cls, log: Logger) -> Self:
        """Return the machine's own clock, randomness, network and processes."""
        return cls(SystemClock(), log)

    def connect(
        self, address: str, tls: ChannelTls, server: Identity, *, options: Options = CLIENT
    ) -> grpc.aio.Channel:
        """Return a channel to another party: see ``rpc.connect``."""
        return rpc.connect(self.route(address), tls, server, options=options)

    def every(self, seconds: float, jitter: float, func: Task, name: str) -> Task:
        """Return a task for ``run.supervise`` that calls ``func`` again and again: see
        ``run.every``.
        """
        return lambda: every(
            seconds, jitter, func, self.clock, random=self.random, log=self.log, name=name
        )

    @asynccontextmanager
    async def listening(
        self, server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials
    ) -> AsyncIterator[int]:
        """Serve at ``address`` (host:port; port 0: any) for as long as the context lasts; give the
        port.

        Raises:
            Defect: the address is taken, or is not this machine's.
        """
        port = rpc.listen(server, address, credentials)
        await server.start()
        try:
            yield port
        finally:
            await server.stop(GRACE_SECONDS)
