"""The command line of the issuer's machine: run the process, and look after its audit log."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from authority.issuer import wiring
from authority.issuer.settings import IssuerSettings
from fingerpost.membership import commands
from fingerpost.membership.commands import SinceOption
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.run import refusal_text

PROGRAM: Final = commands.Program(
    "fingerpost-issuer", wiring.PARTY, IssuerSettings, wiring.LOG_EVENTS, wiring.open
)

app = commands.command_line("The issuer: certificates, snapshot, timestamp and deny-list.")
audit_app = typer.Typer(help="What the issuer did, in an order that cannot be changed unnoticed.")
app.add_typer(audit_app, name="audit")
console = Console(highlight=False, soft_wrap=True)

Settings = Annotated[
    Path,
    typer.Option("--settings", help="The settings file, issuer.toml.", exists=True, dir_okay=False),
]


@app.command("run")
def run_issuer(settings: Settings) -> None:
    """Serve until told to stop."""
    PROGRAM.run(settings)


@app.command()
def sign(settings: Settings) -> None:
    """Sign snapshot and timestamp once: for a repository whose issuer does not run."""
    now = SystemClock().now()
    done = wiring.open_online(PROGRAM.load(settings)).refresh(now)
    if done.refused is not None:
        raise done.refused
    console.print(f"snapshot {done.snapshot_version}" + (", new" if done.new_snapshot else ""))


@app.command()
def health(settings: Settings) -> None:
    """Report whether the running issuer serves: exit status 0 when it does, else 1."""
    socket = PROGRAM.load(settings).health
    if socket is None:
        raise Defect("the settings name no health socket")
    commands.report_health(socket)


@audit_app.command()
def verify(settings: Settings) -> None:
    """Check the chain from the first entry to the last."""
    report = commands.verified(wiring.open_audit(PROGRAM.load(settings)))
    console.print(
        f"{report.entries} entries, whole; head {report.head.seq} {report.head.hash.hex()}"
    )


@audit_app.command()
def show(settings: Settings, since: SinceOption = 0) -> None:
    """List entries: number, time (UTC), event, actor and fields."""
    with closing(wiring.open_audit(PROGRAM.load(settings))) as log:
        for entry in log.show(since, commands.NEVER, decrypt=False):
            at = datetime.fromtimestamp(entry.at, UTC).isoformat()
            fields = " ".join(f"{name}={value}" for name, value in sorted(entry.fields.items()))
            console.print(
                f"{entry.seq} {at} {entry.kind} {entry.actor.value} {fields}", markup=False
            )


def main() -> None:
    """Report a refusal or a defect in one line, without a traceback."""
    try:
        app()
    except (Defect, Refused) as error:
        text = refusal_text(error) if isinstance(error, Refused) else str(error)
        stderr = Console(stderr=True, highlight=False, soft_wrap=True)
        stderr.print(f"{PROGRAM.name}: {text}", style="red", markup=False)
        raise SystemExit(2) from None
