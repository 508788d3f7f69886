"""Durable before it returns, together when they wait together, and never silently nothing."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.database import StoreFailed
from fingerpost.runtime.group_commit import GroupCommit


class Disk:
    """Commits when the test lets it, and fails when the test says so."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.began = threading.Event()
        self.lets = threading.Event()
        self.failure: Exception | None = None

    def commit(self, items: list[int]) -> None:
        self.began.set()
        assert self.lets.wait(10)
        if self.failure is not None:
            raise self.failure
        self.groups.append(items)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def writer(disk: Disk) -> GroupCommit[int]:
    return GroupCommit(disk.commit, "disk")


async def under_way(disk: Disk, writer: GroupCommit[int]) -> asyncio.Task[None]:
    """The task of item 0, whose commit has begun and lasts until ``disk.lets``."""
    task = asyncio.create_task(writer.append(0))
    assert await asyncio.to_thread(disk.began.wait, 10)
    return task


async def waiting(writer: GroupCommit[int], *items: int) -> list[asyncio.Task[None]]:
    """The tasks of items that wait for the next commit."""
    tasks = [asyncio.create_task(writer.append(n)) for n in items]
    await asyncio.sleep(0)
    return tasks


async def test_who_waits_during_a_commit_shares_the_next(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    first = await under_way(disk, writer)
    others = await waiting(writer, *range(1, 60))
    assert not first.done()  # not before it is on the disk
    disk.lets.set()
    await asyncio.gather(first, *others)
    assert disk.groups == [[0], list(range(1, 60))]
    await writer.append(60)
    assert disk.groups[-1] == [60]


async def test_who_leaves_is_recorded_all_the_same_and_harms_nobody(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    first = await under_way(disk, writer)
    stays, leaves = await waiting(writer, 1, 2)
    for task in (first, leaves):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert disk.groups == []  # who left did not wait for the disk
    disk.lets.set()
    await asyncio.gather(stays, writer.append(3))
    assert disk.groups == [[0], [1, 2, 3]]


@pytest.mark.parametrize("failure", [StoreFailed("SQLITE_FULL", fatal=False), ValueError("ours")])
async def test_an_error_reaches_everybody_who_waits(
    disk: Disk, writer: GroupCommit[int], failure: Exception
) -> None:
    disk.failure = failure
    disk.lets.set()
    for task in await waiting(writer, 0, 1, 2):
        with pytest.raises(type(failure), match=str(failure)):
            await task
    assert disk.groups == []
    disk.failure = None  # without ``run`` the store says whether it may be tried again
    await writer.append(3)
    assert disk.groups == [[3]]


@pytest.mark.parametrize("failure", [StoreFailed("SQLITE_FULL", fatal=True), ValueError("ours")])
async def test_after_a_failure_that_is_final_the_next_group_is_refused_as_well(
    disk: Disk, writer: GroupCommit[int], failure: Exception
) -> None:
    running = asyncio.create_task(writer.run())
    await asyncio.sleep(0)
    first = await under_way(disk, writer)
    (second,) = await waiting(writer, 1)  # for the commit after the one that fails
    disk.failure = failure
    disk.lets.set()
    for task in (first, second, running):
        with pytest.raises(type(failure), match=str(failure)):
            await task
    with pytest.raises(Defect, match="closed"):
        await writer.append(2)
    assert disk.groups == []


async def test_closing_waits_for_the_commit_under_way_and_refuses_what_waits_behind_it(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    first = await under_way(disk, writer)
    (second,) = await waiting(writer, 1)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    assert not closing.done()
    disk.lets.set()
    await closing
    assert disk.groups == [[0]]
    await first
    with pytest.raises(Defect, match="closed"):
        await second
    await writer.close()


async def test_after_its_end_nothing_waits_for_ever(writer: GroupCommit[int]) -> None:
    running = asyncio.create_task(writer.run())
    await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    with pytest.raises(Defect, match="closed"):
        async with asyncio.timeout(10):
            await writer.append(0)


async def test_nobody_waits_for_ever_when_the_loop_ends(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    first = await under_way(disk, writer)
    (second,) = await waiting(writer, 1)
    assert writer._writing is not None
    writer._writing.cancel()
    for task in (first, second):
        with pytest.raises(Defect, match="not recorded"):
            await task
    disk.lets.set()
