"""Construct the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from broker import grpc_member_list, grpc_nodes, grpc_notes, grpc_requesters
from broker.ports import LookupRecord
from broker.service import LOG_EVENTS, REVIEW_SECONDS, Broker
from broker.settings import BrokerSettings
from broker.store import HASH_LOG_FILE, STORES, SqlStore, hash_log_writer, open_hash_log
from fingerpost.audit.log import Actor, AuditLog, OperationId
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key, require_folder
from fingerpost.runtime.group_commit import GroupCommit
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.keys_apart import require_apart
from fingerpost.runtime.lock import alone
from fingerpost.runtime.rpc import SERVER_FILES, SERVER_NODES, Edge
from fingerpost.runtime.run import Task
from fingerpost.runtime.witness import WitnessFolder

EVENTS: Final = {
    **LOG_EVENTS,
    **MEMBERSHIP_EVENTS,
    "audit.months_forgotten": frozenset({"count"}),
}
LOCK: Final = "broker.lock"
FETCH_SECONDS: Final = 10.0
RETENTION_SECONDS: Final = 3600.0


def master_key(settings: BrokerSettings) -> bytes:
    require_apart(settings.keys, settings.data, trial=settings.places.trial)
    return read_key(settings.audit_key, setting="audit_key")


def witness(settings: BrokerSettings) -> WitnessFolder:
    return WitnessFolder(settings.places.witness)


def open_audit(settings: BrokerSettings) -> AuditLog:
    return open_hash_log(settings.state, master_key(settings), witness(settings))


def check(settings: BrokerSettings) -> EnrolmentBundle:
    """Open what the settings name, and make nothing.

    Raises:
        Defect: something does not fit. The message names the setting.
    """
    bundle = check_places(settings.places, Party.BROKER)
    master_key(settings)
    require_folder(settings.state, setting="state")
    if (settings.state / HASH_LOG_FILE).exists():
        open_audit(settings).close()
    return bundle


def adopt(settings: BrokerSettings, by: str, why: str, clock: Clock) -> None:
    """Take a state folder that was put back from a backup. Raises ``Defect``."""
    SqlStore.adopt(
        settings.state,
        master_key(settings),
        witness(settings),
        by=Actor(by),
        why=OperationId(why),
        now=clock.now(),
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """An open broker: what runs, and what it runs on."""

    env: Env
    membership: Membership
    broker: Broker
    recorder: GroupCommit[LookupRecord]
    store: SqlStore
    health: Health

    def tasks(self) -> Mapping[str, Task]:
        return {
            **self.membership.tasks(STORES),
            "hash log": self.recorder.run,
            "retention": self.env.every(
                RETENTION_SECONDS, RETENTION_SECONDS / 2, self.end_periods, "retention"
            ),
            "review": self.env.every(REVIEW_SECONDS, 0.0, self._review, "review"),
        }

    async def end_periods(self) -> None:
        """Destroy the keys of months of the hash log that are over for longer than the period."""
        reached = self.membership.time.reached()
        count = await asyncio.to_thread(self.store.forget_due, reached)
        if count:
            self.env.log.info("audit.months_forgotten", count=count)

    async def _review(self) -> None:
        await self.broker.review()
        await self.health.set("", serving=self.broker.is_serving())


@asynccontextmanager
async def open(settings: BrokerSettings, env: Env) -> AsyncIterator[Opened]:
    """Open the broker and listen on both ports.

    Raises:
        Defect: a setting, a key, a file or a port does not fit, or another process runs the
            broker.
        Refused: it has neither a certificate nor a list, and the issuer gives none.
    """
    async with AsyncExitStack() as opened:
        require_folder(settings.state, setting="state")
        # Each of two processes would carry the replays of what only the other has seen.
        opened.enter_context(alone(settings.state / LOCK, "another process runs this broker"))
        store = SqlStore.open(
            settings.state, master_key(settings), witness(settings), env.clock.now()
        )
        opened.callback(store.close)
        if store.anew is not None:
            env.log.error("broker.replay_set_anew", fault=store.anew.name)
        health = Health()
        await opened.enter_async_context(serve_health(health, settings.health))
        membership = Membership(settings.places, Party.BROKER, env)
        opened.callback(membership.close)
        await membership.start()
        members, files = membership.members, membership.client
        if not isinstance(files, Mirror):
            raise Defect("the broker's member list is not a mirror")

        recorder = hash_log_writer(store, membership.time.reached)
        opened.push_async_callback(recorder.close)
        seen = store.seen(membership.time.reached())
        broker = Broker(
            members,
            recorder,
            env.clock,
            membership.time.reached,
            env.log,
            complete_since=store.complete_since,
            seen=seen,
            random=env.random,
            random_bytes=env.random_bytes,
        )
        nodes = env.server(
            SERVER_NODES, Edge(env.log, longest=FETCH_SECONDS, streams=grpc_nodes.STREAMS)
        )
        grpc_nodes.add_to(nodes, broker)
        requesters = env.server(
            SERVER_FILES, Edge(env.log, longest=grpc_requesters.LONGEST_SECONDS)
        )
        grpc_requesters.add_to(requesters, broker)
        grpc_notes.add_to(requesters, broker)
        for edge, address in (
            (nodes, settings.listen_nodes),
            (requesters, settings.listen_requesters),
        ):
            grpc_member_list.add_to(edge, members, files, env.clock)
            tls = membership.server_tls().credentials()
            await opened.enter_async_context(env.listening(edge, address, tls))
        env.log.info("broker.started", seen=len(seen))
        opened.push_async_callback(health.stop)
        yield Opened(env, membership, broker, recorder, store, health)
