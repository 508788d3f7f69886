"""The secrets of an epoch on their way to a member, sealed to a key that the member made for it.

A node receives the pepper. A gateway receives with it the seed of the key that all gateways share
in the epoch, and sign queries with (RFC 8032).

Law: the authority seals; the member opens once and destroys the receiving key (attack: a receiving
key that is kept, or derived from a lasting one, would open every day since the epoch began). The
seal is bound to member, epoch and day. The member list's signatures over the sealed bytes show that
they come from the authority.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fingerpost.private.locators import PEPPER_BYTES, Pepper
from fingerpost.private.sealing import HybridKey, prefixed, seal
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId

REQUESTER_SEED_BYTES: Final = 32


def new_pepper(epoch: EpochNumber, day: int, random_bytes: Callable[[int], bytes]) -> Pepper:
    """Make a fresh pepper for the first day of an epoch."""
    return Pepper(epoch, day, random_bytes(PEPPER_BYTES))


def seal_pepper(
    pepper: Pepper, member: MemberId, public_key: bytes, requester_seed: bytes = b""
) -> SealedPepper:
    """Seal a pepper to the ``public_key`` that the member deposited for the epoch.

    Args:
        pepper: of the earliest day that the member needs.
        member: a node or a gateway.
        public_key: the member's, 1216 bytes.
        requester_seed: for a gateway, 32 bytes.

    Raises:
        Refused: MALFORMED, it is no public key.
    """
    secret = pepper.value + requester_seed
    sealed = seal(public_key, _info(pepper.epoch, pepper.day, member), secret)
    return SealedPepper(pepper.epoch, member, pepper.day, sealed)


def open_pepper(sealed: SealedPepper, key: HybridKey) -> Pepper:
    """Return the pepper.

    Raises:
        Refused: BAD_SEAL, of another member, epoch or day, or altered.
    """
    return Pepper(sealed.epoch, sealed.day, _open(sealed, key)[:PEPPER_BYTES])


def open_requester_seed(sealed: SealedPepper, key: HybridKey) -> bytes:
    """Return the seed of the requesters' key, 32 bytes; empty where the member is a node.

    Raises:
        Refused: BAD_SEAL, of another member, epoch or day, or altered.
    """
    return _open(sealed, key)[PEPPER_BYTES:]


def _open(sealed: SealedPepper, key: HybridKey) -> bytes:
    value = key.open(_info(sealed.epoch, sealed.day, sealed.member), sealed.sealed)
    if len(value) not in (PEPPER_BYTES, PEPPER_BYTES + REQUESTER_SEED_BYTES):
        raise Refused(Code.BAD_SEAL, "pepper")
    return value


def _info(epoch: EpochNumber, day: int, member: MemberId) -> bytes:
    return prefixed(
        b"fingerpost/v1 pepper",
        epoch.value.to_bytes(4, "big"),
        day.to_bytes(8, "big"),
        member.value.encode("ascii"),
    )
