"""``fingerpost-key-holder``: enrol, run, and read the audit log of one key holder."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fingerpost.protocol.codec.enrolment import EnrolmentRequest, write_enrolment
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Service
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.service import logs, settings
from fingerpost.service.credentials import make_member_keys
from fingerpost.service.health import look_at_folder, probe
from fingerpost.service.run import Stop, run
from key_holder import wiring
from key_holder.settings import KeyHolderSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
audit = typer.Typer(no_args_is_help=True, help="The chained log of who had how much evaluated.")
app.add_typer(audit, name="audit")

SettingsFile = Annotated[Path, typer.Option("--settings", help="The settings file (TOML).")]


@app.command()
def enrol(
    federation: Annotated[str, typer.Option(help="The federation's id.")],
    member: Annotated[str, typer.Option(help="This key holder's id.")],
    organisation: Annotated[str, typer.Option(help="Who runs it.")],
    credentials: Annotated[Path, typer.Option(help="A new folder for its keys.")],
    request: Annotated[Path, typer.Option(help="Where to write the request for the authority.")],
) -> None:
    """Makes this member's keys where they will be used, and a request that holds public keys only."""
    keys = make_member_keys(credentials)
    value = EnrolmentRequest(
        federation=FederationId(federation),
        member=MemberId(member),
        service=Service.KEY_HOLDER,
        organisation=organisation,
        signing_key=keys.public_key,
        issued_at=int(time.time()),
    )
    request.write_bytes(write_enrolment(value, keys.signing_key))
    typer.echo(f"Request written. Read this fingerprint to the authority: {value.fingerprint}")


@app.command("run")
def run_(settings_file: SettingsFile) -> None:
    """Runs the key holder until it is told to stop."""

    async def serve(stop: Stop) -> None:
        loaded = settings.load(settings_file, KeyHolderSettings)
        log = logs.configure("key_holder", wiring.EVENTS, strict=False)
        await wiring.serve(loaded, log, stop)

    raise typer.Exit(run(serve, party="key_holder", program="fingerpost-key-holder"))


@app.command()
def check(settings_file: SettingsFile) -> None:
    """Opens what the settings name and says whether it holds together. Makes nothing, touches no network."""
    loaded = settings.load(settings_file, KeyHolderSettings)
    bundle = wiring.check(loaded)
    typer.echo(
        "Settings, keys and folders hold together.\n"
        f"Member {bundle.member} of {bundle.federation}. Compare this with the authority:\n"
        f"{bundle.fingerprint}"
    )
    if (note := look_at_folder(loaded.health)) is not None:
        typer.echo(note, err=True)


@app.command()
def health(settings_file: SettingsFile) -> None:
    """Exit status 0 when the running key holder serves."""
    loaded = settings.load(settings_file, KeyHolderSettings)
    serving = asyncio.run(probe(loaded.health))
    typer.echo("serving" if serving else "not serving")
    raise typer.Exit(0 if serving else 1)


@audit.command("verify")
def audit_verify(settings_file: SettingsFile) -> None:
    """Follows the chain from the first entry to the last."""
    log = wiring.open_audit(settings.load(settings_file, KeyHolderSettings))
    try:
        report = log.verify()
        report.require_whole()
        typer.echo(f"{report.entries} entries, whole. Head: {report.head.hash.hex()}")
    finally:
        log.close()


@audit.command("show")
def audit_show(
    settings_file: SettingsFile,
    since: Annotated[int, typer.Option(help="Seconds since 1970 UTC.")] = 0,
    until: Annotated[int, typer.Option(help="Seconds since 1970 UTC.")] = 2**40,
) -> None:
    """Lists entries."""
    log = wiring.open_audit(settings.load(settings_file, KeyHolderSettings))
    table = Table("No.", "When (UTC)", "Member", "Epoch", "Workload", "Elements")
    try:
        for entry in log.show(since, until, decrypt=False):
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(entry.at))
            fields = [str(entry.fields.get(name, "")) for name in ("epoch", "workload", "elements")]
            table.add_row(str(entry.seq), when, str(entry.actor), *fields)
    finally:
        log.close()
    Console().print(table)


def main() -> None:
    """Refusals and defects as one plain line and exit status 2."""
    try:
        app()
    except (Defect, Refused) as error:
        text = error.public_text if isinstance(error, Refused) else str(error)
        typer.echo(f"fingerpost-key-holder: {text}", err=True)
        sys.exit(2)
