"""A whole federation in one process: the parties' own rules and services, one clock, faults on demand.

What is simulated is the world, not the parties: no sockets, no certificates, no disks. Everything that the broker
and the
key holders receive is kept, so that a test can search it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import replace
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answer_ports import Entry
from agency_node.matching import Finding
from agency_node.ports import Hit
from agency_node.records import ChildRecord, Generation, RecordId
from agency_node.service import Node
from agency_node.ticks import departure
from broker.ports import LookupRecord
from broker.service import Broker, FromNode
from fakes.broker_store import MemoryStore
from fakes.clock import ManualClock
from fakes.simulated_holders import HOLDERS, Holders, Peppers, QuietLog, public
from fingerpost.private import passport as passports
from fingerpost.private.identity import (
    NORMALISATION_VERSION,
    Scope,
    Side,
    match_keys,
    normalise,
    oprf_input,
)
from fingerpost.private.locators import Pepper, locator
from fingerpost.private.passport import Passport
from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    CODE_LIST_VERSION,
    Acr,
    AgencyKind,
    Kind,
    Purpose,
    Role,
)
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import (
    Agency,
    Area,
    CodeLists,
    DenyList,
    Epoch,
    Federation,
    Member,
    Parameters,
    Service,
)
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import (
    LookupEvent,
    NodeHello,
    Query,
    SealedAnswer,
)
from fingerpost.protocol.schedule import day_of, day_of_slot, slots_to_hold
from fingerpost.service.identity import PeerIdentity
from practitioner.client import Client
from practitioner.client import Identity as GatewayIdentity
from practitioner.outcome import Outcome, Question
from practitioner.session import Issued, Session

NOW = 1_800_000_000.0
FEDERATION = FederationId("simulated")
GATEWAY = MemberId("gateway")
T = TypeVar("T")


class SimNode:
    """One node: its agencies' records in memory, its audit, its faults.

    ``alter`` may change, drop or add to the answers of a frame before they leave; ``stopped`` nodes hold no stream.
    """

    def __init__(self, world: World, me: MemberId) -> None:
        self.me = me
        self.world = world
        self.key = Ed25519PrivateKey.generate()
        self.children: dict[AgencyId, tuple[ChildRecord, ...]] = {}
        self.tagged: dict[tuple[AgencyId, EpochNumber], list[tuple[bytes, RecordId]]] = {}
        self.importing: set[AgencyId] = set()
        self.entries: list[Entry] = []
        self.seen: set[bytes] = set()
        self.record_fails = False
        self.seen_fails = False
        self.stopped = False
        self.sound = True
        self.slow = 0.0
        self.frames: list[tuple[float, int]] = []
        self.departures: list[tuple[float, tuple[SealedAnswer, ...]]] = []
        self.alter: Callable[[tuple[SealedAnswer, ...]], tuple[SealedAnswer, ...]] = lambda a: a
        self.log = QuietLog()
        self.service = self.made()

    def made(self) -> Node:
        return Node(
            self.me,
            self.key,
            dict.fromkeys(self.children, False),
            sound=self.sound,
            members=self.world,
            peppers=self.world.peppers,
            records=self,
            locators=self,
            seen=self,
            record=self,
            now=self.world.clock.now,
            log=self.log,
        )

    # ---- records and locators --------------------------------------------------------------

    def load(self, agency: AgencyId, children: Iterable[ChildRecord]) -> None:
        self.children[agency] = tuple(children)
        for epoch in self.world.current.epochs_to_index(self.world.clock.now()):
            self.index(agency, epoch)
        self.service = self.made()

    def index(self, agency: AgencyId, epoch: Epoch) -> None:
        owners: list[RecordId] = []
        inputs: list[bytes] = []
        for child in self.children[agency]:
            form = normalise(child.demographics)
            for key in match_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=False):
                inputs.append(oprf_input(key, NORMALISATION_VERSION))
                owners.append(child.id)
        tags = self.world.holders.tags(inputs, epoch)
        self.tagged[(agency, epoch.number)] = list(zip(tags, owners, strict=True))

    def agencies(self) -> tuple[AgencyId, ...]:
        return tuple(sorted(self.children))

    def generation(self, agency: AgencyId) -> Generation | None:
        count = len(self.children[agency])
        return Generation(1, int(NOW) - 100, int(NOW) - 50, NORMALISATION_VERSION, count)

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
        if slot is not None and slot not in slots_to_hold(self.world.clock.now()):
            return None
        return self.generation(agency)

    def find(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        key = self.world.peppers.pepper(epoch, day_of_slot(slot)).slot_key(slot)
        index: dict[bytes, tuple[bytes, list[RecordId]]] = {}
        for tag_, owner in self.tagged[(agency, epoch)]:
            index.setdefault(locator(key, tag_), (tag_, []))[1].append(owner)
        hits = []
        for position, wanted in enumerate(locators):
            if wanted in index:
                tag_, owners = index[wanted]
                hits.append(Hit(position, tag_, tuple(owners), 1))
        return tuple(hits)

    # ---- seen and record --------------------------------------------------------------------

    def take(self, queries: Sequence[Query], now: float) -> frozenset[bytes]:
        if self.seen_fails:
            raise Defect("seen")
        before = frozenset(q.hash for q in queries if q.hash in self.seen)
        self.seen.update(q.hash for q in queries)
        return before

    def opened(self, entries: Sequence[Entry]) -> frozenset[AgencyId]:
        if self.record_fails:
            return frozenset(e.agency for e in entries)
        self.entries.extend(entries)
        return frozenset()

    def findings(self, agency: AgencyId) -> list[Finding]:
        return [e.examined.finding for e in self.entries if e.agency == agency]

    # ---- the stream --------------------------------------------------------------------------

    async def attach(self) -> None:
        """Holds a stream to the broker until it ends or the node is stopped."""
        outgoing: asyncio.Queue[FromNode] = asyncio.Queue()
        outgoing.put_nowait(NodeHello(1))
        clock = self.world.clock
        leaving: set[asyncio.Task[None]] = set()

        async def leave(answers: tuple[SealedAnswer, ...], at: float) -> None:
            await clock.sleep_until(at)
            answers = self.alter(answers)
            self.departures.append((clock.monotonic(), answers))
            if answers:
                outgoing.put_nowait(answers)

        async def send(frame: tuple[bytes, ...]) -> None:
            received = clock.monotonic()
            self.frames.append((received, len(frame)))
            answers = self.service.answer(frame)
            delay = self.world.current.parameters.answer_delay_ms
            at = departure(received, received + self.slow, delay)
            task = asyncio.create_task(leave(answers, at))
            leaving.add(task)
            task.add_done_callback(leaving.discard)

        async def incoming() -> AsyncIterator[FromNode]:
            while True:
                yield await outgoing.get()

        peer = PeerIdentity(FEDERATION, self.me, Service.NODE, NOW + 10**9)
        try:
            await self.world.broker.attach(peer, incoming(), send)
        finally:
            for task in leaving:
                task.cancel()


class SimGateway:
    """One gateway: its client, and what its audit and its store of outcomes were given, in order."""

    def __init__(self, world: World, agency: AgencyId, passport_key: Ed25519PrivateKey) -> None:
        self.world = world
        self.agency = agency
        self.passport_key = passport_key
        self.order: list[str] = []
        self.tamper: Callable[[LookupEvent], Iterable[LookupEvent]] = lambda event: (event,)
        self.record_fails = False
        self.session = Session(
            agency=agency,
            subject="worker-1",
            name="Morgan Ash",
            role=Role.SOCIAL_WORKER,
            acr=Acr.PASSWORD_TOTP,
            auth_time=int(world.clock.now()),
            training_until=int(NOW) + 10**8,
            vetting_until=int(NOW) + 10**8,
        )
        self.client = Client(
            GatewayIdentity(GATEWAY, world.gateway_key),
            members=world,
            peppers=world.peppers,
            key_holders=self,
            broker=self,
            desk=self,
            record=self,
            outcomes=self,
            clock=world.clock,
            random_bytes=secrets.token_bytes,
            upn_keys=False,
        )

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        self.order.append("evaluated")
        return await self.world.holders.evaluate(inputs, epoch)

    async def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent]:
        self.order.append("submitted")
        self.world.carried.append(query)
        peer = PeerIdentity(FEDERATION, GATEWAY, Service.GATEWAY, NOW + 10**9)
        events = self.world.broker.lookup(peer, query, submission)
        async with contextlib.aclosing(events):
            async for event in events:
                for shown in self.tamper(event):
                    yield shown

    def issue(self, session: Session, now: float) -> Issued:
        key = Ed25519PrivateKey.generate()
        passport = Passport(
            agency=session.agency,
            subject=session.subject,
            name=session.name,
            role=session.role,
            acr=session.acr,
            auth_time=session.auth_time,
            issued_at=int(now),
            expires_at=int(now) + limits.PASSPORT_SECONDS,
            jti=secrets.token_hex(16),
            cnf=public(key),
            training_until=session.training_until,
            vetting_until=session.vetting_until,
        )
        return Issued(passport, passports.issue(passport, FEDERATION, self.passport_key), key)

    def handle_for(self, session: Session, day: int) -> str:
        return f"{day:032x}"

    async def asked(self, session: Session, question: Question, operation: str, at: float) -> None:
        if self.record_fails:
            raise Defect("record")
        self.order.append("asked")

    async def sent(
        self, agency: AgencyId, operation: str, query_hashes: Sequence[bytes], at: float
    ) -> None:
        self.order.append("sent")

    async def ended(self, agency: AgencyId, operation: str, outcome: Outcome, at: float) -> None:
        self.order.append("ended")

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None:
        self.order.append(f"failed {code}")

    async def keep(self, session: Session, outcome: Outcome) -> None:
        self.order.append("kept")


class World:
    """The federation. ``current`` is the member list that all parties see; ``hosting`` says which node has which
    agencies."""

    def __init__(self, areas: Sequence[Area], nodes: Iterable[MemberId]) -> None:
        self.clock = ManualClock(NOW)
        self.holders = Holders()
        self.peppers = Peppers()
        self.gateway_key = Ed25519PrivateKey.generate()
        self.carried: list[bytes] = []
        self.log = QuietLog()
        self.store = MemoryStore(NOW - limits.DAY)
        self.passport_keys: dict[AgencyId, Ed25519PrivateKey] = {}
        self.nodes: dict[MemberId, SimNode] = {}
        self.current = self._list(areas)
        self.open_epoch(1, NOW - limits.DAY, NOW + 90 * limits.DAY)
        for node in nodes:
            self.nodes[node] = SimNode(self, node)
            member = Member(node, Service.NODE, "host", public(self.nodes[node].key), 10**6)
            self.change(members={**self.current.members, node: member})
        self.broker = self.new_broker()
        self._tasks: dict[MemberId, asyncio.Task[None]] = {}

    def _list(self, areas: Sequence[Area]) -> Federation:
        keyed = []
        for area in areas:
            agencies = []
            for agency in area.agencies:
                key = self.passport_keys.setdefault(agency.id, Ed25519PrivateKey.generate())
                agencies.append(replace(agency, gateways=(GATEWAY,), passport_key=public(key)))
            keyed.append(replace(area, agencies=tuple(agencies)))
        gateway = Member(GATEWAY, Service.GATEWAY, "host", public(self.gateway_key), 0, 2000)
        return Federation(
            version=1,
            valid_until=NOW + 365 * limits.DAY,
            parameters=Parameters(
                FEDERATION,
                CODE_LIST_VERSION,
                NORMALISATION_VERSION,
                MemberId("broker"),
                MemberId("issuer"),
                HOLDERS,
                (),
                practitioner_per_hour=1000,
                practitioner_per_day=5000,
            ),
            code_lists=CodeLists(
                CODE_LIST_VERSION, frozenset(Purpose), frozenset(Role), frozenset(Kind)
            ),
            members={GATEWAY: gateway},
            areas={a.code: a for a in keyed},
        )

    def at(self, now: float) -> Federation:
        self.current.require_current(now)
        return self.current

    def change(self, **fields: object) -> None:
        version = self.current.version + 1
        self.current = replace(self.current, version=version, **fields)  # type: ignore[arg-type]

    def open_epoch(self, number: int, starts: float, ends: float) -> Epoch:
        epoch_number = EpochNumber(number)
        keys = self.holders.open(epoch_number)
        opens = int(starts) - limits.EPOCH_OVERLAP_DAYS * limits.DAY
        epoch = Epoch(epoch_number, opens, int(starts), int(ends), keys)
        day = day_of(min(opens, self.clock.now()))
        self.peppers.first[epoch_number] = Pepper(epoch_number, day, secrets.token_bytes(32))
        parameters = self.current.parameters
        self.change(parameters=replace(parameters, epochs=(*parameters.epochs, epoch)))
        return epoch

    def suspend(self, *members: MemberId, agencies: Iterable[AgencyId] = ()) -> None:
        self.change(deny=DenyList(frozenset(members), frozenset(agencies)))

    # ---- the broker and the streams ------------------------------------------------------------

    def new_broker(self) -> Broker:
        """Also after a restart: its store stays."""
        return Broker(
            self,
            self,
            self.clock,
            self.log,
            complete_since=self.store.complete_since,
            seen=self.store.seen(self.clock.now()),
            random=lambda: 0.5,
        )

    async def append(self, record: LookupRecord) -> None:
        self.store.append([record], self.clock.now())

    async def start(self) -> None:
        """All nodes that are not stopped attach."""
        for node in self.nodes.values():
            if not node.stopped and node.me not in self._tasks:
                self._tasks[node.me] = asyncio.create_task(node.attach())
        await self.clock.settle()

    async def stop_node(self, node: MemberId) -> None:
        self.nodes[node].stopped = True
        task = self._tasks.pop(node, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def restart_broker(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self.broker = self.new_broker()
        await self.start()

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def run(self, work: Awaitable[T], most: float = 30.0) -> T:
        """Lets the clock go until ``work`` is done."""
        task = asyncio.ensure_future(work)
        end = self.clock.monotonic() + most
        while not task.done():
            assert self.clock.monotonic() < end, "the lookup did not end in time"
            await self.clock.settle(5)
            if not task.done() and not await _threads_are_busy(task):
                await self.clock.run_for(limits.TICK_MS / 1000)
        return task.result()

    def gateway(self, agency: AgencyId) -> SimGateway:
        return SimGateway(self, agency, self.passport_keys[agency])


async def _threads_are_busy(task: asyncio.Future[T]) -> bool:
    """Work in a thread (sealing) takes no simulated time: give it a moment of the real clock."""
    done, _ = await asyncio.wait({task}, timeout=0.002)
    return bool(done)


def agency(area: AreaCode, name: str, kind: AgencyKind, node: MemberId, **more: object) -> Agency:
    return Agency(AgencyId(f"{area}.{name}"), name.title(), kind, node, **more)  # type: ignore[arg-type]
