"""A measurement as a row: a rate, and its ratio to the bare cost measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """``ratio``: bare time over measured time, 1 at best; None where there is nothing bare to
    compare with.
    """

    name: str
    value: float
    unit: str
    ratio: float | None = None
