"""What the answering side of the node needs of the world, beyond the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agency_node.answering.matching import Examined
from fingerpost.private.locators import Pepper
from fingerpost.protocol.codes import Status
from fingerpost.protocol.federation import Agency, Federation
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import Query


class MemberListSource(Protocol):
    @property
    def current(self) -> Federation:
        """The last verified list, expired or not. Raises ``Refused(UNTRUSTED_METADATA)`` when there never was one."""


class Peppers(Protocol):
    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        """Raises ``Refused(NOT_READY)``."""


class Seen(Protocol):
    """H(query) of every query that came, hit or not, for as long as it could be fresh. Blocking."""

    def take(self, queries: Sequence[Query], now: float) -> frozenset[bytes]:
        """Keeps all, durably, and returns those that were there before. One commit for a frame. Raises ``Defect``."""


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """What one agency records of a query that opened there. ``status``: its word; ``told``: how many of its pointers
    leave; ``generation``: of its records, at ``at`` (seconds since 1970 UTC). ``asker``: the asking agency as the
    member list had it then, so that a duty desk knows whom to ring."""

    agency: AgencyId
    query: Query
    examined: Examined
    generation: int
    status: Status
    told: int
    at: float
    asker: Agency

    def __repr__(self) -> str:
        return f"Entry({self.agency}, {self.examined.finding.value})"


class Record(Protocol):
    """Each agency's own audit. Blocking; durable on return."""

    def opened(self, entries: Sequence[Entry]) -> frozenset[AgencyId]:
        """Appends all, and returns the agencies whose log could not take them: nothing of theirs may leave."""
