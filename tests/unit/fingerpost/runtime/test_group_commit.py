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


async def test_who_waits_during_a_commit_shares_the_next(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    first = asyncio.create_task(writer.append(0))
    await asyncio.to_thread(disk.began.wait, 10)
    others = [asyncio.create_task(writer.append(n)) for n in range(1, 60)]
    await asyncio.sleep(0)
    assert not first.done()  # not before it is on the disk
    disk.lets.set()
    await asyncio.gather(first, *others)
    assert disk.groups == [[0], list(range(1, 60))]
    await writer.append(60)
    assert disk.groups[-1] == [60]


async def test_who_leaves_is_recorded_all_the_same_and_harms_nobody(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    tasks = [asyncio.create_task(writer.append(n)) for n in range(3)]
    await asyncio.to_thread(disk.began.wait, 10)
    tasks[0].cancel()  # the one that had begun the commit
    later = asyncio.create_task(writer.append(3))
    await asyncio.sleep(0)
    later.cancel()
    await asyncio.sleep(0)
    disk.lets.set()
    await asyncio.gather(tasks[1], tasks[2], writer.append(4))
    assert [n for group in disk.groups for n in group] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("failure", [StoreFailed("SQLITE_FULL", fatal=False), ValueError("ours")])
async def test_an_error_reaches_everybody_who_waits(
    disk: Disk, writer: GroupCommit[int], failure: Exception
) -> None:
    disk.failure = failure
    disk.lets.set()
    tasks = [asyncio.create_task(writer.append(n)) for n in range(3)]
    for task in tasks:
        with pytest.raises(type(failure)):
            await task
    disk.failure = None  # without ``run`` the store says whether it may be tried again
    await writer.append(3)
    assert disk.groups == [[3]]


async def test_an_error_ends_what_watches_and_after_it_nothing_is_taken(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    disk.failure = StoreFailed("SQLITE_IOERR", fatal=True)
    disk.lets.set()
    waiting = [asyncio.create_task(writer.append(n)) for n in range(3)]
    with pytest.raises(StoreFailed):
        await writer.run()
    for task in waiting:
        with pytest.raises(StoreFailed):
            await task
    with pytest.raises(Defect, match="closed"):
        await writer.append(3)


async def test_after_a_failure_that_is_final_the_next_group_is_refused_as_well(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    running = asyncio.create_task(writer.run())
    await asyncio.sleep(0)
    first = asyncio.create_task(writer.append(0))
    await asyncio.to_thread(disk.began.wait, 10)
    second = asyncio.create_task(writer.append(1))  # waits for the commit after the one that fails
    await asyncio.sleep(0)
    disk.failure = ValueError("the disk is full")
    disk.lets.set()
    for task in (first, second, running):
        with pytest.raises(ValueError, match="full"):
            await task
    assert disk.groups == []


async def test_closing_waits_for_the_commit_under_way_and_refuses_what_waits_behind_it(
    disk: Disk, writer: GroupCommit[int]
) -> None:
    first = asyncio.create_task(writer.append(0))
    await asyncio.to_thread(disk.began.wait, 10)
    second = asyncio.create_task(writer.append(1))
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
    first = asyncio.create_task(writer.append(0))
    await asyncio.to_thread(disk.began.wait, 10)
    second = asyncio.create_task(writer.append(1))
    await asyncio.sleep(0)
    assert writer._writing is not None
    writer._writing.cancel()
    for task in (first, second):
        with pytest.raises(Defect, match="not recorded"):
            await task
    disk.lets.set()
