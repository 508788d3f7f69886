"""A small federation on loopback, in one process: three nodes, two key holders, a broker, a
gateway, each opened by its own wiring, over real gRPC, mutual TLS and SQLite, and records that came
by an import.

Who is known where (all names are made up and occur nowhere else, so that a search means something):

* ASKED    OAK says so; the practice holds her shielded; the council does not know her
* BROTHER  the practice says so; nobody else knows him
* STRANGER nobody knows her

Simulated are only the certificate authority and the issuer, which hands out a real member list with
sealed peppers. All parties look at the list when a test says so (``refresh``).
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import agency_node.wiring
from agency_node.importing.sources.columns import Columns
from agency_node.importing.staging import Options as ImportOptions
from agency_node.importing.staging import SourceFile
from fakes.certificates import FakeAuthority, Papers
from fakes.federations import HOLDERS, federation, member, parameters, public
from fakes.handles import a_counting, handle_root
from fakes.import_world import HEADER, export
from fakes.justified import justified
from fakes.party_folder import Asked, addresses_of, enrol, free_address, issuer_of
from fakes.repository import FakeRepository
from fakes.waiting import until
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.demographics import Demographics, Sex, written_birth
from fingerpost.private.messages import Inner
from fingerpost.private.passport import Entitlement, HandleProof
from fingerpost.private.pepper_sealing import new_pepper, seal_pepper
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol.codec.carriage import read_queries
from fingerpost.protocol.codes import Acr, AgencyKind, Kind, Purpose, Reach, Role, Status
from fingerpost.protocol.federation import Agency, Area, Epoch, Member, Parameters, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import day_of
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import WitnessFolder
from fingerpost.wire.v1 import broker_pb2
from integration.running_gateway import GatewayParty
from integration.running_parties import (
    BrokerParty,
    HolderParty,
    NodeParty,
    RunningParty,
    SteppedClock,
)
from integration.wire_callers import ATTACH, EVALUATE, LOOKUP, dial
from key_holder.vault import FileVault
from practitioner.asking.desk import read_passport_key
from practitioner.asking.outcome import Outcome, Question
from practitioner.asking.query import QueryOnItsWay
from practitioner.sign_in.rules import Session

FEDERATION: Final = FederationId("loopback")
AREA: Final = AreaCode("e99000001")
BROKER, ISSUER, GATEWAY = map(MemberId, ("broker", "issuer", "gateway"))
SCHOOLS, COUNCILS, HEALTH = map(MemberId, ("schools-host", "council-node", "health-node"))
COUNCIL, OAK, ELM, GP = (
    AgencyId(f"{AREA}.{name}") for name in ("council", "oak", "elm", "practice")
)
SPARE: Final = MemberId("spare-node")
"""Listed, without an agency: whoever plays it stands in nobody's way."""
HOSTED: Final[Mapping[MemberId, tuple[AgencyId, ...]]] = {
    SCHOOLS: (ELM, OAK),
    COUNCILS: (COUNCIL,),
    HEALTH: (GP,),
}
EPOCH: Final = EpochNumber(1)
DAY: Final = 86_400

ASKED: Final = Demographics(
    forename="Thessaly",
    middle_names="Quenby",
    surname="Brackenwood",
    dob=date(2015, 3, 9),
    sex=Sex.FEMALE,
    postcode="WX4 7QD",
    health_number="9990001239",
)
BROTHER: Final = Demographics(
    forename="Peregrine", surname="Umberleigh", dob=date(2013, 11, 28), postcode="WX9 2TF"
)
STRANGER: Final = Demographics(
    forename="Zephyrine", surname="Hollingshade", dob=date(2011, 7, 17), postcode="WX2 5LB"
)
WORKER, WORKER_ROLE = "Ottoline Vance", "Pastoral navigator"
DESK_PHONE, DESK_EMAIL, OUT_OF_HOURS = "01632 960871", "harbour@oak.example", "01632 960872"
GP_WORKER, GP_PHONE = "Barnaby Thistlewood", "01632 960913"

SAYS: Final[Mapping[str, Mapping[AgencyId, Status]]] = {
    "ASKED": {
        COUNCIL: Status.NOTHING_TO_DISCLOSE,
        ELM: Status.NOTHING_TO_DISCLOSE,
        GP: Status.NOTHING_TO_DISCLOSE,
        OAK: Status.INVOLVED,
    },
    "BROTHER": {
        COUNCIL: Status.NOTHING_TO_DISCLOSE,
        ELM: Status.NOTHING_TO_DISCLOSE,
        GP: Status.INVOLVED,
        OAK: Status.NOTHING_TO_DISCLOSE,
    },
    "STRANGER": dict.fromkeys((COUNCIL, ELM, GP, OAK), Status.NOTHING_TO_DISCLOSE),
}
"""What an honest federation answers."""


QUESTION: Final = Question(ASKED, justified(Purpose.S47_ENQUIRY), Reach.AREA)
"""One query, with the wide keys."""


def asking(token: str, proof: HandleProof) -> Inner:
    """What the gateway seals of the question, with this passport."""
    return Inner(COUNCIL, GATEWAY, token, QUESTION.justification, ASKED, a_counting(), proof)


def a_session(at: float, subject: str, name: str) -> Session:
    """Of a social worker who signed in a minute ago. ``at``: in seconds since 1970 UTC."""
    now = int(at)
    return Session(
        agency=COUNCIL,
        subject=subject,
        name=name,
        role=Role.SOCIAL_WORKER,
        acr=Acr.PASSWORD_TOTP,
        auth_time=now - 60,
        entitlement=Entitlement(now + 90 * DAY, now + 90 * DAY),
    )


PORTS: Final = {"nodes": ATTACH, "requesters": LOOKUP, "holder": EVALUATE}
"""Each with its own method."""


def identity(member: MemberId, party: Party) -> Identity:
    return Identity(FEDERATION, member, party)


def a_row(child: Demographics, kind: Kind, **fields: str) -> str:
    values = {
        "local_id": "L" + hashlib.sha256(child.surname.encode()).hexdigest()[:8],
        "health_number": child.health_number,
        "forename": child.forename,
        "middle_names": child.middle_names,
        "surname": child.surname,
        "dob": written_birth(child.dob),
        "sex": child.sex.name[0] if child.sex else "",
        "postcode": child.postcode,
        "kind": kind.name,
        "status": "OPEN",
        "start": "2024-09-02",
    } | fields
    return ",".join(values.get(column, "") for column in HEADER.split(","))


def an_export(*lines: str) -> SourceFile:
    return export(lines, written_on=datetime.now(UTC).date())


EXPORTS: Final = {
    OAK: an_export(
        a_row(
            ASKED,
            Kind.EDU_SCHOOL,
            worker_name=WORKER,
            worker_role=WORKER_ROLE,
            desk_phone=DESK_PHONE,
            desk_email=DESK_EMAIL,
            ooh_phone=OUT_OF_HOURS,
        )
    ),
    ELM: an_export(
        a_row(Demographics("Isolde", "", "Larkrise", (), date(2014, 2, 3)), Kind.EDU_SCHOOL)
    ),
    GP: an_export(
        a_row(ASKED, Kind.GP, shield="yes", worker_name=GP_WORKER, desk_phone=GP_PHONE),
        a_row(BROTHER, Kind.GP, worker_name=GP_WORKER, desk_phone=GP_PHONE),
    ),
    COUNCIL: an_export(
        a_row(Demographics("Corisande", "", "Wychwood", (), date(2016, 8, 21)), Kind.CSC_CIN)
    ),
}


class Federation:
    """All of it: folders, then parties. ``repository`` is what the issuer hands out; ``pepper`` the
    epoch's first; ``requester_key`` the key that all gateways share in the epoch.
    """

    def __init__(self, folder: Path, *, broker_held_back: Collection[str] = ()) -> None:
        self.clock = clock = SteppedClock()
        self.authority = FakeAuthority.create(folder / "authority")
        self.repository = FakeRepository(folder, clock.now())
        self.issuer_address = free_address()
        nodes, requesters, one, other = (free_address() for _ in range(4))
        broker = identity(BROKER, Party.BROKER)
        self.broker = BrokerParty(broker, folder / "broker", clock, nodes, requesters)
        self.broker.held_back |= frozenset(broker_held_back)
        self.holders = tuple(
            HolderParty(identity(holder, Party.KEY_HOLDER), folder / holder.value, clock, address)
            for holder, address in zip(HOLDERS, (one, other), strict=True)
        )
        self.nodes = {
            node: NodeParty(identity(node, Party.NODE), folder / node.value, clock, agencies)
            for node, agencies in HOSTED.items()
        }
        self.gateway = GatewayParty(
            identity(GATEWAY, Party.GATEWAY), folder / "gateway", clock, (COUNCIL,)
        )
        self.passport_key = read_passport_key(self.gateway.settings.agencies[0].passport_key)
        self.requester_key = Ed25519PrivateKey.generate()
        self.parameters = self._parameters()
        addresses = addresses_of(
            self.parameters,
            issuer=self.issuer_address,
            nodes=nodes,
            requesters=requesters,
            holders=(one, other),
        )
        root = self.repository.root.read_bytes()
        self.keys = {
            party.me.member: enrol(
                folder / party.me.member.value, party.me, addresses, self.authority, root
            ).signing_key
            for party in self.parties
        }
        self.pepper = new_pepper(EPOCH, day_of(clock.now()) - 1, secrets.token_bytes)
        self.asked_of_issuer: list[Asked] = []
        self._stack = AsyncExitStack()

    @property
    def parties(self) -> tuple[RunningParty[Any], ...]:
        """In the order in which they are started."""
        return (self.broker, *self.holders, *self.nodes.values(), self.gateway)

    @property
    def members(self) -> MemberList:
        """The gateway's."""
        return self.gateway.members

    # ---- the member list -----------------------------------------------------------------------

    def _parameters(self) -> Parameters:
        now = int(self.clock.now())
        keys = {h.me.member: FileVault(h.settings.vault).make(EPOCH) for h in self.holders}
        return parameters(
            FEDERATION,
            [Epoch(EPOCH, now - DAY, now - DAY, now + 80 * DAY, keys, public(self.requester_key))],
            gathering_ms=5000,  # a busy machine makes no gap
            practitioner_per_hour=500,
            practitioner_per_day=1000,
        )

    def _listed(self) -> tuple[Member, ...]:
        parties = {party.me.member: party.me.party for party in self.parties}
        others = {ISSUER: Party.ISSUER, SPARE: Party.NODE}
        self.keys |= {id_: Ed25519PrivateKey.generate() for id_ in others}
        more = {
            "declared_caseload": 1000,
            "caseload_reason": "invented children",
            "lookups_per_day": 900,
        }
        return tuple(
            member(id_, party, public(self.keys[id_]), **more)
            for id_, party in (parties | others).items()
        )

    def _sealed_peppers(self) -> Iterator[SealedPepper]:
        kept = {
            node.me.member: (node.folder / agency_node.wiring.PEPPERS, node.settings.places.witness)
            for node in self.nodes.values()
        }
        settings = self.gateway.settings
        kept[GATEWAY] = settings.peppers, settings.places.witness
        for id_, (folder, witness) in kept.items():
            store = PepperStore(PepperFiles(folder, WitnessFolder(witness)), id_)
            keys = dict(store.prepare(self.parameters, self.clock.now()))
            seed = self.requester_key.private_bytes_raw() if id_ == GATEWAY else b""
            yield seal_pepper(self.pepper, id_, keys[EPOCH], seed)

    def publish(self) -> None:
        kinds = {COUNCIL: AgencyKind.LOCAL_AUTHORITY, GP: AgencyKind.GP_PRACTICE}
        asks: dict[str, Any] = {
            "gateways": (GATEWAY,),
            "passport_key": public(self.passport_key),
            "handle_root": handle_root(self.passport_key, COUNCIL),
        }
        agencies = [
            Agency(
                id_,
                str(id_)[10:].title(),
                kinds.get(id_, AgencyKind.SCHOOL),
                node,
                **asks if id_ == COUNCIL else {},
            )
            for node, hosted in HOSTED.items()
            for id_ in hosted
        ]
        area = Area(AREA, "Wexcombe", agencies=tuple(sorted(agencies, key=lambda a: a.id)))
        self.listed = federation(self.parameters, [area], self._listed())
        self.repository.publish(self.listed, self._sealed_peppers())

    async def refresh(self) -> None:
        """All look at the member list now, the broker first: the others have it from there."""
        for party in self.parties:
            await party.refresh()

    # ---- starting and stopping -------------------------------------------------------------------

    async def start(self) -> None:
        self.publish()
        issuer = identity(ISSUER, Party.ISSUER)
        await self._stack.enter_async_context(
            issuer_of(
                self.repository, self.authority, issuer, self.issuer_address, self.asked_of_issuer
            )
        )
        await self.broker.start()
        for holder in self.holders:
            await holder.start()
        options = ImportOptions(datetime.now(UTC).date(), Columns({}), False)
        for node in self.nodes.values():
            await node.import_(EXPORTS, options)
            await node.start()
        await self.gateway.start()
        await self.attached()

    async def attached(self, nodes: Sequence[MemberId] = tuple(HOSTED)) -> None:
        await until(lambda: self.broker.broker.attached() == tuple(sorted(nodes)))

    async def stop(self) -> None:
        for party in reversed(self.parties):
            await party.stop()
        await self._stack.aclose()

    async def step(self, seconds: float) -> None:
        """All clocks go ahead, and the nodes make the tables of the slots that now are due."""
        self.clock.step(seconds)
        for node in self.nodes.values():
            await node.tend()

    def wind_back(self) -> None:
        for tape in (self.broker.tape, *(h.tape for h in self.holders)):
            tape.wind_back()

    def session(
        self, subject: str = "account-71c3", name: str = "Rosalind Merriweather"
    ) -> Session:
        return a_session(self.clock.now(), subject, name)

    # ---- asking, and calling without a gateway ---------------------------------------------------

    async def ask(self, question: Question = QUESTION) -> Outcome:
        """A lookup through the gateway."""
        return await self.gateway.client.lookup(self.session(), question)

    async def require_serving(self) -> None:
        """Until a lookup is whole; before it, a busy machine may make gaps, and no false word."""
        async with asyncio.timeout(120):
            while (said := statuses(await self.ask())) != SAYS["ASKED"]:
                told = {a: s for a, s in said.items() if s <= Status.NOTHING_TO_DISCLOSE}
                assert told.items() <= SAYS["ASKED"].items()

    async def queries(self, count: int) -> list[SealedQuery]:
        """Good ones about ASKED, each with a passport of its own, and not yet sent."""
        gateway, now = self.gateway, self.clock.now()
        openings = await gateway.openings(ASKED, int(now))
        issued = [gateway.desk.issue(self.session(), now) for _ in range(count)]
        return [
            gateway.sealed(asking(each.token, each.handle_proof), each, openings) for each in issued
        ]

    async def query(self) -> SealedQuery:
        (made,) = await self.queries(1)
        return made

    def carried(self) -> list[bytes]:
        """The queries that have gone to nodes, in order, each once."""
        frames = [t.data for t in self.broker.tape.said if t.method == "Attach"]
        read = (read_queries(broker_pb2.AttachResponse.FromString(frame)) for frame in frames)
        return list(dict.fromkeys(query for queries in read for query in queries))

    def papers(self, member: MemberId, party: Party, **changes: Any) -> Papers:
        return self.authority.issue(identity(member, party), **changes)

    def door(self, port: str) -> Door:
        """``port``: one of ``PORTS``."""
        holder = self.holders[0]
        address = {
            "nodes": self.broker.nodes,
            "requesters": self.broker.requesters,
            "holder": holder.address,
        }[port]
        party = holder if port == "holder" else self.broker
        return Door(port, address, party, self.authority.file.read_bytes())


@dataclass(frozen=True)
class Door:
    """One port, and the party behind it. ``root``: of the federation's certificates."""

    port: str
    address: str
    party: RunningParty[Any]
    root: bytes

    def dial(self, papers: Papers | None) -> grpc.aio.Channel:
        return dial(self.address, self.root, papers, self.party.me)

    def kept(self) -> list[bytes]:
        """All databases that the party has on the disk."""
        return [path.read_bytes() for path in sorted(self.party.folder.rglob("*.sqlite*"))]


@asynccontextmanager
async def running(
    folder: Path, *, broker_held_back: Collection[str] = ()
) -> AsyncIterator[Federation]:
    made = Federation(folder, broker_held_back=broker_held_back)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


def statuses(outcome: Outcome) -> dict[AgencyId, Status]:
    return {a.agency.id: a.status for a in outcome.agencies}


def answered(query: QueryOnItsWay) -> dict[AgencyId, Status]:
    return {agency: found.status for agency, found in query.answers().items()}
