"""A member's peppers, receiving keys and requesters' keys as files, each with a checksum.

Law: what is read here was written here, under this name. A pepper that is wrong by one bit matches
nobody, and would make every answer "no" until the epoch ends; so a decaying medium, another file's
content and a pepper that somebody else wrote are refused. An earlier copy of the folder does no
harm but to secrecy: its peppers advance to the same values.

    <epoch>.key               the receiving key (96 bytes) and the day it was made (4), until the
                              pepper is opened
    <epoch>.earlier           the receiving key before it, in the same form
    <epoch>.<day>.pepper      the earliest pepper still needed (32 bytes);
                              the peppers of later days are computed from it
    <epoch>.requesters        at a gateway, the seed of the key that all gateways share in the epoch
                              (32 bytes)

Each ends with a checksum of 16 bytes over its name and content, under a key that lies with the
witness (``fingerpost.runtime.witness``).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.locators import PEPPER_BYTES, Pepper
from fingerpost.private.pepper_sealing import REQUESTER_SEED_BYTES
from fingerpost.private.sealing import PRIVATE_KEY_BYTES, HybridKey
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import EpochNumber
from fingerpost.runtime.files import create_file, read_secret, replace_file
from fingerpost.runtime.witness import WitnessFolder

CHECKSUM_BYTES: Final = 16
_DAY_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class ReceivingKey:
    """A receiving key, and the day (days since 1970) on which it was made."""

    key: HybridKey
    made: int

    def written(self) -> bytes:
        """Return the content of its file, 100 bytes."""
        return self.key.serialise() + self.made.to_bytes(_DAY_BYTES, "big")


class PepperFiles:
    """The files of a folder of peppers: their names, their content, their checksums. It blocks on
    the disk.
    """

    def __init__(self, folder: Path, witness: WitnessFolder) -> None:
        """
        Args:
            witness: has the key of the checksums.
        """
        self.folder = folder
        self._key = witness.key("peppers")

    def key_path(self, epoch: EpochNumber) -> Path:
        return self.folder / f"{epoch}.key"

    def pepper_path(self, pepper: Pepper) -> Path:
        return self.folder / f"{pepper.epoch}.{pepper.day}.pepper"

    def requester_path(self, epoch: EpochNumber) -> Path:
        return self.folder / f"{epoch}.requesters"

    def earlier_path(self, epoch: EpochNumber) -> Path:
        return self.folder / f"{epoch}.earlier"

    def create_key(self, epoch: EpochNumber, key: ReceivingKey) -> None:
        """Write a receiving key, which must not be there yet. Raises ``Defect``."""
        path = self.key_path(epoch)
        create_file(path, self._checked(path, key.written()))

    def replace_key(self, epoch: EpochNumber, key: ReceivingKey, by: ReceivingKey) -> None:
        """Write ``by`` in the place of ``key``, and ``key`` in the place of the one before it.
        Raises ``Defect``.
        """
        for path, each in ((self.earlier_path(epoch), key), (self.key_path(epoch), by)):
            replace_file(path, self._checked(path, each.written()))

    def write_pepper(self, pepper: Pepper) -> None:
        """Write a pepper.

        Raises:
            Refused: MALFORMED, 32 zero bytes are no pepper.
            Defect: the disk failed.
        """
        require_pepper(pepper)
        path = self.pepper_path(pepper)
        replace_file(path, self._checked(path, pepper.value))

    def write_requester_seed(self, epoch: EpochNumber, seed: bytes) -> None:
        path = self.requester_path(epoch)
        replace_file(path, self._checked(path, seed))

    def read_key(self, path: Path) -> ReceivingKey:
        """Raises ``Defect`` as ``read_pepper``."""
        held = self._read(path, PRIVATE_KEY_BYTES + _DAY_BYTES)
        made = int.from_bytes(held[PRIVATE_KEY_BYTES:], "big")
        return ReceivingKey(HybridKey(held[:PRIVATE_KEY_BYTES]), made)

    def read_pepper(self, path: Path, epoch: EpochNumber, day: int) -> Pepper:
        """Read a pepper from its file.

        Raises:
            Defect: the file is open to others, has another size, is damaged, or holds the pepper of
                another epoch or day.
        """
        pepper = Pepper(epoch, day, self._read(path, PEPPER_BYTES))
        if not any(pepper.value):
            raise Defect(f"{path}: no pepper")
        return pepper

    def read_requester_key(self, path: Path) -> Ed25519PrivateKey:
        """Read the key that all gateways share in an epoch. Raises ``Defect``."""
        return Ed25519PrivateKey.from_private_bytes(self._read(path, REQUESTER_SEED_BYTES))

    def _read(self, path: Path, size: int) -> bytes:
        whole = size + CHECKSUM_BYTES
        held = read_secret(path, least=whole, most=whole, setting="peppers")
        if not hmac.compare_digest(held, self._checked(path, held[:size])):
            raise Defect(f"{path}: damaged; once it is removed, the pepper is asked for anew")
        return held[:size]

    def _checked(self, path: Path, content: bytes) -> bytes:
        digest = hmac.digest(self._key, path.name.encode("ascii") + b"\0" + content, "sha256")
        return content + digest[:CHECKSUM_BYTES]


def require_pepper(pepper: Pepper) -> None:
    """Raise ``Refused(MALFORMED)`` for 32 zero bytes, which are no pepper."""
    if not any(pepper.value):
        raise Refused(Code.MALFORMED, "pepper")
