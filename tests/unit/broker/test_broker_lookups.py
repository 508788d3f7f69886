"""A lookup at the broker: recorded before it leaves, given to each node once, ended when nothing
more can come.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.broker_running import Running, running
from fakes.broker_world import COUNCIL, GATEWAY, NODES, a_core, a_federation, a_query, peer
from fakes.refusals import refused
from fingerpost.protocol.codes import Reach
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import Accepted, Ended, KeySet

NORTH, SCHOOL, SOUTH, EAST = NODES


async def test_a_lookup_from_question_to_end(world: Running) -> None:
    north, school = await world.nodes(NORTH, SCHOOL)
    asking = await world.asked()
    assert asking.events == [Accepted(asking.asked.hash, (NORTH, SCHOOL))]
    assert north.frames == school.frames == [(asking.asked.query,)]
    north.answer(asking.asked.hash, fill=1)
    await world.settle()
    assert asking.answers == [(NORTH, 0, 1)]
    assert not asking.ended
    school.answer(asking.asked.hash, fill=2)
    await world.settle()
    assert asking.answers == [(NORTH, 0, 1), (SCHOOL, 0, 2)]
    assert asking.silent == ()


async def test_nothing_leaves_before_it_is_recorded(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    world.store.fail = True
    asking = await world.asked()
    with pytest.raises(Defect, match="the store failed"):
        await asking.running
    assert asking.events == []
    assert node.frames == []


async def test_what_is_recorded_is_public(world: Running) -> None:
    asked = a_query(handle=Handle("ab" * 16))
    await world.asked(asked)
    (record,) = world.store.records
    assert (record.query_hash, record.gateway, record.agency) == (
        asked.hash,
        GATEWAY,
        COUNCIL,
    )
    assert (record.reach, record.handle) == (Reach.AREA, Handle("ab" * 16))
    assert record.keep_until == asked.core.expires_at + 60
    assert "ab" * 16 not in world.log.getvalue()
    assert asked.hash.hex() not in world.log.getvalue()


async def test_a_replay_is_refused_and_reaches_no_node(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    asked = a_query()
    first, second = await world.asked(asked), world.ask(asked)
    assert await second.refusal() is Code.REPLAYED
    assert node.queries == [asked.query]
    assert first.events


async def test_a_replay_after_a_restart_is_refused() -> None:
    asked = a_query()
    async with running() as world:
        await world.asked(asked)
        seen = world.store.seen(world.clock.now())
    async with running() as world:
        for query in seen:
            world.broker._replays.add(query.query_hash, query.keep_until, world.clock.now())
        assert await world.ask(asked).refusal() is Code.REPLAYED


async def test_a_refused_query_is_neither_recorded_nor_carried(world: Running) -> None:
    node = world.node(NORTH)
    bad = world.ask(a_query(a_core(reach=Reach.NATIONAL_RING, key_set=KeySet.WIDE)))
    assert await bad.refusal() is Code.NOT_ALLOWED
    assert world.store.records == ()
    assert node.frames == []


async def test_the_quota_of_an_agency_is_that_of_the_agency_in_the_submission() -> None:
    """Two agencies ask through one gateway; whether the one has spent its quota is nothing to the
    other."""
    elm = AgencyId(f"{COUNCIL.area}.elm")
    async with running() as world:
        world.members.current = a_federation(agency_per_day=2)
        for agency in (COUNCIL, COUNCIL, elm):
            await world.ask(a_query(agency=agency)).running
        assert await world.ask(a_query(agency=COUNCIL)).refusal() is Code.QUOTA
        await world.ask(a_query(agency=elm)).running
        assert await world.ask(a_query(agency=elm)).refusal() is Code.QUOTA
        assert [record.agency for record in world.store.records] == [COUNCIL, COUNCIL, elm, elm]


async def test_the_31st_lookup_of_a_practitioner_within_an_hour_is_refused(world: Running) -> None:
    codes: list[Code] = []
    for _ in range(31):
        try:
            await world.ask().running
        except Refused as refused:
            codes.append(refused.code)
    assert codes == [Code.QUOTA]
    assert len(world.store.records) == 30
    other = world.ask(a_query(handle=Handle("1" * 32)))
    await other.running


async def test_a_silent_node_ends_as_silent_after_the_gathering_time(world: Running) -> None:
    north, _school = await world.nodes(NORTH, SCHOOL)
    asking = await world.asked()
    north.answer(asking.asked.hash)
    await world.run_for(3.4)
    assert not asking.ended
    await world.run_for(0.2)
    assert asking.silent == (SCHOOL,)
    assert asking.answers == [(NORTH, 0, 1)]


async def test_a_node_long_away_is_not_waited_for(world: Running) -> None:
    (north,) = await world.nodes(NORTH)
    asking = await world.asked()
    north.answer(asking.asked.hash)
    await world.settle()
    assert asking.silent == (SCHOOL,)


async def test_with_nobody_there_it_ends_at_once(world: Running) -> None:
    asking = await world.asked()
    assert asking.silent == (NORTH, SCHOOL)


async def test_a_node_away_for_a_moment_is_waited_for(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    node.hang_up()
    await world.settle()
    asking = await world.asked()
    assert not asking.ended
    node.attach(world.broker)
    await world.settle()
    assert node.queries == [asking.asked.query]
    node.answer(asking.asked.hash)
    await world.settle()
    assert asking.silent == (SCHOOL,)


async def test_after_a_start_the_nodes_are_given_time_to_dial() -> None:
    async with running(established=False) as world:
        asking = await world.asked()
        assert not asking.ended
        (node,) = await world.nodes(SCHOOL)
        assert node.queries == [asking.asked.query]


async def test_a_node_is_given_a_query_once_even_on_a_new_stream(world: Running) -> None:
    (node,) = await world.nodes(NORTH)
    asking = await world.asked()
    node.attach(world.broker)
    await world.settle()
    assert node.queries == [asking.asked.query]
    node.answer(asking.asked.hash)  # what it owed, it gives on the new stream
    await world.settle()
    assert asking.answers == [(NORTH, 0, 1)]


async def test_only_the_first_answer_to_a_part_is_handed_on(world: Running) -> None:
    north, _ = await world.nodes(NORTH, SCHOOL)
    asking = await world.asked()
    north.answer(asking.asked.hash, fill=1)
    north.answer(asking.asked.hash, fill=2)
    await world.settle()
    assert asking.answers == [(NORTH, 0, 1)]
    assert north.attached


async def test_a_node_cannot_answer_for_another_nor_unasked(world: Running) -> None:
    north, south = await world.nodes(NORTH, SOUTH)
    everywhere = await world.asked(a_query(a_core(reach=Reach.AREA_AND_NEIGHBOURS)))
    here = await world.asked()
    south.answer(here.asked.hash, fill=9)
    await world.settle()
    assert here.answers == []
    south.answer(everywhere.asked.hash, fill=3)
    north.answer(here.asked.hash, fill=4)
    await world.settle()
    assert everywhere.answers == [(SOUTH, 0, 3)]
    assert here.answers == [(NORTH, 0, 4)]


async def test_a_part_that_is_not_expected_is_dropped(world: Running) -> None:
    (north,) = await world.nodes(NORTH)
    asking = await world.asked()
    north.answer(asking.asked.hash, part=1)
    await world.settle()
    assert asking.answers == []
    assert north.attached


async def test_a_late_answer_is_dropped_and_harms_nobody(world: Running) -> None:
    (north,) = await world.nodes(NORTH)
    asking = world.ask()
    await world.run_for(4)
    assert asking.silent == (NORTH, SCHOOL)
    north.answer(asking.asked.hash)
    await world.settle()
    assert asking.answers == []
    assert north.attached


async def test_a_requester_who_leaves_leaves_nothing_running(world: Running) -> None:
    await world.nodes(NORTH)
    asking = await world.asked()
    asking.running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking.running
    assert world.broker._lookups == {}
    assert world.broker._room._sum == 0
    assert world.clock.sleeping == 0


async def test_lookups_that_wait_together_share_a_commit(world: Running) -> None:
    for number in range(40):
        world.ask(a_query(handle=Handle(f"{number:032x}")))
    await world.settle()
    assert len(world.store.records) == 40
    assert len(world.store.groups) < 5


async def test_the_log_holds_numbers_only(world: Running) -> None:
    await world.nodes(NORTH)
    asking = world.ask()
    await world.run_for(4)
    assert asking.ended
    lines = [json.loads(line) for line in world.log.getvalue().splitlines()]
    (ended,) = [line for line in lines if line["event"] == "lookup.ended"]
    assert set(ended) == {"event", "level", "party", "time", "reach", "nodes", "silent"}
    assert (ended["reach"], ended["nodes"], ended["silent"]) == ("AREA", 2, 2)


faults = st.lists(
    st.tuples(
        st.sampled_from(["answer", "twice", "wrong part", "leave", "attach", "time"]),
        st.sampled_from([NORTH, SCHOOL, SOUTH]),
    ),
    max_size=25,
)


@given(happens=faults)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_each_node_ends_once_as_answered_or_silent(
    happens: list[tuple[str, MemberId]],
) -> None:
    async def world_goes_on() -> None:
        async with running() as world:
            nodes = {id_: world.node(id_) for id_ in (NORTH, SCHOOL, SOUTH)}
            await world.settle()
            asked = a_query(a_core(reach=Reach.AREA_AND_NEIGHBOURS))
            asking = await world.asked(asked)
            for what, id_ in happens:
                node = nodes[id_]
                match what:
                    case "answer":
                        node.answer(asked.hash)
                    case "twice":
                        node.answer(asked.hash, fill=5)
                        node.answer(asked.hash, fill=6)
                    case "wrong part":
                        node.answer(asked.hash, part=3)
                    case "leave":
                        node.hang_up()
                    case "attach":
                        node.attach(world.broker)
                    case _:
                        await world.run_for(0.3)
                await world.clock.settle()
            await world.run_for(10)
            assert isinstance(asking.events[-1], Ended)
            assert sum(isinstance(e, Ended) for e in asking.events) == 1
            answered = [node for node, _, _ in asking.answers]
            assert len(answered) == len(set(answered))
            assert set(answered) | set(asking.silent or ()) == {NORTH, SCHOOL, SOUTH}
            assert not set(answered) & set(asking.silent or ())
            assert all(len(node.queries) == 1 for node in nodes.values())

    asyncio.run(world_goes_on())


async def test_the_caller_must_be_the_gateway(world: Running) -> None:
    asked = a_query()
    events = world.broker.lookup(peer(MemberId("nobody")), asked.query, asked.submission)
    with refused(Code.NOT_A_MEMBER):
        await anext(events)
