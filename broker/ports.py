"""What the broker needs of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fingerpost.protocol.codes import Reach
from fingerpost.protocol.ids import AgencyId, Handle, MemberId


@dataclass(frozen=True, slots=True, repr=False)
class LookupRecord:
    """All that is kept of a lookup. It names neither who asks nor who is asked about; the query itself is not kept."""

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
    """The hash log and the replay set. Blocking: called from a thread of its own, by one caller at a time.

    An attacker who can change it can replay a query to nodes, which hold replay sets of their own, and can hide from
    the log that a lookup was made, which the chain of the log shows.
    """

    @property
    def complete_since(self) -> float:
        """From when on (UNIX seconds) every query carried is in the store: when it was made, or last adopted."""
        ...

    def seen(self, now: float) -> tuple[Seen, ...]:
        """The queries whose time is not over."""
        ...

    def append(self, records: Sequence[LookupRecord], now: float) -> None:
        """All of the records, durable on return, or none. Called before anything of their queries leaves the broker.

        Raises ``Defect`` (``StoreFailed``) when it cannot: then nothing may leave.
        """
        ...


class Recorder(Protocol):
    async def append(self, record: LookupRecord) -> None:
        """Durable on return. Raises ``Defect`` when it is not."""
        ...


class ListFiles(Protocol):
    """The files of the newest member list that was verified whole."""

    def file(self, path: str) -> bytes:
        """Blocking. Raises ``Refused``: NOT_ALLOWED when there is no such file, NOT_READY when there is no list yet."""
        ...
