"""Where the record side's parts are made and joined: for the import command and for the running
node.

The import is a process of its own beside the running node: it has its own view of the member list
(``<member_list>-import``, since a folder of the member list serves one process), its own channels,
and a lock, since two imports of one agency would undo each other."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
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
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key
from fingerpost.runtime.lock import alone
from fingerpost.runtime.run import Backoff
from fingerpost.runtime.tls import Party

IMPORT_PATIENCE_SECONDS: Final = 120.0
UPKEEP_PATIENCE_SECONDS: Final = 30.0
START_TRIES: Final = 6
_MAY_PASS: Final = frozenset({Code.UNTRUSTED_METADATA, Code.UNAVAILABLE, Code.NOT_READY})
_LOCK: Final = "import.lock"
_IMPORTING: Final = "another import is running"


def open_store(settings: NodeSettings) -> SqlRecords:
    """The records of all agencies of the settings. Raises ``Defect``: a secret file that is missing
    or open to others, a data key that is not the one of the rows."""
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {}
    for agency in settings.agencies:
        secret = read_key(agency.data_key, setting=f"data_key of {agency.id}")
        keys[agency.id] = DataKey(agency.id, secret, secrets.token_bytes)
    return open_records(settings.records, keys)


@asynccontextmanager
async def open_tagger(
    imports: SqlImports, membership: Membership, env: Env, *, workers: int, patience: float
) -> AsyncIterator[Tagger]:
    """Worker processes and channels to both holders, for as long as the context lasts."""
    holders = GrpcKeyHolders(
        membership.dialled_key_holders(), env.clock, patience=patience, random=env.random
    )
    try:
        async with TagWorkers(holders, workers, env.workers) as tags:
            yield Tagger(imports, tags)
    finally:
        await holders.close()


@asynccontextmanager
async def open(settings: NodeSettings, env: Env) -> AsyncIterator[Importer]:
    """Open an import, which runs beside the running node.

    Raises:
        Defect: settings or keys do not fit, or another import is running.
        Refused: there is no certificate or no member list to be had.
    """
    async with AsyncExitStack() as opened:
        records = opened.enter_context(_locked_store(settings))
        places = settings.places
        own = places.member_list.with_name(places.member_list.name + "-import")
        membership = Membership(msgspec.structs.replace(places, member_list=own), Party.NODE, env)
        opened.callback(membership.close)
        await _start(membership, env)

        imports = SqlImports(records)
        tagging = open_tagger(
            imports, membership, env, workers=settings.workers, patience=IMPORT_PATIENCE_SECONDS
        )
        tagger = await opened.enter_async_context(tagging)
        yield Importer(
            membership.bundle.member, records, imports, tagger, membership.members, env.clock
        )


@contextmanager
def open_imports(settings: NodeSettings) -> Iterator[SqlImports]:
    """Open the store alone, for what needs nobody else. Raises ``Defect`` as ``open``."""
    with _locked_store(settings) as records:
        yield SqlImports(records)


@contextmanager
def _locked_store(settings: NodeSettings) -> Iterator[SqlRecords]:
    with alone(settings.state / _LOCK, _IMPORTING), closing(open_store(settings)) as records:
        yield records


async def _start(membership: Membership, env: Env) -> None:
    """Start the membership, and try again for some seconds: a publication under way, or a broker
    that restarts, is no reason to send the operator away."""
    backoff = Backoff()
    for left in reversed(range(START_TRIES)):
        try:
            await membership.start()
        except Refused as refused:
            if not left or refused.code not in _MAY_PASS:
                raise
            await env.clock.sleep_until(env.clock.monotonic() + backoff.next(env.random()))
        else:
            return
