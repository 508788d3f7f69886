"""How far the records have come, noted beside them: for each agency, number and time of its last
complete import.

Law: the note is written after the import it is about, and never goes back but by ``adopt``. A
database that knows less than its note was put back from a copy: it would say "no" about every child
who came since, so nothing is answered from it (attack, and accident: a backup restored without a
word); nor from one without a note, so backups leave the note out. What the note cannot show is a
copy of both together.
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
    """Of a complete generation: its number, and when it was completed (seconds since 1970 UTC)."""

    number: int
    completed_at: int


def is_behind(newest: Generation | None, witnessed: Witnessed | None) -> bool:
    """Whether the store whose ``newest`` complete generation this is was put back. One that is
    ahead was not: the note is written last."""
    if newest is None or witnessed is None:
        return (newest is None) != (witnessed is None)
    if newest.number == witnessed.number:
        return newest.completed_at != witnessed.completed_at
    return newest.number < witnessed.number


class Witness:
    """The note at ``path``. One process writes (the import, which has a lock); others see it at
    their next look.
    """

    def __init__(self, path: Path) -> None:
        """Raises ``Defect`` when the note cannot be read."""
        self._path = path
        self._state: tuple[int, ...] | None = None
        self._known: dict[str, Witnessed] = {}
        self._look()

    def of(self, agency: AgencyId) -> Witnessed | None:
        """Raises ``Defect``."""
        self._look()
        return self._known.get(agency.value)

    def write(self, agency: AgencyId, generation: Generation) -> None:
        """Durable on return. Raises ``Defect``."""
        self._look()
        known = dict(self._known)
        known[agency.value] = Witnessed(generation.number, generation.completed_at)
        replace_file(self._path, msgspec.json.encode(known))

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
