"""Shares and what chance leaves open about them."""

from __future__ import annotations

import pytest

from benchmarks.matching.intervals import Share, over


def test_wilsons_interval_of_a_known_case() -> None:
    low, high = Share(10, 100).interval  # E. B. Wilson's own formula, worked by hand
    assert low == pytest.approx(0.0552, abs=1e-4)
    assert high == pytest.approx(0.1744, abs=1e-4)


def test_nothing_found_is_not_nothing_possible() -> None:
    low, high = Share(0, 1000).interval
    assert low == 0.0
    assert 0.003 < high < 0.005


def test_nothing_counted_says_nothing() -> None:
    assert Share(0, 0).rate == 0.0
    assert Share(0, 0).interval == (0.0, 1.0)


def test_many_places_each_with_its_own_chance() -> None:
    assert over(0.5, 2) == pytest.approx(0.75)
    assert over(1e-6, 5) == pytest.approx(5e-6, rel=1e-4)
    assert over(0.0, 5) == 0.0
    assert over(1.0, 5) == 1.0
