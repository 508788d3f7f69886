"""Callers that cost much and bring nothing: the port stays open for the others, and nothing is
worked on for them.

Only members get as far as most of this (mutual TLS); a member's process can be taken over.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.waiting import until
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Party
from fingerpost.wire.v1 import member_list_pb2
from integration import raw_http2 as http2
from integration.raw_http2 import Connection, Frame
from integration.running_federation import GATEWAY, PORTS, SPARE, Door, Federation
from integration.wire_callers import (
    ATTACH,
    EVALUATE,
    FETCH,
    LOOKUP,
    ask,
    require_refused,
    tls_context,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

RESETS = 5000
HANDLERS = 50
"""At most so many handlers begin for all of them: a stream that is reset before its turn costs a
frame.
"""
HANDSHAKE_SECONDS = 5.0
LATER = 4.0
"""gRPC's own timers, and a busy machine."""


async def as_node(
    federation: Federation, folder: Path, attack: Callable[[Connection], object]
) -> object:
    """Runs the attack in a thread, over a connection with a listed node's papers."""
    papers = federation.papers(SPARE, Party.NODE).write(folder)
    context = tls_context(federation.authority.file, papers, ssl.TLSVersion.TLSv1_3)
    name = federation.broker.me.server_name

    def run() -> object:
        with Connection(federation.broker.nodes, context, name) as connection:
            return attack(connection)

    return await asyncio.to_thread(run)


async def test_rapid_resets_begin_few_handlers(federation: Federation, tmp_path: Path) -> None:
    """Attack (CVE-2023-44487): calls that are opened and reset at once cost the server, and never
    count as open.
    """

    def flood(connection: Connection) -> str:
        for first in range(0, RESETS, 100):
            streams = range(2 * first + 1, 2 * (first + 100), 2)
            if not connection.send(b"".join(http2.reset_at_once(ATTACH, s) for s in streams)):
                return "gone"
        return connection.settled()

    began = federation.broker.tape.began
    before = began["Attach"]
    assert await as_node(federation, tmp_path, flood) in ("alive", "gone")
    await federation.require_serving()  # and by then the server has begun whatever it would
    assert 0 <= began["Attach"] - before <= HANDLERS
    assert SPARE not in federation.broker.broker.attached()


async def test_the_flood_itself_is_heard(federation: Federation, tmp_path: Path) -> None:
    """One such call that is not reset does begin: what the count above counts."""

    def one(connection: Connection) -> str:
        connection.send(Frame(http2.HEADERS, http2.END_HEADERS, 1, http2.headers(ATTACH)).encode())
        return connection.settled()

    began = federation.broker.tape.began
    before = began["Attach"]
    assert await as_node(federation, tmp_path, one) == "alive"
    await until(lambda: began["Attach"] == before + 1)


async def test_one_connection_holds_few_streams(federation: Federation, tmp_path: Path) -> None:
    def many(connection: Connection) -> str:
        for stream in range(1, 400, 2):
            frame = Frame(http2.HEADERS, http2.END_HEADERS, stream, http2.headers(ATTACH))
            if not connection.send(frame.encode()):
                return "gone"
        return connection.settled()

    began = federation.broker.tape.began
    before = began["Attach"]
    await as_node(federation, tmp_path, many)
    await federation.require_serving()
    assert began["Attach"] - before <= HANDLERS


@pytest.mark.parametrize("what", ["headers without an end", "headers of 1 MB", "a window of zero"])
async def test_what_only_fills_memory_is_ended(
    federation: Federation, tmp_path: Path, what: str
) -> None:
    """Attack (CVE-2024-27316 and its kin): headers that go on and on."""
    block = http2.headers(ATTACH)
    junk = http2.headers(ATTACH, *((f"x-{i}", "y" * 100) for i in range(100)))

    def attack(connection: Connection) -> str:
        match what:
            case "headers without an end":
                connection.send(Frame(http2.HEADERS, 0, 1, block).encode())
                more = Frame(http2.CONTINUATION, 0, 1, junk).encode()
                for _ in range(2000):
                    if not connection.send(more):
                        return "gone"
            case "headers of 1 MB":
                long = http2.headers(ATTACH, *((f"x-{i}", "y" * 10_000) for i in range(100)))
                connection.send(Frame(http2.HEADERS, 0, 1, long[:16_000]).encode())
                for start in range(16_000, len(long), 16_000):
                    part = long[start : start + 16_000]
                    last = http2.END_HEADERS if start + 16_000 >= len(long) else 0
                    connection.send(Frame(http2.CONTINUATION, last, 1, part).encode())
            case _:
                connection.send(
                    Frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 4, 0)).encode()
                    + Frame(http2.HEADERS, http2.END_HEADERS, 1, block).encode()
                )
        return connection.settled()

    before = federation.broker.tape.began["Attach"]
    ended = await as_node(federation, tmp_path, attack)
    if what == "headers without an end":
        assert ended == "gone"
    # Headers beyond the limit are not handed on: at most an empty call begins, once, and ends.
    assert federation.broker.tape.began["Attach"] <= before + 1
    assert SPARE not in federation.broker.broker.attached()
    await federation.require_serving()


async def test_too_many_pings_end_the_connection(federation: Federation, tmp_path: Path) -> None:
    def ping(connection: Connection) -> bytes:
        for number in range(200):
            connection.send(Frame(http2.PING, 0, 0, number.to_bytes(8, "big")).encode())
        goaway = next((f for f in connection.frames() if f.type == http2.GOAWAY), None)
        return goaway.payload[4:8] if goaway else b"none"

    assert await as_node(federation, tmp_path, ping) == struct.pack(">I", http2.ENHANCE_YOUR_CALM)
    await federation.require_serving()


async def test_silent_sockets_do_not_stay(federation: Federation, tmp_path: Path) -> None:
    """On each port, before TLS and after it. All at once, since each is waited for."""
    doors = [federation.door(port) for port in PORTS]
    papers = federation.papers(SPARE, Party.NODE).write(tmp_path)
    context = tls_context(federation.authority.file, papers, ssl.TLSVersion.TLSv1_3)
    most = HANDSHAKE_SECONDS + LATER

    def after_tls(door: Door) -> float:
        # Not entered: no preface is sent.
        connection = Connection(door.address, context, door.party.me.server_name)
        connection.socket.settimeout(most)
        try:
            return connection.seconds_until_closed()
        finally:
            connection.__exit__(None, None, None)

    waits = await asyncio.gather(
        *(asyncio.to_thread(http2.seconds_until_hung_up, door.address, most) for door in doors),
        *(asyncio.to_thread(after_tls, door) for door in doors),
    )
    assert all(0.5 < wait < most for wait in waits), waits


async def test_a_call_without_a_deadline_is_refused(federation: Federation) -> None:
    papers = federation.papers(GATEWAY, Party.GATEWAY)
    path = member_list_pb2.FetchRequest(path="metadata/timestamp.json").SerializeToString()
    for port, method in (
        ("requesters", LOOKUP),
        ("requesters", FETCH),
        ("nodes", FETCH),
        ("holder", EVALUATE),
    ):
        async with federation.door(port).dial(papers) as channel:
            require_refused(await ask(channel, method, path, seconds=None), Code.MALFORMED)
            if method == FETCH:  # the deadline alone was missing
                assert isinstance(await ask(channel, method, path), tuple)


async def test_callers_without_membership_cost_no_write(federation: Federation) -> None:
    """Not a page of a database, whoever calls how often, with whatever a member has sent."""
    await federation.require_serving()
    request = next(t.data for t in federation.broker.tape.heard if t.method == "Lookup")
    batch = federation.holders[0].tape.heard[-1].data
    nobody = federation.papers(SPARE, Party.GATEWAY)
    doors = {federation.door("requesters"): request, federation.door("holder"): batch}

    def kept() -> list[bytes]:
        return [data for door in doors for data in door.kept()]

    before = kept()
    assert len(before) >= 4
    for door, data in doors.items():
        method = PORTS[door.port]
        async with door.dial(nobody) as channel:
            for ended in await asyncio.gather(*(ask(channel, method, data) for _ in range(50))):
                require_refused(ended, Code.NOT_A_MEMBER)
    assert kept() == before
