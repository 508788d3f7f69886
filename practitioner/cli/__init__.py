"""``fingerpost``: sign in, ask, and run the gateway of an asking agency."""

from __future__ import annotations

import sys
from types import TracebackType

import typer

from fingerpost.protocol.errors import Defect, Refused
from fingerpost.service.logs import error_name
from practitioner.cli import asking, people, running
from practitioner.cli.refusals import advice

WRONG_USE = 2
REFUSED = 4

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
app.command("sign-in")(people.sign_in)
app.command("lookup")(asking.lookup)
app.command("widen")(asking.widen)
app.add_typer(asking.outcome, name="outcome")
app.command("sign-out")(people.sign_out)
app.add_typer(people.account, name="account")
app.command("enrol")(running.enrol)
app.command("serve")(running.serve)
app.command("check")(running.check)
app.command("health")(running.health)
app.add_typer(running.audit, name="audit")


def main() -> None:
    """Refusals and defects as one plain line, with exit status 4 and 2. Anything else ends it with its type alone: the
    text of an exception, or its traceback, may hold what was typed about a child."""
    try:
        app()
    except Refused as refused:
        typer.echo(f"fingerpost: {advice(refused)}", err=True)
        sys.exit(REFUSED)
    except Defect as defect:
        typer.echo(f"fingerpost: {defect}", err=True)
        sys.exit(WRONG_USE)
    finally:
        sys.excepthook = _by_type_alone  # Typer has put one of its own in place


def _by_type_alone(
    _type: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    sys.stderr.write(f"fingerpost: crashed ({error_name(error)})\n")
