"""What leaves the edge when something goes wrong, over real gRPC."""

from __future__ import annotations

import asyncio
import functools
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from fakes.certificates import FakeAuthority
from fakes.waiting import until
from fingerpost.protocol.errors import PUBLIC_TEXT, CallRule, Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import rpc
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import TEXT_CHARS, Logger
from fingerpost.runtime.rpc import CODE_KEY, INTERNAL_TEXT, STATUS, Edge, abort_with, refused_from
from fingerpost.runtime.tls import ServerTls

CLIENT: list[tuple[str, Any]] = [("grpc.enable_retries", 0)]
Serve = Callable[..., Callable[..., Any]]


class Methods(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # not generic when it runs
    """Methods by their last name; each kind of handler that gRPC has."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self.handlers.get(details.method.rsplit("/", 1)[1])


@pytest.fixture
async def methods() -> Methods:
    return Methods()


@pytest.fixture
async def channel(methods: Methods, log: Logger) -> AsyncIterator[grpc.aio.Channel]:
    edge = Edge(log, longest=30, streams={"/t/Stream": 30.0, "/t/Brief": 0.05})
    server = rpc.server(rpc.SERVER_REQUESTERS, edge)
    server.add_generic_rpc_handlers((methods,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CLIENT) as channel:
        yield channel
    await server.stop(None)


@pytest.mark.parametrize("options", ["SERVER_NODES", "SERVER_REQUESTERS", "SERVER_FILES"])
async def test_a_port_holds_so_many_connections_and_closes_the_next_at_once(
    log: Logger, options: str
) -> None:
    """Attack: sockets that say nothing. Each costs memory until its handshake is over."""
    most = 8
    changed = {
        "grpc.max_allowed_incoming_connections": most,
        "grpc.server_handshake_timeout_ms": 3_600_000,  # it closes none of them
    }
    given: rpc.Options = getattr(rpc, options)
    assert changed.keys() <= dict(given).keys()
    few = tuple((name, changed.get(name, value)) for name, value in given)
    made = rpc.server(few, Edge(log, longest=30))
    port = made.add_insecure_port("127.0.0.1:0")
    await made.start()
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5 * most)]
    closed = [asyncio.create_task(reader.read()) for reader, _ in held]
    await until(lambda: sum(task.done() for task in closed) >= 4 * most)
    for _, writer in held:
        writer.close()
    for task in closed:
        task.cancel()
    await asyncio.gather(*closed, return_exceptions=True)
    await made.stop(None)


@pytest.fixture
def serve(methods: Methods, channel: grpc.aio.Channel) -> Serve:
    """Serve a method and return its caller; ``kind`` is gRPC's word, such as ``unary_stream``."""

    def served(kind: str, behaviour: Any, name: str = "Do", **codec: Any) -> Callable[..., Any]:
        methods.handlers[name] = getattr(grpc, f"{kind}_rpc_method_handler")(behaviour, **codec)
        return functools.partial(getattr(channel, kind)(f"/t/{name}", None, None), timeout=5)

    return served


async def failed(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def read_all(call: Any) -> list[bytes]:
    return [message async for message in call]


def trailer(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    metadata: Any = error.trailing_metadata()
    return {key: value for key, value in metadata if key == CODE_KEY}


async def size(request: bytes, _context: Any) -> bytes:
    return str(len(request)).encode()


async def join(requests: AsyncIterator[bytes], _context: Any) -> bytes:
    return b"".join([request async for request in requests])


async def feed(*items: bytes) -> AsyncIterator[bytes]:
    for item in items:
        yield item


def raising(error: Exception) -> Callable[..., Any]:
    async def handler(_request: Any, _context: Any) -> bytes:
        raise error

    return handler


def raising_stream(error: Exception) -> Callable[..., Any]:
    async def handler(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        raise error

    return handler


def test_every_code_has_a_status_and_a_text() -> None:
    assert STATUS.keys() == set(Code) == PUBLIC_TEXT.keys()
    assert grpc.StatusCode.OK not in STATUS.values()
    assert grpc.StatusCode.INTERNAL not in STATUS.values()  # that is a defect of ours
    for one in Code:
        for other in Code:  # nobody may distinguish by its status what has one text
            if PUBLIC_TEXT[one] == PUBLIC_TEXT[other]:
                assert STATUS[one] == STATUS[other]


@pytest.mark.parametrize("code", Code)
async def test_a_refusal_arrives_as_itself(
    serve: Serve, log_lines: io.StringIO, code: Code
) -> None:
    error = await failed(serve("unary_unary", raising(Refused(code, "Amy Pond")))(b""))
    assert error.code() is STATUS[code]
    assert error.details() == PUBLIC_TEXT[code]
    assert trailer(error) == {CODE_KEY: code.value}
    assert refused_from(error).code is code
    assert "Amy" not in str(refused_from(error)) + repr(error) + log_lines.getvalue()
    (line,) = map(json.loads, log_lines.getvalue().splitlines())
    assert (line["event"], line["code"], line["method"]) == ("call.refused", code.value, "/t/Do")


@pytest.mark.parametrize(
    "error", [ValueError("Amy Pond"), Defect("Amy Pond"), TimeoutError("Amy Pond")]
)
async def test_a_defect_leaves_as_one_fixed_text(
    serve: Serve, log_lines: io.StringIO, error: Exception
) -> None:
    do, stream = (
        serve("unary_unary", raising(error)),
        serve("unary_stream", raising_stream(error), "Stream"),
    )
    for call in (do(b""), read_all(stream(b""))):
        got = await failed(call)
        assert (got.code(), got.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_TEXT)
        assert trailer(got) == {}
        assert refused_from(got).code is Code.UNAVAILABLE
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["error"] for line in lines] == [type(error).__name__] * 2
    assert "Amy" not in log_lines.getvalue()


async def test_streams_of_each_kind_pass_and_refuse(serve: Serve) -> None:
    async def double(requests: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            if request == b"bad":
                raise Refused(Code.BAD_SEAL, "seal")
            yield request * 2

    async def write(_requests: Any, context: Any) -> None:
        while isinstance(request := await context.read(), bytes):  # till grpc's end of stream
            await context.write(request)

    streaming = functools.partial(serve("stream_stream", double, "Stream"), timeout=None)
    assert await read_all(streaming(feed(b"a", b"b"))) == [b"aa", b"bb"]
    assert refused_from(await failed(read_all(streaming(feed(b"a", b"bad"))))).code is Code.BAD_SEAL
    writing = serve("stream_stream", write)
    assert await read_all(writing(feed(b"a", b"b"))) == [b"a", b"b"]
    joining = functools.partial(serve("stream_unary", join), timeout=None)
    assert await joining(feed(b"a", b"b"), timeout=5) == b"ab"
    assert refused_from(await failed(joining(feed(b"a")))).rule is CallRule.REFUSED


async def test_a_call_without_a_deadline_is_refused(serve: Serve) -> None:
    error = await failed(serve("unary_unary", raising(AssertionError()))(b"", timeout=None))
    assert refused_from(error).code is Code.MALFORMED


async def test_nothing_lasts_longer_than_it_may(serve: Serve, log_lines: io.StringIO) -> None:
    ended: list[str] = []

    async def linger(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            ended.append("closed")

    call = serve("unary_stream", linger, "Brief")(b"", timeout=None)
    assert await call.read() == b"one"
    error = await failed(call.read())
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert refused_from(error).code is Code.UNAVAILABLE
    assert ended == ["closed"]
    assert json.loads(log_lines.getvalue())["event"] == "call.overdue"


async def test_what_does_not_parse_is_malformed_and_not_logged(
    serve: Serve, log_lines: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    def parse(data: bytes) -> bytes:
        if data == b"bad":
            raise ValueError("Amy Pond")
        return data

    async def echo(request: bytes, _context: Any) -> bytes:
        return request

    do = serve("unary_unary", echo, request_deserializer=parse)
    joining = serve("stream_unary", join, "Join", request_deserializer=parse)
    assert await do(b"good") == b"good"
    error = await failed(do(b"bad"))
    assert refused_from(error).code is Code.MALFORMED
    error = await failed(joining(feed(b"good", b"bad")))
    assert refused_from(error).code is Code.MALFORMED
    assert "Amy" not in (error.details() or "") + log_lines.getvalue() + caplog.text


async def test_what_we_cannot_write_is_a_defect(
    serve: Serve, log_lines: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    def write(_message: str) -> bytes:
        raise ValueError("Amy Pond")

    async def one(_request: Any, _context: Any) -> str:
        return "answer"

    async def many(_request: Any, _context: Any) -> AsyncIterator[str]:
        yield "answer"

    do = serve("unary_unary", one, response_serializer=write)
    stream = serve("unary_stream", many, "Stream", response_serializer=write)
    for call in (do(b""), read_all(stream(b""))):
        error = await failed(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_TEXT)
    assert "Amy" not in log_lines.getvalue() + caplog.text


async def test_a_message_over_the_limit_is_malformed(serve: Serve) -> None:
    do = serve("unary_unary", size)
    assert await do(b"x" * 64 * 1024) == b"65536"
    error = await failed(do(b"x" * (64 * 1024 + 1)))
    assert refused_from(error).code is Code.MALFORMED


async def test_metadata_over_the_limit_is_refused(serve: Serve) -> None:
    do = serve("unary_unary", raising(AssertionError()))
    error = await failed(do(b"", metadata=(("long", "x" * 9000),)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_compressed_messages_are_refused(serve: Serve) -> None:
    do = serve("unary_unary", size)
    assert await do(b"x" * 1000) == b"1000"
    error = await failed(do(b"x" * 1000, compression=grpc.Compression.Gzip))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_an_unknown_method_is_unsupported(channel: grpc.aio.Channel) -> None:
    error = await failed(channel.unary_unary("/t/None", None, None)(b"", timeout=5))
    assert refused_from(error).code is Code.UNSUPPORTED


async def test_of_a_hosts_addresses_the_next_is_tried_where_nobody_listens() -> None:
    """A second instance of the broker stands behind the same name."""
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    both = f"ipv4:127.0.0.1:1,127.0.0.1:{port}"  # as a name with two addresses is resolved
    async with grpc.aio.insecure_channel(both, options=rpc.CLIENT) as channel:
        await asyncio.wait_for(channel.channel_ready(), 20)
    await server.stop(0)


async def test_nobody_there_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1", options=CLIENT) as nobody:
        error = await failed(nobody.unary_unary("/t/Do", None, None)(b"", timeout=5))
    assert refused_from(error).code is Code.UNAVAILABLE


@pytest.mark.parametrize(
    "stated", [(), ((CODE_KEY, "invented"),), ((CODE_KEY, "quota"), (CODE_KEY, "replayed"))]
)
async def test_a_code_that_we_do_not_know_is_not_believed(
    serve: Serve, stated: tuple[tuple[str, str], ...]
) -> None:
    async def strange(_request: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, "Amy Pond", stated)

    refused = refused_from(await failed(serve("unary_unary", strange)(b"")))
    assert refused.code is Code.NOT_ALLOWED
    assert "Amy" not in str(refused)


async def test_abort_with_can_be_used_inside_a_handler(
    serve: Serve, log_lines: io.StringIO
) -> None:
    async def handler(_request: Any, context: Any) -> None:
        await abort_with(context, Refused(Code.QUOTA, "x"))

    error = await failed(serve("unary_unary", handler)(b""))
    assert refused_from(error).code is Code.QUOTA
    assert log_lines.getvalue() == ""


async def test_a_caller_that_goes_away_ends_the_work(serve: Serve) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(_request: Any, _context: Any) -> bytes:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return b""

    call = serve("unary_unary", wait)(b"", timeout=30)
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_port_that_is_taken_is_a_defect(
    authority: FakeAuthority, broker: Identity, log: Logger
) -> None:
    credentials = authority.server(broker).credentials()
    first, second = (rpc.server(rpc.SERVER_REQUESTERS, Edge(log, longest=1)) for _ in range(2))
    try:
        port = rpc.listen(first, "127.0.0.1:0", credentials)
        await first.start()
        with pytest.raises(Defect, match=rf"^127.0.0.1:{port}: cannot .*\(another process"):
            rpc.listen(second, f"127.0.0.1:{port}", credentials)
    finally:
        await first.stop(None)
        await second.stop(None)


def test_of_several_that_asked_the_outermost_is_named() -> None:
    with pytest.raises(Refused) as refused, rpc.asking("issuer “one” at i:1 for a certificate"):
        with rpc.asking("issuer “one” at i:1"):
            raise Refused(Code.QUOTA, "certificates")
    assert refused.value.asked == "issuer “one” at i:1 for a certificate"
    assert (refused.value.code, refused.value.what) == (Code.QUOTA, "certificates")


def test_the_options_say_what_the_design_says() -> None:
    nodes, requesters = dict(rpc.SERVER_NODES), dict(rpc.SERVER_REQUESTERS)
    assert nodes["grpc.max_concurrent_streams"] == 4
    assert requesters["grpc.max_concurrent_streams"] == 128
    assert nodes["grpc.max_receive_message_length"] == 1024 * 1024
    assert requesters["grpc.max_receive_message_length"] == 64 * 1024
    files = dict(rpc.SERVER_FILES)
    assert files.pop("grpc.max_send_message_length") == 1024 * 1024
    assert files.items() < requesters.items()
    servers = (rpc.SERVER_NODES, rpc.SERVER_REQUESTERS, rpc.SERVER_FILES)
    for options in (*servers, rpc.CLIENT, rpc.CLIENT_FRAMES):
        assert len(dict(options)) == len(options)
    assert dict(rpc.CLIENT)["grpc.enable_retries"] == 0


async def test_why_nobody_was_reached_is_said_in_our_words(
    authority: FakeAuthority, log: Logger, tmp_path: Path
) -> None:
    broker, issuer = (
        Identity(FederationId("test-federation"), MemberId("one"), service)
        for service in (Party.BROKER, Party.ISSUER)
    )
    edge = rpc.server(rpc.SERVER_NODES, Edge(log, longest=10.0))
    port = edge.add_secure_port("127.0.0.1:0", authority.server(broker).credentials())
    await edge.start()

    async def cause(address: str, of: FakeAuthority = authority) -> Refused:
        async with rpc.connect(address, of.client(broker), issuer) as channel:
            call = channel.unary_unary("/t/Do", None, None)
            return refused_from(await failed(call(b"", timeout=5)))

    try:
        another = await cause(f"127.0.0.1:{port}")
        stranger = await cause(f"127.0.0.1:{port}", FakeAuthority.create(tmp_path / "stranger"))
    finally:
        await edge.stop(0)
    nobody = await cause(f"127.0.0.1:{port}")
    assert {another.code, stranger.code, nobody.code} == {Code.UNAVAILABLE}
    assert another.rule is CallRule.ANOTHER_PARTY
    assert stranger.rule is CallRule.NOT_SECURE
    assert nobody.rule is CallRule.NOBODY


@pytest.mark.parametrize("days", [(-9, -2), (2, 9)])
async def test_a_clock_that_the_certificate_contradicts_is_named(
    authority: FakeAuthority, log: Logger, tmp_path: Path, days: tuple[int, int]
) -> None:
    broker = Identity(FederationId("test-federation"), MemberId("one"), Party.BROKER)
    starts, ends = (timedelta(days=day) for day in days)
    folder = authority.issue(broker, starts_in=starts, ends_in=ends).write(tmp_path / "dated")
    tls = ServerTls(folder / "tls.pem", folder / "tls.key", authority.file)
    edge = rpc.server(rpc.SERVER_NODES, Edge(log, longest=10.0))
    port = edge.add_secure_port("127.0.0.1:0", tls.credentials())
    await edge.start()
    try:
        async with rpc.connect(f"127.0.0.1:{port}", authority.client(broker), broker) as channel:
            call = channel.unary_unary("/t/Do", None, None)
            met = refused_from(await failed(call(b"", timeout=5)))
    finally:
        await edge.stop(0)
    assert met.rule is CallRule.CLOCK
    assert len(met.what) <= TEXT_CHARS


class Spoken:
    """A call's context that says over which version of TLS the call came."""

    def __init__(self, *version: bytes) -> None:
        self.version = version
        self.aborted: list[Any] = []

    def auth_context(self) -> dict[str, tuple[bytes, ...]]:
        return {"ssl_tls_version": self.version}

    def time_remaining(self) -> float:
        return 5.0

    async def abort(self, *status: Any, **more: Any) -> None:
        self.aborted += status
        raise grpc.aio.AbortError


@pytest.mark.parametrize(("version", "served"), [(b"TLSv1.2", False), (b"TLSv1.3", True)])
async def test_a_port_without_client_certificates_serves_tls_1_3_alone(
    log: Logger, version: bytes, served: bool
) -> None:
    """Where a client shows no certificate, as to the issuer, no identity is read that would refuse
    it.
    """
    calls: list[bytes] = []

    async def handle(request: bytes, _: Any) -> bytes:
        calls.append(request)
        return request

    async def found(_: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(handle)

    class Details:
        method = "/t/Renew"

    details: Any = Details()
    handler = await Edge(log, longest=10).intercept_service(found, details)
    context = Spoken(version)
    if served:
        assert await handler.unary_unary(b"renew", context) == b"renew"
    else:
        with pytest.raises(grpc.aio.AbortError):
            await handler.unary_unary(b"renew", context)
        assert context.aborted[0] is STATUS[Code.NOT_A_MEMBER]
    assert calls == ([b"renew"] if served else [])
