"""Shares with what chance leaves open about them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p, sqrt

_SURE = 1.959964  # standard deviations: 95 of 100 intervals hold what they are about


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``of``."""

    hits: int
    of: float

    @property
    def rate(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's interval of 95 per cent (E. B. Wilson 1927): it holds for few hits and
        for none.
        """
        if not self.of:
            return 0.0, 1.0
        p, n, z = self.rate, self.of, _SURE
        middle = p + z * z / (2 * n)
        reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        low = (middle - reach) / scale if self.hits else 0.0
        return low, min(1.0, (middle + reach) / scale)


def over(share: float, times: float) -> float:
    """Return the chance that one of ``times`` places opens, each independently with the chance
    ``share``.
    """
    return 1 - exp(times * log1p(-share)) if share < 1 else 1.0
