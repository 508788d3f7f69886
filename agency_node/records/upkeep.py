"""What a running node does for its records every few seconds: it builds the tables of the slots to
come, tags records for the epochs to come, and deletes what is over.

The pure functions at the end of this module decide what is due; ``Upkeep`` gathers their facts and
carries out what they decide. Tables come first, since answers need them. Tagging runs in the
background for as long as it takes, and is resumed after a restart; until it is done, the node
answers CANNOT_ANSWER for that epoch, never "no". What has ended (a generation that is in no table,
the tags of an epoch that no query may use) is deleted: what is not kept cannot be stolen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from agency_node.records.index import LocatorIndex, Want
from agency_node.records.ports import Imports, Records, Standing
from agency_node.records.tagging import Tagger
from fingerpost.membership.ports import Members
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.private.locators import Peppers
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import Epoch, Federation
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import day_of_slot, slots_to_hold
from fingerpost.runtime.logs import Logger

UPKEEP_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "index.built": frozenset({"agency"}),
    "tagging.done": frozenset({"agency", "epoch", "children", "evaluated"}),
    "tagging.stopped": frozenset({"agency", "epoch", "error"}),
    "generation.deleted": frozenset({"agency", "count"}),
    "records.behind": frozenset({"agency"}),
}
"""The part of the node's log catalogue."""
AHEAD_SECONDS: Final = 120
"""A slot's tables are begun so long before they must be there, which is 60 s before the slot."""
AGAIN_SECONDS: Final = 300
"""The time after which tagging is tried again when a holder refused."""
GRACE_SECONDS: Final = limits.SLOT_SECONDS
"""An answer that was begun from a generation may still read its records, however long it waited."""

Tagging = Callable[[], AbstractAsyncContextManager[Tagger]]
"""It opens worker processes and channels for as long as they are needed."""


@dataclass(frozen=True, slots=True)
class Needed:
    """The oldest generation of an agency that is needed, and since when it has been the oldest.

    ``since`` is None once the generations before it are deleted.
    """

    number: int
    since: float | None


@dataclass(frozen=True, slots=True)
class Deletions:
    """A plan of what to delete.

    ``delete``: by agency, the number before which all generations are deleted. ``needed``: what the
    next plan starts from.
    """

    delete: Mapping[AgencyId, int]
    needed: Mapping[AgencyId, Needed]


class Upkeep:
    """The upkeep of all records of this process.

    One task at a time calls ``tend``; ``close`` is called when the node stops.
    """

    def __init__(
        self,
        records: Records,
        imports: Imports,
        index: LocatorIndex,
        tagging: Tagging,
        members: Members,
        peppers: Peppers,
        log: Logger,
    ) -> None:
        self._records = records
        self._imports = imports
        self._index = index
        self._tagging = tagging
        self._members = members
        self._peppers = peppers
        self._log = log
        self._background: asyncio.Task[None] | None = None
        self._tried_at: float | None = None
        self._needed: Mapping[AgencyId, Needed] = {}
        self._behind: frozenset[AgencyId] = frozenset()

    async def tend(self, now: float, reached: float) -> None:
        """Do what is due.

        Args:
            now: what is made is made for this time.
            reached: what is over at this time is deleted: see ``membership.ports.Reached``.

        Raises:
            Refused: UNTRUSTED_METADATA, there is no valid member list.
            Defect: the store failed.
        """
        federation = self._members.at(now)
        standings = await asyncio.to_thread(self._imports.standings)
        self._report_behind(standings)
        due = due_tables(federation, now)
        wanted = await asyncio.to_thread(self._wanted, due, standings)
        built = await asyncio.to_thread(self._index.prepare, wanted, frozenset(due))
        for agency in dict.fromkeys(built):
            self._log.info("index.built", agency=agency)
        await self._delete_old(standings, reached)
        await self._tend_tags(federation, standings, now, reached)

    async def close(self) -> None:
        """Stop the tagging; what was stored stays."""
        if self._background is not None:
            self._background.cancel()
            await asyncio.gather(self._background, return_exceptions=True)
            self._background = None

    def _wanted(
        self, due: tuple[tuple[EpochNumber, int], ...], standings: Mapping[AgencyId, Standing]
    ) -> list[Want]:
        """Return the tables that are missing, or are of an older generation than they could be."""
        wanted = []
        for epoch, slot in due:
            try:
                pepper = self._peppers.pepper(epoch, day_of_slot(slot))
            except Refused:
                continue  # the pepper is not there yet, or was destroyed; what was built stands
            for agency, standing in standings.items():
                could = standing.ready.get(epoch)
                if standing.newest is not None and not standing.newest.records:
                    could = self._records.ready(agency, epoch)
                if could is not None and self._index.ready(agency, epoch, slot) != could:
                    wanted.append(Want(agency, pepper, slot))
        return wanted

    def _report_behind(self, standings: Mapping[AgencyId, Standing]) -> None:
        behind = frozenset(agency for agency, standing in standings.items() if standing.behind)
        for agency in sorted(behind - self._behind):
            self._log.error("records.behind", agency=agency)
        self._behind = behind

    async def _delete_old(self, standings: Mapping[AgencyId, Standing], reached: float) -> None:
        """Delete old generations. Nothing else does: no other process knows the tables."""
        due = plan_deletions(standings, self._index.in_use(), self._needed, reached)
        for agency, number in due.delete.items():
            count = await asyncio.to_thread(self._imports.delete_before, agency, number)
            if count:
                self._log.info("generation.deleted", agency=agency, count=count)
        self._needed = due.needed

    async def _tend_tags(
        self,
        federation: Federation,
        standings: Mapping[AgencyId, Standing],
        now: float,
        reached: float,
    ) -> None:
        if self._background is not None:
            if not self._background.done():
                return
            ended, self._background = self._background, None
            ended.result()
        if self._tried_at is not None and 0 <= now - self._tried_at < AGAIN_SECONDS:
            return  # an attempt from the future was made while a clock was ahead
        epochs = federation.epochs_to_index(now)
        # Tags cost the node's quota at the key holders: what a clock ahead deletes, it could not
        # make again.
        kept = [e.number for e in federation.parameters.epochs if not e.is_over(reached)]
        await asyncio.to_thread(self._imports.forget_epochs, kept)
        todo = _untagged(epochs, standings)
        if todo:
            self._tried_at = now
            self._background = asyncio.create_task(self._tag(federation, todo))

    async def _tag(self, federation: Federation, todo: list[tuple[Epoch, AgencyId, int]]) -> None:
        """Tag one generation after another.

        What a holder refuses one agency, it refuses the next: the rest is tried again after
        ``AGAIN_SECONDS``.
        """
        holders = federation.parameters.key_holders
        async with self._tagging() as tagger:
            for epoch, agency, generation in todo:
                try:
                    done = await tagger.tag(agency, generation, epoch, holders, _unwatched)
                except Refused as refused:
                    self._log.warning(
                        "tagging.stopped", agency=agency, epoch=epoch.number, error=refused
                    )
                    return
                self._log.info(
                    "tagging.done",
                    agency=agency,
                    epoch=epoch.number,
                    children=done.children,
                    evaluated=done.evaluated,
                )
        self._tried_at = None


def _untagged(
    epochs: tuple[Epoch, ...], standings: Mapping[AgencyId, Standing]
) -> list[tuple[Epoch, AgencyId, int]]:
    """Return the generations to tag, running epochs first, and of an epoch the smallest first, so
    that many agencies answer again soon.

    A generation of another normalisation version cannot be tagged; its agency cannot answer until
    it imports again.
    """
    found = []
    for epoch in epochs:
        lacking = [
            (newest.records, agency, newest.number)
            for agency, standing in standings.items()
            if (newest := standing.newest) is not None
            and newest.records
            and newest.normalisation_version == NORMALISATION_VERSION
            and standing.ready.get(epoch.number) != newest
        ]
        found += [(epoch, agency, number) for _, agency, number in sorted(lacking)]
    return found


def plan_deletions(
    standings: Mapping[AgencyId, Standing],
    in_use: Mapping[AgencyId, int],
    needed: Mapping[AgencyId, Needed],
    now: float,
) -> Deletions:
    """Plan which generations to delete: those that have for ``GRACE_SECONDS`` been older than all
    that are in a table, or could be. Pure.

    Args:
        in_use: by agency, the oldest generation that is in a table.
        needed: as the last plan left it.
    """
    delete: dict[AgencyId, int] = {}
    following: dict[AgencyId, Needed] = {}
    for agency, standing in standings.items():
        if standing.newest is None or standing.behind:
            continue
        last = standing.newest.number
        could = [last]
        if standing.newest.records:  # without any, it is ready for all epochs and listed for none
            could += [generation.number for generation in standing.ready.values()]
        oldest = min(in_use.get(agency, last), *could)
        before = needed.get(agency)
        if before is None or before.number != oldest:
            before = Needed(oldest, now)
        elif before.since is not None and now - before.since >= GRACE_SECONDS:
            delete[agency] = oldest
            before = Needed(oldest, None)
        following[agency] = before
    return Deletions(delete, following)


def due_tables(federation: Federation, now: float) -> tuple[tuple[EpochNumber, int], ...]:
    """Return the epochs and slots for which tables are held, first those that are asked for now.
    Pure.
    """
    must = slots_to_hold(now)
    slots = tuple(dict.fromkeys((*must, *slots_to_hold(now + AHEAD_SECONDS))))
    early = limits.CLOCK_SKEW_SECONDS + AHEAD_SECONDS
    epochs = [e for e in federation.epochs_to_index(now) if e.starts_at - early <= now]
    return tuple(
        (epoch.number, slot)
        for slot in sorted(slots, key=lambda s: s in must, reverse=True)
        for epoch in epochs
    )


def _unwatched(_done: int) -> None:
    """Ignore the progress: nobody watches the tagging in the background."""
