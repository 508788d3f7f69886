"""Where the broker's parts are made and joined."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from typing import Final

from broker import grpc_askers, grpc_member_list, grpc_nodes
from broker.hash_log import HashLog
from broker.service import LOG_EVENTS, REVIEW_SECONDS, Broker
from broker.settings import BrokerSettings
from broker.store import HASH_LOG_FILE, SqlStore, open_hash_log
from fingerpost.audit.log import Actor, AuditLog, OperationId
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.files import read_key, require_folder
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import SERVER_FILES, SERVER_NODES, Edge, listen, server
from fingerpost.runtime.run import Stop, every, supervise
from fingerpost.runtime.tls import Party

EVENTS: Final = {**LOG_EVENTS, **MEMBERSHIP_EVENTS}
FETCH_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 2.0


def master_key(settings: BrokerSettings) -> bytes:
    return read_key(settings.audit_key, setting="audit_key")


def open_audit(settings: BrokerSettings) -> AuditLog:
    return open_hash_log(settings.state, master_key(settings))


def check(settings: BrokerSettings) -> EnrolmentBundle:
    """Opens what the settings name and makes nothing. Raises ``Defect``, which names the setting."""
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
        by=Actor(by),
        why=OperationId(why),
        now=clock.now(),
    )


async def serve(settings: BrokerSettings, log: Logger, stop: Stop) -> None:
    """Runs the broker until ``stop``. Raises ``Defect``; ``Refused`` when it has neither a certificate nor a list and
    the issuer gives none."""
    async with AsyncExitStack() as opened:
        await _serve(settings, log, stop, opened)


async def _serve(settings: BrokerSettings, log: Logger, stop: Stop, opened: AsyncExitStack) -> None:
    clock, draw = SystemClock(), random.SystemRandom().random
    store = SqlStore.open(settings.state, master_key(settings), clock.now())
    opened.callback(store.close)
    health = Health()
    socket = await serve_health(health, settings.health)
    opened.push_async_callback(socket.stop, 0)
    membership = Membership(settings.places, Party.BROKER, clock=clock, log=log, random=draw)
    files, members = membership.client, membership.members
    if not isinstance(files, Mirror):
        raise Defect("the broker's member list is not a mirror")
    await membership.start()

    recorder = HashLog(store, clock)
    seen = store.seen(clock.now())
    broker = Broker(
        members,
        recorder,
        clock,
        log,
        complete_since=store.complete_since,
        seen=seen,
        random=draw,
    )
    nodes = server(SERVER_NODES, Edge(log, longest=FETCH_SECONDS, streams=grpc_nodes.STREAMS))
    grpc_nodes.add_to(nodes, broker)
    askers = server(SERVER_FILES, Edge(log, longest=grpc_askers.LONGEST_SECONDS))
    grpc_askers.add_to(askers, broker)
    for edge, address in ((nodes, settings.listen_nodes), (askers, settings.listen_askers)):
        grpc_member_list.add_to(edge, members, files, clock)
        listen(edge, address, membership.server_tls().credentials())
        opened.push_async_callback(edge.stop, GRACE_SECONDS)
        await edge.start()

    async def review() -> None:
        await broker.review()
        await health.set("", serving=broker.is_serving())

    log.info("broker.started", seen=len(seen))
    opened.push_async_callback(health.stop)
    await supervise(
        stop,
        {
            **membership.tasks(),
            "hash log": recorder.run,
            "review": lambda: every(
                REVIEW_SECONDS, 0.0, review, clock, random=draw, log=log, name="review"
            ),
        },
        log,
    )
