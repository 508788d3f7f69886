"""A small federation, founded in a temporary folder, and a plain TUF client to judge it with."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

from authority import changes, founding
from authority.bundles import AddressBook
from authority.ceremony import Ceremony
from authority.founding import Count, Plan
from authority.inbox import read_statement
from authority.issuer import wiring
from authority.issuer.online import Online, Refreshed, deny_list_record
from authority.issuer.service import Issuer
from authority.issuer.settings import IssuerSettings, read_settings
from fingerpost.audit.log import AuditLog
from fingerpost.private.sealing import HybridKey
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.codec.enrolment import (
    AgencyKeys,
    EnrolmentRequest,
    read_enrolment,
    write_enrolment,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import (
    STATEMENT_BYTES,
    EpochKeyStatement,
    write_epoch_key,
)
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.federation import Agency, DenyList, Party, PublicFigure
from fingerpost.protocol.ids import (
    Address,
    AgencyId,
    AreaCode,
    EpochNumber,
    FederationId,
    MemberId,
)
from fingerpost.runtime.witness import WitnessedFile, WitnessFolder

FEDERATION = FederationId("pilot")
BROKER, ISSUER = MemberId("broker"), MemberId("issuer")
HOLDERS = (MemberId("holder-a"), MemberId("holder-b"))
NODE, GATEWAY = MemberId("node-1"), MemberId("gateway-1")
HOME, NEXT = AreaCode("e08000025"), AreaCode("e08000027")
SCHOOL, COUNCIL = AgencyId("e08000025.oak-primary"), AgencyId("e08000027.council")
EPOCH = EpochNumber(1)
DAY = 86_400


def plan(**changed: object) -> Plan:
    settings: dict[str, object] = {
        "federation": FEDERATION,
        "root": Count(3, 2),
        "targets": Count(3, 2),
        "governance": Count(3, 2),
        "broker": BROKER,
        "issuer": ISSUER,
        "key_holders": HOLDERS,
        "organisation": "Federation operator",
        "listen": Address("127.0.0.1:7443"),
        "normalisation_version": 1,
    }
    return Plan(**{**settings, **changed})  # type: ignore[arg-type]


def leave_at_issuer(ceremony: Ceremony, envelope: bytes) -> None:
    """Put a member's signed epoch key into the inbox, as the issuer does."""
    draft = ceremony.draft()
    _, signer = claimed_signer(envelope, most=STATEMENT_BYTES)
    statement = read_statement(envelope, draft.members[signer], draft.parameters.federation)
    ceremony.inbox.put(statement, envelope)


@dataclass
class World:
    """The ceremony, the keys of all members, and the time at which it was made. That is the real
    time, since plain TUF clients read the machine's clock.
    """

    ceremony: Ceremony
    now: float
    keys: dict[MemberId, Ed25519PrivateKey] = field(default_factory=dict)
    receiving: dict[MemberId, HybridKey] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.ceremony.folder

    @property
    def metadata(self) -> Path:
        return self.folder / "repository" / "metadata"

    @property
    def issuer_settings(self) -> IssuerSettings:
        return read_settings(self.folder / "online" / "issuer.toml")

    @property
    def online(self) -> Online:
        return wiring.open_online(self.issuer_settings)

    def record(self) -> WitnessedFile:
        """The issuer's record of who is suspended."""
        found = self.issuer_settings
        return deny_list_record(found.deny_list, WitnessFolder(found.witness))

    def change_issuer_settings(self, old: str, new: str) -> None:
        path = self.folder / "online" / "issuer.toml"
        path.write_text(path.read_text().replace(old, new))

    @contextmanager
    def issuer(self) -> Iterator[tuple[Issuer, AuditLog]]:
        """Open the issuer by itself, with its audit log."""
        found = self.issuer_settings
        with (
            closing(wiring.open_audit(found)) as audit,
            wiring.open_issuer(found, audit) as issuer,
        ):
            yield issuer, audit

    def suspend(self, *members: MemberId) -> Refreshed:
        """Deny these members, and nobody else."""
        deny = DenyList(frozenset(members))
        return self.online.change_deny_list(lambda _: deny, self.now)

    def refresh(self, now: float | None = None) -> Refreshed:
        """Let the issuer sign what is due."""
        return self.online.refresh(self.now if now is None else now)

    def rename_home(self, name: str = "Renamed") -> None:
        """Change one file of the list, and do not publish it yet."""
        self.ceremony.change(lambda draft: changes.add_area(draft, HOME, name))

    def request(self, member: MemberId, party: Party, **facts: object) -> EnrolmentRequest:
        key = self.keys.setdefault(member, Ed25519PrivateKey.generate())
        request = EnrolmentRequest(
            FEDERATION,
            member,
            party,
            "An organisation",
            key.public_key().public_bytes_raw(),
            issued_at=int(self.now),
            **facts,  # type: ignore[arg-type]
        )
        return read_enrolment(write_enrolment(request, key))

    def enrol(self, member: MemberId, party: Party, **facts: object) -> None:
        request = self.request(member, party, **facts)
        self.ceremony.change(lambda draft: changes.enrol(draft, request))

    def deposit(
        self, member: MemberId, key: bytes, *, epoch: EpochNumber = EPOCH, at: float = 0
    ) -> bytes:
        statement = EpochKeyStatement(FEDERATION, member, epoch, key, int(at or self.now))
        envelope = write_epoch_key(statement, self.keys[member])
        leave_at_issuer(self.ceremony, envelope)
        return envelope

    def deposit_receiving(
        self, member: MemberId, *, epoch: EpochNumber = EPOCH, at: float = 0
    ) -> HybridKey:
        key = HybridKey.generate(secrets.token_bytes)
        self.receiving[member] = key
        self.deposit(member, key.public_key, epoch=epoch, at=at)
        return key

    def deposit_holders(self, epoch: EpochNumber = EPOCH) -> None:
        for n, holder in enumerate(HOLDERS):
            self.deposit(holder, bytes([n + 1, epoch.value]) * 16, epoch=epoch)

    def publish(self, now: float | None = None) -> int:
        """Publish by both halves, and return the version of the snapshot."""
        at = self.now if now is None else now
        self.ceremony.publish(at)
        done = self.refresh(at)
        assert done.refused is None
        return done.snapshot_version

    def client(self, cache: Path) -> PlainClient:
        return PlainClient(cache, self.folder / "repository", self.ceremony.trusted_root())


@pytest.fixture
def founded(tmp_path: Path) -> World:
    """There are keys and a root; nobody but the issuer is enrolled."""
    now = time.time()
    return World(founding.found(tmp_path / "ceremony", plan(), now), now)


@pytest.fixture
def world(founded: World) -> World:
    """There are two areas, a school that asks and answers, and a council that answers. Nothing is
    published yet.
    """
    services, desk = (CoarseKind.EDUCATION,), "0121 496 0000"
    school = Agency(
        SCHOOL,
        "Oak Primary",
        AgencyKind.SCHOOL,
        NODE,
        services=services,
        duty_desk=desk,
        public_figure=PublicFigure(420, "Get Information about Schools", date(2026, 1, 15)),
    )
    council = Agency(
        COUNCIL,
        "Council",
        AgencyKind.LOCAL_AUTHORITY,
        NODE,
        duty_desk=desk,
        public_figure=PublicFigure(480, "Population estimates", date(2026, 1, 15)),
    )
    founded.ceremony.change(
        lambda d: changes.add_area(d, HOME, "Birmingham"),
        lambda d: changes.add_area(d, NEXT, "Dudley"),
        lambda d: changes.join_areas(d, HOME, (NEXT,)),
        lambda d: changes.add_agency(d, school),
        lambda d: changes.add_agency(d, council),
    )
    founded.enrol(BROKER, Party.BROKER)
    for holder in HOLDERS:
        founded.enrol(holder, Party.KEY_HOLDER)
    founded.enrol(NODE, Party.NODE, declared_caseload=900)
    passport_keys = {SCHOOL: AgencyKeys(bytes(range(32)), b"h" * 32)}
    founded.enrol(GATEWAY, Party.GATEWAY, lookups_per_day=100, passport_keys=passport_keys)
    issuer, nodes, requesters, *holders = (
        Address(f"127.0.0.1:{port}") for port in range(7001, 7006)
    )
    founded.ceremony.set_addresses(AddressBook(issuer, nodes, requesters, (holders[0], holders[1])))
    return founded


@pytest.fixture
def published(world: World) -> World:
    world.publish()
    return world


class FolderFetcher(FetcherInterface):
    """Serves a repository folder as any mirror would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.folder / url
        if not path.exists():
            raise DownloadHTTPError("no such file", 404)
        yield path.read_bytes()


@dataclass
class PlainClient:
    """python-tuf's own client with a cache that stays."""

    cache: Path
    repository: Path
    root: bytes

    def updater(self) -> Updater:
        for name in ("metadata", "targets"):
            (self.cache / name).mkdir(parents=True, exist_ok=True)
        return Updater(
            str(self.cache / "metadata"),
            "metadata/",
            str(self.cache / "targets"),
            "targets/",
            fetcher=FolderFetcher(self.repository),
            bootstrap=self.root,
        )

    def get(self, path: str) -> bytes | None:
        """Return a verified target, or None where the list has none of that path."""
        updater = self.updater()
        updater.refresh()
        info = updater.get_targetinfo(path)
        return None if info is None else Path(updater.download_target(info)).read_bytes()

    def read(self, path: str) -> bytes:
        """Return a verified target, which must be in the list."""
        data = self.get(path)
        assert data is not None
        return data

    def deny_list(self) -> DenyList:
        return files.read_deny_list(self.read(files.DENY_LIST))


@pytest.fixture
def client(published: World, tmp_path: Path) -> PlainClient:
    return published.client(tmp_path / "client")
