"""The pepper on its way to a member: sealed to a key that the member made for one epoch.

Law: the authority seals; the member opens once and destroys the receiving key (attack: a receiving
key that is kept, or derived from a lasting one, would open every day since the epoch began). The
seal is bound to member, epoch and day. The member list's signatures over the sealed bytes show that
they come from the authority.
"""

from __future__ import annotations

from collections.abc import Callable

from fingerpost.private.locators import PEPPER_BYTES, Pepper
from fingerpost.private.sealing import HybridKey, prefixed, seal
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId


def new_pepper(epoch: EpochNumber, day: int, random_bytes: Callable[[int], bytes]) -> Pepper:
    """Make a fresh pepper for the first day of an epoch."""
    return Pepper(epoch, day, random_bytes(PEPPER_BYTES))


def seal_pepper(pepper: Pepper, member: MemberId, public_key: bytes) -> SealedPepper:
    """Seal a pepper to the ``public_key`` that the member deposited for the epoch.

    Raises:
        Refused: MALFORMED, it is no public key.
    """
    sealed = seal(public_key, _info(pepper.epoch, pepper.day, member), pepper.value)
    return SealedPepper(pepper.epoch, member, pepper.day, sealed)


def open_pepper(sealed: SealedPepper, key: HybridKey) -> Pepper:
    """Return the pepper.

    Raises:
        Refused: BAD_SEAL, of another member, epoch or day, or altered.
    """
    value = key.open(_info(sealed.epoch, sealed.day, sealed.member), sealed.sealed)
    if len(value) != PEPPER_BYTES:
        raise Refused(Code.BAD_SEAL, "pepper")
    return Pepper(sealed.epoch, sealed.day, value)


def _info(epoch: EpochNumber, day: int, member: MemberId) -> bytes:
    return prefixed(
        b"fingerpost/v1 pepper",
        epoch.value.to_bytes(4, "big"),
        day.to_bytes(8, "big"),
        member.value.encode("ascii"),
    )
