"""Reticence: no record, shielded, withheld, sensitive, not permitted cannot be distinguished, and
near is not enough.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.matching import Finding
from agency_node.reading.feed import MemberListFeed
from agency_node.reading.line import Line
from agency_node.records.records import Involvement
from fakes.by_hand import ByHand
from fakes.federations import EVERY_CODE
from fakes.node_records import an_involvement
from fakes.node_world import (
    BROKER,
    HERE,
    MINE,
    NOTHING,
    SCHOOL,
    NodeWorld,
    a_child,
    a_record,
    a_world,
    another_child,
)
from fakes.notes import no_exchange
from fingerpost.private.justification import REASONS, Facts, Reason
from fingerpost.private.messages import ANSWERED, AnswerPart
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol.codes import (
    COARSE,
    AgencyKind,
    InvolvementStatus,
    Kind,
    Purpose,
    Quality,
    Reach,
    Role,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Code
from fingerpost.protocol.messages import KeySet, SealedAnswer, size_class
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Fact, Terms, Tier, tier_of

# ---- what cannot be distinguished ---------------------------------------------------------------

RETICENT = {
    "no record": (a_record(0, another_child()),),
    "shielded": (a_record(0, None, an_involvement(), an_involvement(Kind.GP, shielded=True)),),
    "sensitive kind": (a_record(0, None, an_involvement(Kind.MENTAL_HEALTH)),),
    "sensitive row": (a_record(0, None, an_involvement(sensitive=True)),),
    "beyond the tier": (a_record(0, None, an_involvement(Kind.YOUTH_JUSTICE)),),
    "shielded double": (
        a_record(0),
        a_record(1, a_child(middle_names="Wren"), an_involvement(shielded=True)),
    ),
}


def answered(world: NodeWorld, query: SealedQuery) -> AnswerPart:
    """Ask, and return the one part of the answer, which is sealed at its one size."""
    answers = world.node.answer([query.wire])
    assert [len(answer.sealed) for answer in answers] == [size_class(len(MINE)).sealed_bytes]
    (part,) = world.read(answers, query)[query.hash]
    return part


@pytest.mark.parametrize("why", RETICENT)
def test_reticence_of_every_kind_is_one_word_one_size_and_no_pointer(why: str) -> None:
    world = a_world(school=RETICENT[why])
    part = answered(world, world.query(purpose=Purpose.S17_ASSESSMENT))
    assert {a.agency: a.status for a in part.agencies} == NOTHING
    assert part.pointers == ()
    assert {a.generation for a in part.agencies} == {1}


def test_what_opened_is_recorded_though_nothing_was_told() -> None:
    for why, records in RETICENT.items():
        world = a_world(school=records)
        world.ask(world.query(purpose=Purpose.S17_ASSESSMENT))
        entries = [e for e in world.entries if e.agency == SCHOOL]
        assert len(entries) == (why != "no record"), why
        assert all(e.examined.finding is Finding.MATCH for e in entries), why
        assert all(e.disclosed == 0 and e.status is Status.NOTHING_TO_DISCLOSE for e in entries)


def test_the_same_question_is_answered_where_nothing_is_withheld() -> None:
    """So that the silence above has no other reason."""
    world = a_world(school=(a_record(),))
    part = answered(world, world.query(purpose=Purpose.S17_ASSESSMENT))
    assert {a.agency: a.status for a in part.agencies} == NOTHING | {SCHOOL: Status.INVOLVED}


def test_not_permitted_is_the_same_word_and_recorded_as_refused() -> None:
    """A passport that its agency did not sign."""
    world = a_world(school=(a_record(),))
    assert world.words(world.query(passport_key=Ed25519PrivateKey.generate())) == NOTHING
    (entry,) = world.entries
    assert entry.examined.finding is Finding.REFUSED
    assert entry.examined.refusal is Code.BAD_PASSPORT
    assert entry.examined.question is None


@pytest.mark.parametrize(
    "asked",
    [
        {"reach": Reach.AREA_AND_NEIGHBOURS},
        {
            "because": WideningReason.RECENT_MOVE,
            "purpose": Purpose.CLA_CARE,
            "reach": Reach.NAMED,
            "named": (HERE,),
        },
    ],
    ids=["without a reason", "a purpose that may not"],
)
def test_a_second_round_out_of_the_rules_is_the_same_word_and_recorded_as_refused(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    """By a program that leaves the check out: wide keys to the neighbours."""
    world = a_world(school=(a_record(),))
    check = "fingerpost.private.query_sealing.require_permitted"
    with monkeypatch.context() as careless:
        careless.setattr(check, lambda *_, **__: None)
        query = world.query(key_set=KeySet.WIDE, **asked)
    part = answered(world, query)
    assert {a.agency: a.status for a in part.agencies} == NOTHING
    assert part.pointers == ()
    (entry,) = world.entries
    assert (entry.examined.finding, entry.examined.refusal) == (Finding.REFUSED, Code.NOT_ALLOWED)
    assert entry.examined.question is None


def test_a_purpose_that_governance_has_not_put_in_force_is_refused_at_the_agency() -> None:
    world = a_world(school=(a_record(),))
    terms = tuple(t for t in TERMS if t.purpose is Purpose.EARLY_HELP)
    lists = replace(world.current.code_lists, terms=terms)
    world.current = replace(world.current, code_lists=lists)
    assert world.words(world.query()) == NOTHING
    (entry,) = world.entries
    assert (entry.examined.finding, entry.examined.refusal) == (Finding.REFUSED, Code.NOT_ALLOWED)


@pytest.mark.parametrize(
    "asked",
    [
        {"purpose": Purpose.EARLY_HELP},
        {"purpose": Purpose.URGENT_CARE, "role": Role.ED_CLINICIAN},
        {"purpose": Purpose.REFERRAL_TRIAGE, "reach": Reach.AREA_AND_NEIGHBOURS},
        {"purpose": Purpose.S17_ASSESSMENT, "reference": ""},
        {"purpose": Purpose.EXPLOITATION, "facts": Facts()},
    ],
    ids=[
        "role of the purpose",
        "role of the agency",
        "reach",
        "a fact is missing",
        "nobody reviews it",
    ],
)
def test_a_question_beyond_its_terms_is_the_same_word_and_recorded_as_refused(
    asked: dict[str, Any],
) -> None:
    """By a program of the requester's own that holds itself to no terms."""
    world = a_world(school=(a_record(),))
    part = answered(world, world.query(**asked))
    assert {a.agency: a.status for a in part.agencies} == NOTHING
    assert part.pointers == ()
    (entry,) = world.entries
    assert (entry.examined.finding, entry.examined.refusal) == (Finding.REFUSED, Code.NOT_ALLOWED)
    assert (entry.disclosed, entry.status) == (0, Status.NOTHING_TO_DISCLOSE)


def test_grounds_for_significant_harm_open_a_tier_and_no_other_grounds_do() -> None:
    world = a_world(school=(a_record(0, None, an_involvement(Kind.YOUTH_JUSTICE)),))
    asked: dict[str, Any] = {"purpose": Purpose.REFERRAL_TRIAGE, "role": Role.MASH_PRACTITIONER}
    for reason in REASONS[Purpose.REFERRAL_TRIAGE]:
        part = answered(world, world.query(facts=Facts(reason=reason), **asked))
        involved = {a.agency for a in part.agencies if a.status is Status.INVOLVED}
        assert involved == ({SCHOOL} if reason is Reason.LIKELY_SIGNIFICANT_HARM else set())


# ---- twins, doubles and strangers ---------------------------------------------------------------


def test_doubles_of_one_child_are_told_as_one() -> None:
    double = a_record(1, None, an_involvement(Kind.EDU_WELFARE, worker_name="Jo Pine"))
    world = a_world(school=(a_record(0), double))
    part = world.part(world.query())
    assert {p.worker_name for p in part.pointers} == {"Robin Ferris", "Jo Pine"}


def test_a_twin_is_never_pointed_to_and_stands_in_the_log_as_possible() -> None:
    twin = a_child(forename="Mary", health_number="")
    world = a_world(school=(a_record(0, twin),))
    assert world.words(world.query(key_set=KeySet.WIDE)) == NOTHING
    assert [e.examined.finding for e in world.entries] == [Finding.POSSIBLE]


def test_of_two_children_who_both_match_the_better_one_stands() -> None:
    """Asked with one twin's name and the other's number: she is not missed for it, and the other
    stays only possible."""
    one = a_child(health_number="", postcode="", sex=None)
    other = a_child(forename="Mary", health_number="9990000026", postcode="", sex=None)
    world = a_world(school=(a_record(0, one), a_record(1, other)))
    mixed = a_child(forename="Marygold", health_number="9990000026", postcode="")
    assert world.words(world.query(mixed))[SCHOOL] is Status.INVOLVED
    (entry,) = (entry for entry in world.entries if entry.agency == SCHOOL)
    assert entry.examined.finding is Finding.MATCH
    assert len(entry.examined.matched) == len(entry.examined.possible) == 1


ASKED_BY_A_COUNCIL = [
    (terms, min(terms.roles & EVERY_CODE.roles_of(AgencyKind.LOCAL_AUTHORITY)))
    for terms in TERMS
    # No role of a council asks for urgent care; leaving care is for young adults.
    if terms.purpose not in (Purpose.URGENT_CARE, Purpose.LEAVING_CARE)
]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            an_involvement,
            st.sampled_from(Kind),
            status=st.sampled_from(InvolvementStatus),
            sensitive=st.booleans(),
            shielded=st.booleans(),
            lead=st.booleans(),
        ),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from(ASKED_BY_A_COUNCIL),
)
def test_whatever_is_kept_nothing_withheld_leaves(
    rows: list[Involvement], asked: tuple[Terms, Role]
) -> None:
    terms, role = asked
    world = NodeWorld()
    world.put(SCHOOL, a_record(0, None, *rows))
    named = terms.reach is Reach.NAMED
    query = world.query(
        purpose=terms.purpose,
        role=role,
        terms=terms,
        reach=Reach.NAMED if named else Reach.AREA,
        named=(HERE,) if named else (),
        approver="manager-1" if Fact.APPROVAL in terms.takes else "",
    )
    part = answered(world, query)
    (entry,) = world.entries
    assert entry.examined.finding is Finding.MATCH, "the question keeps to its terms"
    withheld = any(row.shielded for row in rows)
    assert not (withheld and part.pointers)
    kinds = {
        COARSE[row.kind]
        for row in rows
        if terms.tier is not Tier.NONE
        and not row.sensitive
        and not row.kind.sensitive
        and (row.lead or terms.tier >= tier_of(row.kind) or row.kind in terms.also)
    }
    assert {p.kind for p in part.pointers} <= kinds | {None}
    assert bool(part.pointers) == (bool(kinds) and not withheld)
    status = {a.agency: a.status for a in part.agencies}[SCHOOL]
    assert (status is Status.INVOLVED) == bool(part.pointers)


@pytest.mark.parametrize("quality", [None, *Quality])
def test_the_quality_is_the_same_whether_the_child_is_known(quality: Quality | None) -> None:
    """It stands beside every answer from records, also where the query opened nowhere."""
    stated = set()
    for records in (*RETICENT.values(), (a_record(),)):
        world = a_world(school=records, quality=quality)
        part = world.part(world.query())
        stated |= {a.quality for a in part.agencies if a.status in ANSWERED}
    assert stated == {quality}


@pytest.mark.parametrize("why", [*RETICENT, "known"])
async def test_all_leave_on_one_tick(why: str) -> None:
    """However long each took within the delay."""
    world = a_world(school=RETICENT.get(why, (a_record(),)))
    thread = ByHand()
    reader = Line(MemberListFeed(BROKER, world, lambda: 0.0), world.clock, world.log)
    line = AnswerLine(world.node.answer, no_exchange, thread, reader, world, world.clock, world.log)
    working = asyncio.gather(line.run(), reader.run())
    leaving = asyncio.create_task(reader.departure())
    await world.clock.run_for(0.007)
    received = world.clock.monotonic()
    reader.take(received, (world.query(purpose=Purpose.S17_ASSESSMENT).wire,))
    await world.clock.run_for(0.05 + 0.01 * len(why))  # the work takes its time
    thread.step()
    await world.clock.run_for(0.492 - 0.01 * len(why))
    assert not leaving.done()
    await world.clock.run_for(0.002)
    (answer,) = await leaving
    assert isinstance(answer, SealedAnswer)
    assert len(answer.sealed) == size_class(len(MINE)).sealed_bytes
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
