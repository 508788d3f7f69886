"""A forest of extremely randomised trees, and how well it tells two classes apart.

After P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning 63 (2006):
each tree splits at random places of a few random features and takes the best of them. The score of
a sample comes from trees that were grown without it (folds), so that a forest that only remembers
its samples scores nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TREES: Final = 80
LEAST: Final = 8
"""A node of a tree with fewer samples is not split."""
DEPTH: Final = 8
FOLDS: Final = 5

Samples = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class _Split:
    feature: int
    at: float
    below: _Split | float
    above: _Split | float


def area_under_the_curve(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Return how often a sample of the class scores above one that is not; ties count half."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks, at = [0.0] * len(scores), 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        for place in order[at:end]:
            ranks[place] = (at + end + 1) / 2
        at = end
    ours = sum(labels)
    total = sum(rank for rank, label in zip(ranks, labels, strict=True) if label)
    return (total - ours * (ours + 1) / 2) / (ours * (len(labels) - ours))


def interval(area: float, ours: int, theirs: int) -> tuple[float, float]:
    """Return the 95 % interval of an area, after Hanley and McNeil, Radiology 143 (1982)."""
    one, both = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (ours - 1) * (one - area**2) + (theirs - 1) * (both - area**2)
    width = 1.96 * math.sqrt(max(spread, 0.0) / (ours * theirs))
    return area - width, area + width


def told_apart(samples: Samples, labels: Sequence[bool], draw: random.Random) -> float:
    """Return the area under the curve of a forest in ``FOLDS`` folds."""
    # Each fold has the same share of both classes: else what is rarer in a fold is commoner in the
    # trees that score it, and the area lies below a half where there is nothing to find.
    order: list[int] = []
    for label in (True, False):
        some = [place for place, its in enumerate(labels) if its is label]
        draw.shuffle(some)
        order += some
    scores = [0.0] * len(samples)
    for fold in range(FOLDS):
        held, rest = order[fold::FOLDS], [p for n, p in enumerate(order) if n % FOLDS != fold]
        trees = [_grow(samples, labels, rest, draw, DEPTH) for _ in range(TREES)]
        for place in held:
            scores[place] = sum(_score(tree, samples[place]) for tree in trees) / TREES
    return area_under_the_curve(scores, labels)


def _grow(
    samples: Samples, labels: Sequence[bool], some: list[int], draw: random.Random, depth: int
) -> _Split | float:
    ours = sum(labels[place] for place in some)
    if depth == 0 or len(some) < LEAST or ours in (0, len(some)):
        return ours / len(some)
    best: tuple[float, int, float, list[int], list[int]] | None = None
    width = len(samples[0])
    for feature in draw.sample(range(width), max(1, width // 4)):
        values = [samples[place][feature] for place in some]
        low, high = min(values), max(values)
        if low == high:
            continue
        at = draw.uniform(low, high)
        below = [place for place, value in zip(some, values, strict=True) if value < at]
        above = [place for place, value in zip(some, values, strict=True) if value >= at]
        if not below or not above:
            continue
        impurity = _impurity(labels, below) + _impurity(labels, above)
        if best is None or impurity < best[0]:
            best = impurity, feature, at, below, above
    if best is None:
        return ours / len(some)
    _, feature, at, below, above = best
    return _Split(
        feature,
        at,
        _grow(samples, labels, below, draw, depth - 1),
        _grow(samples, labels, above, draw, depth - 1),
    )


def _impurity(labels: Sequence[bool], some: list[int]) -> float:
    share = sum(labels[place] for place in some) / len(some)
    return len(some) * share * (1 - share)


def _score(tree: _Split | float, sample: Sequence[float]) -> float:
    while isinstance(tree, _Split):
        tree = tree.below if sample[tree.feature] < tree.at else tree.above
    return tree
