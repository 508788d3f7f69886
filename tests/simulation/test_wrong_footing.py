"""A party whose footing is wrong says so to everybody alike; it never says "no" for it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.records.records import Generation
from fakes.federations import public
from fakes.simulated_holders import Peppers
from fakes.wexcombe import AMINA, COUNCIL, HERE, OAK, SCHOOLS, build, of
from federation import World
from fingerpost.membership.member_list import MemberList
from fingerpost.private.demographics import Demographics
from fingerpost.private.locators import Pepper
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol.codes import Purpose, Status
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from practitioner.asking.outcome import Question

QUESTION = Question(AMINA, Justification(Purpose.S47_ENQUIRY))
STRANGER = Question(
    replace(AMINA, forename="Nobody", surname="Atall", postcode="WX9 9ZZ"),
    Justification(Purpose.S47_ENQUIRY),
)
assert isinstance(STRANGER.demographics, Demographics)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = build()
    await made.start()
    yield made
    await made.stop()


async def statuses(world: World, question: Question) -> Status:
    gateway = world.gateway(COUNCIL)
    outcome = await world.run(gateway.client.lookup(gateway.session, question))
    assert outcome.complete == (of(outcome, OAK).status is not Status.CANNOT_ANSWER)
    return of(outcome, OAK).status


async def test_a_node_with_a_wrong_pepper_cannot_answer_about_anybody(world: World) -> None:
    node = world.nodes[SCHOOLS]
    right = world.peppers
    assert await statuses(world, QUESTION) is Status.INVOLVED
    epoch = EpochNumber(1)
    wrong = replace(right.first[epoch], value=secrets.token_bytes(32))
    assert isinstance(wrong, Pepper)
    node.service._peppers = Peppers({epoch: wrong})
    assert await statuses(world, QUESTION) is Status.CANNOT_ANSWER
    assert await statuses(world, STRANGER) is Status.CANNOT_ANSWER


async def test_an_import_under_another_normal_form_cannot_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = world.nodes[SCHOOLS]
    now = node.generation(OAK)
    assert now is not None
    older = replace(now, normalisation_version=now.normalisation_version + 1)

    def ready(agency: AgencyId, epoch: EpochNumber, slot: int | None = None) -> Generation:
        return older

    monkeypatch.setattr(node, "ready", ready)
    assert await statuses(world, QUESTION) is Status.CANNOT_ANSWER
    assert await statuses(world, STRANGER) is Status.CANNOT_ANSWER


async def test_a_node_that_knows_another_passport_key_asks_to_try_again(world: World) -> None:
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
    gateway = world.gateway(COUNCIL)
    for question in (QUESTION, STRANGER):
        outcome = await world.run(gateway.client.lookup(gateway.session, question))
        assert of(outcome, OAK).status is Status.TRY_AGAIN
        assert not outcome.complete


async def test_a_gateway_whose_passport_key_is_not_the_listed_one_asks_nobody(
    world: World,
) -> None:
    world.passport_keys[COUNCIL] = Ed25519PrivateKey.generate()
    gateway = world.gateway(COUNCIL)
    with pytest.raises(Refused, match="bad_passport"):
        await world.run(gateway.client.lookup(gateway.session, QUESTION))
    assert gateway.order == []
