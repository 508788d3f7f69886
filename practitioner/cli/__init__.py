"""``fingerpost``: sign in, ask, and run the gateway of an asking agency."""

from __future__ import annotations

import sys

import typer

from fingerpost.membership import commands
from fingerpost.membership.commands import with_options
from fingerpost.protocol.errors import Refused
from practitioner.cli import (
    asking,
    challenges,
    convening,
    directory,
    notes,
    officer,
    outcomes,
    people,
    rights,
    running,
    searching,
    second_person,
    talking,
)
from practitioner.cli.asking import REFUSED
from practitioner.cli.parsing import PROGRAM
from practitioner.present.refusals import advice

app = commands.command_line("Sign in, ask, and run the gateway of an asking agency.")
app.command("sign-in")(people.sign_in)
app.command("lookup")(asking.lookup)
app.command("ask-approved")(asking.ask_approved)
app.command("widen")(asking.widen)
app.add_typer(outcomes.outcome, name="outcome")
app.command("mark")(notes.mark)
app.command("convene")(convening.convene)
app.command("directory")(directory.print_directory)
app.command("approve")(second_person.approve)
app.command("review")(second_person.review)
app.command("officer")(officer.officer)
app.command("sign-out")(people.sign_out)
app.add_typer(people.account, name="account")
app.command("enrol")(running.enrol)
app.command("serve")(running.serve)
app.command("check")(running.check)
app.command("adopt")(running.adopt)
app.command("health")(running.health)
app.command("status")(running.status)
running.audit.command("answer-challenge")(challenges.answer_challenge)
running.audit.command("verify-challenge")(challenges.verify_challenge)
running.audit.command("search")(with_options(searching.audit_search))
rights.register(running.audit)
running.audit.command("talks")(talking.audit_talks)
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
