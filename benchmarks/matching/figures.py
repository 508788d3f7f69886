"""The figures of each data set: the product's, narrow and wide, beside those of others in the same
run.

The module runs ``evaluate`` and the rivals, and compares the figures with the aims; ``report``
shows them. As a rule each program has one core to itself while another runs beside it: the seconds
are those of such a run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from agency_node.match_tool.evaluation import Evaluation, evaluate
from agency_node.match_tool.tables import read_table, read_truth
from benchmarks.matching.apart import apart
from benchmarks.matching.sources import RIVALS, ROOT, Aims, Source
from fingerpost.private.linkage import Scope

SPLINK: Final = "Splink"
_RIVALS: Final = {SPLINK: "splink_link.py", "clkhash, anonlink": "clk_link.py"}
_OURS: Final = {Scope.NARROW: "Fingerpost narrow", Scope.WIDE: "Fingerpost wide"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An aim and whether it was met."""

    aim: str
    met: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One program on one data set; None where it has no such figure.

    ``precision``, ``recall``, ``f1``: of all pairs at the threshold, whether answered or laid
    before a person. ``answered``: F1 of what is answered without one. ``best``: F1 of each left
    record's best candidate. ``ahead``: F1 less Splink's.
    """

    source: str
    program: str
    unlocked: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    answered: float | None
    best: float | None
    seconds: float
    ahead: float | None = None
    verdicts: Sequence[Verdict] = field(default=())


def measure(
    sources: Sequence[Source], say: Callable[[str], None], *, alone: bool = False
) -> list[Line]:
    """Return the lines of each source; ``alone``: without the rivals, and one process at a time."""
    for source in sources:
        source.prepare()
    say(f"Fingerpost on {len(sources)} data sets")
    work = [(source, scope) for source in sources for scope in _OURS]
    found = apart(
        [partial(_evaluated, source.folder, scope) for source, scope in work], 1 if alone else None
    )
    ours: dict[str, list[Line]] = {}
    for (source, scope), figures in zip(work, found, strict=True):
        ours.setdefault(source.title, []).append(_line(source, scope, figures))
    others = () if alone else _RIVALS
    rivals = apart([partial(_rival, name, source, say) for source in sources for name in others])
    lines: list[Line] = []
    for source in sources:
        beside = [line for line in rivals if line is not None and line.source == source.title]
        splink = next((line for line in beside if line.program == SPLINK), None)
        lines += (judged(line, source.aims, splink) for line in ours[source.title])
        lines += beside
    return lines


def _evaluated(folder: Path, scope: Scope) -> Evaluation:
    left, right = read_table(folder / "left.csv").rows, read_table(folder / "right.csv").rows
    truth = set(read_truth(folder / "truth.csv", left, right))
    return evaluate(left, right, truth, scope=scope)


def _line(source: Source, scope: Scope, found: Evaluation) -> Line:
    return Line(
        source=source.title,
        program=_OURS[scope],
        unlocked=found.unlock_recall,
        precision=found.decision.precision,
        recall=found.decision.recall,
        f1=found.decision.f1,
        answered=found.answered.f1,
        best=found.best_candidate.f1,
        seconds=found.timing.seconds,
    )


def _rival(name: str, source: Source, say: Callable[[str], None]) -> Line | None:
    """Return its figures, or None where it failed: what it wrote is on standard error."""
    command = [str(RIVALS), str(ROOT / "benchmarks" / "rivals" / _RIVALS[name])]
    for option in ("left", "right", "truth"):
        command += [f"--{option}", str(source.folder / f"{option}.csv")]
    with TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command += ["--json", str(out)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
        if ended.returncode:
            sys.stderr.write(f"{name} failed on {source.title}\n{ended.stderr}")
            return None
        said = json.loads(out.read_text(encoding="utf-8"))
    say(f"{name} on {source.title}")
    decision = said["decision"]
    return Line(
        source=source.title,
        program=name,
        unlocked=None,
        precision=decision["precision"],
        recall=decision["recall"],
        f1=decision["f1"],
        answered=None,
        best=said["best_candidate"]["f1"],
        seconds=said["seconds"],
    )


def judged(line: Line, aims: Aims, splink: Line | None) -> Line:
    ahead = None
    if splink is not None and splink.f1 is not None and line.f1 is not None:
        ahead = line.f1 - splink.f1
    return replace(line, ahead=ahead, verdicts=tuple(_verdicts(line, aims, ahead)))


def _verdicts(line: Line, aims: Aims, ahead: float | None) -> Iterator[Verdict]:
    if aims.f1 is not None and line.f1 is not None:
        yield Verdict(f"F1 ≥ {aims.f1:.3f}", line.f1 >= aims.f1)
    if aims.best is not None and line.best is not None:
        yield Verdict(f"best ≥ {aims.best:.3f}", line.best >= aims.best)
    if aims.behind is not None and ahead is not None:
        wanted = f"Splink - {aims.behind:.3f}" if aims.behind else "Splink"
        yield Verdict(f"F1 ≥ {wanted}", ahead >= -aims.behind)
