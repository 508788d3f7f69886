"""Write two spoiled files of a seeded population, their true pairs and the groups, for a matcher to be judged on."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks.population.errors import ErrorModel
from benchmarks.population.linkage import linkage, write_files
from benchmarks.population.names import Names
from benchmarks.population.population import UNTIL, build


def main(words: list[str] | None = None) -> None:
    """``words``: the arguments, by default the command line's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.population", description=__doc__)
    parser.add_argument("--children", type=int, default=50_000, help="how many (50000)")
    parser.add_argument("--seed", type=int, default=1, help="one seed, one population (1)")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=UNTIL, help=f"all are under 18 then ({UNTIL})"
    )
    parser.add_argument("--names", type=Path, help="folder of uk_forename.csv and uk_surname.csv")
    parser.add_argument(
        "--errors", default="typical", help="clean, typical, bad, or a JSON file of rates (typical)"
    )
    parser.add_argument(
        "--overlap", type=float, default=0.5, help="share of the children in both files (0.5)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the four files")
    arguments = parser.parse_args(words)
    started = time.perf_counter()
    names = Names.from_folder(arguments.names) if arguments.names else Names.builtin()
    model = replace(ErrorModel.named(arguments.errors), until=arguments.until)
    population = build(arguments.children, arguments.seed, names, arguments.until)
    linked = linkage(population.children, model, arguments.seed, overlap=arguments.overlap)
    write_files(arguments.out, linked)
    print(
        f"{len(population.children)} children in {len(population.areas)} areas; "
        f"{len(linked.left)} and {len(linked.right)} records, {len(linked.truth)} pairs; "
        f"{time.perf_counter() - started:.1f} s"
    )


if __name__ == "__main__":
    main()
