"""The nodes' streams: checked at each message, ended by suspension and age, none held back by
another.
"""

from __future__ import annotations

import dataclasses

import pytest

from broker.admission import admit
from broker.lookup import SENDING_SECONDS, Lookup, Owed, Stream
from broker.service import HELLO_SECONDS, REVIEW_SECONDS
from fakes.broker_running import Running, an_answer
from fakes.broker_world import NODES, a_federation, a_query, node_peer, peer
from fakes.federations import NOW
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import Handle, MemberId
from fingerpost.protocol.messages import NodeHello
from fingerpost.runtime import identity

NORTH, SCHOOL, *_ = NODES
AT_ONCE = limits.BURST_TICKS * limits.QUERIES_PER_TICK
"""So many queries wait for a node."""


def a_lookup() -> Lookup:
    asked = a_query()
    return Lookup(
        admit(a_federation(), NOW, peer(), asked.query, asked.submission, complete_since=0.0)
    )


@pytest.mark.parametrize(
    "caller",
    [
        peer(),
        peer(NORTH, Party.GATEWAY),
        node_peer(MemberId("node-unknown")),
        node_peer(NORTH, not_after=NOW),
    ],
    ids=["a gateway", "a node as gateway", "unknown", "certificate ended"],
)
async def test_only_a_current_node_attaches(world: Running, caller: identity.PeerIdentity) -> None:
    node = world.node(NORTH, attach=False)
    node.peer = caller
    node.attach(world.broker)
    assert await node.refusal() is Code.NOT_A_MEMBER


async def test_the_first_message_is_a_hello(world: Running) -> None:
    node = world.node(NORTH, attach=False)
    node.attach(world.broker, hello=False)
    node.say((an_answer(bytes(32)),))
    assert await node.refusal() is Code.MALFORMED


async def test_who_says_nothing_is_not_attached(world: Running) -> None:
    node = world.node(NORTH, attach=False)
    node.attach(world.broker, hello=False)
    await world.run_for(HELLO_SECONDS - 1)
    assert node.attached
    assert world.broker.attached() == ()
    await world.run_for(2)
    assert await node.refusal() is Code.MALFORMED


async def test_a_second_hello_ends_the_stream(world: Running) -> None:
    node = world.node(NORTH)
    node.say(NodeHello(8))
    assert await node.refusal() is Code.MALFORMED


async def test_a_node_that_hangs_up_has_ended_in_good_order(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    assert world.broker.attached() == (NORTH,)
    node.hang_up()
    await node.outcome()
    assert world.broker.attached() == ()


async def test_a_new_stream_replaces_the_old(world: Running) -> None:
    (old,) = await world.nodes(NORTH)
    (new,) = await world.nodes(NORTH)
    assert await old.refusal() is Code.NOT_READY
    asking = await world.asked()
    assert old.frames == []
    assert new.queries == [asking.asked.query]
    assert world.broker.attached() == (NORTH,)


async def review_for(world: Running, seconds: float) -> None:
    for _ in range(int(seconds / REVIEW_SECONDS) + 1):
        await world.broker.review()
        await world.run_for(REVIEW_SECONDS)


async def test_a_suspension_ends_an_idle_stream_within_its_time(world: Running) -> None:
    node, other = await world.nodes(NORTH, SCHOOL)
    world.members.suspend(NORTH)
    before = world.clock.monotonic()
    await review_for(world, REVIEW_SECONDS)
    assert world.clock.monotonic() - before <= limits.SUSPENSION_SECONDS
    assert await node.refusal() is Code.NOT_A_MEMBER
    assert other.attached


async def test_a_suspended_node_gets_no_query_and_its_answers_are_not_taken(world: Running) -> None:
    north, school = await world.nodes(NORTH, SCHOOL)
    asking = await world.asked()
    world.members.suspend(NORTH)
    north.answer(asking.asked.hash)
    assert await north.refusal() is Code.NOT_A_MEMBER
    school.answer(asking.asked.hash)
    await world.run_for(4)
    assert [node for node, _, _ in asking.answers] == [SCHOOL]
    assert asking.silent == (NORTH,)


async def test_a_query_on_its_way_does_not_reach_a_node_suspended_meanwhile(world: Running) -> None:
    (north,) = await world.nodes(NORTH)
    admitted_list = world.members.current
    asking = world.ask()
    await world.clock.settle(3)  # admitted, not yet sent
    world.members.suspend(NORTH)
    await world.settle()
    assert admitted_list is not world.members.current
    assert north.frames == []
    assert await north.refusal() is Code.NOT_A_MEMBER
    await world.run_for(4)
    assert asking.silent == (NORTH, SCHOOL)


async def test_a_replay_set_that_a_clock_began_in_the_future_is_reported(world: Running) -> None:
    """Nobody is answered until then; nothing else tells the operator why, once the clock is right
    again."""
    world.clock.step_wall(-20_000)
    await review_for(world, 20)
    assert not world.broker.is_serving()
    assert world.log.getvalue().count('"broker.replay_set_ahead"') == 1


async def test_a_stream_does_not_outlive_its_certificate(world: Running) -> None:
    node = world.node(NORTH, attach=False)
    node.peer = node_peer(NORTH, not_after=NOW + 20)
    node.attach(world.broker)
    await review_for(world, 10)
    assert node.attached
    await review_for(world, 20)
    assert await node.refusal() is Code.NOT_A_MEMBER


async def test_an_expired_list_ends_all_streams(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    world.members.current = dataclasses.replace(world.members.current, valid_until=NOW)
    await world.broker.review()
    assert await node.refusal() is Code.UNTRUSTED_METADATA


async def test_a_stream_ends_in_good_order_within_the_hour(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    world.clock.advance(limits.STREAM_AGE_SECONDS * 0.9)
    await world.broker.review()
    await world.settle()
    assert node.attached
    world.clock.advance(limits.STREAM_AGE_SECONDS * 0.1)
    await world.broker.review()
    await node.outcome()


async def test_made_up_answers_end_the_stream(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    node.say((an_answer(bytes(32)),))
    assert await node.refusal() is Code.MALFORMED


async def test_a_stopped_node_holds_back_nobody(world: Running) -> None:
    """The node takes its first frame and nothing more, as with SIGSTOP. Its queue fills, and the
    others answer in time.
    """
    stopped, well = world.node(NORTH), world.node(SCHOOL)
    stopped.reading.clear()
    await world.settle()
    for number in range(AT_ONCE + 20):
        # each from another practitioner of two gateways' worth of room
        asking = world.ask(a_query(handle=Handle(f"{number:032x}")))
        await world.settle() if number % 50 == 0 else await world.clock.settle(1)
        if number % 50 == 0:
            well.answer(asking.asked.hash)
            await world.settle()
            assert [node for node, _, _ in asking.answers] == [SCHOOL]
    await world.settle()
    assert len(well.queries) == AT_ONCE + 20
    assert len(stopped.frames) == 1
    assert "node.behind" in world.log.getvalue()


async def test_a_stopped_nodes_stream_is_ended(world: Running) -> None:
    node = world.node(NORTH)
    node.reading.clear()
    await world.settle()
    await world.asked()
    await review_for(world, SENDING_SECONDS - REVIEW_SECONDS)
    assert node.attached
    await review_for(world, 2 * REVIEW_SECONDS)
    assert await node.refusal() is Code.NOT_READY
    assert world.broker.attached() == ()


async def test_queries_that_wait_travel_together_and_fit_into_a_frame(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    count = QUERIES_PER_FRAME + 40
    askings = [world.ask(a_query(handle=Handle(f"{n:032x}"))) for n in range(count)]
    await world.settle()
    assert len(node.queries) == count
    assert max(len(frame) for frame in node.frames) <= QUERIES_PER_FRAME
    assert len(node.frames) < 10
    node.say(tuple(an_answer(asking.asked.hash) for asking in askings[:50]))
    await world.settle()
    assert sum(len(asking.answers) for asking in askings) == 50


async def test_a_query_nobody_waits_for_is_not_sent(world: Running) -> None:
    node = world.node(NORTH)
    node.reading.clear()
    await world.settle()
    await world.asked()
    late = await world.asked(a_query(handle=Handle("2" * 32)))
    await world.run_for(4)
    assert late.ended
    now = await world.asked(a_query(handle=Handle("3" * 32)))
    node.reading.set()
    await world.settle()
    assert late.asked.query not in node.queries
    assert now.asked.query in node.queries


async def test_a_node_that_takes_what_it_is_sent_stays(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    await world.asked()
    await review_for(world, 2 * SENDING_SECONDS)
    assert node.attached


async def test_a_stream_that_has_ended_gives_no_frame_even_if_nobody_has_noticed_yet() -> None:
    stream = Stream(node_peer(NORTH), 3600.0, Owed())
    assert stream.offer(a_lookup(), AT_ONCE)
    stream.end()
    with refused(Code.NOT_READY):
        await stream.next_frame()


async def test_a_query_offered_twice_is_sent_once() -> None:
    stream, lookup, other = Stream(node_peer(NORTH), 3600.0, Owed()), a_lookup(), a_lookup()
    stream.offer(lookup, AT_ONCE)
    (first,) = await stream.next_frame()
    assert isinstance(first, Lookup)
    first.gathering.sent(NORTH)
    stream.offer(lookup, AT_ONCE)
    stream.offer(other, AT_ONCE)
    assert await stream.next_frame() == (other,)


def test_what_comes_after_the_end_does_not_count_as_answered() -> None:
    """An answer may come after the gathering has ended and before the requester learns it. It is
    not handed on any more.
    """
    lookup = a_lookup()
    lookup.gathering.sent(NORTH)
    lookup.close()
    lookup.take(NORTH, an_answer(lookup.query.hash))
    assert NORTH in lookup.gathering.silent()
