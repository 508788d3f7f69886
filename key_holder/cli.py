"""``fingerpost-key-holder``: enrol, run, and read the audit log of one key holder."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Final

import typer

from fingerpost.membership import commands
from fingerpost.membership.commands import (
    CredentialsOption,
    FederationOption,
    OrganisationOption,
    RequestOption,
    SettingsFile,
    SinceOption,
    UntilOption,
)
from fingerpost.protocol.federation import Party
from fingerpost.runtime.listing import a_console, show_list
from key_holder import wiring
from key_holder.settings import KeyHolderSettings

PROGRAM: Final = commands.Program(
    "fingerpost-key-holder", "key_holder", KeyHolderSettings, wiring.EVENTS, wiring.open
)

app = commands.command_line("Run one key holder: enrol, serve, and read its audit log.")
audit = typer.Typer(no_args_is_help=True, help="The chained log of who had how much evaluated.")
app.add_typer(audit, name="audit")


@app.command()
def enrol(
    federation: FederationOption,
    member: Annotated[str, typer.Option(help="This key holder's id.")],
    organisation: OrganisationOption,
    credentials: CredentialsOption,
    request: RequestOption,
) -> None:
    """Makes this member's keys where they will be used, and a request that holds public keys only."""
    commands.enrol(
        Party.KEY_HOLDER,
        federation=federation,
        member=member,
        organisation=organisation,
        credentials=credentials,
        request=request,
    )


@app.command("run")
def run_(settings_file: SettingsFile) -> None:
    """Runs the key holder until it is told to stop."""
    PROGRAM.run(settings_file)


@app.command()
def check(settings_file: SettingsFile) -> None:
    """Opens what the settings name and says whether it holds together. Makes nothing, touches no network."""
    loaded = PROGRAM.load(settings_file)
    commands.tell_sound("Settings, keys and folders", wiring.check(loaded), loaded.health)


@app.command()
def health(settings_file: SettingsFile) -> None:
    """Exit status 0 when the running key holder serves."""
    commands.tell_health(PROGRAM.load(settings_file).health)


@audit.command("verify")
def audit_verify(settings_file: SettingsFile) -> None:
    """Follows the chain from the first entry to the last."""
    commands.tell_whole(wiring.open_audit(PROGRAM.load(settings_file)))


@audit.command("show")
def audit_show(
    settings_file: SettingsFile, since: SinceOption = 0, until: UntilOption = commands.NEVER
) -> None:
    """Lists entries."""
    columns = ("No.", "When (UTC)", "Member", "Epoch", "Workload", "Elements")
    rows: list[tuple[str, ...]] = []
    with closing(wiring.open_audit(PROGRAM.load(settings_file))) as log:
        for entry in log.show(since, until, decrypt=False):
            when = commands.utc(entry.at)
            fields = [str(entry.fields.get(name, "")) for name in ("epoch", "workload", "elements")]
            rows.append((str(entry.seq), when, str(entry.actor), *fields))
    show_list(a_console(), columns, rows)


def main() -> None:
    """Refusals and defects as one plain line and exit status 2."""
    commands.main(app, PROGRAM.name)
