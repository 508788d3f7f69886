"""Construct a key holder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from typing import Final

from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.protocol.codec.reports import write_meter_report
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key, require_folder
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.keys_apart import require_apart
from fingerpost.runtime.lock import alone
from fingerpost.runtime.rpc import SERVER_REQUESTERS, Edge
from fingerpost.runtime.run import Task
from fingerpost.runtime.witness import Adopted, WitnessFolder
from fingerpost.runtime.worker_processes import begin
from key_holder import reports
from key_holder.evaluator import Evaluator
from key_holder.grpc_server import add_to
from key_holder.record import CATALOGUE, METER_ADOPTED, AuditRecord
from key_holder.service import KeyHolder
from key_holder.settings import KeyHolderSettings
from key_holder.store import METER, SqlMeter
from key_holder.vault import FileVault

EVENTS: Final = {
    **MEMBERSHIP_EVENTS,
    "key_holder.started": frozenset({"epochs"}),
    "audit.months_forgotten": frozenset({"count"}),
}
AUDIT: Final = "audit"
STORES: Final = (AUDIT, METER)
"""The names of the witnesses."""
LONGEST_CALL_SECONDS: Final = 30.0
RETENTION_SECONDS: Final = 3600.0
KEEP_KEYS_SECONDS: Final = 20.0


def audit_key(settings: KeyHolderSettings) -> bytes:
    require_apart(settings.keys, settings.data, trial=settings.places.trial)
    return read_key(settings.audit_key, setting="audit_key")


def witness(settings: KeyHolderSettings) -> WitnessFolder:
    return WitnessFolder(settings.places.witness)


def open_audit(settings: KeyHolderSettings, *, adopt: bool = False) -> AuditLog:
    return AuditLog.open(
        settings.audit,
        catalogue=CATALOGUE,
        master_key=audit_key(settings),
        witness=witness(settings).of(AUDIT),
        adopt=adopt,
    )


def adopt_meter(settings: KeyHolderSettings, by: Actor, why: OperationId, now: float) -> Adopted:
    """Accept a meter that was put back or changed, and record who decided that, and why. What the
    members had evaluated since is theirs again.

    Raises:
        Defect: the key holder runs, or the meter or the audit log does not open.
    """
    with (
        alone(settings.lock, "the key holder runs: stop it first"),
        closing(open_audit(settings)) as audit,
        SqlMeter.open(settings.meter, witness(settings), adopt=True) as meter,
    ):

        def record(adopted: Adopted) -> None:
            fields = {"before": adopted.before, "number": adopted.number, "sound": adopted.sound}
            audit.append(AuditEvent(METER_ADOPTED, by, why, int(now), fields))

        return meter.adopt(record)


def check(settings: KeyHolderSettings) -> EnrolmentBundle:
    """Open what the settings name, and make nothing.

    Raises:
        Defect: something does not fit. The message names the setting.
    """
    bundle = check_places(settings.places, Party.KEY_HOLDER)
    require_folder(settings.vault, setting="vault")
    FileVault(settings.vault)
    require_folder(settings.meter.parent, setting="meter")
    require_folder(settings.audit.parent, setting="audit")
    audit_key(settings)
    if settings.audit.exists():
        open_audit(settings).close()
    if settings.meter.exists():
        with SqlMeter.open(settings.meter, witness(settings)):
            pass
    return bundle


def report(settings: KeyHolderSettings, week: int, now: float) -> bytes:
    """Return the signed report of a week (in weeks since 1970) for the authority. The key holder
    may be running.

    Raises:
        Defect: the bundle, the keys or the meter cannot be read.
    """
    bundle = check_places(settings.places, Party.KEY_HOLDER)
    key = MemberKeys.load(settings.places.credentials).signing_key
    if not settings.meter.exists():
        raise Defect("meter: there is none yet; the key holder has not run")
    with SqlMeter.open(settings.meter, witness(settings)) as meter:
        counted = meter.counted()
    made = reports.report(bundle.federation, bundle.member, counted, week, now)
    return write_meter_report(made, key)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open key holder: what runs, and what it runs on."""

    env: Env
    membership: Membership
    evaluator: Evaluator
    holder: KeyHolder
    audit: AuditLog

    def tasks(self) -> Mapping[str, Task]:
        return {
            **self.membership.tasks(STORES),
            "evaluations": self.evaluator.run,
            "retention": self.env.every(
                RETENTION_SECONDS, RETENTION_SECONDS / 2, self.end_periods, "retention"
            ),
            "keys": self.env.every(KEEP_KEYS_SECONDS, 0.2, self._keep_keys, "keys"),
        }

    async def end_periods(self) -> None:
        """Destroy the keys of months of the audit log that are over for longer than the period."""
        reached = self.membership.time.reached()
        months = await asyncio.to_thread(self.audit.forget_due, reached)
        if months:
            self.env.log.info("audit.months_forgotten", count=len(months))

    async def _keep_keys(self) -> None:
        await self.holder.keep_keys(self.membership)


@asynccontextmanager
async def open(settings: KeyHolderSettings, env: Env) -> AsyncIterator[Opened]:
    """Open the key holder and listen.

    Raises:
        Defect: a setting, a key, a file or the port does not fit, or another process runs the key
            holder.
        Refused: it has neither a certificate nor a list, and the issuer gives none.
    """
    async with AsyncExitStack() as opened:
        # Each of two processes would make, hold and destroy keys that the other does not know.
        opened.enter_context(alone(settings.lock, "another process runs this key holder"))
        vault = FileVault.open(settings.vault)
        meter = opened.enter_context(SqlMeter.open(settings.meter, witness(settings)))
        audit = open_audit(settings)
        opened.callback(audit.close)
        health = Health()
        await opened.enter_async_context(serve_health(health, settings.health))
        membership = Membership(settings.places, Party.KEY_HOLDER, env)
        opened.callback(membership.close)
        await membership.start()

        record = AuditRecord(audit)
        opened.push_async_callback(record.close)
        pool = opened.enter_context(env.workers(settings.workers, begin))
        evaluator = Evaluator(vault.seed, pool, settings.workers)
        holder = KeyHolder(
            membership.bundle.member,
            membership.members,
            vault,
            evaluator,
            meter,
            record,
            env.clock,
            membership.time.reached,
        )
        edge = env.server(SERVER_REQUESTERS, Edge(env.log, longest=LONGEST_CALL_SECONDS))
        add_to(edge, holder)
        tls = membership.server_tls().credentials()
        await opened.enter_async_context(env.listening(edge, settings.listen, tls))
        env.log.info("key_holder.started", epochs=len(vault.held()))
        opened.push_async_callback(health.stop)
        await health.set("", serving=True)
        yield Opened(env, membership, evaluator, holder, audit)
