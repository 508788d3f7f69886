"""When answers leave: on a tick, after a fixed delay, never because they are ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answer_line import FRAMES_WAITING, AnswerLine
from agency_node.ticks import departure
from fakes.by_hand import ByHand
from fakes.clock import ManualClock
from fakes.node_world import NodeWorld
from fingerpost.protocol import limits
from fingerpost.protocol.messages import SealedAnswer

TICK = limits.TICK_MS / 1000
DELAY = limits.ANSWER_DELAY_MS / 1000
steady = st.floats(0, 1e6)


@given(steady, st.floats(0, 3), st.integers(100, 2000))
def test_on_a_tick_never_early_and_never_a_tick_too_late(
    received: float, took: float, delay_ms: int
) -> None:
    at = departure(received, received + took, delay_ms)
    due = max(received + delay_ms / 1000, received + took)
    assert abs(at / TICK - round(at / TICK)) < 1e-6
    assert due - 1e-6 <= at < due + TICK + 1e-6


@given(steady, st.floats(0, 0.4), st.floats(0, 0.4))
def test_how_long_the_work_took_within_the_delay_changes_nothing(
    received: float, one: float, other: float
) -> None:
    assert departure(received, received + one, 500) == departure(received, received + other, 500)


def test_work_that_took_too_long_moves_the_whole_frame_to_the_next_tick() -> None:
    assert departure(0.0, 0.501, 500) == 0.55


class NoLog:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def _take(self, event: str, /, **fields: object) -> None:
        self.events.append((event, fields))

    debug = info = warning = error = _take


@dataclass
class Running:
    """A line over work that a test stops and lets go on."""

    clock: ManualClock = field(default_factory=ManualClock)
    log: NoLog = field(default_factory=NoLog)
    thread: ByHand = field(default_factory=ByHand)
    frames: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = AnswerLine(self.work, self.thread, NodeWorld(), self.clock, self.log)
        self.left: list[tuple[float, int]] = []

    def work(self, queries: Sequence[bytes]) -> tuple[SealedAnswer, ...]:
        self.frames.append(len(queries))
        return tuple(
            SealedAnswer(query.ljust(32), 0, bytes(limits.ANSWER_BYTES)) for query in queries
        )

    async def leave(self) -> None:
        while True:
            answers = await self.line.departure()
            self.left.append((round(self.clock.monotonic(), 6), len(answers)))

    async def work_is_done(self) -> None:
        await self.clock.settle()
        self.thread.step()
        await self.clock.settle()


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    this = Running()
    tasks = [asyncio.create_task(this.line.run()), asyncio.create_task(this.leave())]
    await this.clock.settle()
    try:
        yield this
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_frame_leaves_whole_after_the_delay_on_the_tick() -> None:
    async with running() as this:
        await this.clock.run_for(0.013)
        await this.line.take(this.clock.monotonic(), (b"a", b"b", b"c"))
        await this.work_is_done()
        await this.clock.run_for(0.5)
        assert this.left == []
        await this.clock.run_for(1)
        assert this.left == [(0.55, 3)]


async def test_nothing_leaves_because_it_is_ready() -> None:
    """Ready at once, or only just in time: the same tick."""
    for ready_after in (0.0, 0.49):
        async with running() as this:
            await this.line.take(0.0, (b"a",))
            await this.clock.run_for(ready_after)
            await this.work_is_done()
            await this.clock.run_for(1)
            assert this.left == [(0.5, 1)]


async def test_a_late_frame_leaves_on_the_next_tick_after_it_is_done() -> None:
    async with running() as this:
        await this.line.take(0.0, (b"a", b"b"))
        await this.clock.run_for(0.61)
        await this.work_is_done()
        await this.clock.run_for(1)
        assert this.left == [(0.65, 2)]


async def test_a_process_that_was_held_up_leaves_on_the_next_tick_and_not_at_once() -> None:
    async with running() as this:
        await this.line.take(0.0, (b"a",))
        await this.work_is_done()
        this.clock.advance(0.53)  # woken 30 ms after its tick
        await this.clock.settle()
        assert this.left == []
        await this.clock.run_for(1)
        assert this.left == [(0.55, 1)]


async def test_what_the_asker_no_longer_waits_for_is_neither_worked_on_nor_sent() -> None:
    async with running() as this:
        await this.line.take(0.0, (b"a",))
        await this.line.take(0.0, (b"b", b"c"))
        await this.clock.run_for(limits.GATHERING_MS / 1000 + 0.1)
        await this.work_is_done()
        await this.clock.run_for(1)
        assert this.frames == [1]
        assert this.left == []
        behind = [fields["queries"] for event, fields in this.log.events if event == "node.behind"]
        assert sorted(str(count) for count in behind) == ["1", "2"]
        await this.line.take(this.clock.monotonic(), (b"d",))
        await this.work_is_done()
        await this.clock.run_for(1)
        assert [count for _, count in this.left] == [1], "it has caught up"


async def test_frames_wait_in_line_and_then_on_the_stream() -> None:
    async with running() as this:
        for _ in range(FRAMES_WAITING + 1):
            await this.line.take(0.0, (b"a",))
            await this.clock.settle()
        more = asyncio.create_task(this.line.take(0.0, (b"z",)))
        await this.clock.settle()
        assert not more.done()
        await this.work_is_done()
        assert more.done()


async def test_who_is_cancelled_while_it_waits_takes_nothing() -> None:
    """A stream that broke: the next one takes what is due."""
    this = Running()
    working = asyncio.create_task(this.line.run())
    await this.line.take(0.0, (b"a",))
    await this.work_is_done()
    waiting = asyncio.create_task(this.line.departure())
    await this.clock.settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    again = asyncio.create_task(this.line.departure())
    await this.clock.run_for(1)
    assert len(await again) == 1
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_frame_of_nothing_costs_nothing() -> None:
    async with running() as this:
        await this.line.take(0.0, ())
        await this.clock.run_for(1)
        assert this.frames == []
        assert this.left == []


def _fails(_queries: Sequence[bytes]) -> tuple[SealedAnswer, ...]:
    raise ZeroDivisionError


async def test_a_frame_that_fails_is_left_out_and_the_next_is_worked_on() -> None:
    this = Running()
    await this.line.take(0.0, (b"a",))
    await this.line.take(0.0, (b"b",))
    this.line._work = _fails
    working = asyncio.create_task(this.line.run())
    await this.clock.settle()
    this.thread.step()
    with pytest.raises(ZeroDivisionError):
        await working
    this.line._work = this.work
    again = asyncio.create_task(this.line.run())
    await this.work_is_done()
    assert this.frames == [1]
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
