"""One query on its way: what counts, what does not, when it is over."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from fakes.answers import alone
from fakes.asking_by_hand import Craft
from fakes.wexcombe import AMINA, COUNCIL, ELM, GP, HEALTH, OAK, SCHOOLS, build, large_host
from federation import World
from fingerpost.private.messages import AgencyAnswer, AnswerPart
from fingerpost.private.query_sealing import SealedQuery, seal_answer
from fingerpost.protocol.codes import Reach, Status
from fingerpost.protocol.federation import Agency, parts_of
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import (
    Accepted,
    Answers,
    Ended,
    LookupEvent,
    NodeAnswer,
    size_class,
)
from practitioner.asking.query import MOST_REJECTED, TRANSITIONS, QueryOnItsWay, State

NOISE = bytes(size_class(1).sealed_bytes)


class Asked:
    """A query that was sealed, and what all nodes truly say to it."""

    def __init__(self, world: World, reach: Reach = Reach.AREA_AND_NEIGHBOURS) -> None:
        self.world = world
        self.sealed: SealedQuery = Craft(world, COUNCIL, AMINA, AMINA, reach=reach).sealed()
        self.asked: tuple[Agency, ...] = world.current.agencies_in_reach(COUNCIL.area, reach)
        self.accepted = Accepted(self.sealed.hash, tuple(sorted(world.nodes)))
        self.answers = [
            alone(NodeAnswer(node.me, answer.part, answer.sealed))
            for node in world.nodes.values()
            for answer in node.service.answer((self.sealed.wire,))
        ]

    def query(self) -> QueryOnItsWay:
        return QueryOnItsWay(self.sealed, self.world.current, self.asked)

    def after(self, events: Iterable[LookupEvent]) -> QueryOnItsWay:
        query = self.query()
        for event in events:
            query.receive(event)
        return query

    def of(self, node: MemberId) -> Answers:
        (found,) = (a for a in self.answers if a.answers[0].node == node)
        return found

    def said_by(self, node: MemberId, *agencies: AgencyAnswer, part: int = 0) -> Answers:
        """What a lying node signs."""
        body = AnswerPart(self.sealed.hash, node, 1, part, part + 1, agencies, bytes(32))
        sealed = seal_answer(body, self.sealed.core.reply_key, self.world.nodes[node].key)
        return alone(NodeAnswer(node, part, sealed.sealed))


def changed(shown: Answers, **changes: Any) -> Answers:
    return alone(replace(shown.answers[0], **changes))


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked(build())


def said(query: QueryOnItsWay) -> dict[AgencyId, Status]:
    return {agency: answer.status for agency, answer in query.answers().items()}


def is_over(query: QueryOnItsWay) -> bool:
    return query.ended


def gaps(query: QueryOnItsWay) -> set[AgencyId]:
    return {agency for agency, status in said(query).items() if status is Status.NO_REPLY}


def test_each_event_has_a_place_in_each_state_and_an_end_stays_an_end() -> None:
    events = (Accepted, Answers, Ended)
    assert TRANSITIONS.keys() == set(itertools.product(State, events))
    for event in events:
        assert TRANSITIONS[State.ENDED, event] is State.ENDED
    assert {TRANSITIONS[state, Ended] for state in State} == {State.ENDED}


def test_before_anything_came_everybody_asked_is_a_gap(asked: Asked) -> None:
    query = asked.query()
    assert gaps(query) == {a.id for a in asked.asked}
    assert not is_over(query)


def test_every_part_in_is_the_end_whether_or_not_the_broker_says_so(asked: Asked) -> None:
    query = asked.after([asked.accepted, *asked.answers[:-1]])
    assert not is_over(query)
    query.receive(asked.answers[-1])
    assert is_over(query)
    assert gaps(query) == set()
    assert said(query)[OAK] is Status.INVOLVED
    assert len(query.answers()[OAK].pointers) == 1
    assert query.answers()[ELM].pointers == ()


def test_the_brokers_list_of_silent_nodes_decides_nothing(asked: Asked) -> None:
    query = asked.after([*asked.answers[:1], Ended(())])
    assert is_over(query)
    everybody = asked.after([*asked.answers, Ended(tuple(asked.world.nodes))])
    assert gaps(everybody) == set()
    (part,) = parts_of(asked.asked, asked.answers[0].answers[0].node)
    assert len(gaps(query)) == len(asked.asked) - len(part)


@examples(50)
@given(st.permutations(range(6)), st.sets(st.integers(0, 3)))
def test_the_order_of_answers_and_doubles_change_nothing(
    asked: Asked, order: list[int], doubled: set[int]
) -> None:
    events: list[LookupEvent] = [asked.accepted, *asked.answers]
    events += [asked.answers[i] for i in doubled]
    shuffled = [events[i] for i in order if i < len(events)]
    rest = [e for e in events if e not in shuffled]
    query = asked.after([*shuffled, *rest])
    assert query.answers() == asked.after([asked.accepted, *asked.answers]).answers()
    assert query.rejected == 0


def test_what_comes_after_the_end_is_not_heard(asked: Asked) -> None:
    query = asked.after([Ended(()), *asked.answers])
    assert gaps(query) == {a.id for a in asked.asked}


def test_an_invalid_answer_neither_counts_nor_keeps_the_valid_one_out(asked: Asked) -> None:
    junk = changed(asked.of(HEALTH), sealed=NOISE)
    query = asked.after([junk, junk])
    assert (query.rejected, gaps(query)) == (2, {a.id for a in asked.asked})
    query.receive(asked.of(HEALTH))
    assert said(query)[GP] is Status.INVOLVED
    query.receive(junk)
    assert said(query)[GP] is Status.INVOLVED
    assert query.rejected == 2, "that part is in: nothing about it is looked at any more"


def test_who_was_not_asked_is_not_heard(asked: Asked) -> None:
    for stranger in (MemberId("stranger"), MemberId("gateway")):
        query = asked.after([changed(asked.of(HEALTH), node=stranger)])
        assert gaps(query) == {a.id for a in asked.asked}
    assert asked.after([changed(asked.of(HEALTH), part=1)]).rejected == 0


def test_so_much_junk_is_the_end(asked: Asked) -> None:
    query = asked.query()
    junk = changed(asked.of(HEALTH), sealed=b"")
    for _ in range(MOST_REJECTED):
        query.receive(junk)
    assert not is_over(query)
    query.receive(junk)
    assert is_over(query)
    query.receive(asked.of(HEALTH))
    assert said(query)[GP] is Status.NO_REPLY


YES = Status.INVOLVED


@pytest.mark.parametrize(
    "agencies",
    [
        (),
        (AgencyAnswer(OAK, YES, 1, 1),),
        (AgencyAnswer(ELM, YES, 1, 1),),
        (AgencyAnswer(GP, YES, 1, 1),),
        (AgencyAnswer(ELM, YES, 1, 1), AgencyAnswer(GP, YES, 1, 1), AgencyAnswer(OAK, YES, 1, 1)),
    ],
    ids=["nobody", "one-left-out", "the-other-left-out", "anothers", "anothers-too"],
)
def test_a_node_speaks_for_all_its_agencies_and_for_no_other(
    asked: Asked, agencies: tuple[AgencyAnswer, ...]
) -> None:
    """Attack: a node leaves an agency out that it would have to answer for, or answers for
    another's."""
    query = asked.after([asked.said_by(SCHOOLS, *agencies)])
    assert query.rejected == 1
    assert gaps(query) == {a.id for a in asked.asked}
    query.receive(asked.of(SCHOOLS))
    assert said(query)[OAK] is Status.INVOLVED


def test_a_part_is_waited_for_by_itself() -> None:
    """A host whose agencies fill two parts: one of them is not all."""
    world, involved = large_host()
    asked = Asked(world, Reach.AREA)
    first, second = sorted(
        (a for a in asked.answers if a.answers[0].node == SCHOOLS), key=lambda a: a.answers[0].part
    )
    query = asked.after([asked.of(MemberId("council-node")), first])
    assert not is_over(query)
    assert len(gaps(query)) == 6
    assert said(query)[involved] is Status.NO_REPLY
    query.receive(second)
    assert is_over(query)
    assert said(query)[involved] is Status.INVOLVED
