"""``fingerpost-node``: enrol, import, run, and read an agency's audit log."""

from __future__ import annotations

import sys

import typer

from agency_node.cli import adopt_records, audit, import_, run
from fingerpost.protocol.errors import Defect, Refused

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
run.register(app)
import_.register(app)
adopt_records.register(app)
audit.register(app)


def main() -> None:
    """Refusals and defects as one plain line and exit status 2."""
    try:
        app()
    except (Defect, Refused) as error:
        text = error.public_text if isinstance(error, Refused) else str(error)
        typer.echo(f"fingerpost-node: {text}", err=True)
        sys.exit(2)
