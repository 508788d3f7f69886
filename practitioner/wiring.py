"""Where the gateway's parts are made and joined.

Three ways to open it: ``open_people`` (accounts, audit, outcomes: no federation needed),
``open_gateway`` (all that a lookup needs, for a command line or inside a case system), ``open``
(the process that keeps certificate, member list and peppers fresh for all others). Several
processes share the folders; one at a time writes (``kept_state``).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from fingerpost.audit.log import AuditLog
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import (
    PEPPER_EVENTS,
    PepperStore,
    PepperUpkeep,
    keep_peppers,
)
from fingerpost.private.purpose_rules import roles_at
from fingerpost.protocol.codes import Role
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.keys_apart import require_apart
from fingerpost.runtime.lock import Held, locked
from fingerpost.runtime.run import Task
from fingerpost.runtime.sealed_rows import key_for
from fingerpost.runtime.witness import WitnessFolder
from practitioner.asking import exchanging, generations_store, outcomes_store
from practitioner.asking.approving import SecondPersons
from practitioner.asking.audit import AuditRecord
from practitioner.asking.audit_events import CATALOGUE
from practitioner.asking.client import Client
from practitioner.asking.desk import PassportDesk, read_passport_key
from practitioner.asking.exchanging import Exchanging
from practitioner.asking.generations_store import FileGenerations
from practitioner.asking.grpc_broker import GrpcBroker
from practitioner.asking.grpc_key_holders import GrpcKeyHolders
from practitioner.asking.grpc_notes import GrpcExchanges
from practitioner.asking.kept_state import SERVE, UPKEEP, KeptPeppers
from practitioner.asking.migrations import REVISIONS as OUTCOMES
from practitioner.asking.notes_store import SqlNotes, open_notes
from practitioner.asking.outcomes_store import SqlOutcomes
from practitioner.asking.sending import Identity
from practitioner.settings import GatewaySettings
from practitioner.sign_in.accounts import WITNESS as ACCOUNTS_WITNESS
from practitioner.sign_in.accounts import Accounts, Reception
from practitioner.sign_in.migrations import REVISIONS as ACCOUNTS

EVENTS: Final = {
    **MEMBERSHIP_EVENTS,
    **PEPPER_EVENTS,
    **exchanging.EVENTS,
    "upkeep.failed": frozenset({"error"}),
    "outcomes.forgotten": frozenset({"count"}),
    "audit.months_forgotten": frozenset({"agency", "count"}),
}
FORGET_SECONDS: Final = 900.0
RETENTION_SECONDS: Final = 3600.0
EXCHANGE_SECONDS: Final = 5.0
"""How often it is seen which exchanges with nodes are due, give or take as much again (attack: a
node knows the packets of one gateway by the beat in which it looks)."""
FOLLOW_SECONDS: Final = 15.0
JITTER_SECONDS: Final = 3.0
LOCK_PATIENCE_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.1
_LOADS: Final = 3


@dataclass(frozen=True, slots=True)
class People:
    """Who may ask at this gateway, and what became of it. All blocking."""

    accounts: Accounts
    reception: Reception
    record: AuditRecord
    outcomes: SqlOutcomes
    generations: FileGenerations
    notes: SqlNotes
    second_persons: SecondPersons


@dataclass(frozen=True, slots=True)
class Gateway:
    """``client.lookup`` is the one thing that leaves this process. ``state``: what of the
    federation it goes by.
    """

    client: Client
    people: People
    state: State


def log_witness(agency: AgencyId) -> str:
    """Return the name of the witness of an agency's log."""
    return f"audit.{agency}"


def stores_of(settings: GatewaySettings) -> list[str]:
    """Return the names of the witnesses of all that this gateway keeps."""
    logs = (log_witness(each.id) for each in settings.agencies)
    return [ACCOUNTS_WITNESS, outcomes_store.WITNESS, generations_store.WITNESS, *logs]


def open_audit(settings: GatewaySettings, agency: AgencyId, *, adopt: bool = False) -> AuditLog:
    """Raises ``Defect``."""
    chosen = settings.agency(agency)
    return AuditLog.open(
        chosen.audit,
        catalogue=CATALOGUE,
        master_key=read_key(settings.audit_key, setting="audit_key"),
        witness=WitnessFolder(settings.places.witness).of(log_witness(agency)),
        adopt=adopt,
    )


def listed_roles(settings: GatewaySettings, agency: AgencyId, env: Env) -> frozenset[Role] | None:
    """Return the roles that exist at an agency, by the newest list on the disk; None where there is
    no list that holds, or the agency is not on it."""
    try:
        membership = Membership(settings.places, Party.GATEWAY, env)
    except Defect:  # not enrolled yet
        return None
    with closing(membership):
        try:
            federation = membership.client.load(env.clock.now())
            return roles_at(federation.agency(agency), federation.code_lists)
        except Refused:
            return None


def kept_federation(settings: GatewaySettings, env: Env) -> Federation:
    """Return the member list that is kept on the disk, for paper: also one that has expired, whose
    signatures still hold. Nothing may be asked or answered by that.

    Raises:
        Defect: the gateway is not enrolled.
        Refused: UNTRUSTED_METADATA, there is no list, or an earlier one was put in its place.
    """
    with closing(Membership(settings.places, Party.GATEWAY, env)) as membership:
        try:
            return membership.client.load(env.clock.now())
        except Refused:
            return membership.client.load(0.0)


class _Logs:
    """The agencies' logs, each opened when it is first needed."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: dict[AgencyId, AuditLog] = {}

    def of(self, agency: AgencyId) -> AuditLog:
        with self._lock:
            if agency not in self._open:
                self._open[agency] = open_audit(self._settings, agency)
            return self._open[agency]

    def close(self) -> None:
        for log in self._open.values():
            log.close()


@contextmanager
def open_people(settings: GatewaySettings) -> Iterator[People]:
    """Raises ``Defect``: keys or files that do not fit, or lie beside each other."""
    require_apart(settings.keys, settings.data, trial=settings.places.trial)
    with contextlib.ExitStack() as opened:
        accounts_file = open_migrated(settings.accounts, ACCOUNTS)
        opened.callback(accounts_file.dispose)
        outcomes_file = open_migrated(settings.outcomes, OUTCOMES)
        opened.callback(outcomes_file.dispose)
        logs = _Logs(settings)
        opened.callback(logs.close)
        record = AuditRecord(logs.of)
        witness = WitnessFolder(settings.places.witness)
        accounts = Accounts(
            accounts_file, read_key(settings.account_key, setting="account_key"), witness
        )
        outcome_key = read_key(settings.outcome_key, setting="outcome_key")
        outcomes = SqlOutcomes(outcomes_file, outcome_key, witness)
        generations = FileGenerations(settings.generations, outcome_key, witness)
        notes = opened.enter_context(closing(open_notes(settings.notes, outcome_key)))
        second_persons = SecondPersons(
            record,
            lambda agency: read_passport_key(settings.agency(agency).passport_key),
            os.urandom,
            upn_keys=settings.upn_keys,
        )
        reception = Reception(accounts, record)
        yield People(accounts, reception, record, outcomes, generations, notes, second_persons)


@asynccontextmanager
async def open_gateway(
    settings: GatewaySettings, env: Env, *, follow: bool = True
) -> AsyncIterator[Gateway]:
    """Ready to ask. Certificate, member list and peppers are those that ``fingerpost serve`` keeps;
    where none runs, what is due is done here. ``follow``: go on so in the background for as long as
    the context lasts; without it, what is read now is what the context works with (for one lookup).

    Raises:
        Defect: a setting, a key or a file does not fit.
        Refused: there is neither a state on the disk nor anybody who gives one.
    """
    async with AsyncExitStack() as opened:
        people = opened.enter_context(open_people(settings))
        opened.push_async_callback(people.record.close)
        membership = Membership(settings.places, Party.GATEWAY, env)
        opened.callback(membership.close)
        state = State(
            settings,
            membership,
            KeptPeppers(PepperFiles(settings.peppers, membership.witness)),
            env,
        )
        await state.freshen()
        agencies = tuple(each.id for each in settings.agencies)
        await asyncio.to_thread(_forget_due, people, agencies, membership.time.reached())
        if follow:
            following = env.every(FOLLOW_SECONDS, JITTER_SECONDS, state.freshen, "state")
            opened.push_async_callback(_cancelled, asyncio.ensure_future(following()))
        client = _client(settings, env, membership, state.peppers, people, opened)
        yield Gateway(client, people, state)


def _client(
    settings: GatewaySettings,
    env: Env,
    membership: Membership,
    peppers: KeptPeppers,
    people: People,
    opened: AsyncExitStack,
) -> Client:
    bundle = membership.bundle
    holders = membership.dialled_key_holders()
    broker = membership.dialled(bundle.addresses.broker.requesters, membership.broker)
    for channel in (*holders, broker):
        opened.push_async_callback(channel.close)
    names = (endpoint.member for endpoint in bundle.addresses.key_holders)
    one, other = zip(names, holders, strict=True)
    desk = PassportDesk(
        bundle.federation,
        {each.id: read_passport_key(each.passport_key) for each in settings.agencies},
    )
    return Client(
        Identity(bundle.member, membership.keys.signing_key),
        members=membership.members,
        peppers=peppers,
        requester_keys=peppers,
        key_holders=GrpcKeyHolders(one, other, env.random_bytes),
        broker=GrpcBroker(broker),
        desk=desk,
        record=people.record,
        outcomes=people.outcomes,
        generations=people.generations,
        threads=people.notes,
        calls=people.notes,
        clock=env.clock,
        random_bytes=env.random_bytes,
        upn_keys=settings.upn_keys,
    )


@dataclass(frozen=True, slots=True)
class State:
    """What of the federation this process goes by: read from the disk, brought up to date where
    nobody else does.
    """

    settings: GatewaySettings
    membership: Membership
    peppers: KeptPeppers
    env: Env

    async def freshen(self) -> None:
        """Raises ``Refused`` when no member list holds; ``Defect``."""
        clock = self.env.clock
        deadline = clock.monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            try:
                with locked(self.settings.lock, note=UPKEEP):
                    await self._tend()
                break
            except Held as held:
                # Another's upkeep ends within seconds and spares us ours.
                if held.note == SERVE or clock.monotonic() >= deadline:
                    await self._load()
                    break
                await clock.sleep_until(clock.monotonic() + _LOOK_SECONDS)
        await asyncio.to_thread(self.peppers.reread)

    async def _tend(self) -> None:
        """Do once what the serving process does in loops: certificate, member list, peppers.

        Raises:
            Refused: there is no certificate or member list to be had. What else fails is logged: a
                pepper that is at hand serves on.
        """
        member, folder = self.membership, self.settings.peppers
        await member.start()
        upkeep = PepperUpkeep(
            await asyncio.to_thread(
                PepperStore, PepperFiles(folder, member.witness), member.bundle.member
            ),
            member.client,
            member.members,
            member.deposit,
            member.time.reached,
            self.env.clock,
            self.env.log,
            folder.with_name(folder.name + ".left"),
        )
        await upkeep.tend()
        try:
            await upkeep.leave_keys()
        except Refused as refused:
            self.env.log.warning("upkeep.failed", error=refused)

    async def _load(self) -> None:
        clock = self.env.clock
        for look in range(_LOADS):
            try:
                found = await asyncio.to_thread(self.membership.client.load, clock.now())
            except Refused:
                if look == _LOADS - 1:
                    raise
                # The one who keeps it may just be putting a newer one in its place.
                await clock.sleep_until(clock.monotonic() + _LOOK_SECONDS)
            else:
                self.membership.members.update(found)
                return


@dataclass(frozen=True, slots=True)
class Opened:
    """An open gateway process: it asks nothing, and keeps what all others go by."""

    env: Env
    membership: Membership
    peppers: PepperStore
    people: People
    exchanging: Exchanging
    agencies: Sequence[AgencyId]
    stores: Sequence[str]

    def tasks(self) -> Mapping[str, Task]:
        member = self.membership
        return {
            **member.tasks(self.stores),
            "peppers": lambda: keep_peppers(
                self.peppers,
                member.client,
                member.members,
                member.deposit,
                member.time.reached,
                self.env,
            ),
            "outcomes": self.env.every(FORGET_SECONDS, JITTER_SECONDS, self._forget, "outcomes"),
            "retention": self.env.every(
                RETENTION_SECONDS, RETENTION_SECONDS / 2, self.end_periods, "retention"
            ),
            "notes": self.env.every(
                EXCHANGE_SECONDS, EXCHANGE_SECONDS, self.exchanging.step, "notes"
            ),
        }

    async def _forget(self) -> None:
        self.exchanging.forget()
        reached = self.membership.time.reached()
        count = await asyncio.to_thread(_forget_due, self.people, self.agencies, reached)
        if count:
            self.env.log.info("outcomes.forgotten", count=count)

    async def end_periods(self) -> None:
        """Destroy the keys of months of the audit logs that are over for longer than the period."""
        reached = self.membership.time.reached()
        for agency in self.agencies:
            months = await asyncio.to_thread(self.people.record.forget_due, agency, reached)
            if months:
                self.env.log.info("audit.months_forgotten", agency=agency, count=months)


def _forget_due(people: People, agencies: Sequence[AgencyId], reached: float) -> int:
    """Forget what is due, but no outcome while one of the agencies is under a legal hold: what is
    due is shown to nobody either way. Whether there is a hold is looked for only where something is
    due, since it reads the logs."""
    people.notes.forget_due(reached)
    if not people.outcomes.is_due(reached):
        return 0
    if any(people.record.is_held(agency) for agency in agencies):
        return 0
    return people.outcomes.forget_due(reached)


@asynccontextmanager
async def open(settings: GatewaySettings, env: Env) -> AsyncIterator[Opened]:
    """Open the process that keeps certificate, member list and peppers fresh, exchanges notes, and
    forgets outcomes that are due.

    Raises:
        Defect: a setting, a key or a file does not fit, or another process does so already.
        Refused: it can get neither a certificate nor a list.
    """
    async with AsyncExitStack() as opened:
        opened.enter_context(await _alone(settings, env.clock))
        people = opened.enter_context(open_people(settings))
        health = Health()
        await opened.enter_async_context(serve_health(health, settings.health))
        membership = Membership(settings.places, Party.GATEWAY, env)
        opened.callback(membership.close)
        await membership.start()
        peppers = await asyncio.to_thread(
            PepperStore, PepperFiles(settings.peppers, membership.witness), membership.bundle.member
        )
        broker = membership.dialled(
            membership.bundle.addresses.broker.requesters, membership.broker
        )
        opened.push_async_callback(broker.close)
        exchanging_ = Exchanging(
            key_for("moments of exchanges", read_key(settings.outcome_key, setting="outcome_key")),
            people.notes,
            GrpcExchanges(broker),
            membership.members,
            env.clock,
            env.random_bytes,
            env.log,
        )
        opened.push_async_callback(health.stop)
        await health.set("", serving=True)
        agencies = tuple(each.id for each in settings.agencies)
        yield Opened(env, membership, peppers, people, exchanging_, agencies, stores_of(settings))


async def _alone(settings: GatewaySettings, clock: Clock) -> contextlib.ExitStack:
    """The lock of the process that keeps, already held. Another's upkeep ends within seconds and is
    waited for.
    """
    deadline = clock.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        with contextlib.ExitStack() as held_now:
            try:
                held_now.enter_context(locked(settings.lock, note=SERVE))
                return held_now.pop_all()
            except Held as held:
                if held.note == SERVE or clock.monotonic() >= deadline:
                    raise Defect("another process keeps this gateway") from None
        await clock.sleep_until(clock.monotonic() + _LOOK_SECONDS)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
