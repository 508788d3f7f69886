"""The command line: ``python -m tests.soak [scenario ...] --minutes N --seed S --trials T``."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import os
import platform
import secrets
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from soak.framework import SCENARIOS, Row, Run, perform, say, table  # noqa: E402
from soak.processes import end_in_order, environment, python  # noqa: E402

FRAME = {
    "__init__",
    "__main__",
    "framework",
    "oracle",
    "processes",
    "federation",
    "gateway",
    "issuer",
    "relays",
    "with_parent",  # a program that starts others
}


def topics() -> dict[str, str]:
    """Import every other module of this folder; return those that have a ``main`` alone."""
    programs = {}
    for path in sorted(HERE.glob("*.py")):
        if path.stem in FRAME:
            continue
        before = len(SCENARIOS)
        module = importlib.import_module(f"soak.{path.stem}")
        if len(SCENARIOS) == before and hasattr(module, "main"):
            programs[path.stem.replace("_", "-")] = f"soak.{path.stem}"
    return programs


def measured(
    name: str, module: str, minutes: float, seed: int, trials: int | None = None
) -> list[Row]:
    """Run a module that has its own ``main``, and read its rows. ``trials``: None for its own."""
    program = (
        "import sys; from soak.processes import end_in_order; end_in_order(); "
        f"from {module} import main; sys.exit(main())"
    )
    most = () if trials is None else ("--trials", str(trials))
    begun = python("-c", program, "--minutes", str(minutes), "--seed", str(seed), *most)
    rows = []
    with subprocess.Popen(begun, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            for line in process.stdout or ():
                say(line.rstrip("\n"))
                row = Row.read(line)
                if row is not None:
                    rows.append(row)
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        rows.append(Row(name, note=f"exit status {process.returncode}", failed=True))
    return rows


def main() -> int:
    programs = topics()
    known = sorted({*SCENARIOS, *programs})
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=", ".join(known))
    parser.add_argument("--minutes", type=float, default=10.0, help="of each scenario")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument(
        "--trials", type=int, help="at most so many of each scenario, source or file"
    )
    chosen = parser.parse_args()
    unknown = sorted({*chosen.scenarios} - {*known})
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(known)}")
    end_in_order()
    say(f"seed {chosen.seed}; {os.cpu_count()} processors, Python {platform.python_version()}")
    rows: list[Row] = []
    for name in chosen.scenarios or known:
        if name in programs:
            rows += measured(name, programs[name], chosen.minutes, chosen.seed, chosen.trials)
            continue
        run = Run(name, chosen.seed, chosen.minutes, chosen.trials, say)
        rows.append(asyncio.run(perform(run)))
        say(rows[-1].line())
    say("\n" + table(rows))
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
