"""Construct the parts of an import, and those of the records that the running node needs too.

The import is a process of its own beside the running node. It has its own copy of the member list
(``<member_list>-import``, since a folder of the member list serves one process), its own channels,
and a lock, since two imports of one agency would undo each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
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
from fingerpost.protocol.federation import Party
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key
from fingerpost.runtime.lock import alone
from fingerpost.runtime.run import Backoff
from fingerpost.runtime.witness import WitnessFolder

IMPORT_PATIENCE_SECONDS: Final = 120.0
UPKEEP_PATIENCE_SECONDS: Final = 30.0
START_TRIES: Final = 12
_MAY_PASS: Final = frozenset({Code.UNTRUSTED_METADATA, Code.UNAVAILABLE, Code.NOT_READY})
_LOCK: Final = "import.lock"


def open_store(settings: NodeSettings, random_bytes: Callable[[int], bytes]) -> SqlRecords:
    """Open the records of all agencies of the settings.

    Args:
        random_bytes: for the nonces of what is sealed.

    Raises:
        Defect: a secret file is missing or open to others, or a data key is not the one of the
            rows.
    """
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {}
    for agency in settings.agencies:
        secret = read_key(agency.data_key, setting=f"data_key of {agency.id}")
        keys[agency.id] = DataKey(agency.id, secret, random_bytes)
    return open_records(settings.records, keys, WitnessFolder(settings.places.witness))


@asynccontextmanager
async def open_tagger(
    imports: SqlImports, membership: Membership, env: Env, *, workers: int, patience: float
) -> AsyncIterator[Tagger]:
    """Open worker processes and channels to both holders, for as long as the context lasts.

    Args:
        patience: seconds for one batch.
    """
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
        Refused: this node cannot get a certificate or a member list.
    """
    async with AsyncExitStack() as opened:
        records = opened.enter_context(_locked_store(settings, env.random_bytes))
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
def open_imports(
    settings: NodeSettings, random_bytes: Callable[[int], bytes]
) -> Iterator[SqlImports]:
    """Open the store without any other part of an import. Raises ``Defect`` as ``open``."""
    with _locked_store(settings, random_bytes) as records:
        yield SqlImports(records)


@contextmanager
def _locked_store(
    settings: NodeSettings, random_bytes: Callable[[int], bytes]
) -> Iterator[SqlRecords]:
    with (
        alone(settings.state / _LOCK, "another import is running"),
        closing(open_store(settings, random_bytes)) as records,
    ):
        yield records


async def _start(membership: Membership, env: Env) -> None:
    """Start the membership, and try again for some seconds: a publication may be under way, or the
    broker may be restarting.
    """
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
