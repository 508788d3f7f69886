"""``fingerpost-key-holder``: enrol, run, report what was metered, and read the audit log."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final

import typer

from fingerpost.audit.log import Actor, OperationId
from fingerpost.membership import commands, server_commands
from fingerpost.membership.commands import (
    ByOption,
    ReportOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WeekOption,
    WhyOption,
)
from fingerpost.protocol.federation import Party
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.listing import a_console, show_list
from key_holder import wiring
from key_holder.settings import KeyHolderSettings

PROGRAM: Final = commands.Program(
    "fingerpost-key-holder", "key_holder", KeyHolderSettings, wiring.EVENTS, wiring.open
)

app = commands.command_line("Run one key holder: enrol, serve, and read its audit log.")
audit = typer.Typer(
    no_args_is_help=True, help="Read the chained log of who had how much evaluated."
)
app.add_typer(audit, name="audit")


server_commands.add_server(
    app,
    audit,
    PROGRAM,
    Party.KEY_HOLDER,
    check=wiring.check,
    health=lambda settings: settings.health,
    places=lambda settings: settings.places,
    waits="OPRF keys",
    open_audit=wiring.open_audit,
    store=wiring.AUDIT,
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


@app.command("adopt-meter")
def adopt_meter(settings_file: SettingsFile, by: ByOption, why: WhyOption) -> None:
    """Adopt a meter that was restored from a backup, and record who did it and why.

    What the members had evaluated after the backup was made counts no more.
    """
    settings = PROGRAM.load(settings_file)
    wiring.adopt_meter(settings, Actor(by), OperationId(why), time.time())
    typer.echo("Adopted. The members have their quota of the time since the backup again.")


@app.command("report")
def report(settings_file: SettingsFile, out: ReportOption, day: WeekOption = None) -> None:
    """Write what each member had evaluated in a week, signed, for the authority: counts only."""
    week = commands.week_of(day)
    replace_file(out, wiring.report(PROGRAM.load(settings_file), week, time.time()), mode=0o644)
    commands.report_written(out, week)


def main() -> None:
    """Run the command line. A refusal or defect is one plain line, with exit status 2."""
    commands.main(app, PROGRAM.name)
