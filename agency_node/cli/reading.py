"""What an operator states of the form of an export, as options of ``import``, ``quality`` and
``map`` and as a mapping file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from agency_node.importing.source_file import read_source
from agency_node.importing.sources.columns import Columns, squeezed
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.mapping import (
    MappingFile,
    require_column,
    require_encoding,
    require_separator,
    require_words,
)
from agency_node.importing.sources.person_names import NameOrder
from agency_node.importing.sources.reading import AS_IT_IS, DeskDirectory, Reading
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.settings import load


@dataclass(frozen=True, slots=True, repr=False)
class FormOptions:
    """The form of a file and its desk directory, as options (``commands.with_options``)."""

    encoding: Annotated[
        str,
        typer.Option(help="The encoding of a text that is not in UTF-8, such as windows-1252."),
    ] = ""
    separator: Annotated[
        str,
        typer.Option(help="What stands between the columns, where the header does not show it."),
    ] = ""
    sheet: Annotated[str, typer.Option(help="The sheet of a workbook that has several.")] = ""
    dates: Annotated[
        Order | None, typer.Option(help="Which part of dates such as 03/04/2015 comes first.")
    ] = None
    names: Annotated[
        NameOrder | None,
        typer.Option(help="Which part of names in one column comes first, without a comma."),
    ] = None
    desks: Annotated[
        Path | None,
        typer.Option(
            help="A desk directory (CSV or workbook): whom to ring at each team or school."
        ),
    ] = None
    desk_key: Annotated[
        str,
        typer.Option(
            help="The column by which the desk directory is joined, where that is not plain."
        ),
    ] = ""
    foot_counts_header: Annotated[
        bool,
        typer.Option(
            "--foot-counts-header", help="The number below the table counts its header, too."
        ),
    ] = False

    def form(self, mapped: Reading = AS_IT_IS) -> Reading:
        """Return how to read the file, by options and then by a mapping file. Raises ``Defect``."""
        return Reading(
            require_encoding(self.encoding, "--encoding") or mapped.encoding,
            require_separator(self.separator, "--separator") or mapped.separator,
            self.sheet or mapped.sheet,
            Stated(self.dates or mapped.stated.dates, self.names or mapped.stated.names),
            self.desk_key or mapped.desk_key,
            self.foot_counts_header or mapped.foot_counts_header,
        )

    def directory(self) -> DeskDirectory | None:
        """Return the desk directory as it was read. Raises ``Defect``."""
        if self.desks is None:
            return None
        try:
            source = read_source(self.desks)
        except RefusedFile as refused:
            raise Defect(f"{self.desks}: {refused}") from None
        return DeskDirectory(source.content, source.digest)


@dataclass(frozen=True, slots=True, repr=False)
class ReadingOptions(FormOptions):
    """All that an operator states of a file, as options (``commands.with_options``)."""

    mapping: Annotated[
        Path | None,
        typer.Option(help="A mapping file (TOML), as `fingerpost-node map` proposes it."),
    ] = None
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="NAME=COLUMN: the file's own name of a column (may be repeated)."
        ),
    ] = None
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="A column of the file that is not read (may be repeated)."),
    ] = None
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="COLUMN=VALUE: one value for all rows, such as kind=EDU_SCHOOL (repeat)."
        ),
    ] = None

    def read(self) -> tuple[Columns, Reading, DeskDirectory | None]:
        """Return what options and mapping file state, and the desk directory. Raises ``Defect``."""
        mapped, reading = read_mapping(self.mapping)
        columns = read_columns(self.map_ or (), self.ignore or (), self.set_ or (), mapped)
        return columns, self.form(reading), self.directory()


def read_mapping(path: Path | None) -> tuple[Columns, Reading]:
    """Return what a mapping file states; nothing without one.

    Raises:
        Defect: it cannot be read, or has a line that nobody confirmed.
    """
    if path is None:
        return Columns(), Reading()
    stated = load(path, MappingFile)
    try:
        return stated.columns_stated(), stated.reading_stated()
    except Defect as fault:
        raise Defect(f"{path}: {fault}") from None


def read_columns(
    maps: Sequence[str],
    ignored: Sequence[str],
    constants: Sequence[str] = (),
    mapped: Columns | None = None,
) -> Columns:
    """Return what to do with the columns of the file, by options and then by a mapping file.

    Raises:
        Defect: an option has another form, names no column of ours, or states no word of its
            column.
    """
    mapped = mapped or Columns()
    rename, values = {}, {}
    for text in maps:
        name, found, ours = text.rpartition("=")
        if not found or not name.strip():
            raise Defect("--map: expected NAME=COLUMN")
        rename[name.strip().lower()] = require_column(ours.strip().lower(), "--map NAME=COLUMN")
    for text in constants:
        ours, found, value = text.partition("=")
        if not found:
            raise Defect("--set: expected COLUMN=VALUE")
        values[require_column(ours.strip().lower(), "--set COLUMN=VALUE")] = value.strip()
    ignore = frozenset(name.strip().lower() for name in ignored)
    said = {squeezed(name) for name in (*rename, *ignore)}
    kept = {name: ours for name, ours in mapped.rename.items() if squeezed(name) not in said}
    columns = Columns(
        {**kept, **rename},
        mapped.ignore | ignore,
        {**mapped.constants, **values},
        mapped.values,
    )
    require_words(columns)
    return columns
