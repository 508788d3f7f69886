"""An import on a page: make ready, stage, tag for every epoch that is due, complete.

The node answers from the generation before until the new one is complete, which is one step. An
import deletes no complete generation: a running node moves over to the new one in its own time, and
only the node knows when none of its tables is of the older (attack: where a record is deleted
before its table, the answer about a known child differs from that about an unknown one)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol

from agency_node.importing.census import read_census
from agency_node.importing.finding import Finding
from agency_node.importing.first_import import doubts_about
from agency_node.importing.misread import Earlier, census_of, findings, stopping
from agency_node.importing.quality.assessing import About, Shielding, assess
from agency_node.importing.quality.document import QualityReport
from agency_node.importing.quality.gathering import Gathered
from agency_node.importing.quality.recorded import Watch as ReportWatch
from agency_node.importing.quality.recorded import unwatched
from agency_node.importing.report import ImportReport
from agency_node.importing.room import Growth, require_room
from agency_node.importing.shield_records import shield_records
from agency_node.importing.shielding import Plan, ShieldCounts
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.staging import (
    Options,
    Readied,
    SourceFile,
    held_beside,
    make_ready,
    plan_shields,
    require_confirmed,
    require_counted,
    shield,
    stage,
)
from agency_node.records.ports import Child, Imports, Records, Shields
from agency_node.records.records import Generation, RecordId
from agency_node.records.shields import Register, write_register
from agency_node.records.tagging import Tagged, Tagger
from fingerpost.membership.ports import Members
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.runtime.clock import Clock


class Watch(Protocol):
    """Is given the progress of an import. Threads call it, too."""

    def staging(self, total: int, done: int) -> None:
        """Note that ``done`` children of ``total`` were stored since the last call."""

    def tagging(self, epoch: EpochNumber, total: int, done: int) -> None:
        """Note that ``done`` children of ``total`` were tagged since the last call.

        Those whom an earlier run tagged are noted at once.
        """

    def growing(self, growth: Growth) -> None:
        """Note that the node grows by so much that the key holders may refuse."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports exports. ``me``: this node, whose agencies it imports for by the member list."""

    me: MemberId
    records: Records
    imports: Imports
    shields: Shields
    tagger: Tagger
    members: Members
    clock: Clock

    async def run(
        self, agency: AgencyId, source: SourceFile, options: Options, watch: Watch
    ) -> ImportReport:
        """Import an export, or resume an import that was interrupted.

        Raises:
            Defect: the register of shields cannot be read or written, and the node answers from the
                import before.
            RefusedFile: the export cannot be taken, or cannot be of the day that is stated. Nothing
                was changed.
            Unconfirmed: it was misread, or the operator has to accept what it is. Nothing was
                changed.
            NoRoom: the declared caseload has no room for it. Nothing was changed.
            Refused: by the membership, or by a key holder. What was done by then stays, and the
                same import is resumed from there.
        """
        require_possible(options.as_of, source.written_on, self.clock.now())
        federation = self.members.at(self.clock.now())
        require_here(federation, agency, self.me)
        require_version(federation)
        mark = partial(self.imports.mark, agency)
        gathered = Gathered(as_of=options.as_of, upn=options.upn)
        refuges = (await asyncio.to_thread(self.shields.read, agency)).refuges
        as_read = await asyncio.to_thread(
            make_ready, mark, source.content, options, gathered, refuges
        )
        earlier = await asyncio.to_thread(self.records.generation, agency)
        last = await asyncio.to_thread(last_import, self.imports, agency, earlier)
        before = None if last is None else last.children
        shields = partial(self._plan_shields, agency, as_read, earlier, options)
        planned = await asyncio.to_thread(lambda: shields(self.shields.read(agency)))
        readied, what = shield(as_read, planned), self._source(agency, source, options, planned)
        life = federation.feed_life(agency, options.as_of_seconds)
        if earlier is not None and await self._answers(agency, earlier.number, what):
            require_counted(readied, options)
            report = _report(agency, options, readied, before, planned.counts)
            return report(generation=earlier.number, tagged=(), already=True, life=life)
        accepted = require_confirmed(readied, last, options)
        doubts = tuple(doubts_about(readied.facts, last))
        forms = self._shield_records(agency, readied, options, planned)
        whole = len(readied.children) + len(forms)
        growth = await asyncio.to_thread(self._room, federation, agency, whole)
        if growth.much:
            watch.growing(growth)
        # The register comes first: whoever the file shields is shielded, whatever becomes of it.
        planned = await asyncio.to_thread(self._write_shields, agency, planned, shields)
        readied = held_beside(shield(as_read, planned), last)
        forms = self._shield_records(agency, readied, options, planned)
        what = self._source(agency, source, options, planned)
        census = census_of(readied.facts, accepted, last)
        staged = await asyncio.to_thread(
            stage,
            self.imports,
            agency,
            what,
            readied,
            forms,
            options,
            census,
            federation.agency(agency).kind,
            federation.parameters.federation,
            self.clock.now(),
            watch.staging,
        )
        tagged = await self._tag(agency, staged.number, staged.children, watch)
        await asyncio.to_thread(self.imports.complete, agency, staged.number, int(self.clock.now()))
        # The node answers from the import already, so that nobody waits for the search of doubles.
        good_until = life.last_day
        about = _about(agency, options, readied, self.clock.now(), staged.number, good_until)
        assessed = await asyncio.to_thread(_assessed, about, as_read, readied, gathered, planned)
        report = _report(agency, options, readied, before, planned.counts)
        return report(
            generation=staged.number,
            tagged=tagged,
            already=False,
            accepted=accepted,
            life=life,
            assessed=assessed,
            doubts=doubts,
        )

    def _source(
        self, agency: AgencyId, source: SourceFile, options: Options, planned: Plan
    ) -> bytes:
        """Return what the generation is made of: also the register, so that a file is imported
        again where a person has changed it.
        """
        register = write_register(planned.after)
        return self.imports.source(agency, *options.key(source.digest), register)

    def _shield_records(
        self, agency: AgencyId, readied: Readied, options: Options, planned: Plan
    ) -> tuple[Child, ...]:
        mark, present = partial(self.imports.mark, agency), {c.mark for c in readied.children}
        as_of, upn = options.as_of_seconds, options.upn
        return shield_records(mark, planned.after, present, as_of=as_of, upn=upn)

    def _plan_shields(
        self,
        agency: AgencyId,
        readied: Readied,
        earlier: Generation | None,
        options: Options,
        register: Register,
    ) -> Plan:
        """Return what the register and the export make of each other."""
        before = () if register.whole else self._shielded(agency, earlier)
        mark = partial(self.imports.mark, agency)
        return plan_shields(mark, register, readied, before, options, self.clock.now())

    def _shielded(self, agency: AgencyId, generation: Generation | None) -> Iterator[Demographics]:
        """Yield the children whom a generation shields. A record that does not open is left out: an
        import is what mends it.
        """
        if generation is None:
            return
        for number in range(generation.children):
            with suppress(Refused, Defect):
                record = self.records.child(agency, generation.number, RecordId(number))
                if record.involvements[0].shielded:
                    yield record.demographics

    def _write_shields(
        self, agency: AgencyId, planned: Plan, anew: Callable[[Register], Plan]
    ) -> Plan:
        """Write the register, and return the plan by which it was written: another one where a
        person has changed the register since. Raises ``Defect``.
        """
        made = planned

        def change(present: Register) -> Register:
            nonlocal made
            if present != planned.before:
                made = anew(present)
            return made.after

        self.shields.change(agency, change)
        return made

    def _room(self, federation: Federation, agency: AgencyId, children: int) -> Growth:
        """Return how this import makes the node grow. Raises ``NoRoom``."""
        standings = self.imports.standings()
        had = {each: s.newest.children for each, s in standings.items() if s.newest is not None}
        before, after = sum(had.values()), sum({**had, agency: children}.values())
        return require_room(federation, self.me, before, after, self.clock.now())

    async def _tag(
        self, agency: AgencyId, generation: int, children: int, watch: Watch
    ) -> tuple[Tagged, ...]:
        federation = self.members.at(self.clock.now())
        tagged = []
        for epoch in federation.epochs_to_index(self.clock.now()):
            holders = federation.parameters.key_holders
            progress = partial(watch.tagging, epoch.number, children)
            tagged.append(await self.tagger.tag(agency, generation, epoch, holders, progress))
        return tuple(tagged)

    async def _answers(self, agency: AgencyId, generation: int, what: bytes) -> bool:
        """Return whether the complete ``generation`` was made of the same source, and the node
        answers from it.
        """
        made = await asyncio.to_thread(self.imports.plan, agency, generation)
        if made.source != what or await asyncio.to_thread(self.imports.behind, agency):
            return False
        # If the first run was killed between the two steps of this, the witness was not written.
        await asyncio.to_thread(self.imports.complete, agency, generation, int(self.clock.now()))
        return True


def rehearse(
    agency: AgencyId,
    source: SourceFile,
    options: Options,
    last: Earlier | None,
    now: float,
) -> ImportReport:
    """Read and judge an export as an import would, and change nothing.

    Whether the node may import for the agency, and whether its caseload has room, only the member
    list says; whom the register of shields holds, only its key.

    Args:
        last: the last complete import.
        now: seconds since 1970 UTC.

    Raises:
        RefusedFile, Unconfirmed: as ``Importer.run``.
    """
    require_possible(options.as_of, source.written_on, now)
    as_read = make_ready(_unkeyed, source.content, options)
    accepted = require_confirmed(as_read, last, options)
    planned = plan_shields(_unkeyed, Register(), as_read, (), options, now)
    counts = ShieldCounts(unread=planned.counts.unread, hidden=planned.counts.hidden)
    before = None if last is None else last.children
    readied = held_beside(shield(as_read, planned), last)
    report = _report(agency, options, readied, before, counts)
    doubts = tuple(doubts_about(readied.facts, last))
    return report(generation=0, tagged=(), already=False, accepted=accepted, doubts=doubts)


def assess_file(
    agency: AgencyId,
    source: SourceFile,
    options: Options,
    last: Earlier | None,
    now: float,
    watch: ReportWatch = unwatched,
) -> QualityReport:
    """Return the quality report of an export before it is imported. What would stop the import is
    in the report, and stops nothing here.

    Args:
        last: the last complete import.
        now: seconds since 1970 UTC.
        watch: is given the progress.

    Raises:
        RefusedFile: as ``Importer.run``.
    """
    require_possible(options.as_of, source.written_on, now)
    gathered = Gathered(as_of=options.as_of, upn=options.upn, watch=watch)
    as_read = make_ready(_unkeyed, source.content, options, gathered)
    planned = plan_shields(_unkeyed, Register(), as_read, (), options, now)
    readied = shield(as_read, planned)
    stops = stopping(findings(as_read.facts, last), last, options.accepted)
    about = _about(agency, options, readied, now, None, None, stops)
    return _assessed(about, as_read, readied, gathered, planned)


def _about(
    agency: AgencyId,
    options: Options,
    readied: Readied,
    now: float,
    generation: int | None,
    good_until: date | None,
    stops: tuple[Finding, ...] = (),
) -> About:
    made_on = datetime.fromtimestamp(now, UTC).date()
    quality = readied.quality
    return About(agency, generation, made_on, options.as_of, good_until, quality, stops)


def _assessed(
    about: About, as_read: Readied, readied: Readied, gathered: Gathered, planned: Plan
) -> QualityReport:
    """Return the quality report.

    Args:
        readied: the children as they are stored, without those who are hidden.
    """
    shielding = Shielding(
        hidden=planned.hidden,
        shielded=readied.shielded,
        counts=planned.counts,
        with_register=about.generation is not None,
    )
    children = [child.source for child in as_read.children]
    return assess(
        about, as_read.export, children, as_read.refused, as_read.remarks, gathered, shielding
    )


def _unkeyed(parts: tuple[bytes, ...]) -> bytes:
    """Stand in for a mark where nothing is kept: two numbers of one agency differ in it."""
    return parts[-1]


def _report(
    agency: AgencyId,
    options: Options,
    readied: Readied,
    before: int | None,
    shields: ShieldCounts,
) -> partial[ImportReport]:
    """Return the report, without what is known at the end."""
    return partial(
        ImportReport,
        agency=agency,
        as_of=options.as_of_seconds,
        rows=readied.export.rows,
        children=len(readied.children),
        involvements=readied.involvements,
        shielded=readied.shielded,
        refused=readied.refused,
        remarks=readied.remarks,
        not_current=readied.export.not_current,
        before=before,
        columns=readied.export.columns,
        shields=shields,
        quality=readied.quality,
        about=readied.export.about,
    )


def last_import(
    imports: Imports, agency: AgencyId, generation: Generation | None
) -> Earlier | None:
    """Return what an export is held beside: the newest complete generation and its counts."""
    if generation is None:
        return None
    counts = imports.census(agency, generation.number)
    day = datetime.fromtimestamp(generation.as_of, UTC).date()
    census = read_census(counts) if counts else None
    shields = 0 if census is None else census.shields
    return Earlier(generation.children - shields, day, census)


def require_possible(as_of: date, written_on: date, now: float) -> None:
    """Refuse an export from the future, in which every involvement would seem to be over, and one
    that is said to be newer than its file (slip: a nightly job that states the day on which it
    runs, over a file that has not come anew for a year).

    A day is allowed, since clocks and time zones differ.

    Raises:
        RefusedFile: DAY_IN_FUTURE, DAY_AFTER_FILE.
    """
    day = timedelta(days=1)
    if as_of > datetime.fromtimestamp(now, UTC).date() + day:
        raise RefusedFile(Reason.DAY_IN_FUTURE, f"{as_of}")
    if as_of > written_on + day:
        raise RefusedFile(Reason.DAY_AFTER_FILE, f"{written_on}")


def require_here(federation: Federation, agency: AgencyId, me: MemberId) -> None:
    """Refuse an agency that another node answers for.

    Raises:
        Refused: NOT_A_MEMBER, the agency or this node is not listed; NOT_ALLOWED, it is on another
            node.
    """
    federation.member(me, Party.NODE)
    if federation.agency(agency).node != me:
        raise Refused(Code.NOT_ALLOWED, "agency of another node")


def require_version(federation: Federation) -> None:
    """Raises ``Refused(UNSUPPORTED)``: keys of another version are equal to no query's."""
    if federation.parameters.normalisation_version != NORMALISATION_VERSION:
        raise Refused(Code.UNSUPPORTED, "normalisation version")
