"""When answers come shows nothing: yes and no leave on the same tick, as the broker's own clock
sees it.

Statistical, since machines are busy: each bound says how many of the arrivals must keep it, and
where it is one of milliseconds, only those count at which the machine itself was punctual (a watch
beside them says so). On an idle machine all count and all keep them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from statistics import median

import pytest
import pytest_asyncio

from fakes.answers import shown_in
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import read_event
from fingerpost.protocol.ids import MemberId
from fingerpost.wire.v1 import broker_pb2
from integration.running_federation import (
    ASKED,
    BROTHER,
    HEALTH,
    QUESTION,
    SAYS,
    SCHOOLS,
    Federation,
    running,
    statuses,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

LOOKUPS = 12
MOST_LOOKUPS = 4 * LOOKUPS
"""On a busy machine lookups go on until enough were made while it was punctual."""
PUNCTUAL = 3
"""Lookups, of which all arrivals came while the machine was punctual."""
TICK = limits.TICK_MS / 1000
DELAY = limits.ANSWER_DELAY_MS / 1000
MOST = 3 / 4
"""Of all arrivals must keep a bound. By chance, off the grid, 2 in 5 would keep ``TRAVEL``."""
WATCH = 0.004
TRAVEL = 0.020
"""From the tick to the broker's hand, over loopback: 10 ms that a node may be late, and as much for
the way.
"""


@dataclass(frozen=True)
class Arrival:
    """``asked_at``: when the broker wrote the query to the first node; monotonic seconds.
    ``punctual``: the machine was."""

    lookup: int
    node: MemberId
    asked_at: float
    at: float
    punctual: bool

    @property
    def took(self) -> float:
        return self.at - self.asked_at

    @property
    def after_tick(self) -> float:
        return self.at % TICK


@dataclass(frozen=True)
class Measured:
    hits: list[Arrival]
    misses: list[Arrival]

    @property
    def all(self) -> list[Arrival]:
        return self.hits + self.misses

    @property
    def by_lookup(self) -> dict[int, list[Arrival]]:
        found: dict[int, list[Arrival]] = {}
        for arrival in self.all:
            found.setdefault(arrival.lookup, []).append(arrival)
        return found

    @property
    def punctual_lookups(self) -> int:
        return sum(all(a.punctual for a in of_one) for of_one in self.by_lookup.values())


@dataclass
class Watch:
    """Wakes every few milliseconds in the loop of all parties, and notes how late it was."""

    late: list[tuple[float, float]] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            due = time.monotonic() + WATCH
            await asyncio.sleep(WATCH)
            now = time.monotonic()
            self.late.append((now, now - due))

    def was_punctual(self, at: float) -> bool:
        """In the tick that led to this moment."""
        near = [late for woke, late in self.late if at - TICK < woke <= at + WATCH]
        return len(near) > 2 and max(near) < 2 * WATCH


@asynccontextmanager
async def watching() -> AsyncIterator[Watch]:
    watch = Watch()
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


KNOWN_AT = {"ASKED": SCHOOLS, "BROTHER": HEALTH}


async def arrivals(
    federation: Federation, watch: Watch, number: int, who: str, child: Demographics
) -> Measured:
    """One lookup of one query; the same nodes by turns know the child and do not."""
    federation.wind_back()
    outcome = await federation.ask(replace(QUESTION, demographics=child))
    assert statuses(outcome) == SAYS[who]
    asked_at = min(t.at for t in federation.broker.tape.said if t.method == "Attach")
    found = Measured([], [])
    for taped in federation.broker.tape.said:
        if taped.method != "Lookup":
            continue
        event = read_event(broker_pb2.LookupResponse.FromString(taped.data))
        for answer in shown_in((event,)):
            punctual = watch.was_punctual(taped.at)
            arrival = Arrival(number, answer.node, asked_at, taped.at, punctual)
            (found.hits if answer.node == KNOWN_AT[who] else found.misses).append(arrival)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def measured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Measured]:
    folder = tmp_path_factory.mktemp("ticks")
    async with running(folder) as federation, watching() as watch:
        children = {"ASKED": ASKED, "BROTHER": BROTHER}
        for who, child in children.items():  # files and channels are open from here on
            await arrivals(federation, watch, -1, who, child)
        all_ = Measured([], [])
        number = 0
        while number < LOOKUPS or (all_.punctual_lookups < PUNCTUAL and number < MOST_LOOKUPS):
            who = list(children)[number % 2]
            one = await arrivals(federation, watch, number, who, children[who])
            all_.hits.extend(one.hits)
            all_.misses.extend(one.misses)
            number += 1
        assert len(all_.hits) == number
        assert len(all_.misses) == 2 * number
        yield all_


@pytest.fixture
def judged(measured: Measured) -> Measured:
    """Skips where the machine was too busy for any bound of milliseconds to say something."""
    if measured.punctual_lookups < PUNCTUAL:
        pytest.skip(f"the machine was punctual at fewer than {PUNCTUAL} lookups")
    return measured


def share(kept: list[bool]) -> float:
    assert kept, "a share of nothing says nothing"
    return sum(kept) / len(kept)


async def test_answers_arrive_on_the_grid(judged: Measured) -> None:
    assert share([a.after_tick < TRAVEL for a in judged.all if a.punctual]) >= MOST


async def test_no_answer_comes_before_the_delay(measured: Measured) -> None:
    """Nothing leaves because it is ready; the work itself takes a few milliseconds."""
    assert min(a.took for a in measured.all) >= DELAY


async def test_answers_come_soon_after_the_delay(judged: Measured) -> None:
    """On a busy machine more of them travel for longer, which tells nobody anything."""
    on_time = [a.took < DELAY + TICK + TRAVEL for a in judged.all if a.punctual]
    assert share(on_time) > 1 / 2


async def test_yes_and_no_come_on_the_same_tick(judged: Measured) -> None:
    """Of one query, seen by one observer: the tick of the node that knows the child, and of those
    that do not.
    """
    together = [
        len({int(a.at / TICK) for a in of_one}) == 1
        for of_one in judged.by_lookup.values()
        if all(a.punctual for a in of_one)
    ]
    # Of three lookups one may have met a node's process that had to wait for the machine; a "yes"
    # that costs a tick would keep all of them from being together.
    assert share(together) > 1 / 2


async def test_yes_takes_as_long_as_no(measured: Measured) -> None:
    between = median(a.took for a in measured.hits) - median(a.took for a in measured.misses)
    assert abs(between) < TICK / 2
    # Over the lookups, which are each seen by nodes that know and by nodes that do not.
    ahead = [
        hit.at - median(a.at for a in measured.misses if a.lookup == hit.lookup)
        for hit in measured.hits
    ]
    assert abs(median(ahead)) < TRAVEL / 2
