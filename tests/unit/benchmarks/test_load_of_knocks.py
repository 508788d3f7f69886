"""The load of knocks: it follows the rules, and repeats."""

from __future__ import annotations

from agency_node.notices.lanes import Lane
from benchmarks.knocks import DESKS, PURPOSES, measure


def test_a_sensitive_service_only_gets_knocks_and_a_school_hardly_any() -> None:
    school, _, council, trust = (measure(desk, 20, 1) for desk in DESKS)
    assert sum(PURPOSES.values()) == 100
    assert trust.lanes[Lane.LOG_ONLY] == 0
    assert trust.opened > 10
    assert school.lanes[Lane.LOG_ONLY] > 10 * school.lanes[Lane.RING_NOW]
    assert council.opened > trust.opened


def test_the_same_seed_gives_the_same_load() -> None:
    assert measure(DESKS[0], 5, 3) == measure(DESKS[0], 5, 3)
    assert measure(DESKS[0], 5, 3) != measure(DESKS[0], 5, 4)
