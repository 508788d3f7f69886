"""The gateway's state on disk: one process at a time writes it, any number reads it.

``fingerpost serve`` writes it for as long as it runs; where it does not run, each lookup first does
what is due. A lock file says which of both holds it (``SERVE`` or ``UPKEEP``). A process without
the lock only reads: two processes that exchanged the peppers of one folder, or renewed one
certificate, would undo each other's work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.private.locators import Pepper
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import EpochNumber

_PEPPER: Final = re.compile(r"([1-9][0-9]{0,9})\.(?:([0-9]{1,7})\.pepper|requesters)")
_LOOKS: Final = 3
"""A pepper's file may turn into the next day's between listing and reading."""


SERVE: Final = "serve"
UPKEEP: Final = "upkeep"
"""What a holder of the gateway's lock notes in it."""


class KeptPeppers:
    """Implements ``locators.Peppers`` and ``ports.RequesterKeys`` over what ``peppers.PepperStore``
    keeps in a folder, without touching it."""

    def __init__(self, files: PepperFiles) -> None:
        self._files = files
        self._held: Mapping[EpochNumber, Pepper] = {}
        self._requesters: Mapping[EpochNumber, Ed25519PrivateKey] = {}

    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        """Return the pepper of one day of an epoch.

        Raises:
            Refused: NOT_READY, it has not been received yet, or is erased.
        """
        held = self._held.get(epoch)
        if held is None:
            raise Refused(Code.NOT_READY, "pepper of that epoch")
        return held.at(day)

    def requester_key(self, epoch: EpochNumber) -> Ed25519PrivateKey:
        """Return the key that all gateways share in an epoch.

        Raises:
            Refused: NOT_READY, it has not been received yet, or is erased.
        """
        key = self._requesters.get(epoch)
        if key is None:
            raise Refused(Code.NOT_READY, "requesters' key of that epoch")
        return key

    def reread(self) -> None:
        """Read again what is on the disk. Blocking.

        Raises:
            Defect: a file is open to others, or damaged.
        """
        for look in range(_LOOKS):
            try:
                self._held, self._requesters = self._read()
            except (OSError, Defect):
                if look == _LOOKS - 1:
                    raise
            else:
                return

    def _read(
        self,
    ) -> tuple[Mapping[EpochNumber, Pepper], Mapping[EpochNumber, Ed25519PrivateKey]]:
        found: dict[EpochNumber, Pepper] = {}
        keys: dict[EpochNumber, Ed25519PrivateKey] = {}
        folder = self._files.folder
        if not folder.is_dir():
            return found, keys
        for path in sorted(folder.iterdir()):
            name = _PEPPER.fullmatch(path.name)
            if name is None or path.stat().st_size == 0:  # empty: an erasure under way
                continue
            epoch = EpochNumber(int(name[1]))
            if name[2] is None:
                keys[epoch] = self._files.read_requester_key(path)
                continue
            pepper = self._files.read_pepper(path, epoch, int(name[2]))
            other = found.get(pepper.epoch)
            # Of two days of one epoch the earlier is about to be erased; either serves.
            if other is None or other.day < pepper.day:
                found[pepper.epoch] = pepper
        return found, keys
