"""The ports of the broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fingerpost.protocol.codes import Reach
from fingerpost.protocol.ids import AgencyId, Handle, MemberId


@dataclass(frozen=True, slots=True, repr=False)
class LookupRecord:
    """All that is kept of a lookup.

    It names neither the practitioner nor the child; the query itself is not kept.
    """

    query_hash: bytes
    agency: AgencyId
    gateway: MemberId
    reach: Reach
    handle: Handle
    at: int
    keep_until: int

    def __repr__(self) -> str:
        return f"LookupRecord({self.query_hash.hex()[:8]}…)"


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """A query of which a replay would still be fresh until ``keep_until`` (UNIX seconds)."""

    query_hash: bytes
    keep_until: int


class Store(Protocol):
    """The hash log and the replay set. Its calls block, and come from one thread at a time.

    An attacker who can change it can replay a query to nodes, which hold replay sets of their own,
    and can remove a lookup from the log, which the chain of the log shows.
    """

    @property
    def complete_since(self) -> float:
        """From when on every query carried is in the store (UNIX seconds): its making or last
        adoption.
        """
        ...

    def seen(self, reached: float) -> tuple[Seen, ...]:
        """Return the queries whose time is not over at ``reached``: see
        ``membership.ports.Reached``.
        """
        ...

    def append(self, records: Sequence[LookupRecord], reached: float) -> None:
        """Append all of the records, durably on return, or none, and forget the queries whose time
        is over at ``reached`` (attack: a clock that was ahead for a moment lets replays in).

        It is called before any part of their queries leaves the broker.

        Raises:
            StoreFailed: it could not, and nothing may leave.
        """
        ...


class Recorder(Protocol):
    async def append(self, record: LookupRecord) -> None:
        """Append ``record``, durably on return.

        Raises:
            Defect: the record is not durable.
        """
        ...


class ListFiles(Protocol):
    """The files of the newest member list that was verified whole."""

    def file(self, path: str) -> bytes:
        """Return the content of a file. It blocks.

        Raises:
            Refused: NOT_ALLOWED when there is no such file, NOT_READY when there is no list yet.
        """
        ...
