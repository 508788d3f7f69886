"""The hash log's writer: durable before it returns, together when they wait together, and never silently nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest

from broker.hash_log import HashLog
from broker.ports import LookupRecord
from fakes.broker_store import MemoryStore
from fakes.broker_world import COUNCIL, GATEWAY, NOW
from fakes.clock import ManualClock
from fingerpost.protocol.codes import Reach
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import Handle
from fingerpost.runtime.database import StoreFailed


def a_record(number: int) -> LookupRecord:
    return LookupRecord(
        number.to_bytes(32, "big"),
        COUNCIL,
        GATEWAY,
        Reach.AREA,
        Handle("0" * 32),
        int(NOW),
        int(NOW) + 180,
    )


class SlowStore(MemoryStore):
    """A disk that commits when the test lets it."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.began = threading.Event()
        self.disk = threading.Event()

    def append(self, records: Sequence[LookupRecord], now: float) -> None:
        self.began.set()
        assert self.disk.wait(10)
        super().append(records, now)


async def test_who_waits_during_a_commit_shares_the_next() -> None:
    store = SlowStore()
    log = HashLog(store, ManualClock(NOW))
    running = asyncio.create_task(log.run())
    first = asyncio.create_task(log.append(a_record(0)))
    await asyncio.to_thread(store.began.wait, 10)
    others = [asyncio.create_task(log.append(a_record(n))) for n in range(1, 60)]
    await asyncio.sleep(0)
    assert not first.done()  # not before it is on the disk
    store.disk.set()
    await asyncio.gather(first, *others)
    assert [len(group) for group in store.groups] == [1, 59]
    running.cancel()


async def test_who_leaves_is_recorded_all_the_same() -> None:
    store = SlowStore()
    log = HashLog(store, ManualClock(NOW))
    running = asyncio.create_task(log.run())
    leaving = asyncio.create_task(log.append(a_record(0)))
    await asyncio.to_thread(store.began.wait, 10)
    leaving.cancel()
    store.disk.set()
    await log.append(a_record(1))
    assert [record.query_hash[-1] for record in store.records] == [0, 1]
    running.cancel()


async def test_a_store_that_fails_ends_it_and_all_who_wait_are_told() -> None:
    store = MemoryStore(NOW)
    store.fail = True
    log = HashLog(store, ManualClock(NOW))
    waiting = [asyncio.create_task(log.append(a_record(n))) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(StoreFailed):
        await log.run()
    for task in waiting:
        with pytest.raises(Defect, match="not recorded"):
            await task


async def test_after_its_end_nothing_waits_for_ever() -> None:
    log = HashLog(MemoryStore(NOW), ManualClock(NOW))
    running = asyncio.create_task(log.run())
    await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    with pytest.raises(Defect, match="closed"):
        async with asyncio.timeout(10):
            await log.append(a_record(0))
