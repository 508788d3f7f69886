"""HTTP/2 by hand (RFC 9113), for what no well-behaved client does: frames as an attacker writes
them.

Blocking: to be run in a thread.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
CANCEL: Final = 8
ENHANCE_YOUR_CALM: Final = 11
SECONDS: Final = 10.0


@dataclass(frozen=True)
class Frame:
    type: int
    flags: int
    stream: int
    payload: bytes

    def encode(self) -> bytes:
        length = struct.pack(">I", len(self.payload))[1:]
        return length + struct.pack(">BBI", self.type, self.flags, self.stream) + self.payload


def headers(path: str, *more: tuple[str, str]) -> bytes:
    """A header block without a dynamic table (RFC 7541, 6.2.2)."""
    pairs = (
        (":method", "POST"),
        (":scheme", "https"),
        (":path", path),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *more,
    )
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in pairs)


def _text(text: str) -> bytes:
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, out = len(data) - 127, bytearray([127])
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes([*out, rest]) + data


def reset_at_once(path: str, stream: int) -> bytes:
    """A call, and its end before anybody can have looked at it."""
    return (
        Frame(HEADERS, END_HEADERS, stream, headers(path)).encode()
        + Frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)).encode()
    )


class Connection:
    """TLS, the preface and empty settings are exchanged when it is entered."""

    def __init__(self, address: str, context: ssl.SSLContext, name: str) -> None:
        host, port = address.split(":")
        self._plain = socket.create_connection((host, int(port)), SECONDS)
        self.socket = context.wrap_socket(self._plain, server_hostname=name)
        self.socket.settimeout(SECONDS)
        self._read = b""

    def __enter__(self) -> Self:
        self.socket.sendall(PREFACE + Frame(SETTINGS, 0, 0, b"").encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.socket.close()
        self._plain.close()

    def send(self, data: bytes) -> bool:
        """False once the server has gone."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def frames(self) -> Iterator[Frame]:
        """Until the server hangs up."""
        while True:
            while len(self._read) < 9 or len(self._read) < 9 + self._length():
                try:
                    more = self.socket.recv(65_536)
                except (ConnectionError, ssl.SSLError):
                    return
                if not more:
                    return
                self._read += more
            length = self._length()
            type_, flags, stream = struct.unpack(">BBI", self._read[3:9])
            yield Frame(type_, flags, stream, self._read[9 : 9 + length])
            self._read = self._read[9 + length :]

    def _length(self) -> int:
        return int.from_bytes(self._read[:3], "big")

    def settled(self) -> str:
        """Everything sent before has been read by the server: "alive", or "gone"."""
        self.send(Frame(PING, 0, 0, b"12345678").encode())
        for frame in self.frames():
            if frame.type == SETTINGS and not frame.flags & ACK:
                self.send(Frame(SETTINGS, ACK, 0, b"").encode())
            if frame.type == PING and frame.flags & ACK and frame.payload == b"12345678":
                return "alive"
        return "gone"

    def seconds_until_closed(self) -> float:
        began = time.monotonic()
        for frame in self.frames():
            if frame.type == GOAWAY:
                break
        return time.monotonic() - began


def seconds_until_hung_up(address: str, most: float) -> float:
    """How long a socket stays open on which nothing is said."""
    host, port = address.split(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), SECONDS) as silent:
        silent.settimeout(most)
        try:
            assert silent.recv(1) == b""
        except ConnectionError:
            pass
        except TimeoutError:
            return float("inf")
    return time.monotonic() - began
