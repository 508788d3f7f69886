"""A broker with ill will can take answers away, and that shows. It cannot make one, or turn a yes
into a no.

Whatever it does: each agency ends with its own status or as a gap, only what a node signed is
shown, and an outcome is complete only when every agency's own answer arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from fakes import hostile_broker as hostile
from fakes.hostile_broker import HostileBroker, Lie
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import (
    COUNCIL,
    GP,
    HEALTH,
    OAK,
    OTHER,
    QUESTION,
    SCHOOLS,
    build,
    large_host,
    of,
    statuses,
)
from federation import World
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Reach, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import LARGEST
from practitioner.asking.outcome import Outcome, Question
from practitioner.asking.sending import GRACE_SECONDS

pytestmark = pytest.mark.slow

ABOUT_OTHER = replace(QUESTION, demographics=OTHER)
LONGEST = limits.GATHERING_MS / 1000 + GRACE_SECONDS


async def lookup(
    world: World, *lies: Lie, question: Question = QUESTION, broker: HostileBroker | None = None
) -> Outcome:
    gateway = world.gateway(COUNCIL)
    through = broker or HostileBroker(world.clock)
    through.lies = lies
    gateway.through = through
    return await gateway.ask(question)


def require_no_false_word(outcome: Outcome, honest: Outcome) -> None:
    """The invariant of this file."""
    mine, true = statuses(outcome), statuses(honest)
    assert mine.keys() == true.keys()
    for agency, status in mine.items():
        assert status in (true[agency], Status.NO_REPLY)
        assert set(of(outcome, agency).pointers) <= set(of(honest, agency).pointers)
    assert outcome.complete == (mine == true)
    for service, true_service in zip(outcome.services, honest.services, strict=True):
        assert true_service.none_named_itself or not service.none_named_itself


async def test_an_honest_broker_hides_nothing(world: World) -> None:
    """What the lies are measured by."""
    honest = await lookup(world)
    assert honest.complete
    assert honest.rejected_answers == 0
    assert of(honest, OAK).status is of(honest, GP).status is Status.INVOLVED


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize(
    "make",
    [
        hostile.drop,
        hostile.overwrite,
        lambda i: hostile.flip(i, 0),
        lambda i: hostile.flip(i, -1),
        lambda i: hostile.cut(i, LARGEST.sealed_bytes - 1),
        lambda i: hostile.cut(i, 0),
        lambda i: hostile.renumber(i, 1),
        lambda i: hostile.rename(i, MemberId("nobody")),
        lambda i: hostile.rename(i, MemberId("gateway")),
    ],
    ids=["drop", "noise", "first-bit", "last-bit", "cut", "empty", "part", "nobody", "gateway"],
)
async def test_what_is_taken_or_spoilt_is_a_gap(
    world: World, make: Callable[[int], Lie], index: int
) -> None:
    honest = await lookup(world)
    outcome = await lookup(world, make(index))
    require_no_false_word(outcome, honest)
    assert not outcome.complete
    assert Status.NO_REPLY in statuses(outcome).values()


async def test_a_swapped_answer_speaks_for_nobody(world: World) -> None:
    """Answer of node A under node B's name, and the other way about."""
    honest = await lookup(world)
    outcome = await lookup(world, hostile.swap(0, 1))
    require_no_false_word(outcome, honest)
    assert outcome.rejected_answers >= 2
    assert list(statuses(outcome).values()).count(Status.NO_REPLY) >= 2


async def test_an_answer_to_another_query_is_no_answer(world: World) -> None:
    """Attack: the "no" about one child shown to whoever asks about another."""
    broker = HostileBroker(world.clock)
    about_other = await lookup(world, question=ABOUT_OTHER, broker=broker)
    assert of(about_other, GP).status is Status.NOTHING_TO_DISCLOSE
    lies = [hostile.from_another_query(i, instead=True) for i in range(4)]
    outcome = await lookup(world, *lies, broker=broker)
    assert set(statuses(outcome).values()) == {Status.NO_REPLY}
    assert outcome.rejected_answers > 0


async def test_junk_does_not_displace_the_true_answer(world: World) -> None:
    honest = await lookup(world)
    broker = HostileBroker(world.clock)
    await lookup(world, question=ABOUT_OTHER, broker=broker)
    lies: list[Lie] = [hostile.junk_before(i) for i in range(0, 8, 2)]
    lies += [hostile.from_another_query(i, instead=False) for i in range(4)]
    lies += [hostile.junk_after(i) for i in range(4)]
    outcome = await lookup(world, *lies, broker=broker)
    assert statuses(outcome) == statuses(honest)
    assert [a.pointers for a in outcome.agencies] == [a.pointers for a in honest.agencies]
    assert outcome.rejected_answers > 0


async def test_the_same_answer_twice_counts_once(world: World) -> None:
    honest = await lookup(world)
    outcome = await lookup(world, *(hostile.duplicate(2 * i) for i in range(4)))
    assert [a.pointers for a in outcome.agencies] == [a.pointers for a in honest.agencies]
    assert outcome.complete


@pytest.mark.parametrize("claimed", [(), (SCHOOLS,), tuple(MemberId(f"n-{i}") for i in range(9))])
async def test_what_the_broker_claims_decides_nothing(
    world: World, claimed: tuple[MemberId, ...]
) -> None:
    """Fewer nodes or more in Accepted, another query's hash, nobody silent: claims only."""
    honest = await lookup(world)
    lies = (hostile.accept(claimed, bytes(32)), hostile.nobody_was_silent())
    outcome = await lookup(world, *lies)
    assert statuses(outcome) == statuses(honest)
    await world.stop_node(HEALTH)
    outcome = await lookup(world, *lies)
    assert of(outcome, GP).status is Status.NO_REPLY
    assert not outcome.complete


@pytest.mark.parametrize("index", range(4))
async def test_an_early_end_leaves_gaps(world: World, index: int) -> None:
    honest = await lookup(world)
    outcome = await lookup(world, hostile.end_before(index))
    require_no_false_word(outcome, honest)
    assert not outcome.complete
    assert await lookup(world, hostile.reverse()) is not None
    require_no_false_word(await lookup(world, hostile.reverse()), honest)


async def test_a_broker_that_never_ends_is_left(world: World) -> None:
    honest = await lookup(world)
    began = world.clock.monotonic()
    outcome = await lookup(world, hostile.drop(0), hostile.never_end())
    assert world.clock.monotonic() - began <= LONGEST + 0.2
    require_no_false_word(outcome, honest)
    assert not outcome.complete
    began = world.clock.monotonic()
    assert (await lookup(world, hostile.never_end())).complete
    assert world.clock.monotonic() - began < 2, "all is in: nobody waits for the end"


async def test_what_comes_past_the_end_is_a_gap(world: World) -> None:
    honest = await lookup(world)
    outcome = await lookup(world, hostile.wait_before(1, LONGEST))
    require_no_false_word(outcome, honest)
    assert not outcome.complete


@pytest.mark.parametrize("index", range(4))
async def test_a_broker_that_breaks_off_costs_what_had_not_come(world: World, index: int) -> None:
    honest = await lookup(world)
    outcome = await lookup(world, hostile.break_off_before(index, Code.UNAVAILABLE))
    require_no_false_word(outcome, honest)
    assert not outcome.complete


@pytest.mark.parametrize("code", Code)
async def test_a_broker_that_only_refuses_gives_a_refusal(world: World, code: Code) -> None:
    with refused(code):
        await lookup(world, hostile.refuse(code))


async def test_no_end_of_junk_ends_the_query_with_gaps(world: World) -> None:
    honest = await lookup(world)

    def flood(show: hostile.Show, _: hostile.Memory) -> hostile.Show:
        noise = [replace(a, sealed=bytes(len(a.sealed))) for a in hostile.answers_in(show)] * 3000
        return (*noise, *show)

    outcome = await lookup(world, flood)
    require_no_false_word(outcome, honest)
    assert not outcome.complete


async def test_one_part_of_an_answer_is_not_another() -> None:
    """Attack: part 0, all noes, shown as part 1, where the yes is."""
    world, involved = large_host()
    await world.start()
    question = replace(QUESTION, reach=Reach.AREA)
    honest = await lookup(world, question=question)
    assert of(honest, involved).status is Status.INVOLVED
    assert len(honest.agencies) > limits.AGENCIES_PER_PART
    for lies in (
        (hostile.swap(0, 1), hostile.swap(1, 2)),
        (hostile.drop(1), hostile.renumber(0, 1)),
        (hostile.renumber(0, 1), hostile.renumber(1, 0)),
    ):
        outcome = await lookup(world, *lies, question=question)
        require_no_false_word(outcome, honest)
        assert not outcome.complete
    await world.stop()


async def test_what_it_does_to_the_query_tells_nobody_anything(world: World) -> None:
    """On the way to a node: a changed query is not believed, one twice is answered once, one kept
    back is a gap.
    """
    honest = await lookup(world)
    node = world.nodes[HEALTH]
    node.carry = lambda frame: tuple(
        wire[:place] + bytes([wire[place] ^ 1]) + wire[place + 1 :]
        for wire in frame
        for place in (len(wire) // 2,)
    )
    outcome = await lookup(world)
    require_no_false_word(outcome, honest)
    assert of(outcome, GP).status is Status.NO_REPLY
    opened = len(node.entries)
    node.carry = lambda frame: frame + frame
    assert (await lookup(world)).complete
    assert len(node.entries) == opened + 2, "the narrow and the wide query, once each"
    node.carry = lambda frame: ()
    assert of(await lookup(world), GP).status is Status.NO_REPLY


async def test_a_copy_sent_ahead_makes_a_node_say_try_again_and_never_no(
    world: World, gateway: SimGateway
) -> None:
    """The broker lets a node answer a first copy, hides that answer, and shows the one to the
    second: a gap. Nobody else is asked again for it."""
    node = world.nodes[HEALTH]
    node.carry = lambda frame: (node.service.answer(frame), frame)[1]
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, GP).status is Status.TRY_AGAIN
    assert not outcome.complete
    assert len(gateway.submitted) == 2, "the narrow and the wide query, once each"


async def test_a_node_on_another_member_list_is_a_gap_where_they_differ(world: World) -> None:
    """The broker keeps a node on an old list, on which it has one agency fewer: its answer is not
    what was asked.
    """
    node = world.nodes[SCHOOLS]
    area = world.current.areas[OAK.area]
    fewer = replace(area, agencies=tuple(a for a in area.agencies if a.id != OAK))
    node.pinned = replace(world.current, areas={**world.current.areas, area.code: fewer})
    outcome = await lookup(world)
    assert of(outcome, OAK).status is Status.NO_REPLY
    assert not outcome.complete


# ---- all of it at once -------------------------------------------------------------------------

INDEXES = st.integers(0, 9)
NODE_NAMES = st.sampled_from(["schools-host", "council-node", "gp-host", "police-node", "x"])
LIES = st.one_of(
    st.builds(hostile.drop, INDEXES),
    st.builds(hostile.duplicate, INDEXES),
    st.builds(hostile.flip, INDEXES, st.integers(0, LARGEST.sealed_bytes - 1)),
    st.builds(hostile.overwrite, INDEXES),
    st.builds(hostile.cut, INDEXES, st.integers(0, LARGEST.sealed_bytes - 1)),
    st.builds(hostile.junk_before, INDEXES),
    st.builds(hostile.junk_after, INDEXES),
    st.builds(hostile.rename, INDEXES, NODE_NAMES.map(MemberId)),
    st.builds(hostile.renumber, INDEXES, st.integers(-1, 3)),
    st.builds(hostile.swap, INDEXES, INDEXES),
    st.builds(hostile.from_another_query, INDEXES, instead=st.booleans()),
    st.builds(hostile.reverse),
    st.builds(
        hostile.accept, st.lists(NODE_NAMES.map(MemberId)).map(tuple), st.binary(max_size=32)
    ),
    st.builds(hostile.nobody_was_silent),
    st.builds(hostile.end_before, INDEXES),
    st.builds(hostile.never_end),
    st.builds(hostile.wait_before, INDEXES, st.sampled_from([0.01, 3.0, LONGEST, 100.0])),
    st.builds(hostile.break_off_before, INDEXES, st.sampled_from(Code)),
)


class Standing:
    """One world for many examples; its quotas are renewed by building it anew."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.lookups = 0
        self.renew()

    def renew(self) -> None:
        self.world = build()
        self.runner.run(self.world.start())
        self.broker = HostileBroker(self.world.clock)
        self.runner.run(lookup(self.world, question=ABOUT_OTHER, broker=self.broker))
        self.honest = self.runner.run(lookup(self.world))

    def under(self, lies: list[Lie]) -> Outcome | Refused:
        self.lookups += 1
        if self.lookups % 300 == 0:
            self.runner.run(self.world.stop())
            self.renew()
        try:
            return self.runner.run(lookup(self.world, *lies, broker=self.broker))
        except Refused as refused:
            return refused


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    made = Standing()
    yield made
    made.runner.run(made.world.stop())
    made.runner.close()


@examples(40)
@given(st.lists(LIES, min_size=1, max_size=8))
def test_no_list_of_lies_makes_a_false_word(standing: Standing, lies: list[Lie]) -> None:
    outcome = standing.under(lies)
    if not isinstance(outcome, Refused):
        require_no_false_word(outcome, standing.honest)
