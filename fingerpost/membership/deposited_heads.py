"""The heads of a member's stores, left at the issuer: what shows that a log was written anew.

Law: every hour, whether or not anything has grown, a member leaves number and digest of the newest
state of each of its stores, as its witness has them. What it leaves is sealed under a key that
follows from its signing key, with a new nonce each time, and its size follows from the number of
stores; so the issuer learns that the member runs, and nothing else.

To open it takes neither the store nor its witness. So a log is found out that was deleted with
both, and one that was written anew with every copy of its head. Whoever holds the signing key can
leave false heads from then on, but cannot take back those that were left before; the issuer, which
keeps them, can lose them and cannot make one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import (
    HEADS_PARTS,
    STATEMENT_BYTES,
    HeadsStatement,
    ReadHeadsStatement,
    read_heads,
    write_heads,
    write_read_heads,
)
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import key_for
from fingerpost.runtime.witness import DIGEST_BYTES, Mark, WitnessFolder

EVERY_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 300.0
LOOK_JITTER_SECONDS: Final = 60.0
HEADS_EVENTS: Final = {"member.behind_its_deposit": frozenset({"store"})}
STORES_IN_A_PART: Final = 64
_NAME_BYTES: Final = 16
_NUMBER_BYTES: Final = 8
_HEAD_BYTES: Final = _NAME_BYTES + _NUMBER_BYTES + DIGEST_BYTES
_NONE: Final = Mark(0, bytes(DIGEST_BYTES))
_LATEST: Final = 2**40


class NotContinued(Defect):
    """A log does not go on from a head that its member has left at the issuer."""

    def __init__(self, number: int, at: str, *, gone: bool) -> None:
        what = "has gone" if gone else "is not the one that was recorded"
        super().__init__(
            f"the log does not go on from the head that was left at the issuer at {at} UTC: entry "
            f"{number} {what}. It was cut off, restored from an older copy, or written anew"
        )


@dataclass(frozen=True, slots=True)
class Deposit:
    """What was left at ``at`` (seconds since 1970 UTC): a head for each store, by name."""

    at: int
    heads: Mapping[bytes, Mark]

    def has(self, store: str) -> bool:
        """Return whether this part has the store, even where it had no head yet."""
        return _named(store) in self.heads

    def head(self, store: str) -> Mark | None:
        """Return the head of a store; None where it had none, or is not of this part."""
        found = self.heads.get(_named(store), _NONE)
        return None if found == _NONE else found


def written(heads: Iterable[tuple[str, Mark | None]]) -> bytes:
    """Return the form of heads before they are sealed; its size follows from their number."""
    rows = []
    for store, newest in heads:
        mark = newest or _NONE
        rows.append(_named(store) + mark.number.to_bytes(_NUMBER_BYTES, "big") + mark.digest)
    return b"".join(rows)


def read(plain: bytes) -> Mapping[bytes, Mark]:
    """Return the heads by name. Raises ``Defect``: the bytes are not their form."""
    if len(plain) % _HEAD_BYTES:
        raise Defect("heads that were left at the issuer are of another form")
    rows = (plain[at : at + _HEAD_BYTES] for at in range(0, len(plain), _HEAD_BYTES))
    number = slice(_NAME_BYTES, _NAME_BYTES + _NUMBER_BYTES)
    return {
        row[:_NAME_BYTES]: Mark(int.from_bytes(row[number], "big"), row[number.stop :])
        for row in rows
    }


def require_continued(
    deposits: Iterable[Deposit],
    store: str,
    hash_at: Callable[[int], bytes | None],
    utc: Callable[[int], str],
) -> None:
    """Require that a log goes on from each head of it that was left.

    Args:
        store: the name of its witness.
        hash_at: returns the hash of an entry by its number; None where there is no such entry.
        utc: writes a time for the message.

    Raises:
        NotContinued: it does not; the earliest such head is named.
    """
    for deposit in sorted(deposits, key=lambda each: each.at):
        head = deposit.head(store)
        found = head and hash_at(head.number)
        if head is not None and found != head.digest:
            raise NotContinued(head.number, utc(deposit.at), gone=found is None)


def behind(deposits: Sequence[Deposit], stores: Sequence[str], witness: WitnessFolder) -> list[str]:
    """Return the stores whose witness is older than what was left: both were put back together."""
    found = []
    for store in stores:
        left = max((head.number for d in deposits if (head := d.head(store))), default=0)
        newest = witness.of(store).newest()
        if left > (newest.number if newest else 0):
            found.append(store)
    return found


class Issuer(Protocol):
    """Where heads are left. Each call raises ``Refused``."""

    async def deposit_heads(self, envelope: bytes) -> None: ...

    async def heads(self, envelope: bytes) -> tuple[bytes, ...]: ...


class DepositedHeads:
    """Leaves a member's heads at the issuer, and reads them."""

    def __init__(
        self,
        me: Identity,
        signing_key: Ed25519PrivateKey,
        issuer: Issuer,
        witness: WitnessFolder,
        clock: Clock,
    ) -> None:
        self._me = me
        self._signing_key = signing_key
        self._issuer = issuer
        self._witness = witness
        self._clock = clock
        self._box = SealedBox(key_for("deposited heads", signing_key.private_bytes_raw()))
        self._due: float | None = None

    async def leave_if_due(self, stores: Sequence[str], report: Callable[[str], None]) -> None:
        """Leave the heads of all stores, if an hour has passed since, or none were left yet.

        Args:
            report: is told each store that is older than what was left before (see ``behind``), the
                first time, and before anything is left (attack: the acceptance of heads that are
                level with a store that was put back is lost, and the next look compares with
                them).

        Raises:
            Refused: by the issuer, or it could not be reached; the next look tries again.
            Defect: a witness cannot be read.
        """
        now = self._clock.monotonic()
        if self._due is None:
            for store in behind(await self._newest(), stores, self._witness):
                report(store)
        elif now < self._due:
            return
        await self.leave(stores)
        self._due = now + EVERY_SECONDS

    async def leave(self, stores: Sequence[str]) -> None:
        """Leave the heads of all stores. Raises as ``leave_if_due``."""
        names, at = sorted(stores), int(self._clock.now())
        for part, first in enumerate(range(0, len(names), STORES_IN_A_PART)):
            some = names[first : first + STORES_IN_A_PART]
            plain = written((name, self._witness.of(name).newest()) for name in some)
            sealed = self._box.seal(plain, self._place(at, part))
            made = HeadsStatement(self._me.federation, self._me.member, at, part, sealed)
            await self._issuer.deposit_heads(write_heads(made, self._signing_key))

    async def left(self) -> tuple[Deposit, ...]:
        """Return all that was left under the present keys, the newest first within a part.

        Raises:
            Refused: by the issuer, or it could not be reached; MALFORMED: it shows something that
                is no deposit.
            Defect: what it shows does not open with this member's key.
        """
        found: list[Deposit] = []
        for part in range(HEADS_PARTS):
            before, some = _LATEST, await self._left(part, _LATEST)
            if not some:
                break
            while some and some[-1].at < before:
                found += some
                before = some[-1].at
                some = await self._left(part, before)
        return tuple(found)

    def open(self, data: bytes, part: int) -> Deposit:
        """Return what an envelope holds that the issuer shows for a part.

        Raises:
            Refused: BAD_SIGNATURE, MALFORMED: this member has not left it.
            Defect: it does not open with this member's key.
        """
        envelope, _ = claimed_signer(data, most=STATEMENT_BYTES)
        statement = read_heads(envelope, self._signing_key.public_key())
        at = statement.issued_at
        refusal = "heads that were left at the issuer do not open with this member's key"
        return Deposit(at, read(self._box.open(statement.sealed, self._place(at, part), refusal)))

    async def _newest(self) -> tuple[Deposit, ...]:
        """Return the newest that was left of each part."""
        found: list[Deposit] = []
        for part in range(HEADS_PARTS):
            some = await self._left(part, _LATEST)
            if not some:
                break
            found.append(some[0])
        return tuple(found)

    async def _left(self, part: int, before: int) -> list[Deposit]:
        me, now = self._me, int(self._clock.now())
        asked = ReadHeadsStatement(me.federation, me.member, now, part, before)
        envelopes = await self._issuer.heads(write_read_heads(asked, self._signing_key))
        found = []
        for envelope in envelopes:
            try:
                found.append(self.open(envelope, part))
            except Refused as refused:
                if refused.code is not Code.BAD_SIGNATURE:
                    raise
                # It was left under keys that were replaced since, and so were all before it.
                break
        return found

    def _place(self, at: int, part: int) -> bytes:
        member = f"{self._me.federation}/{self._me.member}".encode()
        return b"heads\0" + at.to_bytes(8, "big") + part.to_bytes(2, "big") + member


def _named(store: str) -> bytes:
    return sha256(store.encode()).digest()[:_NAME_BYTES]
