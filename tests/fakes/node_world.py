"""One node, what it keeps, and somebody who asks it: real queries, real records, real index; no
sockets.

Law: the node's own parts are real (rules, service, index, seal, query sealing); what lies outside
it (key holders, peppers, the member list, the disk) is the simplest thing that keeps the port's
promise. Tags are a hash of the OPRF input: to a node a tag is a tag.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.pages import Entry, Opened
from agency_node.answering.pages import opened as opened_of
from agency_node.answering.ports import Journal
from agency_node.answering.service import EVENTS, Node
from agency_node.desks.duty import AgencyDesks
from agency_node.notes.service import Notes
from agency_node.policy.agreement import Agreement
from agency_node.records.index import LocatorIndex, Want
from agency_node.records.meeting import Known
from agency_node.records.ports import StoredPage
from agency_node.records.records import ChildRecord, Involvement, RecordId
from agency_node.records.upkeep import due_tables
from fakes import federations
from fakes.agreements import ready_agreement
from fakes.answers import opened
from fakes.approved import approved
from fakes.clock import ManualClock
from fakes.federations import HOLDERS, NOW, Members, anything, member, public, requester_key
from fakes.handles import a_counting, handle_root, pseudonym
from fakes.justified import justified
from fakes.node_records import LONG_KNOWN, MemoryRecords, an_involvement
from fakes.notes import MemoryNodeNotes
from fakes.oprf_inputs import oprf_inputs
from fakes.simulated_holders import Peppers
from fingerpost.private import passport as passports
from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.justification import Facts
from fingerpost.private.linkage import Scope, Side
from fingerpost.private.locators import Pepper, opening, slot_check
from fingerpost.private.messages import AnswerPart, Inner
from fingerpost.private.passport import Entitlement, Passport
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    Acr,
    AgencyKind,
    Purpose,
    Quality,
    Reach,
    Role,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Agency, Area, Federation, Party
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Counting, KeySet, Query, SealedAnswer, day_of, day_of_slot
from fingerpost.protocol.terms import Terms

FEDERATION = FederationId("pilot")
HERE, THERE = AreaCode("e08000001"), AreaCode("e08000002")
COUNCIL = AgencyId("e08000001.council")
SCHOOL = AgencyId("e08000001.oak-primary")
SURGERY = AgencyId("e08000001.surgery")
POLICE = AgencyId("e08000002.police")
MINE = (COUNCIL, SCHOOL, SURGERY)
NOTHING = dict.fromkeys(MINE, Status.NOTHING_TO_DISCLOSE)
CANNOT = dict.fromkeys(MINE, Status.CANNOT_ANSWER)
AGAIN = dict.fromkeys(MINE, Status.TRY_AGAIN)
NODE, OTHER_NODE = MemberId("node-1"), MemberId("node-2")
GATEWAY, BROKER, ISSUER = MemberId("gateway-1"), MemberId("broker-1"), MemberId("issuer-1")
EPOCH = EpochNumber(1)

GATEWAY_KEY = Ed25519PrivateKey.generate()
NODE_KEY = Ed25519PrivateKey.generate()
PASSPORT_KEY = Ed25519PrivateKey.generate()
PRACTITIONER_KEY = Ed25519PrivateKey.generate()
_numbers = itertools.count()


def a_federation(now: float = NOW, mine: Sequence[AgencyId] = MINE) -> Federation:
    """``mine`` on the node, in one area with the asking council; the police on another node, next
    door.
    """
    kinds = {COUNCIL: AgencyKind.LOCAL_AUTHORITY, SURGERY: AgencyKind.GP_PRACTICE}
    asks: dict[str, Any] = {"gateways": (GATEWAY,), "passport_key": public(PASSPORT_KEY)}
    asks["handle_root"] = handle_root(PASSPORT_KEY, COUNCIL)
    asks["duty_desk"] = "0121 496 0100"
    here = tuple(
        Agency(
            id_,
            "An agency",
            kinds.get(id_, AgencyKind.SCHOOL),
            NODE,
            **asks if id_ == COUNCIL else {},
        )
        for id_ in sorted({COUNCIL, *mine})
    )
    there = (Agency(POLICE, "Police", AgencyKind.POLICE, OTHER_NODE),)
    epoch = federations.epoch(EPOCH.value, now // limits.DAY * limits.DAY - 10 * limits.DAY)
    return federations.federation(
        federations.parameters(FEDERATION, [epoch], broker=BROKER, issuer=ISSUER),
        (Area(HERE, "Here", (THERE,), here), Area(THERE, "There", (HERE,), there)),
        (
            member(GATEWAY, Party.GATEWAY, public(GATEWAY_KEY)),
            member(NODE, Party.NODE, public(NODE_KEY)),
            member(OTHER_NODE, Party.NODE, bytes([7]) * 32),
            member(BROKER, Party.BROKER, bytes([8]) * 32),
            member(ISSUER, Party.ISSUER, bytes([9]) * 32),
            member(HOLDERS[0], Party.KEY_HOLDER, bytes([10]) * 32),
            member(HOLDERS[1], Party.KEY_HOLDER, bytes([11]) * 32),
        ),
        valid_until=now + limits.DAY,
    )


# ---- children and what is kept of them -----------------------------------------------------------


def a_child(**changes: object) -> Demographics:
    child = Demographics(
        forename="Marigold",
        surname="Thistlewood",
        dob=date(2015, 2, 28),
        sex=Sex.FEMALE,
        postcode="B99 9ZZ",
        health_number="9990000018",
    )
    return replace(child, **changes)  # type: ignore[arg-type]  # fields by name


def another_child() -> Demographics:
    return Demographics(
        forename="Barnaby",
        surname="Quillfeather",
        dob=date(2012, 9, 3),
        sex=Sex.MALE,
        postcode="ZZ9 4QQ",
        health_number="9990000026",
    )


def a_record(number: int = 0, child: Demographics | None = None, *rows: Involvement) -> ChildRecord:
    rows = rows or (an_involvement(),)
    return ChildRecord(RecordId(number), child or a_child(), rows, LONG_KNOWN)


def tags_of(child: Demographics, side: Side, scope: Scope = Scope.WIDE) -> tuple[bytes, ...]:
    return tuple(hashlib.sha256(b"tag" + x).digest() for x in oprf_inputs(child, side, scope))


# ---- the world around the node -------------------------------------------------------------------


class MemoryJournal:
    """``answering.ports.Journal``; ``broken`` makes it fail as a full disk does."""

    def __init__(self) -> None:
        self.hashes: set[bytes] = set()
        self.entries: list[Entry] = []
        self.broken = False

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        if self.broken:
            raise Defect("the store failed")
        return frozenset({query.core_hash for query in queries} & self.hashes)

    def write(
        self,
        queries: Sequence[Query],
        entries: Sequence[Entry],
        now: float,
        *,
        looked_up: int,
        asked: int,
    ) -> None:
        if self.broken:
            raise Defect("the store failed")
        self.hashes |= {query.core_hash for query in queries}
        self.entries += entries


class MemoryPages:
    """``records.ports.JournalStore``."""

    def __init__(self) -> None:
        self.hashes: set[bytes] = set()
        self.held: dict[int, StoredPage] = {}
        self.last = 0

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        return frozenset({query.core_hash for query in queries} & self.hashes)

    def keep(self, queries: Sequence[Query], page: bytes, now: float) -> None:
        self.hashes |= {query.core_hash for query in queries}
        if page:
            self.last += 1
            self.held[self.last] = StoredPage(self.last, page, tried=False)

    def pages(self, after: int, most: int) -> tuple[StoredPage, ...]:
        return tuple(page for number, page in self.held.items() if number > after)[:most]

    def mark_tried(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.held[number] = replace(self.held[number], tried=True)

    def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.held.pop(number, None)


class MemoryRecord:
    """``answering.ports.Record``; ``broken`` agencies cannot record."""

    def __init__(self) -> None:
        self.openings: list[Opened] = []
        self.broken: set[AgencyId] = set()

    def opened(self, openings: Sequence[Opened], *, tried: bool = False) -> frozenset[AgencyId]:
        for each in openings:
            if each.agency not in self.broken and not (tried and self._has(each)):
                self.openings.append(each)
        return frozenset(each.agency for each in openings) & self.broken

    def _has(self, this: Opened) -> bool:
        there = {(o.agency, o.query.hash) for o in self.openings}
        return (this.agency, this.query.hash) in there


class KnownChildren:
    """``answering.audit.Child``: reads the records of the entries that went through ``opened``."""

    def __init__(self) -> None:
        self._known: dict[tuple[AgencyId, RecordId], ChildRecord] = {}

    def opened(self, entries: Iterable[Entry]) -> tuple[Opened, ...]:
        """Entries as the journal gives them back."""
        entries = tuple(entries)
        for entry in entries:
            for record in (*entry.examined.matched, *entry.examined.possible):
                self._known[entry.agency, record.id] = record
        return opened_of(entries, int(NOW))

    def numbered(self, agency: AgencyId, local_id: str) -> None:
        """Give every record of an agency this number of its own."""
        for place, record in self._known.items():
            if place[0] == agency:
                self._known[place] = replace(record, local_id=local_id)

    def __call__(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        found = self._known.get((agency, record))
        if found is None:
            raise Refused(Code.NOT_READY, "generation")
        return found


def one_pepper(now: float = NOW) -> Peppers:
    """Of one epoch, from the day before ``now`` on."""
    first = Pepper(EPOCH, day_of(now) - 1, hashlib.sha256(b"pepper").digest())
    return Peppers({EPOCH: first})


class Line:
    """A log that keeps its events and refuses what the catalogue does not know."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def _take(self, event: str, /, **fields: object) -> None:
        assert fields.keys() <= EVENTS[event], event
        self.events.append(event)

    debug = info = warning = error = _take


@dataclass
class NodeWorld(Members):
    """A node with a clock that stands still. Change ``current`` or any part, then ``ask``."""

    current: Federation = field(default_factory=a_federation)
    clock: ManualClock = field(default_factory=ManualClock)
    mine: tuple[AgencyId, ...] = MINE
    sound: bool = True
    upn: bool = False
    peppers: Peppers = field(default_factory=one_pepper)
    journal: Journal = field(default_factory=MemoryJournal)
    log: Line = field(default_factory=Line)
    quality: Quality | None = None

    def __post_init__(self) -> None:
        self.records = MemoryRecords(self.mine)
        self.index = LocatorIndex(self.records, lambda: None)
        self.notes = Notes(
            MemoryNodeNotes(), self.clock, secrets.token_bytes, self.log, lambda _: True
        )
        self.shields: dict[AgencyId, Known | None] = {
            agency: Known(upn=self.upn) for agency in self.mine
        }
        self.desks: dict[AgencyId, AgencyDesks] = {}
        self.agreements: dict[AgencyId, Agreement | None] = dict.fromkeys(
            self.mine, ready_agreement(NOW)
        )
        self.node = self.made()

    def made(self, **changes: object) -> Node:
        parts: dict[str, Any] = {
            "sound": self.sound,
            "members": self,
            "peppers": self.peppers,
            "records": self.records,
            "locators": self.index,
            "shields": self.shields.get,
            "agreements": self.agreements.get,
            "journal": self.journal,
            "now": self.clock.now,
            "log": self.log,
            "note_secret": self.notes.secret,
            "wrong_numbers": self.notes.wrong_numbers,
            "missed": self.missed,
            "desks": lambda agency: self.desks.get(agency, AgencyDesks()),
        }
        upn_keys = dict.fromkeys(self.mine, self.upn)
        return Node(NODE, NODE_KEY, upn_keys, **{**parts, **changes})

    def missed(self, agency: AgencyId, generation: int) -> bool:
        """Nothing is missed, unless a test says so."""
        return False

    @property
    def entries(self) -> list[Entry]:
        assert isinstance(self.journal, MemoryJournal)
        return self.journal.entries

    def put(self, agency: AgencyId, *children: ChildRecord, as_of: int = int(NOW) - 60) -> None:
        """A complete and tagged generation; then the index is brought up to it."""
        tags = [tags_of(child.demographics, Side.RECORD) for child in children]
        before = self.records.generation(agency)
        done = 1 if before is None else before.completed_at + 1
        quality = self.quality
        made = {"as_of": as_of, "completed_at": done, "quality": quality}
        self.records.put(agency, children, {EPOCH: tags}, **made)  # type: ignore[arg-type]
        self.prepare()

    def put_all(self, holdings: Mapping[AgencyId, Sequence[ChildRecord]] | None = None) -> None:
        """Every agency has an import, if only of another child."""
        for agency in self.mine:
            self.put(agency, *(holdings or {}).get(agency, (a_record(0, another_child()),)))

    def prepare(self) -> None:
        now = self.clock.now()
        due = due_tables(self.current, now)
        wanted = [
            Want(agency, self.peppers.first[EPOCH].at(day_of_slot(slot)), slot)
            for _, slot in due
            for agency in self.mine
        ]
        self.index.prepare(wanted, set(due))

    def ask(self, *queries: SealedQuery) -> dict[bytes, list[AnswerPart]]:
        """One frame; what its requesters then read, by query, in the order of the parts."""
        answers = self.node.answer([query.wire for query in queries])
        return self.read(answers, *queries)

    def read(
        self, answers: Iterable[SealedAnswer], *queries: SealedQuery
    ) -> dict[bytes, list[AnswerPart]]:
        by_hash = {query.hash: query for query in queries}
        parts: dict[bytes, list[AnswerPart]] = {}
        for answer in answers:
            query = by_hash[answer.query_hash]
            part = opened(answer, NODE, query, self.current)
            parts.setdefault(query.hash, []).append(part)
        return parts

    def words(self, query: SealedQuery) -> dict[AgencyId, Status]:
        return {
            answer.agency: answer.status
            for part in self.ask(query)[query.hash]
            for answer in part.agencies
        }

    def part(self, query: SealedQuery) -> AnswerPart:
        """Ask, and return the one part of the answer."""
        (part,) = self.ask(query)[query.hash]
        return part

    def query(self, child: Demographics | None = None, **changes: Any) -> SealedQuery:
        made = {"federation": self.current, "at": self.clock.now(), **changes}
        return a_query(child, **made)


def a_world(*, school: tuple[ChildRecord, ...] = (), **parts: Any) -> NodeWorld:
    """A node on which every agency has an import, the school one of these records."""
    world = NodeWorld(**parts)
    world.put_all({SCHOOL: school} if school else {})
    return world


def a_passport(at: float, **changes: object) -> Passport:
    made = Passport(
        agency=COUNCIL,
        subject="account-17",
        name="Siân O’Neill-Brontë",
        role=Role.SOCIAL_WORKER,
        acr=Acr.PASSWORD_TOTP,
        auth_time=int(at) - 600,
        issued_at=int(at) - 60,
        expires_at=int(at) + 540,
        jti=f"{next(_numbers):032x}",
        cnf=public(PRACTITIONER_KEY),
        entitlement=Entitlement(int(at) + limits.DAY, int(at) + limits.DAY),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def a_query(
    child: Demographics | None = None,
    *,
    federation: Federation | None = None,
    at: float = NOW,
    purpose: Purpose = Purpose.S47_ENQUIRY,
    role: Role = Role.SOCIAL_WORKER,
    terms: Terms | None = None,
    reach: Reach = Reach.AREA,
    named: Iterable[AreaCode] = (),
    key_set: KeySet = KeySet.NARROW,
    opens_for: Demographics | None = None,
    tags: Sequence[bytes] | None = None,
    passport_key: Ed25519PrivateKey = PASSPORT_KEY,
    public_part: Callable[[PublicPart], PublicPart] = lambda p: p,
    reference: str = "ref-1",
    approver: str = "",
    facts: Facts | None = None,
    because: WideningReason | None = None,
    peppers: Peppers | None = None,
    counting: Counting | None = None,
    counted_as: str = "",
) -> SealedQuery:
    """About ``child``. ``opens_for`` (or ``tags``) makes the wraps those of another: the attack
    that must come to nothing. ``terms``: those that the requester holds herself to; none at all
    where they are not given. ``counted_as``: the account whose pseudonym the broker is to count, if
    it is another than that of who asks.
    """
    child = child or a_child()
    passport = a_passport(at, role=role)
    why = justified(purpose, reference, because, now=at, council=COUNCIL)
    why = replace(why, facts=facts) if facts else why
    if approver:
        by = {"approver": approver, "role": role}
        why = approved(why, child, COUNCIL, passport.subject, passport_key, at, **by)
    token = passports.issue(passport, FEDERATION, passport_key)
    part = public_part(
        PublicPart.of(
            federation or a_federation(),
            epoch=EPOCH,
            issued_at=int(at),
            area=HERE,
            reach=reach,
            named_areas=named,
            key_set=key_set,
        )
    )
    scope = {KeySet.NARROW: Scope.NARROW, KeySet.WIDE: Scope.WIDE}[key_set]
    if tags is None:
        tags = tags_of(opens_for or child, Side.QUERY, scope)
    slot_key = (
        (peppers or one_pepper(at)).first[EPOCH].at(day_of_slot(part.slot)).slot_key(part.slot)
    )
    account = counted_as or passport.subject
    handle, proof = pseudonym(PASSPORT_KEY, COUNCIL, account, part.issued_at)
    return seal(
        part,
        Inner(
            COUNCIL,
            GATEWAY,
            token,
            why,
            child,
            counting or a_counting(),
            proof,
        ),
        passport,
        [opening(slot_key, tag) for tag in tags],
        practitioner_key=PRACTITIONER_KEY,
        terms=terms or anything(purpose),
        handle=handle,
        requester_key=requester_key(part.epoch),
        slot_check=slot_check(slot_key),
        random_bytes=secrets.token_bytes,
    )
