"""One lookup through the whole federation, in one process: the shortest way to see how it works."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agency_node.answering.matching import Finding
from fakes.justified import justified
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    COUNCILS,
    ELM,
    GP,
    HEALTH,
    NEXT,
    OAK,
    POLICE,
    POLICE_NODE,
    QUESTION,
    SCHOOLS,
    of,
)
from federation import World
from fingerpost.private.demographics import Demographics, PartialDate
from fingerpost.private.linkage.strength import NOT_SURE
from fingerpost.protocol import limits
from fingerpost.protocol.codes import CoarseKind, Purpose, Reach, Role, Status, WideningReason
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import EpochNumber, MemberId
from practitioner.asking.outcome import Outcome, OwnRecord, Question


async def test_who_is_involved_and_whom_to_ring(gateway: SimGateway) -> None:
    outcome = await gateway.ask(QUESTION)
    assert outcome.complete
    statuses = {str(a.agency.id): a.status for a in outcome.agencies}
    assert statuses == {
        "e99000001.council": Status.INVOLVED,
        "e99000001.elm-primary": Status.NOTHING_TO_DISCLOSE,
        "e99000001.mill-practice": Status.INVOLVED,
        "e99000001.oak-primary": Status.INVOLVED,
        "e99000002.police": Status.NOTHING_TO_DISCLOSE,
    }
    (school,) = of(outcome, OAK).pointers
    assert (school.kind, school.desk_phone) == (CoarseKind.EDUCATION, "01632 960123")
    (council,) = of(outcome, COUNCIL).pointers
    assert council.kind is CoarseKind.CHILDRENS_SOCIAL_CARE
    assert [gap.name for _, gap in outcome.not_connected] == ["Ash Primary"]
    education = next(s for s in outcome.services if s.kind is CoarseKind.EDUCATION)
    assert (education.connected, education.of, education.answered, education.named) == (2, 3, 2, 1)


async def test_it_is_recorded_before_anything_leaves(world: World, gateway: SimGateway) -> None:
    await gateway.ask(QUESTION)
    assert gateway.order[:2] == ["asked", "evaluated"]
    assert gateway.order.index("sent") < gateway.order.index("submitted")
    assert gateway.order[-2:] == ["kept", "ended"]
    gateway.record_fails = True
    before = len(world.holders.received), len(world.carried)
    with pytest.raises(Defect):
        await gateway.ask(QUESTION)
    assert (len(world.holders.received), len(world.carried)) == before


async def test_a_twin_is_possible_and_never_a_pointer(world: World, gateway: SimGateway) -> None:
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, ELM).status is Status.NOTHING_TO_DISCLOSE
    assert Finding.MATCH not in world.nodes[SCHOOLS].findings(ELM)


async def test_a_shielded_row_is_like_no_record_in_all_that_leaves(
    world: World, gateway: SimGateway
) -> None:
    shielded = of(await gateway.ask(QUESTION), POLICE)
    stranger = Question(
        Demographics(forename="Nobody", surname="Atall", dob=date(2016, 6, 6)),
        justified(Purpose.S47_ENQUIRY),
    )
    unknown = of(await gateway.ask(stranger), POLICE)
    assert (shielded.status, shielded.pointers) == (unknown.status, unknown.pointers)
    assert (shielded.generation, shielded.as_of) == (unknown.generation, unknown.as_of)
    for node in world.nodes.values():
        assert len({len(a.sealed) for _, answers in node.departures for a in answers}) == 1
    assert world.nodes[POLICE_NODE].findings(POLICE) == [Finding.MATCH]


async def test_answers_leave_on_one_tick_whatever_they_say(
    world: World, gateway: SimGateway
) -> None:
    await gateway.ask(QUESTION)
    delays = {
        round(left - received, 6)
        for node in world.nodes.values()
        for (received, _), (left, _) in zip(node.frames, node.departures, strict=True)
    }
    assert delays
    assert all(0.5 <= d <= 0.5 + limits.TICK_MS / 1000 + 1e-6 for d in delays)
    assert all(
        abs(left / 0.05 - round(left / 0.05)) < 1e-6
        for node in world.nodes.values()
        for left, _ in node.departures
    )


async def test_a_stopped_node_is_a_gap_by_name(world: World, gateway: SimGateway) -> None:
    await world.stop_node(SCHOOLS)
    outcome = await gateway.ask(QUESTION)
    assert not outcome.complete
    assert of(outcome, OAK).status is Status.NO_REPLY
    assert of(outcome, GP).status is Status.INVOLVED
    education = next(s for s in outcome.services if s.kind is CoarseKind.EDUCATION)
    assert not education.none_named_itself


async def test_a_key_holder_that_is_away_stops_the_lookup_before_it_leaves(
    world: World, gateway: SimGateway
) -> None:
    world.holders.down.add(MemberId("holder-b"))
    with pytest.raises(Refused, match="unavailable"):
        await gateway.ask(QUESTION)
    assert "submitted" not in gateway.order
    assert gateway.order[-1] == "failed unavailable"


async def test_the_other_epoch_serves_where_the_new_pepper_is_missing(
    world: World, gateway: SimGateway
) -> None:
    world.open_epoch(2, world.clock.now() - 10, world.clock.now() + 10**7)
    for node in world.nodes.values():
        for held in node.children:
            node.index(held, world.current.parameters.epochs[-1])
    world.peppers.missing.add(EpochNumber(2))
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, OAK).status is Status.INVOLVED
    world.peppers.missing.clear()
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, OAK).status is Status.INVOLVED


async def test_a_node_that_is_not_ready_says_that_it_cannot_answer(
    world: World, gateway: SimGateway
) -> None:
    world.nodes[HEALTH].importing.add(GP)
    world.nodes[SCHOOLS].sound = False
    world.nodes[SCHOOLS].service = world.nodes[SCHOOLS].made()
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, GP).status is Status.CANNOT_ANSWER
    assert of(outcome, OAK).status is Status.CANNOT_ANSWER
    assert not outcome.complete


async def test_what_cannot_be_recorded_is_not_told(world: World, gateway: SimGateway) -> None:
    world.nodes[COUNCILS].record_fails = True
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, COUNCIL).status is Status.CANNOT_ANSWER
    assert of(outcome, COUNCIL).pointers == ()


async def test_a_suspended_gateway_is_refused_and_its_agency_not_asked(
    world: World, gateway: SimGateway
) -> None:
    world.suspend(agencies=[COUNCIL])
    with refused(Code.NOT_A_MEMBER):
        await gateway.ask(QUESTION)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (
            Question(
                Demographics(forename="Amina", dob=date(2015, 1, 1)),
                justified(Purpose.S47_ENQUIRY),
            ),
            Code.WEAK_INPUT,
        ),
        (Question(AMINA, justified(Purpose.EARLY_HELP)), Code.NOT_ALLOWED),
        (
            Question(AMINA, justified(Purpose.EARLY_HELP, "ref-1"), Reach.NATIONAL_RING),
            Code.NOT_ALLOWED,
        ),
        (Question(AMINA, justified(Purpose.CLA_CARE)), Code.NOT_ALLOWED),
        # Wide keys over the whole reach without a first lookup that bears the reason out.
        (
            Question(AMINA, justified(Purpose.S47_ENQUIRY, "", WideningReason.RECENT_MOVE)),
            Code.NOT_ALLOWED,
        ),
    ],
)
async def test_what_may_not_be_asked_leaves_nothing(
    world: World, gateway: SimGateway, question: Question, code: Code
) -> None:
    world.holders.received.clear()
    with refused(code):
        await gateway.ask(question)
    assert gateway.order == []
    assert world.holders.received == []


# ---- the asking agency's own records -------------------------------------------------------------


async def concern(gateway: SimGateway, child: Demographics) -> Outcome:
    """Asked by an early help worker of the council."""
    session = replace(gateway.session, role=Role.EARLY_HELP_WORKER)
    why = justified(Purpose.SAFEGUARDING_CONCERN, now=gateway.world.clock.now())
    return await gateway.world.run(gateway.client.lookup(session, Question(child, why)))


async def test_the_own_agency_names_its_records_beyond_the_tier_of_the_purpose(
    gateway: SimGateway,
) -> None:
    """Of the council's two rows social care is beyond the tier, and the other is sensitive."""
    outcome = await concern(gateway, AMINA)
    assert outcome.own_record is OwnRecord.NAMED
    (own,) = of(outcome, COUNCIL).pointers
    assert own.kind is CoarseKind.CHILDRENS_SOCIAL_CARE


async def test_a_child_whom_the_own_agency_does_not_name_is_new_today(gateway: SimGateway) -> None:
    stranger = Demographics(forename="Nobody", surname="Atall", dob=date(2016, 6, 6))
    assert (await concern(gateway, stranger)).own_record is OwnRecord.NEW_TODAY


async def test_without_an_answer_of_the_own_node_nobody_is_called_new(
    world: World, gateway: SimGateway
) -> None:
    await world.stop_node(COUNCILS)
    assert (await concern(gateway, AMINA)).own_record is OwnRecord.NOT_KNOWN


async def test_a_known_child_is_not_called_new_where_too_little_was_asked(
    gateway: SimGateway,
) -> None:
    """A month without a postcode is never a match: the council's own record is not named."""
    outcome = await concern(gateway, replace(AMINA, dob=PartialDate(2015, 3), postcode=""))
    assert of(outcome, COUNCIL).status is Status.NOTHING_TO_DISCLOSE
    assert outcome.own_record is OwnRecord.NOT_KNOWN
    assert NOT_SURE in outcome.strength.reasons


async def test_a_purpose_that_takes_no_own_record_says_nothing_of_it(gateway: SimGateway) -> None:
    assert (await gateway.ask(QUESTION)).own_record is None


async def test_where_nobody_names_anything_no_service_is_counted(gateway: SimGateway) -> None:
    """Else "no school named itself" would be said of every child."""
    why = justified(Purpose.TRANSFER_IN, now=gateway.world.clock.now())
    outcome = await gateway.ask(Question(AMINA, why, None, (NEXT,)))
    assert outcome.complete
    assert outcome.services == ()
    assert {a.status for a in outcome.agencies} == {Status.NOTHING_TO_DISCLOSE}
