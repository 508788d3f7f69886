"""Two plots in one picture: what binding the keys of common names buys in evenness, and what it
costs in recall.

A small writer of SVG of our own. Pure: points come in, text goes out. It carries its own white
ground, so that it can be read on a page of any colour; lines differ by dash and mark as well as by
colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

_WIDTH, _HEIGHT = 980, 470
_TOP, _BOTTOM = 74, 372
_INK: Final = "#16283a"
_COLOURS: Final = ("#24435c", "#a4561f")
_DASHES: Final = ("", "7 4")
_STYLE: Final = f"""
      .frame {{ fill: none; stroke: {_INK}; stroke-width: 1.2 }}
      .grid {{ stroke: #d5dbe0; stroke-width: 1 }}
      .aim {{ fill: #e4eff7 }}
      .head {{ font-size: 16px; font-weight: bold; fill: {_INK} }}
      .text {{ font-size: 12.5px; fill: {_INK} }}
      .soft {{ font-size: 12px; fill: #5c5443 }}
    """


@dataclass(frozen=True, slots=True)
class Mark:
    """A point; ``label`` may be empty. ``shipped`` points are ringed."""

    x: float
    y: float
    label: str = ""
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` to ``high``, which is above it; a logarithmic one is above 0."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]
    shown: Callable[[float], str]
    log: bool = False

    def part(self, value: float) -> float:
        """Return where on the axis a value is, from 0 to 1."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = log10(low), log10(high), log10(at)
        return (at - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Plot:
    """``aim``: x at most, y at most; shaded. ``note``: beside the names of the lines. ``steep``:
    the lines fall, so labels stand at the left of the first line and at the right of the second,
    not below and above.
    """

    title: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    aim: tuple[float, float] | None = None
    aim_said: str = ""
    note: Sequence[str] = ()
    steep: bool = False


def even(
    title: str, values: Sequence[float], shown: Callable[[float], str], *, from_zero: bool = True
) -> Axis:
    """Return an axis with about five round ticks, from 0 on or around the values."""
    low = 0.0 if from_zero else min(values)
    span = max(max(values) - low, 1e-9)
    step: float = 10.0 ** floor(log10(span / 4))
    step *= next(times for times in (1, 2, 5, 10) if span / (step * times) <= 5)
    first = floor(low / step)
    last = max(first + 1, ceil(max(values) / step))
    ticks = [n * step for n in range(first, last + 1)]
    return Axis(title, ticks[0], ticks[-1], ticks, shown)


def logarithmic(title: str, values: Sequence[float], shown: Callable[[float], str]) -> Axis:
    """Return an axis of whole powers of ten with ticks at 1, 2 and 5."""
    known = [value for value in values if value > 0] or [1.0]
    first, last = floor(log10(min(known))), ceil(log10(max(known)))
    ticks = [times * 10.0**n for n in range(first, max(last, first + 1)) for times in (1, 2, 5)]
    ticks.append(10.0 ** max(last, first + 1))
    low = max(tick for tick in ticks if tick <= min(known))
    high = min([tick for tick in ticks if tick >= max(known) * 1.4] or ticks[-1:])
    return Axis(title, low, high, [t for t in ticks if low <= t <= high], shown, log=True)


def picture(title: str, description: str, plots: Sequence[Plot]) -> str:
    """Return the plots as SVG.

    Args:
        description: For who cannot see it.
    """
    wide = _WIDTH // len(plots)
    drawn = "\n".join(_plot(plot, place * wide, wide) for place, plot in enumerate(plots))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="title desc" '
        'font-family="DejaVu Sans, Verdana, Arial, sans-serif">\n'
        f'  <title id="title">{escape(title)}</title>\n'
        f'  <desc id="desc">{escape(description)}</desc>\n'
        f"  <defs><style>{_STYLE}</style></defs>\n"
        f'  <rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n{drawn}\n</svg>\n'
    )


def _plot(plot: Plot, at: int, wide: int) -> str:
    left, right = at + 74, at + wide - 26
    parts: list[str] = []

    def x_of(value: float) -> float:
        return left + plot.x.part(value) * (right - left)

    def y_of(value: float) -> float:
        return _BOTTOM - plot.y.part(value) * (_BOTTOM - _TOP)

    if plot.aim is not None:
        x, y = x_of(plot.aim[0]), y_of(plot.aim[1])
        parts.append(
            f'<rect class="aim" x="{left}" y="{y:.1f}" width="{x - left:.1f}" '
            f'height="{_BOTTOM - y:.1f}"/>'
        )
        parts.append(_text(left + 8, _BOTTOM - 10, plot.aim_said, "soft"))
    for tick in plot.x.ticks:
        x = x_of(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {_TOP} V{_BOTTOM}"/>')
        parts.append(_text(x, _BOTTOM + 18, plot.x.shown(tick), "text", "middle"))
    for tick in plot.y.ticks:
        y = y_of(tick)
        parts.append(f'<path class="grid" d="M{left} {y:.1f} H{right}"/>')
        parts.append(_text(left - 8, y + 4, plot.y.shown(tick), "text", "end"))
    parts.append(
        f'<rect class="frame" x="{left}" y="{_TOP}" width="{right - left}" '
        f'height="{_BOTTOM - _TOP}"/>'
    )
    for place, line in enumerate(plot.lines):
        parts += _line(line, place, x_of, y_of, plot.steep)
        parts += _legend(line.name, place, left)
    for place, words in enumerate(plot.note):
        parts.append(_text(left + 160, _BOTTOM + 62 + 18 * place, words, "soft"))
    middle = (left + right) / 2
    parts.append(_text(middle, 34, plot.title, "head", "middle"))
    parts.append(_text(middle, _BOTTOM + 40, plot.x.title, "text", "middle"))
    turned = f'transform="rotate(-90 {at + 18} {(_TOP + _BOTTOM) / 2})"'
    parts.append(
        _text(at + 18, (_TOP + _BOTTOM) / 2, plot.y.title, "text", "middle").replace(
            "<text", f"<text {turned}", 1
        )
    )
    return "\n".join(f"  {part}" for part in parts)


def _line(
    line: Line,
    place: int,
    x_of: Callable[[float], float],
    y_of: Callable[[float], float],
    steep: bool,
) -> list[str]:
    colour, dash = _COLOURS[place % 2], _DASHES[place % 2]
    path = " L".join(f"{x_of(mark.x):.1f} {y_of(mark.y):.1f}" for mark in line.marks)
    parts = [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.8" '
        f'stroke-dasharray="{dash}"/>'
    ]
    for mark in line.marks:
        x, y = x_of(mark.x), y_of(mark.y)
        parts.append(_dot(x, y, place))
        if mark.shipped:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{colour}" '
                'stroke-width="2"/>'
            )
        if mark.label:
            parts.append(_label(mark.label, x, y, place, steep))
    return parts


def _label(text: str, x: float, y: float, place: int, steep: bool) -> str:
    first = place % 2 == 0
    if steep:
        anchor = "end" if first else "start"
        return _text(x + (-12 if first else 10), y + (14 if first else -7), text, "soft", anchor)
    return _text(x, y + (24 if first else -14), text, "soft", "middle")


def _legend(name: str, place: int, left: int) -> list[str]:
    y = _BOTTOM + 62 + 18 * place
    colour, dash = _COLOURS[place % 2], _DASHES[place % 2]
    return [
        f'<path d="M{left} {y - 4} h34" stroke="{colour}" stroke-width="1.8" '
        f'stroke-dasharray="{dash}"/>',
        _dot(left + 17, y - 4, place),
        _text(left + 44, y, name, "text"),
    ]


def _dot(x: float, y: float, place: int) -> str:
    colour = _COLOURS[place % 2]
    if place % 2:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )
