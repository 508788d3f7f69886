"""The ports of the answering side of the node, besides those of the records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agency_node.answering.pages import Entry, Opened
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import Query


class Journal(Protocol):
    """What the answers to a frame wait for. The methods block."""

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        """Return the hashes H(core) of those queries that were written before, with or without a
        hit, while each could be fresh.

        It is not H(query), since all gateways share a key (attack: one of them signs another's
        query anew, with wraps that open for nobody in the place of some, and a node that goes by
        H(query) answers it and records it once more). What opens a query is bound to H(core).

        Raises:
            Defect: the journal cannot be read.
        """

    def write(
        self,
        queries: Sequence[Query],
        entries: Sequence[Entry],
        now: float,
        *,
        looked_up: int,
        asked: int,
    ) -> None:
        """Keep the queries of a frame and what opened in it, durably, in one commit. How much is
        written follows from the number of queries, ``looked_up`` and ``asked``.

        Args:
            looked_up: how many of the queries were looked up.
            asked: how many agencies these asked, all together.

        Raises:
            Defect: nothing was kept: no agency may disclose anything, nor answer anything else
                than another.
        """


class Record(Protocol):
    """Each agency's own audit log. The method blocks."""

    def opened(self, openings: Sequence[Opened], *, tried: bool = False) -> frozenset[AgencyId]:
        """Append all, durably on return.

        Args:
            tried: some may be there already; those are left out.

        Returns:
            The agencies whose log could not be written: they may disclose nothing from now on.
        """
