"""The command line of the issuer's machine: run the process, and look after its audit log."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from authority.issuer import wiring
from authority.issuer.settings import read_settings
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.service import logs
from fingerpost.service.audit import BrokenChain
from fingerpost.service.clock import SystemClock
from fingerpost.service.health import probe
from fingerpost.service.run import Stop, run

app = typer.Typer(
    help="The issuer: certificates, snapshot, timestamp and deny-list.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit_app = typer.Typer(help="What the issuer did, in an order that cannot be changed unseen.")
app.add_typer(audit_app, name="audit")
console = Console(highlight=False, soft_wrap=True)

Settings = Annotated[
    Path, typer.Option("--settings", help="issuer.toml", exists=True, dir_okay=False)
]
NEVER: Final = 2**40


@app.command("run")
def run_issuer(settings: Settings) -> None:
    """Serve until told to stop."""

    async def serve(stop: Stop) -> None:
        log = logs.configure(wiring.PARTY, wiring.LOG_EVENTS, strict=False)
        found = read_settings(settings)
        source = random.SystemRandom()
        await wiring.serve(found, stop, clock=SystemClock(), random=source.random, log=log)

    raise typer.Exit(run(serve, party=wiring.PARTY, program="fingerpost-issuer"))


@app.command()
def sign(settings: Settings) -> None:
    """Sign snapshot and timestamp once: for a repository whose issuer does not run."""
    now = SystemClock().now()
    done = wiring.open_online(read_settings(settings)).refresh(now)
    if done.refused is not None:
        raise done.refused
    console.print(f"snapshot {done.snapshot_version}" + (", new" if done.new_snapshot else ""))


@app.command()
def healthy(settings: Settings) -> None:
    """End with 0 when the process serves."""
    socket = read_settings(settings).health
    if socket is None:
        raise Defect("the settings name no health socket")
    if not asyncio.run(probe(socket)):
        raise typer.Exit(1)


@audit_app.command()
def verify(settings: Settings) -> None:
    """Check the whole chain."""
    log = wiring.open_audit(read_settings(settings))
    try:
        report = log.verify()
        report.require_whole()
    finally:
        log.close()
    console.print(
        f"{report.entries} entries, whole; head {report.head.seq} {report.head.hash.hex()}"
    )


@audit_app.command()
def show(settings: Settings, since: Annotated[int, typer.Option(help="UNIX seconds")] = 0) -> None:
    """Print the entries."""
    log = wiring.open_audit(read_settings(settings))
    try:
        for entry in log.show(since, NEVER, decrypt=False):
            at = datetime.fromtimestamp(entry.at, UTC).isoformat()
            fields = " ".join(f"{name}={value}" for name, value in sorted(entry.fields.items()))
            console.print(
                f"{entry.seq} {at} {entry.kind} {entry.actor.value} {fields}", markup=False
            )
    finally:
        log.close()


def main() -> None:
    """Refusals and slips in one line, without a traceback."""
    try:
        app()
    except (Defect, Refused, BrokenChain) as error:
        Console(stderr=True, highlight=False).print(f"issuer: {error}", style="red", markup=False)
        raise SystemExit(2) from None
