"""What the operator states of exports: the day on which each was made, and how many rows it has.

Invariant: no day is guessed. A copy of an old export is a new file, so a file's time is taken only
where the operator says that it is the export's. So is a day that stands in the file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

import typer

from agency_node.importing.sources.reading import day_of
from agency_node.importing.staging import Options, SourceFile
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId


@unique
class Taken(StrEnum):
    """What the operator says that the day of an export is taken from.

    WRITTEN: the time at which its file was last written. FILE: what the file itself says.
    """

    WRITTEN = "written"
    FILE = "file"


WRITTEN: Final = Taken.WRITTEN
FILE: Final = Taken.FILE
Day = date | Taken


def day_taken(stated: Day, source: SourceFile, options: Options) -> date:
    """Return the day. Raises ``RefusedFile``: the file is to say it, and does not."""
    match stated:
        case Taken.WRITTEN:
            return source.written_on
        case Taken.FILE:
            return day_of(source.content, options.columns, options.reading)
        case _:
            return stated


def read_days(as_of: str | None, jobs: Mapping[AgencyId, Path]) -> Mapping[AgencyId, Day]:
    """Return the day on which each export was made, or what it is taken from.

    Where it is not stated, the person at the terminal is asked for it.

    Raises:
        Defect: no day, or it is not stated and nobody can be asked.
    """
    if as_of is None:
        if not _can_be_asked():
            raise Defect(
                "say on which day the export was made: --as-of 2026-03-31. Where your system "
                f"writes the file itself and nobody copies it: --as-of {WRITTEN}. Where the file "
                f"itself says it, as a Common Transfer File does: --as-of {FILE}"
            )
        return {agency: _asked_day(path) for agency, path in jobs.items()}
    if as_of in {*Taken}:
        return dict.fromkeys(jobs, Taken(as_of))
    try:
        return dict.fromkeys(jobs, date.fromisoformat(as_of))
    except ValueError:
        raise Defect(
            f"--as-of: expected a day such as 2026-03-31, or {WRITTEN}, or {FILE}"
        ) from None


def read_rows(stated: Sequence[str], jobs: Mapping[AgencyId, Path]) -> Mapping[AgencyId, int]:
    """Return how many rows each export should have, of those agencies of which it is stated.

    Args:
        stated: ``312`` where there is one export, else ``AGENCY=312`` for each.

    Raises:
        Defect: no number, or it is not clear of which export.
    """
    imported = {str(agency): agency for agency in jobs}
    rows: dict[AgencyId, int] = {}
    for text in stated:
        name, _, number = text.rpartition("=")
        if not name and len(imported) == 1:
            name = next(iter(imported))
        if name not in imported:
            raise Defect("--rows: give one number, or AGENCY=NUMBER for an agency that is imported")
        if not (number.isascii() and number.isdigit()):
            raise Defect("--rows: expected how many rows your system counts, such as 312")
        if imported[name] in rows:
            raise Defect("--rows: an agency is given twice")
        rows[imported[name]] = int(number)
    return rows


def _can_be_asked() -> bool:
    return sys.stdin.isatty()


def _asked_day(path: Path) -> date:
    def day(text: str) -> date:
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            raise typer.BadParameter("expected a day such as 2026-03-31") from None

    asked: date = typer.prompt(f"On which day was {path.name} made", value_proc=day)
    return asked
