"""The first line of a CSV export: which column is which. Pure.

A column that is not known refuses the file unless the operator said what to do with it: an export that was widened by
mistake (case notes, addresses of the family) must not come in unseen.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from agency_node.importing.sources.reasons import Reason, RefusedFile

REQUIRED: Final = (
    "local_id",
    "forename",
    "surname",
    "dob",
    "kind",
    "status",
    "start",
    "worker_name",
    "worker_role",
    "desk_phone",
    "desk_email",
)
OPTIONAL: Final = (
    "nhs_number",
    "upn",
    "middle_names",
    "aliases",
    "sex",
    "postcode",
    "end",
    "ooh_phone",
    "sensitive",
    "shield",
    "hours",
    "lead",
    "early_help",
)
COLUMNS: Final = frozenset(REQUIRED + OPTIONAL)
MOST_COLUMNS: Final = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """How the file's columns are called. Names in lower case. ``rename``: the file's name → ours."""

    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()


def read_header(line: str, columns: Columns) -> tuple[str, ...]:
    """Our column names in the file's order; "" for one that is ignored."""
    line = line.removeprefix("\ufeff").rstrip("\r\n")
    if "\0" in line:
        raise RefusedFile(Reason.NOT_TEXT)
    if not decoded(line):
        raise RefusedFile(Reason.NOT_UTF8)
    try:
        cells = cells_of(line)
    except csv.Error:
        raise RefusedFile(Reason.NO_HEADER) from None
    if not any(cells):
        raise RefusedFile(Reason.EMPTY_FILE)
    if len(cells) > MOST_COLUMNS:
        raise RefusedFile(Reason.NO_HEADER)
    names: list[str] = []
    for cell in cells:
        name = cell.strip().lower()
        names.append("" if name in columns.ignore else columns.rename.get(name, name))
    known = [name for name in names if name]
    if not COLUMNS & set(known):
        raise RefusedFile(Reason.NO_HEADER)
    for place, (name, cell) in enumerate(zip(names, cells, strict=True), 1):
        if name not in COLUMNS and cell.strip().lower() not in columns.ignore:
            raise RefusedFile(Reason.COLUMN_UNKNOWN, f"column {place}")
    for name in known:
        if known.count(name) > 1:
            raise RefusedFile(Reason.COLUMN_TWICE, name)
    for name in REQUIRED:
        if name not in known:
            raise RefusedFile(Reason.COLUMN_MISSING, name)
    return tuple(names)


def cells_of(line: str) -> list[str]:
    """Raises ``csv.Error``: an open quotation mark, one inside a field, a field without end."""
    return next(csv.reader([line], strict=True), [])


def decoded(line: str) -> bool:
    """Whether all of the line was UTF-8: undecodable bytes come as lone surrogates."""
    return line.isascii() or not any("\ud800" <= c <= "\udfff" for c in line)
