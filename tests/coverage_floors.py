"""Hold the branch coverage of rules and of trust decisions to a floor, by file.

Run by ``make check`` after the tests, over ``.cache/coverage.json``. A number for the whole tree would let a rule hide
behind a long listing, so there is none: each file of a row below must reach its row's floor by itself. A module that
``architecture/floors.py`` calls a rule is held to ``RULES`` even if no row names it.

The figure is coverage.py's: statements and branches that ran, of all that there are. The floors are what the tests
reached when they were set, less one part of a file for a machine that takes another way round.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from architecture.floors import floor_of

TREE: Final = Path(__file__).resolve().parents[1]

RULES: Final = 95.0
"""What every module of rules must reach."""

TABLE: Final[tuple[tuple[str, float], ...]] = (
    ("fingerpost/private/*", 95.0),
    ("fingerpost/protocol/*", 95.0),
)
"""Path pattern and floor in per cent; the first row that fits a file decides."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: its figure and the lines that did not run, or whose branches did not."""

    path: str
    percent: float
    missing: tuple[str, ...]


def floor(path: str) -> float | None:
    """The floor of a file in per cent; None when it is neither a rule nor a trust decision."""
    for pattern, percent in TABLE:
        if fnmatch(path, pattern):
            return percent
    party, _, _ = path.partition("/")
    module = path.removesuffix(".py").replace("/", ".")
    is_rule = party != "fingerpost" and floor_of(module) == "rules"
    return RULES if is_rule and not path.endswith("__init__.py") else None


def measured(report: Mapping[str, Any]) -> Iterable[Measured]:
    """The files of a report of ``coverage json``."""
    for path, file in sorted(report["files"].items()):
        branches = (f"{start}->{end}" for start, end in file.get("missing_branches", ()) if end > 0)
        lines = (str(line) for line in file["missing_lines"])
        yield Measured(path, file["summary"]["percent_covered"], (*lines, *branches))


def below(files: Iterable[Measured]) -> list[str]:
    """A line for each file that does not reach its floor."""
    return [
        f"{file.path}: {file.percent:.1f} % of {wanted:.0f} %; not run: {', '.join(file.missing)}"
        for file in files
        if (wanted := floor(file.path)) is not None and file.percent < wanted
    ]


def idle(files: Iterable[Measured]) -> list[str]:
    """The rows that fit no file any more, which would hold nothing."""
    paths = [file.path for file in files]
    return [pattern for pattern, _ in TABLE if not any(fnmatch(path, pattern) for path in paths)]


def main() -> int:
    files = list(measured(json.loads((TREE / ".cache/coverage.json").read_text("utf-8"))))
    faults = [*below(files), *(f"{pattern}: no such file" for pattern in idle(files))]
    held = sum(floor(file.path) is not None for file in files)
    said = faults or [f"All {held} files of rules and trust decisions reach their floors."]
    sys.stdout.write("\n".join(said) + "\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
