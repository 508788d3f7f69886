"""The list in force follows the one that is published, through failures, and reaches every
subscriber.
"""

from __future__ import annotations

import asyncio
import io
import random
from pathlib import Path

import pytest

from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.member_list import NODE
from fakes.repository import FakeRepository
from fingerpost.membership.member_list import (
    MEMBER_LIST_EVENTS,
    MemberList,
    MemberListClient,
    poll,
    start,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.runtime import logs


def nobody(path: str) -> bytes:
    raise Refused(Code.UNAVAILABLE, "no network")


class Running:
    """A poll beside the test, on a clock that the test moves."""

    def __init__(self, client: MemberListClient, members: MemberList) -> None:
        self.clock = ManualClock(NOW)
        self.log = io.StringIO()
        self.members = members
        self._changed = asyncio.Event()
        members.subscribe(lambda _: self._changed.set())
        log = logs.configure(
            "test", MEMBER_LIST_EVENTS, strict=True, stream=self.log, now=self.clock.now
        )
        self._task = asyncio.ensure_future(
            poll(client, members, self.clock, random=random.Random(1).random, log=log)
        )

    async def change(self) -> Federation:
        await asyncio.wait_for(self._changed.wait(), 10)
        self._changed.clear()
        return self.members.current

    async def sleeping(self) -> None:
        """Until the poll waits for its next turn."""
        async with asyncio.timeout(10):
            while not self.clock.sleeping:
                await self.clock.settle()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


class TestKeepingCurrent:
    async def test_a_process_starts_with_a_fresh_list(self, client: MemberListClient) -> None:
        members = MemberList()
        await start(client, members, ManualClock(NOW))
        assert members.current.version == 1

    async def test_a_process_starts_while_the_broker_is_away(
        self, client: MemberListClient, repository: FakeRepository, tmp_path: Path
    ) -> None:
        client.refresh(NOW)
        members = MemberList()
        alone = MemberListClient(tmp_path / "list", repository.root, nobody, NODE)
        await start(alone, members, ManualClock(NOW + 1))
        assert members.current.version == 1

    async def test_a_process_without_any_list_does_not_start(
        self, repository: FakeRepository, tmp_path: Path
    ) -> None:
        alone = MemberListClient(tmp_path / "list", repository.root, nobody, NODE)
        with pytest.raises(Refused, match="no network"):
            await start(alone, MemberList(), ManualClock(NOW))

    async def test_a_suspension_is_known_within_twenty_seconds(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        running = Running(client, MemberList())
        assert not (await running.change()).deny.members
        repository.suspend(NODE)
        await running.sleeping()
        running.clock.advance(20)
        assert NODE in (await running.change()).deny.members
        await running.stop()
        assert running.log.getvalue().count('"member_list.changed"') == 2

    async def test_a_failure_leaves_the_list_and_is_tried_again(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        running = Running(client, MemberList())
        first = await running.change()
        whole = repository.files
        repository.files = {}
        await running.sleeping()
        running.clock.advance(20)
        await running.sleeping()
        assert running.members.current is first
        assert "Refused:untrusted_metadata" in running.log.getvalue()
        repository.files = whole
        repository.suspend(NODE)
        running.clock.advance(20)
        assert (await running.change()).version == 2
        await running.stop()
