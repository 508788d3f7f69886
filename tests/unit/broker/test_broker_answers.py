"""What nodes answer, passed on: of the size that public facts give, and several in one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from broker.admission import admit
from broker.lookup import Lookup
from fakes.broker_running import Running, an_answer
from fakes.broker_world import NODES, NORTH, a_federation, a_query, peer
from fakes.federations import NOW, agency
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_event
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import (
    SIZE_CLASSES,
    Accepted,
    Answers,
    Ended,
    SealedAnswer,
    SizeClass,
    size_class,
)

COUNCIL_NODE, SCHOOL_NODE, _, _ = NODES
BEFORE = 11_376
"""Bytes of an answer when all had one size, and each went to the requester by itself."""


def a_wide_lookup(nodes: int, agencies: int = 1) -> tuple[Lookup, list[MemberId]]:
    """A lookup that has gone to so many nodes, each with so many agencies."""
    asked = a_query()
    admitted = admit(a_federation(), NOW, peer(), asked.query, asked.submission, complete_since=0.0)
    members = [MemberId(f"node-{n:03}") for n in range(nodes)]
    hosted = tuple(
        agency(NORTH, f"a{n}-{node}", AgencyKind.SCHOOL, node)
        for node in members
        for n in range(agencies)
    )
    lookup = Lookup(replace(admitted, agencies=hosted, nodes=tuple(members)))
    for node in members:
        lookup.gathering.sent(node)
    return lookup, members


def answer_all(lookup: Lookup, members: Sequence[MemberId], agencies: int = 1) -> None:
    sealed = bytes(size_class(agencies).sealed_bytes)
    for node in members:
        lookup.take(node, SealedAnswer(lookup.query.hash, 0, sealed))


async def test_answers_that_wait_for_the_requester_come_in_one_message() -> None:
    lookup, members = a_wide_lookup(50)
    answer_all(lookup, members)
    lookup.close()
    messages = [answers async for answers in lookup.answers()]
    assert [len(message.answers) for message in messages] == [50], "50 messages before"
    (size,) = (write_event(message).ByteSize() for message in messages)
    assert size < BEFORE * 50 / 2.9


@pytest.mark.parametrize("of", SIZE_CLASSES)
async def test_a_message_is_never_larger_than_a_frame(of: SizeClass) -> None:
    agencies = of.agencies
    lookup, members = a_wide_lookup(400, agencies)
    answer_all(lookup, members, agencies)
    lookup.close()
    messages = [answers async for answers in lookup.answers()]
    assert [a.node for message in messages for a in message.answers] == members
    sizes = [write_event(message).ByteSize() for message in messages]
    assert len(sizes) > 1
    assert all(size <= limits.FRAME_BYTES for size in sizes)
    assert min(sizes[:-1]) > limits.FRAME_BYTES * 0.97, "a message takes what fits"


async def test_an_answer_does_not_wait_for_others() -> None:
    lookup, members = a_wide_lookup(5)
    answers = lookup.answers()
    answer_all(lookup, members[:1])
    assert [a.node for a in (await anext(answers)).answers] == members[:1]
    answer_all(lookup, members[1:4])  # while the requester takes the first
    assert [a.node for a in (await anext(answers)).answers] == members[1:4]
    answer_all(lookup, members[4:])
    lookup.close()
    assert [a.answers[0].node async for a in answers] == members[4:]


async def test_what_came_in_one_frame_of_a_node_is_passed_on_in_one_message(
    world: Running,
) -> None:
    """The requester hears of both, in the messages that it would have got for one."""
    north, school = await world.nodes(COUNCIL_NODE, SCHOOL_NODE)
    one, other = await world.asked(), await world.asked()
    for node in (north, school):
        both = (one.asked.hash, other.asked.hash)
        node.say(tuple(an_answer(hash_, node=node.id) for hash_ in both))
    await world.settle()
    for asking in (one, other):
        kinds = [type(event) for event in asking.events]
        assert kinds == [Accepted, Answers, Ended]
        assert [node for node, _, _ in asking.answers] == [COUNCIL_NODE, SCHOOL_NODE]


async def test_an_answer_of_another_size_is_not_passed_on(world: Running) -> None:
    """Attack: a node says in the size of its answer what the broker may not know. The answer of
    the right size counts, whatever came before it."""
    (north,) = await world.nodes(COUNCIL_NODE)
    asking = await world.asked()
    other = size_class(2).sealed_bytes
    north.say((SealedAnswer(asking.asked.hash, 0, bytes(other)),))
    await world.settle()
    assert asking.answers == []
    north.answer(asking.asked.hash, fill=7)
    await world.settle()
    assert asking.answers == [(COUNCIL_NODE, 0, 7)]
