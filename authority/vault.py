"""The secrets of running epochs, on the offline machine: peppers, and the requesters' keys.

One file an epoch, mode 0600, holds the pepper of one day. It only goes forwards: once a day is
over, by this machine's clock and by the issuer's signed time, its pepper is replaced by the next
day's, so that whoever takes the vault opens nothing that was recorded before. (The file system may
keep the old block: the offline medium is to be destroyed, not sold.) A second file says whose
receiving key the pepper has been sealed to. A third holds the seed of the key with which all
gateways sign queries of the epoch.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.private.locators import PEPPER_BYTES, Pepper
from fingerpost.private.pepper_sealing import REQUESTER_SEED_BYTES
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.runtime.files import create_file, read_secret, remove_unfinished, replace_file

_HEAD: Final = struct.Struct(">II")
_FILE_BYTES: Final = _HEAD.size + PEPPER_BYTES
_SEALED_BYTES: Final = 16 * 1024 * 1024


class Vault:
    """``<epoch>.pepper``, ``<epoch>.sealed.json`` and ``<epoch>.requesters`` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def epochs(self) -> frozenset[EpochNumber]:
        """Return the epochs whose pepper is here."""
        names = (path.stem for path in self._folder.glob("*.pepper"))
        return frozenset(EpochNumber(int(name)) for name in names if name.isdecimal())

    def create(self, pepper: Pepper) -> None:
        """Store an epoch's first pepper.

        Raises:
            Defect: the epoch has a pepper already; a second one would split the federation.
        """
        create_file(self._pepper(pepper.epoch), _encode(pepper))

    def on(self, epoch: EpochNumber, day: int, kept_day: int) -> Pepper:
        """Return the pepper of ``day``, or of the stored day if that is later; erase all that is
        older than ``kept_day``.

        Raises:
            Defect: the epoch has no pepper here, or the file holds another epoch's.
        """
        path = self._pepper(epoch)
        data = read_secret(path, most=_FILE_BYTES, least=_FILE_BYTES, setting="pepper")
        number, stored = _HEAD.unpack(data[: _HEAD.size])
        if number != epoch.value:
            raise Defect(f"{path}: the pepper of another epoch")
        pepper = Pepper(epoch, stored, data[_HEAD.size :]).at(max(day, stored))
        if min(day, kept_day) > stored:
            kept = Pepper(epoch, stored, data[_HEAD.size :]).at(min(day, kept_day))
            replace_file(path, _encode(kept))
            remove_unfinished(self._folder)  # a copy that a crash left may hold an earlier day's
        return pepper

    def keep_requester_seed(self, epoch: EpochNumber, seed: bytes) -> None:
        """Store the seed of an epoch's requesters' key, unless it is here."""
        path = self._requesters(epoch)
        if not path.exists():
            create_file(path, seed)

    def requester_seed(self, epoch: EpochNumber) -> bytes:
        """Return the seed of an epoch's requesters' key, 32 bytes; empty where it is not here.

        Raises:
            Defect: the file is open to others, or has another size.
        """
        path = self._requesters(epoch)
        if not path.exists():
            return b""
        size = REQUESTER_SEED_BYTES
        return read_secret(path, least=size, most=size, setting="requesters' key")

    def sealed_to(self, epoch: EpochNumber) -> Mapping[MemberId, str]:
        """Return, by member, the fingerprint of the receiving key that the pepper was sealed to."""
        path = self._sealed(epoch)
        if not path.exists():
            return {}
        data = read_secret(path, most=_SEALED_BYTES, setting="record of sealed peppers")
        try:
            found = msgspec.json.decode(data, type=dict[str, str])
        except msgspec.DecodeError:
            raise Defect(f"{path}: not a record of sealed peppers") from None
        return {MemberId(member): fingerprint for member, fingerprint in found.items()}

    def record_sealed(self, epoch: EpochNumber, sealed: Mapping[MemberId, str]) -> None:
        shown = {str(member): fingerprint for member, fingerprint in sorted(sealed.items())}
        replace_file(self._sealed(epoch), msgspec.json.encode(shown))

    def forget(self, epoch: EpochNumber) -> None:
        # The pepper goes last: by it an erasure that was interrupted is found again.
        self._requesters(epoch).unlink(missing_ok=True)
        self._sealed(epoch).unlink(missing_ok=True)
        self._pepper(epoch).unlink(missing_ok=True)
        remove_unfinished(self._folder)  # a crash may have left a second name of a secret

    def _pepper(self, epoch: EpochNumber) -> Path:
        return self._folder / f"{epoch}.pepper"

    def _requesters(self, epoch: EpochNumber) -> Path:
        return self._folder / f"{epoch}.requesters"

    def _sealed(self, epoch: EpochNumber) -> Path:
        return self._folder / f"{epoch}.sealed.json"


def _encode(pepper: Pepper) -> bytes:
    return _HEAD.pack(pepper.epoch.value, pepper.day) + pepper.value
