"""A party whose clock is wrong for a moment: it destroys nothing, and comes back by itself.

One federation over real sockets, each party opened by its own wiring. The party of a test has a
clock of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused
from integration.running_federation import SCHOOLS, Federation
from integration.running_parties import SteppedClock

DAY = limits.DAY


@pytest.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    """With a clock of its own for the first holder, for one node and for the gateway."""
    made = Federation(tmp_path)
    for party in (made.holders[0], made.nodes[SCHOOLS], made.gateway):
        party.clock = SteppedClock()
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def test_a_key_holder_100_days_ahead_keeps_its_keys(federation: Federation) -> None:
    holder = federation.holders[0]
    holder.clock.step(100 * DAY)
    await holder.opened._keep_keys()
    holder.clock.step(-100 * DAY)
    await federation.require_serving()


async def test_a_node_that_was_a_day_ahead_answers_again(federation: Federation) -> None:
    node = federation.nodes[SCHOOLS]
    for ahead in (DAY - 600, 600 - DAY):
        await node.stop()
        node.clock.step(ahead)
        await node.start()
        with suppress(TimeoutError):  # a turn of the loop that advances peppers
            await asyncio.wait_for(node.opened.tasks()["peppers"](), 2)
    await federation.attached()
    await federation.require_serving()


async def test_a_gateway_8_days_ahead_erases_no_outcome(federation: Federation) -> None:
    gateway = federation.gateway
    found = await federation.ask()
    await gateway.stop()
    gateway.clock.step(8 * DAY)
    with suppress(Refused):  # without a list that is valid by its clock it opens nothing
        await gateway.start()
    await gateway.stop()
    gateway.clock.step(-8 * DAY)
    await gateway.start()
    session, now = federation.session(), gateway.clock.now()
    outcomes = gateway.opened.people.outcomes
    shown = await asyncio.to_thread(outcomes.show, session, found.operation, now)
    assert shown.operation == found.operation
