"""The short form of ``python -m benchmarks.desks``: what the node says is not worse at night, and
much better on the days that no hours show."""

from __future__ import annotations

from datetime import date
from random import Random

from agency_node.desks.duty import as_of_now
from benchmarks.desks import MOMENTS, STALE, cases, measure, numbers_rung, reached


def test_somebody_is_reached_within_two_calls_more_often_than_by_hours_alone() -> None:
    found = {each.moment: each for each in measure(400, STALE, seed=1)}
    for each in found.values():
        assert each.now <= each.possible
        assert each.now >= each.recorded - 0.02 * each.of
        assert each.now >= 0.9 * each.possible
    holidays = found["half-term Tuesday 12:00"]
    assert holidays.now - holidays.recorded > 0.2 * holidays.of


def test_with_nothing_stale_whoever_is_there_is_reached() -> None:
    noon = MOMENTS["Tuesday 12:00"]
    for case in cases(Random(2), 100, 0.0):
        row = as_of_now(case.row, case.agency, noon.timestamp())
        assert numbers_rung(case, row, noon)
        assert reached(case, row, noon)
        assert case.row.worker_until is None or case.row.worker_until < date(2027, 1, 1)
