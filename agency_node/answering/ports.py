"""What the answering side of the node needs of the world besides the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agency_node.answering.matching import Examined
from fingerpost.protocol.codes import Status
from fingerpost.protocol.federation import Agency
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import Query


class Seen(Protocol):
    """The hashes H(query) of all queries that came, with or without a hit, while each could be
    fresh. Blocking.
    """

    def take(self, queries: Sequence[Query], now: float) -> frozenset[bytes]:
        """Keep all, durably, in one commit for a frame; return the hashes that were there before.
        Raises ``Defect``.
        """


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """What one agency records of a query that opened there.

    Args:
        generation: the number of the generation of its records that was read.
        status: its answer.
        disclosed: how many of its pointers leave.
        at: when, in seconds since 1970 UTC.
        requester: the asking agency as the member list had it then, so that a duty desk knows whom
            to ring.
    """

    agency: AgencyId
    query: Query
    examined: Examined
    generation: int
    status: Status
    disclosed: int
    at: float
    requester: Agency

    def __repr__(self) -> str:
        return f"Entry({self.agency}, {self.examined.finding.value})"


class Record(Protocol):
    """Each agency's own audit. Blocking; durable on return."""

    def opened(self, entries: Sequence[Entry]) -> frozenset[AgencyId]:
        """Append all; return the agencies whose log could not take them: they may disclose nothing."""
