"""Where the key holder's parts are made and joined."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from fingerpost.audit.log import AuditLog
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.database import migrate, open_sqlite
from fingerpost.runtime.files import read_key, require_folder
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import SERVER_ASKERS, Edge, listen, server
from fingerpost.runtime.run import Stop, every, supervise
from fingerpost.runtime.tls import Party
from fingerpost.runtime.worker_processes import begin
from key_holder.evaluator import Evaluator
from key_holder.grpc_server import add_to
from key_holder.record import CATALOGUE, AuditRecord
from key_holder.service import KeyHolder
from key_holder.settings import KeyHolderSettings
from key_holder.store import SqlMeter
from key_holder.vault import FileVault

EVENTS: Final = {**MEMBERSHIP_EVENTS, "key_holder.started": frozenset({"epochs"})}
LONGEST_CALL_SECONDS: Final = 30.0
KEEP_KEYS_SECONDS: Final = 20.0


def audit_key(settings: KeyHolderSettings) -> bytes:
    return read_key(settings.audit_key, setting="audit_key")


def open_audit(settings: KeyHolderSettings) -> AuditLog:
    return AuditLog.open(settings.audit, catalogue=CATALOGUE, master_key=audit_key(settings))


def check(settings: KeyHolderSettings) -> EnrolmentBundle:
    """Opens what the settings name and makes nothing. Raises ``Defect``, which names the setting."""
    bundle = check_places(settings.places, Party.KEY_HOLDER)
    require_folder(settings.vault, setting="vault")
    FileVault(settings.vault)
    require_folder(settings.meter.parent, setting="meter")
    require_folder(settings.audit.parent, setting="audit")
    audit_key(settings)
    if settings.audit.exists():
        open_audit(settings).close()
    return bundle


async def serve(settings: KeyHolderSettings, log: Logger, stop: Stop) -> None:
    """Runs the key holder until ``stop``."""
    clock = SystemClock()
    draw = random.SystemRandom().random
    membership = Membership(settings.places, Party.KEY_HOLDER, clock=clock, log=log, random=draw)
    vault = FileVault(settings.vault)
    engine = open_sqlite(settings.meter)
    migrate(engine, "key_holder.migrations")
    audit = open_audit(settings)
    health = Health()
    socket = await serve_health(health, settings.health)
    await membership.start()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(settings.workers, mp_context=spawn, initializer=begin) as pool:
        evaluator = Evaluator(vault.seed, pool, settings.workers)
        holder = KeyHolder(
            membership.bundle.member,
            membership.members,
            vault,
            evaluator,
            SqlMeter(engine),
            AuditRecord(audit),
            clock,
        )
        edge = server(SERVER_ASKERS, Edge(log, longest=LONGEST_CALL_SECONDS))
        add_to(edge, holder)
        listen(edge, settings.listen, membership.server_tls().credentials())
        await edge.start()
        await health.set("", serving=True)
        log.info("key_holder.started", epochs=len(vault.held()))
        try:
            await supervise(
                stop,
                {
                    **membership.tasks(),
                    "evaluations": evaluator.run,
                    "keys": lambda: every(
                        KEEP_KEYS_SECONDS,
                        0.2,
                        lambda: holder.keep_keys(membership),
                        clock,
                        random=draw,
                        log=log,
                        name="keys",
                    ),
                },
                log,
            )
        finally:
            await edge.stop(grace=2.0)
            await socket.stop(grace=0)
            audit.close()
            engine.dispose()
