"""Keep the epoch keys as files, one for each epoch.

``<folder>/epoch-<n>.seed``: 32 random bytes, mode 0600. An attacker who can read this folder can
evaluate guesses under this holder's key, and with the other holder's key and a pepper can test
them. So a key is overwritten and removed once its epoch is over.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Self

from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import EpochNumber
from fingerpost.runtime.files import (
    create_file,
    is_unfinished,
    or_defect,
    read_secret,
    remove_unfinished,
)

SEED_BYTES = 32
_EMPTY = (
    "a crash or a full disk left it so. If the member list names no key of yours for that epoch "
    "yet, remove it, and a new one is made; otherwise that epoch needs a successor "
    "(docs/operations.md, section 10)"
)
_NAME = re.compile(r"epoch-([1-9][0-9]{0,8})\.seed")


class FileVault:
    """Implements ``ports.Vault``. Reading the keys changes no file, so a check may do it while the
    key holder runs.

    Raises:
        Defect: the folder does not exist (enrolment makes it; it is never made silently), or holds
            a file that is not an epoch's key.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise Defect("the vault's folder does not exist")
        self._folder = folder
        self._seeds: dict[EpochNumber, bytes] = {}
        for path in sorted(folder.iterdir()):
            if is_unfinished(path):
                continue
            match = _NAME.fullmatch(path.name)
            if match is None:
                raise Defect("the vault's folder holds a file that is not an epoch's key")
            seed = read_secret(
                path, most=SEED_BYTES, least=SEED_BYTES, setting="vault", empty=_EMPTY
            )
            self._seeds[EpochNumber(int(match[1]))] = seed

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the vault for the one process that writes to it, and remove what a crash left there:
        a seed that was never used, or a second name of one in use.

        Raises:
            Defect: as for the class, or the folder cannot be tidied.
        """
        vault = cls(folder)
        remove_unfinished(folder)
        return vault

    def __repr__(self) -> str:
        return f"FileVault({len(self._seeds)} keys)"

    def held(self) -> frozenset[EpochNumber]:
        return frozenset(self._seeds)

    def make(self, epoch: EpochNumber) -> bytes:
        if epoch in self._seeds:
            raise Defect("the vault already holds a key of this epoch")
        seed = os.urandom(SEED_BYTES)
        create_file(self._path(epoch), seed)
        self._seeds[epoch] = seed
        return self.public_key(epoch)

    def seed(self, epoch: EpochNumber) -> bytes:
        """Return the epoch's seed (32 bytes) for the evaluator.

        Raises:
            Refused: UNSUPPORTED when it is not held.
        """
        try:
            return self._seeds[epoch]
        except KeyError:
            raise Refused(Code.UNSUPPORTED, "epoch") from None

    def public_key(self, epoch: EpochNumber) -> bytes:
        return EvaluatorKey(self.seed(epoch)).public_key

    def destroy(self, epoch: EpochNumber) -> None:
        """Overwrite the key, then remove it.

        On storage that remaps writes, overwriting has an effect only with full-disk encryption.

        Raises:
            Defect: the disk failed. The key stays held, so that the next call tries again.
        """
        if epoch not in self._seeds:
            return
        path = self._path(epoch)
        with or_defect(f"{path}: cannot be destroyed"):
            if path.exists():
                with path.open("r+b") as file:
                    file.write(os.urandom(SEED_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
        del self._seeds[epoch]

    def _path(self, epoch: EpochNumber) -> Path:
        return self._folder / f"epoch-{epoch}.seed"
