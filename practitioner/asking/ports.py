"""What the gateway's asking side needs of the world."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.locators import Pepper
from fingerpost.private.passport import Passport
from fingerpost.protocol.federation import Epoch, Federation
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import LookupEvent
from practitioner.asking.outcome import First, Outcome, Question, Widened
from practitioner.sign_in.rules import Session


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A passport for one lookup, as value and as token, with the practitioner's key of this lookup (its cnf)."""

    passport: Passport
    token: str
    key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return "Issued(…)"


class Members(Protocol):
    def at(self, now: float) -> Federation:
        """The verified member list. Raises ``Refused(UNTRUSTED_METADATA)`` when there is none or it has expired."""


class Peppers(Protocol):
    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        """Raises ``Refused(NOT_READY)``."""


class KeyHolders(Protocol):
    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        """The tags T of 1 to 32 inputs, in order, proofs checked. Raises ``Refused``: UNAVAILABLE, QUOTA,
        BAD_PROOF, …"""


class Broker(Protocol):
    def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[LookupEvent, None]:
        """Submits once, never again. Raises ``Refused``; when it breaks off midway, too."""


class Desk(Protocol):
    def issue(self, session: Session, now: float) -> Issued:
        """A passport for one lookup. Raises ``Refused(SIGN_IN)`` when the session, training or vetting has run out."""

    def handle_for(self, session: Session, day: int) -> str:
        """The practitioner's pseudonym of that day, 32 hexadecimal digits."""


class Record(Protocol):
    """The asking agency's audit. Durable on return; raises ``Defect`` when it cannot record, and then nothing
    leaves."""

    async def asked(
        self,
        session: Session,
        question: Question,
        operation: str,
        at: float,
        widened: Widened | None,
    ) -> None: ...

    async def sent(
        self, agency: AgencyId, operation: str, query_hashes: Sequence[bytes], at: float
    ) -> None: ...

    async def ended(
        self, agency: AgencyId, operation: str, outcome: Outcome, at: float
    ) -> None: ...

    async def failed(self, agency: AgencyId, operation: str, code: str, at: float) -> None: ...


class Outcomes(Protocol):
    async def keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        """Keeps an outcome, encrypted, for seven days, and what was asked for as long as it may be asked again
        (``plan.WITHIN_SECONDS``)."""

    async def first(self, session: Session, operation: str, now: float) -> First:
        """One of the practitioner's own. Raises ``Refused(NOT_ALLOWED)``: none, another's or forgotten, alike; or too
        old to be asked again."""

    async def spend(self, session: Session, first: str, second: str) -> None:
        """Takes the one second round that a lookup has; durable on return. Raises ``Refused(NOT_ALLOWED)`` when it is
        taken."""

    async def give_back(self, session: Session, first: str, second: str) -> None:
        """A second round that nobody could be asked."""
