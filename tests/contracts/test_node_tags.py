"""``records.ports.Tags``: one suite, on worker processes, in this process, and without
cryptography.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agency_node.records.ports import Tags
from agency_node.records.tag_workers import TagWorkers
from fakes.evaluations import LocalKeyHolders, LocalTags, QuickTags
from fakes.federations import HOLDERS
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch

INPUTS = [f"input {n}".encode() for n in range(limits.BATCH_ELEMENTS)]


@pytest.fixture
def holders() -> LocalKeyHolders:
    return LocalKeyHolders()


@pytest.fixture
def epochs(holders: LocalKeyHolders) -> tuple[Epoch, Epoch]:
    first, second = (
        holders.epoch(number, index_from=0, starts_at=0, ends_at=2**31) for number in (1, 2)
    )
    return first, second


@pytest.fixture(params=["workers", "local", "quick"])
async def tags(request: pytest.FixtureRequest, holders: LocalKeyHolders) -> AsyncIterator[Tags]:
    if request.param == "workers":
        async with TagWorkers(holders, 1) as workers:
            yield workers
    elif request.param == "local":
        yield LocalTags(holders)
    else:
        yield QuickTags()


async def test_a_tag_is_that_of_its_input_in_any_batch(
    tags: Tags, epochs: tuple[Epoch, Epoch]
) -> None:
    some = [INPUTS[2], INPUTS[0], INPUTS[1], INPUTS[0]]
    found = await tags.tags(some, epochs[0], HOLDERS)
    assert [len(tag) for tag in found] == [32] * 4
    assert found[1] == found[3]
    assert len(set(found)) == 3
    assert (await tags.tags(INPUTS[:1], epochs[0], HOLDERS))[0] == found[1]


async def test_the_largest_batch_is_taken(tags: Tags, epochs: tuple[Epoch, Epoch]) -> None:
    assert len(set(await tags.tags(INPUTS, epochs[0], HOLDERS))) == limits.BATCH_ELEMENTS


async def test_another_epoch_has_other_tags(tags: Tags, epochs: tuple[Epoch, Epoch]) -> None:
    one, other = [await tags.tags(INPUTS[:1], epoch, HOLDERS) for epoch in epochs]
    assert one != other


async def test_what_a_holder_refuses_is_refused(
    tags: Tags, holders: LocalKeyHolders, epochs: tuple[Epoch, Epoch]
) -> None:
    (tags if isinstance(tags, QuickTags) else holders).refuse = Refused(Code.QUOTA, "evaluations")
    with refused(Code.QUOTA):
        await tags.tags(INPUTS[:2], epochs[0], HOLDERS)
