"""What all reports of the tool share: words for fields and levels, notes, and the form of files.

A file is written whole or not at all. A file that names records is created with mode 0600 and never
replaces another: the other may be the only copy of somebody's review.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

from rich.console import Console

from agency_node.match_tool.tables import BadInput, Note, Table, short_list, where
from fingerpost.private.linkage import (
    BLOCKING_RULES_VERSION,
    COMPARISON_VERSION,
    NORMALISATION_VERSION,
    Field,
    Level,
)
from fingerpost.runtime.screen_text import json_lines

_FIELDS: Final[Mapping[Field, str]] = MappingProxyType(
    {
        Field.MIDDLE: "middle names",
        Field.BIRTH: "date of birth",
        Field.HEALTH_NUMBER: "health number",
        Field.UPN: "UPN",
    }
)
"""Words for the fields that the name of their value does not describe."""

LEVELS: Final[Mapping[Level, str]] = MappingProxyType(
    {
        Level.EXACT: "the same",
        Level.EXACT_WEAK: "the same 1 January",
        Level.VARIANT: "another form of one name",
        Level.PART: "a part of it agrees",
        Level.NEAR: "a typing error apart",
        Level.SWAPPED: "day and month swapped",
        Level.CENTURY: "another century",
        Level.ONE_DIGIT: "one digit apart",
        Level.DUE: "an expected date, and the other can be of that pregnancy",
        Level.MONTH: "year and month agree; no more is known",
        Level.YEAR: "the year agrees; no more is known",
        Level.ABOUT: "within a year, where the year is not certain",
        Level.TWO_PARTS: "two of day, month, year agree",
        Level.CLOSE: "within a month",
        Level.FORMER: "one lived where the other lives, or lived",
        Level.SECTOR: "the same sector",
        Level.OUTCODE: "the same outcode",
        Level.LOOSE: "alike",
        Level.INITIAL: "an initial agrees",
        Level.PARTIAL: "one agrees, another contradicts",
        Level.DIFFERENT: "different",
        Level.DIFFERENT_WEAK: "different, one a 1 January",
        Level.MISSING: "missing or not valid on a side",
    }
)

_NOTES: Final[Mapping[Note, str]] = MappingProxyType(
    {
        Note.DATE_MENDED: "day and month were swapped and were put right",
        Note.DATE_LEFT_OUT: "no date; left out",
        Note.SEX_LEFT_OUT: "could not be read; left out",
        Note.TOO_LONG_LEFT_OUT: "too long; left out",
        Note.TOO_MANY_NAMES_LEFT_OUT: "more than eight; all left out",
        Note.CONTROL_CHARACTERS_LEFT_OUT: "with characters that cannot be printed; left out",
        Note.NUMBER_NOT_VALID: "not valid (length, form or check digit); not used",
    }
)


def plain_console(file: IO[str] | None = None, width: int | None = None) -> Console:
    """Return a console that prints every text as it is. Attack: a name that holds rich's markup."""
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def field_words(field: Field) -> str:
    return _FIELDS.get(field, field.value.replace("_", " "))


def show_notes(console: Console, tables: Sequence[Table]) -> None:
    """Show what was passed over, mended or left out, by file and column: counts and lines."""
    for table in tables:
        for sentence in _notes(table):
            console.print(f"{table.name}: {sentence}")


def _notes(table: Table) -> Iterator[str]:
    if table.passed_over:
        yield f"Passed over: {short_list(table.passed_over)}"
    notes = table.notes
    for column, note in notes.in_order():
        fields, lines = notes.fields[column, note], notes.lines[column, note]
        place = f" ({where(lines, fields)})" if lines else ""
        yield f"{column}: {fields:,} × {_NOTES[note]}{place}"
    if notes.is_month_first_likely:
        yield (
            "dob: more than one date in ten was put right; if the file writes the month first, "
            "other dates are misread"
        )


def about(table: Table) -> dict[str, object]:
    """Return what was read of a file, for a report in JSON."""
    return {
        "rows": len(table.rows),
        "columns": list(table.columns),
        "notes": [
            {"column": column, "note": note.value, "fields": table.notes.fields[column, note]}
            for column, note in table.notes.in_order()
        ],
    }


def versions() -> dict[str, int]:
    """Return the versions of the rules that the figures hold for."""
    return {
        "normalisation": NORMALISATION_VERSION,
        "combinations": BLOCKING_RULES_VERSION,
        "comparison": COMPARISON_VERSION,
    }


def as_json(body: Mapping[str, object]) -> bytes:
    return json_lines(body)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows((columns, *rows))
    return text.getvalue().encode("utf-8")


def require_writable(path: Path, *inputs: Path) -> None:
    """Refuse, before the work, a file that cannot be written or that is one of ``inputs``."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise BadInput(f"{path}: is no plain file; it is not replaced")
    if path.exists() and any(one.exists() and path.samefile(one) for one in inputs):
        raise BadInput(f"{path}: is read here; it is not replaced")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: the folder does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(f"{path}: this user may not write in the folder")


def require_new(path: Path) -> None:
    """Refuse, before the work, a file that cannot be created, or that exists."""
    if path.exists() or path.is_symlink():
        raise BadInput(f"{path}: exists already; it is not overwritten")
    require_writable(path)
