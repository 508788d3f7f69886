"""The list in force follows the one that is published, through failures, and reaches every
subscriber.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator

import pytest

from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.member_list import NODE
from fakes.refusals import refused
from fingerpost.membership import member_list
from fingerpost.membership.member_list import MemberList, MemberListClient, poll, start
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Federation
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from unit.fingerpost.membership.conftest import World


class Running:
    """A poll beside the test, on a clock that the test moves."""

    def __init__(self, client: MemberListClient) -> None:
        self.clock = ManualClock(NOW)
        self.log = io.StringIO()
        self.members = MemberList()
        self._changed = asyncio.Event()
        self.members.subscribe(lambda _: self._changed.set())
        events = member_list.MEMBER_LIST_EVENTS
        log = logs.configure("test", events, strict=True, stream=self.log, now=self.clock.now)
        self._task = asyncio.ensure_future(
            poll(client, self.members, Env(self.clock, log, random=random.Random(1).random))()
        )

    async def change(self) -> Federation:
        await asyncio.wait_for(self._changed.wait(), 10)
        self._changed.clear()
        return self.members.current

    async def sleeping(self) -> None:
        """Return once the poll waits for its next turn."""
        async with asyncio.timeout(10):
            while not self.clock.sleeping:
                await self.clock.settle()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


@pytest.fixture
async def running(world: World) -> AsyncIterator[Running]:
    made = Running(world.client)
    yield made
    await made.stop()


class TestKeepingCurrent:
    async def test_a_process_starts_with_a_fresh_list(self, world: World) -> None:
        members = MemberList()
        await start(world.client, members, ManualClock(NOW))
        assert members.current.version == 1

    async def test_a_process_starts_while_the_broker_is_away(self, world: World) -> None:
        world.refresh()
        members = MemberList()
        await start(world.restarted(), members, ManualClock(NOW + 1))
        assert members.current.version == 1

    async def test_a_process_without_any_list_does_not_start(self, world: World) -> None:
        with refused(Code.UNAVAILABLE, "no network"):
            await start(world.restarted(), MemberList(), ManualClock(NOW))

    async def test_a_suspension_is_known_within_twenty_seconds(
        self, world: World, running: Running
    ) -> None:
        assert not (await running.change()).deny.members
        world.repository.suspend(NODE)
        await running.sleeping()
        running.clock.advance(20)
        assert NODE in (await running.change()).deny.members
        assert running.log.getvalue().count('"member_list.changed"') == 2

    async def test_a_failure_leaves_the_list_and_is_tried_again(
        self, world: World, running: Running
    ) -> None:
        first = await running.change()
        whole = world.repository.files
        world.repository.files = {}
        await running.sleeping()
        running.clock.advance(20)
        await running.sleeping()
        assert running.members.current is first
        assert "Refused:untrusted_metadata" in running.log.getvalue()
        world.repository.files = whole
        world.repository.suspend(NODE)
        running.clock.advance(20)
        assert (await running.change()).version == 2
