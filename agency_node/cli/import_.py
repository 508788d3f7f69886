"""``fingerpost-node import``: one agency's export, or several of one host in one run, so that
workers and channels are shared.

The command shows its progress, and afterwards in plain words what is to be done. It never shows
what stands in a row: a fault names line, column and reason."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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

from agency_node.answering.health_names import import_health
from agency_node.cli.export_stated import (
    FILE,
    WRITTEN,
    Day,
    day_taken,
    read_days,
    read_rows,
)
from agency_node.cli.import_shown import (
    ACCEPTED_BY,
    not_imported,
    say,
    show,
    show_age,
    show_findings,
    show_kept,
    show_quality,
    show_refused,
)
from agency_node.cli.reading import ReadingOptions
from agency_node.cli.settings_in_use import CHANGED, NOT_KNOWN, is_due, not_known
from agency_node.importing import wiring
from agency_node.importing.census import ACCENTS
from agency_node.importing.finding import Rule
from agency_node.importing.importer import Importer, rehearse
from agency_node.importing.quality.kept import keep_report
from agency_node.importing.report import Ending, ImportReport, refusal_document, report_document
from agency_node.importing.room import Growth, NoRoom
from agency_node.importing.sources.columns import COLUMNS
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds_tables import TABLES
from agency_node.importing.staging import Options, SourceFile, Unconfirmed
from agency_node.settings import NodeSettings
from fingerpost.membership.commands import SettingsFile, identifier, with_options
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.health import look, probe
from fingerpost.runtime.logs import configure
from fingerpost.runtime.screen_text import counted, json_lines
from fingerpost.runtime.settings import load

PARTY: Final = "agency_node"
NOT_TAKEN_UP: Final = 3
PARTIAL: Final = 4
STOPPED: Final = 130
TAKE_UP_SECONDS: Final = 180.0
"""The running node looks for new imports every few seconds, and then builds its tables: some
seconds for 100,000 children."""
LOOK_SECONDS: Final = 0.5
_HELP: Final = """Import an agency's export (CSV, workbook, CTF, FHIR, SSDS), or several in one run.

Exit status: 0, every file was imported whole; 4, all were imported, and rows of some were left out
(each is named); 1, some file was not imported, and the node answers from the import before; 2, the
settings or the command are wrong; 3, all were imported, and the running node does not answer from
them yet; 130, stopped.
"""


def register(app: typer.Typer) -> None:
    """Add ``import`` to the node's command line."""
    app.command("import", help=_HELP)(with_options(import_))


def import_(
    settings_file: SettingsFile,
    agency: Annotated[
        list[str], typer.Option(help="An agency's id, or AGENCY=FILE (may be repeated).")
    ],
    file: Annotated[Path | None, typer.Argument(help="The export, for a single --agency.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help=f"The day the export was made; `{WRITTEN}`: the day its file was last written, "
            f"where your system writes the file itself and nobody copies it; `{FILE}`: the day "
            "that the file itself says.",
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER",
            help="How many rows your own system counts; a file with another number is refused. "
            "For several files: AGENCY=NUMBER (repeat).",
        ),
    ] = None,
    *,
    reading: ReadingOptions,
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
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="Accept one thing that a file was refused for, by the name that the refusal gives "
            "it, such as unread:desk_phone (may be repeated).",
        ),
    ] = None,
    dispose_source: Annotated[
        bool | None,
        typer.Option(
            "--dispose-source/--keep-source",
            help="Delete the export once it is imported (default: the setting).",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Read and judge the files, print the same report, and change nothing. It needs no "
            "network and no running node.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the reports as JSON; the rest goes to stderr.")
    ] = False,
) -> None:
    console = Console(highlight=False, stderr=as_json)
    confirmed = {
        "--allow-shrink": allow_shrink,
        "--allow-older": allow_older,
        "--accept-refused": accept_refused,
    }
    try:
        settings = load(settings_file, NodeSettings)
        jobs = read_jobs(agency, file)
        for each in jobs:
            settings.agency(each)
        given = [ACCEPTED_BY[option] for option, is_given in confirmed.items() if is_given]
        columns, form, desks = reading.read()
        options = partial(
            Options,
            columns=columns,
            accepted=frozenset().union(read_accepted(accept or []), *given),
            reading=form,
            desks=desks,
        )
        stated = read_rows(rows or [], jobs)
        run = _Run(console, settings, options, read_days(as_of, jobs), stated, dispose_source)
        if dry_run:
            run.rehearse(jobs)
            answered = True
        else:
            answered = asyncio.run(run.all(jobs))
    except KeyboardInterrupt:
        console.print("Stopped. Run the same command again to resume the import.")
        raise typer.Exit(STOPPED) from None
    except Defect as defect:
        not_imported(console, str(defect))
        raise typer.Exit(2) from None
    except Refused as refused:
        not_imported(console, advice(refused))
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(json_lines({"imports": run.documents}).decode())
    raise typer.Exit(run.status(len(jobs), answered=answered))


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


def read_accepted(names: Sequence[str]) -> frozenset[str]:
    """Return the names of findings. Raises ``Defect`` for one that there is not."""
    for name in names:
        rule, _, column = name.partition(":")
        if rule not in {each.value for each in Rule} or (column and column not in _ABOUT):
            raise Defect("--accept WHAT: give the name that the refusal gives, such as unread:dob")
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run. ``options`` lacks what depends on the agency and on the file."""

    console: Console
    settings: NodeSettings
    options: partial[Options]
    days: Mapping[AgencyId, Day]
    rows: Mapping[AgencyId, int]
    dispose_source: bool | None
    documents: list[dict[str, object]] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)

    def status(self, files: int, *, answered: bool) -> int:
        """Return the exit status of an import of so many files."""
        if len(self.endings) < files or Ending.REFUSED in self.endings:
            return 1
        if not answered:
            return NOT_TAKEN_UP
        return PARTIAL if Ending.PARTIAL in self.endings else 0

    def rehearse(self, jobs: Mapping[AgencyId, Path]) -> None:
        """Read and judge the exports, and change nothing. Raises ``Defect``."""
        last = wiring.last_imports(self.settings, jobs)
        for agency, path in jobs.items():
            say(self.console, (str(agency), "bold"), f" {path.name} (dry run: nothing is changed)")
            with self._judged(agency, rehearsed=True):
                source, options = self._source(agency, path)
                report = rehearse(agency, source, options, last[agency], time.time())
                self._show(report)
        if {*self.endings} - {Ending.REFUSED}:
            say(self.console, "Whether the caseload has room is not known without the network.")

    async def all(self, jobs: Mapping[AgencyId, Path]) -> bool:
        """Return whether a node that runs answers from what was imported.

        One agency's bad file does not stop the others; a server that cannot be reached does.
        """
        self.settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.settings.state / "import.log").open("a", encoding="ascii") as stream:
            log = configure(PARTY, wiring.EVENTS, strict=False, stream=stream)
            async with wiring.open(self.settings, Env.of_system(log)) as importer:
                reports = [await self._one(importer, *job) for job in jobs.items()]
                epochs = importer.members.current.parameters.epochs
                asked = any(epoch.is_running(importer.clock.now()) for epoch in epochs)
        done = [report for report in reports if report is not None]
        unknown = await self._not_known(done)
        waited_for = [report for report in done if report.agency not in unknown]
        # Before the first epoch no node can be asked anything.
        answered = not (waited_for and asked) or await self._answered(waited_for)
        return answered and not unknown

    async def _not_known(self, imported: Sequence[ImportReport]) -> frozenset[AgencyId]:
        """Return the agencies for which the running node answers nobody before it is restarted, and
        say so."""
        if await is_due(self.settings):
            say(self.console, (CHANGED, "red"))
        unknown = await not_known(self.settings, (report.agency for report in imported))
        for agency in sorted(unknown):
            say(self.console, (f"{agency}: stored, and {NOT_KNOWN}", "red"))
        return unknown

    async def _answered(self, imported: Sequence[ImportReport]) -> bool:
        """Wait until the running node answers from what was imported, and say so. Return whether it
        does; True where none runs.
        """
        socket = self.settings.health
        if await look(socket) is None:
            say(self.console, "No node runs here: it answers from this once it is started.")
            return True
        ends = time.monotonic() + TAKE_UP_SECONDS
        waited_for = {report.agency: report.generation for report in imported}
        say(self.console, "Stored. The running node takes it up …")
        while waited_for and time.monotonic() < ends:
            for agency, number in tuple(waited_for.items()):
                if await probe(socket, import_health(agency, number)):
                    del waited_for[agency]
                    say(self.console, f"{agency}: the running node answers from import {number}.")
            await asyncio.sleep(LOOK_SECONDS)
        for agency, number in waited_for.items():
            say(
                self.console,
                (f"{agency}: the running node does not answer from import {number} yet.", "red"),
                " Until it does, it answers from the one before. See `fingerpost-node status`.",
            )
        return not waited_for

    async def _one(self, importer: Importer, agency: AgencyId, path: Path) -> ImportReport | None:
        """Return the report of the import. Where there was none, show why."""
        say(self.console, (str(agency), "bold"), f" {path.name}")
        report = None
        with self._judged(agency, rehearsed=False):
            source, options = self._source(agency, path)
            with _Bars(self.console) as bars:
                report = await importer.run(agency, source, options, bars)
            kept = self._keep(f"{agency}-{report.generation}", report_document(report))
            self._show(report)
            show_age(self.console, report, importer.clock.now())
            show_kept(self.console, kept)
            self._keep_quality(agency, report)
            self._dispose(agency, path)
        return report

    @contextmanager
    def _judged(self, agency: AgencyId, *, rehearsed: bool) -> Iterator[None]:
        """Show why a file is not imported, and report it."""
        try:
            yield
        except RefusedFile as bad:
            self._refuse(agency, bad, rehearsed=rehearsed)
            why = f"{bad} {_UNCHANGED} See docs/import.md, code {bad.reason.value}."
            not_imported(self.console, why)
        except NoRoom as full:
            why_not = (
                f"This node would have {counted(full.children, 'child', 'children')}, and its "
                f"declared caseload has room for {full.room}. {_UNCHANGED} If that is right, ask "
                "the federation for a raise, or for a larger caseload; then run the same command "
                "again."
            )
            not_imported(self.console, why_not)
        except Unconfirmed as why:
            if why.readied.refused:
                show_refused(self.console, why.readied.refused)
            self._refuse(agency, why, rehearsed=rehearsed)
            show_findings(self.console, why.found)
            not_imported(self.console, _UNCHANGED)

    def _source(self, agency: AgencyId, path: Path) -> tuple[SourceFile, Options]:
        """Raises ``RefusedFile``: those of other agencies may be read."""
        try:
            source = wiring.open_source(path)
        except Defect as defect:
            raise RefusedFile(Reason.FILE_NOT_READ, str(defect)) from None
        upn = self.settings.agency(agency).upn_keys
        options = self.options(as_of=source.written_on, upn=upn, rows=self.rows.get(agency))
        return source, replace(options, as_of=day_taken(self.days[agency], source, options))

    def _show(self, report: ImportReport) -> None:
        self.endings.append(report.ending)
        self.documents.append(report_document(report))
        show(self.console, report)

    def _refuse(self, agency: AgencyId, why: RefusedFile | Unconfirmed, *, rehearsed: bool) -> None:
        document = refusal_document(agency, why, rehearsed=rehearsed)
        self.endings.append(Ending.REFUSED)
        self.documents.append(document)
        if not rehearsed:
            show_kept(self.console, self._keep(f"{agency}-refused", document))

    def _dispose(self, agency: AgencyId, path: Path) -> None:
        chosen = self.settings.agency(agency)
        wanted = chosen.dispose_source if self.dispose_source is None else self.dispose_source
        if wanted and wiring.dispose_of(path):
            self.console.print("The export was deleted.")

    def _keep_quality(self, agency: AgencyId, report: ImportReport) -> None:
        """Keep the quality report. Where it cannot be kept, the import is good all the same."""
        if report.assessed is None:
            return
        try:
            show_quality(self.console, keep_report(self.settings.reports, agency, report.assessed))
        except Defect as defect:
            say(self.console, ("The quality report was not kept:", "yellow"), f" {defect}")

    def _keep(self, name: str, document: Mapping[str, object]) -> Path:
        folder = self.settings.reports
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        replace_file(path, json_lines(document))
        return path


_UNCHANGED: Final = "Nothing was changed: the node answers from the import before, if there is one."
_ABOUT: Final = COLUMNS | {ACCENTS} | TABLES.keys()


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
            f"{counted(growth.more, 'child', 'children')} more than this node had. From "
            f"{growth.usual} more in a week on, the key holders may refuse: then ask the "
            "federation for a raise.",
            style="yellow",
        )

    def _add(self, name: str, total: int, done: int) -> None:
        if name not in self._bars:
            self._bars[name] = self.add_task(name, total=total)
        self.advance(self._bars[name], done)


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
