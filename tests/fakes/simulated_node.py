"""One node of the simulated federation: its agencies' records in memory, its audit, its faults.

What answers is the node's own ``Node``; simulated are the records, the locator index, the seen set,
the audit's disk and the stream. ``journal`` holds what was recorded and what left, in their order.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.load import Load
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Entry
from agency_node.answering.pages import opened as opened_of
from agency_node.answering.service import Node
from agency_node.answering.threads import threads_of
from agency_node.desks.calendar import Calendar
from agency_node.desks.duty import AgencyDesks
from agency_node.desks.service import agency_desks
from agency_node.notes.service import Notes
from agency_node.reading.line import Line
from agency_node.reading.ports import Carriage
from agency_node.records.meeting import Known
from agency_node.records.ports import Hit
from agency_node.records.records import ChildRecord, Generation, RecordId
from broker.service import FromNode, ToNode, first_of
from fakes.agreements import ready_agreement
from fakes.federations import NOW
from fakes.notes import MemoryNodeNotes
from fakes.oprf_inputs import oprf_inputs
from fakes.simulated_holders import FEDERATION, QuietLog
from fingerpost.private.linkage import NORMALISATION_VERSION, Side
from fingerpost.private.locators import locators
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Epoch, Federation, Party
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import NodeHello, Query, SealedAnswer, day_of_slot, slots_to_hold
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.runtime.identity import PeerIdentity

if TYPE_CHECKING:
    from federation import World

Frame = tuple[bytes, ...]
Answers = tuple[SealedAnswer, ...]
Index = dict[bytes, tuple[bytes, list[RecordId]]]


class SimFeed:
    """``reading.ports.Feed``: in the simulated world nobody denies the broker."""

    def __init__(self, node: SimNode) -> None:
        self._node = node

    def carriage(self) -> Carriage:
        parameters = self._node.current.parameters
        version = self._node.current.version
        return Carriage(
            version,
            parameters.answer_delay_ms,
            parameters.gathering_ms,
            parameters.queries_per_tick,
            parameters.queries_at_once,
            NOW + 10**9,
        )


class SimNode:
    """``alter`` may change, drop or add to the answers of a frame before they leave (a lying node);
    ``carry`` what the broker does to a frame on its way here; ``stopped`` nodes hold no stream;
    ``pinned`` is an older member list that this node still holds; ``skew`` how far its clock is
    ahead (seconds); ``missing`` agencies do not find their marked records."""

    def __init__(self, world: World, me: MemberId) -> None:
        self.me = me
        self.world = world
        self.key = Ed25519PrivateKey.generate()
        self.children: dict[AgencyId, tuple[ChildRecord, ...]] = {}
        self.tagged: dict[tuple[AgencyId, EpochNumber], list[tuple[bytes, RecordId]]] = {}
        self.importing: set[AgencyId] = set()
        self.missing: set[AgencyId] = set()
        self.completed_at: dict[AgencyId, int] = {}
        self.quality: dict[AgencyId, Quality] = {}
        self.as_of: dict[AgencyId, int] = {}
        self.entries: list[Entry] = []
        self.seen: set[bytes] = set()
        self.record_fails = False
        self.seen_fails = False
        self.stopped = False
        self.sound = True
        self.speaks: tuple[int, ...] = limits.REVISIONS
        self.skew = 0.0
        self.shields: dict[AgencyId, Known] = {}
        self.calendars: dict[AgencyId, Calendar] = {}
        self.clock_agrees = True
        self._desks: dict[int, Mapping[AgencyId, AgencyDesks]] = {}
        self.pinned: Federation | None = None
        self.frames: list[tuple[float, int]] = []
        self.departures: list[tuple[float, Answers]] = []
        self.journal: list[tuple[str, bytes]] = []
        self.alter: Callable[[Answers], Answers] = lambda a: a
        self.carry: Callable[[Frame], Frame] = lambda f: f
        self.log = QuietLog()
        self._indexes: dict[tuple[AgencyId, EpochNumber, int], Index] = {}
        self.kept_notes = MemoryNodeNotes()
        self.packets: list[CarriedPacket] = []
        self.given: list[CarriedPacket] = []
        self.carry_packets: Callable[[Packets], Packets] = lambda packets: packets
        self.agreement = ready_agreement(world.clock.now())
        self.service = self.made()

    def is_member(self, agency: AgencyId) -> bool:
        try:
            self.world.current.agency(agency)
        except Refused:
            return False
        return True

    def made(self) -> Node:
        """Also after a restart: what is on its disks stays."""
        self.notes = Notes(
            self.kept_notes, self.world.clock, secrets.token_bytes, self.log, self.is_member
        )
        node = Node(
            self.me,
            self.key,
            dict.fromkeys(self.children, False),
            sound=self.sound,
            speaks=self.speaks,
            members=self,
            peppers=self.world.peppers,
            records=self,
            locators=self,
            shields=lambda agency: self.shields.get(agency, Known(upn=False)),
            agreements=lambda _: self.agreement,
            journal=self,
            now=self.now,
            log=self.log,
            note_secret=self.notes.secret,
            wrong_numbers=self.notes.wrong_numbers,
            missed=lambda agency, _: agency in self.missing,
            desks=self.desks_of,
        )
        node.note_list(self.current)
        self._know_desks()
        return node

    def desks_of(self, agency: AgencyId) -> AgencyDesks:
        self._know_desks()
        known = self._desks[self.current.version]
        return replace(known.get(agency, AgencyDesks()), clock=self.clock_agrees)

    def _know_desks(self) -> None:
        """As a node does when a member list comes, and not while it looks up."""
        version = self.current.version
        if version not in self._desks:
            mine = [each.id for each in self.current.hosted_by(self.me)]
            calendars = dict.fromkeys(mine, Calendar()) | self.calendars
            self._desks[version] = agency_desks(calendars, self.current, clock=True)

    @property
    def current(self) -> Federation:
        return self.world.current if self.pinned is None else self.pinned

    def at(self, now: float) -> Federation:
        self.current.require_current(now)
        return self.current

    def now(self) -> float:
        return self.world.clock.now() + self.skew

    # ---- records and locators --------------------------------------------------------------

    def load(self, agency: AgencyId, children: Iterable[ChildRecord]) -> None:
        """A complete import, tagged for every epoch that is due."""
        self.children[agency] = tuple(children)
        for key in [key for key in self.tagged if key[0] == agency]:
            del self.tagged[key]
        for epoch in self.world.current.epochs_to_index(self.world.clock.now()):
            self.index(agency, epoch)
        self.service = self.made()

    def index(self, agency: AgencyId, epoch: Epoch) -> None:
        owners: list[RecordId] = []
        inputs: list[bytes] = []
        for child in self.children[agency]:
            of_child = oprf_inputs(child.demographics, Side.RECORD)
            inputs += of_child
            owners += [child.id] * len(of_child)
        tags = self.world.holders.tags(inputs, epoch)
        self.tagged[(agency, epoch.number)] = list(zip(tags, owners, strict=True))
        self._indexes.clear()

    def agencies(self) -> tuple[AgencyId, ...]:
        return tuple(sorted(self.children))

    def generation(self, agency: AgencyId) -> Generation | None:
        count = len(self.children[agency])
        done = self.completed_at.get(agency, int(NOW) - 50)
        as_of = self.as_of.get(agency, int(NOW) - 100)
        quality = self.quality.get(agency)
        return Generation(1, as_of, done, NORMALISATION_VERSION, count, quality)

    def child(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        return self.children[agency][record.value]

    def tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        return ((owner, tag_) for tag_, owner in self.tagged[(agency, epoch)])

    def ready(
        self, agency: AgencyId, epoch: EpochNumber, slot: int | None = None
    ) -> Generation | None:
        if agency in self.importing or (agency, epoch) not in self.tagged:
            return None
        if slot is not None and slot not in slots_to_hold(self.now()):
            return None
        return self.generation(agency)

    def find(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        index = self._index(agency, epoch, slot)
        return tuple(
            Hit(position, index[wanted][0], tuple(index[wanted][1]), 1)
            for position, wanted in enumerate(locators)
            if wanted in index
        )

    def _index(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Index:
        found = self._indexes.get((agency, epoch, slot))
        if found is None:
            found = self._indexes[(agency, epoch, slot)] = {}
            key = self.world.peppers.pepper(epoch, day_of_slot(slot)).slot_key(slot)
            tagged = self.tagged[(agency, epoch)]
            made = locators(key, (tag_ for tag_, _ in tagged))
            for locator, (tag_, owner) in zip(made, tagged, strict=True):
                found.setdefault(locator, (tag_, []))[1].append(owner)
        return found

    # ---- the journal -------------------------------------------------------------------------

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        if self.seen_fails:
            raise Defect("seen")
        return frozenset(q.core_hash for q in queries if q.core_hash in self.seen)

    def write(
        self,
        queries: Sequence[Query],
        entries: Sequence[Entry],
        now: float,
        *,
        looked_up: int,
        asked: int,
    ) -> None:
        if self.record_fails:
            raise Defect("record")
        self.seen.update(q.core_hash for q in queries)
        self.entries.extend(entries)
        self.journal.extend((f"recorded {e.agency}", e.query.hash) for e in entries)
        self.kept_notes.add(threads_of(opened_of(entries, int(now))))

    def findings(self, agency: AgencyId) -> list[Finding]:
        return [e.examined.finding for e in self.entries if e.agency == agency]

    # ---- the stream --------------------------------------------------------------------------

    async def attach(self) -> None:
        """Holds a stream to the broker until it ends or the node is stopped."""
        outgoing: asyncio.Queue[FromNode] = asyncio.Queue()
        outgoing.put_nowait(NodeHello(1, self.speaks))
        clock = self.world.clock
        reader = Line(SimFeed(self), clock, self.log)
        worker = AnswerLine(
            self.work, self.exchange, self.world.threads, reader, self, clock, self.log
        )

        async def leave() -> None:
            while True:
                answers = await reader.departure()
                if isinstance(answers, Packets):
                    self.given += answers
                    outgoing.put_nowait(answers)
                    continue
                answers = self.alter(answers)
                self.departures.append((clock.monotonic(), answers))
                self.journal.extend(("left", answer.query_hash) for answer in answers)
                self.world.broker_saw.extend(answer.sealed for answer in answers)
                if answers:
                    outgoing.put_nowait(answers)

        async def send(frame: ToNode) -> None:
            if isinstance(frame, Packets):
                reader.take(clock.monotonic(), (), self.carry_packets(frame))
            else:
                reader.take(clock.monotonic(), self.carry(frame))

        async def incoming() -> AsyncIterator[FromNode]:
            while True:
                yield await outgoing.get()

        peer = PeerIdentity(FEDERATION, self.me, Party.NODE, NOW + 10**9)
        await first_of(
            self.world.broker.attach(peer, incoming(), send), reader.run(), worker.run(), leave()
        )

    def exchange(self, packets: Packets) -> Packets:
        self.packets += packets
        return self.notes.exchange(packets)

    def work(self, frame: Sequence[bytes], load: Load) -> Answers:
        self.frames.append((self.world.clock.monotonic(), len(frame)))
        return self.service.answer(frame, load)
