"""The registers of shields of a node's agencies, in memory, for its answers.

A register is read again when its file has changed, so a shield that a person sets holds some
seconds later, whatever the import in use says. Of an agency whose register cannot be read nothing
is known: it answers about no child until the register is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agency_node.records.meeting import Known
from agency_node.records.ports import Shields
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId


class ShieldTables:
    """``prepare`` is called from one thread at a time, ``of`` from any."""

    def __init__(
        self, shields: Shields, upn_keys: Mapping[AgencyId, bool], pause: Callable[[], None]
    ) -> None:
        """
        Args:
            upn_keys: the agencies, with whether the agreement lets the pupil number be used.
            pause: lets other threads run.
        """
        self._shields = shields
        self._upn_keys = upn_keys
        self._pause = pause
        self._known: dict[AgencyId, tuple[object, Known]] = {}
        self._failed: frozenset[AgencyId] = frozenset()

    def of(self, agency: AgencyId) -> Known | None:
        """Return the forms of the agency's shields; None where its register cannot be read."""
        found = self._known.get(agency)
        return None if found is None else found[1]

    def prepare(self) -> Mapping[AgencyId, Defect]:
        """Read the registers that have changed, or could not be read. Blocking.

        Returns:
            The agencies whose register can no longer be read, and why.
        """
        failed: dict[AgencyId, Defect] = {}
        for agency in self._upn_keys:
            try:
                state = self._shields.state(agency)  # before the register, which may change again
                before = self._known.get(agency)
                if before is None or before[0] != state:
                    register = self._shields.read(agency)
                    upn, pause = self._upn_keys[agency], self._pause
                    refuges = register.refuges
                    known = Known(
                        register.shields, register.likely, upn=upn, refuges=refuges, pause=pause
                    )
                    self._known[agency] = state, known
            except Defect as defect:
                self._known.pop(agency, None)
                failed[agency] = defect
        new = {agency: why for agency, why in failed.items() if agency not in self._failed}
        self._failed = frozenset(failed)
        return new
