"""``fingerpost-key-holder``: enrol, run, report what was metered, and read the audit log."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from fingerpost.membership import commands
from fingerpost.membership.commands import (
    ByOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.protocol import limits
from fingerpost.protocol.federation import Party
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.listing import a_console, show_list
from key_holder import wiring
from key_holder.quota import week_of
from key_holder.settings import KeyHolderSettings

PROGRAM: Final = commands.Program(
    "fingerpost-key-holder", "key_holder", KeyHolderSettings, wiring.EVENTS, wiring.open
)

app = commands.command_line("Run one key holder: enrol, serve, and read its audit log.")
audit = typer.Typer(
    no_args_is_help=True, help="Read the chained log of who had how much evaluated."
)
app.add_typer(audit, name="audit")


commands.add_server(
    app,
    audit,
    PROGRAM,
    Party.KEY_HOLDER,
    check=wiring.check,
    health=lambda settings: settings.health,
    places=lambda settings: settings.places,
    waits="OPRF keys",
    open_audit=wiring.open_audit,
)


@audit.command("show")
def audit_show(
    settings_file: SettingsFile, since: SinceOption = None, until: UntilOption = None
) -> None:
    """List the entries."""
    columns = ("No.", "When (UTC)", "Member", "Epoch", "Workload", "Elements")
    rows: list[tuple[str, ...]] = []
    with closing(wiring.open_audit(PROGRAM.load(settings_file))) as log:
        for entry in log.show(*commands.span(since, until), decrypt=False):
            when = commands.utc(entry.at)
            fields = [str(entry.fields.get(name, "")) for name in ("epoch", "workload", "elements")]
            rows.append((str(entry.seq), when, str(entry.actor), *fields))
    show_list(a_console(), columns, rows)


@audit.command("adopt")
def audit_adopt(settings_file: SettingsFile, by: ByOption, why: WhyOption) -> None:
    """Adopt a log that was restored from a backup, and record who did it and why."""
    log = wiring.open_audit(PROGRAM.load(settings_file), adopt=True)
    commands.adopt(log, by=by, why=why)


@app.command("report")
def report(
    settings_file: SettingsFile,
    out: Annotated[Path, typer.Option(help="The file to write, for the authority.")],
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="A day of the week to report, UTC (default: the last week that is over).",
        ),
    ] = None,
) -> None:
    """Write what each member had evaluated in a week, signed, for the authority: counts only."""
    settings = PROGRAM.load(settings_file)
    now = time.time()
    week = week_of(now) - 1 if day is None else week_of(day.replace(tzinfo=UTC).timestamp())
    made = wiring.report(settings, week, now)
    replace_file(out, made, mode=0o644)
    first = datetime.fromtimestamp(week * limits.WEEK_SECONDS, UTC).date()
    typer.echo(f"The week from {first} on is in {out}. Send it to the authority.")


def main() -> None:
    """Run the command line. A refusal or defect is one plain line, with exit status 2."""
    commands.main(app, PROGRAM.name)
