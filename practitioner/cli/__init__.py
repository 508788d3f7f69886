"""``fingerpost``: sign in, ask, and run the gateway of an asking agency."""

from __future__ import annotations

import sys
from typing import Final

import typer

from fingerpost.membership import commands
from fingerpost.protocol.errors import Refused
from practitioner.cli import asking, people, running
from practitioner.cli.parsing import PROGRAM
from practitioner.cli.refusals import advice

REFUSED: Final = 4

app = commands.command_line("Sign in, ask, and run the gateway of an asking agency.")
app.command("sign-in")(people.sign_in)
app.command("lookup")(asking.lookup)
app.command("widen")(asking.widen)
app.add_typer(asking.outcome, name="outcome")
app.command("sign-out")(people.sign_out)
app.add_typer(people.account, name="account")
app.command("enrol")(running.enrol)
app.command("serve")(running.serve)
app.command("check")(running.check)
app.command("adopt")(running.adopt)
app.command("health")(running.health)
app.command("status")(running.status)
app.add_typer(running.audit, name="audit")


def main() -> None:
    """Run the command line: a refusal is one line of advice and exit status 4; the rest as
    ``commands.main``."""
    commands.main(_advised, PROGRAM.name)


def _advised() -> None:
    try:
        app()
    except Refused as refused:
        typer.echo(f"{PROGRAM.name}: {advice(refused)}", err=True)
        sys.exit(REFUSED)
