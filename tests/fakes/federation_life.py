"""A federation whose records and faults are known to a model, which says what each lookup must end
with.

The model is a second opinion: it reads rows and faults, and knows nothing of keys, seals, tables or
tags. Children are far apart (no twins), so that "holds a record of her" is all there is to
matching. Every row has a telephone number of its own, by which a pointer is traced to its row.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, replace
from datetime import date

import msgspec
import pytest

from agency_node.records.records import Involvement
from fakes.federations import NOW, epoch_to_ask, public, requester_key
from fakes.justified import justified
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import FEDERATION, GATEWAY
from fakes.simulated_node import SimNode
from fakes.wexcombe import (
    AMINA,
    AREAS,
    COUNCIL,
    COUNCILS,
    ELM,
    GP,
    HEALTH,
    NODES,
    OAK,
    OTHER,
    POLICE,
    POLICE_NODE,
    SCHOOLS,
    child,
    known_holders,
    row,
)
from federation import World
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import Kind, Purpose, Reach, Role, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch, Party
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.identity import PeerIdentity
from practitioner.asking.outcome import AgencyOutcome, Outcome, Question

CHILDREN = (
    AMINA,
    OTHER,
    Demographics(forename="Grace", surname="Underhill", dob=date(2018, 7, 21), postcode="WX2 3FG"),
    Demographics(
        forename="Leo", surname="Fairweather", dob=date(2009, 5, 30), health_number="943 476 5919"
    ),
)
PURPOSES = (
    Purpose.S47_ENQUIRY,
    Purpose.REFERRAL_TRIAGE,
    Purpose.S17_ASSESSMENT,
    Purpose.EARLY_HELP,
)
HOSTS = {
    COUNCIL: COUNCILS,
    ELM: SCHOOLS,
    GP: HEALTH,
    OAK: SCHOOLS,
    POLICE: POLICE_NODE,
}
AGENCIES = tuple(HOSTS)
IN_REACH = {True: frozenset(AGENCIES), False: frozenset(AGENCIES) - {POLICE}}
KINDS = {
    COUNCIL: (Kind.HOUSING, Kind.CSC_CIN, Kind.DOMESTIC_ABUSE),
    ELM: (Kind.EDU_SCHOOL, Kind.YOUTH_JUSTICE),
    OAK: (Kind.EDU_SCHOOL, Kind.YOUNG_CARERS),
    GP: (Kind.GP, Kind.MENTAL_HEALTH),
    POLICE: (Kind.POLICE_PROTECTION, Kind.YOUTH_JUSTICE),
}
SENSITIVE = {Kind.DOMESTIC_ABUSE, Kind.MENTAL_HEALTH}
_ENFORCEMENT = {Kind.HOUSING, Kind.POLICE_PROTECTION, Kind.YOUTH_JUSTICE}
WITHHELD: dict[Purpose, set[Kind]] = {
    Purpose.S47_ENQUIRY: set(),
    Purpose.REFERRAL_TRIAGE: _ENFORCEMENT,
    Purpose.S17_ASSESSMENT: _ENFORCEMENT,
    Purpose.EARLY_HELP: _ENFORCEMENT | {Kind.CSC_CIN, Kind.YOUNG_CARERS},
}
"""The kinds above that are withheld from each purpose, besides the sensitive ones."""
GAPS = frozenset({Status.NO_REPLY, Status.CANNOT_ANSWER, Status.TRY_AGAIN})


@dataclass(frozen=True)
class Known:
    """What one agency has about one child.

    Attributes:
        own: it is the agency that asks.
        place_named: it is in the requester's area, or the question has the record's postcode.
    """

    rows: tuple[Involvement, ...]
    own: bool
    place_named: bool

    def disclosed(self, purpose: Purpose) -> frozenset[str]:
        """The telephone numbers of the rows that may be disclosed."""
        if not self.place_named or any(r.shielded for r in self.rows):
            return frozenset()
        return frozenset(
            r.desk_phone
            for r in self.rows
            if not r.sensitive
            and r.kind not in SENSITIVE
            and (self.own or r.kind not in WITHHELD[purpose])
        )


def known(agency: AgencyId, who: int, rows: tuple[Involvement, ...]) -> Known:
    named = agency.area == COUNCIL.area or bool(CHILDREN[who].postcode)
    return Known(rows, own=agency == COUNCIL, place_named=named)


class Life:
    """``records``: by agency, by child; ``touched``: whose changed last. All methods leave the
    world in good order.
    """

    def __init__(self) -> None:
        self.world = World(AREAS, NODES, holders=known_holders())
        self.records: dict[AgencyId, dict[int, Known]] = {a: {} for a in AGENCIES}
        self.touched = 0
        self.suspended: set[AgencyId | MemberId] = set()
        self._phones = itertools.count(100)
        for agency in AGENCIES:
            self.load(agency)

    def node_of(self, agency: AgencyId) -> SimNode:
        return self.world.nodes[HOSTS[agency]]

    # ---- records ---------------------------------------------------------------------------------

    def add(self, agency: AgencyId, who: int, kind: Kind, *, sensitive: bool, shield: bool) -> None:
        """One more row; at most three for a child."""
        phone = f"01632 {next(self._phones):06}"
        made = msgspec.structs.replace(
            row(kind, sensitive=sensitive, shielded=shield), desk_phone=phone
        )
        before = self.records[agency].get(who)
        rows = (*(() if before is None else before.rows), made)[-3:]
        self.records[agency][who] = known(agency, who, rows)
        self.touched = who
        self.load(agency)

    def unshield(self, agency: AgencyId, who: int) -> None:
        before = self.records[agency].get(who)
        self.touched = who
        if before is not None:
            rows = tuple(msgspec.structs.replace(r, shielded=False) for r in before.rows)
            self.records[agency][who] = known(agency, who, rows)
            self.load(agency)

    def forget(self, agency: AgencyId, who: int) -> None:
        self.records[agency].pop(who, None)
        self.touched = who
        self.load(agency)

    def load(self, agency: AgencyId) -> None:
        """An import, whole. The process that answers is started anew."""
        node = self.node_of(agency)
        records = sorted(self.records[agency].items())
        node.load(agency, [child(n, CHILDREN[w], *k.rows) for n, (w, k) in enumerate(records)])
        node.importing.discard(agency)

    # ---- members and epochs ----------------------------------------------------------------------

    def suspend(self, who: AgencyId | MemberId) -> None:
        self.suspended ^= {who}
        members = [w for w in self.suspended if isinstance(w, MemberId)]
        agencies = [w for w in self.suspended if isinstance(w, AgencyId)]
        self.world.suspend(*members, agencies=agencies)

    def is_suspended(self, agency: AgencyId) -> bool:
        return agency in self.suspended or self.node_of(agency).me in self.suspended

    def new_epoch(self, starts_in: float) -> None:
        """``starts_in`` 0: a key was stolen; the old epoch ends with its last queries."""
        now = self.world.clock.now()
        number = len(self.world.current.parameters.epochs) + 1
        epoch = self.world.open_epoch(number, now + starts_in, now + 200 * limits.DAY)
        if not starts_in:
            parameters = self.world.current.parameters
            ended = tuple(
                e if e is epoch else replace(e, ends_at=int(min(e.ends_at, now)))
                for e in parameters.epochs
            )
            self.world.change(parameters=replace(parameters, epochs=ended))

    def tag(self, node: SimNode) -> None:
        """The node's upkeep: every index that is due."""
        for agency in node.agencies():
            for epoch in self.world.current.epochs_to_index(self.world.clock.now()):
                if (agency, epoch.number) not in node.tagged:
                    node.index(agency, epoch)

    @property
    def epoch(self) -> Epoch:
        return epoch_to_ask(self.world.current, self.world.clock.now())

    async def redial(self) -> None:
        """The broker reviews its streams; nodes whose stream ended dial again."""
        await self.world.broker.review()
        await self.world.clock.settle()
        await self.world.start()

    # ---- lookups ---------------------------------------------------------------------------------

    def question(self, who: int, purpose: Purpose) -> Question:
        return Question(CHILDREN[who], justified(purpose, now=self.world.clock.now()))

    async def ask(self, who: int, purpose: Purpose, fault_after: float | None = None) -> None:
        """A lookup by the council. ``fault_after`` so many seconds every stream breaks."""
        gateway = self.world.gateway(COUNCIL)
        role = Role.EARLY_HELP_WORKER if purpose is Purpose.EARLY_HELP else Role.SOCIAL_WORKER
        session = replace(gateway.session, role=role)
        expected = {a: self.expected(a, who, purpose) for a in AGENCIES}
        asking = asyncio.ensure_future(gateway.client.lookup(session, self.question(who, purpose)))
        if fault_after is not None:
            await self.world.clock.run_for(fault_after)
            await self.world.restart_broker()
        try:
            outcome = await self.world.run(asking)
        except Refused as refused:
            self.require_reason(refused, gateway)
            return
        assert not self.refusals(), "somebody was asked who may not be, or by whom it may not"
        self.require_asked(outcome, purpose)
        for found in outcome.agencies:
            status = expected[found.agency.id]
            if fault_after is None:
                assert found.status is status
            self.require_true(found, who, purpose)
            self.require_recorded(found, gateway)
        usable = all(a.status not in GAPS for a in outcome.agencies)
        assert outcome.complete == usable

    def refusals(self) -> frozenset[Code]:
        """Why a lookup may be refused as a whole."""
        why = set()
        if COUNCIL in self.suspended or GATEWAY in self.suspended:
            why.add(Code.NOT_A_MEMBER)
        if self.world.holders.down:
            why.add(Code.UNAVAILABLE)
        if self.world.holders.lying:
            why.add(Code.BAD_PROOF)
        return frozenset(why)

    def require_reason(self, refused: Refused, gateway: SimGateway) -> None:
        assert refused.code in self.refusals()
        assert gateway.submitted == []

    def expected(self, agency: AgencyId, who: int, purpose: Purpose) -> Status:
        node, held = self.node_of(agency), self.records[agency].get(who)
        if node.stopped:
            return Status.NO_REPLY
        if node.seen_fails or node.record_fails:
            return Status.CANNOT_ANSWER
        if not node.sound or agency in node.importing:
            return Status.CANNOT_ANSWER
        if agency in node.service.faulty or (agency, self.epoch.number) not in node.tagged:
            return Status.CANNOT_ANSWER
        disclosed = held is not None and held.disclosed(purpose)
        return Status.INVOLVED if disclosed else Status.NOTHING_TO_DISCLOSE

    def require_asked(self, outcome: Outcome, purpose: Purpose) -> None:
        """Everybody in reach, each once; the suspended by name among those not connected."""
        reach = IN_REACH[outcome.reach is not Reach.AREA]
        asked = [a.agency.id for a in outcome.agencies]
        assert sorted(asked) == sorted(a for a in reach if not self.is_suspended(a))
        names = {gap.name for _, gap in outcome.not_connected}
        for agency in reach:
            name = agency.value.split(".")[1].title()
            assert (name in names) == self.is_suspended(agency)

    def require_true(self, found: AgencyOutcome, who: int, purpose: Purpose) -> None:
        """No false status, and no pointer that may not be disclosed, whatever broke meanwhile."""
        held = self.records[found.agency.id].get(who)
        allowed = held.disclosed(purpose) if held is not None else frozenset()
        assert {p.desk_phone for p in found.pointers} <= allowed
        if found.status is Status.NOTHING_TO_DISCLOSE:
            assert not allowed, "a false no"
        if found.status is Status.INVOLVED:
            assert {p.desk_phone for p in found.pointers} == allowed
            assert found.pointers, "a yes that comes from nothing"

    def require_recorded(self, found: AgencyOutcome, gateway: SimGateway) -> None:
        """Record before answer: an involved agency's entry is older than the answer's departure."""
        if found.status is not Status.INVOLVED:
            return
        journal = self.node_of(found.agency.id).journal
        recorded = [h for h in gateway.hashes if (f"recorded {found.agency.id}", h) in journal]
        assert recorded, "disclosed and not recorded"
        for hash_ in recorded:
            if ("left", hash_) in journal:
                entry = journal.index((f"recorded {found.agency.id}", hash_))
                assert entry < journal.index(("left", hash_))

    async def replay(self, wire: bytes) -> None:
        """The broker, and every node that got them, get bytes that were sent before: nobody
        carries, nobody opens.
        """
        query = read_query(wire, lambda number: public(requester_key(number)))
        for node in self.world.nodes.values():
            if query.core_hash in node.seen:
                opened = len(node.entries)
                node.service.answer((wire,))
                assert len(node.entries) == opened
        place = self.world.broker_saw.index(wire)
        submission = self.world.broker_saw[place + 1]
        peer = PeerIdentity(FEDERATION, GATEWAY, Party.GATEWAY, NOW + 10**9)
        with pytest.raises(Refused):
            async for _ in self.world.broker.lookup(peer, wire, submission):
                raise AssertionError("a replay was carried")
