"""What leaves a node to tell its desks: when, how often, how much, and what is never lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.notices.due import (
    AGAIN_SECONDS,
    FIRST_HOUR,
    LEAST_WAIT_SECONDS,
    MOST_MESSAGES,
    MOST_WAIT_SECONDS,
    TICK_SECONDS,
    Desk,
    after,
    cover_address,
    covers,
    is_due,
    is_waiting,
    messages_a_tick,
    to_tell,
)
from agency_node.notices.lanes import Lane, next_list
from agency_node.notices.ports import Channel, Delivery, Notice, Outcome, Reply
from agency_node.notices.sending import Sending, Ways
from fakes.federations import NOW
from fakes.node_world import COUNCIL, SCHOOL
from fakes.notices import MemoryNotices
from fakes.simulated_holders import QuietLog
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId

AT = int(NOW)
KNOCK = Notice(bytes([1]) * 32, SCHOOL, Lane.RING_NOW, AT)
LATER = Notice(bytes([2]) * 32, SCHOOL, Lane.TODAY, AT)
NAMED = Notice(bytes([3]) * 32, SCHOOL, Lane.LOG_ONLY, AT)
COVER = "void.example"
DESKS = {
    SCHOOL: Desk("safeguarding@oak.example", "education-desk@council.example"),
    COUNCIL: Desk("front-door@council.example"),
}


class FakeMail:
    """Takes messages, or does with them what ``reply`` says."""

    def __init__(self) -> None:
        self.reply = Reply.TAKEN
        self.sessions: list[tuple[str, ...]] = []

    async def send(self, addresses: Sequence[str]) -> tuple[Reply, ...]:
        self.sessions.append(tuple(addresses))
        return tuple(self.reply for _ in addresses)


class FakeHook:
    def __init__(self) -> None:
        self.reply = Reply.TAKEN
        self.said: list[bool] = []

    async def say(self, *, waiting: bool, at: int) -> Reply:
        self.said.append(waiting)
        return self.reply


class World:
    """A store, a mail server and a webhook, and ticks."""

    def __init__(self, *notices: Notice, closed: bool = False) -> None:
        self.store, self.mail, self.hook = MemoryNotices(), FakeMail(), FakeHook()
        self.store.add(notices)
        self.closed = closed
        self.restart()

    def restart(self) -> None:
        ways = Ways(self.mail, COVER, DESKS, {SCHOOL: self.hook})
        self.sending = Sending(
            self.store,
            ways,
            QuietLog(),
            lambda agency: self.closed and agency == SCHOOL,
            lambda: 0.5,
        )

    async def tick(self, at: float) -> tuple[str, ...]:
        """The addresses of what left."""
        plan = self.sending.plan(int(at))
        self.sending.keep(plan, await self.sending.leave(plan))
        return self.mail.sessions[-1]

    def desks(self) -> list[str]:
        return [each for of in self.mail.sessions for each in of if not each.endswith(COVER)]


# ---- what leaves does not depend on what opened --------------------------------------------------


async def test_on_every_tick_one_message_leaves_whether_a_desk_is_due_or_not() -> None:
    """Attack: who asks, and watches when a mail leaves, learns that the child is known there."""
    quiet, knocked = World(NAMED), World(KNOCK, LATER, NAMED)
    for tick in range(200):
        at = AT + tick * TICK_SECONDS
        await quiet.tick(at)
        await knocked.tick(at)
    assert [len(of) for of in quiet.mail.sessions] == [len(of) for of in knocked.mail.sessions]
    assert len(quiet.hook.said) == len(knocked.hook.said) == 200
    assert quiet.desks() == []
    assert knocked.desks()


@given(st.floats(0, 1, exclude_max=True))
def test_a_cover_address_is_as_long_as_one_of_a_desk(draw: float) -> None:
    """Attack: the length of the recipient, which TLS does not hide, says which message is none."""
    lengths = [len(address) for desk in DESKS.values() for address in desk.addresses]
    address = cover_address(lengths, COVER, lambda: draw)
    assert len(address) in lengths
    assert address.endswith("@" + COVER)


def test_every_length_of_a_desk_has_covers() -> None:
    drawn = iter([0.0, 0.34, 0.99])
    lengths = [10 + len(COVER), 20 + len(COVER), 30 + len(COVER)]
    assert {len(cover_address(lengths, COVER, lambda: next(drawn))) for _ in lengths} == set(
        lengths
    )


def test_a_domain_of_covers_is_shorter_than_each_address() -> None:
    assert covers("a@b.example", "c.example")
    assert not covers("@c.example", "c.example")
    assert not covers("a" * 80 + "@b.example", "c.example"), "no mailbox has so long a name"


def test_a_host_sends_more_on_a_tick_by_the_number_of_its_agencies_alone() -> None:
    assert [messages_a_tick(n) for n in (0, 1, 20, 21, 1000, 5000)] == [
        0,
        1,
        1,
        2,
        50,
        MOST_MESSAGES,
    ]


# ---- when a desk is told -------------------------------------------------------------------------


async def test_a_knock_of_the_first_lane_leaves_within_a_minute_and_once() -> None:
    world = World(KNOCK)
    for tick in range(3):
        await world.tick(AT + tick * TICK_SECONDS)
    assert world.desks() == ["safeguarding@oak.example"]
    assert TICK_SECONDS <= 30
    assert [each.told_at for each in world.store.all()] == [AT]


async def test_a_knock_of_today_waits_for_the_list() -> None:
    world = World(LATER)
    due = next_list(AT)
    await world.tick(due - 1)
    assert world.desks() == []
    await world.tick(due)
    assert world.desks() == ["safeguarding@oak.example"]


async def test_several_knocks_of_a_desk_are_one_message() -> None:
    world = World(*(replace(KNOCK, query=bytes([n]) * 32) for n in range(9)))
    await world.tick(AT)
    await world.tick(AT + TICK_SECONDS)
    assert world.desks() == ["safeguarding@oak.example"]


async def test_out_of_term_the_councils_education_desk_is_told() -> None:
    world = World(KNOCK, replace(KNOCK, agency=COUNCIL), closed=True)
    await world.tick(AT)
    await world.tick(AT + TICK_SECONDS)
    assert set(world.desks()) == {"education-desk@council.example", "front-door@council.example"}
    assert Desk("a@b.example").address(out_of_term=True) == "a@b.example"


def test_who_is_to_ring_now_comes_before_who_can_wait_and_then_who_waited_longest() -> None:
    ready = next_list(AT)
    many = [
        replace(LATER, agency=AgencyId(f"e08000001.school-{n}"), at=AT - n) for n in range(3)
    ] + [replace(KNOCK, agency=AgencyId("e08000001.trust"), at=ready)]
    desks = {each.agency: Desk("desk@a.example") for each in many}
    order = [agency.value for agency, _ in to_tell(many, desks, {}, ready, 3)]
    assert order == ["e08000001.trust", "e08000001.school-2", "e08000001.school-1"]


# ---- nothing is lost -----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [each for each in Reply if each is not Reply.TAKEN])
async def test_a_server_that_fails_loses_nothing_and_neither_does_a_restart(fault: Reply) -> None:
    world = World(KNOCK)
    world.mail.reply = fault
    for tick in range(40):
        await world.tick(AT + tick * TICK_SECONDS)
        world.restart()
    tried = len(world.desks())
    assert 2 < tried < 40, "it is tried again, and not on every tick"
    assert [each.told_at for each in world.store.all()] == [0]
    (kept,) = [each for each in world.store.deliveries() if each.channel is Channel.MAIL]
    assert (kept.reply, kept.failures, kept.failing_since) == (fault, tried, AT)
    world.mail.reply = Reply.TAKEN
    await world.tick(kept.not_before)
    assert len(world.desks()) == tried + 1
    (kept,) = [each for each in world.store.deliveries() if each.channel is Channel.MAIL]
    assert (kept.reply, kept.failures, kept.failing_since) == (Reply.TAKEN, 0, 0)


def test_the_wait_doubles_up_to_five_minutes() -> None:
    waits, kept = [], None
    for _ in range(8):
        kept = after(kept, SCHOOL, Channel.MAIL, Reply.HUNG, AT)
        waits.append(kept.not_before - AT)
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == MOST_WAIT_SECONDS
    assert waits[0] == LEAST_WAIT_SECONDS


async def test_a_message_that_a_server_took_and_lost_is_sent_again_until_somebody_looks() -> None:
    """A server that lies is noticed by nobody but the desk that was not told."""
    world = World(KNOCK)
    for tick in range(FIRST_HOUR // TICK_SECONDS):
        await world.tick(AT + tick * TICK_SECONDS)
    assert len(world.desks()) == FIRST_HOUR // AGAIN_SECONDS
    world.store.change([KNOCK], lambda each: replace(each, seen_at=AT + FIRST_HOUR))
    for tick in range(100):
        await world.tick(AT + FIRST_HOUR + tick * TICK_SECONDS)
    assert len(world.desks()) == FIRST_HOUR // AGAIN_SECONDS


def test_after_the_first_hour_a_knock_is_said_with_each_list() -> None:
    told = replace(KNOCK, told_at=AT + FIRST_HOUR)
    again = next_list(told.told_at)
    assert not is_due(told, again - 1)
    assert is_due(told, again)
    today = replace(LATER, told_at=next_list(AT))
    assert not is_due(today, next_list(today.told_at) - 1)
    assert is_due(today, next_list(today.told_at))


@pytest.mark.parametrize(
    "over",
    [NAMED, replace(KNOCK, seen_at=AT), replace(KNOCK, outcome=Outcome.RANG)],
    ids=["named", "listed", "closed"],
)
def test_nothing_is_said_of_what_needs_nobody(over: Notice) -> None:
    assert not is_waiting(over, AT + limits.DAY)
    assert not is_due(over, AT + limits.DAY)


# ---- webhooks ------------------------------------------------------------------------------------


async def test_a_webhook_is_told_on_every_tick_whether_the_desk_should_look() -> None:
    world = World(KNOCK)
    await world.tick(AT)
    await world.tick(AT + TICK_SECONDS)
    world.store.change([KNOCK], lambda each: replace(each, seen_at=AT))
    await world.tick(AT + 2 * TICK_SECONDS)
    assert world.hook.said == [True, True, False]


async def test_a_webhook_that_fails_is_kept_and_one_that_goes_well_is_kept_by_the_hour() -> None:
    world = World()
    kept: list[Delivery] = []
    for tick in range(4):
        await world.tick(AT + tick * TICK_SECONDS)
        kept += world.store.deliveries()
    assert {each.taken_at for each in kept} == {AT}
    world.hook.reply = Reply.REFUSED
    await world.tick(AT + 200)
    (failed,) = world.store.deliveries()
    assert (failed.reply, failed.failing_since, failed.taken_at) == (Reply.REFUSED, AT + 200, AT)


async def test_without_a_mail_server_no_message_leaves() -> None:
    world = World(KNOCK)
    ways = Ways(None, "", {}, {})
    sending = Sending(world.store, ways, QuietLog(), lambda _: False, lambda: 0.5)
    plan = sending.plan(AT)
    left = await sending.leave(plan)
    sending.keep(plan, left)
    assert (plan.addresses, left.mail, left.webhooks) == ((), (), {})
    assert [each.told_at for each in world.store.all()] == [0]
