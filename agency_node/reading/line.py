"""The reader's end of the line: from when a frame is received to when its answers leave.

The reader never waits for the worker (attack: a broker sees in the flow control of its stream when
the node reads on; if the work decided that, a hit would show). What comes is counted, and what
exceeds the count gets no answer; what is taken is handed over on the tick. A frame that its
requester no longer waits for is neither handed over nor answered, so that a node that is behind
catches up and what waits here is bounded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from heapq import heappop, heappush
from itertools import count
from typing import Final

from agency_node.reading.ports import NO_PACKETS, Answered, Feed, Frame, Leaving
from agency_node.reading.ticks import (
    PACKETS_AT_ONCE,
    PACKETS_PER_TICK,
    Meter,
    Tally,
    departure,
    tick_at_or_after,
)
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger

LATE_SECONDS: Final = 0.01
"""Answers that would leave later than this after their tick wait for the tick one delay later."""
REPORT_SECONDS: Final = 10.0
FRAMES_WAITING: Final = 100
"""Frames that the worker has not taken, one a tick: 5 s, after which no requester waits."""

EVENTS: Final = {
    "node.behind": frozenset({"queries"}),
    "node.flooded": frozenset({"queries", "packets"}),
}


class Line:
    """The line itself, and the port ``Frames`` for a worker in the same process."""

    def __init__(self, feed: Feed, clock: Clock, log: Logger) -> None:
        self._feed = feed
        self._clock = clock
        self._log = log
        self._meter, self._packet_meter = Meter(), Meter()
        self._flooded, self._behind = Tally(1, REPORT_SECONDS), Tally(1, REPORT_SECONDS)
        self._tick = 0.0
        self._came: list[bytes] = []
        self._packets: list[CarriedPacket] = []
        self._some = asyncio.Event()
        self._waiting: deque[Frame] = deque()
        self._handed = asyncio.Event()
        self._leaving: list[tuple[float, int, Leaving]] = []
        self._turns = count()
        self._more = asyncio.Event()

    def take(
        self, received_at: float, queries: tuple[bytes, ...], packets: Packets = NO_PACKETS
    ) -> None:
        """Take the queries and packets of a frame that came at ``received_at``, as many as the
        counts allow.

        Raises as ``Feed.carriage``.
        """
        carriage = self._feed.carriage()
        taken = self._meter.take(
            received_at, len(queries), carriage.queries_per_tick, carriage.queries_at_once
        )
        exchanged = self._packet_meter.take(
            received_at, len(packets), PACKETS_PER_TICK, PACKETS_AT_ONCE
        )
        left = len(queries) - taken, len(packets) - exchanged
        if any(left):
            due = self._flooded.count(received_at, queries=left[0], packets=left[1])
            if due is not None:
                self._log.warning("node.flooded", **due)
        tick = tick_at_or_after(received_at)
        if (self._came or self._packets) and tick != self._tick:
            self._hand_over()
        if taken or exchanged:
            self._tick = tick
            self._came += queries[:taken]
            self._packets += packets.packets[:exchanged]
            self._some.set()

    async def run(self) -> None:
        """Hand over what came, on each tick, until cancelled."""
        while True:
            await self._some.wait()
            await self._clock.sleep_until(self._tick)
            if (self._came or self._packets) and self._tick <= self._clock.monotonic():
                self._hand_over()

    async def next(self) -> Frame:
        while not self._waiting:
            self._handed.clear()
            await self._handed.wait()
        return self._waiting.popleft()

    def leave(self, leaving: Leaving) -> None:
        heappush(self._leaving, (leaving.at, next(self._turns), leaving))
        self._more.set()

    async def departure(self) -> Answered:
        """Wait for the next tick on which answers leave, and return those of one frame, once.

        One caller at a time may wait; a caller that is cancelled while it waits takes nothing.
        Raises as ``Feed.carriage``, and the answers stay.
        """
        while True:
            first = self._leaving[0][2] if self._leaving else None
            if first is None or self._clock.monotonic() < first.at:
                await self._until(None if first is None else first.at)
                continue
            carriage = self._feed.carriage()
            now = self._clock.monotonic()
            heappop(self._leaving)
            if now - first.received_at > carriage.gathering_ms / 1000:
                self._report_behind(len(first.answers))
            elif now > first.at + LATE_SECONDS:  # the tick was missed
                at = departure(first.received_at, now, carriage.answer_delay_ms)
                self.leave(Leaving(at, first.received_at, first.answers))
            else:
                return first.answers

    def _hand_over(self) -> None:
        frame = Frame(self._tick, tuple(self._came), Packets(tuple(self._packets)))
        self._came.clear()
        self._packets.clear()
        self._some.clear()
        if len(self._waiting) >= FRAMES_WAITING:
            self._report_behind(len(self._waiting.popleft().queries))
        self._waiting.append(frame)
        self._handed.set()

    def _report_behind(self, queries: int) -> None:
        due = self._behind.count(self._clock.monotonic(), queries=queries)
        if due is not None:
            self._log.warning("node.behind", **due)

    async def _until(self, at: float | None) -> None:
        """Wait until then, or until more answers are there, which may leave before these."""
        self._more.clear()
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._more.wait())]
        if at is not None:
            waits.append(asyncio.create_task(self._clock.sleep_until(at)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
