"""What the issuer asks of a statement before it acts. Pure: the list, the time and what was seen come in.

Every rule raises ``Refused``. A request's freshness and nonce keep a recorded request from being played back later; at
worst, that would give a certificate to the holder of the same key once more.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from authority.issuer.roll import Roll
from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import CertifyStatement, claimed_signer, read_certify
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Member
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import tls
from fingerpost.runtime.tls import Identity

STATEMENT_SECONDS: Final = 120
CERTIFICATES_PER_HOUR: Final = 12
DEPOSITS_PER_HOUR: Final = 60
_NAME: Final = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_FETCHABLE: Final = re.compile(
    r"metadata/(?:(?:[1-9][0-9]{0,5}\.)?root|timestamp|snapshot|targets|deny-list|code-lists|bin-[0-9a-f]{2})\.json"
    r"|targets/(?:index|parameters|deny-list|code-lists)\.json"
    rf"|targets/members/{_NAME}\.json"
    r"|targets/areas/[a-z][0-9]{8}\.json"
    rf"|targets/peppers/[1-9][0-9]{{0,9}}/{_NAME}\.json"
)


def require_fetchable(path: str) -> None:
    """A path of the repository's layout and nothing else: no dots that climb, no file beside it.

    Raises ``Refused(NOT_ALLOWED)``, as for a file that does not exist.
    """
    if len(path) > limits.PATH_CHARS or _FETCHABLE.fullmatch(path) is None:
        raise Refused(Code.NOT_ALLOWED, "path")


def open_certify(data: bytes, roll: Roll) -> tuple[CertifyStatement, Member]:
    """The statement in an envelope, verified under the key that the member list has for its signer.

    Raises ``Refused``: MALFORMED, NOT_A_MEMBER, BAD_SIGNATURE, NOT_ALLOWED (another federation).
    """
    envelope, signer = claimed_signer(data)
    member = roll.member(signer)
    statement = read_certify(envelope, Ed25519PublicKey.from_public_bytes(member.signing_key))
    if statement.federation != roll.federation:
        raise Refused(Code.NOT_ALLOWED, "statement.federation")
    return statement, member


def require_fresh(issued_at: int, now: float) -> None:
    """Raises ``Refused(NOT_FRESH)``."""
    if issued_at > now + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.NOT_FRESH, "issued_at")
    if issued_at + STATEMENT_SECONDS + limits.CLOCK_SKEW_SECONDS < now:
        raise Refused(Code.NOT_FRESH, "issued_at")


def identity_of(member: Member, federation: FederationId) -> Identity:
    """The names that the member's certificate carries."""
    return Identity(federation, member.id, tls.Party(member.party.value))


class Quota:
    """How often each member did something in the last hour (attack, or fault: a member that renews without end, and
    fills the audit log). Only what has been verified is counted, so members alone decide its size."""

    def __init__(self, per_hour: int) -> None:
        self._most = per_hour
        self._times: deque[tuple[float, MemberId]] = deque()
        self._count: Counter[MemberId] = Counter()

    def spend(self, member: MemberId, now: float) -> None:
        """Raises ``Refused(QUOTA)``."""
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
        """Raises ``Refused(REPLAYED)``."""
        for nonce in [nonce for nonce, keep in self._nonces.items() if keep < now]:
            del self._nonces[nonce]
        if statement.nonce in self._nonces:
            raise Refused(Code.REPLAYED, "statement.nonce")
        keep = statement.issued_at + STATEMENT_SECONDS + limits.CLOCK_SKEW_SECONDS
        self._nonces[statement.nonce] = keep
