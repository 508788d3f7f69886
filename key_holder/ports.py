"""What the key holder needs of the world."""

from __future__ import annotations

from typing import Protocol

from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated


class Meter(Protocol):
    """Counts elements, durably: a restart must not give a member its quota anew."""

    def charge(self, member: MemberId, period: str, amount: int, most: int) -> None:
        """Adds ``amount``, durable on return; blocking. Raises ``Refused(QUOTA)``, and then nothing is added, when the
        sum would pass ``most``."""


class Vault(Protocol):
    """Holds the epoch keys. An attacker who can read this can, with the other holder and a member, test guesses."""

    def held(self) -> frozenset[EpochNumber]: ...

    def make(self, epoch: EpochNumber) -> bytes:
        """A new random key; its public key (32 bytes). Durable on return. Raises ``Defect`` if one exists."""

    def public_key(self, epoch: EpochNumber) -> bytes:
        """Raises ``Refused(UNSUPPORTED)`` when not held."""

    def destroy(self, epoch: EpochNumber) -> None: ...


class Evaluations(Protocol):
    """Evaluates batches under the vault's keys, lookups before bulk."""

    async def evaluate(self, batch: Blinded) -> Evaluated:
        """Raises ``Refused``: MALFORMED for a bad point, UNSUPPORTED for a key not held, NOT_READY when too many
        wait."""


class Record(Protocol):
    async def evaluated(self, member: MemberId, batch: Blinded, at: float) -> None:
        """Appends who had how much evaluated; durable on return. Raises ``Defect`` when it cannot."""


class Announce(Protocol):
    async def deposit(self, epoch: EpochNumber, public_key: bytes) -> None:
        """Leaves the public key at the issuer for the next publication. Raises ``Refused``."""
