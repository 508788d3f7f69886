"""An import on a page: ready, stage, tag for every epoch that is due, complete.

The generation before answers until the new one is complete, in one step. An import deletes no
complete generation: a running node moves over to the new one in its own time, and only the node
knows when nothing answers from the older (attack: a record that is gone behind a table that is not
makes a child who is known look unlike one who is not)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Protocol

from agency_node.importing.report import ImportReport
from agency_node.importing.staging import (
    Options,
    Readied,
    SourceFile,
    make_ready,
    require_few_refused,
    require_not_older,
    require_size,
    stage,
)
from agency_node.records.ports import Imports, Records
from agency_node.records.tagging import Tagged, Tagger
from fingerpost.membership.ports import Members
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import day_of
from fingerpost.runtime.clock import Clock


class Watch(Protocol):
    """Who watches an import. Called from threads too."""

    def staging(self, total: int, done: int) -> None:
        """``done`` children since the last call, of ``total`` in all."""

    def tagging(self, epoch: EpochNumber, total: int, done: int) -> None:
        """Likewise; what an earlier run had tagged counts as done at once."""


@dataclass(frozen=True, slots=True)
class Importer:
    """``me``: this node. Importing is refused for an agency that the member list has on another
    node.
    """

    me: MemberId
    records: Records
    imports: Imports
    tagger: Tagger
    members: Members
    clock: Clock

    async def run(
        self, agency: AgencyId, source: SourceFile, options: Options, watch: Watch
    ) -> ImportReport:
        """Raises ``Defect`` (a date to come), ``RefusedFile``, ``ManyRefused``, ``Older`` or
        ``Shrunk`` (nothing was changed), ``Refused`` (membership, holders: what was done by then
        stays, and the same import goes on from there)."""
        require_past(options.as_of, self.clock.now())
        federation = self.members.at(self.clock.now())
        require_here(federation, agency, self.me)
        require_version(federation)
        what = self.imports.source(agency, *options.key(source.digest))
        readied = await asyncio.to_thread(make_ready, self.imports, agency, source.lines(), options)
        earlier = await asyncio.to_thread(self.records.generation, agency)
        if earlier is not None and await self._answers(agency, earlier.number, what):
            return _report(agency, earlier.number, readied, options, earlier.children, (), True)
        before = None
        if earlier is not None:
            before = earlier.children
            require_not_older(options, earlier.as_of)
        require_few_refused(readied, accept_refused=options.accept_refused)
        require_size(readied, before, allow_shrink=options.allow_shrink)
        staged = await asyncio.to_thread(
            stage,
            self.imports,
            agency,
            what,
            readied,
            options,
            self.clock.now(),
            watch.staging,
        )
        tagged = await self._tag(agency, staged.number, staged.children, watch)
        await asyncio.to_thread(self.imports.complete, agency, staged.number, int(self.clock.now()))
        return _report(agency, staged.number, readied, options, before, tagged, False)

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
        """Whether the complete ``generation`` was made of the same, and is what the node answers
        from.
        """
        made = await asyncio.to_thread(self.imports.plan, agency, generation)
        if made.source != what or await asyncio.to_thread(self.imports.behind, agency):
            return False
        # Killed between the two steps of it, the first run has left this one without its witness.
        await asyncio.to_thread(self.imports.complete, agency, generation, int(self.clock.now()))
        return True


def require_past(as_of: date, now: float) -> None:
    """Raises ``Defect`` for an export of the future: every involvement in it would seem to be over.
    A day is allowed, since clocks and time zones differ."""
    days = (as_of - date(1970, 1, 1)).days
    if days > day_of(now) + 1:
        raise Defect("the day of the export (--as-of, or the file's date) lies in the future")


def require_here(federation: Federation, agency: AgencyId, me: MemberId) -> None:
    """Raises ``Refused(NOT_A_MEMBER)`` for an agency that is not listed, ``NOT_ALLOWED`` for
    another node's.
    """
    federation.member(me, Party.NODE)
    if federation.agency(agency).node != me:
        raise Refused(Code.NOT_ALLOWED, "agency of another node")


def require_version(federation: Federation) -> None:
    """Raises ``Refused(UNSUPPORTED)``: keys of another version would meet nobody's."""
    if federation.parameters.normalisation_version != NORMALISATION_VERSION:
        raise Refused(Code.UNSUPPORTED, "normalisation version")


def _report(
    agency: AgencyId,
    generation: int,
    readied: Readied,
    options: Options,
    before: int | None,
    tagged: tuple[Tagged, ...],
    already: bool,
) -> ImportReport:
    return ImportReport(
        agency=agency,
        generation=generation,
        as_of=options.as_of_seconds,
        rows=readied.export.rows,
        children=len(readied.children),
        involvements=readied.involvements,
        shielded=readied.shielded,
        refused=readied.refused,
        remarks=readied.remarks,
        not_current=readied.export.not_current,
        before=before,
        tagged=tagged,
        already=already,
    )
