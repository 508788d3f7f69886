"""gRPC edge: files of the member list, fetched by a thread.

Law: the fetch blocks, as the TUF client does, and its result is not trusted before it is verified.
After any failure a new channel is made, so that a renewed certificate comes into use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import grpc

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, asking, refused_from
from fingerpost.wire.v1 import member_list_pb2 as pb

CALL_SECONDS: Final = 10.0
_FETCH: Final = "/fingerpost.wire.v1.MemberListService/Fetch"


class MemberListFetcher:
    """Fetches files of the member list on one channel. Thread-safe."""

    def __init__(
        self,
        address: str,
        credentials: Callable[[], grpc.ChannelCredentials],
        server: Identity,
        patience: float = CALL_SECONDS,
    ) -> None:
        """
        Args:
            patience: seconds for one file.
            address: host:port of the broker or the issuer.
            credentials: called for each new channel.
            server: the identity that the server's certificate must show.
        """
        self._address = address
        self._credentials = credentials
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
            _FETCH,
            request_serializer=pb.FetchRequest.SerializeToString,
            response_deserializer=pb.FetchResponse.FromString,
        )
        with asking(self.asked):
            try:
                response = call(pb.FetchRequest(path=path), timeout=self._patience)
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
