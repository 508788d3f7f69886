"""Write two spoiled files of a seeded population, their true pairs and the groups, for a matcher to
be judged on.

What cannot be done is reported in one line before the work begins, with exit status 2; no file
takes another's place.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final, NoReturn

from benchmarks.population.errors import PRESETS, ErrorModel
from benchmarks.population.linkage import Linkage, linkage, write_files
from benchmarks.population.names import Names
from benchmarks.population.population import UNTIL, build

FILES: Final = ("left.csv", "right.csv", "truth.csv", "groups.csv")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


def _children(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least one child is needed")
    return count


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) <= 1:
        raise argparse.ArgumentTypeError("a share between 0 and 1 is needed")
    return share


def _parser() -> _Parser:
    parser = _Parser(prog="python -m benchmarks.population", description=__doc__)
    parser.add_argument("--children", type=_children, default=50_000, help="how many (50000)")
    parser.add_argument("--seed", type=int, default=1, help="one seed, one population (1)")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=UNTIL, help=f"all are under 18 then ({UNTIL})"
    )
    parser.add_argument("--names", type=Path, help="folder of uk_forename.csv and uk_surname.csv")
    parser.add_argument(
        "--errors", default="typical", help="clean, typical, bad, or a JSON file of rates (typical)"
    )
    parser.add_argument(
        "--overlap", type=_share, default=0.5, help="share of the children in both files (0.5)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the four files")
    return parser


def main(words: list[str] | None = None) -> None:
    """Run the program. Exit status 2: what is asked for cannot be done.

    Args:
        words: The arguments, by default the command line's.
    """
    parser = _parser()
    arguments = parser.parse_args(words)
    started = time.perf_counter()
    folder: Path = arguments.out
    _require_room(parser, folder)
    model = replace(_model(parser, arguments.errors), until=arguments.until)
    names = _names(parser, arguments.names)
    population = build(arguments.children, arguments.seed, names, arguments.until)
    linked = linkage(population.children, model, arguments.seed, overlap=arguments.overlap)
    try:
        write_files(folder, linked)
    except OSError as error:
        parser.error(f"--out {folder}: cannot be written ({error.strerror})")
    print(
        f"{len(population.children)} children in {len(population.areas)} areas; "
        f"{len(linked.left)} and {len(linked.right)} records, {len(linked.truth)} pairs; "
        f"{time.perf_counter() - started:.1f} s"
    )
    for name, what in zip(FILES, _contents(linked), strict=True):
        print(f"Wrote {folder / name}: {what}")


def _require_room(parser: _Parser, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        parser.error(f"--out {folder}: is no folder")
    for name in FILES:
        path = folder / name
        if path.exists() or path.is_symlink():
            parser.error(f"{path}: exists already; it is not overwritten")


def _model(parser: _Parser, named: str) -> ErrorModel:
    try:
        return ErrorModel.named(named)
    except OSError:
        parser.error(
            f"--errors {named}: neither {', '.join(PRESETS)} nor a JSON file that can be read"
        )
    except json.JSONDecodeError as error:
        parser.error(f"--errors {named}: no JSON (line {error.lineno})")
    except (ValueError, TypeError) as error:  # a rate, a knob, a preset, a day that is none
        parser.error(f"--errors {named}: {error}")


def _names(parser: _Parser, folder: Path | None) -> Names:
    if folder is None:
        return Names.builtin()
    for name in ("uk_forename.csv", "uk_surname.csv"):
        if not (folder / name).is_file():
            parser.error(f"--names {folder}: {name} is not there")
    return Names.from_folder(folder)


def _contents(made: Linkage) -> tuple[str, str, str, str]:
    return (
        f"{len(made.left):,} records, as a school keeps them",
        f"{len(made.right):,} records, as a health service keeps them",
        f"{len(made.truth):,} pairs of ids of one child",
        "the group of names of each left record",
    )


if __name__ == "__main__":
    main()
