"""A party's folder as its operator lays it out: keys, certificate, bundle, settings file. And who
hands out the list.

Law: files that the party's own wiring opens, and nothing that a wiring does. Every secret that is
not the member's own is ``KEY``. What a party keeps lies in ``state`` (a key holder's in ``kept``),
apart from what it was given.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import grpc.aio

from fakes.agreements import ready_around
from fakes.certificates import FakeAuthority
from fakes.repository import FakeRepository
from fakes.serving import serving
from fingerpost.membership.bundle import (
    Addresses,
    BrokerEndpoint,
    Endpoint,
    EnrolmentBundle,
    write_bundle,
)
from fingerpost.membership.credentials import MemberKeys, make_member_keys
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import STATEMENT_BYTES
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Parameters
from fingerpost.protocol.ids import Address, AgencyId
from fingerpost.runtime.files import create_file
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import SERVER_FILES
from fingerpost.wire.v1 import member_list_pb2, member_list_pb2_grpc

KEY: Final = bytes(range(32))
NOWHERE: Final = "127.0.0.1:1"
COUNCIL: Final = AgencyId("e99000001.council")
"""An agency of most gateways."""
PLACES: Final = """
[places]
bundle = "bundle"
credentials = "credentials"
member_list = "list"
witness = "witness"
trial = true
"""


_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_PORTS: Final = range(10_240 + 2_500 * _WORKER, 10_240 + 2_500 * (_WORKER + 1))
"""Of this test process: nobody listens at an address between its choice and the start of its
server, so that another process would choose it, too."""
_GIVEN: Final[deque[int]] = deque(maxlen=1_000)


def free_address() -> str:
    """An address on loopback that nobody listens at, below the ports that the system gives to those
    that call.

    Chance is the system's: the tests' own seed would give the same ports to two that run at once.
    """
    chance = random.SystemRandom()
    while True:
        address = ("127.0.0.1", chance.choice(_PORTS))
        if address[1] in _GIVEN:
            continue
        with socket.socket() as found:
            try:
                found.bind(address)
            except OSError:
                continue
            _GIVEN.append(address[1])
            return f"{address[0]}:{address[1]}"


def addresses_of(
    parameters: Parameters,
    *,
    issuer: str = NOWHERE,
    nodes: str = NOWHERE,
    requesters: str = NOWHERE,
    holders: tuple[str, str] = (NOWHERE, NOWHERE),
) -> Addresses:
    """Where the servers of a federation listen. Nobody listens at ``NOWHERE``."""
    one, other = (
        Endpoint(member, Address(at))
        for member, at in zip(parameters.key_holders, holders, strict=True)
    )
    return Addresses(
        issuer=Endpoint(parameters.issuer, Address(issuer)),
        broker=BrokerEndpoint(parameters.broker, Address(nodes), Address(requesters)),
        key_holders=(one, other),
    )


def enrol(
    folder: Path, me: Identity, addresses: Addresses, authority: FakeAuthority, root: bytes
) -> MemberKeys:
    """The member's keys with a certificate, and its bundle, in a folder that need not exist."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = make_member_keys(folder / "credentials")
    pair = authority.certify(me)
    keys.install((pair / "tls.key").read_bytes(), (pair / "tls.pem").read_bytes())
    hand_bundle(folder, me, addresses, root, authority.file.read_bytes())
    return keys


def hand_bundle(
    folder: Path,
    me: Identity,
    addresses: Addresses,
    root: bytes = b"root",
    certificate_authority: bytes = b"authority",
) -> EnrolmentBundle:
    """What the authority hands to a member, in the member's folder."""
    made = EnrolmentBundle(
        me.federation, me.member, me.party, addresses, root, certificate_authority
    )
    write_bundle(folder / "bundle", made)
    return made


def broker_settings_file(folder: Path, nodes: str, requesters: str) -> Path:
    """The settings' path."""
    return _settings(
        folder,
        "broker.toml",
        ("state",),
        f'listen_nodes = "{nodes}"\nlisten_requesters = "{requesters}"\nstate = "state"\n{PLACES}',
    )


def holder_settings_file(folder: Path, listen: str) -> Path:
    """The settings' path."""
    return _settings(
        folder,
        "key-holder.toml",
        ("kept/vault", "kept/data"),
        f"""listen = "{listen}"
vault = "kept/vault"
meter = "kept/data/meter.sqlite"
audit = "kept/data/audit.sqlite"
{PLACES}""",
    )


def node_settings_file(folder: Path, agencies: Iterable[AgencyId]) -> Path:
    """The settings' path."""
    (folder / "state").mkdir(mode=0o700, parents=True)
    (folder / "agreements.cedar").write_text(ready_around(time.time()), "utf-8")
    text = f'state = "state"\nworkers = 1\n{PLACES}'
    for number, agency in enumerate(agencies, 1):
        create_file(folder / f"data-{number}.key", bytes([number]) * 32)
        text += f'\n[[agencies]]\nid = "{agency}"\ndata_key = "data-{number}.key"\n'
        text += 'agreements = "agreements.cedar"\n'
    return _settings(folder, "node.toml", (), text)


def gateway_settings_file(folder: Path, agencies: Iterable[AgencyId] = (COUNCIL,)) -> Path:
    """The settings' path. Of the keys none is there: ``enrol`` makes them."""
    text = f"""peppers = "peppers"
accounts = "accounts.sqlite"
account_key = "account.secret"
outcomes = "outcomes.sqlite"
outcome_key = "outcome.secret"
audit_key = "audit.secret"
health = "health.sock"
{PLACES}"""
    for agency in agencies:
        name = agency.value.split(".", 1)[1]
        text += f"""
[[agencies]]
id = "{agency}"
passport_key = "{name}.passport.secret"
audit = "{name}.audit.sqlite"
"""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def _settings(folder: Path, name: str, kept: Iterable[str], text: str) -> Path:
    for each in kept:
        (folder / each).mkdir(mode=0o700, parents=True)
    create_file(folder / "audit.key", KEY)
    path = folder / name
    create_file(path, f'audit_key = "audit.key"\nhealth = "health.sock"\n{text}'.encode())
    return path


def asked_for(request: member_list_pb2.ReadRequest) -> str:
    """The path that a member asks the issuer for. Its signature is not looked at."""
    envelope, _ = claimed_signer(request.envelope, most=STATEMENT_BYTES)
    return member_list_pb2.ReadStatement.FromString(envelope.payload).path


Asked = member_list_pb2.DepositRequest | member_list_pb2.ReadRequest


def _issued_at(heads: bytes) -> int:
    envelope, _ = claimed_signer(heads, most=STATEMENT_BYTES)
    return member_list_pb2.HeadsStatement.FromString(envelope.payload).issued_at


class _Issuer(member_list_pb2_grpc.IssuerServiceServicer):
    def __init__(self, repository: FakeRepository, asked: list[Asked]) -> None:
        self._repository = repository
        self._asked = asked
        self._heads: dict[tuple[str, int], list[bytes]] = {}

    async def Certify(self, request: member_list_pb2.CertifyRequest, context: Any) -> Any:
        raise Refused(Code.NOT_ALLOWED, "certify")

    async def Deposit(self, request: member_list_pb2.DepositRequest, context: Any) -> Any:
        self._asked.append(request)
        return member_list_pb2.DepositResponse()

    async def DepositHeads(self, request: member_list_pb2.DepositHeadsRequest, context: Any) -> Any:
        envelope, member = claimed_signer(request.envelope, most=STATEMENT_BYTES)
        statement = member_list_pb2.HeadsStatement.FromString(envelope.payload)
        self._heads.setdefault((str(member), statement.part), []).insert(0, request.envelope)
        return member_list_pb2.DepositHeadsResponse()

    async def ReadHeads(self, request: member_list_pb2.ReadHeadsRequest, context: Any) -> Any:
        envelope, member = claimed_signer(request.envelope, most=STATEMENT_BYTES)
        asked = member_list_pb2.ReadHeadsStatement.FromString(envelope.payload)
        left = self._heads.get((str(member), asked.part), [])
        return member_list_pb2.ReadHeadsResponse(
            envelopes=[each for each in left if _issued_at(each) < asked.before]
        )

    async def Read(self, request: member_list_pb2.ReadRequest, context: Any) -> Any:
        self._asked.append(request)
        return member_list_pb2.ReadResponse(content=self._repository.fetch(asked_for(request)))


def issuer_of(
    repository: FakeRepository,
    authority: FakeAuthority,
    me: Identity,
    address: str,
    asked: list[Asked] | None = None,
) -> AbstractAsyncContextManager[object]:
    """In the issuer's place: it hands out the list, forgets what is deposited but for heads, and
    certifies nobody. ``asked``: to which each request is added.
    """

    def add(server: grpc.aio.Server) -> None:
        member_list_pb2_grpc.add_IssuerServiceServicer_to_server(
            _Issuer(repository, [] if asked is None else asked), server
        )

    credentials = authority.server(me).without_client_certificates()
    return serving(address, credentials, add, options=SERVER_FILES)
