"""The witness of the records: for each agency, its last complete import, kept on another root.

Law: the witness is written after the import that it is about, and only ``adopt`` sets it back. A
database that is older than its witness was restored from a copy. It would say "no" about every
child who was imported since, so nothing is answered from it (attack, and accident: a backup or a
snapshot of the whole disk that is restored unnoticed). Nothing is answered from a database without
a witness either, so backups leave the witness out. The witness (``runtime.witness``) cannot show
that both were restored together; requesters do, who remember each agency's newest generation.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from agency_node.records.records import Generation
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.witness import Mark, Witness, WitnessFolder, fault_of


def is_behind(newest: Generation | None, witnessed: Mark | None) -> bool:
    """Return whether the store is not the one that its witness saw, or a newer one.

    A store that is ahead of its witness is: the witness is written last.

    Args:
        newest: the newest complete generation in the store.
    """
    held = None if newest is None else mark_of(newest)
    return fault_of(held, witnessed) is not None


def mark_of(generation: Generation) -> Mark:
    """Return the mark of a complete generation; it covers all that is stored of it in the clear."""
    return Mark(generation.number, sha256(generation.stored()).digest())


def records_witness(agency: AgencyId) -> str:
    """Return the name of the witness of an agency's records."""
    return f"records.{agency}"


class RecordsWitness:
    """The witnesses of all agencies of a node. One process writes (the import, which has a lock);
    others see the change when they next ask. Every method raises ``Defect`` when a mark cannot be
    read.
    """

    def __init__(self, folder: Callable[[], WitnessFolder]) -> None:
        """``folder`` is opened, which makes files in it, when a witness is first asked for."""
        self._folder = folder
        self._known: dict[AgencyId, Witness] = {}

    def of(self, agency: AgencyId) -> Mark | None:
        return self._witness(agency).newest()

    def note(self, agency: AgencyId, generation: Generation) -> None:
        """Witness a complete generation, durably on return, unless a later one was."""
        self._witness(agency).note(mark_of(generation))

    def adopt(self, agency: AgencyId, generation: Generation) -> None:
        """Witness a generation that a person has accepted, whatever was witnessed before."""
        self._witness(agency).adopt(mark_of(generation))

    def _witness(self, agency: AgencyId) -> Witness:
        if agency not in self._known:
            self._known[agency] = self._folder().of(records_witness(agency))
        return self._known[agency]
