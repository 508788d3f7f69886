"""The first half of an import: the export's children, sealed, in a generation from which the node
does not answer yet.

The order of the children depends on the file alone, so an import that was killed is resumed after
the last child stored. An export that would make many children unknown, or that was misread, is not
taken unless the operator accepts what was found, by its name (``misread``)."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import msgspec

from agency_node.importing.census import (
    ENDED,
    FLAGGED,
    FOOT,
    PART,
    Census,
    Count,
    damaged_names,
    no_names,
    write_census,
)
from agency_node.importing.doubts import Places, doubts
from agency_node.importing.finding import Finding, Rule
from agency_node.importing.misread import Earlier, Facts, counted_otherwise, findings, stopping
from agency_node.importing.ordered import Orders
from agency_node.importing.quality.gathering import Gathered
from agency_node.importing.quality.recorded import unwatched, watched
from agency_node.importing.sampled import Sampler, compared, number_of
from agency_node.importing.shield_records import blank_row
from agency_node.importing.shielding import Coming, Plan, plan
from agency_node.importing.sources.children import Export, SourceChild
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile, RowFault
from agency_node.importing.sources.fields import Flag
from agency_node.importing.sources.reading import (
    AS_IT_IS,
    Content,
    DeskDirectory,
    Reading,
    read_export,
)
from agency_node.importing.sources.reasons import Reason
from agency_node.records.meeting import Sought, sought
from agency_node.records.origin import own_number_of
from agency_node.records.ports import Child, Imports, Staged
from agency_node.records.records import Doubt, Origin
from agency_node.records.refuges import lives_there, without
from agency_node.records.shields import Register, own_parts
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    NormalForm,
    is_found_twice,
    normalise,
    oprf_inputs,
    quality_of,
    wide_keys,
)
from fingerpost.private.linkage.marked import Marked, marked_records
from fingerpost.private.linkage.normal_form import read_postcode
from fingerpost.protocol.codes import AgencyKind, Quality
from fingerpost.protocol.ids import AgencyId, FederationId

CHILDREN_AT_ONCE: Final = 256
Progress = Callable[[int, int], None]
"""It is called with the number of all children of the export, and of those done since the last
call."""


class Unconfirmed(Exception):
    """The file was misread, or would make children unknown, and the operator did not accept that.
    Nothing was changed.
    """

    def __init__(self, readied: Readied, found: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(each.words for each in found))
        self.readied = readied
        self.found = found


@dataclass(frozen=True, slots=True, repr=False)
class SourceFile:
    """An export as it was read.

    ``digest``: its SHA-256. ``written_on``: the day (UTC) on which the file was last written. It
    need not be the day of the export, since copying a file writes it.
    """

    content: Content
    digest: bytes
    written_on: date

    def __repr__(self) -> str:
        return "SourceFile(…)"


@dataclass(frozen=True, slots=True)
class Options:
    """How to read one export, and what the operator confirmed.

    Attributes:
        as_of: the day it was made. It is stated by a person or by the file, and never follows from
            the day of the import: records would seem to be as new as their last import.
        upn: whether pupil numbers may be used for matching.
        accepted: the names of the findings (``finding.Finding``) that are right as they are.
        reading: what was stated of the form of the file.
        desks: the desk directory that is joined to it.
        rows: how many rows the file should have, by the count of the system that wrote it; None
            where nobody states it.
    """

    as_of: date
    columns: Columns
    upn: bool
    accepted: frozenset[str] = frozenset()
    reading: Reading = AS_IT_IS
    desks: DeskDirectory | None = None
    rows: int | None = None

    @property
    def as_of_seconds(self) -> int:
        """The midnight (UTC) at which the day begins, in seconds since 1970."""
        return timegm(self.as_of.timetuple())

    def key(self, digest: bytes) -> tuple[bytes, ...]:
        """Return what the generation depends on: with the same key, it is the same import.

        Args:
            digest: of the file.
        """
        return (
            digest,
            self.as_of.isoformat().encode(),
            self.columns.key(),
            self.reading.key(),
            *((self.desks.digest,) if self.desks is not None else ()),
            b"upn" if self.upn else b"",
            str(NORMALISATION_VERSION).encode(),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """A child of the export who can be found.

    ``mark`` and ``own``: as in ``records.ports.Child``. ``area``: her postcode area, or empty.
    ``sought``: what she meets a shield by. ``twice``: she is ``is_found_twice``. ``refuge``: she
    lives or lived in a refuge, whose postcode was taken off her.
    """

    source: SourceChild
    mark: bytes
    own: bytes
    area: str
    sought: Sought
    twice: bool
    refuge: bool

    def __repr__(self) -> str:
        return "Found(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Readied:
    """An export, and its children who can be found.

    ``refused``: the refused rows, among them those of children whom nobody could find. ``facts``:
    what shows whether the file was misread.
    """

    export: Export
    children: tuple[Found, ...]
    refused: tuple[RowFault, ...]
    remarks: tuple[RowFault, ...]
    facts: Facts

    def __repr__(self) -> str:
        return f"Readied({len(self.children)} children)"

    @property
    def involvements(self) -> int:
        return sum(len(child.source.involvements) for child in self.children)

    @property
    def shielded(self) -> int:
        return sum(child.source.involvements[0].shielded for child in self.children)

    @property
    def quality(self) -> Quality | None:
        return quality_of(sum(child.twice for child in self.children), len(self.children))


Mark = Callable[[tuple[bytes, ...]], bytes]
"""It returns the agency's keyed digest of texts (``records.ports.Imports.mark``)."""


def make_ready(
    mark: Mark,
    content: Content,
    options: Options,
    gathered: Gathered | None = None,
    refuges: Collection[str] = (),
) -> Readied:
    """Read the export and leave out the children whom nobody could find.

    Args:
        refuges: postcodes that are taken off every child before keys are made of her.
        gathered: is given each child who can be found, for the quality report.

    Raises:
        RefusedFile: the file as a whole cannot be taken.
    """
    export = read_export(
        content,
        as_of=options.as_of,
        columns=options.columns,
        reading=options.reading,
        directory=options.desks,
    )
    children: list[Found] = []
    refused = list(export.refused)
    remarks = list(export.remarks)
    count, sampler, orders = Count(), Sampler(), Orders()
    watch = unwatched if gathered is None else gathered.watch
    for _, child in watched(export.children, "Making keys", watch):
        form = normalise(child.demographics)
        if refuge := lives_there(form, refuges):
            child = replace(child, demographics=without(child.demographics, refuges))
            form = normalise(child.demographics)
        remarks += _unread(child, form)
        keys, asked = wide_keys(form, upn=options.upn)
        count.add(child.demographics, form, child.involvements)
        withheld = any(row.sensitive for row in child.involvements)
        sampler.add(child.local_id, child.demographics, sensitive=withheld)
        orders.add(child.local_id, child.demographics, child.involvements)
        if keys:
            if gathered is not None:
                gathered.add(child.local_id, child.demographics, form, keys, asked)
            area = form.postcode.area if form.postcode else ""
            inputs, number = oprf_inputs(keys), mark(own_parts(child.local_id))
            by, twice = sought(form, inputs, own=number, upn=options.upn), is_found_twice(keys)
            own = mark(own_number_of(child.local_id, child.demographics))
            children.append(Found(child, mark(inputs), own, area, by, twice, refuge))
        else:
            refused += [RowFault(line, "", Reason.TOO_WEAK) for line in child.lines]
    said = {row.local_id for row in export.flagged if row.flag is not Flag.UNREAD}
    count.had[FLAGGED] = len(said)
    count.had[ENDED] = count.children if export.ended else 0
    count.had[FOOT] = count.children if export.foot is not None else 0
    count.had.update({f"{PART}{name}": rows for name, rows in export.parts.items()})
    refused.sort(key=lambda row: row.line)
    remarks.sort(key=lambda row: row.line)
    facts = Facts(
        rows=export.rows,
        children=len(children),
        refused=refused,
        remarks=remarks,
        not_current=len(export.not_current),
        columns=export.columns,
        count=count,
        as_of=options.as_of,
        sample=sampler.sample(),
        cut=export.cut,
        orders=orders,
        foot=export.foot,
        stated_rows=options.rows,
        has_end=export.has_end,
        left_out=frozenset(map(number_of, export.left_out)),
        parts=export.parts,
        held=export.held,
    )
    return Readied(export, tuple(children), tuple(refused), tuple(remarks), facts)


def plan_shields(
    mark: Mark,
    register: Register,
    readied: Readied,
    earlier: Iterable[Demographics],
    options: Options,
    now: float,
) -> Plan:
    """Return what the export and the register make of each other (``shielding.plan``)."""
    children = [
        Coming(
            child.source.demographics,
            child.sought,
            len(child.source.lines),
            child.source.involvements[0].shielded,
            child.refuge,
        )
        for child in readied.children
    ]
    return plan(
        register,
        children,
        readied.export.flagged,
        earlier,
        lambda local_id: mark(own_parts(local_id)),
        rows=readied.export.rows,
        upn=options.upn,
        now=int(now),
    )


def shield(readied: Readied, made: Plan) -> Readied:
    """Return the children of the export as they are stored: without those who are hidden, and with
    the shields of the register.
    """
    children = tuple(
        _shielded(child) if n in made.shielded else child
        for n, child in enumerate(readied.children)
        if n not in made.hidden
    )
    return replace(readied, children=children)


def _shielded(child: Found) -> Found:
    rows = (msgspec.structs.replace(row, shielded=True) for row in child.source.involvements)
    return replace(child, source=replace(child.source, involvements=tuple(rows)))


def held_beside(readied: Readied, earlier: Earlier | None) -> Readied:
    """Return the export with a remark on each child of the last sample who was sensitive and is
    not: her rows would be shown again.
    """
    census = None if earlier is None else earlier.census
    lifted = frozenset(compared(census.sample, readied.facts.sample).lifted) if census else ()
    if not lifted:
        return readied
    remarks = [
        RowFault(child.source.lines[0], "sensitive", Reason.NO_LONGER_SENSITIVE)
        for child in readied.children
        if number_of(child.source.local_id) in lifted
    ]
    remarks = sorted((*readied.remarks, *remarks), key=lambda row: row.line)
    return replace(readied, remarks=tuple(remarks))


def _unread(child: SourceChild, form: NormalForm) -> Iterator[RowFault]:
    """Yield a remark for each field that was given and does not help to find the child."""
    who, line = child.demographics, child.lines[0]
    for column in dict.fromkeys((*damaged_names(who), *no_names(who))):
        yield RowFault(line, column, Reason.NAME_DAMAGED)
    if who.health_number and form.health_number is None:
        yield RowFault(line, "health_number", Reason.NUMBER_NOT_READ)
    if who.upn and form.upn is None:
        yield RowFault(line, "upn", Reason.NUMBER_NOT_READ)
    if who.postcode and form.postcode is None:
        yield RowFault(line, "postcode", Reason.POSTCODE_NOT_READ)
    if any(read_postcode(former) is None for former in who.former_postcodes):
        yield RowFault(line, "former_postcodes", Reason.POSTCODE_NOT_READ)


def require_confirmed(
    readied: Readied, earlier: Earlier | None, options: Options
) -> tuple[str, ...]:
    """Refuse an export that was misread, or that would make children unknown, unless the operator
    accepted it. Return the names of what was found and accepted.

    Args:
        earlier: the last complete import.

    Raises:
        Unconfirmed: with all that was found and not accepted.
        RefusedFile: EMPTY_FILE, no row is in this export and no child was in the last.
    """
    found = findings(readied.facts, earlier)
    left = stopping(found, earlier, options.accepted)
    if not readied.export.rows and [each.rule for each in left] == [Rule.NO_CHILDREN]:
        raise RefusedFile(Reason.EMPTY_FILE)
    if left:
        raise Unconfirmed(readied, left)
    return tuple(sorted({each.name for each in found}))


def require_counted(readied: Readied, options: Options) -> None:
    """Refuse an export that is stored already if it is not what the operator states now: she takes
    another file for it. Raises ``Unconfirmed``.
    """
    left = stopping(counted_otherwise(readied.facts), None, options.accepted)
    if left:
        raise Unconfirmed(readied, left)


def stage(
    imports: Imports,
    agency: AgencyId,
    source: bytes,
    readied: Readied,
    shields: Sequence[Child],
    options: Options,
    census: Census,
    kind: AgencyKind,
    federation: FederationId,
    now: float,
    progress: Progress,
) -> Staged:
    """Store the children that are not stored yet, and return the generation, which is whole.

    Args:
        source: what the generation is made of, 32 bytes.
        shields: the forms of shields, which are stored behind the children of the export.
        census: its counts, which are kept with it.
        kind: of the agency.
        federation: whose marked records it adds.
        now: seconds since 1970 UTC.
    """
    staged = imports.staged(agency, source) or imports.begin(
        agency,
        source,
        as_of=options.as_of_seconds,
        normalisation_version=NORMALISATION_VERSION,
        upn=options.upn,
        now=int(now),
        quality=readied.quality,
    )
    behind, places = len(readied.children), Places.of(child.area for child in readied.children)
    total = behind + len(shields)
    progress(total, staged.children)
    if not staged.whole:
        for first in range(staged.children, total, CHILDREN_AT_ONCE):
            last = first + CHILDREN_AT_ONCE
            some = readied.children[first:last]
            children = [_staged(child, kind, places, options, now) for child in some]
            children += shields[max(0, first - behind) : max(0, last - behind)]
            imports.add(agency, staged.number, first, children)
            progress(total, len(children))
        marked = [_marked(imports, agency, each, options) for each in marked_records(federation)]
        counts = write_census(msgspec.structs.replace(census, shields=len(shields)))
        imports.close_staging(agency, staged.number, counts, marked)
    return imports.plan(agency, staged.number)


def _marked(imports: Imports, agency: AgencyId, marked: Marked, options: Options) -> Child:
    """Return a marked record as it is stored. It was always there, so that it is never young, and
    has no number of the agency's own.
    """
    row = blank_row(options.as_of_seconds, shielded=False)
    mark = imports.mark(agency, marked.held_inputs())
    return Child(marked.held, (row,), mark, b"", Origin(0, Doubt(0)))


def _staged(child: Found, kind: AgencyKind, places: Places, options: Options, now: float) -> Child:
    who = child.source.demographics
    doubted = doubts(
        kind, places, dob=who.dob, area=child.area, typed=child.source.typed, on=options.as_of
    )
    origin = Origin(int(now), doubted)
    rows, local_id = child.source.involvements, child.source.local_id
    return Child(who, rows, child.mark, child.own, origin, local_id)
