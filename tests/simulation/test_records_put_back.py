"""A node whose records were put back to an earlier state: its "no" is not believed.

The node itself notices when its witness was not put back with them
(``tests/unit/agency_node/test_records_at_rest.py``). Here both were, as from a snapshot of the
whole machine; requesters who have seen a newer import notice.
"""

from __future__ import annotations

import pytest

from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import OAK, QUESTION, SCHOOLS, of
from federation import World
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Cannot, Status
from practitioner.asking.document import document


async def imported(world: World, gateway: SimGateway) -> int:
    """OAK has imported anew, and the gateway has seen that."""
    done = int(world.clock.now())
    world.nodes[SCHOOLS].completed_at[OAK] = done
    outcome = await gateway.ask(QUESTION)
    assert outcome.complete
    assert of(outcome, OAK).generation == done
    return done


async def test_a_no_from_records_that_went_back_is_a_gap_and_never_complete(
    world: World, gateway: SimGateway
) -> None:
    done = await imported(world, gateway)
    node = world.nodes[SCHOOLS]
    node.completed_at[OAK] = done - 1
    node.load(OAK, ())  # the child came with the later import
    outcome = await gateway.ask(QUESTION)
    assert (of(outcome, OAK).status, of(outcome, OAK).reason) == (
        Status.CANNOT_ANSWER,
        Cannot.WENT_BACK,
    )
    assert not outcome.complete
    shown = document(outcome, 0)
    assert "WENT_BACK" in {agency.cannot_answer for agency in shown.agencies}


async def test_a_yes_from_records_that_went_back_stands_and_is_not_complete(
    world: World, gateway: SimGateway
) -> None:
    done = await imported(world, gateway)
    world.nodes[SCHOOLS].completed_at[OAK] = done - 1
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, OAK).status is Status.INVOLVED
    assert of(outcome, OAK).pointers
    assert not outcome.complete


async def test_the_next_import_ends_it(world: World, gateway: SimGateway) -> None:
    done = await imported(world, gateway)
    node = world.nodes[SCHOOLS]
    node.completed_at[OAK] = done - 1
    assert not (await gateway.ask(QUESTION)).complete
    node.completed_at[OAK] = done + 1
    assert (await gateway.ask(QUESTION)).complete


@pytest.mark.parametrize("ahead", [1, limits.DAY + 3600])
async def test_what_a_clock_far_ahead_completed_is_not_remembered(
    world: World, gateway: SimGateway, ahead: int
) -> None:
    """Otherwise the agency would be a gap until that time has come."""
    node = world.nodes[SCHOOLS]
    now = int(world.clock.now())
    node.completed_at[OAK] = now + ahead
    assert (await gateway.ask(QUESTION)).complete
    node.completed_at[OAK] = now
    assert (await gateway.ask(QUESTION)).complete is (ahead > limits.DAY)


async def test_what_another_gateway_saw_is_not_known_here(
    world: World, gateway: SimGateway
) -> None:
    """Each remembers for itself; the pages say so."""
    done = await imported(world, gateway)
    world.nodes[SCHOOLS].completed_at[OAK] = done - 1
    gateway.generations.seen = {}
    assert (await gateway.ask(QUESTION)).complete
