"""A server of the test's own, behind the edge that stands before every party's server."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from fingerpost.runtime import logs
from fingerpost.runtime.rpc import SERVER_REQUESTERS, Edge, Options, server


@asynccontextmanager
async def serving(
    address: str,
    credentials: grpc.ServerCredentials,
    add: Callable[[grpc.aio.Server], object],
    *,
    options: Options = SERVER_REQUESTERS,
    **edge: Any,
) -> AsyncIterator[grpc.aio.Server]:
    """A server at ``address`` with the services that ``add`` puts on it, for as long as the context
    lasts.
    """
    log = logs.configure("fake server", {}, strict=True, stream=io.StringIO())
    made = server(options, Edge(log, **{"longest": 20.0, **edge}))
    add(made)
    assert made.add_secure_port(address, credentials)
    await made.start()
    try:
        yield made
    finally:
        await made.stop(0)
