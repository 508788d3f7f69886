"""The command line of the issuer's machine: run the process, and look after its audit log."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import typer

from authority.issuer import wiring
from authority.issuer.settings import IssuerSettings
from fingerpost.audit.log import Actor, OperationId
from fingerpost.membership import commands
from fingerpost.membership.audit_commands import NotedOption, report_whole
from fingerpost.membership.clock_watch import duration, moment
from fingerpost.membership.commands import (
    ByOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.listing import a_console, show_list

PROGRAM: Final = commands.Program(
    "fingerpost-issuer", wiring.PARTY, IssuerSettings, wiring.LOG_EVENTS, wiring.open
)

app = commands.command_line("Run the issuer: certificates, snapshot, timestamp and deny-list.")
audit_app = typer.Typer(help="Read the chained log of what the issuer did.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")


@app.command("run")
def run_issuer(settings: SettingsFile) -> None:
    """Run until a signal stops it."""
    PROGRAM.run(settings)


@app.command()
def sign(settings: SettingsFile) -> None:
    """Sign snapshot and timestamp once: for a repository whose issuer does not run."""
    now = SystemClock().now()
    done = wiring.open_online(PROGRAM.load(settings)).refresh(now)
    for role, fault in done.put_back.items():
        typer.echo(f"{role}: {fault.value}. It was signed anew, above all versions.", err=True)
    if done.refused is not None:
        raise done.refused
    typer.echo(f"snapshot {done.snapshot_version}" + (", new" if done.new_snapshot else ""))


@app.command()
def health(settings: SettingsFile) -> None:
    """Report whether the running issuer serves: exit status 0 when it does, else 1."""
    socket = PROGRAM.load(settings).health
    if socket is None:
        raise Defect("the settings name no health socket")
    commands.report_health(socket)


@app.command("adopt-deny-list")
def adopt_deny_list(settings: SettingsFile, by: ByOption, why: WhyOption) -> None:
    """Accept the record of who is suspended after it was restored, and record who did it and why.

    Whoever was suspended after the copy was made is reinstated by it: suspend them again.
    """
    found = PROGRAM.load(settings)
    with closing(wiring.open_audit(found)) as log, wiring.open_issuer(found, log) as issuer:
        now = SystemClock().now()
        deny, adopted = issuer.adopt_deny_list(Actor(by), OperationId(why), now)
    out = [*map(str, deny.members), *map(str, deny.agencies)]
    out += [f"certificate {serial:x}" for serial in deny.certificates]
    state = "" if adopted.sound else " It was not as the issuer had written it."
    typer.echo(f"Adopted.{state} Suspended now: {', '.join(sorted(out)) or 'nobody'}.")


@app.command()
def status(settings: SettingsFile) -> None:
    """Show when the newest timestamp was signed, by the issuer's time, and this machine's clock."""
    found = PROGRAM.load(settings)
    signed_at = wiring.signed_at(found)
    now = SystemClock().now()
    typer.echo(f"This machine's clock: {moment(now)}")
    if not signed_at:
        typer.echo("No timestamp has been signed yet.")
        return
    way = "ago" if now >= signed_at else "ahead of this clock"
    typer.echo(f"Newest timestamp:     {moment(signed_at)}, {duration(abs(now - signed_at))} {way}")
    if not -limits.CLOCK_SKEW_SECONDS <= now - signed_at <= 2 * limits.TIMESTAMP_EVERY_SECONDS:
        typer.echo("The issuer does not run, or its clock was wrong then or is wrong now.")


@app.command()
def heads(settings: SettingsFile) -> None:
    """List which members leave the heads of their stores, how often they did, and when last.

    A member that has stopped hides what its logs hold from then on.
    """
    with closing(wiring.open_heads(PROGRAM.load(settings))) as store:
        rows = [(str(m), str(count), commands.utc(at)) for m, count, at in store.newest()]
        if store.fault is not None:
            typer.echo(f"The heads that members have left: {store.fault.value}.", err=True)
    show_list(a_console(), ("Member", "Deposits", "Newest (UTC)"), rows)


@audit_app.command()
def verify(settings: SettingsFile, witness: NotedOption = None) -> None:
    """Follow the chain from the first entry to the last."""
    with closing(wiring.open_audit(PROGRAM.load(settings))) as log:
        report_whole(log, witness)


@audit_app.command()
def adopt(settings: SettingsFile, by: ByOption, why: WhyOption) -> None:
    """Adopt a log that was restored from a backup, and record who did it and why."""
    commands.adopt(wiring.open_audit(PROGRAM.load(settings), adopt=True), by=by, why=why)


@audit_app.command()
def show(settings: SettingsFile, since: SinceOption = None, until: UntilOption = None) -> None:
    """List entries: number, time (UTC), event, actor and fields."""
    with closing(wiring.open_audit(PROGRAM.load(settings))) as log:
        for entry in log.show(*commands.span(since, until), decrypt=False):
            at = datetime.fromtimestamp(entry.at, UTC).isoformat()
            fields = " ".join(f"{name}={value}" for name, value in sorted(entry.fields.items()))
            typer.echo(f"{entry.seq} {at} {entry.kind} {entry.actor.value} {fields}")


def main() -> None:
    """Run the command line. A refusal or defect is one plain line, with exit status 2."""
    commands.main(app, PROGRAM.name)
