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
from fakes.hostile_broker import FrozenList
from fakes.member_list import NODE
from fakes.refusals import refused
from fakes.repository import listed
from fingerpost.membership import member_list
from fingerpost.membership.list_sources import (
    ISSUER_JITTER_SECONDS,
    ISSUER_SECONDS,
    WITHHELD_SECONDS,
    ListSources,
)
from fingerpost.membership.member_list import Fetch, MemberList, MemberListClient
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Area, Federation
from fingerpost.protocol.ids import AreaCode
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from unit.fingerpost.membership.conftest import World, nobody


def sources(
    client: MemberListClient, members: MemberList, issuer: Fetch | None = None
) -> ListSources:
    log = logs.configure("test", member_list.MEMBER_LIST_EVENTS, strict=True, stream=io.StringIO())
    return ListSources(client, members, Env(ManualClock(NOW), log), issuer)


class Running:
    """A poll beside the test, on a clock that the test moves."""

    def __init__(self, client: MemberListClient, issuer: Fetch | None = None) -> None:
        self.clock = ManualClock(NOW)
        self.log = io.StringIO()
        self.members = MemberList()
        self._changed = asyncio.Event()
        self.members.subscribe(lambda _: self._changed.set())
        events = member_list.MEMBER_LIST_EVENTS
        log = logs.configure("test", events, strict=True, stream=self.log, now=self.clock.now)
        env = Env(self.clock, log, random=random.Random(1).random)
        self._task = asyncio.ensure_future(ListSources(client, self.members, env, issuer).poll()())

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
        await sources(world.client, members).start()
        assert members.current.version == 1

    async def test_a_process_starts_while_the_broker_is_away(self, world: World) -> None:
        world.refresh()
        members = MemberList()
        await sources(world.restarted(), members).start()
        assert members.current.version == 1

    async def test_a_process_without_any_list_does_not_start(self, world: World) -> None:
        with refused(Code.UNAVAILABLE, "no network"):
            await sources(world.restarted(), MemberList()).start()

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


class TestABrokerThatFreezesTheList:
    """It shows everybody the list of a moment ago, validly signed for a day."""

    @pytest.fixture
    def frozen(self, world: World) -> FrozenList:
        return FrozenList(world.repository.files)

    @pytest.fixture
    async def member(self, world: World, frozen: FrozenList) -> AsyncIterator[Running]:
        made = Running(world.reader("member", frozen), world.repository.fetch)
        await made.change()
        yield made
        await made.stop()

    async def run_for(self, member: Running, world: World, seconds: float) -> None:
        """The issuer signs every ten minutes."""
        end = member.clock.monotonic() + seconds
        while member.clock.monotonic() < end:
            await member.sleeping()
            if member.clock.now() >= world.repository.now + 600:
                world.repository.tick(member.clock.now())
            member.clock.advance(5)
        await member.sleeping()

    async def test_a_suspension_arrives_within_two_minutes(
        self, world: World, member: Running
    ) -> None:
        await member.sleeping()
        world.repository.suspend(NODE)
        await self.run_for(member, world, ISSUER_SECONDS + ISSUER_JITTER_SECONDS + 20)
        assert NODE in member.members.current.deny.members

    async def test_one_that_gives_each_file_late_keeps_no_suspension_back(
        self, world: World
    ) -> None:
        """Attack: of a list that was published honestly, with many files that changed, each comes
        just within its time, while the issuer has suspended somebody since."""
        shown = world.repository.files

        def late(path: str) -> bytes:
            if shown is not world.repository.files:
                member.clock._steady += 9
                member.clock._wall += 9
            return FrozenList(shown)(path)

        member = Running(world.reader("late", late), world.repository.fetch)
        await member.change()
        more = (Area(AreaCode(f"e990001{n}"), "An area") for n in range(10, 50))
        world.publish(areas={**listed().areas} | {area.code: area for area in more})
        shown = dict(world.repository.files)
        world.repository.suspend(NODE)
        await self.run_for(member, world, ISSUER_SECONDS + ISSUER_JITTER_SECONDS + 60)
        assert NODE in member.members.current.deny.members
        await member.stop()

    async def test_it_is_reported_once(self, world: World, member: Running) -> None:
        world.repository.suspend(NODE)
        await self.run_for(member, world, 3 * WITHHELD_SECONDS)
        assert member.log.getvalue().count('"member_list.withheld"') == 1

    async def test_an_honest_broker_is_reported_never(self, world: World) -> None:
        member = Running(world.reader("honest"), world.repository.fetch)
        await self.run_for(member, world, 1800)
        await member.stop()
        assert "withheld" not in member.log.getvalue()
        assert "not_taken" not in member.log.getvalue()

    async def test_without_the_issuer_it_lasts_until_the_list_expires(
        self, world: World, frozen: FrozenList
    ) -> None:
        member = Running(world.reader("alone", frozen), nobody)
        await member.change()
        world.repository.suspend(NODE)
        await self.run_for(member, world, 600)
        assert NODE not in member.members.current.deny.members
        with refused(Code.UNTRUSTED_METADATA):
            member.members.at(NOW + 86_400)
        await member.stop()

    async def test_a_broker_that_is_away_is_no_obstacle(self, world: World) -> None:
        members = MemberList()
        await sources(world.restarted(), members, world.repository.fetch).start()
        assert members.current.version == 1

    async def test_the_issuer_is_asked_for_one_small_file(self, world: World) -> None:
        asked: list[str] = []

        def issuer(path: str) -> bytes:
            asked.append(path)
            return world.repository.fetch(path)

        member = Running(world.reader("counted"), issuer)
        await self.run_for(member, world, 900)
        await member.stop()
        assert set(asked) == {"metadata/timestamp.json"}
        assert 900 / (ISSUER_SECONDS + ISSUER_JITTER_SECONDS + 20) <= len(asked) <= 900 / 60 + 1
