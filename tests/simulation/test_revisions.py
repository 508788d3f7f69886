"""The wire grows: the second revision is put in force while some parties speak it and others do
not.

It lets an answer state the quality of its import. In these tests alone a lookup, too, can say more
in it: who reviews it (``Facts.reviewer``).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from agency_node.answering.matching import Finding
from fakes.asking_by_hand import Craft, status_of
from fakes.federations import NOW
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import FEDERATION, GATEWAY
from fakes.wexcombe import AMINA, COUNCIL, HEALTH, NODES, OAK, QUESTION, SCHOOLS, of
from federation import World
from fingerpost.private import query_sealing
from fingerpost.private.codec import write_inner
from fingerpost.protocol.codec import strict
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import Quality, Reach, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import KeySet, RevisionFrom
from fingerpost.runtime.identity import PeerIdentity
from practitioner.asking.outcome import Question

OLD, NEW = (1,), (1, 2)
LATER = 3600


def asking(*, reviewer: str) -> Question:
    why = QUESTION.justification
    return replace(
        QUESTION, justification=replace(why, facts=replace(why.facts, reviewer=reviewer))
    )


SAME_IN_BOTH, OF_THE_SECOND = asking(reviewer=""), asking(reviewer="manager-2")


@pytest.fixture(autouse=True)
async def _before_the_second(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody speaks the second revision yet."""
    monkeypatch.setattr(strict, "SINCE", {**strict.SINCE, "Facts.reviewer": 2})
    announce(world, RevisionFrom(1, 0))
    world.broker_speaks = OLD
    for node in world.nodes.values():
        node.speaks = OLD
        node.service = node.made()
    await world.restart_broker()


async def upgrade(world: World, *nodes: MemberId) -> None:
    """These nodes are started anew with a release that speaks both revisions."""
    for node in nodes:
        world.nodes[node].speaks = NEW
        world.nodes[node].service = world.nodes[node].made()
    await world.restart_broker()
    await world.start()


def announce(world: World, *revisions: RevisionFrom) -> None:
    world.change(parameters=replace(world.current.parameters, revisions=revisions))


def both_from(world: World, seconds: int) -> tuple[RevisionFrom, RevisionFrom]:
    return RevisionFrom(1, 0), RevisionFrom(2, int(world.clock.now()) + seconds)


def revision_of(world: World, gateway: SimGateway) -> int:
    query = read_query(gateway.submitted[-1], world.current.requester_key, NEW)
    return query.core.revision


async def test_a_rolling_upgrade_loses_no_lookup(world: World) -> None:
    """Nodes one by one, then the broker, then one gateway of two; then the second begins."""
    old, new = world.gateway(COUNCIL, speaks=OLD), world.gateway(COUNCIL, speaks=NEW)

    async def require_whole() -> None:
        for gateway in (old, new):
            outcome = await gateway.ask(SAME_IN_BOTH)
            assert outcome.complete
            assert of(outcome, OAK).status is Status.INVOLVED

    await require_whole()
    for node in NODES:
        await upgrade(world, node)
        await require_whole()
    world.broker_speaks = NEW
    await upgrade(world)
    announce(world, *both_from(world, LATER))
    await require_whole()
    assert (revision_of(world, old), revision_of(world, new)) == (1, 1), "not in force yet"
    await world.clock.run_for(LATER)
    await require_whole()
    assert (revision_of(world, old), revision_of(world, new)) == (1, 2)
    assert (await new.ask(OF_THE_SECOND)).complete
    entries = world.nodes[SCHOOLS].entries
    question = entries[-1].examined.question
    assert question is not None
    assert question.justification.facts.reviewer == "manager-2"


async def test_an_answer_states_its_quality_in_the_second_revision_alone(world: World) -> None:
    """The same import answers both at once, and neither gateway loses an answer."""
    old, new = world.gateway(COUNCIL, speaks=OLD), world.gateway(COUNCIL, speaks=NEW)
    world.nodes[SCHOOLS].quality[OAK] = Quality.POOR
    world.broker_speaks = NEW
    await upgrade(world, *NODES)
    for gateway in (old, new):
        assert of(await gateway.ask(SAME_IN_BOTH), OAK).quality is None, "not in force yet"
    announce(world, *both_from(world, 0))
    for gateway, stated in ((old, None), (new, Quality.POOR)):
        outcome = await gateway.ask(SAME_IN_BOTH)
        assert outcome.complete
        assert of(outcome, OAK).status is Status.INVOLVED
        assert of(outcome, OAK).quality is stated


async def test_a_node_that_was_forgotten_is_a_gap_by_name_and_not_waited_for(world: World) -> None:
    others = [node for node in NODES if node != HEALTH]
    world.broker_speaks = NEW
    await upgrade(world, *others)
    announce(world, *both_from(world, 0))
    before = world.clock.monotonic()
    outcome = await world.gateway(COUNCIL, speaks=NEW).ask(OF_THE_SECOND)
    assert world.clock.monotonic() - before < world.current.parameters.gathering_ms / 1000
    gaps = {a.agency.node for a in outcome.agencies if a.status is Status.NO_REPLY}
    assert gaps == {HEALTH}
    assert of(outcome, OAK).status is Status.INVOLVED
    assert (await world.gateway(COUNCIL, speaks=OLD).ask(SAME_IN_BOTH)).complete


async def test_what_only_the_second_can_say_is_refused_and_not_left_out(
    world: World, gateway: SimGateway
) -> None:
    with refused(Code.UNSUPPORTED):
        await gateway.ask(OF_THE_SECOND)
    assert gateway.submitted == []


async def test_a_revision_that_is_not_in_force_is_not_carried(world: World) -> None:
    world.broker_speaks = NEW
    await upgrade(world, *NODES)
    announce(world, *both_from(world, 0))
    gateway = world.gateway(COUNCIL, speaks=NEW)
    assert (await gateway.ask(SAME_IN_BOTH)).complete
    craft = replace(Craft(world, COUNCIL, AMINA, AMINA), facts=SAME_IN_BOTH.justification.facts)
    sealed, submission = craft.submitted()
    announce(world, RevisionFrom(1, 0))
    peer = PeerIdentity(FEDERATION, GATEWAY, Party.GATEWAY, NOW + 10**9)
    with refused(Code.UNSUPPORTED):
        await world.run(anext(world.broker.lookup(peer, sealed.wire, submission)))
    announce(world, RevisionFrom(2, 0))
    with refused(Code.UNSUPPORTED):
        await world.gateway(COUNCIL, speaks=OLD).ask(SAME_IN_BOTH)


async def test_a_field_of_the_second_in_a_query_of_the_first_is_refused_where_it_opens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a field that some readers look at and others do not."""
    await upgrade(world, *NODES)
    craft = replace(Craft(world, COUNCIL, AMINA, AMINA), facts=OF_THE_SECOND.justification.facts)
    with monkeypatch.context() as patch:
        patch.setattr(
            query_sealing, "write_inner", lambda inner, bound, _: write_inner(inner, bound, 2)
        )
        sealed = craft.sealed()
    assert status_of(world.nodes[SCHOOLS], sealed, OAK) is Status.NOTHING_TO_DISCLOSE
    assert world.nodes[SCHOOLS].findings(OAK) == [Finding.REFUSED]


def test_a_reader_of_the_first_cannot_read_the_second(world: World) -> None:
    announce(world, RevisionFrom(2, 0))
    with pytest.raises(Refused) as caught:
        query_sealing.PublicPart.of(
            world.current,
            epoch=world.current.parameters.epochs[0].number,
            issued_at=int(world.clock.now()),
            area=COUNCIL.area,
            reach=Reach.AREA,
            key_set=KeySet.NARROW,
            speaks=OLD,
        )
    assert caught.value.code is Code.UNSUPPORTED
