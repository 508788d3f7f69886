"""An import on a page: make ready, stage, tag for every epoch that is due, complete.

The node answers from the generation before until the new one is complete, which is one step. An
import deletes no complete generation: a running node moves over to the new one in its own time, and
only the node knows when none of its tables is of the older (attack: where a record is deleted
before its table, the answer about a known child differs from that about an unknown one)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol

from agency_node.importing.report import ImportReport
from agency_node.importing.room import Growth, require_room
from agency_node.importing.staging import (
    Options,
    SourceFile,
    make_ready,
    require_confirmed,
    stage,
)
from agency_node.records.ports import Imports, Records
from agency_node.records.tagging import Tagged, Tagger
from fingerpost.membership.ports import Members
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
    tagger: Tagger
    members: Members
    clock: Clock

    async def run(
        self, agency: AgencyId, source: SourceFile, options: Options, watch: Watch
    ) -> ImportReport:
        """Import an export, or resume an import that was interrupted.

        Raises:
            Defect: the export is from the future.
            RefusedFile: the export cannot be taken. Nothing was changed.
            Unconfirmed: the operator has to confirm the export. Nothing was changed.
            NoRoom: the declared caseload has no room for it. Nothing was changed.
            Refused: by the membership, or by a key holder. What was done by then stays, and the
                same import is resumed from there.
        """
        require_past(options.as_of, self.clock.now())
        federation = self.members.at(self.clock.now())
        require_here(federation, agency, self.me)
        require_version(federation)
        what = self.imports.source(agency, *options.key(source.digest))
        readied = await asyncio.to_thread(make_ready, self.imports, agency, source.lines(), options)
        earlier = await asyncio.to_thread(self.records.generation, agency)
        report = partial(
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
            before=None if earlier is None else earlier.children,
        )
        if earlier is not None and await self._answers(agency, earlier.number, what):
            return report(generation=earlier.number, tagged=(), already=True)
        require_confirmed(readied, earlier, options)
        growth = await asyncio.to_thread(self._room, federation, agency, len(readied.children))
        if growth.much:
            watch.growing(growth)
        kind, now = federation.agency(agency).kind, self.clock.now()
        staged = await asyncio.to_thread(
            stage, self.imports, agency, what, readied, options, kind, now, watch.staging
        )
        tagged = await self._tag(agency, staged.number, staged.children, watch)
        await asyncio.to_thread(self.imports.complete, agency, staged.number, int(self.clock.now()))
        return report(generation=staged.number, tagged=tagged, already=False)

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


def require_past(as_of: date, now: float) -> None:
    """Refuse an export from the future: every involvement in it would seem to be over.

    A day is allowed, since clocks and time zones differ.

    Raises:
        Defect: the export is of a later day.
    """
    if as_of > datetime.fromtimestamp(now, UTC).date() + timedelta(days=1):
        raise Defect("the day of the export (--as-of, or the file's date) lies in the future")


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
