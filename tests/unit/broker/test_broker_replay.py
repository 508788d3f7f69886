"""A query is seen once, for as long as anybody would take it."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from broker.admission import ReplaySet, keep_until
from fakes.broker_world import a_core
from fakes.federations import NOW
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol import messages as schedule
from fingerpost.protocol.errors import Code, Refused


def a_hash(number: int) -> bytes:
    return hashlib.sha256(bytes([number])).digest()


def test_a_query_seen_is_refused() -> None:
    seen = ReplaySet()
    seen.require_new(a_hash(1))
    seen.add(a_hash(1), int(NOW) + 180, NOW)
    with refused(Code.REPLAYED):
        seen.require_new(a_hash(1))
    seen.require_new(a_hash(2))


@given(later=st.integers(0, 1000))
def test_whoever_may_be_admitted_is_still_remembered(later: int) -> None:
    core = a_core()
    seen = ReplaySet()
    seen.add(a_hash(1), keep_until(core.expires_at), NOW)
    seen.add(a_hash(2), int(NOW) + 10_000, NOW + later)  # lets go what is over
    try:
        schedule.require_fresh(core, NOW + later)
    except Refused:
        return
    with refused(Code.REPLAYED):
        seen.require_new(a_hash(1))


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 300)), max_size=60))
def test_it_holds_what_is_not_over_and_no_more(steps: list[tuple[int, int]]) -> None:
    seen = ReplaySet()
    model: dict[bytes, int] = {}
    now = 0
    for number, life in steps:
        now += 7
        model = {h: end for h, end in model.items() if end >= now}
        seen.add(a_hash(number), now + life, now)
        model.setdefault(a_hash(number), now + life)
        assert len(seen) == len(model)


def test_what_is_kept_ends() -> None:
    seen = ReplaySet()
    for second in range(1000):
        seen.add(second.to_bytes(32, "big"), second + limits.QUERY_LIFE_SECONDS, second)
    assert len(seen) == limits.QUERY_LIFE_SECONDS + 1
