"""Where the record side's parts are made and joined: for the import command and for the running node.

The import is a process of its own beside the running node: it has its own view of the member list
(``<member_list>-import``, since a folder of the member list serves one process), its own channels, and a lock, since
two imports of one agency would undo each other."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import SystemRandom
from typing import Final

import msgspec

from agency_node.importing.importer import Importer
from agency_node.records.grpc_key_holders import GrpcKeyHolders
from agency_node.records.sealing import DataKey
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import SqlRecords, open_records
from agency_node.records.tag_workers import TagWorkers
from agency_node.records.tagging import Tagger
from agency_node.settings import NodeSettings
from fingerpost.membership.membership import Membership
from fingerpost.protocol.errors import Code, Refused
from fingerpost.runtime.clock import Clock, SystemClock
from fingerpost.runtime.files import read_key
from fingerpost.runtime.lock import alone
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.run import Backoff
from fingerpost.runtime.tls import Party

IMPORT_PATIENCE_SECONDS: Final = 120.0
UPKEEP_PATIENCE_SECONDS: Final = 30.0
START_TRIES: Final = 6
_MAY_PASS: Final = frozenset({Code.UNTRUSTED_METADATA, Code.UNAVAILABLE, Code.NOT_READY})
BREATH_SECONDS: Final = 0.0002
_LOCK: Final = "import.lock"
_IMPORTING: Final = "another import is running"


def open_store(settings: NodeSettings) -> SqlRecords:
    """The records of all agencies of the settings. Raises ``Defect``: a secret file that is missing or open to others,
    a data key that is not the one of the rows."""
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {}
    for agency in settings.agencies:
        secret = read_key(agency.data_key, setting=f"data_key of {agency.id}")
        keys[agency.id] = DataKey(agency.id, secret, secrets.token_bytes)
    return open_records(settings.records, keys)


def breathe() -> None:
    """The index's pause: long enough that a thread that waits for the interpreter's lock gets it."""
    time.sleep(BREATH_SECONDS)


@asynccontextmanager
async def opened_tagger(
    imports: SqlImports, membership: Membership, clock: Clock, *, workers: int, patience: float
) -> AsyncIterator[Tagger]:
    """Worker processes and channels to both holders, for as long as the context lasts."""
    holders = GrpcKeyHolders(
        membership.dialled_key_holders(), clock, patience=patience, random=SystemRandom().random
    )
    try:
        async with TagWorkers(holders, workers) as tags:
            yield Tagger(imports, tags)
    finally:
        await holders.close()


@asynccontextmanager
async def opened_importer(settings: NodeSettings, log: Logger) -> AsyncIterator[Importer]:
    """Raises ``Defect`` (settings, keys, another import is running) and ``Refused`` (no certificate or member list)."""
    clock = SystemClock()
    with alone(settings.state / _LOCK, _IMPORTING):
        records = open_store(settings)
        try:
            places = settings.places
            own = places.member_list.with_name(places.member_list.name + "-import")
            membership = Membership(
                msgspec.structs.replace(places, member_list=own),
                Party.NODE,
                clock=clock,
                log=log,
                random=SystemRandom().random,
            )
            await _start(membership, clock)
            imports = SqlImports(records)
            async with opened_tagger(
                imports,
                membership,
                clock,
                workers=settings.workers,
                patience=IMPORT_PATIENCE_SECONDS,
            ) as tagger:
                yield Importer(
                    membership.bundle.member,
                    records,
                    imports,
                    tagger,
                    membership.members,
                    clock,
                )
        finally:
            records.close()


@contextmanager
def opened_imports(settings: NodeSettings) -> Iterator[SqlImports]:
    """The store alone, for what needs nobody else. Raises ``Defect`` as ``opened_importer``."""
    with alone(settings.state / _LOCK, _IMPORTING):
        records = open_store(settings)
        try:
            yield SqlImports(records)
        finally:
            records.close()


async def _start(membership: Membership, clock: Clock) -> None:
    """A first look that fell into a publication, or on a broker that restarts, is no reason to send the operator
    away."""
    backoff = Backoff()
    for left in reversed(range(START_TRIES)):
        try:
            await membership.start()
        except Refused as refused:
            if not left or refused.code not in _MAY_PASS:
                raise
            await clock.sleep_until(clock.monotonic() + backoff.next(SystemRandom().random()))
        else:
            return
