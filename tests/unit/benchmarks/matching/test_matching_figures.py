"""Aims, tables and the picture: what is met is said to be met, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from benchmarks.matching import report
from benchmarks.matching.absent import absent
from benchmarks.matching.equity import Point, Ratio
from benchmarks.matching.figures import Line, judged
from benchmarks.matching.frontier_picture import draw
from benchmarks.matching.intervals import Share
from benchmarks.matching.plot import Axis, even, logarithmic
from benchmarks.matching.rates import Opens
from benchmarks.matching.sets import BOUNDS
from benchmarks.matching.sources import Aims
from benchmarks.population.names import Names
from fingerpost.private.linkage.blocking_rules import FAR

LINE = Line("FEBRL 2", "Fingerpost wide", 0.99, 1.0, 0.96, 0.97, 0.9, 0.98, 1.5)
SPLINK = replace(LINE, program="Splink", unlocked=None, f1=0.974, answered=None)


def test_figures_are_held_against_aims_and_against_splink() -> None:
    line = judged(LINE, Aims(f1=0.968, best=0.99, behind=0.005), SPLINK)
    assert line.ahead == pytest.approx(-0.004)
    assert [(v.aim, v.met) for v in line.verdicts] == [
        ("F1 ≥ 0.968", True), ("best ≥ 0.990", False), ("F1 ≥ Splink - 0.005", True),
    ]  # fmt: skip
    assert not judged(LINE, Aims(behind=0.001), SPLINK).verdicts[0].met
    assert list(report.aims_missed([line])) == ["FEBRL 2, Fingerpost wide: best ≥ 0.990"]


def test_without_splink_nothing_is_said_about_it() -> None:
    line = judged(LINE, Aims(behind=0.005), None)
    assert line.ahead is None
    assert not line.verdicts


def test_a_table_is_the_same_on_a_screen_and_in_markdown() -> None:
    rows = report.figures([judged(LINE, Aims(f1=0.98), SPLINK), SPLINK])
    text = rows.markdown()
    assert "| **FEBRL 2** |" in text
    assert "| Fingerpost wide | 0.9900 | 1.0000 |" in text
    assert "F1 ≥ 0.980 missed" in text
    assert len(rows.screen().columns) == len(rows.columns) == len(rows.rows[0])
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


def test_budgets_are_marked() -> None:
    share = Share(3, 10_000)
    row = report.false_unlock([Opens("a school", "wide", share.rate, share, 3e-4, 1e-4)]).rows[0]
    assert row[-2:] == ("3.0e-04 met", "1.0e-04 missed")


def a_point(bits: float, lost: float, times: float) -> Point:
    ratio = Ratio("elsewhere", "somali", times * 1e-4, 1e-4, 9, times / 2)
    return Point(
        bits, ratio, ratio, 1e-3, {"typical": lost, "bad": 2 * lost},
        {"typical": "somali", "bad": "somali"}, {"typical": 0.99, "bad": 0.95}, {},
    )  # fmt: skip


POINTS = [a_point(bits, 0.001 * n, 20.0 / (1 + n)) for n, bits in enumerate(BOUNDS)]


def test_the_picture_marks_what_is_shipped_once_on_each_line() -> None:
    tree = ET.fromstring(draw(POINTS))  # noqa: S314 (our own text)
    rings = [c for c in tree.iter("{http://www.w3.org/2000/svg}circle") if c.get("r") == "9"]
    assert len(rings) == 4  # two plots of two lines
    words = {text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {f"{FAR:g}", "not bound", "aim", "typical errors", "bad errors"} <= words


def test_everything_drawn_is_inside_the_picture() -> None:
    text = draw(POINTS)
    xs = [float(x) for x in re.findall(r' c?x="(-?[\d.]+)"', text)]
    ys = [float(y) for y in re.findall(r' c?y="(-?[\d.]+)"', text)]
    assert all(0 <= x <= 980 for x in xs)
    assert all(0 <= y <= 470 for y in ys)
    assert len(xs) > 40


def test_a_ratio_that_chance_may_have_made_is_not_said_to_miss_its_aim() -> None:
    times = {"met": (4.0, 3.0), "missed": (9.0, 6.0), "too few hits to judge": (9.0, 2.0)}
    found = [Ratio("x", "a", 1e-4 * high, 1e-4, 9, low) for high, low in times.values()]
    assert [row[-1] for row in report.ratios(found).rows] == list(times)


def test_a_ratio_to_nothing_is_drawn_at_the_top() -> None:
    endless = replace(POINTS[0], council=Ratio("elsewhere", "somali", 1e-4, 0.0, 1, 0.5))
    assert endless.council.times == float("inf")
    ET.fromstring(draw([endless, *POINTS[1:]]))  # noqa: S314


def test_axes_hold_their_values_with_round_ticks() -> None:
    axis = even("lost", [0.0, 3.7], str)
    assert (axis.low, axis.high, list(axis.ticks)) == (0.0, 4.0, [0.0, 1.0, 2.0, 3.0, 4.0])
    axis = even("recall", [0.9731, 0.991], str, from_zero=False)
    assert axis.low <= 0.9731 < 0.991 <= axis.high
    axis = logarithmic("opened", [0.0, 3e-4, 4e-3], str)
    assert axis.low == pytest.approx(2e-4)
    assert axis.high == pytest.approx(1e-2)
    assert axis.part(2e-4) == 0.0
    assert axis.part(1e-3) == pytest.approx(0.411, abs=0.001)
    assert Axis("x", 0.0, 4.0, (), str).part(9.0) == 1.0


def test_one_value_makes_an_axis_too() -> None:
    for axis in (even("x", [0.0], str), even("x", [0.5], str, from_zero=False)):
        assert axis.high > axis.low
    assert logarithmic("x", [1.0], str).high > 1.0


def test_a_child_who_is_not_held_is_asked_for_narrow_and_wide() -> None:
    narrow, wide = absent(Names.builtin(), records=3_000, asked=300)
    assert (narrow.keys, wide.keys) == ("narrow", "wide")
    assert narrow.opened.of == 300
    assert 0 < narrow.opened.hits <= wide.opened.hits
    assert wide.possible.hits <= sum(share.hits for share in wide.possible_with.values())
    assert wide.possible_with["a twin"].hits > 0
    text = report.absent([narrow, wide], 3_000).markdown()
    assert "… with a twin" in text
