"""The network between the parties: a relay for each party on its way to each server, which a
scenario can cut or let stand still. What passes is TLS; nothing here can read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable


class Relay:
    """From one party to one server. It holds its port from the beginning.

    Args:
        dialler, server: the names of the parties at both ends.
        target: where the server listens, host:port.
    """

    def __init__(self, dialler: str, server: str, target: str) -> None:
        self.ends = frozenset({dialler, server})
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._target = target
        self._flows = asyncio.Event()
        self._flows.set()
        self._cut = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._carry, sock=self._socket)

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._socket.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._cut = True
        for task in self._tasks:
            task.cancel()

    def stand_still(self) -> None:
        """Pass nothing on any more, with all connections open, as a network that loses packets."""
        self._flows.clear()

    def mend(self) -> None:
        self._cut = False
        self._flows.set()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writers = [back]
        try:
            if self._cut:
                return
            host, port = self._target.split(":")
            far, forth = await asyncio.open_connection(host, int(port))
            writers.append(forth)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(near, forth))
                both.create_task(self._pump(far, back))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # an end is gone: so is the connection
        finally:
            self._tasks.discard(task)
            for writer in writers:
                writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


def of(relays: Iterable[Relay], party: str) -> list[Relay]:
    """Return the relays that one party has to do with, at either end."""
    return [relay for relay in relays if party in relay.ends]
