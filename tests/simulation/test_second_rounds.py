"""A second round through the whole federation: what it finds, what it records, and when there is
none.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agency_node.answering.matching import Finding
from fakes.federations import public, requester_key
from fakes.justified import justified
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    ELM,
    HERE,
    NEXT,
    OAK,
    OTHER,
    POLICE,
    POLICE_NODE,
    QUESTION,
    SCHOOLS,
    TWIN,
    child,
    of,
    row,
)
from federation import World
from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.private.linkage import Decision, Scope, Side, blocking_keys, compare, normalise
from fingerpost.private.notes import Note, NoteKind
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import Kind, Purpose, Reach, Status, WideningReason
from fingerpost.protocol.errors import Code, Defect, Refused, Rule
from fingerpost.protocol.federation import ReachRule
from fingerpost.protocol.ids import AgencyId, AreaCode, Handle, MemberId
from fingerpost.protocol.messages import (
    Counting,
    Ended,
    KeySet,
    LookupEvent,
    Query,
    Submission,
)
from practitioner.asking import sending
from practitioner.asking.notes import KeptNote
from practitioner.asking.outcome import (
    Again,
    Former,
    NotAsked,
    Outcome,
    Progress,
    Question,
    Widened,
)
from practitioner.asking.plan import WITHIN_SECONDS, LookupRule
from practitioner.asking.sending import Lookup

LIKELY = WideningReason.OTHER_NAME_LIKELY


def recorded_otherwise(asked: Demographics) -> Demographics:
    """A record of the same child that only wide keys lead to: slips of the pen, perhaps at another
    address.
    """
    form = normalise(asked)
    narrow = set(blocking_keys(form, side=Side.QUERY, scope=Scope.NARROW, upn=False))
    wide = set(blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=False))
    for forename, surname, dob, postcode in itertools.product(
        ("Amina", "Aminah", "Amena", "Emina", "Agina"),
        ("Hartley", "Harley", "Bartley", "Heartley", "Hartlee", "Osei"),
        (date(2015, 3, 9), date(2015, 3, 19), date(2015, 4, 9), date(2014, 3, 9)),
        # Next door nothing is named without the postcode of the record.
        (asked.postcode,),
    ):
        record = replace(asked, forename=forename, surname=surname, dob=dob, postcode=postcode)
        other = normalise(record)
        keys = set(blocking_keys(other, side=Side.RECORD, scope=Scope.WIDE, upn=False))
        meets = narrow.isdisjoint(keys) and not wide.isdisjoint(keys)
        if meets and compare(form, other).decision is Decision.MATCH:
            return record
    raise AssertionError("narrow keys lead to every slip that wide ones lead to")


@pytest.fixture
def world(world: World) -> World:
    """The police next door know Amina, by a slip of the pen."""
    record = child(0, recorded_otherwise(AMINA), row(Kind.POLICE_PROTECTION))
    world.nodes[POLICE_NODE].load(POLICE, [record])
    return world


async def widen(
    gateway: SimGateway, first: Outcome | str, because: WideningReason = LIKELY, **more: Any
) -> Outcome:
    after = first if isinstance(first, str) else first.operation
    return await gateway.widen(Again(Widened(after, because), **more))


async def refusal(*args: Any, **more: Any) -> tuple[Code, Rule | None]:
    with pytest.raises(Refused) as refused:
        await widen(*args, **more)
    return refused.value.code, refused.value.rule


def sent(gateway: SimGateway) -> list[Query]:
    return [
        read_query(wire, lambda number: public(requester_key(number))) for wire in gateway.submitted
    ]


# ---- what it finds -----------------------------------------------------------------------------


async def test_it_finds_a_child_next_door_whom_narrow_keys_did_not(
    world: World, gateway: SimGateway
) -> None:
    first = await gateway.ask(QUESTION)
    assert first.complete
    assert first.widened is None
    assert of(first, POLICE).status is Status.NOTHING_TO_DISCLOSE
    assert world.nodes[POLICE_NODE].findings(POLICE) == [], "it did not even open there"

    second = await widen(gateway, first)
    assert second.widened == Widened(first.operation, LIKELY)
    assert second.operation != first.operation
    assert (second.purpose, second.reach, second.wide) == (
        Purpose.S47_ENQUIRY,
        Reach.AREA_AND_NEIGHBOURS,
        True,
    )
    assert of(second, POLICE).status is Status.INVOLVED
    assert of(second, OAK).status is Status.INVOLVED
    (pointer,) = of(second, POLICE).pointers
    assert pointer.desk_phone == "01632 960123"
    assert {a.agency.id for a in second.agencies} == {a.agency.id for a in first.agencies}


async def test_who_opens_it_reads_and_records_why(world: World, gateway: SimGateway) -> None:
    await widen(gateway, await gateway.ask(QUESTION))
    (entry,) = world.nodes[POLICE_NODE].entries
    assert entry.examined.finding is Finding.MATCH
    assert entry.examined.question is not None
    assert entry.examined.question.justification.widened_because is LIKELY
    assert entry.query.core.widened
    assert entry.examined.question.requester.id == COUNCIL
    recorded = [e for e in world.nodes[SCHOOLS].entries if e.agency == OAK]
    assert [e.query.core.widened for e in recorded] == [False, False, True]


async def test_who_may_be_her_is_for_the_duty_desk_and_never_told(world: World) -> None:
    world.nodes[POLICE_NODE].load(POLICE, [child(0, TWIN, row(Kind.POLICE_PROTECTION))])
    gateway = world.gateway(COUNCIL)
    second = await widen(gateway, await gateway.ask(QUESTION))
    for agency in (POLICE, ELM):
        assert of(second, agency).status is Status.NOTHING_TO_DISCLOSE
        assert of(second, agency).pointers == ()
    assert Finding.MATCH not in world.nodes[POLICE_NODE].findings(POLICE)


async def test_it_is_one_query_with_wide_keys_to_the_whole_reach(
    world: World, gateway: SimGateway
) -> None:
    first = await gateway.ask(QUESTION)
    world.holders.received.clear()
    before, carried = len(gateway.submitted), len(world.store.records)
    await widen(gateway, first)
    (query,) = sent(gateway)[before:]
    assert (query.core.key_set, query.core.reach) == (KeySet.WIDE, Reach.AREA_AND_NEIGHBOURS)
    assert len(query.wire) == limits.QUERY_BYTES
    assert len(world.store.records) - carried == 1, "a lookup of its own"
    assert [len(points) for points in world.holders.received] == [32 * 32, 32 * 32]
    for node in world.nodes.values():
        assert len({len(a.sealed) for _, answers in node.departures for a in answers}) == 1


async def test_it_is_recorded_and_taken_before_anything_leaves(gateway: SimGateway) -> None:
    first = await gateway.ask(QUESTION)
    gateway.order.clear()
    await widen(gateway, first)
    assert gateway.order == ["spent", "asked", "evaluated", "sent", "submitted", "kept", "ended"]
    assert gateway.widened == [Widened(first.operation, LIKELY)]


async def test_she_may_describe_the_child_better(world: World, gateway: SimGateway) -> None:
    first = await gateway.ask(QUESTION)
    better = replace(AMINA, other_names=(OtherName("Amina", "Osei"),), postcode="WX2 1AB")
    second = await widen(gateway, first, child=better)
    (entry,) = (e for e in world.nodes[SCHOOLS].entries if e.query.core.widened and e.agency == OAK)
    assert entry.examined.question is not None
    assert entry.examined.question.demographics == better
    assert second.widened is not None


async def test_only_one_area_may_be_widened(gateway: SimGateway) -> None:
    """Fewer uninvolved than the whole reach."""
    first = await gateway.ask(QUESTION)
    second = await widen(gateway, first, WideningReason.RECENT_MOVE, named_areas=(NEXT,))
    assert [a.agency.id for a in second.agencies] == [POLICE]
    assert of(second, POLICE).status is Status.INVOLVED


async def test_after_the_national_ring_it_goes_to_the_neighbours(gateway: SimGateway) -> None:
    question = Question(AMINA, justified(Purpose.EMERGENCY_PROTECTION), reach=Reach.NATIONAL_RING)
    first = await gateway.ask(question)
    assert first.reach is Reach.NATIONAL_RING
    second = await widen(gateway, first)
    assert second.reach is Reach.AREA_AND_NEIGHBOURS
    assert {q.core.key_set for q in sent(gateway) if q.core.reach is Reach.NATIONAL_RING} == {
        KeySet.NARROW
    }


# ---- when there is none ------------------------------------------------------------------------


async def require_nothing_leaves(
    gateway: SimGateway, first: Outcome | str, why: Rule, **more: Any
) -> None:
    def left() -> tuple[list[str], int, int]:
        world = gateway.world
        return list(gateway.order), len(world.holders.received), len(world.carried)

    before = left()
    assert await refusal(gateway, first, **more) == (Code.NOT_ALLOWED, why)
    assert left() == before


async def test_without_a_first_lookup_of_hers_there_is_none(gateway: SimGateway) -> None:
    await require_nothing_leaves(gateway, "0" * 16, LookupRule.NO_SUCH_OUTCOME)
    first = await gateway.ask(QUESTION)
    hers = gateway.session
    gateway.session = replace(hers, subject="worker-2")
    await require_nothing_leaves(gateway, first, LookupRule.NO_SUCH_OUTCOME)
    gateway.session = hers
    assert (await widen(gateway, first)).widened


async def test_a_lookup_is_widened_once(gateway: SimGateway) -> None:
    first = await gateway.ask(QUESTION)
    second = await widen(gateway, first)
    for spent in (first, second):
        await require_nothing_leaves(gateway, spent, LookupRule.SECOND_TAKEN)
    assert (await widen(gateway, await gateway.ask(QUESTION))).widened


async def test_within_a_day(world: World, gateway: SimGateway) -> None:
    one = await gateway.ask(QUESTION)
    other = await gateway.ask(QUESTION)
    await world.clock.run_for(other.asked_at + WITHIN_SECONDS - 60 - world.clock.now())
    gateway.session = replace(gateway.session, auth_time=int(world.clock.now()))  # signs in again
    assert (await widen(gateway, one)).widened
    await world.clock.run_for(60)
    await require_nothing_leaves(gateway, other, LookupRule.FIRST_TOO_OLD)


async def test_where_somebody_did_not_answer_she_asks_again_first(
    world: World, gateway: SimGateway
) -> None:
    await world.stop_node(SCHOOLS)
    first = await gateway.ask(QUESTION)
    assert not first.complete
    await require_nothing_leaves(gateway, first, LookupRule.FIRST_HAS_GAPS)


def say(gateway: SimGateway, first: Outcome, agency: AgencyId, kind: NoteKind) -> None:
    note = Note(secrets.token_bytes(limits.NOTE_NUMBER_BYTES), kind, agency, first.asked_at)
    gateway.notes.mark([KeptNote(first.operation, note)])


async def test_a_gap_that_was_rung_is_left_out_and_never_asked_with_wide_keys(
    world: World, gateway: SimGateway
) -> None:
    """Silence is not answered with wider keys, also where the node has come back."""
    await world.stop_node(SCHOOLS)
    first = await gateway.ask(QUESTION)
    silent = [each.agency.id for each in first.agencies if each.lacks_answer]
    assert {OAK, ELM} == set(silent)
    for kind in (NoteKind.NUMBER_WRONG, NoteKind.NOT_NEEDED):
        say(gateway, first, OAK, kind)
    say(gateway, first, ELM, NoteKind.SPOKE)
    await require_nothing_leaves(gateway, first, LookupRule.FIRST_HAS_GAPS)
    say(gateway, first, OAK, NoteKind.LEFT_MESSAGE)

    await world.start_node(SCHOOLS)
    carried = len(world.carried)
    second = await widen(gateway, first)
    for agency in silent:
        assert of(second, agency).status is Status.NOT_ASKED
        assert of(second, agency).not_asked is NotAsked.RUNG
        assert of(second, agency).pointers == ()
    assert of(second, POLICE).status is Status.INVOLVED
    assert not second.complete
    assert len(world.carried) > carried
    assert [e for e in world.nodes[SCHOOLS].entries if e.query.core.widened] == []


async def test_no_lookup_but_a_second_round_goes_round_anybody(
    world: World, gateway: SimGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a changed gateway asks everybody but the one whose log would show it."""
    monkeypatch.setattr(Lookup, "asked", Lookup.in_reach)

    def leaving_out(
        of: bytes, agency: AgencyId, handle: Handle, counting: Counting, _: object
    ) -> Submission:
        return Submission(of, agency, handle, counting, (SCHOOLS,))

    monkeypatch.setattr(sending, "Submission", leaving_out)
    for question in (QUESTION, replace(QUESTION, reach=Reach.AREA)):
        with pytest.raises(Refused) as caught:
            await gateway.ask(question)
        assert caught.value.code is Code.NOT_ALLOWED
    assert not world.store.records


BEFORE = replace(AMINA, forename="Saskia", surname="Quennell", postcode="WX2 1AB")


async def test_a_child_who_moved_under_another_name_is_found_by_what_is_added(
    world: World, gateway: SimGateway
) -> None:
    """The police next door know her as she was; nothing but her birthday and sex is the same."""
    world.nodes[POLICE_NODE].load(POLICE, [child(0, BEFORE, row(Kind.POLICE_PROTECTION))])
    former = Former((OtherName(BEFORE.forename, BEFORE.surname),), (BEFORE.postcode,))
    first = await gateway.ask(QUESTION)
    assert not first.former_stated
    as_before = await widen(gateway, first)
    assert of(as_before, POLICE).status is Status.NOTHING_TO_DISCLOSE
    again = await widen(gateway, await gateway.ask(QUESTION), former=former)
    assert of(again, POLICE).status is Status.INVOLVED
    assert again.former_stated
    (asked,) = [e for e in world.nodes[POLICE_NODE].entries if e.query.core.widened]
    assert asked.examined.question is not None
    assert asked.examined.question.demographics == former.added_to(AMINA)


@pytest.mark.parametrize("other", [OTHER, TWIN, replace(AMINA, forename="Salma")])
async def test_about_the_same_child_alone(gateway: SimGateway, other: Demographics) -> None:
    """Attack: ask about a harmless child, and widen about another."""
    first = await gateway.ask(QUESTION)
    await require_nothing_leaves(gateway, first, LookupRule.ANOTHER_CHILD, child=other)


async def test_a_reason_that_the_first_outcome_refutes(world: World, gateway: SimGateway) -> None:
    """A school and a practice named themselves."""
    none_named = WideningReason.NO_UNIVERSAL_SERVICE_NAMED
    first = await gateway.ask(QUESTION)
    why = LookupRule.REASON_REFUTED
    await require_nothing_leaves(gateway, first, why, because=none_named)
    world.nodes[SCHOOLS].load(OAK, [child(0, OTHER, row(Kind.EDU_SCHOOL))])
    unknown_to_schools = await gateway.ask(QUESTION)
    second = await widen(gateway, unknown_to_schools, none_named)
    assert second.widened == Widened(unknown_to_schools.operation, none_named)


@pytest.mark.parametrize(
    ("question", "because", "why"),
    [
        (
            Question(AMINA, justified(Purpose.S17_ASSESSMENT, "ref-1")),
            LIKELY,
            PurposeRule.MAY_NOT_WIDEN,
        ),
        (
            Question(AMINA, justified(Purpose.CLA_CARE), None, (NEXT,)),
            LIKELY,
            PurposeRule.MAY_NOT_WIDEN,
        ),
        (
            Question(AMINA, justified(Purpose.MISSING_CHILD), Reach.AREA_AND_NEIGHBOURS),
            WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION,
            PurposeRule.REASON,
        ),
        (replace(QUESTION, reach=Reach.AREA), LIKELY, LookupRule.NOTHING_TO_WIDEN),
    ],
)
async def test_not_for_every_purpose_and_not_for_every_reason(
    gateway: SimGateway, question: Question, because: WideningReason, why: Rule
) -> None:
    first = await gateway.ask(question)
    await require_nothing_leaves(gateway, first, why, because=because)


async def test_not_further_than_the_first(gateway: SimGateway) -> None:
    left_out = LookupRule.AREA_LEFT_OUT
    near = await gateway.ask(replace(QUESTION, reach=Reach.NAMED, named_areas=(NEXT,)))
    for more in ({"reach": Reach.AREA_AND_NEIGHBOURS}, {"named_areas": (HERE, NEXT)}):
        await require_nothing_leaves(gateway, near, left_out, **more)
    unknown = {"named_areas": (AreaCode("e99000009"),)}
    await require_nothing_leaves(gateway, near, ReachRule.NO_SUCH_AREA, **unknown)
    first = await gateway.ask(Question(AMINA, justified(Purpose.EMERGENCY_PROTECTION)))
    ring = {"reach": Reach.NATIONAL_RING}
    await require_nothing_leaves(gateway, first, PurposeRule.WIDE_REACH, **ring)


async def test_one_that_nobody_could_be_asked_is_not_taken(
    world: World, gateway: SimGateway
) -> None:
    first = await gateway.ask(QUESTION)
    world.holders.down.add(MemberId("holder-b"))
    assert (await refusal(gateway, first))[0] is Code.UNAVAILABLE
    assert gateway.order[-2:] == ["failed unavailable", "given back"]
    world.holders.down.clear()
    assert (await widen(gateway, first)).widened


@pytest.mark.parametrize("step", ["asked", "sent"])
async def test_one_that_could_not_be_recorded_is_not_taken(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first = await gateway.ask(QUESTION)

    async def full(*_: object) -> None:
        raise Defect("the disk is full")

    with monkeypatch.context() as disk, pytest.raises(Defect):
        disk.setattr(gateway, step, full)
        await widen(gateway, first)
    assert gateway.order[-1] == "given back"
    assert (await widen(gateway, first)).widened


@pytest.mark.parametrize(("hanging", "left"), [("evaluate", 0), ("lookup", 1)])
async def test_one_that_is_stopped_is_taken_where_its_query_may_have_left(
    gateway: SimGateway, monkeypatch: pytest.MonkeyPatch, hanging: str, left: int
) -> None:
    """What has left was seen by more agencies, once a lookup; what has not can be asked again."""
    first = await gateway.ask(QUESTION)
    reached = asyncio.Event()

    async def evaluate(*_: object) -> tuple[bytes, ...]:
        reached.set()
        return await asyncio.Future()

    async def lookup(*_: object) -> AsyncGenerator[LookupEvent]:
        await evaluate()
        yield Ended(())

    with monkeypatch.context() as patched:
        patched.setattr(gateway, hanging, {"evaluate": evaluate, "lookup": lookup}[hanging])
        progress = Progress()
        again = Again(Widened(first.operation, LIKELY))
        running = asyncio.ensure_future(gateway.client.widen(gateway.session, again, progress))
        await reached.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert (len(progress.operation), progress.left) == (16, left)
    assert f"stopped {left}" in gateway.order
    if left:
        assert await refusal(gateway, first) == (Code.NOT_ALLOWED, LookupRule.SECOND_TAKEN)
    else:
        assert (await widen(gateway, first)).widened == Widened(first.operation, LIKELY)


async def test_one_that_cannot_be_recorded_does_not_leave(
    world: World, gateway: SimGateway
) -> None:
    first = await gateway.ask(QUESTION)
    before = len(world.holders.received), len(world.carried)
    gateway.record_fails = True
    with pytest.raises(Defect):
        await widen(gateway, first)
    assert (len(world.holders.received), len(world.carried)) == before


async def test_a_session_that_has_ended_widens_nothing(world: World, gateway: SimGateway) -> None:
    """Who may ask is settled before it is even looked up what was asked."""
    first = await gateway.ask(QUESTION)
    over = replace(gateway.session.entitlement, training_until=int(world.clock.now()))
    gateway.session = replace(gateway.session, entitlement=over)
    assert (await refusal(gateway, "0" * 16))[0] is Code.SIGN_IN
    assert (await refusal(gateway, first))[0] is Code.SIGN_IN
