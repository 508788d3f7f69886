"""A channel that is dialled anew: after it broke, and before its certificate grows old; and to a member only.

gRPC reconnects by itself, but with the certificate it was given when the channel was made. A renewed certificate is
used only by a new channel; calls that run on the old one end in peace.

Who is called is held against the member list at each call, and at each change of the list, when the channel to one that
was put out is closed (attack: its certificate is good for days yet). Calls that are under way have seconds left; what
they bring is believed by proof or signature only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import grpc.aio

from fingerpost.membership.member_list import MemberList
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.env import Dialler
from fingerpost.runtime.rpc import asking, connect, refused_from
from fingerpost.runtime.tls import ClientTls, Identity

REDIAL_SECONDS: Final = 1800.0
GRACE_SECONDS: Final = 30.0


class Redialled:
    """One peer. Not for long streams: those end and begin by rules of their own."""

    def __init__(
        self,
        address: str,
        tls: ClientTls,
        peer: Identity,
        clock: Clock,
        members: MemberList,
        dialler: Dialler = connect,
    ) -> None:
        self._asked = peer.at(address)
        self._address = address
        self._tls = tls
        self._peer = peer
        self._clock = clock
        self._members = members
        self._connect = dialler
        self._channel: grpc.aio.Channel | None = None
        self._dialled_at = 0.0
        self._retiring: set[asyncio.Task[None]] = set()
        self._unsubscribe = members.subscribe(self._listed_anew)

    @contextmanager
    def call(self) -> Iterator[grpc.aio.Channel]:
        """A channel for the one call that is made, and awaited, in the block.

        Raises ``Refused``, which says who was asked: as ``channel``; what the peer, or gRPC in its place, said. When
        the peer could not be reached, the next call dials anew.
        """
        with asking(self._asked):
            channel = self.channel()
            try:
                yield channel
            except grpc.aio.AioRpcError as error:
                refused = refused_from(error)
                if refused.code is Code.UNAVAILABLE:
                    self.broken(channel)
                raise refused from None

    def channel(self) -> grpc.aio.Channel:
        """For one call. Raises ``Refused``: NOT_A_MEMBER (any more), UNTRUSTED_METADATA (the list has expired), or
        there is no certificate to call with."""
        require_in_office(self._members.at(self._clock.now()), self._peer)
        now = self._clock.monotonic()
        if self._channel is not None and now - self._dialled_at >= REDIAL_SECONDS:
            self.broken(self._channel)
        if self._channel is None:
            self._channel = self._connect(self._address, self._tls, self._peer)
            self._dialled_at = now
        return self._channel

    def broken(self, channel: grpc.aio.Channel) -> None:
        """The next call dials anew; calls under way on ``channel`` have ``GRACE_SECONDS`` to end."""
        if self._channel is channel:
            self._channel = None
            task = asyncio.get_running_loop().create_task(channel.close(GRACE_SECONDS))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    def _listed_anew(self, federation: Federation) -> None:
        try:
            require_in_office(federation, self._peer)
        except Refused:
            if self._channel is not None:
                self.broken(self._channel)

    async def close(self) -> None:
        self._unsubscribe()
        for task in tuple(self._retiring):
            task.cancel()
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None


def require_in_office(federation: Federation, peer: Identity) -> None:
    """That it is a member, and the broker or key holder that all go by. Raises ``Refused(NOT_A_MEMBER)``."""
    federation.member(peer.member, peer.party)
    parameters = federation.parameters
    offices = {
        Party.BROKER: (parameters.broker,),
        Party.KEY_HOLDER: parameters.key_holders,
        Party.ISSUER: (parameters.issuer,),
    }
    if peer.member not in offices.get(peer.party, ()):
        raise Refused(Code.NOT_A_MEMBER, "office")
