"""An approval through the whole federation: what a holder of a record believes, and what she does
not. Each attempt has valid signatures of the requester and her agency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agency_node.answering.matching import Finding
from agency_node.answering.pages import opened
from fakes.approved import an_approval, own_key
from fakes.asking_by_hand import Craft, answers, status_of
from fakes.justified import justified
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.simulated_node import SimNode
from fakes.wexcombe import (
    AMINA,
    AREAS,
    COUNCIL,
    GP,
    HERE,
    NODES,
    OAK,
    SCHOOLS,
    TWIN,
    child,
    known_holders,
    row,
)
from federation import World
from fingerpost.private.approvals import ApprovalRule, ToApprove
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Kind, Purpose, Reach, Role, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId
from practitioner.asking.outcome import Question


@pytest.fixture
def school(world: World) -> SimNode:
    return world.nodes[SCHOOLS]


def of(craft: Craft) -> ToApprove:
    """What a second person approves of this query."""
    return ToApprove(craft.agency, "worker-1", craft.justification(), craft.says)


def with_approval(craft: Craft, approval: bytes) -> Craft:
    return replace(craft, approvals=(approval,))


async def test_an_approved_review_is_answered_and_each_holder_records_who_approved(
    world: World, school: SimNode
) -> None:
    gateway = world.gateway(COUNCIL)
    session = replace(gateway.session, role=Role.TEAM_MANAGER)
    now = world.clock.now()
    why = justified(Purpose.PRACTICE_REVIEW, now=now)
    asked = ToApprove(COUNCIL, session.subject, why, AMINA)
    key = world.passport_keys[COUNCIL]
    two = (
        an_approval(asked, key, now),
        an_approval(asked, key, now, approver="manager-2", salt=bytes(16)),
    )
    question = Question(AMINA, replace(why, approvals=two), Reach.NAMED, (HERE,))
    outcome = await world.run(gateway.client.lookup(session, question))
    (oak,) = (each for each in outcome.agencies if each.agency.id == OAK)
    assert oak.status is Status.INVOLVED
    found = [entry.examined.question for entry in school.entries]
    assert [q and [a.approver for a in q.approvals] for q in found] == [["manager-1", "manager-2"]]
    again = await world.run(gateway.client.lookup(session, question))
    assert again.complete, "a retry needs no new approval"


FORGED: dict[str, tuple[Callable[[World, Craft], bytes], Code]] = {
    "of another child": (
        lambda world, craft: _approval(world, replace(craft, says=TWIN)),
        Code.NOT_ALLOWED,
    ),
    "of another reference": (
        lambda world, craft: _approval(world, replace(craft, reference="other-7")),
        Code.NOT_ALLOWED,
    ),
    "of another purpose": (
        lambda world, craft: _approval(world, replace(craft, purpose=Purpose.S17_ASSESSMENT)),
        Code.NOT_ALLOWED,
    ),
    "of yesterday": (
        lambda world, craft: an_approval(
            of(craft),
            world.passport_keys[COUNCIL],
            world.clock.now() - limits.APPROVAL_SECONDS,
        ),
        Code.NOT_ALLOWED,
    ),
    "by a role that may not ask": (
        lambda world, craft: _approval(world, craft, role=Role.EARLY_HELP_WORKER),
        Code.NOT_ALLOWED,
    ),
    "by another agency": (
        lambda world, craft: an_approval(of(craft), own_key("elsewhere"), world.clock.now()),
        Code.BAD_SIGNATURE,
    ),
}


def _approval(world: World, craft: Craft, **other: object) -> bytes:
    key = world.passport_keys[COUNCIL]
    return an_approval(of(craft), key, world.clock.now(), **other)


@pytest.mark.parametrize("name", FORGED)
async def test_an_approval_of_something_else_is_refused_where_it_opens(
    world: World, school: SimNode, name: str
) -> None:
    """Nothing is disclosed, and the holder has it on record."""
    craft = Craft(world, COUNCIL, AMINA, AMINA)
    honest = with_approval(craft, _approval(world, craft))
    assert status_of(school, honest.sealed(), OAK) is Status.INVOLVED
    made, code = FORGED[name]
    (part,) = answers(school, with_approval(craft, made(world, craft)).sealed())
    assert {a.status for a in part.agencies} == {Status.NOTHING_TO_DISCLOSE}
    assert part.pointers == ()
    assert school.findings(OAK) == [Finding.MATCH, Finding.REFUSED]
    assert [e.examined.refusal for e in school.entries] == [None, code]


NUMBER = "01632 960099"


async def test_who_is_seconded_can_have_her_councils_desk_rung_back() -> None:
    """By the member list at every node; what another agency's practitioner states is refused."""
    home, beside = AREAS
    changed: dict[AgencyId, dict[str, Any]] = {
        COUNCIL: {"duty_desk": NUMBER},
        GP: {"duty_desk": "01632 960001", "seconded_to": (COUNCIL,)},
    }
    listed = tuple(replace(each, **changed.get(each.id, {})) for each in home.agencies)
    world = World((replace(home, agencies=listed), beside), NODES, holders=known_holders())
    school = world.nodes[SCHOOLS]
    school.load(OAK, [child(0, AMINA, row(Kind.EDU_SCHOOL))])
    await world.start()
    gateway = world.gateway(GP)
    session = replace(gateway.session, role=Role.MASH_PRACTITIONER)
    why = justified(Purpose.S47_ENQUIRY, now=world.clock.now(), council=COUNCIL)
    at_council = replace(why, facts=replace(why.facts, call_back=COUNCIL))
    for stated in (why, at_council):
        await world.run(gateway.client.lookup(session, Question(AMINA, stated)))
    desks = [each.query.requester for each in opened(school.entries, int(world.clock.now()))]
    shown = dict.fromkeys(desk.desk for desk in desks if desk)
    assert list(shown) == ["01632 960001", f"{NUMBER}, Council"]
    nobodys = replace(why, facts=replace(why.facts, call_back=OAK))
    with refused(Code.NOT_ALLOWED, PurposeRule.CALL_BACK):
        await world.run(gateway.client.lookup(session, Question(AMINA, nobodys)))
    by_hand = Craft(world, GP, AMINA, AMINA, role=Role.MASH_PRACTITIONER, facts=nobodys.facts)
    assert status_of(school, by_hand.sealed(), OAK) is Status.NOTHING_TO_DISCLOSE
    assert school.entries[-1].examined.refusal is Code.NOT_ALLOWED
    await world.stop()


async def test_the_gateway_refuses_it_before_anything_is_recorded(
    world: World, gateway: SimGateway
) -> None:
    """By the function of the holders, so that no honest requester is refused there. An approval
    that ends while the lookup runs is refused at once, and not by some of the holders."""
    now = world.clock.now()
    why = justified(Purpose.S47_ENQUIRY, now=now)
    asked = ToApprove(COUNCIL, gateway.session.subject, why, AMINA)
    key = world.passport_keys[COUNCIL]
    ending = an_approval(asked, key, now, ends=int(now) + limits.QUERY_LIFE_SECONDS)
    for approval, asked_about, rule in (
        (an_approval(asked, key, now), TWIN, ApprovalRule.CHILD),
        (ending, AMINA, ApprovalRule.TIME),
    ):
        question = Question(asked_about, replace(why, approvals=(approval,)))
        with refused(Code.NOT_ALLOWED, rule):
            await gateway.ask(question)
    with pytest.raises(Refused):
        await gateway.ask(Question(AMINA, replace(why, approvals=(b"no approval",))))
    assert (gateway.order, gateway.submitted) == ([], [])
