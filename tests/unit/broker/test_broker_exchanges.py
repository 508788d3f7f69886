"""Exchanges of packets: who may have one, one an hour for each pair, and nothing is kept."""

from __future__ import annotations

import asyncio

import pytest

from broker.service import EXCHANGE_SECONDS
from fakes.broker_running import FakeNode, Running
from fakes.broker_world import GATEWAY, NODES, OTHER_GATEWAY, node_peer, peer
from fakes.federations import NOW
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.packets import CarriedPacket, Packets, hour_of
from fingerpost.runtime.identity import PeerIdentity

NORTH, SCHOOL, *_ = NODES
HOUR = hour_of(NOW)
PACKET, GIVEN = bytes([1]) * limits.PACKET_BYTES, bytes([2]) * limits.PACKET_BYTES


def begun(
    world: Running, *, gateway: PeerIdentity | None = None, node: MemberId = NORTH, hour: int = HOUR
) -> asyncio.Task[bytes]:
    return asyncio.create_task(world.broker.exchange(gateway or peer(), node, hour, PACKET))


async def give(node: FakeNode, packet: bytes = GIVEN) -> None:
    (carried,) = node.packets
    node.say(Packets((CarriedPacket(carried.exchange, carried.hour, packet),)))


async def test_the_nodes_packet_comes_back(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    exchange = begun(world)
    await world.settle()
    (carried,) = node.packets
    assert (carried.packet, carried.hour) == (PACKET, HOUR)
    await give(node)
    assert await exchange == GIVEN
    assert not world.broker._exchanges._running


async def test_what_a_node_sees_names_no_gateway(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    both = [begun(world), begun(world, gateway=peer(OTHER_GATEWAY))]
    await world.settle()
    one, other = node.packets
    assert (one.packet, one.hour) == (other.packet, other.hour)
    await world.run_for(limits.HOUR_SECONDS)
    both.append(begun(world, hour=HOUR + 1))
    await world.settle()
    assert len({packet.exchange for packet in node.packets}) == 3
    for exchange in both:
        exchange.cancel()
    await asyncio.gather(*both, return_exceptions=True)


@pytest.mark.parametrize(
    "caller",
    [node_peer(NORTH), peer(MemberId("gateway-unknown")), peer(not_after=NOW)],
    ids=["a node", "unknown", "certificate ended"],
)
async def test_only_a_current_gateway_has_one(world: Running, caller: PeerIdentity) -> None:
    (node,) = await world.nodes(NORTH)
    with refused(Code.NOT_A_MEMBER):
        await begun(world, gateway=caller)
    assert not node.packets


async def test_only_a_node_of_the_list_is_sent_one(world: Running) -> None:
    await world.nodes(NORTH)
    for other in (MemberId("node-unknown"), GATEWAY):
        with refused(Code.NOT_A_MEMBER):
            await begun(world, node=other)
    world.members.suspend(NORTH)
    with refused(Code.NOT_A_MEMBER):
        await begun(world, node=NORTH)


@pytest.mark.parametrize("hour", [HOUR - 2, HOUR + 2])
async def test_a_packet_of_another_hour_is_refused(world: Running, hour: int) -> None:
    (node,) = await world.nodes(NORTH)
    with refused(Code.NOT_FRESH):
        await begun(world, hour=hour)
    assert not node.packets


async def test_a_pair_has_one_an_hour_whatever_became_of_it(world: Running) -> None:
    with refused(Code.UNAVAILABLE):
        await begun(world)
    with refused(Code.QUOTA):
        await begun(world)
    (node,) = await world.nodes(NORTH)
    with refused(Code.QUOTA):
        await begun(world)
    assert not node.packets
    other = begun(world, gateway=peer(OTHER_GATEWAY))
    await world.settle()
    await give(node)
    assert await other == GIVEN
    await world.run_for(limits.HOUR_SECONDS)
    next_hour = begun(world, hour=HOUR + 1)
    await world.settle()
    assert node.packets[-1].hour == HOUR + 1
    next_hour.cancel()


async def test_nobody_waits_for_a_node_that_gives_none(world: Running) -> None:
    await world.nodes(NORTH)
    exchange = begun(world)
    await world.run_for(EXCHANGE_SECONDS)
    with refused(Code.UNAVAILABLE):
        await exchange
    assert not world.broker._exchanges._running


async def test_no_node_answers_for_another_nor_twice_nor_late(world: Running) -> None:
    node, other = await world.nodes(NORTH, SCHOOL)
    world.broker._streams.find(SCHOOL).owed.asked(5)  # type: ignore[union-attr]
    exchange = begun(world)
    await world.settle()
    (carried,) = node.packets
    other.say(Packets((CarriedPacket(carried.exchange, HOUR, PACKET),)))
    await world.settle()
    assert not exchange.done()
    await give(node)
    await give(node, packet=PACKET)
    assert await exchange == GIVEN
    assert node.attached
    assert other.attached


async def test_more_packets_than_asked_end_the_stream(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    node.say(Packets(tuple(CarriedPacket(bytes(16), HOUR, GIVEN) for _ in range(3))))
    assert await node.refusal() is Code.MALFORMED


async def test_a_packet_whose_gateway_has_left_is_not_sent(world: Running) -> None:
    node = world.node(NORTH)
    node.reading.clear()
    await world.settle()
    first, second = begun(world), begun(world, gateway=peer(OTHER_GATEWAY))
    await world.settle()
    second.cancel()
    await world.settle()
    node.reading.set()
    await world.settle()
    assert len(node.packets) <= 2
    first.cancel()
