"""The first half of an import: the export's children, sealed, in a generation from which the node
does not answer yet.

The order of the children depends on the file alone, so an import that was killed is resumed after
the last child stored. An export that would make many children unknown is not taken unless the
operator confirms it (attack, and accident): one with fewer than half of the agency's children (an
empty nightly file), one of which many rows cannot be taken (a column that has moved), one that was
made before the last (an old file that was restored)."""

from __future__ import annotations

import io
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from agency_node.importing.doubts import Places, doubts
from agency_node.importing.sources.csv_export import Columns, Export, SourceChild, read_export
from agency_node.importing.sources.reasons import Reason, RefusedFile, RowFault
from agency_node.records.ports import Child, Imports, Staged
from agency_node.records.records import Generation, Origin
from agency_node.records.tagging import record_inputs
from fingerpost.private.linkage import NORMALISATION_VERSION, NormalForm, normalise
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.ids import AgencyId

CHILDREN_AT_ONCE: Final = 256
FEW_REFUSED: Final = 4
"""A file may have so many refused rows, and one more for each ``ONE_REFUSED_IN`` of its rows; with
more, the file is at fault and not its rows. Published test data with hand-made errors has 1 to 6 %
(the demonstration imports it)."""
ONE_REFUSED_IN: Final = 20

Progress = Callable[[int, int], None]
"""It is called with the number of all children of the export, and of those done since the last
call."""


class Unconfirmed(Exception):
    """The export would make children unknown, and the operator did not confirm that this is right.
    Nothing was changed.
    """


class Shrunk(Unconfirmed):
    """The export has fewer than half of the children that the agency had."""

    def __init__(self, before: int, now: int) -> None:
        super().__init__(f"the export has {now} children, and the agency had {before}")
        self.before = before
        self.now = now


class ManyRefused(Unconfirmed):
    """More rows than a few cannot be taken, and their children would be unknown."""

    def __init__(self, rows: int, refused: tuple[RowFault, ...]) -> None:
        super().__init__(f"{len(refused)} of {rows} rows cannot be taken")
        self.rows = rows
        self.refused = refused


class Older(Unconfirmed):
    """The export was made before the one that the node answers from."""

    def __init__(self, before: date, now: date) -> None:
        super().__init__(f"the export was made on {now}, and the last one on {before}")
        self.before = before
        self.now = now


@dataclass(frozen=True, slots=True, repr=False)
class SourceFile:
    """An export as it was read.

    ``digest``: its SHA-256. ``made_on``: the day (UTC) on which the file was last written, which is
    the default of ``--as-of``.
    """

    content: bytes
    digest: bytes
    made_on: date

    def __repr__(self) -> str:
        return "SourceFile(…)"

    def lines(self) -> Iterator[str]:
        """Return the lines, which end with CR, LF or both; bytes that are not UTF-8 become lone
        surrogates.
        """
        return io.TextIOWrapper(
            io.BytesIO(self.content), encoding="utf-8", errors="surrogateescape", newline=None
        )


@dataclass(frozen=True, slots=True)
class Options:
    """How to read one export, and what the operator confirmed.

    Attributes:
        as_of: the day it was made.
        upn: whether pupil numbers may be used for matching.
        allow_shrink: a ``Shrunk`` export, or one without children, is right.
        allow_older: an ``Older`` export is right.
        accept_refused: an export of which many rows are refused is right.
    """

    as_of: date
    columns: Columns
    upn: bool
    allow_shrink: bool
    allow_older: bool = False
    accept_refused: bool = False

    @property
    def as_of_seconds(self) -> int:
        """The midnight (UTC) at which the day begins, in seconds since 1970."""
        return timegm(self.as_of.timetuple())

    def key(self, digest: bytes) -> tuple[bytes, ...]:
        """Return what the generation depends on: with the same key, it is the same import.

        Args:
            digest: of the file.
        """
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
class Found:
    """A child of the export who can be found.

    ``mark`` and ``own``: as in ``records.ports.Child``. ``area``: her postcode area, or empty.
    """

    source: SourceChild
    mark: bytes
    own: bytes
    area: str

    def __repr__(self) -> str:
        return "Found(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Readied:
    """An export, and its children who can be found.

    ``refused``: the refused rows, among them those of children whom nobody could find.
    """

    export: Export
    children: tuple[Found, ...]
    refused: tuple[RowFault, ...]
    remarks: tuple[RowFault, ...]

    def __repr__(self) -> str:
        return f"Readied({len(self.children)} children)"

    @property
    def involvements(self) -> int:
        return sum(len(child.source.involvements) for child in self.children)

    @property
    def shielded(self) -> int:
        return sum(child.source.involvements[0].shielded for child in self.children)


def make_ready(
    imports: Imports, agency: AgencyId, lines: Iterable[str], options: Options
) -> Readied:
    """Read the export and leave out the children whom nobody could find. Raises ``RefusedFile``."""
    export = read_export(lines, as_of=options.as_of, columns=options.columns)
    children: list[Found] = []
    refused = list(export.refused)
    remarks = list(export.remarks)
    for child in export.children:
        form = normalise(child.demographics)
        remarks += _unread(child, form)
        inputs = record_inputs(form, upn=options.upn)
        if inputs:
            area = form.postcode.area if form.postcode else ""
            own = imports.mark(agency, _own(child))
            children.append(Found(child, imports.mark(agency, inputs), own, area))
        else:
            refused += [RowFault(line, "", Reason.TOO_WEAK) for line in child.lines]
    refused.sort(key=lambda row: row.line)
    remarks.sort(key=lambda row: row.line)
    return Readied(export, tuple(children), tuple(refused), tuple(remarks))


def _own(child: SourceChild) -> tuple[bytes, ...]:
    """Return what an agency's number of a child, with her date of birth and forename, is made of.
    It is no OPRF input, so that it never equals a mark.
    """
    born = child.demographics.dob.isoformat() if child.demographics.dob else ""
    parts = ("own number", child.local_id, born, child.demographics.forename.casefold())
    return tuple(part.encode("utf-8", "surrogateescape") for part in parts)


def _unread(child: SourceChild, form: NormalForm) -> Iterator[RowFault]:
    """Yield a remark for each field that was given and does not help to find the child."""
    who, line = child.demographics, child.lines[0]
    if who.nhs_number and form.health_number is None:
        yield RowFault(line, "nhs_number", Reason.NUMBER_NOT_READ)
    if who.upn and form.upn is None:
        yield RowFault(line, "upn", Reason.NUMBER_NOT_READ)
    if who.postcode and form.postcode is None:
        yield RowFault(line, "postcode", Reason.POSTCODE_NOT_READ)


def require_confirmed(readied: Readied, earlier: Generation | None, options: Options) -> None:
    """Refuse an export that would make children unknown, unless the operator confirmed it.

    Args:
        earlier: the last complete import.

    Raises:
        Unconfirmed: ``Older``, ``ManyRefused`` or ``Shrunk``.
        RefusedFile: EMPTY_FILE, no child is in this export and none was in the last.
    """
    rows, refused, now = readied.export.rows, len(readied.refused), len(readied.children)
    before = 0 if earlier is None else earlier.children
    if earlier is not None and options.as_of_seconds < earlier.as_of and not options.allow_older:
        raise Older(datetime.fromtimestamp(earlier.as_of, UTC).date(), options.as_of)
    if refused > FEW_REFUSED + rows // ONE_REFUSED_IN and not options.accept_refused:
        raise ManyRefused(rows, readied.refused)
    if 2 * now < before and not options.allow_shrink:
        raise Shrunk(before, now)
    if not now and not before and not options.allow_shrink:
        raise RefusedFile(Reason.EMPTY_FILE)


def stage(
    imports: Imports,
    agency: AgencyId,
    source: bytes,
    readied: Readied,
    options: Options,
    kind: AgencyKind,
    now: float,
    progress: Progress,
) -> Staged:
    """Store the children that are not stored yet, and return the generation, which is whole.

    Args:
        source: what the generation is made of, 32 bytes.
        kind: of the agency.
        now: seconds since 1970 UTC.
    """
    staged = imports.staged(agency, source) or imports.begin(
        agency,
        source,
        as_of=options.as_of_seconds,
        normalisation_version=NORMALISATION_VERSION,
        upn=options.upn,
        now=int(now),
    )
    total, places = len(readied.children), Places.of(child.area for child in readied.children)
    progress(total, staged.children)
    if not staged.whole:
        for first in range(staged.children, total, CHILDREN_AT_ONCE):
            some = readied.children[first : first + CHILDREN_AT_ONCE]
            children = [_staged(child, kind, places, options, now) for child in some]
            imports.add(agency, staged.number, first, children)
            progress(total, len(children))
        imports.close_staging(agency, staged.number)
    return imports.plan(agency, staged.number)


def _staged(child: Found, kind: AgencyKind, places: Places, options: Options, now: float) -> Child:
    who = child.source.demographics
    doubted = doubts(
        kind, places, dob=who.dob, area=child.area, typed=child.source.typed, on=options.as_of
    )
    origin = Origin(int(now), doubted)
    return Child(who, child.source.involvements, child.mark, child.own, origin)
