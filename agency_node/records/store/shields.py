"""``ports.Shields`` in one sealed file for each agency.

A file is written whole, at one of a few sizes, with each import and with each act of a person. Who
copies the disk learns that it was written, and of more than some hundreds of shields how many there
are within a factor of four; who puts an earlier copy back, deletes or changes it is noticed
(``runtime.witness``). It opens with the agency's data key alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from agency_node.records.sealing import REGISTER_SIZES, DataKey
from agency_node.records.shields import Register, read_register, write_register
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import or_defect
from fingerpost.runtime.lock import locked
from fingerpost.runtime.witness import Adopted, Witness, WitnessedFile, WitnessFolder

FOLDER: Final = "shields"
_MOST_BYTES: Final = REGISTER_SIZES[-1] + 1024
_REMEDY: Final = (
    "Nothing is imported and nothing disclosed for this agency until the newest copy is back, or "
    "what is there is adopted: fingerpost-node shields adopt"
)


def shields_witness(agency: AgencyId) -> str:
    """Return the name of the witness of an agency's register."""
    return f"shields.{agency}"


class FileShields:
    """Implements ``ports.Shields``. Processes share the files."""

    def __init__(
        self, folder: Path, keys: Mapping[AgencyId, DataKey], witness: WitnessFolder
    ) -> None:
        """Make the folder, mode 0700, if it is missing. Raises ``Defect``: it cannot be made."""
        with or_defect(f"{folder}: cannot be made"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._keys = keys
        self._witnesses: dict[AgencyId, Witness] = {
            agency: witness.of(shields_witness(agency)) for agency in keys
        }

    def path(self, agency: AgencyId) -> Path:
        return self._folder / f"{agency}.sealed"

    def state(self, agency: AgencyId) -> object:
        return self._witness(agency).newest()

    def read(self, agency: AgencyId) -> Register:
        return self._opened(agency, self._file(agency).read())

    def change(self, agency: AgencyId, change: Callable[[Register], Register]) -> Register:
        file = self._file(agency)
        with locked(self._lock(agency), wait=True):
            after = change(self._opened(agency, file.read()))
            file.write(self._sealed(agency, after))
        return after

    def adopt(self, agency: AgencyId) -> Adopted:
        """Accept the register as it is, or begin a new one where it is gone: a person has looked at
        it. The next import adds the shielded children of the newest generation.

        Raises:
            Defect: what is there does not open; without it, a new one begins.
        """
        file = self._file(agency)
        with locked(self._lock(agency), wait=True):
            if not self.path(agency).exists():
                return file.begin(self._sealed(agency, Register()))
            return file.adopt(lambda sealed: self._not_whole(agency, sealed))[1]

    def _not_whole(self, agency: AgencyId, sealed: bytes) -> bytes:
        """Return a register as it is adopted. In a second step, a kill before it would leave an
        earlier copy that counts as whole: children shielded since would be disclosed.
        """
        register = msgspec.structs.replace(self._opened(agency, sealed), whole=False)
        return self._sealed(agency, register)

    def _opened(self, agency: AgencyId, sealed: bytes | None) -> Register:
        if sealed is None:
            return Register()
        return read_register(self._keys[agency].register().open(sealed))

    def _sealed(self, agency: AgencyId, register: Register) -> bytes:
        return self._keys[agency].register().seal(write_register(register))

    def _file(self, agency: AgencyId) -> WitnessedFile:
        witness = self._witness(agency)
        return WitnessedFile(self.path(agency), witness, most=_MOST_BYTES, remedy=_REMEDY)

    def _witness(self, agency: AgencyId) -> Witness:
        found = self._witnesses.get(agency)
        if found is None:
            raise Refused(Code.NOT_ALLOWED, "agency of another node")
        return found

    def _lock(self, agency: AgencyId) -> Path:
        return self._folder / f"{agency}.lock"
