"""``ports.Generations`` in one sealed file: each agency's newest generation that was seen here.

An attacker who reads the file without its key learns how many agencies have answered; one who puts
an earlier copy back, or changes it, is noticed (``runtime.witness``). It is written only when an
agency has imported since the last lookup that reached it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.lock import locked
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.witness import (
    Adopted,
    RecordAdoption,
    WitnessedFile,
    WitnessFolder,
    unrecorded,
)
from practitioner.asking.belief import joined

WITNESS: Final = "generations"
_MOST_BYTES: Final = 8 * 1024 * 1024
_BOUND: Final = b"fingerpost/v1 generations seen"
_SEEN: Final = msgspec.msgpack.Decoder(dict[str, int])


class FileGenerations:
    """Implements ``ports.Generations``. Processes share the file."""

    def __init__(self, path: Path, key: bytes, witness: WitnessFolder) -> None:
        """
        Args:
            key: seals the file, 32 bytes.
        """
        self._lock = path.with_name(path.name + ".lock")
        self._box = SealedBox(key)
        self._file = WitnessedFile(
            path,
            witness.of(WITNESS),
            most=_MOST_BYTES,
            remedy="No lookup is made until the newest copy is back, or what is there is adopted: "
            "fingerpost adopt generations",
        )

    async def newest(self) -> Mapping[AgencyId, int]:
        return await asyncio.to_thread(self._read)

    async def note(self, seen: Mapping[AgencyId, int]) -> None:
        if seen:
            await asyncio.to_thread(self._note, seen)

    def adopt(self, record: RecordAdoption = unrecorded) -> Adopted:
        """Accept the file as it is: a person has restored it."""
        with locked(self._lock, wait=True):
            return self._file.adopt(record=record)[1]

    def _note(self, seen: Mapping[AgencyId, int]) -> None:
        with locked(self._lock, wait=True):
            after = {str(agency): number for agency, number in joined(self._read(), seen).items()}
            self._file.write(self._box.seal(msgspec.msgpack.encode(after), _BOUND))

    def _read(self) -> Mapping[AgencyId, int]:
        sealed = self._file.read()
        if sealed is None:
            return {}
        plain = self._box.open(sealed, _BOUND, "the generations seen do not open: wrong key?")
        try:
            return {AgencyId(name): number for name, number in _SEEN.decode(plain).items()}
        except msgspec.MsgspecError:
            raise Defect("the generations seen have another form") from None
