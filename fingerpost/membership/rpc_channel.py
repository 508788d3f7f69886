"""A channel to a member that is opened anew after it broke, and before its certificate is old.

gRPC reconnects by itself, but with the certificate that it had when the channel was made. Only a
new channel uses a renewed certificate; calls that run on the old one may end.

The peer is checked against the member list at each call and at each change of the list. When the
peer is no longer listed, its channel is closed (attack: its certificate is valid for days yet).
Calls that are under way then have seconds left; their results are trusted only by proof or
signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import grpc.aio

from fingerpost.membership.member_list import MemberList
from fingerpost.protocol.errors import CallRule, Code, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.env import Dialler
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import asking, connect, refused_from
from fingerpost.runtime.tls import ClientTls

T = TypeVar("T")

REDIAL_SECONDS: Final = 1800.0
GRACE_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 0.4
"""After this time without an answer, ``soon`` looks whether the peer is there at all."""
CONNECT_SECONDS: Final = 0.4
"""A handshake takes some milliseconds, and gRPC makes it beside the work of a busy peer."""


class Redialled:
    """The channel to one peer. Not for long streams, which have rules of their own."""

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
        self._look: asyncio.Task[bool] | None = None
        self._unsubscribe = members.subscribe(self._listed_anew)

    @contextmanager
    def call(self) -> Iterator[grpc.aio.Channel]:
        """Give a channel for the one call that is made, and awaited, in the block.

        When the peer could not be reached, the next call opens a new channel.

        Raises:
            Refused: as ``channel``, or as the peer or gRPC says; it names who was asked.
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

    async def soon(self, made: Callable[[grpc.aio.Channel], Awaitable[T]]) -> T:
        """Make one call, as in ``call``, and give it up when the peer is gone.

        A peer that is only busy is waited for as long as the call's own deadline says. A process
        that is stopped, or a machine that is off, is told from it by a new connection: nobody
        accepts that. One look at a time is shared by all calls.

        Args:
            made: begins the call on a channel.

        Raises:
            Refused: as ``call``; UNAVAILABLE within a second when the peer is gone.
        """
        with self.call() as channel:
            answer = asyncio.ensure_future(made(channel))
            try:
                done, _ = await asyncio.wait({answer}, timeout=QUIET_SECONDS)
                if not done and not await self._is_there():
                    self.broken(channel)
                    raise Refused(Code.UNAVAILABLE, CallRule.TOO_LATE)
                return await answer
            finally:
                answer.cancel()

    async def _is_there(self) -> bool:
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._accepts())
        return await asyncio.shield(self._look)

    async def _accepts(self) -> bool:
        channel = self._connect(self._address, self._tls, self._peer)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await channel.channel_ready()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            await channel.close(None)

    def channel(self) -> grpc.aio.Channel:
        """Return a channel for one call.

        Raises:
            Refused: NOT_A_MEMBER, the peer is none (any more); UNTRUSTED_METADATA, the list has
                expired.
            Defect: there is no certificate to call with.
        """
        require_in_office(self._members.at(self._clock.now()), self._peer)
        now = self._clock.monotonic()
        if self._channel is not None and now - self._dialled_at >= REDIAL_SECONDS:
            self.broken(self._channel)
        if self._channel is None:
            self._channel = self._connect(self._address, self._tls, self._peer)
            self._dialled_at = now
        return self._channel

    def broken(self, channel: grpc.aio.Channel) -> None:
        """Let the next call open a new channel; calls under way on this one have ``GRACE_SECONDS``
        to end.
        """
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
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None


def require_in_office(federation: Federation, peer: Identity) -> None:
    """Require that the peer is a listed member and the broker, key holder or issuer that the
    parameters name.

    Raises:
        Refused: NOT_A_MEMBER.
    """
    federation.member(peer.member, peer.party)
    parameters = federation.parameters
    offices = {
        Party.BROKER: (parameters.broker,),
        Party.KEY_HOLDER: parameters.key_holders,
        Party.ISSUER: (parameters.issuer,),
    }
    if peer.member not in offices.get(peer.party, ()):
        raise Refused(Code.NOT_A_MEMBER, "office")
