"""Names for the children of a class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random


def names_of_a_class(
    random: Random, forenames: Sequence[str], surnames: Sequence[str], count: int
) -> list[tuple[str, str]]:
    """Forename and surname of ``count`` children: no two share both, and most share neither, which
    an import takes for another column.
    """
    named = [(first, last) for first in forenames for last in surnames]
    while True:
        chosen = random.sample(named, count)
        if all(
            max(Counter(each).values()) <= max(1, count // 2) for each in zip(*chosen, strict=True)
        ):
            return chosen
