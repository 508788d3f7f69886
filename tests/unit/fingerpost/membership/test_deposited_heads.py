"""A member's heads at the issuer: what was undone on the member's machine is found out by them."""

from __future__ import annotations

import shutil
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.clock import ManualClock
from fakes.refusals import refused
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.membership.deposited_heads import (
    EVERY_SECONDS,
    STORES_IN_A_PART,
    DepositedHeads,
    NotContinued,
    require_continued,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import (
    STATEMENT_BYTES,
    HeadsStatement,
    read_heads,
    read_read_heads,
    write_heads,
)
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import WitnessFolder

KEY: Final = bytes(range(32))
ME: Final = Identity(FederationId("pilot"), MemberId("node-oak"), Party.NODE)
LOGS: Final = ("audit.e99000001.elm", "audit.e99000001.oak")
ELM, OAK = LOGS


class Kept:
    """The issuer: it keeps what it is given.

    Attributes:
        keys: of the member, the present one first.
        acceptance_lost: it keeps the heads, and the connection breaks before it says so.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.keys = [key.public_key()]
        self.left: list[bytes] = []
        self.acceptance_lost = False

    def statement(self, envelope: bytes) -> HeadsStatement:
        read = claimed_signer(envelope, most=STATEMENT_BYTES)[0]
        for former in self.keys[1:]:
            with suppress(Refused):
                return read_heads(read, former)
        return read_heads(read, self.keys[0])

    async def deposit_heads(self, envelope: bytes) -> None:
        self.left.insert(0, envelope)
        if self.acceptance_lost:
            raise Refused(Code.UNAVAILABLE, "issuer")

    async def heads(self, envelope: bytes) -> tuple[bytes, ...]:
        asked = read_read_heads(claimed_signer(envelope, most=STATEMENT_BYTES)[0], self.keys[0])
        found = [
            each
            for each in self.left
            if (made := self.statement(each)).part == asked.part and made.issued_at < asked.before
        ]
        return tuple(found[:2])  # a page


class Member:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = Ed25519PrivateKey.generate()
        self.clock = ManualClock()
        self.issuer = Kept(self.key)
        self.heads = self.restarted()

    def restarted(self) -> DepositedHeads:
        return DepositedHeads(ME, self.key, self.issuer, self.witness, self.clock)

    @property
    def witness(self) -> WitnessFolder:
        return WitnessFolder(self.folder / "witness")

    def open(self, store: str = OAK) -> AuditLog:
        return AuditLog.open(
            self.folder / f"{store}.sqlite",
            catalogue={"note": frozenset()},
            master_key=KEY,
            witness=self.witness.of(store),
        )

    def record(self, text: bytes, store: str = OAK) -> None:
        with closing(self.open(store)) as log:
            log.append(AuditEvent("note", Actor("a"), OperationId("b"), 10**9, {}, text))

    async def leave(self) -> None:
        self.clock.advance(EVERY_SECONDS)
        await self.heads.leave(LOGS)

    async def leave_if_due(self) -> list[str]:
        """Return what is reported, whatever the issuer says afterwards."""
        reported: list[str] = []
        with suppress(Refused):
            await self.heads.leave_if_due(LOGS, reported.append)
        return reported

    async def require_continued(self, store: str = OAK) -> None:
        with closing(self.open(store)) as log:
            require_continued(await self.heads.left(), store, log.hash_at, str)

    def delete(self) -> None:
        """All that the member has but its credentials."""
        for path in self.folder.glob("audit.*"):
            path.unlink()
        shutil.rmtree(self.folder / "witness")
        self.heads = self.restarted()


async def put_back(member: Member, folder: Path) -> None:
    """Put an earlier copy of the logs back, with their witness, and start the member again."""
    member.record(b"one")
    shutil.copytree(member.folder, folder / "copy", ignore=shutil.ignore_patterns("copy"))
    member.record(b"two")
    await member.leave()
    member.delete()
    shutil.copytree(folder / "copy", member.folder, dirs_exist_ok=True)
    member.heads = member.restarted()
    member.clock.advance(EVERY_SECONDS)


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


async def test_a_log_that_grew_goes_on_from_all_of_its_heads(member: Member) -> None:
    await member.leave()
    for number in range(5):
        member.record(b"%d" % number)
        await member.leave()
    left = await member.heads.left()
    assert len(left) == 6
    assert [deposit.head(OAK) is None for deposit in left] == [False] * 5 + [True]
    assert all(deposit.has(ELM) and deposit.head(ELM) is None for deposit in left)
    await member.require_continued()
    await member.require_continued(ELM)


async def test_a_log_deleted_with_its_head_and_its_witness_is_found_out(member: Member) -> None:
    for number in range(3):
        member.record(b"%d" % number)
    await member.leave()
    member.delete()
    with pytest.raises(NotContinued, match="entry 3 has gone"):
        await member.require_continued()
    await member.require_continued(ELM)


async def test_a_log_written_anew_with_all_copies_of_its_head_is_found_out(member: Member) -> None:
    """Also when its member leaves the new heads from then on."""
    for number in range(3):
        member.record(b"%d" % number)
    await member.leave()
    member.delete()
    for number in range(5):
        member.record(b"another %d" % number)
    for _ in range(5):
        await member.leave()
    with pytest.raises(NotContinued, match="entry 3 is not the one that was recorded"):
        await member.require_continued()


async def test_a_deposit_shows_nothing_of_whether_a_log_grew(member: Member) -> None:
    member.record(b"one")
    await member.leave()
    await member.leave()
    member.record(b"two")
    member.record(b"one", ELM)
    await member.leave()
    assert len({len(envelope) for envelope in member.issuer.left}) == 1
    sealed = [member.issuer.statement(envelope).sealed for envelope in member.issuer.left]
    assert len(set(sealed)) == 3
    newest = member.witness.of(OAK).newest()
    assert newest is not None
    assert not any(newest.digest in each or b"oak" in each for each in sealed)


async def test_they_are_left_every_hour_and_at_the_start(member: Member) -> None:
    for minute in range(0, 181, 5):
        assert await member.leave_if_due() == []
        assert len(member.issuer.left) == 1 + minute // 60
        member.clock.advance(300)
    member.heads = member.restarted()
    assert await member.leave_if_due() == []
    assert len(member.issuer.left) == 5


async def test_stores_put_back_with_their_witness_are_reported_at_the_start(
    member: Member, tmp_path: Path
) -> None:
    await put_back(member, tmp_path)
    assert await member.leave_if_due() == [OAK]
    member.clock.advance(EVERY_SECONDS)
    assert await member.leave_if_due() == []
    with pytest.raises(NotContinued):
        await member.require_continued()


async def test_who_loses_the_issuers_acceptance_hides_no_store_that_was_put_back(
    member: Member, tmp_path: Path
) -> None:
    """Attack: stores are put back, and of the first deposit afterwards, which is level with them,
    the acceptance is lost. The member leaves again, and compares with its own deposit."""
    await put_back(member, tmp_path)
    member.issuer.acceptance_lost = True
    assert await member.leave_if_due() == [OAK]
    member.issuer.acceptance_lost = False
    await member.leave_if_due()
    assert len(member.issuer.left) == 3


async def test_a_member_with_new_keys_leaves_heads_and_reads_those(member: Member) -> None:
    """Its keys were stolen and replaced. What it left under the old ones is not believed."""
    member.record(b"one")
    await member.leave()
    member.key = Ed25519PrivateKey.generate()
    member.issuer.keys.insert(0, member.key.public_key())
    member.heads = member.restarted()
    member.clock.advance(EVERY_SECONDS)
    assert await member.leave_if_due() == []
    (deposit,) = await member.heads.left()
    assert deposit.head(OAK) == member.witness.of(OAK).newest()
    await member.require_continued()


async def test_many_stores_are_left_in_parts(member: Member) -> None:
    stores = [f"audit.e99000001.a{number:03}" for number in range(2 * STORES_IN_A_PART + 1)]
    member.record(b"one", stores[-1])
    await member.heads.leave(stores)
    assert len(member.issuer.left) == 3
    left = await member.heads.left()
    assert [deposit.at for deposit in left if deposit.head(stores[-1])] == [left[2].at]
    assert all(sum(deposit.has(store) for deposit in left) == 1 for store in stores)


async def test_the_issuer_makes_no_head_up(member: Member) -> None:
    member.record(b"one")
    await member.leave()
    (envelope,) = member.issuer.left
    made = member.issuer.statement(envelope)
    moved = HeadsStatement(made.federation, made.member, made.issued_at + 1, 0, made.sealed)
    member.issuer.left = [write_heads(moved, member.key)]
    with pytest.raises(Defect, match="do not open"):
        await member.heads.left()
    stranger = Ed25519PrivateKey.generate()
    with refused(Code.BAD_SIGNATURE):
        member.heads.open(write_heads(made, stranger), 0)
