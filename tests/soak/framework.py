"""What a scenario is, what a run of one counts, and the table at the end."""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from soak.oracle import Verdict

_COUNTS: Final = ("trials", "whole", "gaps", "refused", "cut off", 'false "no"', "lost records")
HEADINGS: Final = ("scenario", *_COUNTS, "note")
_LINE: Final = re.compile(
    r"^row ([\w -]+): trials (\d+), whole (\d+), gaps (\d+), refused (\d+), cut off (\d+), "
    r"false (\d+), lost (\d+); ?(.*)$"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Args:
        trials: how often the fault was injected, or the attack made.
        whole: lookups in which every agency's true answer was shown.
        gaps: lookups in which the answers shown were true, and the others named as gaps.
        refused: lookups that ended as a refusal.
        cut_off: lookups whose gateway died, so that nobody was shown anything.
        false: lookups that showed an agency as silent which knows the child, or the reverse.
        lost: records that have to be there, and are not.
        failed: the scenario did not come to its end; ``note`` says why.
    """

    name: str
    trials: int = 0
    whole: int = 0
    gaps: int = 0
    refused: int = 0
    cut_off: int = 0
    false: int = 0
    lost: int = 0
    note: str = ""
    failed: bool = False

    @property
    def good(self) -> bool:
        return not (self.false or self.lost or self.failed)

    def line(self) -> str:
        """Return the row as a line that ``read`` understands."""
        return (
            f"row {self.name}: trials {self.trials}, whole {self.whole}, gaps {self.gaps}, "
            f"refused {self.refused}, cut off {self.cut_off}, false {self.false}, "
            f"lost {self.lost}; {self.note}"
        )

    @classmethod
    def read(cls, line: str) -> Self | None:
        found = _LINE.match(line.strip())
        if found is None:
            return None
        name, *counts, note = found.groups()
        trials, whole, gaps, refused, cut_off, false, lost = map(int, counts)
        return cls(name, trials, whole, gaps, refused, cut_off, false, lost, note)

    def cells(self) -> tuple[str, ...]:
        counts = (
            self.trials, self.whole, self.gaps, self.refused, self.cut_off, self.false, self.lost,
        )  # fmt: skip
        note = f"FAILED: {self.note}" if self.failed else self.note
        return (self.name, *map(str, counts), note)


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]

    def written(cells: tuple[str, ...]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    ruled = tuple("-" * width for width in widths)
    return "\n".join(map(written, (HEADINGS, ruled, *(row.cells() for row in rows))))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def seeded(description: str | None) -> argparse.ArgumentParser:
    """Return the options of a module that breaks files: each trial follows from the seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=1000, help="of each source")
    return parser


def numbers(chosen: argparse.Namespace) -> Iterator[int]:
    """Yield the number of each trial, by the options of ``seeded``."""
    began = time.monotonic()
    for number in range(chosen.trials):
        if time.monotonic() - began > 60 * chosen.minutes:
            return
        yield number


class BrokenFile(Protocol):
    """What became of one: the codes for which it was refused, or how many rows were named."""

    @property
    def damage(self) -> str: ...
    @property
    def refused(self) -> Sequence[str]: ...
    @property
    def named(self) -> int: ...


class BrokenFiles:
    """The counts of broken files."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self._codes: dict[str, Counter[str]] = {}

    def add(self, trial: BrokenFile, *, false: bool, lost: bool) -> None:
        ending = "refused" if trial.refused else "gaps" if trial.named else "whole"
        self.counts.update(trials=1, false=false, lost=lost, **{ending: 1})
        self._codes.setdefault(trial.damage, Counter()).update(trial.refused or (ending,))
        if false:
            say(str(trial))

    def told(self, name: str, note: str = "") -> bool:
        """Say what became of each damage, and the row; return whether it is good."""
        for damage, found in sorted(self._codes.items()):
            say(f"{damage}: {', '.join(f'{code} {n}' for code, n in found.most_common(4))}")
        c = self.counts
        row = Row(
            name, c["trials"], c["whole"], c["gaps"], c["refused"], 0, c["false"], c["lost"], note
        )
        say(row.line())
        return row.good


@dataclass
class Run:
    """One run of one scenario: for ``minutes``, or for ``trials`` if they are over first.

    ``random`` follows from the seed and the scenario's name.
    """

    name: str
    seed: int
    minutes: float
    trials: int | None = None
    say: Callable[[str], None] = print
    note: str = ""
    counts: Counter[Verdict] = field(default_factory=Counter)
    done: int = 0
    lost: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.seed} {self.name}")
        self._began: float | None = None

    def goes_on(self) -> bool:
        """Return whether another trial is to be made, and count it."""
        if self._began is None:  # founding and starting the federation does not count
            self._began = time.monotonic()
        over = time.monotonic() - self._began > 60 * self.minutes
        if over or (self.trials is not None and self.done >= self.trials):
            return False
        self.done += 1
        return True

    def row(self, failure: str = "") -> Row:
        count = self.counts
        return Row(
            self.name,
            self.done,
            count[Verdict.WHOLE],
            count[Verdict.GAPS],
            count[Verdict.REFUSED],
            count[Verdict.CUT_OFF],
            count[Verdict.FALSE],
            len(self.lost),
            failure or self.note,
            failed=bool(failure),
        )


Scenario = Callable[[Run], Awaitable[None]]
SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(func: Scenario) -> Scenario:
    """Register a scenario under the name of the coroutine."""
    name = func.__name__.replace("_", "-")
    if name in SCENARIOS:
        raise ValueError(f"two scenarios are called {name}")
    SCENARIOS[name] = func
    return func


async def perform(run: Run) -> Row:
    """Run a scenario to its end. One that breaks off is a failed row with what it counted."""
    try:
        await SCENARIOS[run.name](run)
    except Exception as error:  # noqa: BLE001 - the other scenarios are still to be run
        return run.row(f"{type(error).__name__}: {error}")
    return run.row()
