"""Records that grow old while a federation lives: an answer becomes a gap and never a "no", alike
at the node and at the gateway.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fakes.federations import NOW
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import COUNCIL, ELM, GP, HEALTH, HERE, OAK, QUESTION, SCHOOLS, of
from federation import World
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, Cannot, CoarseKind, Status
from fingerpost.protocol.feed_age import FeedAge, Holiday
from fingerpost.protocol.ids import AgencyId
from practitioner.asking.document import document
from practitioner.asking.outcome import Outcome

AGES = (
    FeedAge(AgencyKind.LOCAL_AUTHORITY, 7),
    FeedAge(AgencyKind.SCHOOL, 14, term_time=True),
    FeedAge(AgencyKind.GP_PRACTICE, 14),
    FeedAge(AgencyKind.POLICE, 7),
)
TODAY = datetime.fromtimestamp(NOW, UTC).date()


def agree(world: World, *holidays: Holiday) -> None:
    """Ages of records come into force, and school holidays of the area."""
    here = replace(world.current.areas[HERE], school_holidays=holidays)
    world.change(
        parameters=replace(world.current.parameters, feed_ages=AGES),
        areas={**world.current.areas, HERE: here},
    )
    for node in world.nodes.values():
        node.service.note_list(node.current)


async def ask_in(world: World, days: int) -> Outcome:
    """Ask so many days later, freshly signed in."""
    world.clock.step_wall(days * limits.DAY)
    return await world.gateway(COUNCIL).ask(QUESTION)


def silent(outcome: Outcome) -> set[AgencyId]:
    """Whose records were too old; every other agency answered."""
    found = {each.agency.id: each for each in outcome.agencies}
    old = {id_ for id_, each in found.items() if each.reason is Cannot.TOO_OLD}
    assert all(found[id_].status is Status.CANNOT_ANSWER for id_ in old)
    answered = (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
    assert all(each.status in answered for id_, each in found.items() if id_ not in old)
    assert outcome.complete is (not old)
    return old


async def test_agencies_that_import_no_more_become_gaps_each_in_its_time(world: World) -> None:
    agree(world)
    gone = 0
    for day, expected in (
        (6, set()),
        (8, {COUNCIL}),
        (13, {COUNCIL}),
        (15, {COUNCIL, OAK, ELM, GP}),
    ):
        found = await ask_in(world, day - gone)
        gone = day
        assert silent(found) & {COUNCIL, OAK, ELM, GP} == expected
    outcome = await ask_in(world, 0)
    shown = {each.id: each for each in document(outcome, 0).agencies}
    assert shown[str(OAK)].as_of == "2027-01-15T07:58:20Z"
    node, now = world.nodes[SCHOOLS], int(world.clock.now())
    node.as_of[OAK] = node.completed_at[OAK] = now
    outcome = await ask_in(world, 0)
    assert silent(outcome) & {COUNCIL, OAK, ELM, GP} == {COUNCIL, ELM, GP}
    assert of(outcome, OAK).status is Status.INVOLVED


async def test_in_the_holidays_a_school_answers_and_a_practice_does_not(world: World) -> None:
    agree(world, Holiday(TODAY + timedelta(4), TODAY + timedelta(17)))
    assert silent(await ask_in(world, 20)) & {OAK, ELM, GP} == {GP}
    assert silent(await ask_in(world, 10)) & {OAK, ELM, GP} == {OAK, ELM, GP}


async def test_none_named_itself_is_as_old_as_the_oldest_records(
    world: World, gateway: SimGateway
) -> None:
    agree(world)
    node = world.nodes[SCHOOLS]
    node.load(OAK, ())
    node.as_of = {OAK: int(NOW) - 9 * limits.DAY, ELM: int(NOW) - 2 * limits.DAY}
    outcome = await gateway.ask(QUESTION)
    (schools,) = (each for each in outcome.services if each.kind is CoarseKind.EDUCATION)
    assert schools.none_named_itself
    assert schools.as_of == node.as_of[OAK]


async def test_a_node_that_goes_by_other_ages_is_not_believed(
    world: World, gateway: SimGateway
) -> None:
    """Attack, or slip: it says "nothing to disclose" from records of half a year ago. What it names
    stands, since whom to ring is true."""
    agree(world)
    schools, practice = world.nodes[SCHOOLS], world.nodes[HEALTH]
    for node in (schools, practice):
        node.pinned = replace(
            world.current, parameters=replace(world.current.parameters, feed_ages=())
        )
        node.service.note_list(node.current)
    schools.load(OAK, ())
    schools.as_of[OAK] = practice.as_of[GP] = int(NOW) - 60 * limits.DAY
    outcome = await gateway.ask(QUESTION)
    oak, gp = of(outcome, OAK), of(outcome, GP)
    assert (oak.status, oak.reason) == (Status.CANNOT_ANSWER, Cannot.TOO_OLD)
    assert oak.as_of == schools.as_of[OAK]
    assert (gp.status, gp.reason) == (Status.INVOLVED, Cannot.TOO_OLD)
    assert gp.pointers
    assert not outcome.complete
