"""Both clocks keep the port's promises."""

from __future__ import annotations

import asyncio

import pytest

from fakes.clock import ManualClock
from fingerpost.runtime.clock import Clock, SystemClock


async def test_the_system_clock_never_wakes_early() -> None:
    clock: Clock = SystemClock()
    for delay in (-1.0, 0.0, 0.003):
        until = clock.monotonic() + delay
        await clock.sleep_until(until)
        assert clock.monotonic() >= until
    assert clock.now() > 1_700_000_000


async def test_a_timer_that_fires_early_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = asyncio.sleep

    async def early(seconds: float) -> None:
        await turn(seconds / 2)

    monkeypatch.setattr("fingerpost.runtime.clock.asyncio.sleep", early)
    clock = SystemClock()
    until = clock.monotonic() + 0.01
    await clock.sleep_until(until)
    assert clock.monotonic() >= until


async def test_the_manual_clock_wakes_whom_it_should() -> None:
    clock = ManualClock(now=1000.0)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, until: float) -> None:
        await clock.sleep_until(until)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as tasks:
        for name, until in (("b", 2.0), ("a", 1.0), ("never late", 0.0), ("c", 9.0)):
            tasks.create_task(sleeper(name, until))
        await clock.settle()
        assert woken == [("never late", 0.0)]
        assert clock.sleeping == 3
        await clock.run_for(5.0)
        assert woken[1:] == [("a", 1.0), ("b", 2.0)]
        assert (clock.monotonic(), clock.now()) == (5.0, 1005.0)
        clock.step_wall(-60.0)
        assert (clock.monotonic(), clock.now()) == (5.0, 945.0)
        clock.advance(10.0)
    assert woken[3:] == [("c", 15.0)]


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep_until(1.0))
    await clock.settle()
    task.cancel()
    await clock.settle()
    assert clock.sleeping == 0
    clock.advance(2.0)
    assert task.cancelled()
