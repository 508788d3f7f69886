"""The line from the moment a frame is received to the tick on which its answers leave.

One thread works on one frame after another, so that the work for a frame is never split and two
never mix. Answers that are ready wait for their tick (attack: the time of an answer discloses a
hit). A frame whose work may not be done in time touches no index: every agency in it answers
TRY_AGAIN. A frame that its requester no longer waits for is neither worked on nor answered, so that
a node that is behind catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Final, Protocol

from agency_node.answering.ticks import Load, departure
from fingerpost.membership.ports import Members
from fingerpost.protocol.messages import SealedAnswer
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger

FRAMES_WAITING: Final = 8
"""Further frames stay on the stream, where flow control holds the broker back."""
LATE_SECONDS: Final = 0.01
"""Answers that would leave later than this after their tick wait for the tick one delay later."""

EVENTS: Final = {
    "node.behind": frozenset({"queries"}),
    "node.overloaded": frozenset({"queries"}),
}


class Work(Protocol):
    def __call__(self, frame: Sequence[bytes], *, overloaded: bool) -> tuple[SealedAnswer, ...]:
        """Answer a frame. ``overloaded``: there is no time to look anything up."""


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """A frame of queries. ``received_at``: monotonic seconds, one moment for all of them."""

    received_at: float
    queries: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Frame({len(self.queries)})"


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Leaving:
    """The answers to one frame and the tick on which they leave. Ordered by tick, then by when they
    were ready.
    """

    at: float
    turn: int
    received_at: float = field(compare=False)
    answers: tuple[SealedAnswer, ...] = field(compare=False)

    def __repr__(self) -> str:
        return f"Leaving({len(self.answers)})"


class AnswerLine:
    """The line itself. ``thread``: an executor of one thread that does nothing else."""

    def __init__(
        self, work: Work, thread: Executor, members: Members, clock: Clock, log: Logger
    ) -> None:
        self._work = work
        self._thread = thread
        self._members = members
        self._clock = clock
        self._log = log
        self._waiting: asyncio.Queue[Frame] = asyncio.Queue(FRAMES_WAITING)
        self._load = Load()
        self._leaving: list[Leaving] = []
        self._turns = count()
        self._more = asyncio.Event()

    async def take(self, received_at: float, queries: tuple[bytes, ...]) -> None:
        """Put a frame on the line. Waits while too many frames are waiting."""
        if queries:
            await self._waiting.put(Frame(received_at, queries))

    async def run(self) -> None:
        """Work on frames until cancelled. Raises what the work raises; a further call continues
        with the next frame.
        """
        loop = asyncio.get_running_loop()
        while True:
            frame = await self._waiting.get()
            if self._is_over(frame.received_at):
                self._log.warning("node.behind", queries=len(frame.queries))
                continue
            overloaded = self._is_overloaded(frame)
            if overloaded:
                self._log.warning("node.overloaded", queries=len(frame.queries))
            work = partial(self._work, frame.queries, overloaded=overloaded)
            answers = await loop.run_in_executor(self._thread, work)
            if answers:
                self._leave(frame.received_at, answers)

    async def departure(self) -> tuple[SealedAnswer, ...]:
        """Wait for the next tick on which answers leave, and return those of one frame, once.

        One caller at a time may wait; a caller that is cancelled while it waits takes nothing.
        """
        while True:
            first = self._leaving[0] if self._leaving else None
            if first is None or self._clock.monotonic() < first.at:
                await self._until(None if first is None else first.at)
                continue
            heappop(self._leaving)
            if self._is_over(first.received_at):
                self._log.warning("node.behind", queries=len(first.answers))
            elif self._clock.monotonic() > first.at + LATE_SECONDS:  # the tick was missed
                self._leave(first.received_at, first.answers)
            else:
                return first.answers

    def _leave(self, received_at: float, answers: tuple[SealedAnswer, ...]) -> None:
        delay = self._members.current.parameters.answer_delay_ms
        at = departure(received_at, self._clock.monotonic(), delay)
        heappush(self._leaving, Leaving(at, next(self._turns), received_at, answers))
        self._more.set()

    async def _until(self, at: float | None) -> None:
        """Wait until then, or until more answers are ready, which may leave before these."""
        self._more.clear()
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._more.wait())]
        if at is not None:
            waits.append(asyncio.create_task(self._clock.sleep_until(at)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _is_overloaded(self, frame: Frame) -> bool:
        delay = self._members.current.parameters.answer_delay_ms
        now = self._clock.monotonic()
        return self._load.is_over(frame.received_at, now, len(frame.queries), delay)

    def _is_over(self, received_at: float) -> bool:
        gathering = self._members.current.parameters.gathering_ms / 1000
        return self._clock.monotonic() - received_at > gathering
