"""Callers of every kind, at the real sockets: with papers that are good, bad, old, another's, or
none.

Law: what a caller gets back is kept whole (``Refusal``), so that a test can look for what should
not be in it.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fakes.certificates import FakeAuthority
from fingerpost.protocol.errors import PUBLIC_TEXT, Code
from fingerpost.runtime.identity import Identity, subject_names
from fingerpost.runtime.rpc import CODE_KEY, STATUS
from fingerpost.runtime.tls import make_key

LOOKUP: Final = "/fingerpost.wire.v1.LookupService/Lookup"
ATTACH: Final = "/fingerpost.wire.v1.NodeService/Attach"
EVALUATE: Final = "/fingerpost.wire.v1.KeyHolderService/Evaluate"
FETCH: Final = "/fingerpost.wire.v1.MemberListService/Fetch"
SECONDS: Final = 8.0
WIDE: Final = (("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0))
"""A caller that keeps to none of our own limits."""


@dataclass(frozen=True, repr=False)
class Papers:
    """A certificate chain and its key, PEM."""

    chain: bytes
    key: bytes

    def write(self, folder: Path) -> tuple[Path, Path]:
        files = folder / "chain.pem", folder / "key.pem"
        for file, data in zip(files, (self.chain, self.key), strict=True):
            file.write_bytes(data)
        return files


def issue(
    authority: FakeAuthority,
    identity: Identity,
    *,
    names: x509.SubjectAlternativeName | None = None,
    starts_in: timedelta = timedelta(days=-2),
    ends_in: timedelta = timedelta(days=2),
) -> Papers:
    """As the issuer makes them, save for what is given."""
    key = make_key()
    private = load_pem_private_key(key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    now = datetime.now(UTC).replace(microsecond=0)
    builder = x509.CertificateBuilder(
        issuer_name=authority.name,
        subject_name=x509.Name([]),
        public_key=private.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now + starts_in,
        not_valid_after=now + ends_in,
    ).add_extension(names or subject_names(identity), critical=True)
    return Papers(authority.sign(builder), key)


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


def tls_context(root: Path, papers: tuple[Path, Path], version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client of one TLS version that speaks HTTP/2 and shows papers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.load_verify_locations(root)
    context.load_cert_chain(*papers)
    context.set_alpn_protocols(["h2"])
    return context
