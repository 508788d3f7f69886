"""What a damage of an export is, and the list of all: ``broken_grids`` and ``broken_files`` add
theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from fakes.invented_exports import File, Grid

OF_THE_PRACTITIONER: Final = frozenset(
    {"worker_name", "worker_role", "desk_phone", "desk_email", "ooh_phone", "hours", "desk"}
)
"""A remark about these columns does not name a child: whoever mends it does not find that she is
missed."""
OfGrid = Callable[[Grid, Random], None]
OfFile = Callable[[File, Random], File]


@dataclass(frozen=True, slots=True)
class Damage:
    """``texts``: whether only a text with lines can suffer it."""

    name: str
    of_grid: OfGrid | None = None
    of_file: OfFile | None = None
    texts: bool = False


ALL: dict[str, Damage] = {}


def of_grid(func: OfGrid) -> OfGrid:
    """Add what befalls cells, columns and rows."""
    name = func.__name__.replace("_", " ")
    ALL[name] = Damage(name, of_grid=func)
    return func


def of_file(func: OfFile) -> OfFile:
    """Add what befalls the bytes of any file."""
    name = func.__name__.replace("_", " ")
    ALL[name] = Damage(name, of_file=func)
    return func


def of_text(func: OfFile) -> OfFile:
    """Add what befalls the lines of a text."""
    name = func.__name__.replace("_", " ")
    ALL[name] = Damage(name, of_file=func, texts=True)
    return func
