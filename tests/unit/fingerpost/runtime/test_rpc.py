"""What leaves the edge when something goes wrong, over real gRPC."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from fakes.certificates import FakeAuthority
from fingerpost.protocol.errors import PUBLIC_TEXT, Code, Defect, Refused
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import rpc
from fingerpost.runtime.identity import Identity, Party
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import CODE_KEY, INTERNAL_TEXT, STATUS, Edge, abort_with, refused_from

CLIENT: list[tuple[str, Any]] = [("grpc.enable_retries", 0)]


class Methods(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # not generic when it runs
    """Methods by their last name; each kind of handler that gRPC has."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}
        self.released = asyncio.Event()

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


async def failed(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def read_all(call: Any) -> list[bytes]:
    return [message async for message in call]


def trailer(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    metadata: Any = error.trailing_metadata()
    return {key: value for key, value in metadata if key == CODE_KEY}


def unary(behaviour: Any, **codec: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(behaviour, **codec)


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
        for other in Code:  # what has one text must not be told apart by its status
            if PUBLIC_TEXT[one] == PUBLIC_TEXT[other]:
                assert STATUS[one] == STATUS[other]


@pytest.mark.parametrize("code", Code)
async def test_a_refusal_arrives_as_itself(
    methods: Methods, channel: grpc.aio.Channel, log_lines: io.StringIO, code: Code
) -> None:
    methods.handlers["Do"] = unary(raising(Refused(code, "Amy Pond")))
    error = await failed(channel.unary_unary("/t/Do", None, None)(b"", timeout=5))
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
    methods: Methods, channel: grpc.aio.Channel, log_lines: io.StringIO, error: Exception
) -> None:
    methods.handlers["Do"] = unary(raising(error))
    methods.handlers["Stream"] = grpc.unary_stream_rpc_method_handler(raising_stream(error))
    calls = (
        channel.unary_unary("/t/Do", None, None)(b"", timeout=5),
        read_all(channel.unary_stream("/t/Stream", None, None)(b"", timeout=5)),
    )
    for call in calls:
        got = await failed(call)
        assert (got.code(), got.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_TEXT)
        assert trailer(got) == {}
        assert refused_from(got).code is Code.UNAVAILABLE
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["error"] for line in lines] == [type(error).__name__] * 2
    assert "Amy" not in log_lines.getvalue()


async def test_streams_of_each_kind_pass_and_refuse(
    methods: Methods, channel: grpc.aio.Channel
) -> None:
    async def double(requests: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            if request == b"bad":
                raise Refused(Code.BAD_SEAL, "seal")
            yield request * 2

    async def join(requests: AsyncIterator[bytes], _context: Any) -> bytes:
        return b"".join([request async for request in requests])

    async def write(_requests: Any, context: Any) -> None:
        while isinstance(request := await context.read(), bytes):  # till grpc's end of stream
            await context.write(request)

    async def feed(*items: bytes) -> AsyncIterator[bytes]:
        for item in items:
            yield item

    methods.handlers["Stream"] = grpc.stream_stream_rpc_method_handler(double)
    methods.handlers["Join"] = grpc.stream_unary_rpc_method_handler(join)
    methods.handlers["Write"] = grpc.stream_stream_rpc_method_handler(write)
    streaming: Any = channel.stream_stream("/t/Stream", None, None)
    assert await read_all(streaming(feed(b"a", b"b"))) == [b"aa", b"bb"]
    assert refused_from(await failed(read_all(streaming(feed(b"a", b"bad"))))).code is Code.BAD_SEAL
    writing: Any = channel.stream_stream("/t/Write", None, None)
    assert await read_all(writing(feed(b"a", b"b"), timeout=5)) == [b"a", b"b"]
    joining: Any = channel.stream_unary("/t/Join", None, None)
    assert await joining(feed(b"a", b"b"), timeout=5) == b"ab"
    assert refused_from(await failed(joining(feed(b"a")))).rule is rpc.CallRule.REFUSED


async def test_a_call_without_a_deadline_is_refused(
    methods: Methods, channel: grpc.aio.Channel
) -> None:
    methods.handlers["Do"] = unary(raising(AssertionError()))
    error = await failed(channel.unary_unary("/t/Do", None, None)(b""))
    assert refused_from(error).code is Code.MALFORMED


async def test_nothing_lasts_longer_than_it_may(
    methods: Methods, channel: grpc.aio.Channel, log_lines: io.StringIO
) -> None:
    ended: list[str] = []

    async def linger(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            ended.append("closed")

    methods.handlers["Brief"] = grpc.unary_stream_rpc_method_handler(linger)
    call: Any = channel.unary_stream("/t/Brief", None, None)(b"")
    assert await call.read() == b"one"
    error = await failed(call.read())
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert refused_from(error).code is Code.UNAVAILABLE
    assert ended == ["closed"]
    assert json.loads(log_lines.getvalue())["event"] == "call.overdue"


async def test_what_does_not_parse_is_malformed_and_not_logged(
    methods: Methods,
    channel: grpc.aio.Channel,
    log_lines: io.StringIO,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def parse(data: bytes) -> bytes:
        if data == b"bad":
            raise ValueError("Amy Pond")
        return data

    async def echo(request: bytes, _context: Any) -> bytes:
        return request

    async def join(requests: AsyncIterator[bytes], _context: Any) -> bytes:
        return b"".join([request async for request in requests])

    methods.handlers["Do"] = unary(echo, request_deserializer=parse)
    methods.handlers["Join"] = grpc.stream_unary_rpc_method_handler(
        join, request_deserializer=parse
    )

    async def feed() -> AsyncIterator[bytes]:
        yield b"good"
        yield b"bad"

    do: Any = channel.unary_unary("/t/Do", None, None)
    assert await do(b"good", timeout=5) == b"good"
    error = await failed(do(b"bad", timeout=5))
    assert refused_from(error).code is Code.MALFORMED
    joining: Any = channel.stream_unary("/t/Join", None, None)
    error = await failed(joining(feed(), timeout=5))
    assert refused_from(error).code is Code.MALFORMED
    assert "Amy" not in (error.details() or "") + log_lines.getvalue() + caplog.text


async def test_what_we_cannot_write_is_a_defect(
    methods: Methods,
    channel: grpc.aio.Channel,
    log_lines: io.StringIO,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def write(_message: str) -> bytes:
        raise ValueError("Amy Pond")

    async def one(_request: Any, _context: Any) -> str:
        return "answer"

    async def many(_request: Any, _context: Any) -> AsyncIterator[str]:
        yield "answer"

    methods.handlers["Do"] = unary(one, response_serializer=write)
    methods.handlers["Stream"] = grpc.unary_stream_rpc_method_handler(
        many, response_serializer=write
    )
    for call in (
        channel.unary_unary("/t/Do", None, None)(b"", timeout=5),
        read_all(channel.unary_stream("/t/Stream", None, None)(b"", timeout=5)),
    ):
        error = await failed(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_TEXT)
    assert "Amy" not in log_lines.getvalue() + caplog.text


async def test_a_message_over_the_limit_is_malformed(
    methods: Methods, channel: grpc.aio.Channel
) -> None:
    async def size(request: bytes, _context: Any) -> bytes:
        return str(len(request)).encode()

    methods.handlers["Do"] = unary(size)
    do: Any = channel.unary_unary("/t/Do", None, None)
    assert await do(b"x" * 64 * 1024, timeout=5) == b"65536"
    error = await failed(do(b"x" * (64 * 1024 + 1), timeout=5))
    assert refused_from(error).code is Code.MALFORMED


async def test_metadata_over_the_limit_is_refused(
    methods: Methods, channel: grpc.aio.Channel
) -> None:
    methods.handlers["Do"] = unary(raising(AssertionError()))
    do: Any = channel.unary_unary("/t/Do", None, None)
    error = await failed(do(b"", timeout=5, metadata=(("long", "x" * 9000),)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_compressed_messages_are_refused(methods: Methods, channel: grpc.aio.Channel) -> None:
    async def size(request: bytes, _context: Any) -> bytes:
        return str(len(request)).encode()

    methods.handlers["Do"] = unary(size)
    do: Any = channel.unary_unary("/t/Do", None, None)
    assert await do(b"x" * 1000, timeout=5) == b"1000"
    error = await failed(do(b"x" * 1000, timeout=5, compression=grpc.Compression.Gzip))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_an_unknown_method_is_unsupported(channel: grpc.aio.Channel) -> None:
    error = await failed(channel.unary_unary("/t/None", None, None)(b"", timeout=5))
    assert refused_from(error).code is Code.UNSUPPORTED


async def test_nobody_there_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1", options=CLIENT) as nobody:
        error = await failed(nobody.unary_unary("/t/Do", None, None)(b"", timeout=5))
    assert refused_from(error).code is Code.UNAVAILABLE


@pytest.mark.parametrize(
    "stated", [(), ((CODE_KEY, "invented"),), ((CODE_KEY, "quota"), (CODE_KEY, "replayed"))]
)
async def test_a_code_that_we_do_not_know_is_not_believed(
    methods: Methods, channel: grpc.aio.Channel, stated: tuple[tuple[str, str], ...]
) -> None:
    async def strange(_request: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, "Amy Pond", stated)

    methods.handlers["Do"] = unary(strange)
    refused = refused_from(await failed(channel.unary_unary("/t/Do", None, None)(b"", timeout=5)))
    assert refused.code is Code.NOT_ALLOWED
    assert "Amy" not in str(refused)


async def test_abort_with_can_be_used_inside_a_handler(
    methods: Methods, channel: grpc.aio.Channel, log_lines: io.StringIO
) -> None:
    async def handler(_request: Any, context: Any) -> None:
        await abort_with(context, Refused(Code.QUOTA, "x"))

    methods.handlers["Do"] = unary(handler)
    error = await failed(channel.unary_unary("/t/Do", None, None)(b"", timeout=5))
    assert refused_from(error).code is Code.QUOTA
    assert log_lines.getvalue() == ""


async def test_a_caller_that_goes_away_ends_the_work(
    methods: Methods, channel: grpc.aio.Channel
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(_request: Any, _context: Any) -> bytes:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return b""

    methods.handlers["Do"] = unary(wait)
    call: Any = channel.unary_unary("/t/Do", None, None)(b"", timeout=30)
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


def test_of_several_that_asked_the_outermost_is_told() -> None:
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
    assert files.pop("grpc.max_send_message_length") == 512 * 1024 + 64
    assert files.items() < requesters.items()
    every = (
        rpc.SERVER_NODES,
        rpc.SERVER_REQUESTERS,
        rpc.SERVER_FILES,
        rpc.CLIENT,
        rpc.CLIENT_FRAMES,
    )
    for options in every:
        assert len(dict(options)) == len(options)
    assert dict(rpc.CLIENT)["grpc.enable_retries"] == 0


async def test_why_nobody_was_reached_is_told_in_our_words(
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
    assert another.rule is rpc.CallRule.ANOTHER_PARTY
    assert stranger.rule is rpc.CallRule.NOT_SECURE
    assert nobody.rule is rpc.CallRule.NOBODY


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

    handler = await Edge(log, longest=10).intercept_service(found, Details())  # type: ignore[arg-type]
    context = Spoken(version)
    if served:
        assert await handler.unary_unary(b"renew", context) == b"renew"
    else:
        with pytest.raises(grpc.aio.AbortError):
            await handler.unary_unary(b"renew", context)
        assert context.aborted[0] is STATUS[Code.NOT_A_MEMBER]
    assert calls == ([b"renew"] if served else [])
