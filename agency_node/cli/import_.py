"""``fingerpost-node import``: one agency's export, or several of one host in one run, so that
workers and channels are shared.

The command shows its progress, and afterwards in plain words what is to be done. It never shows
what stands in a row: a fault names line, column and reason."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from agency_node.importing import wiring
from agency_node.importing.importer import Importer
from agency_node.importing.report import ImportReport, write_refusal, write_report
from agency_node.importing.room import Growth, NoRoom
from agency_node.importing.source_file import dispose, read_source
from agency_node.importing.sources.csv_export import COLUMNS, Columns
from agency_node.importing.sources.reasons import RefusedFile, RowFault
from agency_node.importing.staging import ManyRefused, Older, Options, Shrunk, Unconfirmed
from agency_node.settings import NodeSettings
from agency_node.wiring import import_health
from fingerpost.membership.commands import SettingsFile, identifier
from fingerpost.membership.membership import MEMBERSHIP_EVENTS
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.health import look, probe
from fingerpost.runtime.listing import show_list
from fingerpost.runtime.logs import configure
from fingerpost.runtime.settings import load

PARTY: Final = "agency_node"
NOT_TAKEN_UP: Final = 3
STOPPED: Final = 130
TAKE_UP_SECONDS: Final = 180.0
"""The running node looks for new imports every few seconds, and then builds its tables: some
seconds for 100,000 children."""
LOOK_SECONDS: Final = 0.5
_IF_RIGHT: Final[Mapping[type[Unconfirmed], str]] = MappingProxyType(
    {
        Shrunk: "--allow-shrink; if not, mend the export",
        Older: "--allow-older; if not, give the newer file, or --as-of",
        ManyRefused: (
            "--accept-refused: these children will be unknown; if not, mend these rows "
            "(docs/import.md)"
        ),
    }
)
"""The option with which the operator confirms an export, and what to do otherwise."""


def register(app: typer.Typer) -> None:
    """Add ``import`` to the node's command line."""
    app.command("import", help="Import an agency's export (CSV), or several in one run.")(import_)


def import_(
    settings_file: SettingsFile,
    agency: Annotated[
        list[str], typer.Option(help="An agency's id, or AGENCY=FILE (may be repeated).")
    ],
    file: Annotated[
        Path | None, typer.Argument(help="The export (CSV), for a single --agency.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The day the export was made (default: the file's date)."
        ),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="NAME=COLUMN: the file's own name of a column (may be repeated)."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="A column of the file that is not read (may be repeated)."),
    ] = None,
    allow_shrink: Annotated[
        bool,
        typer.Option(
            "--allow-shrink", help="Accept fewer than half of the children that there were."
        ),
    ] = False,
    allow_older: Annotated[
        bool,
        typer.Option("--allow-older", help="Accept an export made before the last one."),
    ] = False,
    accept_refused: Annotated[
        bool,
        typer.Option(
            "--accept-refused", help="Accept a file of which more than a few rows are refused."
        ),
    ] = False,
    dispose_source: Annotated[
        bool | None,
        typer.Option(
            "--dispose-source/--keep-source",
            help="Delete the export once it is imported (default: the setting).",
        ),
    ] = None,
) -> None:
    console = Console(highlight=False)
    try:
        settings = load(settings_file, NodeSettings)
        jobs = read_jobs(agency, file)
        for each in jobs:
            settings.agency(each)
        options = partial(
            Options,
            columns=read_columns(map_ or [], ignore or []),
            allow_shrink=allow_shrink,
            allow_older=allow_older,
            accept_refused=accept_refused,
        )
        day = None if as_of is None else as_of.date()
        run = _Run(console, settings, options, day, dispose_source)
        done, answered = asyncio.run(run.all(jobs))
    except KeyboardInterrupt:
        console.print("Stopped. Run the same command again to resume the import.")
        raise typer.Exit(STOPPED) from None
    except Defect as defect:
        _not_imported(console, str(defect))
        raise typer.Exit(2) from None
    except Refused as refused:
        _not_imported(console, advice(refused))
        raise typer.Exit(1) from None
    if done < len(jobs):
        raise typer.Exit(1)
    raise typer.Exit(0 if answered else NOT_TAKEN_UP)


def read_jobs(agencies: Sequence[str], file: Path | None) -> Mapping[AgencyId, Path]:
    """Return the export of each agency. Raises ``Defect``."""
    if file is not None:
        if len(agencies) != 1 or "=" in agencies[0]:
            raise Defect("with a FILE give one --agency; for several use --agency AGENCY=FILE")
        agencies = [f"{agencies[0]}={file}"]
    jobs: dict[AgencyId, Path] = {}
    for text in agencies:
        name, _, path = text.partition("=")
        if not path:
            raise Defect("give a FILE, or --agency AGENCY=FILE")
        agency = identifier(AgencyId, name, "--agency")
        if agency in jobs:
            raise Defect("an agency is given twice")
        jobs[agency] = Path(path)
    return jobs


def read_columns(maps: Sequence[str], ignored: Sequence[str]) -> Columns:
    """Return what to do with the columns of the file. Raises ``Defect``."""
    rename = {}
    for text in maps:
        name, found, ours = text.lower().rpartition("=")
        if not found or ours.strip() not in COLUMNS:
            raise Defect("--map NAME=COLUMN: the column is one of " + ", ".join(sorted(COLUMNS)))
        rename[name.strip()] = ours.strip()
    return Columns(rename, frozenset(name.strip().lower() for name in ignored))


@dataclass(frozen=True, slots=True)
class _Run:
    """One run. ``options`` lacks what depends on the agency and on the file."""

    console: Console
    settings: NodeSettings
    options: partial[Options]
    as_of: date | None
    dispose_source: bool | None

    async def all(self, jobs: Mapping[AgencyId, Path]) -> tuple[int, bool]:
        """Return how many exports were imported, and whether a node that runs answers from them.

        One agency's bad file does not stop the others; a server that cannot be reached does.
        """
        self.settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.settings.state / "import.log").open("a", encoding="ascii") as stream:
            log = configure(PARTY, MEMBERSHIP_EVENTS, strict=False, stream=stream)
            async with wiring.open(self.settings, Env.of_system(log)) as importer:
                reports = [await self._one(importer, *job) for job in jobs.items()]
                epochs = importer.members.current.parameters.epochs
                asked = any(epoch.is_running(importer.clock.now()) for epoch in epochs)
        done = [report for report in reports if report is not None]
        # Before the first epoch no node can be asked anything.
        return len(done), not (done and asked) or await self._answered(done)

    async def _answered(self, imported: Sequence[ImportReport]) -> bool:
        """Wait until the running node answers from what was imported, and say so. Return whether it
        does; True where none runs.
        """
        socket = self.settings.health
        if await look(socket) is None:
            _say(self.console, "No node runs here: it answers from this once it is started.")
            return True
        ends = time.monotonic() + TAKE_UP_SECONDS
        waited_for = {report.agency: report.generation for report in imported}
        _say(self.console, "Stored. The running node takes it up …")
        while waited_for and time.monotonic() < ends:
            for agency, number in tuple(waited_for.items()):
                if await probe(socket, import_health(agency, number)):
                    del waited_for[agency]
                    _say(self.console, f"{agency}: the running node answers from import {number}.")
            await asyncio.sleep(LOOK_SECONDS)
        for agency, number in waited_for.items():
            _say(
                self.console,
                (f"{agency}: the running node does not answer from import {number} yet.", "red"),
                " Until it does, it answers from the one before. See `fingerpost-node status`.",
            )
        return not waited_for

    async def _one(self, importer: Importer, agency: AgencyId, path: Path) -> ImportReport | None:
        """Return the report of the import. Where there was none, show why."""
        _say(self.console, (str(agency), "bold"), f" {path.name}")
        try:
            return await self._import(importer, agency, path)
        except RefusedFile as bad:
            why = f"{bad} Nothing was changed. See docs/import.md, code {bad.reason.value}."
            _not_imported(self.console, why)
        except NoRoom as full:
            why_not = (
                f"This node would have {full.children} children, and its declared caseload has "
                f"room for {full.room}. Nothing was changed. If that is right, ask the federation "
                "for a raise, or for a larger caseload; then run the same command again."
            )
            _not_imported(self.console, why_not)
        except Unconfirmed as why:
            if isinstance(why, ManyRefused):
                show_refused(self.console, why.refused)
                kept = self._keep(f"{agency}-refused", write_refusal(agency, why))
                _say(self.console, f"Report: {kept}")
            what_to_do = f"If that is right, use {_IF_RIGHT[type(why)]}."
            _not_imported(self.console, f"{why}. Nothing was changed. {what_to_do}")
        return None

    async def _import(
        self, importer: Importer, agency: AgencyId, path: Path
    ) -> ImportReport | None:
        try:
            source = read_source(path)
        except Defect as defect:
            _not_imported(self.console, str(defect))
            return None
        chosen = self.settings.agency(agency)
        options = self.options(as_of=self.as_of or source.made_on, upn=chosen.upn_keys)
        with _Bars(self.console) as bars:
            report = await importer.run(agency, source, options, bars)
        kept = self._keep(f"{agency}-{report.generation}", write_report(report))
        show(self.console, report, kept)
        if chosen.dispose_source if self.dispose_source is None else self.dispose_source:
            dispose(path)
            self.console.print("The export was deleted.")
        return report

    def _keep(self, name: str, report: bytes) -> Path:
        folder = self.settings.reports
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        replace_file(path, report)
        return path


def _say(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print the parts as they are: brackets in a path or a setting are no markup, and no path is
    broken over two lines.
    """
    console.print(Text.assemble(*parts), soft_wrap=True)


def _not_imported(console: Console, why: str) -> None:
    _say(console, ("Not imported:", "red"), f" {why}")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} children/s" if task.speed else "")


class _Bars(Progress):
    """Implements ``importer.Watch``: a bar for each step, with rate and time left."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
        )
        self._bars: dict[str, TaskID] = {}

    def staging(self, total: int, done: int) -> None:
        self._add("Storing", total, done)

    def tagging(self, epoch: EpochNumber, total: int, done: int) -> None:
        self._add(f"Tagging, epoch {epoch}", total, done)

    def growing(self, growth: Growth) -> None:
        self.console.print(
            f"{growth.more} children more than this node had. From {growth.usual} more in a week "
            "on, the key holders may refuse: then ask the federation for a raise.",
            style="yellow",
        )

    def _add(self, name: str, total: int, done: int) -> None:
        if name not in self._bars:
            self._bars[name] = self.add_task(name, total=total)
        self.advance(self._bars[name], done)


_ROWS_SHOWN: Final = 20


def show(console: Console, report: ImportReport, kept: Path) -> None:
    """Show the report in plain words, with what to do. ``kept``: where the whole of it is."""
    if report.already:
        console.print("The same file was imported before; nothing had to be done.")
    console.print(
        f"[green]{_count(report.children, 'child', 'children')}[/green] with "
        f"{_count(report.involvements, 'involvement', 'involvements')}, from "
        f"{report.rows} rows ({report.rows_taken} taken, {len(report.not_current)} no longer "
        f"current, {len(report.refused)} refused)."
    )
    if report.before is not None and not report.already:
        console.print(f"Before: {report.before} children.")
    if report.shielded:
        console.print(f"{report.shielded} children are shielded: nothing about them is disclosed.")
    for tagged in report.tagged:
        console.print(
            f"Epoch {tagged.epoch}: {tagged.taken_over} of {tagged.children} children unchanged, "
            f"{tagged.evaluated} keys evaluated."
        )
    if not report.tagged and not report.already:
        console.print("No epoch is announced yet; the node tags these records when one is.")
    if report.refused:
        show_refused(console, report.refused)
        console.print("Mend these rows in your system and import again (docs/import.md).")
    if report.remarks:
        counts = Counter(remark.reason for remark in report.remarks)
        for reason, count in counts.most_common():
            console.print(f"{count} × {reason.value}")
    _say(console, f"Report: {kept}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def show_refused(console: Console, refused: Sequence[RowFault]) -> None:
    """Show the first refused rows, by line."""
    rows = [(str(row.line), row.column, row.words) for row in refused[:_ROWS_SHOWN]]
    if len(refused) > _ROWS_SHOWN:
        rows.append(("…", "", f"{len(refused) - _ROWS_SHOWN} more in the report"))
    title = "Refused rows: these children may not be found"
    show_list(console, ("Line", "Column", "Reason"), rows, title=title, prose=("Reason",))


_KEPT: Final = "What was done is kept: run the same command again {}, and the import is resumed."

ADVICE: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.QUOTA: (
            "The key holders' quota of this epoch is used up. Ask the federation for a larger "
            "declared caseload. " + _KEPT.format("then")
        ),
        Code.UNAVAILABLE: (
            "A server of the federation could not be reached. " + _KEPT.format("later")
        ),
        Code.NOT_READY: "A server of the federation is not ready. " + _KEPT.format("later"),
        Code.NOT_A_MEMBER: (
            "The member list does not name this node or this agency. Check the agency's id in the "
            "settings with the federation."
        ),
        Code.NOT_ALLOWED: (
            "By the member list, another node answers for this agency, or the key holders may not "
            "evaluate in bulk for this node. Check with the federation."
        ),
        Code.UNSUPPORTED: (
            "This program and the federation use different versions. Update the program."
        ),
        Code.UNTRUSTED_METADATA: (
            "There is no valid member list. Check the clock of this machine and the connection to "
            "the broker."
        ),
        Code.BAD_PROOF: (
            "A key holder's answer does not agree with the member list. Nothing of it was used. "
            "Report this to the federation."
        ),
    }
)


def advice(refused: Refused) -> str:
    """Return what to do, and for whoever looks into it the rule that failed, and who was asked."""
    asked = f"; asked: {refused.asked}" if refused.asked else ""
    said = ADVICE.get(refused.code, refused.public_text)
    return f"{said} ({refused.code.value}: {refused.what}{asked})"
