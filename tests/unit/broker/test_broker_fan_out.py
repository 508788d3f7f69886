"""The bounds of the fan-out: frames, queues, what a node may send, what lookups may hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.lookup import ANSWERS_OWED, Owed, Room, Waiting
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import QUERIES_PER_FRAME, write_queries
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import MemberId

MOST = 500
ONE, TWO = MemberId("gateway-one"), MemberId("gateway-two")


def test_a_full_frame_fits() -> None:
    waiting: Waiting[bytes] = Waiting()
    while waiting.put(bytes(limits.QUERY_BYTES), MOST):
        pass
    frame = waiting.take()
    assert len(frame) == QUERIES_PER_FRAME
    assert write_queries(frame).ByteSize() <= limits.FRAME_BYTES


@given(puts=st.lists(st.integers(0, 300), max_size=10))
def test_queries_leave_in_order_and_what_does_not_fit_is_left_out(puts: list[int]) -> None:
    waiting: Waiting[int] = Waiting()
    came: list[int] = []
    left: list[int] = []
    number = 0
    for count in puts:
        for _ in range(count):
            number += 1
            if waiting.put(number, MOST):
                came.append(number)
        assert len(waiting) <= MOST
        left += waiting.take()
    while frame := waiting.take():
        left += frame
    assert left == came


def test_a_node_may_send_what_it_was_asked_for_and_no_flood() -> None:
    owed = Owed()
    with refused(Code.MALFORMED):
        owed.answered(1)
    owed.asked(2)
    owed.answered(3)  # one more: its list may be a version ahead
    with refused(Code.MALFORMED):
        owed.answered(1)


def test_what_a_silent_node_may_send_later_is_bounded() -> None:
    owed = Owed()
    for _ in range(ANSWERS_OWED):
        owed.asked(16)
    owed.answered(ANSWERS_OWED)
    with refused(Code.MALFORMED):
        owed.answered(1)


def test_lookups_share_the_room() -> None:
    room = Room(most=10, most_per_gateway=6)
    room.enter(ONE, 6)
    with refused(Code.NOT_READY):
        room.enter(ONE, 1)
    room.enter(TWO, 4)
    with refused(Code.NOT_READY):
        room.enter(MemberId("gateway-three"), 1)
    room.leave(ONE, 6)
    room.enter(MemberId("gateway-three"), 6)


def test_a_large_lookup_may_run_by_itself() -> None:
    room = Room(most=10, most_per_gateway=6)
    room.enter(ONE, 50)
    with refused(Code.NOT_READY):
        room.enter(TWO, 1)
    room.leave(ONE, 50)
    room.enter(TWO, 1)


@given(sizes=st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.integers(0, 5)), max_size=20))
def test_the_room_is_empty_again_when_all_have_left(sizes: list[tuple[MemberId, int]]) -> None:
    room = Room(most=1000, most_per_gateway=1000)
    for gateway, parts in sizes:
        room.enter(gateway, parts)
    for gateway, parts in sizes:
        room.leave(gateway, parts)
    assert room._held == {}
    assert room._sum == 0
