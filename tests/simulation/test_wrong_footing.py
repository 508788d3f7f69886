"""A party whose footing is wrong says so to everybody alike; it never says "no" for it."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.admission import LIST_HELD_SECONDS
from agency_node.answering.matching import Finding
from agency_node.records.records import Generation
from fakes.federations import public
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import Peppers
from fakes.simulated_node import SimNode
from fakes.wexcombe import AMINA, COUNCIL, HERE, OAK, QUESTION, SCHOOLS, of
from federation import World
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, EpochNumber
from practitioner.asking.outcome import Question

STRANGER = replace(
    QUESTION,
    demographics=replace(AMINA, forename="Nobody", surname="Atall", postcode="WX9 9ZZ"),
)


async def answer(gateway: SimGateway, question: Question) -> Status:
    """That of OAK; only where it cannot answer is the outcome incomplete."""
    outcome = await gateway.ask(question)
    assert outcome.complete == (of(outcome, OAK).status is not Status.CANNOT_ANSWER)
    return of(outcome, OAK).status


async def test_a_node_with_a_wrong_pepper_cannot_answer_about_anybody(
    world: World, gateway: SimGateway
) -> None:
    node = world.nodes[SCHOOLS]
    right = world.peppers
    assert await answer(gateway, QUESTION) is Status.INVOLVED
    epoch = EpochNumber(1)
    wrong = replace(right.first[epoch], value=secrets.token_bytes(32))
    node.service._peppers = Peppers({epoch: wrong})
    assert await answer(gateway, QUESTION) is Status.CANNOT_ANSWER
    assert await answer(gateway, STRANGER) is Status.CANNOT_ANSWER


async def test_an_import_under_another_normal_form_cannot_answer(
    world: World, gateway: SimGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = world.nodes[SCHOOLS]
    now = node.generation(OAK)
    assert now is not None
    older = replace(now, normalisation_version=now.normalisation_version + 1)

    def ready(agency: AgencyId, epoch: EpochNumber, slot: int | None = None) -> Generation:
        return older

    monkeypatch.setattr(node, "ready", ready)
    assert await answer(gateway, QUESTION) is Status.CANNOT_ANSWER
    assert await answer(gateway, STRANGER) is Status.CANNOT_ANSWER


def another_passport_key(world: World) -> None:
    """The council's key changes in the list that comes next."""
    area = world.current.areas[HERE]
    changed = tuple(
        replace(a, passport_key=public(Ed25519PrivateKey.generate())) if a.id == COUNCIL else a
        for a in area.agencies
    )
    world.change(areas={**world.current.areas, HERE: replace(area, agencies=changed)})


def ahead(world: World, node: SimNode, before: Federation) -> None:
    """The node has the newest list already, the others go by the one before."""
    node.pinned, world.current = world.current, before
    node.service.note_list(node.pinned)


async def answers(gateway: SimGateway) -> list[Status]:
    """Of OAK, about a child it knows and about one it does not know."""
    return [of(await gateway.ask(question), OAK).status for question in (QUESTION, STRANGER)]


async def test_a_node_behind_the_requesters_list_asks_to_try_again(
    world: World, gateway: SimGateway
) -> None:
    """By a public fact, for children it knows and does not know alike."""
    world.nodes[SCHOOLS].pinned = world.current
    world.change()
    assert await answers(gateway) == [Status.TRY_AGAIN] * 2


async def test_a_node_ahead_judges_by_the_list_that_the_requester_went_by(
    world: World, gateway: SimGateway
) -> None:
    """In the seconds after a change of key, the requester still goes by the old one."""
    before = world.current
    another_passport_key(world)
    ahead(world, world.nodes[SCHOOLS], before)
    assert await answers(gateway) == [Status.INVOLVED, Status.NOTHING_TO_DISCLOSE]
    await world.clock.run_for(LIST_HELD_SECONDS)
    assert await answers(gateway) == [Status.TRY_AGAIN] * 2


async def test_whoever_is_denied_now_is_denied_in_the_list_before(
    world: World, gateway: SimGateway
) -> None:
    before, node = world.current, world.nodes[SCHOOLS]
    world.suspend(agencies=[COUNCIL])
    ahead(world, node, before)
    assert await answers(gateway) == [Status.NOTHING_TO_DISCLOSE] * 2
    assert set(node.findings(OAK)) == {Finding.REFUSED}


async def test_a_gateway_whose_passport_key_is_not_the_listed_one_asks_nobody(
    world: World, gateway: SimGateway
) -> None:
    world.passport_keys[COUNCIL] = Ed25519PrivateKey.generate()
    with pytest.raises(Refused, match="bad_passport"):
        await gateway.ask(QUESTION)
    assert gateway.order == []
