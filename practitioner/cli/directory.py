"""``fingerpost directory``: the desks of an area on paper. It asks nobody, and needs no network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from fingerpost.membership.commands import identifier
from fingerpost.protocol.desk_list import DeskList, read_desks
from fingerpost.protocol.ids import AreaCode
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_file, replace_file
from practitioner import wiring
from practitioner.cli.parsing import Agency, SettingsFile, agency_of, load, logger
from practitioner.present.directory import as_html, as_text, directory

OWN_BYTES: Final = 4_000_000


def print_directory(
    settings_file: SettingsFile,
    agency: Agency = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="An area's code (may be repeated); default: yours and its neighbours."),
    ] = None,
    own: Annotated[
        Path | None,
        typer.Option(help="Your agency's desks, as `fingerpost-node desks --out` writes them."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write a file: a page if it ends with .html, else plain text."),
    ] = None,
) -> None:
    """Print the desks of your agency and the duty desks of all others, from the signed list.

    The list is that which the gateway keeps. Nobody is asked, and nothing is said about a child.
    """
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    now = time.time()
    federation = wiring.kept_federation(loaded, Env.of_system(logger(verbose=False)))
    named = [identifier(AreaCode, each, "--area") for each in area or ()]
    areas = named or [chosen.area, *federation.area(chosen.area).neighbours]
    found = directory(federation, chosen, areas, None if own is None else _own(own), now)
    if found.old:
        typer.echo(f"{found.old} Let the gateway fetch a newer one: fingerpost serve", err=True)
    if out is None:
        typer.echo(as_text(found), nl=False)
        return
    page = as_html(found) if out.suffix.lower() in (".html", ".htm") else as_text(found)
    replace_file(out, page.encode(), mode=0o644)
    typer.echo(f"Written: {out}")


def _own(path: Path) -> DeskList:
    """Raises ``Defect``."""
    return read_desks(read_file(path, most=OWN_BYTES))
