"""The gRPC edge: options, the table from refusals to status, and one interceptor.

Law: only this module decides what a caller learns of an error. A ``Refused`` is sent as its status,
its public text and its code; every other exception is sent as INTERNAL with one fixed text, and is
logged by type. A handler just raises.

The other side may put any value in the trailer ``fingerpost-code``: it may choose a message to
show, never a decision of trust.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, NoReturn, Protocol

import grpc
import grpc.aio

from fingerpost.protocol.errors import CallRule, Code, Defect, Refused
from fingerpost.protocol.limits import FRAME_BYTES, MESSAGE_BYTES
from fingerpost.runtime.identity import Identity, PeerIdentity, peer_identity
from fingerpost.runtime.logs import TEXT_CHARS, Logger

Options = tuple[tuple[str, int | str], ...]
Route = Callable[[str], str]
"""For an address, host:port, the one at which a channel to it is opened."""

METADATA_BYTES: Final = 8 * 1024
CODE_KEY: Final = "fingerpost-code"
INTERNAL_TEXT: Final = "The service failed."
_TLS_VERSION: Final = "ssl_tls_version"

_BOTH: Final[Options] = (
    # No compression in either direction: the sizes of messages are part of a guarantee.
    ("grpc.default_compression_algorithm", 0),
    ("grpc.compression_enabled_algorithms_bitset", 1),
    ("grpc.max_metadata_size", METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)
_SERVER: Final[Options] = (
    *_BOTH,
    ("grpc.server_handshake_timeout_ms", 5_000),  # not two minutes for a silent socket
    ("grpc.max_connection_age_ms", 3_600_000),  # gRPC adds a jitter of a tenth
    ("grpc.max_connection_age_grace_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 15_000),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.so_reuseport", 0),  # a second process on the port is a mistake or an attack
)
_CLIENT: Final[Options] = (
    *_BOTH,
    ("grpc.enable_retries", 0),  # a requester never sends the same bytes twice
    ("grpc.service_config_disable_resolution", 1),  # DNS does not configure us
    ("grpc.enable_http_proxy", 0),  # nor does the environment (a proxy)
    ("grpc.use_local_subchannel_pool", 1),  # one channel per peer, with its own credentials
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # how long one attempt may take; not 20 s
)


def _sized(most: int, *, sends: int | None = None) -> Options:
    return (
        ("grpc.max_receive_message_length", most),
        ("grpc.max_send_message_length", most if sends is None else sends),
    )


CONNECTIONS: Final = 2048
"""How many connections a port holds; one more is closed as soon as it is made. A socket that says
nothing costs some 46 KB until its handshake is over."""
NODES_CONNECTIONS: Final = 4096
"""A node has two or three: its stream, the next one, and the one for the member list."""


def _at_most(connections: int) -> Options:
    return (("grpc.max_allowed_incoming_connections", connections),)


SERVER_NODES: Final[Options] = (
    *_SERVER,
    *_at_most(NODES_CONNECTIONS),
    *_sized(FRAME_BYTES),
    # A node holds one stream; more at once only serves a flood of resets.
    ("grpc.max_concurrent_streams", 4),
)
_MANY_STREAMS: Final[Options] = (("grpc.max_concurrent_streams", 128),)
SERVER_REQUESTERS: Final[Options] = (
    *_SERVER,
    *_at_most(CONNECTIONS),
    *_sized(MESSAGE_BYTES),
    *_MANY_STREAMS,
)
SERVER_FILES: Final[Options] = (
    *_SERVER,
    *_at_most(CONNECTIONS),
    *_sized(MESSAGE_BYTES, sends=FRAME_BYTES),
    *_MANY_STREAMS,
)
"""For a port that also sends files of the member list and frames of answers; what it receives stays
as small."""
CLIENT: Final[Options] = (*_CLIENT, *_sized(FRAME_BYTES, sends=MESSAGE_BYTES))
CLIENT_FRAMES: Final[Options] = (*_CLIENT, *_sized(FRAME_BYTES))
"""For a node's stream, on which frames travel."""

STATUS: Final[Mapping[Code, grpc.StatusCode]] = {
    Code.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    Code.BAD_SIGNATURE: grpc.StatusCode.INVALID_ARGUMENT,
    Code.NOT_A_MEMBER: grpc.StatusCode.UNAUTHENTICATED,
    Code.NOT_ALLOWED: grpc.StatusCode.PERMISSION_DENIED,
    Code.UNSUPPORTED: grpc.StatusCode.FAILED_PRECONDITION,
    Code.NOT_FRESH: grpc.StatusCode.FAILED_PRECONDITION,
    Code.REPLAYED: grpc.StatusCode.ALREADY_EXISTS,
    Code.QUOTA: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Code.NOT_READY: grpc.StatusCode.UNAVAILABLE,
    Code.BAD_PASSPORT: grpc.StatusCode.UNAUTHENTICATED,
    Code.BAD_COMMITMENT: grpc.StatusCode.INVALID_ARGUMENT,
    Code.BAD_SEAL: grpc.StatusCode.INVALID_ARGUMENT,
    Code.BAD_PROOF: grpc.StatusCode.INVALID_ARGUMENT,
    Code.UNTRUSTED_METADATA: grpc.StatusCode.FAILED_PRECONDITION,
    Code.WEAK_INPUT: grpc.StatusCode.INVALID_ARGUMENT,
    Code.SIGN_IN: grpc.StatusCode.UNAUTHENTICATED,
    Code.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}

_WITHOUT_CODE: Final[Mapping[grpc.StatusCode, Code]] = {
    grpc.StatusCode.UNAUTHENTICATED: Code.NOT_A_MEMBER,
    grpc.StatusCode.PERMISSION_DENIED: Code.NOT_ALLOWED,
    grpc.StatusCode.UNIMPLEMENTED: Code.UNSUPPORTED,
    # gRPC itself says this of a message over the limit, in either direction.
    grpc.StatusCode.RESOURCE_EXHAUSTED: Code.MALFORMED,
}
"""The code of a status that gRPC, or a proxy in between, made; UNAVAILABLE for all others."""

Context = grpc.aio.ServicerContext[Any, Any]


async def abort_with(context: Context, refused: Refused) -> NoReturn:
    """End a call with the status, public text and code of a refusal."""
    trailer = ((CODE_KEY, refused.code.value),)
    await context.abort(STATUS[refused.code], refused.public_text, trailer)
    raise AssertionError  # abort has raised; the stubs do not say so for an await


_CAUSES: Final[Mapping[str, CallRule]] = {
    "Connection refused": CallRule.NOBODY,
    "address lookup failed": CallRule.NO_HOST,
    "Verification Check failed": CallRule.ANOTHER_PARTY,
    "certificate has expired": CallRule.CLOCK,
    "certificate is not yet valid": CallRule.CLOCK,
    "handshake": CallRule.NOT_SECURE,
}
"""The rule for a part of gRPC's own message, for a call that reached nobody. A server that forges
the part chooses between texts of ours, and can say as by a refusal that it did nothing."""


def refused_from(error: grpc.aio.AioRpcError) -> Refused:
    """Return the refusal that a failed call means. Of what the server wrote only a known code is
    kept.
    """
    trailer: Any = error.trailing_metadata() or ()
    stated = [value for key, value in trailer if key == CODE_KEY]
    if len(stated) == 1:
        with contextlib.suppress(ValueError):
            return Refused(Code(stated[0]), CallRule.REFUSED)
    return Refused(_WITHOUT_CODE.get(error.code(), Code.UNAVAILABLE), _cause(error))


def _cause(error: grpc.aio.AioRpcError) -> CallRule:
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return CallRule.TOO_LATE
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        for part, cause in _CAUSES.items():
            if part in (error.details() or ""):
                return cause
    return CallRule.FAILED


@contextlib.contextmanager
def asking(asked: str) -> Iterator[None]:
    """Name in a refusal of the block who was asked, see ``Refused.asked``.

    Of several blocks the outermost counts: it knows what was asked for.
    """
    try:
        yield
    except Refused as refused:
        raise Refused(refused.code, refused.rule or refused.what, asked) from None


def peer_of(context: Context) -> PeerIdentity:
    """Return the identity of the caller; see ``identity.peer_identity``.

    Raises:
        Refused: NOT_A_MEMBER.
    """
    return peer_identity(context.auth_context())


class ChannelTls(Protocol):
    """``ClientTls``, or ``AuthorityOnly`` for the issuer."""

    def credentials(self) -> grpc.ChannelCredentials: ...


def direct(address: str) -> str:
    """Return the address itself: the route of a process whose work may show in its timing."""
    return address


def connect(
    address: str, tls: ChannelTls, server: Identity, *, options: Options = CLIENT
) -> grpc.aio.Channel:
    """Return a channel to ``address`` (``host:port``, or what a ``Route`` gives) on which only
    ``server`` is accepted, by its certificate.

    Give every call a deadline. At the end cancel the call, await it, then close the channel.

    Raises:
        Defect: the files of ``tls`` cannot be read, or do not fit together.
    """
    named = ("grpc.ssl_target_name_override", server.server_name)
    return grpc.aio.secure_channel(address, tls.credentials(), options=(*options, named))


def server(options: Options, edge: Edge) -> grpc.aio.Server:
    """Return a server with these options and the interceptor; the caller adds servicers and a
    secure port.
    """
    return grpc.aio.server(options=options, interceptors=(edge,))


def listen(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials) -> int:
    """Add ``address`` (``host:port``; port 0: any), and return its port.

    Raises:
        Defect: the address is taken, or is not this machine's.
    """
    try:
        return server.add_secure_port(address, credentials)
    except RuntimeError:
        why = "another process listens there, or the address is not this machine's"
        raise Defect(f"{address}: cannot be listened on ({why})") from None


Handler = Callable[[Any, Context], Awaitable[Any]]
Codec = Callable[[Any], Any]


class Edge(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # not generic when it runs
    """The interceptor of every call.

    * TLS below 1.3 is refused, whatever the process's environment says.
    * A call without a deadline is refused (``MALFORMED``), and no call lasts longer than
      ``longest`` seconds: no work is done for a caller that no longer waits. A method in
      ``streams`` (full name, as ``/package.Service/Method``) needs no deadline and lasts at most
      the seconds given there.
    * ``Refused`` and other exceptions are sent as the table ``STATUS`` says.

    Handlers are async functions or async generators.
    """

    def __init__(
        self, log: Logger, *, longest: float, streams: Mapping[str, float] | None = None
    ) -> None:
        self._log = log
        self._longest = longest
        self._streams = dict(streams or {})

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method: str = handler_call_details.method
        for kind in ("unary_unary", "unary_stream", "stream_unary", "stream_stream"):
            behaviour = getattr(handler, kind)
            if behaviour is not None:
                # gRPC reads and writes single messages outside the handler, and sends the text of
                # an exception there to the peer: so the guard reads and writes them itself.
                parse, write = handler.request_deserializer, handler.response_serializer
                one_in, one_out = kind.startswith("unary"), kind.endswith("unary")
                guarded = self._guarded(
                    method,
                    _as_coroutine(behaviour),
                    parse=_parser(parse) if one_in else _as_it_is,
                    write=write or _as_it_is if one_out else _as_it_is,
                )
                return getattr(grpc, f"{kind}_rpc_method_handler")(
                    guarded,
                    request_deserializer=None if one_in else _parser(parse),
                    response_serializer=None if one_out else write,
                )
        return None

    def _guarded(self, method: str, handle: Handler, *, parse: Codec, write: Codec) -> Handler:
        name = method[-TEXT_CHARS:]

        async def guarded(request: Any, context: Context) -> Any:
            limit = asyncio.timeout(None)
            try:
                seconds = self._seconds(method, context)
                async with limit:
                    limit.reschedule(asyncio.get_running_loop().time() + seconds)
                    response = await handle(parse(request), context)
                    return write(response)
            except grpc.aio.AbortError:
                raise
            except Refused as refused:
                self._log.info("call.refused", method=name, code=refused.code)
                await abort_with(context, refused)
            except Exception as error:  # noqa: BLE001 - the status table: nothing else may be sent
                if isinstance(error, TimeoutError) and limit.expired():
                    self._log.warning("call.overdue", method=name)
                    await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED)
                self._log.error("call.failed", method=name, error=error)
                await context.abort(grpc.StatusCode.INTERNAL, INTERNAL_TEXT)

        return guarded

    def _seconds(self, method: str, context: Context) -> float:
        version = list(context.auth_context().get(_TLS_VERSION, ()))
        if version not in ([], [b"TLSv1.3"]):
            raise Refused(Code.NOT_A_MEMBER, "TLS 1.3")
        remaining: float | None = context.time_remaining()
        most = self._streams.get(method)
        if remaining is None and most is None:
            raise Refused(Code.MALFORMED, "deadline")
        most = self._longest if most is None else most
        return most if remaining is None else min(most, remaining)


def _as_it_is(message: Any) -> Any:
    return message


def _parser(parse: Codec | None) -> Codec:
    """Return a parser that raises ``Refused(MALFORMED)`` for bytes that do not parse."""
    if parse is None:
        return _as_it_is

    def parsed(data: bytes) -> Any:
        try:
            return parse(data)
        except Exception:  # noqa: BLE001 - the status table: a parser's text repeats its input
            raise Refused(Code.MALFORMED, "message") from None

    return parsed


def _as_coroutine(behaviour: Any) -> Handler:
    """Return a generator as a coroutine that writes, so that all of it runs within the guard."""
    if not inspect.isasyncgenfunction(behaviour):
        handler: Handler = behaviour
        return handler

    async def write_all(request: Any, context: Context) -> None:
        async with contextlib.aclosing(behaviour(request, context)) as responses:
            async for response in responses:
                await context.write(response)

    return write_all
