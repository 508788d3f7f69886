"""Callers of every kind, at the real sockets: with papers that are good, bad, old, another's, or
none.

Law: what a caller gets back is kept whole (``Refusal``), so that a test can look for what should
not be in it.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio

from fakes.certificates import Papers
from fingerpost.protocol.codec.carriage import write_hello
from fingerpost.protocol.errors import PUBLIC_TEXT, Code
from fingerpost.protocol.messages import NodeHello
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CODE_KEY, STATUS

LOOKUP: Final = "/fingerpost.wire.v1.LookupService/Lookup"
ATTACH: Final = "/fingerpost.wire.v1.NodeService/Attach"
EVALUATE: Final = "/fingerpost.wire.v1.KeyHolderService/Evaluate"
FETCH: Final = "/fingerpost.wire.v1.MemberListService/Fetch"
SECONDS: Final = 8.0
HELLO: Final = write_hello(NodeHello(1)).SerializeToString()
WIDE: Final = (("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0))
"""A caller that keeps to none of our own limits."""


def dial(
    address: str, root: bytes, papers: Papers | None, server: Identity, options: Any = WIDE
) -> grpc.aio.Channel:
    """As anybody can who does not run our code."""
    key, chain = (papers.key, papers.chain) if papers else (None, None)
    credentials = grpc.ssl_channel_credentials(root, key, chain)
    named = (
        ("grpc.ssl_target_name_override", server.server_name),
        ("grpc.use_local_subchannel_pool", 1),
    )
    return grpc.aio.secure_channel(address, credentials, options=(*options, *named))


@dataclass(frozen=True)
class Refusal:
    """How a call ended. ``code`` is that of the trailer."""

    status: grpc.StatusCode
    details: str
    trailers: tuple[tuple[str, str | bytes], ...]
    everything: str

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> Refusal:
        trailers: Any = error.trailing_metadata() or ()
        return cls(
            error.code(),
            error.details() or "",
            tuple((str(key), value) for key, value in trailers),
            repr(error) + repr(error.initial_metadata()),
        )

    @property
    def code(self) -> Code | None:
        stated = [value for key, value in self.trailers if key == CODE_KEY]
        return Code(stated[0]) if len(stated) == 1 else None

    def require_tidy(self, *planted: str) -> None:
        """A code of ours, its one status and public text, no other trailer, and nothing of what was
        sent.
        """
        assert self.code is not None, self
        assert self.status is STATUS[self.code]
        assert self.details == PUBLIC_TEXT[self.code]
        assert self.trailers == ((CODE_KEY, self.code.value),)
        for text in planted:
            assert text not in self.everything


Ended = Refusal | tuple[bytes, ...]
"""What came of a call: what it answered, or how it was refused."""


def require_refused(ended: Ended, *codes: Code) -> None:
    """By a party, with one of these codes."""
    assert isinstance(ended, Refusal)
    assert ended.code in codes, ended
    ended.require_tidy()


def require_not_heard(ended: Ended, status: grpc.StatusCode, *planted: str) -> None:
    """By gRPC itself: no code of a party, and nothing of what was sent."""
    assert isinstance(ended, Refusal)
    assert (ended.status, ended.code) == (status, None)
    for text in planted:
        assert text not in ended.everything


async def ask(
    channel: grpc.aio.Channel, method: str, data: bytes, *, seconds: float | None = SECONDS
) -> Ended:
    """One request, its answers to the end."""
    raw: Any = channel
    try:
        if method == LOOKUP:
            return tuple(
                [answer async for answer in raw.unary_stream(method)(data, timeout=seconds)]
            )
        return (await raw.unary_unary(method)(data, timeout=seconds),)
    except grpc.aio.AioRpcError as error:
        return Refusal.of(error)


async def attach(channel: grpc.aio.Channel, messages: Sequence[bytes]) -> Ended:
    """A stream on which these messages are said, and no more; what came on it until it ended."""
    raw: Any = channel
    call = raw.stream_stream(ATTACH)(timeout=SECONDS)
    heard = []
    try:
        for message in messages:
            await call.write(message)
        await call.done_writing()
        while isinstance(data := await call.read(), bytes):
            heard.append(data)
        if await call.code() is not grpc.StatusCode.OK:
            raise grpc.aio.AioRpcError(
                await call.code(),
                await call.initial_metadata(),
                await call.trailing_metadata(),
                await call.details(),
                "",
            )
    except grpc.aio.AioRpcError as error:
        return Refusal.of(error)
    finally:
        call.cancel()
    return tuple(heard)


def tls_context(root: Path, papers: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client of one TLS version that speaks HTTP/2 and shows papers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.load_verify_locations(root)
    context.load_cert_chain(papers / "tls.pem", papers / "tls.key")
    context.set_alpn_protocols(["h2"])
    return context
