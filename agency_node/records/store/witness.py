"""A witness beside the records: for each agency, number and time of its last complete import.

Law: the witness is written after the import that it is about, and only ``adopt`` sets it back. A
database that is older than its witness was restored from a copy. It would say "no" about every
child who was imported since, so nothing is answered from it (attack, and accident: a backup that is
restored unnoticed). Nothing is answered from a database without a witness either, so backups leave
the witness out. The witness cannot show that both were restored together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from agency_node.records.records import Generation
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import replace_file

_MOST_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The number of a complete generation, and when it was completed (seconds since 1970 UTC)."""

    number: int
    completed_at: int


def is_behind(newest: Generation | None, witnessed: Witnessed | None) -> bool:
    """Return whether the store was restored from a copy that is older than its witness.

    A store that is ahead of its witness was not: the witness is written last.

    Args:
        newest: the newest complete generation in the store.
    """
    if newest is None or witnessed is None:
        return (newest is None) != (witnessed is None)
    if newest.number == witnessed.number:
        return newest.completed_at != witnessed.completed_at
    return newest.number < witnessed.number


class Witness:
    """The witness at ``path``. One process writes (the import, which has a lock); others see the
    change when they next ask. Every method raises ``Defect`` when the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, ...] | None = None
        self._known: dict[str, Witnessed] = {}
        self._look()

    def of(self, agency: AgencyId) -> Witnessed | None:
        self._look()
        return self._known.get(agency.value)

    def write(self, agency: AgencyId, generation: Generation) -> None:
        """Witness a complete generation, durably on return. Raises ``Defect``."""
        self._look()
        witnessed = Witnessed(generation.number, generation.completed_at)
        replace_file(self._path, msgspec.json.encode({**self._known, agency.value: witnessed}))

    def _look(self) -> None:
        try:
            stat = self._path.stat()
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if state == self._state:
                return
            with self._path.open("rb") as file:
                content = file.read(_MOST_BYTES)
            known = msgspec.json.decode(content, type=dict[str, Witnessed])
        except FileNotFoundError:
            if self._state is not None:
                raise Defect(f"{self._path}: gone while it was in use") from None
            return
        except (OSError, msgspec.MsgspecError) as error:
            raise Defect(f"{self._path}: cannot be read ({type(error).__name__})") from None
        self._known, self._state = known, state
