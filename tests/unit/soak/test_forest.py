"""The forest that says what a broker learns finds a difference where there is one, and none where
there is none.
"""

from __future__ import annotations

import random

import pytest

from soak.forest import area_under_the_curve, interval, told_apart


def test_the_area_of_scores() -> None:
    labels = [True, True, False, False]
    assert area_under_the_curve([4, 3, 2, 1], labels) == 1.0
    assert area_under_the_curve([1, 2, 3, 4], labels) == 0.0
    assert area_under_the_curve([1, 1, 1, 1], labels) == 0.5
    assert area_under_the_curve([3, 1, 2, 0], labels) == 0.75


@pytest.mark.parametrize(("shift", "least", "most"), [(0.0, 0.4, 0.6), (1.5, 0.75, 1.0)])
def test_classes_are_told_apart_where_they_differ(shift: float, least: float, most: float) -> None:
    """By one feature among twenty, as late as half of its spread."""
    draw = random.Random(7)
    labels = [n % 2 == 0 for n in range(400)]
    samples = [
        [draw.gauss(shift if label and feature == 3 else 0.0, 1.0) for feature in range(20)]
        for label in labels
    ]
    assert least <= told_apart(samples, labels, draw) <= most


def test_more_trials_make_the_interval_narrower() -> None:
    low, high = interval(0.5, 1000, 1000)
    assert 0.47 < low < 0.5 < high < 0.53
    assert interval(0.5, 100, 100)[0] < low
