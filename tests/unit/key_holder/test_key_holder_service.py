"""The key holder as a whole, over its real vault, meter, record and evaluator."""

from __future__ import annotations

import asyncio
import errno
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes import federations
from fakes.clock import ManualClock
from fakes.federations import HOLDERS, member
from fakes.refusals import refused
from fakes.witnesses import witness_in, witness_of
from fingerpost.audit.log import AuditLog
from fingerpost.membership.trusted_time import TrustedTime
from fingerpost.private.oprf import BlindedBatch
from fingerpost.protocol.caseload import marked_keys
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import DenyList, Epoch, Federation, Party
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from fingerpost.runtime.database import open_migrated, open_sqlite
from fingerpost.runtime.identity import PeerIdentity
from fingerpost.runtime.witness import Fault, PutBack
from key_holder.evaluator import Evaluator
from key_holder.migrations import REVISIONS
from key_holder.quota import Allowance, allowance
from key_holder.record import CATALOGUE, AuditRecord
from key_holder.service import KeyHolder
from key_holder.store import SqlMeter
from key_holder.vault import FileVault

NOW = int(federations.NOW)
FEDERATION = FederationId("test")
ME, OTHER = HOLDERS
NODE, GATEWAY = MemberId("node"), MemberId("gateway")
ONE = EpochNumber(1)
MARKED = marked_keys(0)
MOST = 2 * 24 * 5 // 4 + MARKED
"""Of a node that declares two children, and has no agency yet."""


def peer(
    member: MemberId = GATEWAY,
    party: Party = Party.GATEWAY,
    *,
    federation: FederationId = FEDERATION,
    not_after: int = NOW + 10**9,
) -> PeerIdentity:
    return PeerIdentity(federation, member, party, not_after, serial=7)


AS_GATEWAY, AS_NODE = peer(), peer(NODE, Party.NODE)


class World:
    """One key holder over real storage."""

    def __init__(self, folder: Path) -> None:
        (folder / "vault").mkdir()
        self.vault = FileVault(folder / "vault")
        self.engine = open_migrated(folder / "meter.sqlite", REVISIONS)
        self.meter = SqlMeter(self.engine, witness_in(folder))
        self.audit = AuditLog.open(
            folder / "audit.sqlite",
            catalogue=CATALOGUE,
            master_key=bytes(32),
            witness=witness_of(folder / "audit.sqlite"),
        )
        self.clock = ManualClock(NOW)
        self.pool = ThreadPoolExecutor(1)
        self.evaluator = Evaluator(self.vault.seed, self.pool, 1)
        self.public_key = self.vault.make(ONE)
        self.current = self.federation()
        self.time = TrustedTime(self.clock)
        self.time.note(self.current)
        record = AuditRecord(self.audit)
        self.holder = KeyHolder(
            ME, self, self.vault, self.evaluator, self.meter, record, self.clock, self.time.reached
        )
        self.deposited: list[EpochNumber] = []

    def at(self, now: float) -> Federation:
        self.current.require_current(now)
        return self.current

    def federation(self, deny: DenyList | None = None, key: bytes | None = None) -> Federation:
        keys = {ME: key or self.public_key, OTHER: bytes(32)}
        epoch = Epoch(ONE, NOW - 100, NOW, NOW + 10_000, keys, bytes(32))
        members = (
            member(NODE, Party.NODE, declared_caseload=2),
            member(GATEWAY, Party.GATEWAY, lookups_per_day=1),
        )
        common = federations.parameters(FEDERATION, (epoch,), keys_per_child_hundredths=2400)
        made = federations.federation(common, members=members, valid_until=NOW + 10**7)
        return replace(made, deny=deny or DenyList(), signed_at=self.clock.now())

    async def deposit(self, epoch: EpochNumber, public_key: bytes) -> None:
        assert len(public_key) == 32
        self.deposited.append(epoch)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    running = asyncio.create_task(made.evaluator.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    made.pool.shutdown()
    made.audit.close()
    made.engine.dispose()


def batch(workload: Workload, inputs: int = 3, epoch: EpochNumber = ONE) -> BlindedBatch:
    return BlindedBatch.blind(
        [b"input %d" % i for i in range(inputs)],
        epoch=epoch,
        workload=workload,
        random_bytes=secrets.token_bytes,
    )


async def test_what_is_evaluated_verifies_against_the_member_list(world: World) -> None:
    lookup, bulk = batch(Workload.LOOKUP), batch(Workload.BULK)
    one = await world.holder.evaluate(AS_GATEWAY, lookup.message)
    two = await world.holder.evaluate(AS_NODE, bulk.message)
    assert lookup.finalise(one, world.public_key) == bulk.finalise(two, world.public_key)


async def test_each_evaluation_is_recorded_before_it_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)
    (entry,) = world.audit.show(0, 2**40, decrypt=False)
    assert str(entry.actor) == "gateway"
    assert entry.fields == {"epoch": 1, "workload": "LOOKUP", "elements": 32}

    def full_disk(events: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr(world.audit, "append_many", full_disk)
    with pytest.raises(Defect, match="full"):
        await world.holder.evaluate(AS_NODE, batch(Workload.BULK).message)


def lookups_of_the_day(world: World) -> Allowance:
    epoch, gateway = world.current.parameters.epochs[0], world.current.members[GATEWAY]
    return allowance(world.current, gateway, Workload.LOOKUP, epoch, NOW)


async def test_a_quota_holds_across_a_restart(world: World, tmp_path: Path) -> None:
    for _ in range(2):  # one lookup a day is two queries
        await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)
    engine = open_sqlite(tmp_path / "meter.sqlite")
    with refused(Code.QUOTA):
        SqlMeter(engine, witness_in(tmp_path)).charge(GATEWAY, lookups_of_the_day(world), 1)
    engine.dispose()
    with refused(Code.QUOTA):
        await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)


async def test_a_meter_put_back_gives_no_quota_again(world: World, tmp_path: Path) -> None:
    path, copy = tmp_path / "meter.sqlite", tmp_path / "copy.sqlite"
    await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)
    world.engine.dispose()
    shutil.copy(path, copy)
    await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)
    world.engine.dispose()
    shutil.copy(copy, path)
    with pytest.raises(PutBack) as refusal, SqlMeter.open(path, witness_in(tmp_path)):
        pass
    assert refusal.value.fault is Fault.OLDER
    with pytest.raises(PutBack):
        await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE counts SET elements = 0",
        "UPDATE counts SET growth = 'many'",
        "DELETE FROM counts",
        "DELETE FROM summed",
        "UPDATE witnessed SET number = -1",
    ],
)
async def test_a_meter_that_was_changed_is_refused_until_it_is_adopted(
    world: World, tmp_path: Path, statement: str
) -> None:
    await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)
    world.engine.dispose()
    path, witness = tmp_path / "meter.sqlite", witness_in(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(PutBack) as refusal, SqlMeter.open(path, witness):
        pass
    assert refusal.value.fault in (Fault.CHANGED, Fault.OLDER)
    with SqlMeter.open(path, witness, adopt=True) as meter:
        meter.adopt()
    with SqlMeter.open(path, witness):
        pass


async def test_bulk_does_not_eat_into_lookups(world: World) -> None:
    with refused(Code.QUOTA):
        await world.holder.evaluate(AS_NODE, batch(Workload.BULK, MOST + 1).message)
    await world.holder.evaluate(AS_NODE, batch(Workload.BULK, MOST).message)
    await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)


async def test_copied_rows_are_refused_by_the_holder(world: World) -> None:
    """Attack: a full node of ten children copies 42 more, five at a time and one key after another;
    it comes to three of them, and what its marked records leave.
    """
    node = member(NODE, Party.NODE, declared_caseload=10)
    world.current = replace(world.current, members={**world.current.members, NODE: node})
    for _ in range(10):
        await world.holder.evaluate(AS_NODE, batch(Workload.BULK, 24).message)
    evaluated = 0
    for size in (5 * 24, 24, 1):
        with refused(Code.QUOTA):
            for _ in range(42):
                await world.holder.evaluate(AS_NODE, batch(Workload.BULK, size).message)
                evaluated += size
    assert evaluated == 60 + MARKED


async def test_a_refusal_is_noted_once_and_charges_nothing(world: World) -> None:
    too_many = batch(Workload.BULK, MOST + 1).message
    for _ in range(3):
        with refused(Code.QUOTA):
            await world.holder.evaluate(AS_NODE, too_many)
    ((count,),) = world.meter.counted().values()
    assert (count.elements, count.growth, count.refused) == (0, 0, True)


LOOKUP = batch(Workload.LOOKUP).message
NEXT_EPOCH = batch(Workload.LOOKUP, epoch=EpochNumber(2)).message
IDENTITY_POINTS = Blinded(ONE, Workload.LOOKUP, (bytes(32),) * 32)


REFUSED = {
    "a stranger": (peer(MemberId("x")), LOOKUP, Code.NOT_A_MEMBER),
    "a node as gateway": (peer(NODE), LOOKUP, Code.NOT_A_MEMBER),
    "a gateway as broker": (peer(party=Party.BROKER), LOOKUP, Code.NOT_A_MEMBER),
    "a certificate that ended": (peer(not_after=NOW - 1), LOOKUP, Code.NOT_A_MEMBER),
    "another federation": (peer(federation=FederationId("other")), LOOKUP, Code.NOT_A_MEMBER),
    "a lookup of a node": (AS_NODE, LOOKUP, Code.NOT_ALLOWED),
    "an epoch to come": (AS_GATEWAY, NEXT_EPOCH, Code.NOT_READY),
    "points that are the identity": (AS_GATEWAY, IDENTITY_POINTS, Code.MALFORMED),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_wrong_caller_or_a_wrong_request_is_refused(world: World, case: str) -> None:
    caller, message, code = REFUSED[case]
    with refused(code):
        await world.holder.evaluate(caller, message)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"deny": DenyList(certificates=frozenset({7}))}, Code.NOT_A_MEMBER),
        ({"deny": DenyList(members=frozenset({GATEWAY}))}, Code.NOT_A_MEMBER),
        ({"key": bytes(31) + b"\1"}, Code.NOT_READY),
    ],
    ids=["the certificate denied", "the member denied", "another key listed"],
)
async def test_the_list_in_force_decides(world: World, change: dict[str, Any], code: Code) -> None:
    world.current = world.federation(**change)
    with refused(code):
        await world.holder.evaluate(AS_GATEWAY, LOOKUP)


async def test_a_list_that_ran_out_admits_nobody(world: World) -> None:
    world.clock.advance(10**8)
    with refused(Code.UNTRUSTED_METADATA):
        await world.holder.evaluate(AS_GATEWAY, LOOKUP)


async def test_lookups_pass_bulk_that_waits(world: World) -> None:
    order: list[str] = []

    async def ask(name: str, workload: Workload) -> None:
        await world.evaluator.evaluate(batch(workload, 1).message)
        order.append(name)

    gate = world.pool.submit(lambda: None)
    gate.result()
    bulk = [asyncio.create_task(ask(f"bulk {i}", Workload.BULK)) for i in range(4)]
    lookup = asyncio.create_task(ask("lookup", Workload.LOOKUP))
    await asyncio.gather(*bulk, lookup)
    assert order.index("lookup") <= 1


async def test_keys_live_and_die_with_their_epochs(world: World, tmp_path: Path) -> None:
    await world.holder.keep_keys(world)
    await world.holder.keep_keys(world)
    assert world.deposited == [EpochNumber(2)]
    seed = (tmp_path / "vault" / "epoch-1.seed").read_bytes()
    assert len(seed) == 32
    world.clock.advance(20_000)
    await world.holder.keep_keys(world)
    assert not (tmp_path / "vault" / "epoch-1.seed").exists()
    assert world.vault.held() == frozenset({EpochNumber(2)})
    assert world.deposited == [EpochNumber(2)]
    world.clock.advance(6 * 3600)
    await world.holder.keep_keys(world)
    assert world.deposited == [EpochNumber(2)] * 2
    again = FileVault(tmp_path / "vault")
    assert again.public_key(EpochNumber(2)) == world.vault.public_key(EpochNumber(2))
    assert seed.hex() not in repr(again)


async def test_a_key_that_could_not_be_destroyed_is_destroyed_later(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it keeps the next key from nobody."""
    world.clock.advance(20_000)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk failed")

    with monkeypatch.context() as disk, pytest.raises(Defect, match="cannot be destroyed"):
        disk.setattr("key_holder.vault.os.fsync", fail)
        disk.setattr(world.vault, "make", lambda _: None)
        disk.setattr(world.vault, "public_key", lambda _: bytes(32))
        await world.holder.keep_keys(world)
    assert world.deposited == [EpochNumber(2)]
    assert ONE in world.vault.held()
    await world.holder.keep_keys(world)
    assert world.vault.held() == {EpochNumber(2)}
    assert not (tmp_path / "vault" / "epoch-1.seed").exists()


@pytest.mark.parametrize("days", [100, 400])
async def test_a_clock_that_is_ahead_for_a_moment_destroys_no_key(world: World, days: int) -> None:
    """Twenty seconds 100 days ahead destroyed the keys of the running epoch for good."""
    world.clock.step_wall(days * 86_400)
    await world.holder.keep_keys(world)
    world.clock.advance(20)
    await world.holder.keep_keys(world)
    assert ONE in world.vault.held()
    world.clock.step_wall(-days * 86_400)
    await world.holder.keep_keys(world)
    await world.holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message)


async def test_an_issuer_whose_clock_is_ahead_destroys_no_key(world: World) -> None:
    world.time.note(replace(world.current, signed_at=NOW + 100 * 86_400))
    await world.holder.keep_keys(world)
    assert ONE in world.vault.held()


async def test_a_broker_that_plays_back_an_old_list_makes_destruction_wait(world: World) -> None:
    world.clock.advance(20_000)
    world.time.note(replace(world.current, signed_at=NOW - 3600))
    await world.holder.keep_keys(world)
    assert ONE in world.vault.held()
    world.time.note(replace(world.current, signed_at=NOW + 20_000))
    await world.holder.keep_keys(world)
    assert ONE not in world.vault.held()


def test_a_vault_is_not_made_by_itself(tmp_path: Path) -> None:
    with pytest.raises(Defect):
        FileVault(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(Defect):
        FileVault(tmp_path)


class Gate:
    """A record that is written when the test lets it be, and evaluations that note what came before
    them.
    """

    def __init__(self, failure: Defect | None) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self.failure = failure
        self.order: list[str] = []

    async def evaluated(self, member: MemberId, batch: Blinded, at: float) -> None:
        self.reached.set()
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.order.append("recorded")

    async def evaluate(self, batch: Blinded) -> Evaluated:
        self.order.append("evaluated")
        return Evaluated(batch.elements, bytes(64))


@pytest.mark.parametrize("failure", [None, Defect("the disk is full")])
async def test_the_key_is_not_used_before_the_record_is_written(
    world: World, failure: Defect | None
) -> None:
    gate = Gate(failure)
    holder = KeyHolder(
        ME, world, world.vault, gate, world.meter, gate, world.clock, world.clock.now
    )
    asked = asyncio.create_task(holder.evaluate(AS_GATEWAY, batch(Workload.LOOKUP).message))
    await gate.reached.wait()
    for _ in range(10):  # whatever could run beside the record has run by then
        await asyncio.sleep(0)
    assert gate.order == []
    gate.open.set()
    if failure is None:
        await asked
        assert gate.order == ["recorded", "evaluated"]
    else:
        with pytest.raises(Defect):
            await asked
        assert gate.order == []


def test_a_destroyed_key_is_overwritten_before_it_is_removed(world: World, tmp_path: Path) -> None:
    """A second name of the file shows what is left in its blocks."""
    path = tmp_path / "vault" / "epoch-1.seed"
    seed, second_name = path.read_bytes(), tmp_path / "second-name"
    second_name.hardlink_to(path)
    world.vault.destroy(ONE)
    assert not path.exists()
    left = second_name.read_bytes()
    assert len(left) == len(seed)
    assert left != seed
