"""What a server hears and says, kept as bytes: below the services, above TLS, which is where the
party that runs the server stands.

Law: changes nothing on its way. Kept are all messages of both directions, the metadata that came
with each call, and how many handlers began.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


@dataclass(frozen=True, slots=True, repr=False)
class Taped:
    """``method``: its last name. ``at``: monotonic seconds."""

    method: str
    at: float
    data: bytes

    def __repr__(self) -> str:
        return f"Taped({self.method}, {len(self.data)} bytes)"


@dataclass
class Tape:
    """One server's. ``began``: handlers by method; ``metadata``: keys and values that came with
    calls.
    """

    heard: list[Taped] = field(default_factory=list)
    said: list[Taped] = field(default_factory=list)
    metadata: list[bytes] = field(default_factory=list)
    began: Counter[str] = field(default_factory=Counter)

    def all(self) -> Iterator[Taped]:
        yield from self.heard
        yield from self.said

    def of(self, method: str) -> Iterator[Taped]:
        return (taped for taped in self.all() if taped.method == method)

    def wind_back(self) -> None:
        """Forgets everything so far."""
        for part in (self.heard, self.said, self.metadata):
            part.clear()
        self.began.clear()


class Taping(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # not generic when it runs
    """Beneath the edge of a party's server: what is taped is what the edge hands on, and all that
    it says.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        method = handler_call_details.method.rsplit("/", 1)[1]
        self._tape.began[method] += 1
        for key, value in handler_call_details.invocation_metadata or ():
            self._tape.metadata += [
                key.encode(),
                value if isinstance(value, bytes) else value.encode(),
            ]
        handler = await continuation(handler_call_details)
        return None if handler is None else self._taped(method, handler)

    def _taped(self, method: str, handler: Any) -> Any:
        read, write = handler.request_deserializer, handler.response_serializer

        def heard(data: bytes) -> Any:
            self._tape.heard.append(Taped(method, time.monotonic(), data))
            return data if read is None else read(data)

        def said(message: Any) -> bytes:
            data: bytes = message if write is None else write(message)
            self._tape.said.append(Taped(method, time.monotonic(), data))
            return data

        (kind,) = (kind for kind in _KINDS if getattr(handler, kind) is not None)
        return getattr(grpc, f"{kind}_rpc_method_handler")(
            getattr(handler, kind), request_deserializer=heard, response_serializer=said
        )
