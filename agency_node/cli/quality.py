"""``fingerpost-node quality``: how good the records of an agency are, for the people who can mend
them. Of a file, before it is imported; or of the last import, with the trend.

The command opens no connection, needs no running node, and changes nothing but the page that it
writes. It never shows what stands in a row."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from agency_node.cli.export_stated import FILE, WRITTEN, day_taken, read_days
from agency_node.cli.import_shown import say
from agency_node.cli.reading import ReadingOptions
from agency_node.importing import wiring
from agency_node.importing.importer import assess_file
from agency_node.importing.quality.document import QualityReport, following
from agency_node.importing.quality.kept import kept_report
from agency_node.importing.quality.page import write_page
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.staging import Options
from agency_node.settings import NodeSettings
from fingerpost.membership.commands import SettingsFile, identifier, with_options
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import or_defect, replace_file
from fingerpost.runtime.listing import a_progress
from fingerpost.runtime.screen_text import counted, ended, json_lines
from fingerpost.runtime.settings import load

_SHOWN: Final = 5
_HELP: Final = """Write the quality report of an agency: a page, and JSON.

With FILE, of an export before you import it; without, of the last import, with the trend over the
imports. It needs no network and no running node, and changes nothing but the page.

Exit status: 0, the page was written; 1, the file cannot be read as an export, or there was no
import yet; 2, the settings or the command are wrong.
"""


def register(app: typer.Typer) -> None:
    """Add ``quality`` to the node's command line."""
    app.command("quality", help=_HELP)(with_options(quality))


def quality(
    settings_file: SettingsFile,
    agency: Annotated[str, typer.Option(help="The agency's id.")],
    file: Annotated[
        Path | None, typer.Argument(help="An export, in any form that `import` reads.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help=f"With FILE: the day the export was made; `{WRITTEN}`: the day its file was last "
            f"written; `{FILE}`: the day that the file itself says.",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            help="The page to write (default: in the node's folder of reports). One that is there "
            "is replaced."
        ),
    ] = None,
    *,
    reading: ReadingOptions,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON; the rest goes to stderr.")
    ] = False,
) -> None:
    console = Console(highlight=False, stderr=as_json)
    try:
        settings = load(settings_file, NodeSettings)
        who = identifier(AgencyId, agency, "--agency")
        upn = settings.agency(who).upn_keys
        kind = "quality" if file is None else "check"
        path = _page(page) or settings.reports / f"{who}-{kind}.html"
        columns, form, desks = reading.read()
        if file is None:
            report = _last(settings, who)
        else:
            day = read_days(as_of, {who: file})[who]
            source = wiring.open_source(file)
            options = Options(source.written_on, columns, upn, reading=form, desks=desks)
            options = replace(options, as_of=day_taken(day, source, options))
            last = wiring.last_imports(settings, (who,))[who]
            with a_progress() as watch:
                report = assess_file(who, source, options, last, time.time(), watch)
            report = following(kept_report(settings.reports, who), report)
        _write(settings, path, write_page(report))
    except Defect as defect:
        _not_written(console, str(defect))
        raise typer.Exit(2) from None
    except RefusedFile as bad:
        _not_written(console, f"{bad} See docs/import.md, code {bad.reason.value}.")
        raise typer.Exit(1) from None
    except _NoReport as none:
        _not_written(console, str(none))
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(json_lines(report).decode())
    _show(console, report, path)


class _NoReport(Exception):
    """Nothing is kept of the agency. The text says so."""


def _page(path: Path | None) -> Path | None:
    """Raises ``Defect``: the file may be an export, and would be replaced."""
    if path is not None and path.suffix != ".html":
        raise Defect("--page: expected a file whose name ends with .html")
    return path


def _last(settings: NodeSettings, agency: AgencyId) -> QualityReport:
    """Raises ``_NoReport`` and ``Defect``."""
    report = kept_report(settings.reports, agency)
    if report is None:
        raise _NoReport(
            f"{agency} has no quality report yet: there was no import since this release. Import "
            "an export, or give one as FILE."
        )
    return report


def _write(settings: NodeSettings, path: Path, data: bytes) -> None:
    """Raises ``Defect``."""
    if path.parent == settings.reports:
        with or_defect(f"{path.parent}: cannot be made"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, data)


def _not_written(console: Console, why: str) -> None:
    say(console, ("No report:", "red"), f" {why}")


def _show(console: Console, report: QualityReport, path: Path) -> None:
    found = report.found
    rows = f"{counted(report.rows.all, 'row')} ({report.rows.refused:,} refused)"
    console.print(
        f"{counted(report.children, 'child', 'children')}, from {rows}. "
        f"Found by two rules or more: {found.twice:,}; by one: {found.once:,}; by none "
        f"from far away: {found.near:,}."
    )
    for each in report.stops:
        say(console, ("An import would stop: ", "red"), ended(each.words))
    if report.to_do:
        console.print(f"What to do first, of {len(report.to_do)}:")
    for place, step in enumerate(report.to_do[:_SHOWN], 1):
        say(console, f"  {place}. {step.words} ({step.children:,})")
    say(console, f"Page: {path}")
    console.print("It is for your agency alone. Do not send it to anybody else.")
