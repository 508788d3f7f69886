"""A clock that stands still until a test moves it.

Law: satisfies ``fingerpost.runtime.clock.Clock``. Wall and steady time move together, save where a
test steps the wall alone (``step_wall``), as an administrator would.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools


class ManualClock:
    """``now`` starts at the time given (UNIX seconds), ``monotonic`` at 0."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._wall = now
        self._steady = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._steady

    async def sleep_until(self, monotonic: float) -> None:
        if monotonic <= self._steady:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (monotonic, next(self._order), woken))
        await woken

    @property
    def sleeping(self) -> int:
        """How many wait for this clock now."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    def advance(self, seconds: float) -> None:
        """Jump ahead; all whose time has come wake together, at the new time."""
        assert seconds >= 0, "steady time does not go back"
        self._to(self._steady + seconds)

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock ahead or back; the steady one does not notice."""
        self._wall += seconds

    async def settle(self, turns: int = 50) -> None:
        """Let every task that can run now run. Knows nothing of sockets and threads."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def run_for(self, seconds: float) -> None:
        """Go from sleeper to sleeper, each waking at exactly its time."""
        end = self._steady + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._to(self._sleepers[0][0])
            await self.settle()
        self._to(end)
        await self.settle()

    def _to(self, steady: float) -> None:
        self._wall += steady - self._steady
        self._steady = steady
        while self._sleepers and self._sleepers[0][0] <= steady:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
