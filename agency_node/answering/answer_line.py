"""The worker's end of the line: one frame after another, until its answers are handed back.

One thread works on one frame after another, so that the work for a frame is never split and two
never mix. It takes frames on ticks and gives answers back for a tick (attack: the time of an answer
discloses a hit). A query whose work may not be done in time touches no index; a frame that its
requester no longer waits for is not worked on, so that a node that is behind catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from agency_node.answering.load import Load
from agency_node.reading.ports import Answered, Frame, Frames, Leaving
from agency_node.reading.ticks import TICK, Tally, departure
from fingerpost.membership.ports import Members
from fingerpost.protocol.messages import SealedAnswer
from fingerpost.protocol.packets import Packets
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger

HAND_BACK_SECONDS: Final = TICK
"""Answers are handed back so long before they leave; those that are ready later leave one delay
later."""
PACKET_DELAYS: Final = 2
"""So many answer delays after their packets came the packets in return leave: queries of the same
frame are worked on before, and how long they take must not show."""
REPORT_SECONDS: Final = 10.0


class Work(Protocol):
    def __call__(self, frame: Sequence[bytes], load: Load) -> tuple[SealedAnswer, ...]:
        """Answer a frame. ``load`` has begun with it, and says what there is time for."""


class AnswerLine:
    """``thread``: an executor of one thread that does nothing else. ``exchange``: returns the
    packets that are given in return."""

    def __init__(
        self,
        work: Work,
        exchange: Callable[[Packets], Packets],
        thread: Executor,
        frames: Frames,
        members: Members,
        clock: Clock,
        log: Logger,
    ) -> None:
        self._work = work
        self._exchange = exchange
        self._thread = thread
        self._frames = frames
        self._members = members
        self._clock = clock
        self._log = log
        self._load = Load()
        self._behind = Tally(1, REPORT_SECONDS)

    async def run(self) -> None:
        """Work on frames until cancelled. Raises what the work raises; a further call continues
        with the next frame.
        """
        loop = asyncio.get_running_loop()
        while True:
            frame = await self._frames.next()
            parameters = self._members.current.parameters
            now = self._clock.monotonic()
            if now - frame.received_at > parameters.gathering_ms / 1000:
                due = self._behind.count(now, queries=len(frame.queries))
                if due is not None:
                    self._log.warning("node.behind", **due)
                continue
            delay_ms = parameters.answer_delay_ms
            self._load.begin(frame.received_at, now, delay_ms)
            if frame.queries:
                work = partial(self._work, frame.queries, self._load)
                self._leave(frame, await loop.run_in_executor(self._thread, work), delay_ms)
            if frame.packets:
                self._load.exchanges(len(frame.packets))
                exchange = partial(self._exchange, frame.packets)
                given = await loop.run_in_executor(self._thread, exchange)
                self._leave(frame, given, PACKET_DELAYS * delay_ms)

    def _leave(self, frame: Frame, answers: Answered, delay_ms: int) -> None:
        if answers:
            ready_at = self._clock.monotonic() + HAND_BACK_SECONDS
            at = departure(frame.received_at, ready_at, delay_ms)
            self._frames.leave(Leaving(at, frame.received_at, answers))
