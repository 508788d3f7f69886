"""Drive the broker: take a signed query, record it, carry it to the nodes, carry their answers
back.

The order of ``lookup`` is the law: a query is admitted, new, within quota and durably recorded
before anything leaves.

A lookup is a scatter-gather. The query goes into the queue of each attached node, and the lookup
ends when all nodes have answered in full or when the gathering time is over. The broker does not
wait for a node that is not attached and has not been lately, as one agency's dead node would then
slow every lookup down. A node that attaches meanwhile is given the query. Each node gets a query
once: a second copy would be a replay to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
)
from typing import Final

from broker.admission import Admitted, Quotas, ReplaySet, admit, keep_until, require_member
from broker.exchanges import Exchange, Exchanges
from broker.lookup import Lookup, Room, Stream, Streams
from broker.ports import LookupRecord, Recorder, Seen
from fingerpost.membership.ports import Members, Reached
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Accepted, Ended, LookupEvent, NodeHello, SealedAnswer
from fingerpost.protocol.packets import CarriedPacket, Packets, require_hour
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.identity import PeerIdentity
from fingerpost.runtime.logs import Logger

LOG_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "lookup.ended": frozenset({"reach", "nodes", "silent"}),
    "node.attached": frozenset({"node", "metadata_version"}),
    "node.left": frozenset({"node", "reason"}),
    "node.behind": frozenset({"node"}),
    "broker.started": frozenset({"seen"}),
    "broker.replay_set_anew": frozenset({"fault"}),
    "broker.replay_set_ahead": frozenset({"seconds"}),
}
"""The fields that each event may carry: never a handle, a name, or any part of a query but its
hash.
"""
HELLO_SECONDS: Final = 10.0
REVIEW_SECONDS: Final = 5.0
"""How often open streams are checked against the member list, besides the check at each message.

``SUSPENSION_SECONDS`` bounds it.
"""

EXCHANGE_SECONDS: Final = 10.0
"""How long a node may take to give its packet in return."""

FromNode = NodeHello | tuple[SealedAnswer, ...] | Packets
ToNode = tuple[bytes, ...] | Packets
Send = Callable[[ToNode], Awaitable[None]]


class Broker:
    """Carries queries and answers, and cannot read them.

    Args:
        complete_since: from when on the replay set has every query (UNIX seconds).
        seen: the queries of which a replay would still be fresh.
        random: gives a number in [0, 1), which spreads the ends of streams.
        random_bytes: draws the numbers of exchanges.
        speaks: the revisions of the wire that this broker speaks.
    """

    def __init__(
        self,
        members: Members,
        recorder: Recorder,
        clock: Clock,
        reached: Reached,
        log: Logger,
        *,
        complete_since: float,
        seen: Iterable[Seen],
        random: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        speaks: Collection[int] = limits.REVISIONS,
    ) -> None:
        self._members = members
        self._recorder = recorder
        self._clock = clock
        self._reached = reached
        self._log = log
        self._complete_since = complete_since
        self._said_ahead = False
        self._random = random
        self._speaks = speaks
        self._quotas = Quotas()
        self._room = Room()
        self._replays = ReplaySet()
        for query in seen:
            self._replays.add(query.query_hash, query.keep_until, reached())
        self._lookups: dict[bytes, Lookup] = {}
        self._exchanges = Exchanges(random_bytes)
        self._streams = Streams(clock.monotonic())

    # ---- gateways ----------------------------------------------------------------------------

    async def lookup(
        self, caller: PeerIdentity, query: bytes, submission: bytes
    ) -> AsyncGenerator[LookupEvent]:
        """Yield ``Accepted``, then answers as they come, then ``Ended``.

        A reader that stops early must close the generator.

        Raises:
            Refused: before the first event; see ``admission.admit``, and REPLAYED, QUOTA,
                NOT_READY.
            Defect: the query could not be recorded.
        """
        now = self._clock.now()
        federation = self._members.current
        admitted = admit(
            federation,
            now,
            caller,
            query,
            submission,
            complete_since=self._complete_since,
            speaks=self._speaks,
        )
        lookup = Lookup(admitted)
        self._replays.require_new(lookup.query.hash)
        self._room.enter(lookup.gateway, lookup.parts)
        try:
            core = admitted.query.core
            self._quotas.take(
                federation.parameters,
                admitted.submission,
                admitted.gateway,
                core.key_set,
                self._clock.monotonic(),
            )
            record = record_of(admitted, now)
            self._replays.add(record.query_hash, record.keep_until, self._reached())
            await self._recorder.append(record)
            gathering = federation.parameters.gathering_ms / 1000
            ends = asyncio.create_task(self._close_at(lookup, self._clock.monotonic() + gathering))
            try:
                self._fan_out(lookup)
                yield Accepted(lookup.query.hash, lookup.nodes)
                async for answers in lookup.answers():
                    yield answers
                yield Ended(lookup.gathering.silent())
            finally:
                ends.cancel()
                self._forget(lookup)
        finally:
            self._room.leave(lookup.gateway, lookup.parts)

    def _fan_out(self, lookup: Lookup) -> None:
        self._lookups[lookup.query.hash] = lookup
        most = self._members.current.parameters.queries_at_once
        for node in lookup.nodes:
            stream = self._streams.find(node)
            if stream is None or not stream.speaks(lookup):
                continue
            if not stream.offer(lookup, most):
                self._log.warning("node.behind", node=node)
        self._settle(lookup)

    def _settle(self, lookup: Lookup) -> None:
        now = self._clock.monotonic()
        if lookup.gathering.is_over(lambda node: self._streams.may_take(lookup, node, now)):
            lookup.close()

    async def _close_at(self, lookup: Lookup, at: float) -> None:
        await self._clock.sleep_until(at)
        lookup.close()

    def _forget(self, lookup: Lookup) -> None:
        lookup.close()
        del self._lookups[lookup.query.hash]
        self._log.info(
            "lookup.ended",
            reach=lookup.query.core.reach,
            nodes=len(lookup.nodes),
            silent=len(lookup.gathering.silent()),
        )

    async def exchange(
        self, caller: PeerIdentity, node: MemberId, hour: int, packet: bytes
    ) -> bytes:
        """Carry a packet to a node, and return the packet that the node gives in return.

        Raises:
            Refused: NOT_A_MEMBER, of caller or node; NOT_FRESH, the packet is of another hour;
                QUOTA, they had their exchange of this hour; NOT_READY; UNAVAILABLE, the node is not
                attached or gives none in time.
        """
        now = self._clock.now()
        federation = self._members.current
        gateway = require_member(federation, caller, Party.GATEWAY, now)
        node = federation.member(node, Party.NODE).id
        require_hour(hour, now)
        exchange = self._exchanges.begin(gateway.id, node, hour, packet)
        alarm = asyncio.create_task(self._give_up(exchange))
        try:
            stream = self._streams.find(node)
            if stream is None or not stream.offer_packet(exchange):
                raise Refused(Code.UNAVAILABLE, "node")
            await asyncio.wait({exchange.answer})
            if exchange.answer.cancelled():
                raise Refused(Code.UNAVAILABLE, "node")
            return exchange.answer.result()
        finally:
            alarm.cancel()
            self._exchanges.end(exchange)

    async def _give_up(self, exchange: Exchange) -> None:
        await self._clock.sleep_until(self._clock.monotonic() + EXCHANGE_SECONDS)
        exchange.answer.cancel()

    # ---- nodes -------------------------------------------------------------------------------

    async def attach(
        self, caller: PeerIdentity, incoming: AsyncIterator[FromNode], send: Send
    ) -> None:
        """Serve one node's stream until the node or the broker ends it in good order.

        A call of ``send`` that is under way at the end is cancelled.

        Args:
            caller: the node, by its certificate.
            incoming: what the node sends.
            send: takes frames of queries' bytes, and frames of packets.

        Raises:
            Refused: NOT_A_MEMBER, UNTRUSTED_METADATA, MALFORMED, NOT_READY. What ends one stream
                ends no other.
        """
        self._require_node(caller)
        hello = await self._hello(incoming)
        age = limits.STREAM_AGE_SECONDS * (1 - self._random() / 10)  # not all at once
        stream = self._streams.open(caller, self._clock.monotonic() + age, hello.revisions)
        self._log.info("node.attached", node=stream.node, metadata_version=hello.metadata_version)
        reason: Refused | None = None
        try:
            most = self._members.current.parameters.queries_at_once
            for lookup in self._lookups.values():
                if lookup.gathering.is_unsent(stream.node) and stream.speaks(lookup):
                    stream.offer(lookup, most)
            await first_of(
                self._listen(stream, incoming), self._speak(stream, send), stream.ended()
            )
        except Refused as refused:
            reason = refused
            raise
        finally:
            self._streams.close(stream, self._clock.monotonic())
            code = reason.code if reason is not None else "ended"
            self._log.info("node.left", node=stream.node, reason=code)

    async def _hello(self, incoming: AsyncIterator[FromNode]) -> NodeHello:
        first: list[FromNode] = []

        async def read() -> None:
            async for message in incoming:
                first.append(message)
                return

        await first_of(read(), self._clock.sleep_until(self._clock.monotonic() + HELLO_SECONDS))
        match first:
            case [NodeHello() as hello]:
                return hello
            case _:
                raise Refused(Code.MALFORMED, "no hello first")

    async def _listen(self, stream: Stream, incoming: AsyncIterator[FromNode]) -> None:
        async for message in incoming:
            stream.require_open()
            self._require_node(stream.peer)
            if isinstance(message, NodeHello):
                raise Refused(Code.MALFORMED, "hello twice")
            stream.owed.answered(len(message))
            if isinstance(message, Packets):
                for packet in message:
                    self._exchanges.take(stream.node, packet)
                continue
            for answer in message:
                lookup = self._lookups.get(answer.query_hash)
                if lookup is not None:
                    lookup.take(stream.node, answer)
                    self._settle(lookup)

    async def _speak(self, stream: Stream, send: Send) -> None:
        while True:
            frame = await stream.next_frame()
            self._require_node(stream.peer)
            stream.sending_since = self._clock.monotonic()
            await send(self._sent(stream, frame))
            stream.sending_since = None

    @staticmethod
    def _sent(stream: Stream, frame: tuple[Lookup, ...] | tuple[Exchange, ...]) -> ToNode:
        """Return what goes to the node, which owes an answer to all of it from now on."""
        queries: list[bytes] = []
        packets: list[CarriedPacket] = []
        for one in frame:
            if isinstance(one, Exchange):
                stream.owed.asked(0)
                packets.append(one.carried)
            else:
                one.gathering.sent(stream.node)
                stream.owed.asked(one.gathering.parts(stream.node))
                queries.append(one.query.wire)
        return Packets(tuple(packets)) if packets else tuple(queries)

    def _require_node(self, caller: PeerIdentity) -> None:
        require_member(self._members.current, caller, Party.NODE, self._clock.now())

    async def review(self) -> None:
        """End each stream whose node is no longer a member, whose certificate has expired, that is
        old, or whose node has stopped reading. It runs every ``REVIEW_SECONDS``.

        Report once that no query can be carried yet, since the replay set begins in the future.
        """
        if (ahead := self._ahead()) > 0 and not self._said_ahead:
            self._said_ahead = True
            self._log.error("broker.replay_set_ahead", seconds=int(ahead))
        now = self._clock.monotonic()
        for stream in self._streams:
            try:
                self._require_node(stream.peer)
            except Refused as refused:
                stream.end(refused)
            if stream.overdue(now):
                stream.end(Refused(Code.NOT_READY, "stopped"))
            elif now >= stream.ends_at:
                stream.end()

    def is_serving(self) -> bool:
        """Return whether there is a current member list to carry by, and the replay set does not
        begin in the future (a clock is wrong, or was), for the health check.
        """
        try:
            self._members.current.require_current(self._clock.now())
        except Refused:
            return False
        return self._ahead() <= 0

    def _ahead(self) -> float:
        """Return for how many seconds no query will be carried, by this clock."""
        return self._complete_since - self._clock.now() - limits.CLOCK_SKEW_SECONDS

    def attached(self) -> tuple[MemberId, ...]:
        return tuple(sorted(stream.node for stream in self._streams))


def record_of(admitted: Admitted, now: float) -> LookupRecord:
    core = admitted.query.core
    return LookupRecord(
        query_hash=admitted.query.hash,
        agency=admitted.submission.agency,
        gateway=admitted.gateway.id,
        reach=core.reach,
        handle=admitted.submission.handle,
        at=int(now),
        keep_until=keep_until(core.expires_at),
    )


async def first_of(*coroutines: Coroutine[None, None, None]) -> None:
    """Run all until the first is done, cancel the others and wait for them; raise what the first
    raised.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome
