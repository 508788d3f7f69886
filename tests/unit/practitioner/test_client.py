"""The order of a lookup, its end in time, its second round, its epoch: with a broker that does as
the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from fakes.clock import ManualClock
from fakes.federations import HOLDERS, epoch_to_ask
from fakes.hostile_broker import BreakOff, Hang, HostileBroker, Lie, Memory, Show, answers_in
from fakes.justified import justified
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import GATEWAY
from fakes.simulated_node import SimNode
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    COUNCILS,
    ELM,
    GP,
    HEALTH,
    OAK,
    POLICE,
    QUESTION,
    SCHOOLS,
    build,
    of,
    statuses,
)
from federation import World
from fingerpost.private.justification import Facts
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codec.strict import read_envelope
from fingerpost.protocol.codes import Purpose, Reach, Role, Status
from fingerpost.protocol.errors import CallRule, Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import Ended, KeySet, LookupEvent, Query
from fingerpost.protocol.terms import Fact
from practitioner.asking.outcome import NobodyAsked, NotAsked, Outcome, Progress, Question
from practitioner.asking.plan import LookupRule
from practitioner.asking.sending import GRACE_SECONDS, within

LONGEST = limits.GATHERING_MS / 1000 + GRACE_SECONDS
AT_HOME = replace(QUESTION, reach=Reach.AREA)
"""One query, with the wide keys."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = build()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def gateway(world: World) -> SimGateway:
    return world.gateway(COUNCIL)


async def ask(gateway: SimGateway, question: Question = QUESTION) -> Outcome:
    return await gateway.world.run(gateway.client.lookup(gateway.session, question))


async def refusal(gateway: SimGateway, question: Question = QUESTION) -> Code:
    with pytest.raises(Refused) as caught:
        await ask(gateway, question)
    return caught.value.code


def through(gateway: SimGateway, *lies: Lie) -> None:
    gateway.through = HostileBroker(gateway.world.clock, lies)


def submitted(gateway: SimGateway) -> list[Query]:
    return [read_query(wire, gateway.world.current.requester_key) for wire in gateway.submitted]


def rounds(*lies: Lie) -> Callable[[Show, Memory], Show]:
    """The first query gets the first lie, the second the second, those after the last none."""
    left = list(lies)
    return lambda show, memory: left.pop(0)(show, memory) if left else show


def refuses(code: Code) -> Lie:
    return lambda show, _: (BreakOff(code),)


def honest() -> Lie:
    return lambda show, _: show


# ---- the end comes in time ---------------------------------------------------------------------


async def timed(gateway: SimGateway) -> tuple[Outcome, float]:
    """The outcome of ``AT_HOME``, and the seconds it took."""
    began = gateway.world.clock.monotonic()
    outcome = await ask(gateway, AT_HOME)
    return outcome, gateway.world.clock.monotonic() - began


@pytest.mark.parametrize("shown", [0, 1, 3])
async def test_a_broker_that_never_ends_is_waited_for_gathering_and_grace(
    gateway: SimGateway, shown: int
) -> None:
    through(gateway, lambda show, _: (*show[:shown], Hang()))
    outcome, took = await timed(gateway)
    assert LONGEST <= took <= LONGEST + 2 * limits.TICK_MS / 1000
    assert not outcome.complete
    came = [s for s in statuses(outcome).values() if s is not Status.NO_REPLY]
    assert bool(came) == (shown == 3)
    assert gateway.order[-2:] == ["kept", "ended"]


async def test_a_broker_that_trickles_is_not_waited_for_longer(
    world: World, gateway: SimGateway
) -> None:
    """Attack: an event now and then, so that no single wait is long."""

    async def trickle(events: AsyncGenerator[LookupEvent]) -> AsyncGenerator[LookupEvent]:
        async with contextlib.aclosing(events):
            accepted = await anext(events)
            while True:
                yield accepted
                await world.clock.sleep_until(world.clock.monotonic() + 1)

    gateway.through = trickle
    outcome, took = await timed(gateway)
    assert took <= LONGEST + 2 * limits.TICK_MS / 1000
    assert set(statuses(outcome).values()) == {Status.NO_REPLY}


async def test_nobody_waits_once_all_have_answered(gateway: SimGateway) -> None:
    through(gateway, lambda show, _: (*(s for s in show if not isinstance(s, Ended)), Hang()))
    outcome, took = await timed(gateway)
    assert outcome.complete
    assert took < 1


async def test_within_rings_at_its_time_and_lets_go_before() -> None:
    clock = ManualClock()
    heard: list[str] = []

    async def wait(seconds: float) -> None:
        try:
            async with within(clock, 5):
                await clock.sleep_until(clock.monotonic() + seconds)
                heard.append("done")
        except TimeoutError:
            heard.append("time is up")

    for seconds in (4.9, 6.0):
        task = asyncio.create_task(wait(seconds))
        await clock.run_for(5.5)
        await task
    assert heard == ["done", "time is up"]


async def test_within_passes_a_cancellation_and_an_error_on() -> None:
    clock = ManualClock()

    async def wait() -> None:
        async with within(clock, 5):
            await clock.sleep_until(99)

    task = asyncio.create_task(wait())
    await clock.settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with refused(Code.QUOTA):
        async with within(clock, 5):
            raise Refused(Code.QUOTA, "inside")
    await clock.settle()
    assert len(asyncio.all_tasks()) == 1, "no alarm is left behind"


async def test_a_lookup_that_is_cancelled_leaves_no_room_taken(
    world: World, gateway: SimGateway
) -> None:
    task = asyncio.create_task(gateway.client.lookup(gateway.session, QUESTION))
    await world.clock.run_for(0.3)
    assert gateway.submitted
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await world.clock.settle()
    assert world.broker._lookups == {}
    assert "kept" not in gateway.order


# ---- what was gathered stays ---------------------------------------------------------------------


async def test_a_refusal_midway_keeps_what_came(gateway: SimGateway) -> None:
    through(gateway, lambda show, _: (*show[:2], BreakOff(Code.UNAVAILABLE)))
    outcome = await ask(gateway, AT_HOME)
    said = list(statuses(outcome).values())
    assert 0 < said.count(Status.NO_REPLY) < len(said)
    assert gateway.order[-1] == "ended"


async def test_a_break_after_accepted_is_gaps_and_not_a_refusal(gateway: SimGateway) -> None:
    """The nodes were asked, and recorded who asks: the practitioner gets an outcome that says who
    did not answer."""
    through(gateway, lambda show, _: (show[0], BreakOff(Code.UNAVAILABLE)))
    outcome = await ask(gateway, AT_HOME)
    assert set(statuses(outcome).values()) == {Status.NO_REPLY}


async def test_one_query_of_two_refused_is_a_gap_even_beside_a_no(gateway: SimGateway) -> None:
    """The narrow query says no for ELM; the wide one, that might have found more, never went. The
    requester's own quota is not shown as the silence of others."""
    through(gateway, only(KeySet.WIDE, refuses(Code.QUOTA)))
    outcome = await ask(gateway)
    assert of(outcome, ELM).status is Status.NOT_ASKED
    assert of(outcome, ELM).not_asked is NotAsked.QUOTA
    assert of(outcome, ELM).lacks_answer
    assert of(outcome, OAK).status is Status.INVOLVED, "a yes stands"
    assert of(outcome, POLICE).status is Status.NOTHING_TO_DISCLOSE, "asked by the narrow one alone"
    assert not outcome.complete


async def test_the_other_way_about_those_beyond_the_area_are_gaps(gateway: SimGateway) -> None:
    through(gateway, only(KeySet.NARROW, refuses(Code.UNAVAILABLE)))
    outcome = await ask(gateway)
    assert of(outcome, POLICE).status is Status.NOT_ASKED
    assert of(outcome, POLICE).not_asked is NotAsked.UNREACHABLE
    assert of(outcome, GP).status is Status.INVOLVED


@pytest.mark.parametrize("rule", [CallRule.FAILED, CallRule.TOO_LATE])
async def test_a_query_that_may_have_left_is_silence_and_no_refusal(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch, rule: CallRule
) -> None:
    """The nodes may have recorded who asks, so the lookup is one, and is reviewed as one."""

    async def breaks(query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent]:
        if submission:
            raise Refused(Code.UNAVAILABLE, rule)
        yield Ended(())

    monkeypatch.setattr(gateway, "lookup", breaks)
    outcome = await ask(gateway, AT_HOME)
    assert set(statuses(outcome).values()) == {Status.NO_REPLY}
    assert gateway.order[-2:] == ["kept", "ended"]


@pytest.mark.parametrize(("hanging", "left"), [("evaluate", 0), ("lookup", 1)])
async def test_a_lookup_that_is_stopped_is_recorded_with_whether_it_had_left(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch, hanging: str, left: int
) -> None:
    reached = asyncio.Event()

    async def evaluate(*_: object) -> tuple[bytes, ...]:
        reached.set()
        return await asyncio.Future()

    async def lookup(*_: object) -> AsyncGenerator[LookupEvent]:
        await evaluate()
        yield Ended(())

    monkeypatch.setattr(gateway, hanging, {"evaluate": evaluate, "lookup": lookup}[hanging])
    progress = Progress()
    asked = gateway.client.lookup(gateway.session, AT_HOME, progress)
    running = asyncio.ensure_future(asked)
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (len(progress.operation), progress.left) == (16, left)
    assert gateway.order[-1] == f"stopped {left}"


def only(key_set: KeySet, lie: Lie) -> Lie:
    """The lie for one of the two queries: the narrow one asks the police, too."""

    def shown(show: Show, memory: Memory) -> Show:
        asks_police = any(a.node.value == "police-node" for a in answers_in(show))
        return lie(show, memory) if asks_police == (key_set is KeySet.NARROW) else show

    return shown


@pytest.mark.parametrize("code", [Code.QUOTA, Code.UNAVAILABLE, Code.NOT_A_MEMBER])
async def test_a_refusal_of_everything_is_recorded_and_raised_with_all_agencies_as_gaps(
    gateway: SimGateway, code: Code
) -> None:
    whole = await ask(gateway)
    gateway.order.clear()
    through(gateway, refuses(code))
    with pytest.raises(NobodyAsked) as caught:
        await ask(gateway)
    assert caught.value.code is code
    nobody = caught.value.outcome
    assert statuses(nobody) == dict.fromkeys(statuses(whole), Status.NOT_ASKED)
    why = NotAsked.QUOTA if code is Code.QUOTA else NotAsked.UNREACHABLE
    assert {each.not_asked for each in nobody.agencies} == {why}
    assert nobody.not_connected == whole.not_connected
    assert not any(service.none_named_itself for service in nobody.services)
    assert (nobody.kept, nobody.complete) == (False, False)
    assert gateway.order[-1] == f"failed {code.value}"
    assert "kept" not in gateway.order


async def test_a_full_disk_does_not_hide_whom_to_ring(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise Defect("the disk is full")

    through(gateway, refuses(Code.UNAVAILABLE))
    monkeypatch.setattr(gateway, "failed", full)
    with pytest.raises(NobodyAsked) as caught:
        await ask(gateway)
    assert caught.value.code is Code.UNAVAILABLE
    assert set(statuses(caught.value.outcome).values()) == {Status.NOT_ASKED}


# ---- the second round ----------------------------------------------------------------------------


def says_try_again(node: SimNode, times: int) -> None:
    """The node has seen these queries: somebody sent it a copy first."""
    left = [times]

    def carry(frame: tuple[bytes, ...]) -> tuple[bytes, ...]:
        if left[0]:
            left[0] -= 1
            node.service.answer(frame)
        return frame

    node.carry = carry


def most_say_try_again(world: World, times: int) -> None:
    """Two nodes of three."""
    for node in (HEALTH, COUNCILS):
        says_try_again(world.nodes[node], times)


async def test_try_again_of_most_nodes_leads_to_one_more_query_with_new_bytes(
    world: World, gateway: SimGateway
) -> None:
    most_say_try_again(world, 1)
    outcome = await ask(gateway, AT_HOME)
    assert outcome.complete
    assert of(outcome, GP).status is Status.INVOLVED
    first, second = submitted(gateway)
    assert first.core.q != second.core.q
    assert first.core.reply_key != second.core.reply_key
    assert first.core.key_commitment != second.core.key_commitment
    assert first.hash != second.hash
    assert gateway.hashes == [first.hash, second.hash], "both are on record, before they went"
    assert gateway.order.count("evaluated") == 1, "the key holders are not asked again"


async def test_and_to_no_third_one(world: World, gateway: SimGateway) -> None:
    most_say_try_again(world, 99)
    outcome = await ask(gateway, AT_HOME)
    assert of(outcome, GP).status is Status.TRY_AGAIN
    assert not outcome.complete
    assert len(gateway.submitted) == 2


async def test_one_node_that_says_try_again_makes_nobody_ask_again(
    world: World, gateway: SimGateway
) -> None:
    """Attack: a node, or one that is overloaded, makes every requester ask all nodes twice, and
    uses up twice their quota."""
    says_try_again(world.nodes[HEALTH], 99)
    outcome = await ask(gateway, AT_HOME)
    assert len(gateway.submitted) == 1
    assert of(outcome, GP).status is Status.TRY_AGAIN
    assert not outcome.complete


async def test_answers_of_the_first_round_stand_when_the_second_fails(
    world: World, gateway: SimGateway
) -> None:
    most_say_try_again(world, 1)
    through(gateway, rounds(honest(), refuses(Code.UNAVAILABLE)))
    outcome = await ask(gateway, AT_HOME)
    assert of(outcome, OAK).status is Status.INVOLVED
    assert of(outcome, GP).status is Status.TRY_AGAIN


async def test_a_usable_answer_of_either_round_stands(world: World, gateway: SimGateway) -> None:
    """SCHOOLS answers only the first query, the others only the second."""
    most_say_try_again(world, 1)

    def without_schools(show: Show, _: Memory) -> Show:
        gone = [a for a in answers_in(show) if a.node == SCHOOLS]
        return tuple(s for s in show if s not in gone)

    through(gateway, rounds(honest(), without_schools))
    outcome = await ask(gateway, AT_HOME)
    assert outcome.complete
    assert of(outcome, OAK).status is Status.INVOLVED
    assert of(outcome, ELM).status is Status.NOTHING_TO_DISCLOSE


@pytest.mark.parametrize("code", Code)
async def test_a_broker_that_cannot_serve_now_is_asked_once_more(
    gateway: SimGateway, code: Code
) -> None:
    again = code in (Code.NOT_READY, Code.REPLAYED, Code.NOT_FRESH)
    through(gateway, rounds(refuses(code)))
    if again:
        assert (await ask(gateway, AT_HOME)).complete
    else:
        assert await refusal(gateway, AT_HOME) is code
    assert len(gateway.submitted) == (2 if again else 1)
    through(gateway, refuses(code))
    gateway.submitted.clear()
    assert await refusal(gateway, AT_HOME) is code
    assert len(gateway.submitted) == (2 if again else 1)


async def test_silence_is_not_asked_again(world: World, gateway: SimGateway) -> None:
    """A gap is shown at once; whether to ask again is the practitioner's to say."""
    await world.stop_node(HEALTH)
    outcome = await ask(gateway, AT_HOME)
    assert of(outcome, GP).status is Status.NO_REPLY
    assert len(gateway.submitted) == 1


# ---- which epoch ---------------------------------------------------------------------------------


def epochs_asked(gateway: SimGateway) -> set[EpochNumber]:
    return {q.core.epoch for q in submitted(gateway)}


def second_epoch(world: World, starts_in: float) -> None:
    now = world.clock.now()
    epoch = world.open_epoch(2, now + starts_in, now + 90 * limits.DAY)
    for node in world.nodes.values():
        for agency in node.children:
            node.index(agency, epoch)


@pytest.mark.parametrize(("starts_in", "wanted"), [(-10, 2), (0, 2), (10, 1)])
async def test_the_newest_epoch_that_has_started_is_used(
    world: World, gateway: SimGateway, starts_in: float, wanted: int
) -> None:
    second_epoch(world, starts_in)
    assert (await ask(gateway)).complete
    assert epochs_asked(gateway) == {EpochNumber(wanted)}


async def test_an_older_one_serves_while_the_newer_pepper_is_missing(
    world: World, gateway: SimGateway
) -> None:
    second_epoch(world, -10)
    world.peppers.missing.add(EpochNumber(2))
    assert (await ask(gateway)).complete
    assert epochs_asked(gateway) == {EpochNumber(1)}


async def test_an_older_one_serves_while_the_newer_requesters_key_is_missing(
    world: World, gateway: SimGateway
) -> None:
    second_epoch(world, -10)
    world.peppers.keyless.add(EpochNumber(2))
    assert (await ask(gateway)).complete
    assert epochs_asked(gateway) == {EpochNumber(1)}


async def test_without_any_requesters_key_nothing_leaves(world: World, gateway: SimGateway) -> None:
    world.peppers.keyless.add(EpochNumber(1))
    world.holders.received.clear()
    with refused(Code.NOT_READY, LookupRule.NO_PEPPER):
        await ask(gateway)
    assert (gateway.submitted, world.holders.received) == ([], [])


async def test_without_any_pepper_nothing_leaves(world: World, gateway: SimGateway) -> None:
    world.peppers.missing.add(EpochNumber(1))
    world.holders.received.clear()
    with refused(Code.NOT_READY, LookupRule.NO_PEPPER):
        await ask(gateway)
    assert (gateway.submitted, world.holders.received) == ([], [])


async def test_that_no_epoch_runs_is_another_matter(world: World, gateway: SimGateway) -> None:
    world.change(parameters=replace(world.current.parameters, epochs=()))
    with refused(Code.NOT_READY, LookupRule.NO_EPOCH):
        await ask(gateway)


@pytest.mark.parametrize("edge", [limits.SLOT_SECONDS, limits.DAY])
async def test_a_query_keeps_its_slot_and_day_over_the_edge(world: World, edge: int) -> None:
    """Issued just before it, answered after it; and then just after it."""
    clock = world.clock
    await clock.run_for(edge - clock.now() % edge - 0.3)
    gateway = world.gateway(COUNCIL)
    assert (await ask(gateway)).complete
    assert (await ask(gateway)).complete
    slots = [q.core.slot for q in submitted(gateway)]
    assert slots == [slots[0]] * 2 + [slots[0] + 1] * 2
    assert {q.core.slot * limits.SLOT_SECONDS % edge for q in submitted(gateway)[2:]} == {0}


# ---- nothing leaves before it may ----------------------------------------------------------------


async def test_what_could_not_be_recorded_is_not_submitted(
    world: World, gateway: SimGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of the question is one; that of the query's hash, before the query goes, is
    another."""

    async def broken(*_: object) -> None:
        raise Defect("record")

    monkeypatch.setattr(gateway, "sent", broken)
    with pytest.raises(Defect):
        await ask(gateway)
    assert gateway.submitted == []
    gateway.record_fails = True
    world.holders.received.clear()
    with pytest.raises(Defect):
        await ask(gateway)
    assert world.holders.received == []


def record_once(gateway: SimGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway records that one query leaves, and then its disk is full."""
    recorded = gateway.sent

    async def full(agency: AgencyId, operation: str, query_hash: bytes, at: float) -> None:
        if gateway.hashes:
            raise Defect("the disk is full")
        await recorded(agency, operation, query_hash, at)

    monkeypatch.setattr(gateway, "sent", full)


async def test_what_one_query_brought_stays_though_the_other_could_not_be_recorded(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_once(gateway, monkeypatch)
    outcome = await ask(gateway)
    assert len(gateway.submitted) == 1
    found = set(statuses(outcome).values())
    assert Status.INVOLVED in found
    assert Status.NOT_ASKED in found
    assert not outcome.complete


async def test_what_the_first_try_brought_stays_though_the_second_could_not_be_recorded(
    world: World, gateway: SimGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    most_say_try_again(world, 1)
    record_once(gateway, monkeypatch)
    outcome = await ask(gateway, AT_HOME)
    assert len(gateway.submitted) == 1
    assert of(outcome, OAK).status is Status.INVOLVED
    assert not outcome.complete


@pytest.mark.parametrize("holder", HOLDERS)
async def test_a_key_holder_that_lies_or_is_away_stops_it(
    world: World, gateway: SimGateway, holder: MemberId
) -> None:
    world.holders.lying.add(holder)
    assert await refusal(gateway) is Code.BAD_PROOF
    world.holders.lying.clear()
    world.holders.down.add(holder)
    assert await refusal(gateway) is Code.UNAVAILABLE
    assert gateway.submitted == []


async def test_without_a_list_in_force_nothing_leaves(world: World, gateway: SimGateway) -> None:
    world.holders.received.clear()
    good = world.current
    newer = replace(good.parameters, normalisation_version=99)
    without = replace(good.code_lists, terms=())
    elsewhere = replace(good.code_lists, roles_at=())
    for federation, code in (
        (replace(good, valid_until=world.clock.now()), Code.UNTRUSTED_METADATA),
        (replace(good, parameters=newer), Code.UNSUPPORTED),
        (replace(good, members={}), Code.NOT_A_MEMBER),
        (replace(good, code_lists=without), Code.NOT_ALLOWED),
        (replace(good, code_lists=elsewhere), Code.NOT_ALLOWED),
    ):
        world.current = federation
        assert await refusal(gateway) is code
    world.current = good
    world.suspend(GATEWAY)
    assert await refusal(gateway) is Code.NOT_A_MEMBER
    assert (gateway.order, gateway.submitted, world.holders.received) == ([], [], [])


@pytest.mark.parametrize(
    ("purpose", "bare", "rule"),
    [
        (Purpose.S47_ENQUIRY, {"reason_reference": ""}, PurposeRule.REFERENCE),
        (Purpose.S47_ENQUIRY, {"facts": Facts()}, PurposeRule.STRATEGY_DISCUSSION),
        (Purpose.EXPLOITATION, {"facts": Facts()}, PurposeRule.REVIEWER),
        (Purpose.MISSING_CHILD, {"facts": Facts(checked=True)}, PurposeRule.REPORTED),
        (Purpose.EARLY_HELP, {}, PurposeRule.ROLE_OF_PURPOSE),
        (Purpose.MISSING_EDUCATION, {}, PurposeRule.ROLE_OF_PURPOSE),
    ],
)
async def test_on_other_terms_nothing_is_recorded_and_nothing_leaves(
    world: World, gateway: SimGateway, purpose: Purpose, bare: dict[str, Any], rule: PurposeRule
) -> None:
    world.holders.received.clear()
    why = replace(justified(purpose, now=world.clock.now()), **bare)
    with refused(Code.NOT_ALLOWED, rule):
        await ask(gateway, replace(QUESTION, justification=why))
    assert (gateway.order, gateway.submitted, world.holders.received) == ([], [], [])


async def test_a_role_that_the_agency_does_not_have_may_not_ask(
    world: World, gateway: SimGateway
) -> None:
    """A paramedic may ask for urgent care, and there is none at a council."""
    session = replace(gateway.session, role=Role.PARAMEDIC)
    why = justified(Purpose.URGENT_CARE, now=world.clock.now())
    with refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_AGENCY):
        await world.run(gateway.client.lookup(session, replace(QUESTION, justification=why)))
    with refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_AGENCY):
        gateway.client.terms(session, Purpose.URGENT_CARE)
    assert (gateway.order, gateway.submitted) == ([], [])


async def test_what_is_to_be_stated_follows_from_the_signed_lists(
    world: World, gateway: SimGateway
) -> None:
    lists, asked = world.current.code_lists, Purpose.S47_ENQUIRY
    assert Fact.INFORMED not in gateway.client.terms(gateway.session, asked).takes
    stricter = tuple(replace(each, takes=each.takes | {Fact.INFORMED}) for each in lists.terms)
    world.current = replace(world.current, code_lists=replace(lists, terms=stricter))
    assert Fact.INFORMED in gateway.client.terms(gateway.session, asked).takes


async def test_a_query_is_signed_for_all_gateways_and_a_submission_by_its_own(
    world: World, gateway: SimGateway
) -> None:
    await ask(gateway)
    for wire in gateway.submitted:
        envelope = read_envelope(wire, most=limits.QUERY_BYTES)
        assert envelope.signer == str(epoch_to_ask(world.current, world.clock.now()).number)
        assert COUNCIL.value.encode() not in wire
        assert GATEWAY.value.encode() not in wire
        assert read_query(wire, world.current.requester_key).core.area == COUNCIL.area


async def test_a_sign_in_that_has_run_out_stops_it(world: World, gateway: SimGateway) -> None:
    await world.clock.run_for(12 * 3600 + 1)
    assert await refusal(gateway) is Code.SIGN_IN
    assert gateway.order == []


# ---- who is not asked ----------------------------------------------------------------------------


async def test_a_suspended_agency_is_named_among_those_not_connected(
    world: World, gateway: SimGateway
) -> None:
    world.suspend(agencies=[GP])
    outcome = await ask(gateway)
    assert GP not in statuses(outcome)
    assert "Mill-Practice" in {gap.name for _, gap in outcome.not_connected}
    (practices,) = (s for s in outcome.services if s.kind.name == "GP")
    assert (practices.connected, practices.of) == (0, 1)
    assert not practices.none_named_itself


def give_away(world: World, agency: AgencyId) -> None:
    """The agency's name gives content away, and it has another one."""
    areas = {
        code: replace(
            area,
            agencies=tuple(
                replace(each, name="Refuge Aid", discreet_name="Services of Wexcombe Council")
                if each.id == agency
                else each
                for each in area.agencies
            ),
        )
        for code, area in world.current.areas.items()
    }
    world.change(areas=areas)


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_name_that_gives_content_away_is_shown_to_who_may_be_told_alone(
    world: World, gateway: SimGateway, suspended: bool
) -> None:
    give_away(world, GP)
    if suspended:
        world.suspend(agencies=[GP])
    graver, lesser = QUESTION, Question(AMINA, justified(Purpose.S17_ASSESSMENT))
    for question, told in ((graver, True), (lesser, False)):
        outcome = await ask(gateway, question)
        names = {each.agency.name for each in outcome.agencies}
        names |= {gap.name for _, gap in outcome.not_connected}
        assert ("Refuge Aid" in names) is told
        assert ("Services of Wexcombe Council" in names) is not told


async def test_an_agency_knows_its_own_name(world: World, gateway: SimGateway) -> None:
    give_away(world, COUNCIL)
    outcome = await ask(gateway, Question(AMINA, justified(Purpose.S17_ASSESSMENT)))
    assert of(outcome, COUNCIL).agency.name == "Refuge Aid"


async def test_an_outcome_says_what_was_asked(gateway: SimGateway) -> None:
    narrow = replace(QUESTION, reach=Reach.NAMED, named_areas=(POLICE.area,))
    outcome = await ask(gateway, narrow)
    assert (outcome.reach, outcome.wide) == (Reach.NAMED, False)
    assert list(statuses(outcome)) == [POLICE]
    outcome = await ask(gateway)
    assert (outcome.reach, outcome.wide) == (Reach.AREA_AND_NEIGHBOURS, True)
    assert outcome.purpose is Purpose.S47_ENQUIRY
    assert len(outcome.operation) == 16


@pytest.mark.parametrize("step", ["keep", "ended"])
async def test_answers_are_given_on_a_full_disk_and_never_as_a_complete_outcome(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async def full(*_: object) -> None:
        raise Defect("the disk is full")

    assert (await ask(gateway)).complete
    monkeypatch.setattr(gateway, step, full)
    outcome = await ask(gateway)
    assert of(outcome, OAK).status is Status.INVOLVED
    assert (outcome.kept, outcome.complete) == (False, False)
