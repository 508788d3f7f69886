"""First half of an import: the export's children, sealed, in a generation that nobody answers from
yet.

The order of the children depends on the file alone, so an import that was killed goes on behind the
last child stored. An export that would make many children unknown is not taken without a word from
the operator (attack, and accident): one that takes more than half of the agency's children away (an
empty nightly file), one of whose rows many cannot be taken (a column that has moved), one that was
made before the last (an old file put back)."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from agency_node.importing.sources.csv_export import Columns, Export, SourceChild, read_export
from agency_node.importing.sources.reasons import Reason, RefusedFile, RefusedRow, Remark
from agency_node.records.ports import Child, Imports, Staged
from agency_node.records.tagging import record_inputs
from fingerpost.private.linkage import NORMALISATION_VERSION, NormalForm, normalise
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId

CHILDREN_AT_ONCE: Final = 256
FEW_REFUSED: Final = 4
"""Rows that any file may have refused, and one more for every ``ONE_REFUSED_IN`` that it has; with
more, the file is at fault and not its rows. Published test data with hand-made errors has 1 to 6 %
(the demonstration imports it)."""
ONE_REFUSED_IN: Final = 20

Progress = Callable[[int, int], None]
"""Called with all children of the export, and those done since the last call."""


class Shrunk(Exception):
    """The export has fewer than half of the children that the agency had. Nothing was changed."""

    def __init__(self, before: int, now: int) -> None:
        super().__init__(f"the export has {now} children, and the agency had {before}")
        self.before = before
        self.now = now


class ManyRefused(Exception):
    """More rows than a few cannot be taken, and their children would be unknown. Nothing was
    changed.
    """

    def __init__(self, rows: int, refused: tuple[RefusedRow, ...]) -> None:
        super().__init__(f"{len(refused)} of {rows} rows cannot be taken")
        self.rows = rows
        self.refused = refused


class Older(Exception):
    """The export was made before the one that is answered from. Days in ISO form. Nothing was
    changed.
    """

    def __init__(self, before: date, now: date) -> None:
        super().__init__(f"the export was made on {now}, and the last one on {before}")
        self.before = before
        self.now = now


@dataclass(frozen=True, slots=True, repr=False)
class SourceFile:
    """An export as it was read. ``digest``: SHA-256. ``made_on``: the day (UTC) the file was last
    written: the default of ``--as-of``.
    """

    content: bytes
    digest: bytes
    made_on: date

    def __repr__(self) -> str:
        return "SourceFile(…)"

    def lines(self) -> Iterator[str]:
        """Lines behind CR, LF or both; bytes that are not UTF-8 as lone surrogates."""
        return io.TextIOWrapper(
            io.BytesIO(self.content), encoding="utf-8", errors="surrogateescape", newline=None
        )


@dataclass(frozen=True, slots=True)
class Options:
    """How one export is to be read. ``as_of``: the day it was made. What is accepted is what the
    operator said.
    """

    as_of: date
    columns: Columns
    upn: bool
    allow_shrink: bool
    allow_older: bool = False
    accept_refused: bool = False

    @property
    def as_of_seconds(self) -> int:
        """Midnight UTC, seconds since 1970."""
        return (self.as_of - date(1970, 1, 1)).days * limits.DAY

    def key(self, digest: bytes) -> tuple[bytes, ...]:
        """What the outcome depends on: the same again is the same import."""
        renamed = sorted(f"{name}={ours}" for name, ours in self.columns.rename.items())
        return (
            digest,
            self.as_of.isoformat().encode(),
            "\n".join(renamed).encode("utf-8", "surrogateescape"),
            "\n".join(sorted(self.columns.ignore)).encode("utf-8", "surrogateescape"),
            b"upn" if self.upn else b"",
            str(NORMALISATION_VERSION).encode(),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Readied:
    """An export whose children all can be found. ``refused``: with those who cannot."""

    export: Export
    children: tuple[tuple[SourceChild, bytes], ...]
    refused: tuple[RefusedRow, ...]
    remarks: tuple[Remark, ...]

    def __repr__(self) -> str:
        return f"Readied({len(self.children)} children)"

    @property
    def involvements(self) -> int:
        return sum(len(child.involvements) for child, _ in self.children)

    @property
    def shielded(self) -> int:
        return sum(child.involvements[0].shielded for child, _ in self.children)


def make_ready(
    imports: Imports, agency: AgencyId, lines: Iterable[str], options: Options
) -> Readied:
    """Reads the export and leaves out the children whom nobody could find. Raises ``RefusedFile``."""
    export = read_export(lines, as_of=options.as_of, columns=options.columns)
    children: list[tuple[SourceChild, bytes]] = []
    refused = list(export.refused)
    remarks = list(export.remarks)
    for child in export.children:
        form = normalise(child.demographics)
        remarks += _unread(child, form)
        inputs = record_inputs(form, upn=options.upn)
        if inputs:
            children.append((child, imports.mark(agency, inputs)))
        else:
            refused += [RefusedRow(line, "", Reason.TOO_WEAK) for line in child.lines]
    refused.sort(key=lambda row: row.line)
    remarks.sort(key=lambda row: row.line)
    return Readied(export, tuple(children), tuple(refused), tuple(remarks))


def _unread(child: SourceChild, form: NormalForm) -> Iterator[Remark]:
    """What was given and does not help to find the child."""
    who, line = child.demographics, child.lines[0]
    if who.nhs_number and form.health_number is None:
        yield Remark(line, "nhs_number", Reason.NUMBER_NOT_READ)
    if who.upn and form.upn is None:
        yield Remark(line, "upn", Reason.NUMBER_NOT_READ)
    if who.postcode and form.postcode is None:
        yield Remark(line, "postcode", Reason.POSTCODE_NOT_READ)


def require_not_older(options: Options, before: int) -> None:
    """``before``: the ``as_of`` of the last complete import, seconds since 1970. Raises ``Older``."""
    if options.as_of_seconds < before and not options.allow_older:
        day = date(1970, 1, 1) + timedelta(days=before // limits.DAY)
        raise Older(day, options.as_of)


def require_few_refused(readied: Readied, *, accept_refused: bool) -> None:
    """Raises ``ManyRefused``."""
    rows, refused = readied.export.rows, len(readied.refused)
    if refused > FEW_REFUSED + rows // ONE_REFUSED_IN and not accept_refused:
        raise ManyRefused(rows, readied.refused)


def require_size(readied: Readied, before: int | None, *, allow_shrink: bool) -> None:
    """Raises ``Shrunk``, and ``RefusedFile(EMPTY_FILE)`` for a first import without any child."""
    now = len(readied.children)
    if allow_shrink:
        return
    if before is not None and 2 * now < before:
        raise Shrunk(before, now)
    if not now and not before:
        raise RefusedFile(Reason.EMPTY_FILE)


def stage(
    imports: Imports,
    agency: AgencyId,
    source: bytes,
    readied: Readied,
    options: Options,
    now: float,
    progress: Progress,
) -> Staged:
    """Stores what is not stored yet. The generation that comes back is whole."""
    staged = imports.staged(agency, source) or imports.begin(
        agency,
        source,
        as_of=options.as_of_seconds,
        normalisation_version=NORMALISATION_VERSION,
        upn=options.upn,
        now=int(now),
    )
    total = len(readied.children)
    progress(total, staged.children)
    first = staged.children
    if not staged.whole:
        for some in _chunks(readied.children[first:], CHILDREN_AT_ONCE):
            children = [Child(c.demographics, c.involvements, mark) for c, mark in some]
            imports.add(agency, staged.number, first, children)
            first += len(children)
            progress(total, len(children))
        imports.close_staging(agency, staged.number)
    return imports.plan(agency, staged.number)


def _chunks(
    items: Iterable[tuple[SourceChild, bytes]], size: int
) -> Iterator[list[tuple[SourceChild, bytes]]]:
    rest = iter(items)
    while some := list(itertools.islice(rest, size)):
        yield some
