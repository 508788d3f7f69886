"""From the moment a frame is received to the tick on which its answers leave: one line, in order.

Frames are worked on one after the other in one thread of their own, so that the work for one frame is never split
and two never mix. What is ready waits for its tick; nothing leaves because it is ready (attack: the time of an
answer tells a hit). What the asker no longer waits for is neither worked on nor sent: a node that is behind catches
up instead of staying behind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from agency_node.answer_ports import MemberListSource
from agency_node.ticks import departure
from fingerpost.protocol.messages import SealedAnswer
from fingerpost.service.clock import Clock
from fingerpost.service.logs import Logger

FRAMES_WAITING: Final = 8
"""More are left on the stream, where flow control tells the broker."""
LATE_SECONDS: Final = 0.01
"""Who is woken later than this after the tick waits for the next one."""

Work = Callable[[Sequence[bytes]], tuple[SealedAnswer, ...]]

EVENTS: Final = {"node.behind": frozenset({"queries"})}


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """``received_at``: monotonic seconds, one moment for all of it."""

    received_at: float
    queries: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Frame({len(self.queries)})"


@dataclass(frozen=True, slots=True, repr=False)
class Leaving:
    """The answers to one frame, and the tick they leave on."""

    received_at: float
    at: float
    answers: tuple[SealedAnswer, ...]

    def __repr__(self) -> str:
        return f"Leaving({len(self.answers)})"


class AnswerLine:
    """``thread``: an executor of one thread, for nothing else."""

    def __init__(
        self, work: Work, thread: Executor, members: MemberListSource, clock: Clock, log: Logger
    ) -> None:
        self._work = work
        self._thread = thread
        self._members = members
        self._clock = clock
        self._log = log
        self._waiting: asyncio.Queue[Frame] = asyncio.Queue(FRAMES_WAITING)
        self._leaving: deque[Leaving] = deque()
        self._any = asyncio.Event()

    async def take(self, received_at: float, queries: tuple[bytes, ...]) -> None:
        """Waits while too many frames are waiting."""
        if queries:
            await self._waiting.put(Frame(received_at, queries))

    async def run(self) -> None:
        """The work, for ever. Raises what the work raises; called again it goes on with the next frame."""
        loop = asyncio.get_running_loop()
        while True:
            frame = await self._waiting.get()
            if self._is_over(frame.received_at):
                self._log.warning("node.behind", queries=len(frame.queries))
                continue
            answers = await loop.run_in_executor(self._thread, self._work, frame.queries)
            if answers:
                at = self._departure(frame.received_at)
                self._leaving.append(Leaving(frame.received_at, at, answers))
                self._any.set()

    async def departure(self) -> tuple[SealedAnswer, ...]:
        """Waits for the next tick on which answers leave, and hands those of one frame over, once. For one caller at a
        time; one that is cancelled while it waits takes nothing."""
        while True:
            await self._any.wait()
            first = self._leaving[0]
            await self._clock.sleep_until(first.at)
            if self._clock.monotonic() > first.at + LATE_SECONDS:  # the tick was missed
                self._leaving[0] = replace(first, at=self._departure(first.received_at))
                continue
            self._leaving.popleft()
            if not self._leaving:
                self._any.clear()
            if self._is_over(first.received_at):
                self._log.warning("node.behind", queries=len(first.answers))
                continue
            return first.answers

    def _departure(self, received_at: float) -> float:
        delay = self._members.current.parameters.answer_delay_ms
        return departure(received_at, self._clock.monotonic(), delay)

    def _is_over(self, received_at: float) -> bool:
        gathering = self._members.current.parameters.gathering_ms / 1000
        return self._clock.monotonic() - received_at > gathering
