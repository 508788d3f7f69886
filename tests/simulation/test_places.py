"""No answer tells a place that the requester did not name, over real queries: two areas, and a
family that fled from one to the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agency_node.answering.matching import Finding
from fakes.federations import agency
from fakes.justified import justified
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import AMINA, COUNCIL, HERE, NEXT, child, known_holders, of, row
from federation import World
from fingerpost.private.demographics import Demographics
from fingerpost.private.messages import Pointer
from fingerpost.protocol.codes import (
    AgencyKind,
    DeskKind,
    InvolvementStatus,
    Kind,
    Purpose,
    Reach,
    Status,
)
from fingerpost.protocol.federation import Area
from fingerpost.protocol.ids import AgencyId, MemberId
from practitioner.asking.outcome import Outcome, Question

NODES = ASKING, NEXT_DOOR = MemberId("council-node"), MemberId("next-door")
THEIR_COUNCIL, ELM = AgencyId("e99000002.council"), AgencyId("e99000002.elm-primary")
FLED = replace(AMINA, postcode="WX9 2BB")
AREAS = (
    Area(HERE, "Wexcombe", (NEXT,), (agency(HERE, "council", AgencyKind.LOCAL_AUTHORITY, ASKING),)),
    Area(
        NEXT,
        "Harrowdale",
        (HERE,),
        (
            agency(NEXT, "council", AgencyKind.LOCAL_AUTHORITY, NEXT_DOOR),
            agency(NEXT, "elm-primary", AgencyKind.SCHOOL, NEXT_DOOR),
        ),
    ),
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World(AREAS, NODES, holders=known_holders())
    world.nodes[ASKING].load(COUNCIL, [])
    recent = row(Kind.CSC_CP, status=InvolvementStatus.RECENT)
    world.nodes[NEXT_DOOR].load(THEIR_COUNCIL, [child(0, FLED, recent, row(Kind.EDU_WELFARE))])
    world.nodes[NEXT_DOOR].load(ELM, [child(0, FLED, row(Kind.EDU_SCHOOL))])
    await world.start()
    yield world
    await world.stop()


def told(outcome: Outcome) -> dict[AgencyId, tuple[Status, tuple[Pointer, ...]]]:
    return {each: (of(outcome, each).status, of(outcome, each).pointers) for each in THEIRS}


THEIRS = (THEIR_COUNCIL, ELM)
NOTHING = (Status.NOTHING_TO_DISCLOSE, ())
RING = Status.INVOLVED, (Pointer(None, InvolvementStatus.OPEN, desk=DeskKind.DUTY),)


@pytest.mark.parametrize(
    ("purpose", "reach", "council"),
    [
        (Purpose.S47_ENQUIRY, Reach.AREA_AND_NEIGHBOURS, RING),
        (Purpose.EMERGENCY_PROTECTION, Reach.AREA_AND_NEIGHBOURS, RING),
        (Purpose.CHILD_DEATH, Reach.AREA_AND_NEIGHBOURS, NOTHING),
        (Purpose.MISSING_CHILD, Reach.AREA_AND_NEIGHBOURS, NOTHING),
        (Purpose.S47_ENQUIRY, Reach.NAMED, RING),
        (Purpose.EXPLOITATION, Reach.NAMED, NOTHING),
    ],
)
async def test_who_does_not_know_the_new_home_learns_no_more_than_a_front_door(
    world: World,
    gateway: SimGateway,
    purpose: Purpose,
    reach: Reach,
    council: tuple[Status, tuple[Pointer, ...]],
) -> None:
    """Who asks, and why, is recorded by both agencies that know the child."""
    named = (NEXT,) if reach is Reach.NAMED else ()
    outcome = await gateway.ask(Question(AMINA, justified(purpose), reach, named))
    assert told(outcome) == {THEIR_COUNCIL: council, ELM: NOTHING}
    for each in THEIRS:
        assert world.nodes[NEXT_DOOR].findings(each) == [Finding.MATCH]


@pytest.mark.parametrize("asked", [FLED, replace(AMINA, former_postcodes=(FLED.postcode,))])
async def test_who_gives_the_home_is_told_by_whom_it_is_known(
    gateway: SimGateway, asked: Demographics
) -> None:
    """The border school of a child whose address the requester has; or where she lived before."""
    outcome = await gateway.ask(Question(asked, justified(Purpose.S47_ENQUIRY)))
    for each in THEIRS:
        assert of(outcome, each).status is Status.INVOLVED
        assert all(pointer.kind for pointer in of(outcome, each).pointers)
    missing = await gateway.ask(
        Question(asked, justified(Purpose.MISSING_CHILD), Reach.AREA_AND_NEIGHBOURS)
    )
    assert told(missing) == dict.fromkeys(THEIRS, NOTHING)


async def test_who_cares_for_the_child_names_the_area_in_which_she_lives(
    gateway: SimGateway,
) -> None:
    outcome = await gateway.ask(Question(AMINA, justified(Purpose.CLA_CARE), None, (NEXT,)))
    for each in THEIRS:
        assert all(pointer.kind for pointer in of(outcome, each).pointers)
        assert of(outcome, each).status is Status.INVOLVED
