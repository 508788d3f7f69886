"""Serve the files of the member list by gRPC to members, on both ports."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
import grpc.aio

from broker.ports import ListFiles
from fingerpost.membership.ports import Members
from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import parse
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.federation_files import require_fetchable
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.identity import require_listed
from fingerpost.runtime.rpc import peer_of
from fingerpost.wire.v1 import member_list_pb2

SERVICE: Final = "fingerpost.wire.v1.MemberListService"


class MemberListEdge:
    def __init__(self, members: Members, files: ListFiles, clock: Clock) -> None:
        self._members = members
        self._files = files
        self._clock = clock

    async def fetch(
        self, request: bytes, context: grpc.aio.ServicerContext[Any, Any]
    ) -> member_list_pb2.FetchResponse:
        caller = peer_of(context)
        # A list that has expired is still served, since fetching the next one is the remedy.
        require_listed(self._members.current, caller, tuple(Party), self._clock.now())
        path = parse(member_list_pb2.FetchRequest, request, 2 * limits.PATH_CHARS).path
        require_fetchable(path, caller.member)
        content = await asyncio.to_thread(self._files.file, path)
        if len(content) > limits.METADATA_FILE_BYTES:
            raise Refused(Code.NOT_READY, "member list file")
        return member_list_pb2.FetchResponse(content=content)


def add_to(server: grpc.aio.Server, members: Members, files: ListFiles, clock: Clock) -> None:
    handler = grpc.unary_unary_rpc_method_handler(
        MemberListEdge(members, files, clock).fetch,
        response_serializer=member_list_pb2.FetchResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Fetch": handler}),)
    )
