"""``make bench``: what the parts cost, as ratios to the bare cost of their primitives in the same
run.

Absolute figures are of this machine and this moment; ratios are what can be compared. Nothing here
is a test.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rich.console import Console
from rich.table import Table

import fingerpost.runtime  # noqa: F401 (before gRPC loads: TLS 1.3 only)
from benchmarks import decisions, indexing, lookups, node_answers
from benchmarks.table import Row

CHOICES = ("decision", "node", "indexing", "lookup")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*CHOICES, []], help="all, if none is named")
    wanted = parser.parse_args().what or CHOICES
    console = Console(highlight=False)
    rows: list[Row] = []
    if "decision" in wanted:
        rows += decisions.measure()
    if "node" in wanted:
        rows += node_answers.measure()
    if "indexing" in wanted:
        rows += indexing.measure()
    if "lookup" in wanted:
        rows += lookups.measure(lambda text: console.print(f"[dim]{text}[/]"))
    table = Table("What", "Value", "Unit", "Bare / measured")
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        table.add_row(row.name, f"{row.value:,.{3 if row.value < 1 else 1}f}", row.unit, ratio)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
