"""Who is a member, and what the issuer requires of a statement before it acts. Pure: the list, the
time and the requests seen come in as arguments.

Every rule raises ``Refused``. The list is shown to listed members alone: a stranger learns from the
issuer neither who is a member nor what is sealed to whom. The freshness and the nonce of a request
for a certificate keep a recorded one from being played back later; at worst, that would give one
more certificate to the holder of the same key.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import (
    CertifyStatement,
    claimed_signer,
    read_certify,
    read_read,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Epoch, Member, Party
from fingerpost.protocol.federation_files import require_fetchable
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId

STATEMENT_SECONDS: Final = 120
READ_SECONDS: Final = limits.DAY
"""A request for a file is good for so long, either way. Only the issuer ever sees it, and it gives
what its member may have anyway; a member whose clock is hours off must still learn that it is."""
CERTIFICATES_PER_HOUR: Final = 12
DEPOSITS_PER_HOUR: Final = 60


@dataclass(frozen=True, slots=True, repr=False)
class Roll:
    """Who is a member. Areas and agencies are left out: the issuer decides about processes, never
    organisations.
    """

    federation: FederationId
    issuer: MemberId
    epochs: tuple[Epoch, ...]
    members: Mapping[MemberId, Member]
    deny: DenyList

    def __repr__(self) -> str:
        return f"Roll({len(self.members)} members)"

    def member(self, member: MemberId) -> Member:
        """Return the member. Raises ``Refused(NOT_A_MEMBER)`` alike for unknown and denied."""
        found = self.members.get(member)
        if found is None or member in self.deny.members:
            raise Refused(Code.NOT_A_MEMBER, "member")
        return found

    def is_past(self, epoch: EpochNumber) -> bool:
        """Return whether the epoch is older than all that are named; its keys are of no use any
        more.
        """
        return epoch.value < min((e.number.value for e in self.epochs), default=0)

    def require_depositable(self, epoch: EpochNumber, now: float) -> None:
        """Require an epoch that is named and not over, or one of the two that follow.

        Raises:
            Refused: UNSUPPORTED (attack: a member fills the disk with epochs that are never
                opened).
        """
        newest = max((e.number.value for e in self.epochs), default=0)
        running = any(e.number == epoch and now < e.ends_at for e in self.epochs)
        if not running and not newest < epoch.value <= newest + 2:
            raise Refused(Code.UNSUPPORTED, "epoch")


def open_certify(data: bytes, roll: Roll) -> tuple[CertifyStatement, Member]:
    """Return the statement in an envelope, verified under the key that the member list has for its
    signer.

    Raises:
        Refused: MALFORMED, NOT_A_MEMBER, BAD_SIGNATURE, NOT_ALLOWED (another federation).
    """
    envelope, signer = claimed_signer(data)
    member = roll.member(signer)
    statement = read_certify(envelope, Ed25519PublicKey.from_public_bytes(member.signing_key))
    if statement.federation != roll.federation:
        raise Refused(Code.NOT_ALLOWED, "statement.federation")
    return statement, member


def open_read(data: bytes, roll: Roll, now: float) -> str:
    """Return the path of the file that a member asks for and may have.

    Raises:
        Refused: MALFORMED, NOT_A_MEMBER, BAD_SIGNATURE, NOT_FRESH; NOT_ALLOWED (another federation,
            another member's sealed pepper, no such path).
    """
    envelope, signer = claimed_signer(data)
    member = roll.member(signer)
    statement = read_read(envelope, Ed25519PublicKey.from_public_bytes(member.signing_key))
    if statement.federation != roll.federation:
        raise Refused(Code.NOT_ALLOWED, "statement.federation")
    if abs(statement.issued_at - now) > READ_SECONDS:
        raise Refused(Code.NOT_FRESH, "issued_at")
    # The broker carries every member's sealed pepper; all others have their own.
    require_fetchable(statement.path, None if member.party is Party.BROKER else member.id)
    return statement.path


def require_fresh(issued_at: int, now: float) -> None:
    """Raise ``Refused(NOT_FRESH)`` for a statement from the future or older than
    ``STATEMENT_SECONDS``.
    """
    if issued_at > now + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.NOT_FRESH, "issued_at")
    if issued_at + STATEMENT_SECONDS + limits.CLOCK_SKEW_SECONDS < now:
        raise Refused(Code.NOT_FRESH, "issued_at")


class Quota:
    """Count how often each member did something in the last hour.

    It stops a member that renews without end, by attack or fault, from filling the audit log. Only
    verified statements are counted, so strangers cannot make it grow.
    """

    def __init__(self, per_hour: int) -> None:
        self._most = per_hour
        self._times: deque[tuple[float, MemberId]] = deque()
        self._count: Counter[MemberId] = Counter()

    def spend(self, member: MemberId, now: float) -> None:
        """Count one use. Raises ``Refused(QUOTA)`` when the hour's uses are spent."""
        while self._times and self._times[0][0] <= now - 3600:
            _, earlier = self._times.popleft()
            self._count[earlier] -= 1
            if not self._count[earlier]:
                del self._count[earlier]
        if self._count[member] >= self._most:
            raise Refused(Code.QUOTA, "statements")
        self._times.append((now, member))
        self._count[member] += 1


class Seen:
    """The nonces of the requests that are still fresh."""

    def __init__(self) -> None:
        self._nonces: dict[bytes, float] = {}

    def admit(self, statement: CertifyStatement, now: float) -> None:
        """Remember the statement's nonce. Raises ``Refused(REPLAYED)`` when it was seen before."""
        for nonce in [nonce for nonce, keep in self._nonces.items() if keep < now]:
            del self._nonces[nonce]
        if statement.nonce in self._nonces:
            raise Refused(Code.REPLAYED, "statement.nonce")
        keep = statement.issued_at + STATEMENT_SECONDS + limits.CLOCK_SKEW_SECONDS
        self._nonces[statement.nonce] = keep
