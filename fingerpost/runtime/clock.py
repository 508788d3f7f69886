"""Time as an argument.

Law: only this module reads a clock. Rules take ``now`` as a number; drivers take a ``Clock``; tests
take a ``ManualClock``.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks that must not be mixed: the wall clock, for messages, and a monotonic one."""

    def now(self) -> float:
        """Return UNIX seconds, UTC. They may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some start, which never go back. For delays and ticks."""
        ...

    async def sleep_until(self, monotonic: float) -> None:
        """Return when ``monotonic()`` has reached this time; if it has already, after one turn of
        the loop.
        """
        ...


class SystemClock:
    """The machine's clocks; the event loop sleeps."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, monotonic: float) -> None:
        while True:
            await asyncio.sleep(max(0.0, monotonic - time.monotonic()))
            # The loop's timer may fire slightly early by this clock: a tick must not.
            if time.monotonic() >= monotonic:
                return


class SteadyClock:
    """A wall clock that does not jump, for the process whose time all others go by.

    ``now`` follows the wall clock while that keeps pace with the monotonic one. Once the wall clock
    has jumped by more than ``most`` seconds, ``now`` goes on by the monotonic clock alone, until
    the wall clock is back or the process starts again.
    """

    def __init__(self, clock: Clock, most: float) -> None:
        self._clock = clock
        self._most = most
        self._wall, self._since = clock.now(), clock.monotonic()

    def now(self) -> float:
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        held = self._wall + (monotonic - self._since)
        if abs(wall - held) > self._most:
            return held
        self._wall, self._since = wall, monotonic
        return wall

    @property
    def ahead(self) -> float:
        """How far the wall clock is ahead of ``now``, in seconds; 0 while it has not jumped."""
        return self._clock.now() - self.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep_until(self, monotonic: float) -> None:
        await self._clock.sleep_until(monotonic)
