"""``fingerpost-node adopt-records``: the operator's word that records put back from a copy may be answered from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from agency_node.cli.run import PROGRAM
from agency_node.importing.wiring import opened_imports
from fingerpost.membership.commands import SettingsFile
from fingerpost.protocol.errors import Defect


def register(app: typer.Typer) -> None:
    """Adds the command to the node's command line."""
    app.command("adopt-records")(adopt_records)


def adopt_records(
    settings_file: SettingsFile,
    agency: Annotated[str, typer.Option(help="The agency's id.")],
) -> None:
    """Answers from records that were put back from a copy, though children who came since are not in them."""
    settings = PROGRAM.load(settings_file)
    chosen = next((known.id for known in settings.agencies if str(known.id) == agency), None)
    if chosen is None:
        raise Defect("--agency: not one of this node's")
    with opened_imports(settings) as imports:
        if not imports.behind(chosen):
            typer.echo("These records are the newest; nothing had to be done.")
            return
        found = imports.adopt(chosen)
    day = datetime.fromtimestamp(found.as_of, UTC).date()
    typer.echo(f"Adopted: {found.children} children as of {day}. Import a new export soon.")
