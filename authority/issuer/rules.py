"""Who is a member, and what the issuer requires of a statement before it acts. Pure: the list, the
time and the requests seen come in as arguments.

Every rule raises ``Refused``. The list is shown to listed members alone: a stranger learns from the
issuer neither who is a member nor what is sealed to whom. The freshness and the nonce of a request
for a certificate keep a recorded one from being played back later; at worst, that would give one
more certificate to the holder of the same key.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import (
    HEADS_PARTS,
    STATEMENT_BYTES,
    CertifyStatement,
    HeadsStatement,
    ReadHeadsStatement,
    ReadStatement,
    read_certify,
    read_heads,
    read_read,
    read_read_heads,
)
from fingerpost.protocol.envelope import Envelope
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Epoch, Member, Party
from fingerpost.protocol.federation_files import require_fetchable
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId

S = TypeVar("S", CertifyStatement, ReadStatement, HeadsStatement, ReadHeadsStatement)
STATEMENT_SECONDS: Final = 120
READ_SECONDS: Final = limits.DAY
"""A request for a file is good for so long, either way. Only the issuer ever sees it, and it gives
what its member may have anyway; a member whose clock is hours off must still learn that it is."""
CERTIFICATES_PER_HOUR: Final = 12
DEPOSITS_PER_HOUR: Final = 60
HEADS_PER_HOUR: Final = 4 * HEADS_PARTS
"""Every member leaves its heads once an hour, and again after each start."""
HEADS_WHOLE_SECONDS: Final = 2 * limits.DAY
HEADS_KEPT_SECONDS: Final = 400 * limits.DAY
"""All heads are kept for two days, and then one a day for more than a year."""
HEADS_ANSWER_BYTES: Final = 48 * 1024


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


def _opened(
    data: bytes, roll: Roll, read: Callable[[Envelope, Ed25519PublicKey], S]
) -> tuple[S, Member]:
    """Return the statement in an envelope, verified under the key that the member list has for its
    signer.

    Raises:
        Refused: MALFORMED, NOT_A_MEMBER, BAD_SIGNATURE, NOT_ALLOWED (another federation).
    """
    envelope, signer = claimed_signer(data, most=STATEMENT_BYTES)
    member = roll.member(signer)
    statement = read(envelope, Ed25519PublicKey.from_public_bytes(member.signing_key))
    if statement.federation != roll.federation:
        raise Refused(Code.NOT_ALLOWED, "statement.federation")
    return statement, member


def open_certify(data: bytes, roll: Roll) -> tuple[CertifyStatement, Member]:
    """Return a request for a certificate, and who makes it. Raises ``Refused`` as ``_opened``."""
    return _opened(data, roll, read_certify)


def open_read(data: bytes, roll: Roll, now: float) -> str:
    """Return the path of the file that a member asks for and may have.

    Raises:
        Refused: as ``_opened``; NOT_FRESH; NOT_ALLOWED (another member's sealed pepper, no such
            path).
    """
    statement, member = _opened(data, roll, read_read)
    _require_asked_today(statement.issued_at, now)
    # The broker carries every member's sealed pepper; all others have their own.
    require_fetchable(statement.path, None if member.party is Party.BROKER else member.id)
    return statement.path


def open_heads(data: bytes, roll: Roll) -> HeadsStatement:
    """Return the heads that a member leaves. Raises ``Refused`` as ``_opened``."""
    return _opened(data, roll, read_heads)[0]


def open_read_heads(data: bytes, roll: Roll, now: float) -> ReadHeadsStatement:
    """Return which of its own heads a member asks for.

    Raises:
        Refused: as ``_opened``; NOT_FRESH.
    """
    statement, _ = _opened(data, roll, read_read_heads)
    _require_asked_today(statement.issued_at, now)
    return statement


def _require_asked_today(issued_at: int, now: float) -> None:
    if abs(issued_at - now) > READ_SECONDS:
        raise Refused(Code.NOT_FRESH, "issued_at")


def require_later(issued_at: int, earlier: Iterable[int], now: float, what: str) -> None:
    """Require that nothing as late was left before (attack: an old statement is played back).

    Args:
        issued_at: of a fresh statement.
        earlier: when those that are kept were issued. One that was issued in the future was
            accepted by a clock that was ahead, and does not count: it would stop the member until
            that time has come.

    Raises:
        Refused: REPLAYED.
    """
    newest = now + limits.CLOCK_SKEW_SECONDS
    if any(issued_at <= at <= newest for at in earlier):
        raise Refused(Code.REPLAYED, what)


def outdated_heads(times: Sequence[int]) -> tuple[int, ...]:
    """Return which heads of a member are not kept beside its newest, at most two.

    What is older than ``HEADS_WHOLE_SECONDS`` is kept once a day, for ``HEADS_KEPT_SECONDS``. No
    more than two go at a time: a clock that is ahead for a moment destroys little.

    Args:
        times: when they were issued, ascending, the newest last.
    """
    if not times:
        return ()
    days: set[int] = set()
    outdated = []
    for at in times:
        age, day = times[-1] - at, at // limits.DAY
        if age > HEADS_KEPT_SECONDS or (age > HEADS_WHOLE_SECONDS and day in days):
            outdated.append(at)
        days.add(day)
    return tuple(outdated[:2])


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
