"""``fingerpost-node desks``: an agency's desk directory by itself. It reads no record of a child,
touches no network and changes nothing but the file that it writes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from agency_node.cli.reading import FormOptions
from agency_node.cli.run import PROGRAM, kept_list
from agency_node.desks.duty import LONDON, AgencyDesks, OnDuty, on_duty
from agency_node.desks.service import agency_desks
from agency_node.importing.source_file import read_source
from agency_node.importing.sources.desk_list import ListedDesk, list_desks
from agency_node.importing.sources.desks import known
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reading import open_table
from agency_node.settings import NodeSettings
from fingerpost.membership import commands
from fingerpost.membership.commands import SettingsFile, with_options
from fingerpost.private.hours_in_words import hours_in_words
from fingerpost.protocol.codes import DeskKind
from fingerpost.protocol.desk_list import DeskEntry, write_desks
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted, printable

_KINDS: Final[Mapping[DeskKind | None, str]] = {
    DeskKind.WORKER: "practitioner",
    DeskKind.TEAM: "team",
    DeskKind.DUTY: "duty desk",
    DeskKind.OUT_OF_HOURS: "out of hours",
    None: "desk",
}


def register(app: typer.Typer) -> None:
    """Add ``desks`` to the node's command line."""
    app.command("desks")(with_options(desks))


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment, and what is known of the agency then."""

    now: float
    agency: AgencyDesks


def desks(
    file: Annotated[Path, typer.Argument(help="A desk directory (CSV or workbook).")],
    settings_file: SettingsFile,
    agency: Annotated[str, typer.Option(help="The agency's id.")],
    at: Annotated[
        str, typer.Option(help="The wall clock of England (2026-12-25T02:00); default: now.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write the desks for `fingerpost directory --own`.")
    ] = None,
    *,
    form: FormOptions,
) -> None:
    """List the desks of a directory: who is on duty at a time, until when, and what is stale."""
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(commands.identifier(AgencyId, agency, "--agency")).id
    now = _moment(at)
    federation = _listed_here(settings)
    calendars = {chosen: settings.calendars[chosen]}
    if federation is None:
        typer.echo("No valid member list is kept here: public duty desks are not shown.", err=True)
        known_of = AgencyDesks(calendars[chosen])
    else:
        known_of = agency_desks(calendars, federation, clock=True).get(chosen, AgencyDesks())
    today = datetime.fromtimestamp(now, LONDON).date()
    try:
        reading = form.form()
        table = open_table(read_source(file).content, reading, known)
        listed, faults = list_desks(table, reading.desk_key, as_of=today, stated=reading.stated)
    except RefusedFile as refused:
        typer.echo(f"The directory cannot be read: {refused} See docs/import.md.", err=True)
        raise typer.Exit(1) from None
    moment = _Moment(now, known_of)
    stale = [desk for desk in listed if desk.stale(today)]
    show_list(a_console(), ("Desk", "Ring", "Number", "Until", "Why"), _rows(listed, moment))
    for desk in stale:
        typer.echo(f"line {desk.line}: {desk.stale(today)}")
    for fault in faults:
        typer.echo(f"line {fault.line}, {fault.column}: {fault.reason.words}")
    typer.echo(
        f"{counted(len(listed), 'desk')}, {len(stale)} with something stale, at "
        f"{datetime.fromtimestamp(now, LONDON):%A %Y-%m-%d %H:%M}."
    )
    if out is not None:
        replace_file(out, write_desks(chosen, today, tuple(map(_entry, listed))))
        typer.echo(f"Written: {out}")
    if stale:
        raise typer.Exit(3)


def _listed_here(settings: NodeSettings) -> Federation | None:
    """Return the member list that is kept here; None before this node has joined, too."""
    try:
        return kept_list(settings, time.time())
    except Defect:
        return None


def _moment(text: str) -> float:
    """Raises ``Defect``."""
    if not text:
        return time.time()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Defect("--at: expected a day and a time such as 2026-12-25T02:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=LONDON)).timestamp()


def _rows(listed: Iterable[ListedDesk], moment: _Moment) -> Iterable[tuple[str, ...]]:
    for desk in listed:
        found = on_duty(desk.row, moment.agency, moment.now)
        yield printable(desk.name), *_found(found)


def _found(found: OnDuty) -> tuple[str, str, str, str]:
    if found.desk is None:
        return "nobody", "", "", found.why.value
    until = datetime.fromtimestamp(found.until, LONDON) if found.until else None
    kind = found.desk.note or _KINDS[found.desk.kind]
    said = f"{until:%a %H:%M}" if until else ""
    return kind, printable(found.desk.phone), said, found.why.value


def _entry(desk: ListedDesk) -> DeskEntry:
    row = desk.row
    return DeskEntry(
        name=printable(desk.name),
        telephone=row.desk_phone,
        hours=hours_in_words(row.hours),
        duty_desk=row.duty_phone,
        out_of_hours=row.ooh_phone,
        email=row.desk_email,
    )
