"""Hold the branch coverage of rules and of trust decisions to a floor, by file.

Run by ``make check`` after the tests, over ``.cache/coverage.json``. A number for the whole tree
would let a rule hide behind a long listing, so there is none: each file of a room below must reach
the room's floor by itself. A module that ``architecture/floors.py`` calls a rule is held to
``RULES`` even if no row names its room. Command lines and wiring are held to no floor: much of them
runs in processes that are not measured.

The figure is coverage.py's: statements and branches that ran, of all that there are. A floor is
what the weakest file of its room reached when it was set, less about one per cent, since which of
two branches runs may depend on timing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from architecture.floors import floor_of

TREE: Final = Path(__file__).resolve().parents[1]

RULES: Final = 92.0
"""What a module of rules must reach, in per cent, where no row below names its room."""

TABLE: Final[tuple[tuple[str, float], ...]] = (
    ("fingerpost/private/linkage/golden.py", 85.0),  # writes vectors: by hand, when they change
    ("fingerpost/private/linkage/*.py", 97.0),
    ("fingerpost/private/*.py", 93.0),
    ("fingerpost/protocol/codec/*.py", 91.0),
    ("fingerpost/protocol/*.py", 93.0),
    ("fingerpost/audit/*.py", 97.0),
    ("fingerpost/membership/*.py", 91.0),
    ("fingerpost/runtime/files.py", 94.0),
    ("fingerpost/runtime/identity.py", 99.0),
    ("fingerpost/runtime/rpc.py", 97.0),
    ("fingerpost/runtime/sealed_box.py", 99.0),
    ("fingerpost/runtime/tls.py", 93.0),
    ("agency_node/answering/*.py", 94.0),
    ("agency_node/records/sealing.py", 96.0),
    ("agency_node/records/store/*.py", 95.0),
    ("authority/issuer/*.py", 90.0),
    ("authority/*.py", 86.0),
    ("broker/*.py", 93.0),
    ("key_holder/*.py", 89.0),
    ("practitioner/asking/*.py", 95.0),
    ("practitioner/sign_in/*.py", 91.0),
)
"""Rooms in which trust is decided, each with its floor in per cent. The first row that fits
decides."""
_NOT_HELD: Final = ("command lines", "wiring")


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: its figure and the lines that did not run, or whose branches did not."""

    path: str
    percent: float
    missing: tuple[str, ...]


def floor(path: str) -> float | None:
    """The floor of a file in per cent; None when it is neither a rule nor a trust decision."""
    module = path.removesuffix(".py").replace("/", ".")
    stands_on = floor_of(module)
    if stands_on in _NOT_HELD:
        return None
    for pattern, percent in TABLE:
        if PurePosixPath(path).match(pattern):
            return percent
    is_rule = stands_on == "rules" and not path.startswith("fingerpost/")
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
    return [
        pattern
        for pattern, _ in TABLE
        if not any(PurePosixPath(path).match(pattern) for path in paths)
    ]


def main() -> int:
    files = list(measured(json.loads((TREE / ".cache/coverage.json").read_text("utf-8"))))
    faults = [*below(files), *(f"{pattern}: no such file" for pattern in idle(files))]
    held = sum(floor(file.path) is not None for file in files)
    said = faults or [f"All {held} files of rules and trust decisions reach their floors."]
    sys.stdout.write("\n".join(said) + "\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
