"""What an import came to, shown to the operator in plain words. Nothing of a row is shown: line, column and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from agency_node.importing.report import ImportReport
from agency_node.importing.sources.reasons import RefusedRow
from fingerpost.runtime.listing import show_list

_ROWS_SHOWN: Final = 20


def show(console: Console, report: ImportReport, kept: Path) -> None:
    """The report in plain words, with what to do."""
    if report.already:
        console.print("This very file was imported before; nothing had to be done.")
    console.print(
        f"[green]{_count(report.children, 'child', 'children')}[/green] with "
        f"{_count(report.involvements, 'involvement', 'involvements')}, from "
        f"{report.rows} rows ({report.rows_taken} taken, {len(report.not_current)} no longer "
        f"current, {len(report.refused)} refused).",
        highlight=False,
    )
    if report.before is not None and not report.already:
        console.print(f"Before: {report.before} children.", highlight=False)
    if report.shielded:
        console.print(
            f"{report.shielded} children are shielded: nothing is told of them.", highlight=False
        )
    for tagged in report.tagged:
        console.print(
            f"Epoch {tagged.epoch}: {tagged.taken_over} of {tagged.children} children unchanged, "
            f"{tagged.evaluated} keys evaluated.",
            highlight=False,
        )
    if not report.tagged and not report.already:
        console.print("No epoch is announced yet; the node tags these records when one is.")
    if report.refused:
        show_refused(console, report.refused)
        console.print("Mend these rows in your system and import again (docs/import.md).")
    if report.remarks:
        counts = Counter(remark.reason for remark in report.remarks)
        for reason, count in counts.most_common():
            console.print(f"{count} × {reason.value}", highlight=False)
    console.print(f"Report: {kept}", highlight=False, soft_wrap=True, markup=False)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def show_refused(console: Console, refused: Sequence[RefusedRow]) -> None:
    """The first of them, by line."""
    rows = [(str(row.line), row.column, row.words) for row in refused[:_ROWS_SHOWN]]
    if len(refused) > _ROWS_SHOWN:
        rows.append(("…", "", f"{len(refused) - _ROWS_SHOWN} more in the report"))
    title = "Refused rows: these children may not be found"
    show_list(console, ("Line", "Column", "Reason"), rows, title=title, prose=("Reason",))
