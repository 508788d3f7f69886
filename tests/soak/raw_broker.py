"""A broker that speaks HTTP/2 by hand (RFC 9113) to the node that dials it, and notes what it sees.

It serves what a node asks its broker for, the files of the member list and one stream, and can
send on that stream frame by frame, ping at any moment, and see every window that the node opens.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fingerpost.runtime.tls import ServerTls
from fingerpost.wire.v1 import broker_pb2, member_list_pb2
from integration.raw_http2 import ACK, DATA, HEADERS, PING, PREFACE, SETTINGS, Frame

WINDOW_UPDATE: Final = 8
END_STREAM, END_HEADERS = 0x1, 0x4
LARGEST: Final = 2**31 - 1
DATA_BYTES: Final = 16_384


class Peer:
    """One connection of the node, served by hand."""

    def __init__(self, plain: socket.socket, tls: ssl.SSLContext, fetch: Callable[[str], bytes]):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(plain, server_side=True)
        self.socket.setblocking(False)
        self._fetch = fetch
        self._in = b""
        self._out: deque[bytes] = deque()
        self._greeted = False
        self.window = {0: 65_535}
        self._initial = 65_535
        self.stream = 0
        self.updates: list[tuple[float, int]] = []
        """When the node opened the window of its stream, and how far it was ahead then."""
        self.acks: list[tuple[float, bytes]] = []
        self.bursts: list[tuple[float, int]] = []
        """When something came, and how many bytes."""
        self.arrived: dict[bytes, float] = {}
        self._calls: dict[int, bytes] = {}
        self.send(Frame(SETTINGS, 0, 0, struct.pack(">HI", 4, LARGEST)))
        self.send(Frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST - 65_535)))

    def send(self, frame: Frame) -> None:
        self._out.append(frame.encode())

    @property
    def ahead(self) -> int:
        """By how many bytes the window of the node's stream is open beyond its size."""
        return self.window.get(self.stream, self._initial) - self._initial

    def data(self, payload: bytes) -> None:
        """Queue a gRPC message on the node's stream, in frames; they go as the windows allow."""
        message = b"\0" + struct.pack(">I", len(payload)) + payload
        for first in range(0, len(message), DATA_BYTES):
            self._out.append(
                Frame(DATA, 0, self.stream, message[first : first + DATA_BYTES]).encode()
            )

    def turn(self, wait: float) -> None:
        """Send what may go, and take what has come within ``wait`` seconds."""
        self._write()
        if not self.socket.pending() and not select.select([self.socket], [], [], wait)[0]:
            return
        try:
            more = self.socket.recv(65_536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        if not more:
            raise ConnectionError("the node hung up")
        now = time.monotonic()
        self.bursts.append((now, len(more)))
        self._take(more, now)

    def _write(self) -> None:
        sent: list[bytes] = []
        held: list[bytes] = []
        for frame in self._out:
            kind, stream, length = frame[3], int.from_bytes(frame[5:9], "big"), len(frame) - 9
            if kind == DATA:
                room = min(self.window[0], self.window.get(stream, self._initial))
                if held or length > room:
                    held.append(frame)
                    continue
                self.window[0] -= length
                self.window[stream] = self.window.get(stream, self._initial) - length
            sent.append(frame)
        self._out = deque(held)
        left = b"".join(sent)
        while left:
            try:
                left = left[self.socket.send(left) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                select.select([], [self.socket], [], 0.01)

    def _take(self, more: bytes, now: float) -> None:
        self._in += more
        if not self._greeted:
            if len(self._in) < len(PREFACE):
                return
            self._in, self._greeted = self._in[len(PREFACE) :], True
        while len(self._in) >= 9:
            length = int.from_bytes(self._in[:3], "big")
            if len(self._in) < 9 + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self._in[3:9])
            payload, self._in = self._in[9 : 9 + length], self._in[9 + length :]
            self._frame(kind, flags, stream, payload, now)  # which may read on

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes, now: float) -> None:
        if kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == 4:
                    for known in self.window.keys() - {0}:
                        self.window[known] += value - self._initial
                    self._initial = value
            self.send(Frame(SETTINGS, ACK, 0, b""))
        elif kind == PING:
            if flags & ACK:
                self.acks.append((now, payload))
            else:
                self.send(Frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            more = int.from_bytes(payload, "big")
            self.window[stream] = self.window.get(stream, self._initial) + more
            if stream == self.stream:
                self.updates.append((now, self.ahead))
        elif kind == DATA:
            self._calls[stream] = self._calls.get(stream, b"") + payload
            self._messages(stream, now)
            if flags & END_STREAM and stream != self.stream:
                self._answer_fetch(stream)

    def _messages(self, stream: int, now: float) -> None:
        """Take whole messages of the stream that the node attached with a hello."""
        held = self._calls[stream]
        while len(held) >= 5 and len(held) >= 5 + int.from_bytes(held[1:5], "big"):
            length = int.from_bytes(held[1:5], "big")
            body = held[5 : 5 + length]
            if not self.stream:
                try:
                    hello = broker_pb2.AttachRequest.FromString(body)
                except Exception:  # noqa: BLE001 - a request of another method
                    return
                if hello.WhichOneof("message") != "hello":
                    return
                self.stream = stream
                self.window.setdefault(stream, self._initial)
                self.send(Frame(HEADERS, END_HEADERS, stream, response()))
            else:
                message = broker_pb2.AttachRequest.FromString(body)
                for answer in message.answers.answers:
                    self.arrived.setdefault(answer.query_hash, now)
            held = held[5 + length :]
            self._calls[stream] = held

    def _answer_fetch(self, stream: int) -> None:
        body = self._calls.pop(stream)[5:]
        try:
            content = self._fetch(member_list_pb2.FetchRequest.FromString(body).path)
        except Exception:  # noqa: BLE001 - the node is told that there is none
            self.send(
                Frame(
                    HEADERS,
                    END_HEADERS | END_STREAM,
                    stream,
                    response(("grpc-status", "7"), ("fingerpost-code", "not_allowed")),
                )
            )
            return
        found = member_list_pb2.FetchResponse(content=content).SerializeToString()
        self.send(Frame(HEADERS, END_HEADERS, stream, response()))
        message = b"\0" + struct.pack(">I", len(found)) + found
        for first in range(0, len(message), DATA_BYTES):
            self._out.append(Frame(DATA, 0, stream, message[first : first + DATA_BYTES]).encode())
        # Held back like data, and so sent after it.
        trailers = Frame(HEADERS, END_HEADERS | END_STREAM, stream, trailers_of(0))
        self.turn(0.0)
        while any(frame[3] == DATA for frame in self._out):
            self.turn(0.01)
        self.send(trailers)


def response(*more: tuple[str, str]) -> bytes:
    return fields((":status", "200"), ("content-type", "application/grpc"), *more)


def trailers_of(status: int) -> bytes:
    return fields(("grpc-status", str(status)))


def fields(*pairs: tuple[str, str]) -> bytes:
    """A header block without a dynamic table (RFC 7541, 6.2.2); every text is short."""
    return b"".join(
        b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in pairs
    )


@dataclass
class Broker:
    """Serves all connections of a node in one thread, by turns. ``fetch`` gives the files of the
    member list."""

    address: str
    files: ServerTls
    fetch: Callable[[str], bytes]
    peers: list[Peer] = field(default_factory=list)

    def __enter__(self) -> Broker:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.tls.load_cert_chain(self.files.certificate, self.files.key)
        self.tls.load_verify_locations(self.files.authority)
        self.tls.verify_mode = ssl.CERT_REQUIRED
        self.tls.set_alpn_protocols(["h2"])
        host, port = self.address.split(":")
        self.listening = socket.create_server((host, int(port)))
        return self

    def __exit__(self, *_: object) -> None:
        self.listening.close()
        for peer in self.peers:
            peer.socket.close()

    def accept(self) -> None:
        if select.select([self.listening], [], [], 0)[0]:
            plain, _ = self.listening.accept()
            plain.settimeout(5)
            try:
                self.peers.append(Peer(plain, self.tls, self.fetch))
            except (OSError, ssl.SSLError):
                plain.close()

    def turns(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.accept()
            for peer in list(self.peers):
                try:
                    peer.turn(0.001)
                except (OSError, ssl.SSLError):
                    self.peers.remove(peer)

    def attached(self, most: float = 120.0) -> Peer:
        """Wait until a stream of the node is open."""
        end = time.monotonic() + most
        while time.monotonic() < end:
            self.turns(0.1)
            for peer in self.peers:
                if peer.stream:
                    return peer
        raise TimeoutError("the node does not attach")
