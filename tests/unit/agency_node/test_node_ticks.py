"""When answers leave: on a tick, after a fixed delay, never because they are ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering.answer_line import FRAMES_WAITING, AnswerLine
from agency_node.answering.ticks import (
    LEAST_RESERVE_SECONDS,
    MOST_RESERVE,
    QUERY_SECONDS,
    Load,
    departure,
    latest_start,
)
from fakes.by_hand import ByHand
from fakes.clock import ManualClock
from fakes.node_world import NodeWorld
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.messages import SealedAnswer

TICK = limits.TICK_MS / 1000
DELAY = limits.ANSWER_DELAY_MS / 1000
steady = st.floats(0, 1e6)
answer_delays = st.integers(100, 2000)
frames = st.integers(1, QUERIES_PER_FRAME)


@given(steady, st.floats(0, 10), answer_delays)
def test_on_a_tick_never_early_and_late_by_whole_delays_only(
    received: float, took: float, delay_ms: int
) -> None:
    delay = delay_ms / 1000
    at = departure(received, received + took, delay_ms)
    assert abs(at / TICK - round(at / TICK)) < 1e-6
    assert at >= received + max(delay, took) - 1e-6
    late = (at - received + 1e-6) % delay  # beyond whole delays there is only the way to the tick
    assert late < TICK + 2e-6


@given(steady, answer_delays, st.integers(1, 5), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_how_late_within_a_delay_changes_nothing(
    received: float, delay_ms: int, delays: int, one: float, other: float
) -> None:
    delay = delay_ms / 1000
    first = departure(received, received + (delays + one) * delay, delay_ms)
    assert first == departure(received, received + (delays + other) * delay, delay_ms)


@given(steady, st.floats(0, 0.4), st.floats(0, 0.4))
def test_how_long_the_work_took_within_the_delay_changes_nothing(
    received: float, one: float, other: float
) -> None:
    assert departure(received, received + one, 500) == departure(received, received + other, 500)


def test_work_that_took_too_long_moves_the_whole_frame_by_a_whole_delay() -> None:
    assert departure(0.0, 0.5, 500) == 0.5
    assert departure(0.0, 0.501, 500) == departure(0.0, 0.999, 500) == 1.0
    assert departure(0.013, 0.6, 500) == pytest.approx(1.05)


class TestLoad:
    @given(steady, frames, answer_delays)
    def test_what_comes_to_an_idle_node_is_looked_up(
        self, received: float, queries: int, delay_ms: int
    ) -> None:
        assert not Load().is_over(received, received, queries, delay_ms)

    @given(steady, frames, answer_delays)
    def test_work_that_begins_in_time_has_its_reserve(
        self, received: float, queries: int, delay_ms: int
    ) -> None:
        delay = delay_ms / 1000
        reserve = received + delay - latest_start(received, queries, delay_ms)
        least = max(LEAST_RESERVE_SECONDS, queries * QUERY_SECONDS)
        assert reserve == pytest.approx(min(least, MOST_RESERVE * delay), abs=1e-6)

    def test_a_whole_frame_at_the_default_delay_has_all_that_is_allowed_for_it(self) -> None:
        assert limits.ANSWER_DELAY_MS / 1000 * MOST_RESERVE >= QUERIES_PER_FRAME * QUERY_SECONDS

    def test_work_that_begins_too_late_is_refused(self) -> None:
        assert not Load().is_over(0.0, 0.349, 1, 500)
        assert Load().is_over(0.0, 0.351, 1, 500)
        assert Load().is_over(0.0, 0.2, QUERIES_PER_FRAME, 500)

    def test_frames_in_front_count_with_what_is_allowed_for_them(self) -> None:
        """Fillers that were done in no time refuse the one behind them just as slow ones do."""
        load = Load()
        assert not load.is_over(0.0, 0.0, QUERIES_PER_FRAME, 500)
        assert load.is_over(0.0, 0.001, 1, 500)
        assert not load.is_over(0.4, 0.4, 1, 500)

    @given(
        st.lists(st.tuples(st.floats(0, 0.3), frames), min_size=1, max_size=12),
        st.lists(st.floats(0, 1), min_size=12, max_size=12),
        st.lists(st.floats(0, 1), min_size=12, max_size=12),
    )
    def test_how_fast_the_work_was_decides_nothing(
        self, came: list[tuple[float, int]], one: list[float], other: list[float]
    ) -> None:
        """Within what is allowed: hits or misses before, the same frames are refused."""

        def refused(shares: list[float]) -> list[bool]:
            load, received, free = Load(), 0.0, 0.0
            found = []
            for (gap, queries), share in zip(came, shares, strict=False):
                received += gap
                begins = max(received, free)
                over = load.is_over(received, begins, queries, 500)
                free = begins + queries * (0.0005 if over else share * QUERY_SECONDS)
                found.append(over)
            return found

        assert refused(one) == refused(other)

    def test_a_flood_is_over_when_it_ends(self) -> None:
        load = Load()
        for n in range(500):
            load.is_over(n / 1000, n / 1000, QUERIES_PER_FRAME, 500)
        assert load.is_over(0.5, 0.5, 1, 500)
        assert not load.is_over(1.0, 1.0, QUERIES_PER_FRAME, 500)


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
    overloaded: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = AnswerLine(self.work, self.thread, NodeWorld(), self.clock, self.log)
        self.left: list[tuple[float, int]] = []

    def work(self, frame: Sequence[bytes], *, overloaded: bool) -> tuple[SealedAnswer, ...]:
        self.frames.append(len(frame))
        self.overloaded.append(overloaded)
        return tuple(
            SealedAnswer(query.ljust(32), 0, bytes(limits.ANSWER_BYTES)) for query in frame
        )

    async def leave(self) -> None:
        while True:
            answers = await self.line.departure()
            self.left.append((round(self.clock.monotonic(), 6), len(answers)))

    async def work_is_done(self) -> None:
        await self.clock.settle()
        self.thread.step()
        await self.clock.settle()


@pytest.fixture
async def this() -> AsyncIterator[Running]:
    made = Running()
    tasks = [asyncio.create_task(made.line.run()), asyncio.create_task(made.leave())]
    await made.clock.settle()
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_frame_leaves_whole_after_the_delay_on_the_tick(this: Running) -> None:
    await this.clock.run_for(0.013)
    await this.line.take(this.clock.monotonic(), (b"a", b"b", b"c"))
    await this.work_is_done()
    await this.clock.run_for(0.5)
    assert this.left == []
    await this.clock.run_for(1)
    assert this.left == [(0.55, 3)]


@pytest.mark.parametrize("ready_after", [0.0, 0.49])
async def test_nothing_leaves_because_it_is_ready(this: Running, ready_after: float) -> None:
    """Ready at once, or only just in time: the same tick."""
    await this.line.take(0.0, (b"a",))
    await this.clock.run_for(ready_after)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.left == [(0.5, 1)]


@pytest.mark.parametrize("late", [0.501, 0.61, 0.99])
async def test_a_late_frame_leaves_a_whole_delay_later(this: Running, late: float) -> None:
    await this.line.take(0.0, (b"a", b"b"))
    await this.clock.run_for(late)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.left == [(1.0, 2)]


async def test_what_is_late_holds_up_nobody_else(this: Running) -> None:
    await this.line.take(0.0, (b"a", b"b"))
    await this.clock.run_for(0.51)
    await this.work_is_done()  # leaves at 1.0
    await this.line.take(this.clock.monotonic() - 0.1, (b"c",))  # and this one at 0.95
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.left == [(0.95, 1), (1.0, 2)]


async def test_frames_behind_others_are_told_to_try_again_without_a_look(this: Running) -> None:
    whole = tuple(bytes([n]) for n in range(QUERIES_PER_FRAME))
    for queries in (whole, whole, (b"behind",)):
        await this.line.take(0.0, queries)
    for _ in range(3):
        await this.work_is_done()
    await this.clock.run_for(1)
    assert this.overloaded == [False, True, True]
    assert this.left == [(0.5, QUERIES_PER_FRAME), (0.5, QUERIES_PER_FRAME), (0.5, 1)]
    logged = [fields for event, fields in this.log.events if event == "node.overloaded"]
    assert logged == [{"queries": QUERIES_PER_FRAME}, {"queries": 1}]


async def test_a_process_that_was_held_up_leaves_a_whole_delay_later_and_not_at_once(
    this: Running,
) -> None:
    await this.line.take(0.0, (b"a",))
    await this.work_is_done()
    this.clock.advance(0.53)  # woken 30 ms after its tick
    await this.clock.settle()
    assert this.left == []
    await this.clock.run_for(1)
    assert this.left == [(1.0, 1)]


async def test_what_the_requester_no_longer_waits_for_is_neither_worked_on_nor_sent(
    this: Running,
) -> None:
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


async def test_frames_wait_in_line_and_then_on_the_stream(this: Running) -> None:
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


async def test_a_frame_of_nothing_costs_nothing(this: Running) -> None:
    await this.line.take(0.0, ())
    await this.clock.run_for(1)
    assert this.frames == []
    assert this.left == []


def _fails(frame: Sequence[bytes], *, overloaded: bool) -> tuple[SealedAnswer, ...]:
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
