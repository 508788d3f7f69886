"""Health: grpc.health.v1, for whoever keeps the process running.

Law: the process says "serving" or "not serving" by the name of a service, and nothing more;
``Watch`` is not offered, since no caller needs it. Health is served on a Unix socket of mode 0600
and not on the parties' ports: the socket needs no certificate, and only the user who runs the
process may ask. A container's health check calls ``probe``.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import require_folder

PROBE_SECONDS: Final = 2.0
SOCKET_BYTES: Final = 107
"""The longest path of a Unix socket on Linux (``unix(7)``), without the zero byte at its end."""
_ANSWER: Final[Any] = health_pb2.HealthCheckResponse


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # it has no types
    """The health of this process: not serving until ``set`` changes that."""

    def __init__(self) -> None:
        self._serving: dict[str, bool] = {"": False}
        self._stopped = False

    def add_to(self, server: grpc.aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self, server)

    async def set(self, service: str, serving: bool) -> None:
        """Set whether a service serves.

        Args:
            service: its full name, or "" for the process as a whole.
        """
        self._serving[service] = serving

    async def withdraw(self, service: str) -> None:
        """Forget a service that was ``set``: who asks for it is told that there is none."""
        self._serving.pop(service, None)

    async def stop(self) -> None:
        """Say "not serving" from now on, whatever is set later."""
        self._stopped = True

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        serving = self._serving.get(request.service)
        if serving is None:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        up = serving and not self._stopped
        return _ANSWER(status=_ANSWER.SERVING if up else _ANSWER.NOT_SERVING)


@asynccontextmanager
async def serve_health(health: Health, socket: Path) -> AsyncIterator[None]:
    """Serve on a Unix socket for as long as the context lasts.

    Raises:
        Defect: the socket cannot be opened there.
    """
    server = grpc.aio.server()
    health.add_to(server)
    _bind(server, socket)
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


def _bind(server: grpc.aio.Server, socket: Path) -> None:
    previous = os.umask(0o177)  # the socket is closed to others from its first moment
    try:
        server.add_insecure_port(f"unix:{socket}")
    except RuntimeError:
        raise Defect(
            f"health: the socket {socket} cannot be opened. Its folder must exist, mode 0700, and "
            "be this user's (a systemd unit makes it; started by hand, make it first); the path "
            f"may have at most {SOCKET_BYTES} bytes"
        ) from None
    finally:
        os.umask(previous)


def look_at_folder(socket: Path) -> str | None:
    """Return what is still to be done before a start by hand; None when the socket's folder is
    there.

    A folder that is missing is not a fault: under systemd it exists only while the process runs.

    Raises:
        Defect: the socket could never be opened: its path is too long, or its folder is another
            user's.
    """
    if len(os.fsencode(socket)) > SOCKET_BYTES:
        raise Defect(f"health: the path {socket} has more than {SOCKET_BYTES} bytes")
    if not socket.parent.exists():
        return (
            f"health: the folder {socket.parent} does not exist. Its systemd unit makes it; "
            "before a start by hand, make it, mode 0700."
        )
    require_folder(socket.parent, setting="health")
    return None


async def probe(socket: Path, service: str = "") -> bool:
    """Return whether the process behind the socket says that it serves."""
    return bool(await look(socket, service))


async def look(socket: Path, service: str = "") -> bool | None:
    """Return whether the process behind the socket says that the service serves; None when no
    process is there, or it says nothing within ``PROBE_SECONDS``.
    """
    found = await _status(socket, service)
    return found if found is None else found == _ANSWER.SERVING


async def knows(socket: Path, service: str) -> bool | None:
    """Return whether the process behind the socket has a service of this name, serving or not; None
    when no process is there.
    """
    found = await _status(socket, service)
    return found if found is None else found != _ANSWER.SERVICE_UNKNOWN


async def _status(socket: Path, service: str) -> int | None:
    async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = await stub.Check(request, timeout=PROBE_SECONDS)
        except grpc.aio.AioRpcError as error:
            unknown = error.code() is grpc.StatusCode.NOT_FOUND
            return int(_ANSWER.SERVICE_UNKNOWN) if unknown else None
        return int(answer.status)
