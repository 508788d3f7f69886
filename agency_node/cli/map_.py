"""``fingerpost-node map``: propose a mapping file from a sample of an export. It needs no settings,
no network and no keys, and changes nothing but the file that it writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agency_node.cli.reading import FormOptions
from agency_node.importing.source_file import read_source
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.proposing import propose
from fingerpost.membership.commands import with_options
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import replace_file


def register(app: typer.Typer) -> None:
    """Add ``map`` to the node's command line."""
    app.command("map")(with_options(map_))


def map_(
    file: Annotated[Path, typer.Argument(help="An export (CSV, workbook, CTF).")],
    out: Annotated[
        Path | None,
        typer.Option(help="The mapping file to write (default: the export's name and .toml)."),
    ] = None,
    *,
    form: FormOptions,
) -> None:
    """Propose a mapping file for exports like this one; a person confirms its lines."""
    try:
        reading = form.form()
        written = _new(out or file.with_name(f"{file.name}.toml"))
        source = read_source(file)
        text = propose(source.content, reading, source.written_on, form.directory())
    except Defect as defect:
        typer.echo(f"Nothing was written: {defect}", err=True)
        raise typer.Exit(2) from None
    except RefusedFile as refused:
        typer.echo(f"Nothing was written: {refused} See docs/import.md.", err=True)
        raise typer.Exit(1) from None
    replace_file(written, text.encode())
    typer.echo(f"Written: {written}")
    typer.echo("Look at each line that its list confirm names, mend it, and delete it there.")
    typer.echo("Then: fingerpost-node import --mapping THAT-FILE --settings … --agency … EXPORT")


def _new(path: Path) -> Path:
    """Raises ``Defect``: the file is there, and may have been confirmed."""
    if path.exists():
        raise Defect(f"{path}: is there already; name another file with --out")
    return path
