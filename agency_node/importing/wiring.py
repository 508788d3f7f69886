"""Construct the parts of an import, and those of the records that the running node needs too.

The import is a process of its own beside the running node. It has its own copy of the member list
(``<member_list>-import``, since a folder of the member list serves one process), its own channels,
and a lock, since two imports of one agency would undo each other. Its channels go through a gate of
its own (attack: a broker that pings the import sees how busy the machine is, and so what the node
beside it does)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from agency_node.importing.database import is_database, read_database
from agency_node.importing.importer import Importer, last_import
from agency_node.importing.misread import Earlier
from agency_node.importing.source_file import dispose, read_source
from agency_node.importing.staging import SourceFile
from agency_node.reading import gate
from agency_node.reading.wiring import through_a_gate
from agency_node.records.grpc_key_holders import GrpcKeyHolders
from agency_node.records.sealing import DataKey
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import SqlRecords, open_records, open_records_to_read
from agency_node.records.store.shields import FOLDER, FileShields
from agency_node.records.tag_workers import TagWorkers
from agency_node.records.tagging import Tagger
from agency_node.settings import AgencySettings, NodeSettings
from fingerpost.membership.membership import MEMBERSHIP_EVENTS, Membership, check_places
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key
from fingerpost.runtime.keys_apart import require_apart
from fingerpost.runtime.lock import alone
from fingerpost.runtime.run import Backoff, Task
from fingerpost.runtime.witness import WitnessFolder

EVENTS: Final = {**MEMBERSHIP_EVENTS, **gate.EVENTS}
IMPORT_PATIENCE_SECONDS: Final = 120.0
UPKEEP_PATIENCE_SECONDS: Final = 30.0
START_TRIES: Final = 12
_MAY_PASS: Final = frozenset({Code.UNTRUSTED_METADATA, Code.UNAVAILABLE, Code.NOT_READY})
_LOCK: Final = "import.lock"


def open_store(settings: NodeSettings) -> SqlRecords:
    """Open the records of all agencies of the settings.

    Raises:
        Defect: a secret file is missing, open to others or beside the data, or a data key is not
            the one of the rows.
    """
    require_apart(settings.keys, settings.data, trial=settings.places.trial)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open_records(
        settings.records, data_keys(settings), WitnessFolder(settings.places.witness)
    )


def open_shields(settings: NodeSettings) -> FileShields:
    """Open the registers of shields of all agencies of the settings. Raises ``Defect``: a key
    cannot be read, or their folder cannot be made.
    """
    witness = WitnessFolder(settings.places.witness)
    return FileShields(settings.state / FOLDER, data_keys(settings), witness)


def data_keys(settings: NodeSettings) -> Mapping[AgencyId, DataKey]:
    """Read the data key of each agency. Raises ``Defect``."""
    return {each.id: _data_key(each) for each in settings.agencies}


def _data_key(agency: AgencySettings) -> DataKey:
    return DataKey(agency.id, read_key(agency.data_key, setting=f"data_key of {agency.id}"))


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
        records = opened.enter_context(_locked_store(settings))
        places = settings.places
        addresses = check_places(places, Party.NODE).addresses.of_a_node()
        env, tasks = await opened.enter_async_context(through_a_gate(addresses, env))
        await opened.enter_async_context(_running(tasks))
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
            membership.bundle.member,
            records,
            imports,
            open_shields(settings),
            tagger,
            membership.members,
            env.clock,
        )


def open_source(path: Path) -> SourceFile:
    """Read an export, or the database that a file names in place of one.

    Raises:
        Defect: it cannot be read.
        RefusedFile: it cannot be opened, or not be read whole.
    """
    return read_database(path) if is_database(path) else read_source(path)


def dispose_of(path: Path) -> bool:
    """Delete an export, and return whether it was one: the name of a database stays. Raises
    ``Defect``.
    """
    if is_database(path):
        return False
    dispose(path)
    return True


def last_imports(
    settings: NodeSettings, agencies: Iterable[AgencyId]
) -> Mapping[AgencyId, Earlier | None]:
    """Return the last import of each agency. It needs no network, and changes and makes no file;
    where nothing was ever imported, it needs no key.

    Raises:
        Defect: a data key or the records cannot be read.
    """
    if not settings.records.exists():
        return dict.fromkeys(agencies)
    keys = {each: _data_key(settings.agency(each)) for each in agencies}
    witness = settings.places.witness
    with closing(open_records_to_read(settings.records, keys, witness)) as records:
        imports = SqlImports(records)
        return {each: last_import(imports, each, records.generation(each)) for each in keys}


@contextmanager
def open_imports(settings: NodeSettings) -> Iterator[SqlImports]:
    """Open the store without any other part of an import. Raises ``Defect`` as ``open``."""
    with _locked_store(settings) as records:
        yield SqlImports(records)


@contextmanager
def _locked_store(settings: NodeSettings) -> Iterator[SqlRecords]:
    with (
        alone(settings.state / _LOCK, "another import is running"),
        closing(open_store(settings)) as records,
    ):
        yield records


@asynccontextmanager
async def _running(tasks: Mapping[str, Task]) -> AsyncIterator[None]:
    """Run the tasks for as long as the context lasts."""
    running = [asyncio.ensure_future(task()) for task in tasks.values()]
    try:
        yield
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


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
