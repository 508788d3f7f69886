"""Time as an argument.

Law: the only place of a process that reads a clock. Rules take ``now`` as a number; drivers take a
``Clock``; tests take ``ManualClock``.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks that must not be mixed: the wall (what messages state) and the steady one."""

    def now(self) -> float:
        """UNIX seconds, UTC. May jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since some start; never goes back. For delays and ticks."""
        ...

    async def sleep_until(self, monotonic: float) -> None:
        """Return when ``monotonic()`` has reached this; at once, after one turn, if it has."""
        ...


class SystemClock:
    """The machine's clocks; sleeping is the event loop's."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, monotonic: float) -> None:
        while True:
            await asyncio.sleep(max(0.0, monotonic - time.monotonic()))
            # The loop's timer may fire a hair early by our clock: a tick must not.
            if time.monotonic() >= monotonic:
                return
