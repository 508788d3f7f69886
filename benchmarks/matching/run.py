"""``make bench-matching``: how good the matcher is, what it exposes and how evenly, in tables.

    python -m benchmarks.matching.run [--quick] [--alone] [--shared FOLDER] [PART …]

Writes ``.cache/bench-matching.json`` and ``.md`` beside it, and the picture of the frontier that
docs/matching.md shows (only of a full run with all parts). ``--shared``: a folder with ``linkage``
(Splink's data sets) and ``frequencies`` (names by how often they are borne); without it England
bears the project's own lists of names.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console

from benchmarks.matching import agencies, equity, figures, frontier_picture, rates, report, speed
from benchmarks.matching.absent import absent
from benchmarks.matching.intervals import Share
from benchmarks.matching.report import Rows
from benchmarks.matching.sets import NARROW, WIDE, recalled, shipped, without_numbers
from benchmarks.matching.solver import Mask
from benchmarks.matching.sources import CACHE, ROOT, sources
from benchmarks.matching.world import FULL, QUICK, SEED, World, make_world, twins
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import normalise

PARTS: Final = ("figures", "exposure", "absent")
PICTURE: Final = ROOT / "docs" / "pictures" / "matching-frontier.svg"
_TWINS: Final = 4_000


@dataclass
class Results:
    """What has been measured so far: to be shown, and as values."""

    tables: list[Rows]
    content: dict[str, object]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="less of everything, in minutes")
    parser.add_argument("--shared", type=Path, help="a folder with linkage and frequencies")
    parser.add_argument(
        "--alone", action="store_true", help="without rivals, nor the sets that need their packages"
    )
    given = parser.parse_args()
    wanted = given.parts or PARTS
    names = Names.from_folder(given.shared / "frequencies") if given.shared else Names.builtin()
    started = time.perf_counter()
    notices = Console(stderr=True, highlight=False)

    def say(text: str) -> None:
        notices.print(f"[dim]{time.perf_counter() - started:6.0f} s  {text}[/]")

    out = Results([], {"quick": given.quick, "names": "lists" if given.shared else "builtin"})
    if "figures" in wanted:
        judged = sources(names, given.shared, quick=given.quick, rivals=not given.alone)
        lines = figures.measure(judged, say, alone=given.alone)
        out.tables.append(report.figures(lines))
        out.content["figures"] = lines
        out.content["missed"] = list(report.aims_missed(lines))
        _write(out)
    if "exposure" in wanted:
        _exposure(out, names, quick=given.quick, say=say)
        _write(out)
    if "absent" in wanted:
        say("children who are not held")
        records, asked = (20_000, 1_000) if given.quick else (100_000, 5_000)
        found = absent(names, records, asked)
        out.tables.append(report.absent(found, records))
        out.content["absent"] = found
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    for table in out.tables:
        console.print(table.screen())
        console.print()
    out.content["seconds"] = time.perf_counter() - started
    _write(out)
    say("done")
    return 0


def _exposure(out: Results, names: Names, *, quick: bool, say: Callable[[str], None]) -> None:
    say("drawing the children of England")
    world = make_world(QUICK if quick else FULL, names)
    effort = speed.effort(world.people.children, 4_000 if quick else 20_000)
    twin_shares = _twins(world)
    met = agencies.meet_all(world, names, say)
    say("pairs of records by group")
    pairs = equity.recall_by_group(world)
    say("rates")
    opens, per_lookup = rates.false_unlock(world, met), rates.per_lookup(world, met)
    exposed, ratios = equity.by_group(world, met, pairs)
    points = equity.frontier(world, met, pairs)
    out.tables += [
        report.false_unlock(opens),
        report.others(per_lookup, twin_shares, effort),
        report.groups(exposed),
        report.ratios(ratios),
        report.frontier(points),
    ]
    out.content |= {
        "false_unlock": opens,
        "per_lookup": per_lookup,
        "twins": twin_shares,
        "effort": effort,
        "groups": exposed,
        "ratios": ratios,
        "frontier": points,
    }
    picture = frontier_picture.draw(points)
    (CACHE / PICTURE.name).write_text(picture, encoding="utf-8")
    if not quick:
        PICTURE.write_text(picture, encoding="utf-8")


def _twins(world: World) -> dict[str, Share]:
    """Return how often a question opens a record of the child's twin."""
    chance = Random(SEED + 80)
    pairs = twins(world.people.children)
    some = chance.sample(pairs, min(_TWINS, len(pairs)))
    masks = [(one.sex is other.sex, _opened(one, other, chance)) for one, other in some]
    found = {}
    for name, alike in (("twins of one sex", True), ("of two", False)):
        chosen = [mask for same, mask in masks if same is alike]
        for keys, wanted in (("narrow", NARROW), ("wide", WIDE)):
            hits = sum(1 for mask in chosen if mask & wanted)
            found[f"{name}, {keys}"] = Share(hits, len(chosen))
    return found


def _opened(one: Child, other: Child, chance: Random) -> Mask:
    asked, record = (
        normalise(without_numbers(write_record(child, TYPICAL, chance))) for child in (one, other)
    )
    return recalled(asked, record, shipped)


def _write(out: Results) -> None:
    def plain(value: object) -> object:
        if isinstance(value, Share):
            return {**asdict(value), "rate": value.rate, "interval": value.interval}
        if is_dataclass(value) and not isinstance(value, type):
            return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        if isinstance(value, dict):
            return {str(key): plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list | tuple) else value

    text = json.dumps(plain(out.content), indent=2)
    (CACHE / "bench-matching.json").write_text(text + "\n", encoding="utf-8")
    (CACHE / "bench-matching.md").write_text(report.markdown(out.tables), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
