"""What the gateway's asking side needs of the world."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.passport import HandleProof, Passport
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, Handle, MemberId
from fingerpost.protocol.messages import LookupEvent
from practitioner.asking.notes import KeptNote, Thread
from practitioner.asking.outcome import First, Outcome, Question, Widened
from practitioner.asking.second_persons import Found, Happened, Requested
from practitioner.sign_in.rules import Session


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A passport for one lookup, as value and as token, the practitioner's key that its ``cnf``
    names, and her pseudonym of the day, with what proves it."""

    passport: Passport
    token: str
    key: Ed25519PrivateKey
    handle: Handle
    handle_proof: HandleProof

    def __repr__(self) -> str:
        return "Issued(…)"


class KeyHolders(Protocol):
    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        """Return the tags of 1 to 32 inputs, in order, with all proofs checked.

        Raises:
            Refused: UNAVAILABLE, QUOTA, BAD_PROOF, …
        """


class Broker(Protocol):
    def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent, None]:
        """Submit a query once and never again; yield what comes.

        Raises:
            Refused: the broker refused, or the call broke off midway.
        """


class Desk(Protocol):
    def issue(self, session: Session, now: float) -> Issued:
        """Issue a passport for one lookup.

        Raises:
            Refused: SIGN_IN, the session, training or vetting has run out.
        """


class RequesterKeys(Protocol):
    """The keys with which all gateways sign queries, one an epoch, so that a query does not show
    who asks."""

    def requester_key(self, epoch: EpochNumber) -> Ed25519PrivateKey:
        """Return the key of an epoch.

        Raises:
            Refused: NOT_READY, it has not been received yet, or is erased.
        """


class Record(Protocol):
    """The requesting agency's audit log.

    Each call is durable on return. It raises ``Defect`` when it cannot record; then nothing leaves.
    """

    async def asked(
        self,
        session: Session,
        question: Question,
        operation: str,
        at: float,
        widened: Widened | None,
    ) -> None: ...

    async def sent(
        self, agency: AgencyId, operation: str, query_hash: bytes, at: float
    ) -> None: ...

    async def ended(
        self, agency: AgencyId, operation: str, outcome: Outcome, at: float
    ) -> None: ...

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None: ...

    async def stopped(self, agency: AgencyId, operation: str, left: int, at: float) -> None:
        """Record that somebody stopped a lookup, of which ``left`` queries may have left."""


class Exchanges(Protocol):
    async def exchange(self, node: MemberId, hour: int, packet: bytes) -> bytes:
        """Send a packet to a node, and return the one that it gives in return; both have
        ``limits.PACKET_BYTES``.

        Args:
            hour: the present one, in hours since 1970 UTC.

        Raises:
            Refused: the broker refused, or the node gave none.
        """


class Threads(Protocol):
    async def begin(self, threads: Sequence[Thread]) -> None:
        """Keep what the notes about the queries of a lookup need, sealed, for seven days.

        Raises:
            Defect: it cannot be kept.
        """


class Calls(Protocol):
    async def rung(self, operation: str) -> frozenset[AgencyId]:
        """Return the agencies that the practitioner rang after a lookup, as she recorded it: she
        spoke to them, or left a message.

        Raises:
            Defect: it cannot be read.
        """


class Notes(Threads, Calls, Protocol):
    """What was said, and is to be said, of the lookups of the week. Raises ``Defect``."""

    async def threads(self, after: int) -> tuple[tuple[int, Thread], ...]:
        """Return the threads that were kept after the one of that number, each with its own."""

    async def waiting(self) -> tuple[KeptNote, ...]:
        """Return the notes that have not left."""

    async def keep(self, notes: Sequence[KeptNote]) -> None:
        """Keep notes; one that is there is written over. Durable on return."""


class SecondPersonRecord(Protocol):
    """What second persons decide, in the requesting agency's audit log. All calls block, are
    durable on return, and raise ``Defect`` as ``Record`` does."""

    def requested(self, session: Session, requested: Requested) -> None: ...

    def approved(self, session: Session, number: str, approval: bytes, at: float) -> None: ...

    def declined(self, session: Session, number: str, at: float) -> None: ...

    def reviewed(self, session: Session, operation: str, found: Found, at: float) -> None: ...

    def happened(self, agency: AgencyId, since: int, until: int) -> tuple[Happened, ...]:
        """Return what was recorded with ``since`` ≤ at < ``until``, in the order of the log."""


class Generations(Protocol):
    """The newest generation of each agency that this gateway has had an answer from.

    Raises:
        Defect: it cannot be read or written, or an earlier copy was put back.
    """

    async def newest(self) -> Mapping[AgencyId, int]: ...

    async def note(self, seen: Mapping[AgencyId, int]) -> None:
        """Remember newer ones; durable on return."""


class Outcomes(Protocol):
    async def keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        """Keep an outcome, sealed, for seven days, and the question for as long as it may have a
        second round (``plan.WITHIN_SECONDS``)."""

    async def first(self, session: Session, operation: str, now: float) -> First:
        """Return a lookup of the practitioner's own.

        Raises:
            Refused: NOT_ALLOWED, alike for one that never was, is another's or is forgotten; or it
                is too old for a second round.
        """

    async def spend(self, session: Session, first: str, second: str) -> None:
        """Take the one second round that a lookup has; durable on return.

        Raises:
            Refused: NOT_ALLOWED, it is taken.
        """

    async def give_back(self, session: Session, first: str, second: str) -> None:
        """Give back a second round in which nobody could be asked."""
