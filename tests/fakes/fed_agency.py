"""An agency of the simulated federation whose records come from exports, by the rules of an import:
rows are read, held against its register of shields, and stored as they then are. Without a disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from agency_node.importing.shield_records import shield_records
from agency_node.importing.shielding import set_by_hand
from agency_node.importing.staging import make_ready, plan_shields, shield
from agency_node.records.meeting import Known
from agency_node.records.records import ChildRecord, RecordId
from agency_node.records.refuges import canonical
from agency_node.records.shields import Register, own_parts
from fakes.federations import NOW
from fakes.import_world import export, options
from fakes.node_records import LONG_KNOWN
from fakes.simulated_node import SimNode
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.ids import AgencyId


def mark(parts: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"\0".join(parts)).digest()


class FedAgency:
    """``register``: of shields, as imports and people have left it."""

    def __init__(self, node: SimNode, agency: AgencyId) -> None:
        self.node = node
        self.agency = agency
        self.register = Register()

    def import_(self, lines: Sequence[str]) -> None:
        refuges = self.register.refuges
        readied = make_ready(mark, export(lines).content, options(), refuges=refuges)
        made = plan_shields(mark, self.register, readied, (), options(), NOW)
        children = shield(readied, made).children
        forms = shield_records(
            mark,
            made.after,
            {child.mark for child in children},
            as_of=options().as_of_seconds,
            upn=False,
        )
        stored = [(each.source.demographics, each.source.involvements) for each in children]
        stored += [(each.demographics, tuple(each.involvements)) for each in forms]
        records = (
            ChildRecord(RecordId(n), who, rows, LONG_KNOWN) for n, (who, rows) in enumerate(stored)
        )
        self._use(made.after)
        self.node.load(self.agency, records)

    def shield(self, who: Demographics | None, own: str = "") -> int:
        """A person shields a child. Return the number of the shield."""
        digest = mark(own_parts(own)) if own else b""
        after, number = set_by_hand(
            self.register, digest, who, person="jo.reed", why="case-1", upn=False, now=int(NOW)
        )
        self._use(after)
        return number

    def lift_all(self) -> None:
        for each in self.register.shields:
            self._use(self.register.without(each.number))

    def decide(self, *, same: bool) -> None:
        """People say of every likely meeting whether it is the shielded child."""
        for each in self.register.likely:
            self._use(self.register.decided(each.number, same=same))

    def name_refuge(self, postcode: str) -> None:
        self._use(self.register.with_refuge(canonical(postcode)))

    def _use(self, register: Register) -> None:
        self.register = register
        self.node.shields[self.agency] = Known(
            register.shields, register.likely, upn=False, refuges=register.refuges
        )
