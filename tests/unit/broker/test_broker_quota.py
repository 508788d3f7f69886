"""A window never grants more than its limit, and grants again once the time is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.admission import HOUR, PAIR_SECONDS, Quotas, Window
from fakes.broker_world import COUNCIL, GATEWAY, NORTH, a_federation
from fakes.federations import member
from fakes.handles import a_counting
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Allowance
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import KeySet, Submission

SECONDS, STEPS = 100, 10


def allowed(window: Window[str], key: str, limit: int, now: float) -> bool:
    try:
        window.require(key, limit, now)
    except Refused as refused:
        assert refused.code is Code.QUOTA
        return False
    window.count(key, now)
    return True


@given(gaps=st.lists(st.floats(0, 40), max_size=120), limit=st.integers(0, 8))
def test_no_window_grants_more_than_its_limit_nor_much_less(gaps: list[float], limit: int) -> None:
    window: Window[str] = Window(SECONDS, STEPS, most=10)
    granted: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        if allowed(window, "k", limit, now):
            granted.append(now)
        else:  # refused only for what lies within the window and one step
            near = [at for at in granted if at > now - SECONDS - SECONDS / STEPS]
            assert len(near) >= limit
    for at in granted:
        assert sum(at - SECONDS < other <= at for other in granted) <= limit


def test_an_event_in_each_step_counts_for_as_long_as_the_window() -> None:
    window: Window[str] = Window(SECONDS, STEPS, most=1)
    for step in range(3 * STEPS):
        window.count("k", 10.0 * step)
    assert window.used("k", 10.0 * (3 * STEPS - 1)) == STEPS + 1
    assert window.used("k", 10.0 * (3 * STEPS - 1) + SECONDS) == 1


def test_the_keys_are_bounded_and_idle_ones_make_room() -> None:
    window: Window[str] = Window(SECONDS, STEPS, most=2)
    assert [allowed(window, key, 5, 0.0) for key in "abc"] == [True, True, False]
    assert allowed(window, "a", 5, 90.0)
    assert allowed(window, "c", 5, 115.0)  # b has been idle for longer than the window
    assert len(window) == 2
    assert not allowed(window, "b", 5, 115.0)


def test_a_key_is_idle_only_once_nothing_of_it_lies_within_the_window() -> None:
    """Attack: a key that is forgotten a step too early may have all of its limit again."""
    window: Window[str] = Window(SECONDS, STEPS, most=2)
    assert allowed(window, "a", 1, 9.9)
    assert allowed(window, "b", 1, 109.0)
    assert not allowed(window, "a", 1, 109.0)


def test_a_keys_memory_is_bounded() -> None:
    window: Window[str] = Window(SECONDS, STEPS, most=1)
    for second in range(10_000):
        window.count("k", float(second))
    assert len(window._counts["k"]) <= STEPS + 2
    assert window.used("k", 9_999.0) <= SECONDS + SECONDS // STEPS


class Requester:
    def __init__(self, **parameters: Any) -> None:
        self.quotas = Quotas()
        self.parameters = a_federation(**parameters).parameters
        self.lookups_per_day = 10_000

    def take(
        self,
        now: float = 0.0,
        *,
        handle: int = 0,
        agency: AgencyId = COUNCIL,
        key_set: KeySet = KeySet.NARROW,
        gateway: MemberId = GATEWAY,
        lookup: int | None = None,
        allowance: Allowance = Allowance.ORDINARY,
    ) -> bool:
        """Of a lookup of its own, where none is given."""
        number = None if lookup is None else lookup.to_bytes(16, "big")
        counting = a_counting(number, allowance)
        stated = Submission(bytes(32), agency, Handle(f"{handle:032x}"), counting)
        granted = replace(
            member(gateway, Party.GATEWAY, bytes(32)), lookups_per_day=self.lookups_per_day
        )
        try:
            self.quotas.take(self.parameters, stated, granted, key_set, now)
        except Refused as refused:
            assert refused.code is Code.QUOTA
            return False
        return True


@pytest.mark.parametrize(
    ("allowance", "hours_of_a_day"),
    [
        (Allowance.ORDINARY, [30, 30, 30, 10, 0, 0]),
        (Allowance.DESK, [60, 60, 60, 60, 60, 0]),
        (Allowance.RESERVE, [20, 0, 0, 0, 0, 0]),
    ],
)
def test_a_practitioner_has_so_many_lookups_an_hour_and_a_day(
    allowance: Allowance, hours_of_a_day: list[int]
) -> None:
    requester = Requester()
    hours = [
        sum(requester.take(hour * (HOUR + 60), allowance=allowance) for _ in range(70))
        for hour in range(6)
    ]
    assert hours == hours_of_a_day
    assert requester.take(limits.DAY + 900, allowance=allowance)


@pytest.mark.parametrize("keys", [(KeySet.NARROW, KeySet.WIDE), (KeySet.WIDE, KeySet.NARROW)])
def test_the_two_queries_of_a_lookup_count_once(keys: tuple[KeySet, KeySet]) -> None:
    requester = Requester()
    for lookup in range(30):
        assert all(requester.take(lookup=lookup, key_set=key_set) for key_set in keys)
    for key_set in keys:
        assert not requester.take(lookup=30, key_set=key_set)


def test_key_sets_give_nobody_twice_the_limit() -> None:
    """Attack: 30 narrow lookups and 30 wide ones in one hour."""
    requester = Requester()
    assert sum(requester.take(key_set=KeySet.WIDE) for _ in range(40)) == 30
    assert not any(requester.take(key_set=KeySet.NARROW) for _ in range(40))


def test_under_one_number_there_is_one_narrow_and_one_wide_query() -> None:
    """Attack: many lookups under the number of one. So few a day leave no second try."""
    requester = Requester(practitioner_per_hour=5, practitioner_per_day=9)
    narrow = [requester.take(lookup=1) for _ in range(20)]
    assert sum(narrow) == 5
    requester = Requester(practitioner_per_hour=5, practitioner_per_day=9)
    both = [requester.take(lookup=1, key_set=key_set) for _ in range(20) for key_set in KeySet]
    assert sum(both) == 10, "five lookups with two queries each"


@pytest.mark.parametrize("allowance", [Allowance.ORDINARY, Allowance.RESERVE])
def test_a_second_try_of_a_lookup_does_not_count_again(allowance: Allowance) -> None:
    """Most nodes said that it may be tried again, or the connection was lost."""
    requester = Requester(practitioner_per_hour=1, practitioner_per_day=10, reserve_per_day=10)
    requester.lookups_per_day = 1
    tries = [KeySet.NARROW, KeySet.WIDE, KeySet.WIDE, KeySet.NARROW]
    assert all(requester.take(lookup=1, key_set=key, allowance=allowance) for key in tries)
    assert not any(requester.take(lookup=1, key_set=key, allowance=allowance) for key in KeySet)
    assert not requester.take(lookup=2, allowance=allowance)


def test_second_tries_are_few() -> None:
    """Attack: half of the children are asked about as if the question were put again."""
    requester = Requester(practitioner_per_hour=100)
    queries = [requester.take(lookup=lookup) for lookup in range(100) for _ in range(2)]
    assert sum(queries) == 110, "a hundred lookups a day, and a tenth of them again"
    assert requester.take(limits.DAY + 900, lookup=1)
    assert requester.take(limits.DAY + 900, lookup=1)


def test_each_practitioner_has_second_tries_of_her_own() -> None:
    requester = Requester(practitioner_per_hour=10, practitioner_per_day=10)
    for handle in (1, 2):
        tries = [requester.take(lookup=n, handle=handle) for n in range(9) for _ in range(2)]
        assert sum(tries) == 11, "ten a day, one of them with a second try"


def test_a_lookup_is_not_forgotten_before_its_time_because_another_is() -> None:
    requester = Requester(practitioner_per_hour=2)
    assert requester.take(0.0, lookup=1)
    assert requester.take(200.0, lookup=2)
    assert requester.take(PAIR_SECONDS + 1.0, lookup=2, key_set=KeySet.WIDE)


def test_a_number_that_is_used_again_keeps_no_other_from_being_forgotten() -> None:
    requester = Requester()
    assert all(requester.take(0.0, lookup=lookup) for lookup in (1, 2))
    assert requester.take(100.0, lookup=1), "its second try"
    assert requester.take(200.0, lookup=1), "counted anew"
    assert requester.take(PAIR_SECONDS + 1.0, lookup=3)
    assert len(requester.quotas) == 2


@given(
    asked=st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from(KeySet), st.floats(0, 100)), max_size=150
    )
)
def test_whatever_is_asked_under_which_number_the_limits_hold(
    asked: list[tuple[int, KeySet, float]],
) -> None:
    requester = Requester(practitioner_per_hour=4, practitioner_per_day=20)
    now, granted = 0.0, [0, 0]
    for lookup, key_set, gap in asked:
        now += gap * HOUR / 15_000  # all within the hour
        granted[key_set is KeySet.WIDE] += requester.take(now, lookup=lookup, key_set=key_set)
    assert max(granted) <= 4 + 2


def test_the_other_half_does_not_come_late_nor_from_somebody_else() -> None:
    requester = Requester(practitioner_per_hour=1)
    assert requester.take(lookup=1)
    assert requester.take(lookup=1, key_set=KeySet.WIDE, handle=1), "a lookup of her own"
    assert not requester.take(241.0, lookup=1, key_set=KeySet.WIDE)
    in_time = Requester(practitioner_per_hour=1)
    assert in_time.take(lookup=1)
    assert in_time.take(240.0, lookup=1, key_set=KeySet.WIDE)
    desk = Requester(desk_per_hour=1)
    assert desk.take(lookup=1)
    assert not desk.take(lookup=1, key_set=KeySet.WIDE, allowance=Allowance.DESK)


def test_a_lookup_of_which_one_half_never_comes_is_forgotten() -> None:
    requester = Requester(practitioner_per_hour=1000)
    for n in range(500):
        requester.take(float(n))
    assert len(requester.quotas) <= PAIR_SECONDS + 1


def test_the_reserve_is_beside_the_limits_of_practitioner_and_agency() -> None:
    requester = Requester(practitioner_per_hour=3, agency_per_day=3)
    assert sum(requester.take() for _ in range(9)) == 3
    assert sum(requester.take(allowance=Allowance.RESERVE) for _ in range(30)) == 20
    assert not requester.take()
    requester.lookups_per_day = 23
    assert not requester.take(handle=9, allowance=Allowance.RESERVE), "the gateway has had its own"


def test_a_desk_and_an_ordinary_practitioner_are_one_person() -> None:
    requester = Requester()
    assert sum(requester.take() for _ in range(40)) == 30
    assert sum(requester.take(allowance=Allowance.DESK) for _ in range(70)) == 30


def test_an_agency_has_its_quota_whatever_handles_it_makes_up() -> None:
    requester = Requester(agency_per_day=50)
    assert sum(requester.take(handle=n) for n in range(80)) == 50
    assert not requester.take(limits.DAY - 1, handle=1000)
    assert requester.take(limits.DAY + 900, handle=1001)


def test_a_handle_counts_within_its_agency() -> None:
    requester = Requester(practitioner_per_hour=1)
    assert requester.take()
    assert not requester.take()
    assert requester.take(agency=AgencyId(f"{NORTH}.elm"))


def test_a_gateway_has_what_the_list_grants_it() -> None:
    requester = Requester()
    requester.lookups_per_day = 3
    assert sum(requester.take(handle=n) for n in range(20)) == 3
    requester.lookups_per_day = 0
    assert not requester.take(gateway=MemberId("gateway-new"))


def test_a_refused_lookup_is_not_counted() -> None:
    requester = Requester(practitioner_per_hour=1, agency_per_day=2)
    assert requester.take(handle=0)
    for _ in range(10):
        assert not requester.take(handle=0)
    assert requester.take(handle=1)


@pytest.mark.parametrize(
    ("rule", "allowance"),
    [
        ("practitioner_per_hour", Allowance.ORDINARY),
        ("practitioner_per_day", Allowance.ORDINARY),
        ("desk_per_hour", Allowance.DESK),
        ("desk_per_day", Allowance.DESK),
        ("reserve_per_day", Allowance.RESERVE),
        ("agency_per_day", Allowance.ORDINARY),
    ],
)
def test_the_limits_are_those_of_the_parameters(rule: str, allowance: Allowance) -> None:
    requester = Requester(**{rule: 3})
    assert sum(requester.take(allowance=allowance) for _ in range(10)) == 3
