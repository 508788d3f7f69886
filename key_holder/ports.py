"""The ports of the key holder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated
from key_holder.quota import Allowance, Count


class Meter(Protocol):
    """Counts elements, durably: a restart must not give a member its quota again."""

    def charge(self, member: MemberId, allowance: Allowance, amount: int) -> None:
        """Add ``amount`` elements, durably on return. It blocks.

        Raises:
            Refused: QUOTA when the sum would pass the allowance. Then nothing is added, and it is
                noted that something was refused.
        """

    def counted(self) -> Mapping[MemberId, tuple[Count, ...]]:
        """Return all counts of all members, each member's in the order of the periods."""


class Vault(Protocol):
    """Holds the epoch keys.

    An attacker who can read them can test guesses with the help of the other holder and a member.
    """

    def held(self) -> frozenset[EpochNumber]: ...

    def make(self, epoch: EpochNumber) -> bytes:
        """Make a random key, durably on return, and return its public key (32 bytes).

        Raises:
            Defect: the epoch has a key already.
        """

    def public_key(self, epoch: EpochNumber) -> bytes:
        """Return the public key (32 bytes).

        Raises:
            Refused: UNSUPPORTED when the key is not held.
        """

    def destroy(self, epoch: EpochNumber) -> None: ...


class Evaluations(Protocol):
    """Evaluates batches under the vault's keys, lookups before bulk."""

    async def evaluate(self, batch: Blinded) -> Evaluated:
        """Evaluate ``batch``.

        Raises:
            Refused: MALFORMED for a bad point, UNSUPPORTED for a key that is not held, NOT_READY
                when too many wait.
        """


class Record(Protocol):
    async def evaluated(self, member: MemberId, batch: Blinded, at: float) -> None:
        """Record who has how much evaluated, durably on return.

        Raises:
            Defect: it could not be recorded.
        """


class Announce(Protocol):
    async def deposit(self, epoch: EpochNumber, public_key: bytes) -> None:
        """Leave the public key (32 bytes) at the issuer for the next publication.

        Raises:
            Refused: the issuer refuses it, or does not answer.
        """
