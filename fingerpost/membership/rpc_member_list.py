"""gRPC edge: files of the member list, fetched by a thread.

Law: the fetch blocks, as the TUF client does, and its result is not trusted before it is verified.
After any failure a new channel is made, so that a renewed certificate comes into use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import ReadStatement, write_read
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, Route, asking, direct, refused_from
from fingerpost.wire.v1 import member_list_pb2 as pb

CALL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How a server is asked for a file: the method, the request for a path, and the message that
    comes back.
    """

    method: str
    request: Callable[[str], bytes]
    response: type[pb.FetchResponse | pb.ReadResponse]


AT_BROKER: Final = Asking(
    "/fingerpost.wire.v1.MemberListService/Fetch",
    lambda path: pb.FetchRequest(path=path).SerializeToString(),
    pb.FetchResponse,
)
"""The broker knows the member by its certificate."""


def at_issuer(
    federation: FederationId, member: MemberId, key: Ed25519PrivateKey, clock: Clock
) -> Asking:
    """Return how the issuer is asked, who asks for no certificate and shows a file to a listed
    member only: each request is signed.
    """

    def request(path: str) -> bytes:
        statement = ReadStatement(federation, member, path, int(clock.now()))
        return pb.ReadRequest(envelope=write_read(statement, key)).SerializeToString()

    return Asking("/fingerpost.wire.v1.IssuerService/Read", request, pb.ReadResponse)


class MemberListFetcher:
    """Fetches files of the member list on one channel. Thread-safe."""

    def __init__(
        self,
        address: str,
        credentials: Callable[[], grpc.ChannelCredentials],
        server: Identity,
        asking: Asking = AT_BROKER,
        patience: float = CALL_SECONDS,
        route: Route = direct,
    ) -> None:
        """
        Args:
            asking: how the server is asked.
            patience: seconds for one file.
            address: host:port of the broker or the issuer.
            credentials: called for each new channel.
            server: the identity that the server's certificate must show.
            route: see ``Env.route``.
        """
        self._address = route(address)
        self._credentials = credentials
        self._asking = asking
        self._patience = patience
        # A file of the member list is longer than a message and shorter than a frame.
        self._options = (*CLIENT_FRAMES, ("grpc.ssl_target_name_override", server.server_name))
        self.asked = server.at(address)
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None

    def __call__(self, path: str) -> bytes:
        """Return the file at ``metadata/...`` or ``targets/...``.

        Raises:
            Refused: NOT_ALLOWED, there is no such file; UNAVAILABLE; or the server's code.
        """
        channel = self._open()
        # The generated stubs are made for asyncio.
        call = channel.unary_unary(
            self._asking.method,
            request_serializer=None,
            response_deserializer=self._asking.response.FromString,
        )
        with asking(self.asked):
            try:
                response = call(self._asking.request(path), timeout=self._patience)
            except grpc.RpcError as error:
                refused = refused_from(error)  # type: ignore[arg-type]  # it has the methods
                if refused.code is not Code.NOT_ALLOWED:
                    self._drop(channel)
                raise refused from None
            content: bytes = response.content
            if len(content) > limits.METADATA_FILE_BYTES:
                raise Refused(Code.MALFORMED, "member list file too long")
        return content

    def close(self) -> None:
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _open(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = grpc.secure_channel(
                    self._address, self._credentials(), options=self._options
                )
            return self._channel

    def _drop(self, channel: grpc.Channel) -> None:
        with self._lock:
            if self._channel is channel:
                self._channel = None
        channel.close()
