"""From blocking keys to tags: what each key holder sees, and what happens when one fails."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from fakes.evaluations import LocalKeyHolders, LocalTags
from fakes.federations import HOLDERS
from fakes.refusals import refused
from fingerpost.private.locators import TwoBatches
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Evaluated, Workload

INPUTS = [b"one", b"two", b"three"]


@pytest.fixture
def holders() -> LocalKeyHolders:
    return LocalKeyHolders()


def lookup(
    epoch: Epoch, holders: tuple[MemberId, MemberId], inputs: list[bytes] = INPUTS
) -> TwoBatches:
    keys = (epoch.holder_keys[holders[0]], epoch.holder_keys[holders[1]])
    return TwoBatches(inputs, epoch.number, keys, Workload.LOOKUP, secrets.token_bytes)


def a_batch(holders: LocalKeyHolders, inputs: list[bytes] = INPUTS) -> TwoBatches:
    epoch = holders.epoch(1, index_from=0, starts_at=0, ends_at=1)
    return lookup(epoch, HOLDERS, inputs)


async def test_the_tags_are_those_of_the_records(holders: LocalKeyHolders) -> None:
    """The requester's and the node's way lead to the same tags, in order."""
    epoch = holders.epoch(1, index_from=0, starts_at=0, ends_at=1)
    batch = lookup(epoch, HOLDERS)
    tags = batch.finalise(await holders.evaluate(batch.messages))
    assert tags == await LocalTags(holders).tags(INPUTS, epoch, HOLDERS)
    assert len(set(tags)) == len(INPUTS)


@pytest.mark.parametrize("count", [1, 7, limits.LOCATORS])
def test_each_holder_sees_32_points_of_its_own(holders: LocalKeyHolders, count: int) -> None:
    first, second = a_batch(holders, [bytes([i]) for i in range(count)]).messages
    assert len(first.elements) == len(second.elements) == limits.LOCATORS
    assert first.workload is second.workload is Workload.LOOKUP
    assert not set(first.elements) & set(second.elements)
    again, _ = a_batch(holders, [bytes([i]) for i in range(count)]).messages
    assert not set(first.elements) & set(again.elements)


@pytest.mark.parametrize("count", [0, limits.LOCATORS + 1])
def test_more_keys_than_a_query_holds_are_our_own_fault(
    holders: LocalKeyHolders, count: int
) -> None:
    with pytest.raises(Defect):
        a_batch(holders, [bytes([i]) for i in range(count)])


async def test_a_holder_with_another_key_is_found_out(holders: LocalKeyHolders) -> None:
    """Attack: a holder evaluates under a key of its own, so that it knows who asks by the tags."""
    batch = a_batch(holders)
    first, second = await holders.evaluate(batch.messages)
    others = LocalKeyHolders()
    others.epoch(1, index_from=0, starts_at=0, ends_at=1)
    wrong_first, wrong_second = await others.evaluate(batch.messages)
    for answers in (
        (wrong_first, second),
        (first, wrong_second),
        (second, first),
        (replace(first, elements=first.elements[::-1]), second),
        (first, replace(second, proof=bytes(64))),
        (replace(first, elements=first.elements[:-1]), second),
    ):
        require_bad_proof(batch, answers)
    assert len(batch.finalise((first, second))) == len(INPUTS)


def require_bad_proof(batch: TwoBatches, answers: tuple[Evaluated, Evaluated]) -> None:
    with refused(Code.BAD_PROOF):
        batch.finalise(answers)


async def test_the_order_of_the_holders_is_part_of_a_tag(holders: LocalKeyHolders) -> None:
    epoch = holders.epoch(1, index_from=0, starts_at=0, ends_at=1)
    tags = LocalTags(holders)
    one = await tags.tags(INPUTS, epoch, HOLDERS)
    a, b = HOLDERS
    swapped = lookup(epoch, (b, a))
    first, second = swapped.messages
    answer_b, answer_a = await holders.evaluate((second, first))
    assert set(swapped.finalise((answer_a, answer_b))).isdisjoint(one)
