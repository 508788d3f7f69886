"""A party whose footing is wrong says so to everybody alike; it never says "no" for it."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.records.records import Generation
from fakes.federations import public
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import Peppers
from fakes.wexcombe import AMINA, COUNCIL, HERE, OAK, QUESTION, SCHOOLS, of
from federation import World
from fingerpost.membership.member_list import MemberList
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Refused
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


async def test_a_node_that_knows_another_passport_key_asks_to_try_again(
    world: World, gateway: SimGateway
) -> None:
    """In the seconds after a change of key: by a public fact, for children it knows and does not
    know alike.
    """
    node = world.nodes[SCHOOLS]
    area = world.current.areas[HERE]
    changed = tuple(
        replace(a, passport_key=public(Ed25519PrivateKey.generate())) if a.id == COUNCIL else a
        for a in area.agencies
    )

    behind = MemberList()
    areas = {**world.current.areas, HERE: replace(area, agencies=changed)}
    behind.update(replace(world.current, areas=areas))
    node.service._members = behind
    for question in (QUESTION, STRANGER):
        outcome = await gateway.ask(question)
        assert of(outcome, OAK).status is Status.TRY_AGAIN
        assert not outcome.complete


async def test_a_gateway_whose_passport_key_is_not_the_listed_one_asks_nobody(
    world: World, gateway: SimGateway
) -> None:
    world.passport_keys[COUNCIL] = Ed25519PrivateKey.generate()
    with pytest.raises(Refused, match="bad_passport"):
        await gateway.ask(QUESTION)
    assert gateway.order == []
