"""A node of a federation on loopback, and its imports: records in SQLite, tags from both key holders over the wire."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.answer_line import AnswerLine
from agency_node.answering.audit import AgencyLogs, open_log
from agency_node.answering.grpc_broker import BrokerStream
from agency_node.answering.service import Node
from agency_node.importing.importer import Importer
from agency_node.importing.source_file import SourceFile
from agency_node.importing.staging import Options as ImportOptions
from agency_node.records import grpc_key_holders
from agency_node.records.index import LocatorIndex
from agency_node.records.sealing import DataKey
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import open_records
from agency_node.records.store.seen import open_seen
from agency_node.records.tagging import Tagger
from agency_node.records.upkeep import Upkeep
from agency_node.wiring import EVENTS as NODE_EVENTS
from fakes.certificates import FakeAuthority
from fakes.import_world import Seen
from fakes.simulated_holders import Peppers
from fingerpost.audit.log import Entry
from fingerpost.membership.member_list import MemberList
from fingerpost.membership.rpc_channel import Redialled
from fingerpost.private.locators import tag
from fingerpost.private.oprf import BlindedBatch
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime import logs
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.runtime.run import reconnect
from integration.running_parties import KEY, SECONDS, HolderParty, RunningParty


class WireTags:
    """Implements ``agency_node.records.ports.Tags`` over the wire, without worker processes."""

    def __init__(self, holders: grpc_key_holders.GrpcKeyHolders) -> None:
        self._holders = holders

    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        first, second = (
            BlindedBatch.blind(
                inputs,
                epoch=epoch.number,
                workload=Workload.BULK,
                random_bytes=secrets.token_bytes,
            )
            for _ in holders
        )
        answers = await self._holders.evaluate((first.message, second.message))
        a = first.finalise(answers[0], epoch.holder_keys[holders[0]])
        b = second.finalise(answers[1], epoch.holder_keys[holders[1]])
        return tuple(tag(x, y) for x, y in zip(a, b, strict=True))


class NodeParty(RunningParty):
    """A node of several agencies, whose records come in by an import. ``left``: when answers left, how many."""

    def __init__(
        self,
        me: Identity,
        key: Ed25519PrivateKey,
        agencies: Sequence[AgencyId],
        folder: Path,
        authority: FakeAuthority,
        members: MemberList,
        peppers: Peppers,
        broker: Identity,
        clock: Clock,
    ) -> None:
        super().__init__(str(me.member), folder)
        self.me = me
        self.key = key
        self.agencies = agencies
        self.tls = authority.client(me)
        self.members = members
        self.peppers = peppers
        self.broker_identity = broker
        self.broker_address = ""
        self.clock = clock
        self.stream: BrokerStream
        self._secrets = {agency: secrets.token_bytes(32) for agency in agencies}
        self._upkeep: Upkeep

    @property
    def records_file(self) -> Path:
        return self.folder / "records.sqlite"

    def _data_keys(self) -> dict[AgencyId, DataKey]:
        return {a: DataKey(a, secret, secrets.token_bytes) for a, secret in self._secrets.items()}

    async def import_(
        self,
        holders: Sequence[HolderParty],
        agency: AgencyId,
        source: SourceFile,
        options: ImportOptions,
    ) -> None:
        records = open_records(self.records_file, self._data_keys())
        imports = SqlImports(records)
        one, other = (
            Redialled(h.address, self.tls, h.me, self.clock, self.members) for h in holders
        )
        wire = grpc_key_holders.GrpcKeyHolders(
            (one, other), self.clock, patience=SECONDS, random=lambda: 0.0
        )
        importer = Importer(
            self.me.member,
            records,
            imports,
            Tagger(imports, WireTags(wire)),
            self.members,
            self.clock,
        )
        try:
            report = await importer.run(agency, source, options, Seen())
            assert not report.refused
        finally:
            await wire.close()
            records.close()

    async def start(self) -> None:
        log = logs.configure("node", NODE_EVENTS, strict=True, stream=self.written)
        records = open_records(self.records_file, self._data_keys())
        self._opened.callback(records.close)
        seen = open_seen(self.folder / "seen.sqlite")
        self._opened.callback(seen.close)
        record = AgencyLogs(self.folder, KEY)
        self._opened.callback(record.close)
        index = LocatorIndex(records, lambda: time.sleep(0))
        self._upkeep = Upkeep(
            records, SqlImports(records), index, _no_tagging, self.members, self.peppers, log
        )
        self._opened.push_async_callback(self._upkeep.close)
        await self.tend()
        node = Node(
            self.me.member,
            self.key,
            dict.fromkeys(self.agencies, False),
            sound=True,
            members=self.members,
            peppers=self.peppers,
            records=records,
            locators=index,
            seen=seen,
            record=record,
            now=self.clock.now,
            log=log,
        )
        thread = self._opened.enter_context(ThreadPoolExecutor(1))
        line = AnswerLine(node.answer, thread, self.members, self.clock, log)
        self.stream = BrokerStream(
            self.broker_identity.member,
            lambda: connect(
                self.broker_address, self.tls, self.broker_identity, options=CLIENT_FRAMES
            ),
            lambda: self.clock.now() + 86_400,
            line,
            self.members,
            self.clock,
            log,
            random=lambda: 0.0,
        )
        self.run(line.run())
        self.run(
            reconnect(self.stream.attach, self.clock, random=lambda: 0.0, log=log, name="broker")
        )

    async def tend(self) -> None:
        """The tables of the slots that now are due; a running node does it every few seconds."""
        await self._upkeep.tend(self.clock.now())

    def entries(self, agency: AgencyId) -> list[Entry]:
        """The agency's audit log."""
        log = open_log(self.folder, agency, KEY)
        try:
            return list(log.show(0, 2**40, decrypt=True))
        finally:
            log.close()


def _no_tagging() -> contextlib.AbstractAsyncContextManager[Tagger]:
    raise AssertionError("the import has tagged everything")
