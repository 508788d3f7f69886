"""What one practitioner may ask, held by the broker and by those who open her queries."""

from __future__ import annotations

from dataclasses import replace

from fakes.justified import justified
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import QUESTION, SCHOOLS
from federation import World
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.errors import Code
from practitioner.asking.outcome import Question


def limit(world: World, **limits: int) -> None:
    world.change(parameters=replace(world.current.parameters, **limits))  # type: ignore[arg-type]


async def test_the_limit_is_one_of_lookups_whatever_queries_they_take(
    world: World, gateway: SimGateway
) -> None:
    """Three an hour: two with two queries each, and one with wide keys alone."""
    limit(world, practitioner_per_hour=3)
    at_home = replace(QUESTION, reach=Reach.AREA)
    for question in (QUESTION, QUESTION, at_home):
        assert (await gateway.ask(question)).complete
    for question in (QUESTION, at_home):
        with refused(Code.QUOTA):
            await gateway.ask(question)
    assert len(world.store.records) == 5


async def test_in_an_emergency_there_is_a_reserve(world: World, gateway: SimGateway) -> None:
    limit(world, practitioner_per_hour=1, reserve_per_day=2)
    now = world.clock.now()
    emergency = Question(
        QUESTION.demographics, justified(Purpose.EMERGENCY_PROTECTION, now=now), Reach.AREA
    )
    assert (await gateway.ask(QUESTION)).complete
    school = world.nodes[SCHOOLS]
    before = len(school.entries)
    for _ in range(2):
        assert (await gateway.ask(emergency)).complete
    assert len(school.entries) > before, "who opens it finds nothing wrong"
    with refused(Code.QUOTA):
        await gateway.ask(emergency)
    with refused(Code.QUOTA):
        await gateway.ask(QUESTION)
