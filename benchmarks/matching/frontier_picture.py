"""The picture of docs/matching.md: how even exposure is against recall lost, and recall against
exposure. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.matching.equity import MOST_LOST, MOST_RATIO, Point
from benchmarks.matching.plot import Line, Mark, Plot, even, logarithmic, picture
from fingerpost.private.linkage.blocking_rules import FAR

_DESCRIPTION = (
    "Left: for each bound on the bits that a narrow key must give, how many times as often as all "
    "other children those of the most exposed group are opened at a council elsewhere, against the "
    "most recall that any group loses. Right: recall of all children against how often a trust "
    "elsewhere is opened for a child that it does not hold. The bound that is shipped is ringed."
)


_NOTE = ("numbers: bits that a narrow key must give", "ringed: what is shipped")


def draw(points: Sequence[Point]) -> str:
    models = tuple(points[0].lost)
    evenness = [
        Line(
            f"{model} errors",
            [
                Mark(
                    100 * point.lost[model],
                    _times(point),
                    _bits(point) if point.bits or place else "",  # one point on both lines
                    point.bits == FAR,
                )
                for point in points
            ],
        )
        for place, model in enumerate(models)
    ]
    cost = [
        Line(
            f"{model} errors",
            [
                Mark(10_000 * point.opened, point.recall[model], _bits(point), point.bits == FAR)
                for point in points
            ],
        )
        for model in models
    ]
    lost = [mark.x for line in evenness for mark in line.marks]
    times = [mark.y for line in evenness for mark in line.marks]
    opened = [10_000 * point.opened for point in points]
    left = Plot(
        "Evenness against recall",
        even("most recall lost by any group, points", lost, lambda v: f"{v:g}"),
        logarithmic("most exposed group to all others, times", [*times, 1.0], lambda v: f"{v:g}"),
        evenness,
        (100 * MOST_LOST, MOST_RATIO),
        "aim",
        _NOTE,
        steep=True,
    )
    right = Plot(
        "Recall against exposure",
        logarithmic(
            "a trust elsewhere is opened, times in 10,000 questions", opened, lambda v: f"{v:g}"
        ),
        even(
            "recall of all children",
            [mark.y for line in cost for mark in line.marks],
            lambda v: f"{v:.3f}",
            from_zero=False,
        ),
        cost,
        note=_NOTE,
    )
    return picture(
        "What binding the keys of common names buys and costs", _DESCRIPTION, (left, right)
    )


def _times(point: Point) -> float:
    """Where others were never opened there is no ratio: the top of the picture."""
    return min(point.council.times, 1000.0)


def _bits(point: Point) -> str:
    return f"{point.bits:g}" if point.bits else "not bound"
