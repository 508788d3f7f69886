"""What ``fingerpost-node import`` shows a person: what was done, what was found, and what is to be
done. It never shows what stood in a row: a fault names line, column and reason, and a form shows
where digits and letters stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.text import Text

from agency_node.importing.finding import Finding, Rule
from agency_node.importing.quality.kept import Kept
from agency_node.importing.report import Ending, ImportReport
from agency_node.importing.sources.faults import RowFault
from agency_node.importing.sources.shapes import ColumnFound
from fingerpost.runtime.listing import show_list
from fingerpost.runtime.screen_text import counted, ended, printable

_ROWS_SHOWN: Final = 20
_OPTIONS: Final[Mapping[Rule, str]] = MappingProxyType(
    {
        Rule.SHRUNK: "--allow-shrink",
        Rule.NO_CHILDREN: "--allow-shrink",
        Rule.OLDER: "--allow-older",
        Rule.MANY_REFUSED: "--accept-refused",
    }
)
"""Findings that have an option of their own."""
ACCEPTED_BY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        option: frozenset(rule.value for rule, its in _OPTIONS.items() if its == option)
        for option in set(_OPTIONS.values())
    }
)
"""By option, the names of what it accepts."""


def say(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print the parts as they are: brackets in a path or a setting are no markup, and no path is
    broken over two lines.
    """
    console.print(Text.assemble(*parts), soft_wrap=True)


def not_imported(console: Console, why: str) -> None:
    say(console, ("Not imported:", "red"), f" {why}")


def show(console: Console, report: ImportReport) -> None:
    """Show the report in plain words, with what to do."""
    if report.already:
        console.print("The same file was imported before; nothing had to be done.")
    if report.ending is Ending.PARTIAL:
        say(
            console,
            ("Partial:", "yellow"),
            f" {counted(len(report.refused), 'row was', 'rows were')} left out; each is named.",
        )
    else:
        console.print("[green]Whole:[/green] every row was read.")
    say(console, f"The file: {'; '.join(report.about)}.")
    console.print(
        f"[green]{counted(report.children, 'child', 'children')}[/green] with "
        f"{counted(report.involvements, 'involvement', 'involvements')}, from "
        f"{counted(report.rows, 'row', 'rows')} ({report.rows_taken} taken, "
        f"{len(report.not_current)} no longer current, {len(report.refused)} refused)."
    )
    if report.before is not None and not report.already:
        console.print(f"Before: {counted(report.before, 'child', 'children')}.")
    if report.shielded:
        who = counted(report.shielded, "child is", "children are")
        console.print(f"{who} shielded, of whom nothing is disclosed.")
    for words in report.shields.words():
        console.print(words)
    nobody = [found for found in report.doubts if found.rule is Rule.UNFLAGGED]
    if nobody:
        columns = " and none ".join(found.column for found in nobody)
        say(console, f"No row says {columns}: {nobody[0].remedy}.")
    for found in report.doubts:
        if found not in nobody:
            seen = f" ({_forms(found.forms)})" if found.forms else ""
            words = ended(f"{found.words}{seen}")
            what = f"{words} {found.remedy[0].upper()}{found.remedy[1:]}"
            say(console, ("Look at it: ", "yellow"), ended(what))
    for name in report.accepted:
        console.print(f"Accepted: {name}", markup=False)
    for tagged in report.tagged:
        console.print(
            f"Epoch {tagged.epoch}: {tagged.taken_over} of "
            f"{counted(tagged.children, 'child', 'children')} unchanged, "
            f"{counted(tagged.evaluated, 'key', 'keys')} evaluated."
        )
    if not report.tagged and not report.already and not report.rehearsed:
        console.print("No epoch is announced yet; the node tags these records when one is.")
    if report.refused:
        show_refused(console, report.refused)
        console.print("Mend these rows in your system and import again (docs/import.md).")
    show_columns(console, report.columns)
    if report.remarks:
        counts = Counter(remark.reason for remark in report.remarks)
        for reason, count in counts.most_common():
            console.print(f"{count} × {reason.value}")


def show_age(console: Console, report: ImportReport, now: float) -> None:
    """Show until when the agency may answer from the import."""
    if Rule.OLDER.value in report.accepted:
        say(
            console,
            ("This export is older than the last one", "yellow"),
            ": children who came since are not in it.",
        )
    if report.life is None:
        return
    made, until = datetime.fromtimestamp(report.as_of, UTC).date(), report.life.last_day
    if report.life.is_over(now):
        say(
            console,
            ("Too old to answer from", "red"),
            f": records of {made} were good until {until}. The agency is a gap to requesters "
            "until you import a newer export.",
        )
    else:
        console.print(f"These records are of {made} and good until {until}.")


def show_columns(console: Console, columns: Mapping[str, ColumnFound]) -> None:
    """Show of which columns something was not read, and what it looked like."""
    for column, found in columns.items():
        if found.lost:
            seen = f"; form seen: {_forms(found.shapes)}" if found.shapes else ""
            say(console, f"{column}: {found.lost} of {found.filled} not read{seen}")


def show_findings(console: Console, found: Iterable[Finding]) -> None:
    """Show what stops the import, what it looked like, and what to do."""
    for each in found:
        say(console, ("✗ ", "red"), ended(each.words))
        if each.forms:
            say(console, f"  Seen: {_forms(each.forms)}")
        option = _OPTIONS.get(each.rule, f"--accept {each.name}")
        say(console, f"  To do: {ended(each.remedy)} If it is right as it is, use {option}.")


def show_refused(console: Console, refused: Sequence[RowFault]) -> None:
    """Show the first refused rows, by line."""
    rows = [(str(row.line), row.column, row.words) for row in refused[:_ROWS_SHOWN]]
    if len(refused) > _ROWS_SHOWN:
        rows.append(("…", "", f"{len(refused) - _ROWS_SHOWN} more in the report"))
    title = "Refused rows: these children may not be found"
    show_list(console, ("Line", "Column", "Reason"), rows, title=title, prose=("Reason",))


def show_kept(console: Console, path: Path) -> None:
    say(console, f"Report: {path}")


def show_quality(console: Console, kept: Kept) -> None:
    """Show how good the import is in one line, and how to see the whole."""
    things = len(kept.report.to_do)
    say(
        console,
        f"Quality: {counted(things, 'thing', 'things')} to do. See it with "
        f"`fingerpost-node quality --settings … --agency {kept.report.agency}`.",
    )
    if kept.aside is not None:
        say(
            console,
            ("The quality report before could not be read", "yellow"),
            f" and was put aside: {kept.aside}",
        )


def _forms(forms: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{printable(form)} ({rows})" for form, rows in forms)
