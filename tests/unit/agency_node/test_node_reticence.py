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
from fakes.by_hand import ByHand
from fakes.node_records import an_involvement
from fakes.node_world import (
    HERE,
    NOTHING,
    SCHOOL,
    NodeWorld,
    a_child,
    a_record,
    a_world,
    another_child,
)
from fingerpost.private.messages import AnswerPart
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    COARSE,
    InvolvementStatus,
    Kind,
    Purpose,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Code
from fingerpost.protocol.messages import KeySet

# ---- what cannot be distinguished ---------------------------------------------------------------

RETICENT = {
    "no record": (a_record(0, another_child()),),
    "shielded": (a_record(0, None, an_involvement(), an_involvement(Kind.GP, shielded=True)),),
    "sensitive kind": (a_record(0, None, an_involvement(Kind.MENTAL_HEALTH)),),
    "sensitive row": (a_record(0, None, an_involvement(sensitive=True)),),
    "not for this purpose": (a_record(0, None, an_involvement(Kind.YOUTH_JUSTICE)),),
    "shielded double": (
        a_record(0),
        a_record(1, a_child(middle_names="Wren"), an_involvement(shielded=True)),
    ),
}


def answered(world: NodeWorld, query: SealedQuery) -> AnswerPart:
    """Ask, and return the one part of the answer, which is sealed at its one size."""
    answers = world.node.answer([query.wire])
    assert [len(answer.sealed) for answer in answers] == [limits.ANSWER_BYTES]
    (part,) = world.read(answers, query)[query.hash]
    return part


@pytest.mark.parametrize("why", RETICENT)
def test_reticence_of_every_kind_is_one_word_one_size_and_no_pointer(why: str) -> None:
    world = a_world(school=RETICENT[why])
    part = answered(world, world.query(purpose=Purpose.EARLY_HELP))
    assert {a.agency: a.status for a in part.agencies} == NOTHING
    assert part.pointers == ()
    assert {a.generation for a in part.agencies} == {1}


def test_what_opened_is_recorded_though_nothing_was_told() -> None:
    for why, records in RETICENT.items():
        world = a_world(school=records)
        world.ask(world.query(purpose=Purpose.EARLY_HELP))
        entries = [e for e in world.entries if e.agency == SCHOOL]
        assert len(entries) == (why != "no record"), why
        assert all(e.disclosed == 0 and e.status is Status.NOTHING_TO_DISCLOSE for e in entries)


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
    lists = replace(world.current.code_lists, purposes=frozenset({Purpose.EARLY_HELP}))
    world.current = replace(world.current, code_lists=lists)
    assert world.words(world.query()) == NOTHING
    assert world.entries[0].examined.refusal is Code.NOT_ALLOWED


# ---- twins, doubles and strangers ---------------------------------------------------------------


def test_doubles_of_one_child_are_told_as_one() -> None:
    double = a_record(1, None, an_involvement(Kind.EDU_WELFARE, worker_name="Jo Pine"))
    world = a_world(school=(a_record(0), double))
    part = world.part(world.query())
    assert {p.worker_name for p in part.pointers} == {"Robin Ferris", "Jo Pine"}


def test_a_twin_is_never_pointed_to_and_stands_in_the_log_as_possible() -> None:
    twin = a_child(forename="Mary", nhs_number="")
    world = a_world(school=(a_record(0, twin),))
    assert world.words(world.query(key_set=KeySet.WIDE)) == NOTHING
    assert [e.examined.finding for e in world.entries] == [Finding.POSSIBLE]


def test_of_two_children_who_both_match_the_better_one_stands() -> None:
    """Asked with one twin's name and the other's number: she is not missed for it, and the other
    stays only possible."""
    one = a_child(nhs_number="", postcode="", sex=None)
    other = a_child(forename="Mary", nhs_number="9990000026", postcode="", sex=None)
    world = a_world(school=(a_record(0, one), a_record(1, other)))
    mixed = a_child(forename="Marygold", nhs_number="9990000026", postcode="")
    assert world.words(world.query(mixed))[SCHOOL] is Status.INVOLVED
    (entry,) = (entry for entry in world.entries if entry.agency == SCHOOL)
    assert entry.examined.finding is Finding.MATCH
    assert len(entry.examined.matched) == len(entry.examined.possible) == 1


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
    st.sampled_from(
        [p for p in Purpose if p not in (Purpose.EXPLOITATION, Purpose.PRACTICE_REVIEW)]
    ),
)
def test_whatever_is_kept_nothing_withheld_leaves(rows: list[object], purpose: Purpose) -> None:
    world = NodeWorld()
    world.put(SCHOOL, a_record(0, None, *rows))  # type: ignore[arg-type]
    named = {Purpose.CLA_CARE, Purpose.TRANSFER_IN}
    reach = Reach.NAMED if purpose in named else Reach.AREA
    query = world.query(purpose=purpose, reach=reach, named=(HERE,) if purpose in named else ())
    part = answered(world, query)
    withheld = any(row.shielded for row in rows)  # type: ignore[attr-defined]
    assert not (withheld and part.pointers)
    kinds = {
        COARSE[row.kind]  # type: ignore[attr-defined]
        for row in rows
        if not row.sensitive and not row.kind.sensitive  # type: ignore[attr-defined]
    }
    assert {p.kind for p in part.pointers} <= kinds | {None}
    status = {a.agency: a.status for a in part.agencies}[SCHOOL]
    assert (status is Status.INVOLVED) == bool(part.pointers)


@pytest.mark.parametrize("why", [*RETICENT, "known"])
async def test_all_leave_on_one_tick(why: str) -> None:
    """However long each took within the delay."""
    world = a_world(school=RETICENT.get(why, (a_record(),)))
    thread = ByHand()
    line = AnswerLine(world.node.answer, thread, world, world.clock, world.log)
    working = asyncio.create_task(line.run())
    leaving = asyncio.create_task(line.departure())
    await world.clock.run_for(0.007)
    received = world.clock.monotonic()
    await line.take(received, (world.query(purpose=Purpose.EARLY_HELP).wire,))
    await world.clock.run_for(0.01 * len(why))  # the work takes its time
    thread.step()
    await world.clock.run_for(0.542 - 0.01 * len(why))
    assert not leaving.done()
    await world.clock.run_for(0.002)
    (answer,) = await leaving
    assert len(answer.sealed) == limits.ANSWER_BYTES
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
