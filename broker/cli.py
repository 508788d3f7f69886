"""``fingerpost-broker``: enrol, run, and read the hash log of the broker."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Final

import typer

from broker import wiring
from broker.settings import BrokerSettings
from broker.store import HASH_LOG
from fingerpost.membership import commands, server_commands
from fingerpost.membership.commands import (
    ByOption,
    MonthOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.protocol.federation import Party
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.listing import a_console, show_list

PROGRAM: Final = commands.Program(
    "fingerpost-broker", "broker", BrokerSettings, wiring.EVENTS, wiring.open
)

app = commands.command_line("Run the broker: enrol, serve, and read its hash log.")
audit = typer.Typer(
    no_args_is_help=True,
    help="Read the hash log: which agency asked when, and how far; never who asked about whom.",
)
app.add_typer(audit, name="audit")


server_commands.add_server(
    app,
    audit,
    PROGRAM,
    Party.BROKER,
    check=wiring.check,
    health=lambda settings: settings.health,
    places=lambda settings: settings.places,
    waits="hashes of queries",
    open_audit=wiring.open_audit,
    store=HASH_LOG,
)


@app.command()
def adopt(settings_file: SettingsFile, by: ByOption, why: WhyOption) -> None:
    """Take a state folder that was put back from a backup, and record who did it and why.

    The replay set begins anew: for a while the broker refuses queries that it may have carried
    before.
    """
    wiring.adopt(PROGRAM.load(settings_file), by, why, SystemClock())
    typer.echo("Adopted.")


@audit.command("show")
def audit_show(
    settings_file: SettingsFile,
    since: SinceOption = None,
    until: UntilOption = None,
    handles: Annotated[
        bool, typer.Option("--handles", help="Open the practitioners' daily pseudonyms.")
    ] = False,
) -> None:
    """List the entries."""
    columns = ("No.", "When (UTC)", "Event", "By", "Query", "Agency", "Reach", "Handle")
    rows: list[tuple[str, ...]] = []
    with closing(wiring.open_audit(PROGRAM.load(settings_file))) as log:
        for entry in log.show(*commands.span(since, until), decrypt=handles):
            when = commands.utc(entry.at)
            fields = [str(entry.fields.get(name, "")) for name in ("agency", "reach")]
            handle = "forgotten" if entry.forgotten else (entry.body or b"").decode("ascii")
            row = (str(entry.seq), when, entry.kind, str(entry.actor), str(entry.operation))
            rows.append((*row, *fields, handle if handles else ""))
    show_list(a_console(), columns, rows)


@audit.command("forget")
def audit_forget(
    settings_file: SettingsFile, month: MonthOption, by: ByOption, why: WhyOption
) -> None:
    """Destroy the key of a month. Its pseudonyms are lost for ever; the chain still verifies."""
    settings = PROGRAM.load(settings_file)
    commands.forget(lambda: wiring.open_audit(settings), month, by=by, why=why)


def main() -> None:
    """Run the command line. A refusal or defect is one plain line, with exit status 2."""
    commands.main(app, PROGRAM.name)
