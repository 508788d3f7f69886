"""What the command lines of node and gateway do alike to search an agency's audit log.

Law: a search is recorded before it begins; it is of a chain that is valid from the first entry to
the last, or it fails; and what could not be searched is said, with an exit status of its own. A
lookup is one line, in every format, and none is held longer than it takes to write it, but for a
table. Only a ``cli`` imports this module.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, unique
from itertools import islice
from typing import Annotated, Final, Generic, NoReturn, TextIO, TypeVar

import typer

from fingerpost.audit.log import Actor, AuditLog, Entry, OperationId
from fingerpost.audit.search import Criteria, Said, Sought, Tally, search
from fingerpost.membership.commands import (
    CANNOT_TELL,
    NEVER,
    SinceOption,
    UntilOption,
    span,
)
from fingerpost.private.linkage import Decision
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import json_line, printable

C = TypeVar("C")
L = TypeVar("L")

VERSION: Final = 1
"""Of the JSON document. It grows when a field is added, is removed or changes its meaning."""
TABLE_ROWS: Final = 1000
"""A table is held whole before it is printed, and nobody reads a longer one."""
LIKENESS: Final = {Decision.MATCH: "same", Decision.POSSIBLE: "perhaps"}
_FORMULA: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_BYTE_ORDER_MARK: Final = "\ufeff"

Row = Sequence[str]
"""A cell for each column; a cell has one line."""


@unique
class Format(Enum):
    """How the result of a search is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, repr=False)
class SearchOptions:
    """By what to search and how to print it, as options of both (``commands.with_options``)."""

    ask_child: Annotated[
        bool,
        typer.Option(
            "--ask-child",
            help="You are asked for what you know of the child. It is never an option: every user "
            "of the machine sees a command line.",
        ),
    ] = False
    person: Annotated[
        str,
        typer.Option(
            help="Who asked: an account, or words of a name. Case and accents do not matter."
        ),
    ] = ""
    purpose: Annotated[
        str | None,
        typer.Option(help=f"For which purpose: {', '.join(Purpose.__members__)}."),
    ] = None
    since: SinceOption = None
    until: UntilOption = None
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="One day, UTC, in place of --since and --until.",
        ),
    ] = None
    format_: Annotated[
        Format,
        typer.Option("--format", help="How to print what is found: one line a lookup in each."),
    ] = Format.TABLE

    def criteria(self, agency: str = "") -> Criteria:
        """Return what was given, but for the child.

        Args:
            agency: that asked; empty for any.

        Raises:
            Defect: the time or the purpose has another form.
        """
        first, last = period(self.since, self.until, self.day)
        return Criteria(first, last, self.person, agency, purpose_named(self.purpose))


@contextmanager
def asking() -> Iterator[None]:
    """Keep what is asked on the terminal out of standard output, which has the result alone."""
    with redirect_stdout(sys.stderr):
        yield


def period(since: datetime | None, until: datetime | None, day: datetime | None) -> tuple[int, int]:
    """Return the span of ``--since``, ``--until`` and ``--day``, in seconds since 1970 UTC.

    Raises:
        Defect: a day, and a time beside it; or it ends before it begins.
    """
    if day is not None:
        if since is not None or until is not None:
            raise Defect("--day: without --since and --until")
        return span(day, day + timedelta(days=1))
    first, last = span(since, until)
    if last <= first:
        raise Defect("--until: expected a time after --since")
    return first, last


def purpose_named(text: str | None) -> str:
    """Return the name of ``--purpose``, or nothing. Raises ``Defect``."""
    if text is None:
        return ""
    try:
        return Purpose[text.strip().upper().replace("-", "_")].name
    except KeyError:
        raise Defect(f"--purpose: expected one of {', '.join(Purpose.__members__)}") from None


@dataclass(frozen=True, slots=True)
class Searched(Generic[L, C]):
    """How an agency's log is searched.

    Attributes:
        agency: whose log it is.
        columns: the name of each cell; programs read them.
        headings: the same for people.
        prose: the headings of what may be wrapped in a table.
        lookups: makes lookups of entries, in their order, one at a time.
        row: the cells of one.
    """

    agency: AgencyId
    columns: Sequence[str]
    headings: Sequence[str]
    prose: Sequence[str]
    lookups: Callable[[Iterable[Entry]], Iterator[tuple[L, Said[C]]]]
    row: Callable[[L, str], Row]

    def run(
        self, log: AuditLog, sought: Sought[C], *, by: Actor, why: OperationId, format_: Format
    ) -> NoReturn:
        """Record the search, search, print, close the log, and end the command: status 0 when every
        lookup could be searched, else 3.

        Raises:
            StoreFailed: it could not be recorded, and nothing was searched.
            BrokenChain: the log is not as it was recorded. What was printed is not all.
            Defect: more was found than a table takes; nothing was printed.
        """
        with closing(log):
            tally = self.write(log, sought, by=by, why=why, format_=format_, stream=sys.stdout)
        end(tally)

    def write(
        self,
        log: AuditLog,
        sought: Sought[C],
        *,
        by: Actor,
        why: OperationId,
        format_: Format,
        stream: TextIO,
    ) -> Tally:
        """Record the search, search, and write what was found. Raises as ``run``."""
        tally, criteria = Tally(), sought.criteria
        record(log, criteria, by=by, why=why)
        # What belongs to a lookup may come after the period.
        entries = log.show(criteria.since, NEVER, decrypt=True, verified=True)
        found = search(self.lookups(entries), sought, tally)
        named = sought.child is not None
        rows = (self.row(each, LIKENESS[like] if named else "") for each, like in found)
        self._write(rows, format_, tally, stream)
        return tally

    def _write(self, rows: Iterator[Row], format_: Format, tally: Tally, stream: TextIO) -> None:
        if format_ is Format.CSV:
            write_csv(stream, self.columns, rows)
        elif format_ is Format.JSON:
            write_json(stream, self.agency, self.columns, rows, tally)
        else:
            some = list(islice(rows, TABLE_ROWS + 1))
            if len(some) > TABLE_ROWS:
                raise Defect(
                    f"--format table: more than {TABLE_ROWS} lookups; narrow the search, or use "
                    "--format csv"
                )
            title = str(self.agency)
            show_list(a_console(stream), self.headings, some, title=title, prose=self.prose)


def end(tally: Tally) -> NoReturn:
    """Say what a search came to, and end the command."""
    typer.echo(tally.words(), err=True)
    raise typer.Exit(0 if tally.whole else CANNOT_TELL)


def record(log: AuditLog, criteria: Criteria, *, by: Actor, why: OperationId) -> None:
    """Record that somebody searches a log, or has its bodies shown, before that is done. Raises
    ``StoreFailed``: it could not be recorded.
    """
    log.record_search(
        actor=by, operation=why, at=int(time.time()), by=criteria.by, body=criteria.written()
    )


def write_csv(stream: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table as CSV (RFC 4180), in UTF-8 with a byte order mark, by which a spreadsheet
    knows it.

    No cell is a formula (attack: a requester gives a child the name ``=HYPERLINK(…)``, and the
    officer who opens the file sends what stands beside it): one that would be has an apostrophe
    before it.
    """
    stream.write(_BYTE_ORDER_MARK)
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([plain_cell(cell) for cell in row])
    stream.flush()


def plain_cell(text: str) -> str:
    """Return the text of a cell that no spreadsheet runs, on one line."""
    shown = printable(text)
    return f"'{shown}" if shown.strip()[:1] in _FORMULA else shown


def write_json(
    stream: TextIO, agency: AgencyId, columns: Sequence[str], rows: Iterable[Row], tally: Tally
) -> None:
    """Write one JSON document in which each lookup has a line.

    What could not be searched stands at its end, so a document that was cut is none.
    """
    begun = json_line({"version": VERSION, "agency": agency.value})[:-1]
    stream.write(f'{begun},"lookups":[')
    between = "\n"
    for row in rows:
        stream.write(between + json_line(dict(zip(columns, row, strict=True))))
        between = ",\n"
    unread = {why.value: count for why, count in tally.unread.items()}
    ended = json_line({"found": tally.found, "complete": tally.whole, "not_searched": unread})
    stream.write(f"\n],{ended[1:]}\n")
    stream.flush()
