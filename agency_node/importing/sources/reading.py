"""From what a source holds to children: which adaptor reads it, and how. Pure.

Law: the source itself says which adaptor reads it, and never its name. An adaptor makes a
``Table`` under our names of columns or the file's; what rows mean is decided in one place
(``children.read_children``), so that a record is the same whatever it came from. A new kind of
source is an adaptor here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from agency_node.importing.sources import desks
from agency_node.importing.sources.children import MOST_ROWS, Export, read_children
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.elements import declared_encoding, is_xml
from agency_node.importing.sources.encodings import decode
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fhir import read_fhir
from agency_node.importing.sources.fhir_file import is_json
from agency_node.importing.sources.judging import NOTHING, Stated
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.separated import read_separated
from agency_node.importing.sources.ssds import table_of
from agency_node.importing.sources.ssds_tables import Tables, Texts, read_texts
from agency_node.importing.sources.table import Known, Table, without_joining
from agency_node.importing.sources.transfer_file import read_transfer_file
from agency_node.importing.sources.workbook import Sheet, read_sheet

Content = bytes | Sequence[Sheet] | Texts | Tables
"""What a source holds: the bytes of a file, or of a workbook the sheets; of a council's tables the
texts, or what a database said.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an operator stated of the form of a file; empty or None for what the file shows.

    Attributes:
        encoding: one of ``encodings.ENCODINGS``.
        separator: one character.
        sheet: the name of a sheet.
        desk_key: the column by which a desk directory is joined.
        foot_counts_header: the number below a table is that of its rows and of the header.
    """

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    stated: Stated = NOTHING
    desk_key: str = ""
    foot_counts_header: bool = False

    def key(self) -> bytes:
        """Return what an import depends on."""
        parts: tuple[object, ...] = (self.encoding, self.separator, self.sheet, self.stated)
        if self.desk_key:
            parts = (*parts, self.desk_key)
        return repr((*parts, "header") if self.foot_counts_header else parts).encode()


AS_IT_IS: Final = Reading()


@dataclass(frozen=True, slots=True, repr=False)
class DeskDirectory:
    """A desk directory as it was read. ``digest``: its SHA-256."""

    content: Content
    digest: bytes

    def __repr__(self) -> str:
        return "DeskDirectory(…)"


def open_table(content: Content, reading: Reading, known: Known) -> Table:
    """Return the rows of a source.

    Args:
        known: counts the names of columns in a line.

    Raises:
        RefusedFile: the file is none that can be read, or only with a statement that is missing.
    """
    table = _table_of(content, reading, known)
    if reading.foot_counts_header and table.foot is not None:
        return replace(table, foot=table.foot - 1)
    return table


def _table_of(content: Content, reading: Reading, known: Known) -> Table:
    """Return the rows of a source, with what its foot counts as it stands there."""
    if isinstance(content, Tables):
        return table_of(content)
    if isinstance(content, Texts):
        headers = 1 if reading.foot_counts_header else 0
        texts = read_texts(content, reading.encoding, headers)
        return replace(table_of(texts), ended=texts.ended, has_end=False)
    if not isinstance(content, bytes):
        return read_sheet(content, known, reading.sheet)
    if is_json(content):
        return read_fhir(content)
    decoded = decode(content, reading.encoding or declared_encoding(content))
    table = _table_of_text(decoded.text, reading, known)
    return replace(table, remarks=(f"encoding {decoded.encoding}", *table.remarks))


def _table_of_text(text: str, reading: Reading, known: Known) -> Table:
    """What a text begins with says what it is."""
    if is_xml(text):
        return read_transfer_file(text)
    return read_separated(text, known, reading.separator)


def open_export(
    content: Content, columns: Columns, reading: Reading, directory: DeskDirectory | None
) -> Table:
    """Return the rows of an export, with the desks of a directory joined to them.

    Raises:
        RefusedFile: as ``open_table`` and ``desks.join``; a fault of the directory says so.
    """
    return with_desks(open_table(content, reading, columns.known), columns, reading, directory)


def with_desks(
    table: Table, columns: Columns, reading: Reading, directory: DeskDirectory | None
) -> Table:
    """Return the table, joined. Raises ``RefusedFile`` as ``open_export``."""
    if directory is None:
        return without_joining(table)
    try:
        found = open_table(directory.content, AS_IT_IS, desks.known)
        return without_joining(desks.join(table, found, columns, reading.desk_key))
    except RefusedFile as refused:
        raise desks.of_directory(refused) from None


def day_of(content: Content, columns: Columns, reading: Reading) -> date:
    """Return the day on which a source says that it was made.

    Raises:
        RefusedFile: DAY_NOT_IN_FILE, or as ``open_table``.
    """
    made_on = open_table(content, reading, columns.known).made_on
    if made_on is None:
        raise RefusedFile(Reason.DAY_NOT_IN_FILE)
    return made_on


def read_export(
    content: Content,
    *,
    as_of: date,
    columns: Columns,
    reading: Reading = AS_IT_IS,
    directory: DeskDirectory | None = None,
    most_rows: int = MOST_ROWS,
) -> Export:
    """Read an export of any form.

    Args:
        as_of: the day it was made.

    Raises:
        RefusedFile: the file as a whole cannot be taken.
    """
    table = open_export(content, columns, reading, directory)
    if table.made_on is not None and as_of > table.made_on + timedelta(days=1):
        raise RefusedFile(Reason.DAY_AFTER_MADE, f"{table.made_on}")
    return read_children(table, columns, reading.stated, as_of=as_of, most_rows=most_rows)
