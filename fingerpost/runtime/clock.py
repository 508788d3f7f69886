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
