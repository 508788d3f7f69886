"""What the notes need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agency_node.reading.ports import Rest, never_rest
from fingerpost.private.notes import Note
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.packets import CarriedPacket


@dataclass(frozen=True, slots=True, repr=False)
class Thread:
    """What the notes about one query need, at one agency.

    Attributes:
        query: H(query), which the agency's log has, too.
        key: see ``private.notes``; it opens nothing of the query. Empty where the agency does not
            know the child: such a thread is a row like the others, and nothing else.
        at: when the query came, in seconds since 1970 UTC.
        requester: the agency that asked; None where the agency does not know the child.
        revision: of the wire, in which the query was made and notes about it are written.
    """

    query: bytes
    agency: AgencyId
    key: bytes
    at: int
    requester: AgencyId | None = None
    revision: int = limits.FIRST_REVISION

    def __repr__(self) -> str:
        return f"Thread({self.agency})"


@dataclass(frozen=True, slots=True, repr=False)
class KeptNote:
    """A note that came, or that waits to leave, with the query that it is about."""

    query: bytes
    note: Note

    def __repr__(self) -> str:
        return f"KeptNote({self.note!r})"


@dataclass(frozen=True, slots=True)
class WrongNumber:
    """A number of an agency's pointers that a requester reported to be wrong.

    Attributes:
        reporter: her agency.
        at: when the report was read, in seconds since 1970 UTC.
    """

    agency: AgencyId
    telephone: str
    reporter: AgencyId
    at: int

    def __repr__(self) -> str:
        return f"WrongNumber({self.agency})"


class NotesStore(Protocol):
    """Where it is kept. The methods block, and raise ``Defect`` when the disk fails."""

    def keep(self, packets: Sequence[CarriedPacket]) -> frozenset[bytes]:
        """Keep packets until they are read, durably, in one commit. How much is written follows
        from their number.

        Returns:
            The exchanges of those that are new. A packet that was kept before is left out.
        """

    def unread(self) -> tuple[CarriedPacket, ...]: ...

    def read(
        self,
        packets: Sequence[CarriedPacket],
        came: Sequence[KeptNote],
        wrong: Sequence[WrongNumber] = (),
    ) -> None:
        """Keep what came in packets, and of these their salts alone, in one commit. Of two notes of
        one number the first is kept (attack: who asked takes back what she said); one that says
        RECEIVED takes the note back that it names."""

    def wrong_numbers(self) -> tuple[WrongNumber, ...]:
        """Return the numbers that are reported to be wrong, once for each that reported it."""

    def count_wrong(self) -> int:
        """Return how many there are."""

    def number_is_right(self, agency: AgencyId, telephone: str) -> None:
        """Forget the reports about a number."""

    def add(self, threads: Sequence[Thread]) -> None:
        """Add threads. One that is there is kept once."""

    def threads(self, rest: Rest = never_rest) -> tuple[Thread, ...]:
        """Return those that have a key, and rest before each step (``reading.ports.in_steps``)."""

    def count(self) -> int:
        """Return the number of threads, with a key or without."""

    def came(self, agency: AgencyId) -> tuple[KeptNote, ...]: ...

    def leave(self, note: KeptNote) -> None:
        """Let a note leave. It waits until it is received, or forgotten."""

    def waiting(self) -> tuple[KeptNote, ...]: ...

    def forget_due(self, reached: float) -> None:
        """Destroy the threads of more than seven days ago with their notes, packets of hours that
        are over, and reports of more than a year ago."""
