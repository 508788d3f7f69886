"""``fingerpost-node import``: one agency's export, or several of one host in one run, so that
workers and channels are shared.

Says what it does while it does it, and afterwards what is to be done, in plain words. Nothing of a
row is ever shown: a reason names line and column."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from agency_node.importing import wiring
from agency_node.importing.importer import Importer
from agency_node.importing.report import ImportReport, write_refusal, write_report
from agency_node.importing.source_file import dispose, read_source
from agency_node.importing.sources.csv_export import COLUMNS, Columns
from agency_node.importing.sources.reasons import RefusedFile, RefusedRow
from agency_node.importing.staging import ManyRefused, Older, Options, Shrunk
from agency_node.settings import NodeSettings
from fingerpost.membership.commands import identifier
from fingerpost.membership.membership import MEMBERSHIP_EVENTS
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.listing import show_list
from fingerpost.runtime.logs import configure
from fingerpost.runtime.settings import load

PARTY: Final = "agency_node"
STOPPED: Final = 130


@dataclass(frozen=True, slots=True)
class Job:
    agency: AgencyId
    path: Path


def register(app: typer.Typer) -> None:
    """Adds ``import`` to the node's command line."""
    app.command("import", help="Import an agency's export (CSV), or several in one run.")(import_)


def import_(
    settings: Annotated[Path, typer.Option(help="The node's settings file (TOML).")],
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
            "--map", help="NAME=COLUMN: the file calls a column by another name (may be repeated)."
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
    console = Console()
    try:
        loaded = load(settings, NodeSettings)
        jobs = read_jobs(agency, file)
        columns = read_columns(map_ or [], ignore or [])
        for job in jobs:
            loaded.agency(job.agency)
        day = None if as_of is None else as_of.date()
        accept = _Accept(shrink=allow_shrink, older=allow_older, refused=accept_refused)
        run = _Run(console, loaded, columns, day, accept, dispose_source)
        done = asyncio.run(run.all(jobs))
    except KeyboardInterrupt:
        console.print("Stopped. Run the same command again: it goes on from here.")
        raise typer.Exit(STOPPED) from None
    except Defect as defect:
        _not_imported(console, str(defect))
        raise typer.Exit(2) from None
    except Refused as refused:
        _not_imported(console, advice(refused))
        raise typer.Exit(1) from None
    raise typer.Exit(0 if done == len(jobs) else 1)


def read_jobs(agencies: list[str], file: Path | None) -> tuple[Job, ...]:
    """Raises ``Defect``."""
    if file is not None:
        if len(agencies) != 1 or "=" in agencies[0]:
            raise Defect("with a FILE give one --agency; for several use --agency AGENCY=FILE")
        return (Job(identifier(AgencyId, agencies[0], "--agency"), file),)
    jobs = []
    for text in agencies:
        name, found, path = text.partition("=")
        if not found or not path:
            raise Defect("give a FILE, or --agency AGENCY=FILE")
        jobs.append(Job(identifier(AgencyId, name, "--agency"), Path(path)))
    if len({job.agency for job in jobs}) != len(jobs):
        raise Defect("an agency is given twice")
    return tuple(jobs)


def read_columns(maps: list[str], ignored: list[str]) -> Columns:
    """Raises ``Defect``."""
    rename = {}
    for text in maps:
        name, found, ours = text.rpartition("=")
        if not found or ours.strip().lower() not in COLUMNS:
            raise Defect("--map NAME=COLUMN: the column is one of " + ", ".join(sorted(COLUMNS)))
        rename[name.strip().lower()] = ours.strip().lower()
    return Columns(rename, frozenset(name.strip().lower() for name in ignored))


@dataclass(frozen=True, slots=True)
class _Accept:
    """What the operator said is right."""

    shrink: bool
    older: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class _Run:
    console: Console
    settings: NodeSettings
    columns: Columns
    as_of: date | None
    accept: _Accept
    dispose_source: bool | None

    async def all(self, jobs: tuple[Job, ...]) -> int:
        """How many were imported. One agency's bad file does not keep the others out; a server that
        is away does.
        """
        done = 0
        self.settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.settings.state / "import.log").open("a", encoding="ascii") as stream:
            events = MEMBERSHIP_EVENTS
            log = configure(PARTY, events, strict=False, stream=stream)
            async with wiring.open(self.settings, Env.of_system(log)) as importer:
                for job in jobs:
                    done += await self._one(importer, job)
        return done

    async def _one(self, importer: Importer, job: Job) -> bool:
        _say(self.console, (str(job.agency), "bold"), f" {job.path.name}")
        chosen = self.settings.agency(job.agency)
        try:
            source = read_source(job.path)
        except Defect as defect:
            _not_imported(self.console, str(defect))
            return False
        except RefusedFile as bad:
            self._refused(bad)
            return False
        try:
            options = Options(
                self.as_of or source.made_on,
                self.columns,
                chosen.upn_keys,
                allow_shrink=self.accept.shrink,
                allow_older=self.accept.older,
                accept_refused=self.accept.refused,
            )
            with _Bars(self.console) as bars:
                report = await importer.run(job.agency, source, options, bars)
        except RefusedFile as bad:
            self._refused(bad)
            return False
        except Shrunk as shrunk:
            self._not_unasked(shrunk, "--allow-shrink; if not, mend the export")
            return False
        except Older as older:
            self._not_unasked(older, "--allow-older; if not, give the newer file, or --as-of")
            return False
        except ManyRefused as many:
            show_refused(self.console, many.refused)
            self._not_unasked(
                many,
                "--accept-refused: these children will be unknown; if not, mend these rows "
                "(docs/import.md)",
            )
            kept = self._keep(f"{job.agency}-refused", write_refusal(job.agency, many))
            _say(self.console, f"Report: {kept}")
            return False
        kept = self._keep(f"{report.agency}-{report.generation}", write_report(report))
        show(self.console, report, kept)
        dispose_it = chosen.dispose_source if self.dispose_source is None else self.dispose_source
        if dispose_it:
            dispose(job.path)
            self.console.print("The export was deleted.")
        return True

    def _refused(self, bad: RefusedFile) -> None:
        words = f"{bad} Nothing was changed. See docs/import.md, code {bad.reason.value}."
        _not_imported(self.console, words)

    def _not_unasked(self, why: Exception, flag: str) -> None:
        _not_imported(
            self.console, f"{why}. Nothing was changed. If that is right, use {flag}.", end=":"
        )

    def _keep(self, name: str, report: bytes) -> Path:
        folder = self.settings.reports
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        replace_file(path, report)
        return path


def _say(console: Console, *parts: str | tuple[str, str]) -> None:
    """As it is: brackets in a path or a setting are no markup, and no path is broken over two
    lines.
    """
    console.print(Text.assemble(*parts), highlight=False, soft_wrap=True)


def _not_imported(console: Console, why: str, *, end: str = ".") -> None:
    _say(console, (f"Not imported{end}", "red"), f" {why}")


class _Bars:
    """Implements ``importer.Watch``: two bars with rate and time left."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def staging(self, total: int, done: int) -> None:
        self._advance("Storing", total, done)

    def tagging(self, epoch: EpochNumber, total: int, done: int) -> None:
        self._advance(f"Tagging, epoch {epoch}", total, done)

    def _advance(self, name: str, total: int, done: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total, rate="")
        task = self._tasks[name]
        self._progress.advance(task, done)
        speed = self._progress.tasks[list(self._tasks.values()).index(task)].speed
        if speed:
            self._progress.update(task, rate=f"{speed:,.0f} children/s")


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


_KEPT: Final = "What was done is kept: run the same command again {when}, and it goes on from here."

ADVICE: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.QUOTA: (
            "The key holders' quota of this epoch is used up. Ask the federation for a larger declared "
            "caseload. " + _KEPT.format(when="then")
        ),
        Code.UNAVAILABLE: (
            "A server of the federation could not be reached. " + _KEPT.format(when="later")
        ),
        Code.NOT_READY: ("A server of the federation is not ready. " + _KEPT.format(when="later")),
        Code.NOT_A_MEMBER: (
            "The member list does not name this node or this agency. Check the agency's id in the "
            "settings with the federation."
        ),
        Code.NOT_ALLOWED: (
            "By the member list this agency is answered for by another node, or this node may not "
            "have bulk evaluated. Check with the federation."
        ),
        Code.UNSUPPORTED: (
            "This program and the federation use different versions. Update the program."
        ),
        Code.UNTRUSTED_METADATA: (
            "There is no member list that holds. Check the clock of this machine and the "
            "connection to the broker."
        ),
        Code.BAD_PROOF: (
            "A key holder's answer does not agree with the member list. Nothing of it was used. Tell "
            "the federation."
        ),
    }
)


def advice(refused: Refused) -> str:
    """What to do, and for whoever looks into it the rule that failed, and who was asked, where."""
    asked = f"; asked: {refused.asked}" if refused.asked else ""
    said = ADVICE.get(refused.code, refused.public_text)
    return f"{said} ({refused.code.value}: {refused.what}{asked})"
