"""What is read, and when answers leave: always, and on a tick; never because work is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.load import (
    LEAST_RESERVE_SECONDS,
    MOST_RESERVE,
    REFUSED_SECONDS,
    Load,
    most_at_once,
    seconds_for,
    seconds_for_packets,
)
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.line import FRAMES_WAITING, REPORT_SECONDS, Line
from agency_node.reading.ticks import (
    PACKETS_AT_ONCE,
    Meter,
    Tally,
    departure,
)
from fakes.by_hand import ByHand
from fakes.clock import ManualClock
from fakes.node_world import BROKER, NodeWorld
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.messages import SealedAnswer, size_class
from fingerpost.protocol.packets import CarriedPacket, Packets

TICK = limits.TICK_MS / 1000
DELAY = limits.ANSWER_DELAY_MS / 1000
PER_TICK = limits.QUERIES_PER_TICK
AT_ONCE = limits.BURST_TICKS * PER_TICK
steady = st.floats(0, 1e6)
answer_delays = st.integers(100, 2000)
frames = st.integers(1, QUERIES_PER_FRAME)
packets = st.integers(0, PACKETS_AT_ONCE)


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


class TestMeter:
    @given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 700)), max_size=30))
    def test_never_more_than_the_count_for_the_ticks_that_have_gone(
        self, came: list[tuple[float, int]]
    ) -> None:
        meter, at, taken = Meter(), 0.0, 0
        for gap, queries in came:
            at += gap
            this = meter.take(at, queries, PER_TICK, AT_ONCE)
            taken += this
            assert this <= queries
            assert taken <= AT_ONCE + (int(at / TICK + 1e-9)) * PER_TICK

    def test_what_comes_at_once_and_what_comes_for_as_long_as_it_comes(self) -> None:
        meter = Meter()
        assert meter.take(5.0, 1000, PER_TICK, AT_ONCE) == AT_ONCE
        assert meter.take(5.01, 1, PER_TICK, AT_ONCE) == 0
        for n in range(1, 40):
            assert meter.take(5.01 + n * TICK, 1000, PER_TICK, AT_ONCE) == PER_TICK
        assert meter.take(60.0, 1000, PER_TICK, AT_ONCE) == AT_ONCE

    def test_fewer_are_taken_as_soon_as_the_count_is_less(self) -> None:
        meter = Meter()
        assert meter.take(5.0, 1000, PER_TICK, AT_ONCE) == AT_ONCE
        assert meter.take(5.0 + TICK, 1000, 10, 100) == 0, "what was taken counts"
        assert meter.take(60.0, 1000, 10, 100) == 100
        assert meter.take(60.0 + TICK, 1000, 10, 100) == 10

    def test_each_that_is_taken_can_at_least_be_refused(self) -> None:
        """So that how fast the worker is does not decide what waits."""
        seconds = REFUSED_SECONDS + (seconds_for(1, 2) - seconds_for(1, 1))
        assert PER_TICK * seconds <= TICK + 1e-9


class TestTally:
    def test_a_few_are_no_report_and_a_run_is_one_report(self) -> None:
        tally = Tally(20, 60.0)
        assert tally.count(0.0, stale=19) is None
        assert tally.count(1.0, stale=1, untrusted=2) == {"stale": 20, "untrusted": 2}
        for second in range(2, 61):
            assert tally.count(float(second), stale=100) is None
        assert tally.count(61.0, stale=1) == {"stale": 5901}

    def test_nothing_is_no_report(self) -> None:
        assert Tally(1, 1.0).count(0.0, queries=0) is None


costs = st.tuples(st.integers(0, 640), st.integers(1, 10))


class TestLoad:
    @given(steady, costs, answer_delays)
    def test_what_comes_to_an_idle_node_is_looked_up(
        self, received: float, cost: tuple[int, int], delay_ms: int
    ) -> None:
        load = Load()
        load.begin(received, received, delay_ms)
        assert load.looks_up(*cost)

    def test_a_whole_frame_at_the_default_delay_is_looked_up(self) -> None:
        load = Load()
        load.begin(0.0, 0.0, limits.ANSWER_DELAY_MS)
        assert all(load.looks_up(1, 1) for _ in range(QUERIES_PER_FRAME))

    @given(answer_delays, costs)
    def test_what_is_looked_up_has_its_reserve(self, delay_ms: int, cost: tuple[int, int]) -> None:
        load, delay, busy, looked = Load(), delay_ms / 1000, 0.0, 0
        load.begin(0.0, 0.0, delay_ms)
        seconds = seconds_for(*cost)
        while load.looks_up(*cost):
            reserve = min(max(LEAST_RESERVE_SECONDS, seconds), MOST_RESERVE * delay)
            assert busy + reserve <= delay + 1e-6
            busy, looked = busy + seconds, looked + 1
        assert looked >= 1

    @pytest.mark.parametrize("agencies", [1, 64, 65, 640])
    def test_the_bound_that_an_operator_sees_is_the_one_that_is_kept(self, agencies: int) -> None:
        load, looked = Load(), 0
        load.begin(0.0, 0.0, 500)
        while load.looks_up(agencies, -(-agencies // limits.AGENCIES_PER_PART)):
            looked += 1
        assert looked == most_at_once(agencies, 500)

    def test_a_host_of_many_agencies_is_not_asked_more_than_it_can(self) -> None:
        """640 agencies take 20 ms a query: of a frame, most are refused, and it is done in time."""
        assert most_at_once(640, 500) * 0.020 < 0.5
        assert most_at_once(1, 500) >= QUERIES_PER_FRAME

    def test_work_that_begins_too_late_is_refused(self) -> None:
        load = Load()
        load.begin(0.0, 0.389, 500)
        assert load.looks_up(1, 1)
        load = Load()
        load.begin(0.0, 0.391, 500)
        assert not load.looks_up(1, 1)

    def test_frames_in_front_count_with_what_is_allowed_for_them(self) -> None:
        """Fillers that were done in no time refuse the one behind them just as slow ones do."""
        load = Load()
        load.begin(0.0, 0.0, 500)
        while load.looks_up(1, 1):
            pass
        load.begin(0.0, 0.001, 500)
        assert not load.looks_up(1, 1)
        load.begin(0.4, 0.4, 500)
        assert load.looks_up(1, 1)

    @given(
        st.lists(st.tuples(st.floats(0, 0.3), frames, packets), min_size=1, max_size=12),
        st.lists(st.floats(0, 1), min_size=12, max_size=12),
        st.lists(st.floats(0, 1), min_size=12, max_size=12),
    )
    def test_how_fast_the_work_was_decides_nothing(
        self, came: list[tuple[float, int, int]], one: list[float], other: list[float]
    ) -> None:
        """Within what is allowed: hits or misses before, the same queries are refused."""

        def looked_up(shares: list[float]) -> list[int]:
            load, received, free = Load(), 0.0, 0.0
            found = []
            for (gap, queries, exchanged), share in zip(came, shares, strict=False):
                received += gap
                begins = max(received, free)
                load.begin(received, begins, 500)
                looked = sum(load.looks_up(1, 1) for _ in range(queries))
                work = looked * seconds_for(1, 1) + (queries - looked) * 0.0005
                if exchanged:
                    load.exchanges(exchanged)
                    work += seconds_for_packets(exchanged)
                free = begins + share * work
                found.append(looked)
            return found

        assert looked_up(one) == looked_up(other)

    def test_a_flood_is_over_when_it_ends(self) -> None:
        load = Load()
        for n in range(500):
            load.begin(n / 1000, n / 1000, 500)
            for _ in range(QUERIES_PER_FRAME):
                load.looks_up(1, 1)
        load.begin(0.5, 0.5, 500)
        assert not load.looks_up(1, 1)
        load.begin(1.0, 1.0, 500)
        assert load.looks_up(1, 1)


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
    looked_up: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = world = NodeWorld()
        self.reader = Line(MemberListFeed(BROKER, world, lambda: 0.0), self.clock, self.log)
        self.line = AnswerLine(
            self.work, self.exchange, self.thread, self.reader, world, self.clock, self.log
        )
        self.left: list[tuple[float, int]] = []

    def work(self, frame: Sequence[bytes], load: Load) -> tuple[SealedAnswer, ...]:
        self.frames.append(len(frame))
        self.looked_up.append(sum(load.looks_up(1, 1) for _ in frame))
        return tuple(
            SealedAnswer(query.ljust(32), 0, bytes(size_class(1).sealed_bytes)) for query in frame
        )

    def exchange(self, packets: Packets) -> Packets:
        return packets

    async def leave(self) -> None:
        while True:
            answers = await self.reader.departure()
            self.left.append((round(self.clock.monotonic(), 6), len(answers)))

    async def work_is_done(self) -> None:
        """Of one frame, whose tick has come."""
        await self.clock.settle()
        self.thread.step()
        await self.clock.settle()


@pytest.fixture
async def this() -> AsyncIterator[Running]:
    made = Running()
    tasks = [
        asyncio.create_task(part) for part in (made.line.run(), made.reader.run(), made.leave())
    ]
    await made.clock.settle()
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_frame_leaves_whole_after_the_delay_on_the_tick(this: Running) -> None:
    await this.clock.run_for(0.013)
    this.reader.take(this.clock.monotonic(), (b"a", b"b", b"c"))
    await this.clock.settle()
    assert len(this.thread) == 0, "it is worked on from its tick on"
    await this.clock.run_for(0.04)
    await this.work_is_done()
    await this.clock.run_for(0.48)
    assert this.left == []
    await this.clock.run_for(1)
    assert this.left == [(0.55, 3)]


async def test_what_comes_within_one_tick_is_one_frame(this: Running) -> None:
    for at in (0.001, 0.02, 0.049, 0.051):
        await this.clock.run_for(at - this.clock.monotonic())
        this.reader.take(at, (b"%f" % at,))
    await this.work_is_done()
    await this.clock.run_for(0.05)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.left == [(0.55, 3), (0.6, 1)]


@pytest.mark.parametrize("ready_after", [0.0, 0.44])
async def test_nothing_leaves_because_it_is_ready(this: Running, ready_after: float) -> None:
    """Ready at once, or only just in time: the same tick."""
    this.reader.take(0.0, (b"a",))
    await this.clock.run_for(ready_after)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.left == [(0.5, 1)]


@pytest.mark.parametrize("late", [0.46, 0.61, 0.94])
async def test_a_late_frame_leaves_a_whole_delay_later(this: Running, late: float) -> None:
    this.reader.take(0.0, (b"a", b"b"))
    await this.clock.run_for(late)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.left == [(1.0, 2)]


async def test_what_is_late_holds_up_nobody_else(this: Running) -> None:
    this.reader.take(0.0, (b"a", b"b"))
    await this.clock.run_for(0.4)
    this.reader.take(0.4, (b"c",))
    await this.clock.run_for(0.11)
    await this.work_is_done()  # leaves at 1.0
    await this.work_is_done()  # and this one at 0.9
    await this.clock.run_for(1)
    assert this.left == [(0.9, 1), (1.0, 2)]


async def test_queries_behind_others_are_told_to_try_again_without_a_look(this: Running) -> None:
    whole = tuple(bytes([n]) for n in range(QUERIES_PER_FRAME))
    for queries in (whole, whole, (b"behind",)):
        this.reader.take(0.01, queries)
    await this.clock.run_for(0.05)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.looked_up == [most_at_once(1, limits.ANSWER_DELAY_MS)]
    assert this.left == [(0.55, 2 * QUERIES_PER_FRAME + 1)]


async def test_packets_in_front_count_with_what_is_allowed_for_them(this: Running) -> None:
    """Attack: packets make the next frame begin late, by what the work before really took."""
    packet = CarriedPacket(bytes(16), 0, bytes(limits.PACKET_BYTES))
    whole = tuple(bytes([n]) for n in range(QUERIES_PER_FRAME))
    this.reader.take(0.01, (), Packets((packet,) * PACKETS_AT_ONCE))
    for queries in (whole, whole):
        this.reader.take(0.06, queries)
    await this.clock.run_for(0.1)
    await this.work_is_done()  # the packets, in no time
    await this.work_is_done()
    fewer = (seconds_for_packets(PACKETS_AT_ONCE) - TICK) / seconds_for(1, 1)
    (looked_up,) = this.looked_up
    assert fewer > 1
    assert abs(most_at_once(1, limits.ANSWER_DELAY_MS) - fewer - looked_up) <= 1


async def test_a_process_that_was_held_up_leaves_a_whole_delay_later_and_not_at_once(
    this: Running,
) -> None:
    this.reader.take(0.0, (b"a",))
    await this.work_is_done()
    this.clock.advance(0.53)  # woken 30 ms after its tick
    await this.clock.settle()
    assert this.left == []
    await this.clock.run_for(1)
    assert this.left == [(1.0, 1)]


async def test_what_the_requester_no_longer_waits_for_is_neither_worked_on_nor_sent(
    this: Running,
) -> None:
    this.reader.take(0.0, (b"a",))
    await this.clock.run_for(TICK)
    this.reader.take(TICK, (b"b", b"c"))
    await this.clock.run_for(limits.GATHERING_MS / 1000 + 0.1)
    await this.work_is_done()
    await this.clock.run_for(1)
    assert this.frames == [1]
    assert this.left == []
    behind = [fields["queries"] for event, fields in this.log.events if event == "node.behind"]
    assert behind == [2, 1], "one did not leave, the other was not worked on"
    this.reader.take(this.clock.monotonic(), (b"d",))
    await this.work_is_done()
    await this.clock.run_for(1)
    assert [count for _, count in this.left] == [1], "it has caught up"


async def test_the_stream_is_read_however_long_the_work_takes(this: Running) -> None:
    """Attack: a broker that sees in its flow control when the node reads on learns how long the
    work for a query took. Nothing waits here, and what is taken follows from the count alone.
    """
    for _ in range(FRAMES_WAITING + 50):
        at = this.clock.monotonic()
        assert this.reader.take(at, (b"a",)) is None  # type: ignore[func-returns-value]
        await this.clock.run_for(TICK)
    assert len(this.thread) == 1, "the work stands still"
    assert len(this.reader._waiting) == FRAMES_WAITING


@pytest.mark.parametrize("worked", [False, True])
async def test_what_exceeds_the_count_gets_no_answer_whatever_the_work(
    this: Running, worked: bool
) -> None:
    whole = tuple(bytes([n]) for n in range(100))
    for _ in range(AT_ONCE // 100 + 1):
        this.reader.take(0.01, whole)
    this.reader.take(0.02, (b"target",))
    await this.clock.run_for(0.05)
    if worked:
        await this.work_is_done()
    flooded = [fields for event, fields in this.log.events if event == "node.flooded"]
    assert flooded == [{"queries": 100, "packets": 0}]
    assert this.frames == ([AT_ONCE] if worked else [])
    this.reader.take(0.02 + REPORT_SECONDS, (b"again",) * (AT_ONCE + 1))
    flooded = [fields for event, fields in this.log.events if event == "node.flooded"]
    assert flooded[1:] == [{"queries": 2, "packets": 0}], "with the target"


async def test_another_count_of_the_member_list_is_in_force_at_once(this: Running) -> None:
    for per_tick in (5, PER_TICK):
        before = len(this.frames)
        parameters = replace(this.world.current.parameters, queries_per_tick=per_tick)
        this.world.current = replace(this.world.current, parameters=parameters)
        await this.clock.run_for(10)
        this.reader.take(this.clock.monotonic(), (b"q",) * 1000)
        await this.clock.run_for(TICK)
        await this.work_is_done()
        assert this.frames[before:] == [10 * per_tick]


async def test_who_is_cancelled_while_it_waits_takes_nothing() -> None:
    """A stream that broke: the next one takes what is due."""
    this = Running()
    working = asyncio.gather(this.line.run(), this.reader.run())
    this.reader.take(0.0, (b"a",))
    await this.work_is_done()
    waiting = asyncio.create_task(this.reader.departure())
    await this.clock.settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    again = asyncio.create_task(this.reader.departure())
    await this.clock.run_for(1)
    assert len(await again) == 1
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_frame_of_nothing_costs_nothing(this: Running) -> None:
    this.reader.take(0.0, ())
    await this.clock.run_for(1)
    assert this.frames == []
    assert this.left == []


def _fails(frame: Sequence[bytes], load: Load) -> tuple[SealedAnswer, ...]:
    raise ZeroDivisionError


async def test_a_frame_that_fails_is_left_out_and_the_next_is_worked_on() -> None:
    this = Running()
    reading = asyncio.create_task(this.reader.run())
    this.reader.take(0.0, (b"a",))
    await this.clock.settle()
    this.reader.take(0.0, (b"b",))
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
    for task in (again, reading):
        task.cancel()
    await asyncio.gather(again, reading, return_exceptions=True)
