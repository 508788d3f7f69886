"""Charts of the quality report, as SVG within the page. Pure.

Law: a chart fetches nothing, has no script and no style attribute, says in words what it shows, and
stands beside a table with the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from agency_node.importing.quality.markup import e

WIDTH: Final = 720
_ROW: Final = 30
_BAR: Final = 16
_LABELS: Final = 360
_VALUES: Final = 70
_CHARS: Final = 44
_LINE_WIDTH: Final = 180
_LINE_HEIGHT: Final = 36
_EDGE: Final = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. ``share``: from 0 to 1, its length. ``said``: what stands at its end."""

    label: str
    share: float
    said: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole. ``look``: the class that gives its fill."""

    label: str
    count: int
    look: str


def bars(name: str, title: str, rows: Sequence[Bar]) -> Element:
    """Return a chart of horizontal bars.

    Args:
        name: by which the page knows the chart.
        title: what it shows, for who cannot see it.
    """
    room = WIDTH - _LABELS - _VALUES
    drawn = []
    for place, row in enumerate(rows):
        top = place * _ROW
        middle = top + _ROW / 2 + 5
        length = max(1.0 if row.share else 0.0, room * min(1.0, row.share))
        drawn += [
            e("text", _short(row.label), x=_LABELS - 10, y=middle, class_="label"),
            e("rect", x=_LABELS, y=top + 7, width=room, height=_BAR, class_="track"),
            e("rect", x=_LABELS, y=top + 7, width=f"{length:.1f}", height=_BAR, class_="bar"),
            e("text", row.said, x=_LABELS + room + 8, y=middle, class_="value"),
        ]
    return _chart(name, title, WIDTH, max(1, len(rows)) * _ROW, drawn)


def whole(name: str, title: str, parts: Sequence[Part]) -> Element:
    """Return one bar that is divided into the parts of a whole, with a legend."""
    total = sum(part.count for part in parts)
    left, drawn = 0.0, []
    for part in parts:
        width = WIDTH * part.count / total if total else 0.0
        if part.count:
            drawn.append(
                e("rect", x=f"{left:.1f}", y=0, width=f"{width:.1f}", height=28, class_=part.look)
            )
        left += width
    step = WIDTH / max(1, len(parts))
    for place, part in enumerate(parts):
        at = place * step
        drawn += [
            e("rect", x=f"{at:.1f}", y=42, width=14, height=14, class_=part.look),
            e("text", f"{part.label}: {part.count:,}", x=f"{at + 20:.1f}", y=54, class_="legend"),
        ]
    return _chart(name, title, WIDTH, 64, drawn)


def line(name: str, title: str, values: Sequence[float]) -> Element:
    """Return a small line through the values, the oldest on the left, from 0 to the greatest."""
    most, room = max(values, default=0.0) or 1.0, _LINE_WIDTH - 2 * _EDGE
    step = room / max(1, len(values) - 1)
    points = [
        (_EDGE + n * step, _LINE_HEIGHT - _EDGE - (_LINE_HEIGHT - 2 * _EDGE) * value / most)
        for n, value in enumerate(values)
    ]
    drawn = [
        e(
            "line",
            x1=0,
            y1=_LINE_HEIGHT - _EDGE,
            x2=_LINE_WIDTH,
            y2=_LINE_HEIGHT - _EDGE,
            class_="axis",
        ),
        e("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_="trend"),
    ]
    if points:
        x, y = points[-1]
        drawn.append(e("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=3.5, class_="bar"))
    return _chart(name, title, _LINE_WIDTH, _LINE_HEIGHT, drawn)


def _chart(name: str, title: str, width: int, height: int, drawn: Sequence[Element]) -> Element:
    return e(
        "svg",
        e("title", title, id=name),
        drawn,
        role="img",
        aria_labelledby=name,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )


def _short(label: str) -> str:
    return label if len(label) <= _CHARS else label[: _CHARS - 1].rstrip(" ,") + "…"
