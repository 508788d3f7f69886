"""The ports of the answering side of the node, besides those of the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agency_node.answering.matching import Examined
from fingerpost.protocol.codes import Status
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import Query


class Seen(Protocol):
    """The hashes H(core) of all queries received, with or without a hit, while each could be
    fresh. The method blocks.

    It is not H(query), since all gateways share a key (attack: one of them signs another's query
    anew, with wraps that open for nobody in the place of some, and a node that goes by H(query)
    answers it and records it once more). What opens a query is bound to H(core).
    """

    def take(self, queries: Sequence[Query], now: float) -> frozenset[bytes]:
        """Keep the hashes of a frame, durably, in one commit.

        Returns:
            The hashes that were there before.

        Raises:
            Defect: the hashes could not be kept.
        """


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """What one agency records of a query that opened there.

    Args:
        generation: the number of the generation of its records that was read.
        status: its answer.
        disclosed: how many of its pointers leave.
        at: when, in seconds since 1970 UTC.
    """

    agency: AgencyId
    query: Query
    examined: Examined
    generation: int
    status: Status
    disclosed: int
    at: float

    def __repr__(self) -> str:
        return f"Entry({self.agency}, {self.examined.finding.value})"


class Record(Protocol):
    """Each agency's own audit log. The method blocks."""

    def opened(self, entries: Sequence[Entry]) -> frozenset[AgencyId]:
        """Append all, durably on return.

        Returns:
            The agencies whose log could not be written: they may disclose nothing.
        """
