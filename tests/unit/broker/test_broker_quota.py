"""A window never grants more than its limit, and grants again once the time is over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.admission import HOUR, Quotas, Window
from fakes.broker_world import COUNCIL, GATEWAY, NORTH, a_federation
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import KeySet

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


def test_the_keys_are_bounded_and_idle_ones_make_room() -> None:
    window: Window[str] = Window(SECONDS, STEPS, most=2)
    assert [allowed(window, key, 5, 0.0) for key in "abc"] == [True, True, False]
    assert allowed(window, "a", 5, 90.0)
    assert allowed(window, "c", 5, 115.0)  # b has been idle for longer than the window
    assert len(window) == 2
    assert not allowed(window, "b", 5, 115.0)


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
    ) -> bool:
        try:
            self.quotas.take(
                self.parameters,
                agency=agency,
                gateway=gateway,
                lookups_per_day=self.lookups_per_day,
                handle=Handle(f"{handle:032x}"),
                key_set=key_set,
                now=now,
            )
        except Refused as refused:
            assert refused.code is Code.QUOTA
            return False
        return True


def test_a_practitioner_has_30_lookups_an_hour_and_100_a_day() -> None:
    requester = Requester()
    hours = [sum(requester.take(hour * (HOUR + 60)) for _ in range(40)) for hour in range(5)]
    assert hours == [30, 30, 30, 10, 0]
    assert requester.take(limits.DAY + 900)


def test_a_lookup_has_a_narrow_and_a_wide_query() -> None:
    requester = Requester()
    assert sum(requester.take(key_set=KeySet.WIDE) for _ in range(40)) == 30
    assert sum(requester.take(key_set=KeySet.NARROW) for _ in range(40)) == 30


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
    assert sum(requester.take(handle=n) for n in range(20)) == 6  # two queries a lookup
    requester.lookups_per_day = 0
    assert not requester.take(gateway=MemberId("gateway-new"))


def test_a_refused_lookup_is_not_counted() -> None:
    requester = Requester(practitioner_per_hour=1, agency_per_day=2)
    assert requester.take(handle=0)
    for _ in range(10):
        assert not requester.take(handle=0)
    assert requester.take(handle=1)


@pytest.mark.parametrize(
    "rule", ["practitioner_per_hour", "practitioner_per_day", "agency_per_day"]
)
def test_the_limits_are_those_of_the_parameters(rule: str) -> None:
    requester = Requester(**{rule: 3})
    assert sum(requester.take() for _ in range(10)) == 3
