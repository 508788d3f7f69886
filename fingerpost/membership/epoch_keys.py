"""Which epochs a member makes a key for, and how it says so.

Law: pure. Nodes and gateways make a receiving key for the epoch's pepper, key holders a VOPRF key; both leave the
public half with the issuer in one statement, signed by the member's signing key. Keys are left one epoch ahead, so
that the authority finds them when it opens the epoch.
"""

from __future__ import annotations

from collections.abc import Container

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import EpochKeyStatement, write_epoch_key
from fingerpost.protocol.federation import Epoch, Parameters
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId


def is_over(epoch: Epoch, now: float) -> bool:
    """No query of this epoch can still be answered."""
    return now >= epoch.ends_at + limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS


def next_epoch(parameters: Parameters) -> EpochNumber:
    """The one that is not announced yet."""
    return EpochNumber(max((e.number.value for e in parameters.epochs), default=0) + 1)


def epochs_to_prepare(
    parameters: Parameters, opened: Container[EpochNumber], now: float
) -> tuple[EpochNumber, ...]:
    """Epochs announced, not over and not ``opened`` (a member that joins late), and the next one; in order."""
    announced = {e.number for e in parameters.epochs if not is_over(e, now)}
    wanted = sorted({*announced, next_epoch(parameters)})
    return tuple(number for number in wanted if number not in opened)


def epoch_key_statement(
    federation: FederationId,
    member: MemberId,
    epoch: EpochNumber,
    key: bytes,
    now: float,
    signing_key: Ed25519PrivateKey,
) -> bytes:
    """What ``IssuerClient.deposit`` takes. ``key``: hybrid public key (1216 bytes) or VOPRF public key (32 bytes)."""
    statement = EpochKeyStatement(federation, member, epoch, key, int(now))
    return write_epoch_key(statement, signing_key)
