"""A child whose date of birth is known in part, and one who is not born yet, asked about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agency_node.answering.matching import Finding
from fakes.justified import justified
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import AMINA, COUNCIL, ELM, GP, HEALTH, OAK, SCHOOLS, TWIN, child, of, row
from federation import World
from fingerpost.private.demographics import Birth, Demographics, ExpectedDate, PartialDate
from fingerpost.private.linkage import Unused
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.codes import Kind, Purpose, Status
from fingerpost.protocol.errors import Code
from practitioner.asking.outcome import Question

UNBORN = Demographics(surname="Hartley", dob=ExpectedDate(date(2027, 4, 9)), postcode="WX4 7QD")
SECTION_47 = justified(Purpose.S47_ENQUIRY)


@pytest.mark.parametrize(
    "known", [PartialDate(2015), PartialDate(2015, 3), PartialDate(2014, about=True)]
)
async def test_a_child_is_found_whose_date_is_known_in_part(
    world: World, gateway: SimGateway, known: Birth
) -> None:
    outcome = await gateway.ask(Question(replace(AMINA, dob=known), SECTION_47))
    assert outcome.complete
    assert outcome.strength.reasons
    assert of(outcome, OAK).status is Status.INVOLVED
    assert of(outcome, COUNCIL).status is Status.INVOLVED
    assert of(outcome, ELM).status is Status.NOTHING_TO_DISCLOSE
    assert Finding.MATCH not in world.nodes[SCHOOLS].findings(ELM)


@pytest.mark.parametrize("due", [date(2027, 4, 9), date(2027, 4, 1), date(2027, 3, 20)])
async def test_an_unborn_child_is_found_by_mothers_surname_home_and_expected_date(
    world: World, gateway: SimGateway, due: date
) -> None:
    """Her sister of the same home and surname, whom school and council know, is not."""
    recorded = replace(UNBORN, forename="Baby", dob=ExpectedDate(due))
    world.nodes[HEALTH].load(GP, [child(0, recorded, row(Kind.MIDWIFERY))])
    outcome = await gateway.ask(Question(UNBORN, SECTION_47))
    assert of(outcome, GP).status is Status.INVOLVED
    for agency in (OAK, ELM, COUNCIL):
        assert of(outcome, agency).status is Status.NOTHING_TO_DISCLOSE


async def test_a_question_about_an_unborn_child_finds_the_one_who_was_born(
    world: World, gateway: SimGateway
) -> None:
    born = replace(TWIN, forename="Safiya", dob=date(2027, 1, 2), postcode="WX4 7QD")
    world.nodes[HEALTH].load(GP, [child(0, born, row(Kind.HEALTH_VISITING))])
    due = replace(UNBORN, dob=ExpectedDate(date(2027, 1, 20)))
    outcome = await gateway.ask(Question(due, SECTION_47))
    assert of(outcome, GP).status is Status.INVOLVED


async def test_a_mistyped_number_is_said_with_the_outcome(gateway: SimGateway) -> None:
    outcome = await gateway.ask(Question(replace(AMINA, health_number="943 476 5918"), SECTION_47))
    assert outcome.unused == (Unused.NUMBER_UNREAD,)


async def test_a_date_of_birth_to_come_is_refused(world: World, gateway: SimGateway) -> None:
    with refused(Code.NOT_ALLOWED, PurposeRule.BORN_LATER):
        await gateway.ask(Question(replace(UNBORN, dob=date(2027, 4, 9)), SECTION_47))
    assert gateway.submitted == []
