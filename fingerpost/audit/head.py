"""The head of an audit log: number and hash of its newest entry, on another root than the log."""

from __future__ import annotations

import contextlib

from sqlalchemy import Connection

from fingerpost.audit import store
from fingerpost.audit.store import Receipt
from fingerpost.audit.verification import BrokenChain
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.witness import Fault, Mark, Witness


class StoreBehind(Defect):
    """The log holds less than its head says: it was truncated, or restored from an old backup."""


def _behind(what: str, fault: Fault) -> StoreBehind:
    """Return the error with its code, as of every store that was put back, and the way on."""
    return StoreBehind(
        f"{what} ({fault.name}). Put the newest copy back, or adopt what is there: audit adopt; at "
        "a broker, adopt"
    )


class Head:
    """The head of a log as its witness has it, on another root than the log.

    Who can write the log and its witness can make them agree: then only a head that was noted or
    deposited elsewhere shows it.
    """

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def check(self, connection: Connection) -> None:
        """Compare the head with the database. A log without entries needs no head yet.

        Raises:
            StoreBehind: the database ends before the head, or there is no head.
            BrokenChain: another entry stands where the head was.
        """
        # The head is read first: another process may append now, and writes the entry before its
        # head. Read in the other order, its head would seem to be ahead of the database.
        try:
            head = self._witness.newest()
        except Defect as defect:
            raise StoreBehind(f"the head of the audit log: {defect}") from None
        entries = store.last(connection).seq
        if head is None:
            if entries:
                raise _behind("the witness of the audit log has no head of it", Fault.UNWITNESSED)
            return
        if head.number > entries:
            ends = f"the audit log ends at entry {entries}, its head was {head.number}"
            raise _behind(ends, Fault.OLDER if entries else Fault.GONE)
        if store.hash_at(connection, head.number) != head.digest:
            raise BrokenChain(head.number)

    def adopt(self, head: Receipt) -> None:
        """Take what is there for the head. Raises ``Defect`` when the disk fails."""
        self._witness.adopt(Mark(head.seq, head.hash))

    def bring_to(self, head: Receipt) -> None:
        """Write the head, unless a later one is there. Raises ``Defect`` when the disk fails."""
        if head.seq:
            self._witness.note(Mark(head.seq, head.hash))

    def try_write(self, head: Receipt) -> None:
        """Write the head after a commit; a failure is ignored, since the entry is recorded."""
        with contextlib.suppress(Defect):  # an older head is still true
            self._witness.note(Mark(head.seq, head.hash), durable=False)
