"""Whether the entries of an audit log are those that were recorded. No I/O.

Law: a verdict is never guessed. A log that goes on from what somebody noted is whole; one that does
not is undone; and where the note itself has a slip, nothing is said of the log but what was seen.
An alarm that comes for a mistyped digit is one that nobody believes the next time.

What is noted is a number and the whole hash. The hash covers the number and everything before it,
so a hash that is in the chain shows that the log holds what it held then, whatever number is
beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from fingerpost.audit.chain import GENESIS, chain_hash
from fingerpost.audit.store import Receipt, Row
from fingerpost.protocol.errors import Defect

MISTYPED_DIGITS: Final = 4
"""A noted hash that differs from the recorded one in so few of its 64 hexadecimal digits was copied
wrongly: the hashes of two chains have nothing in common."""


class BrokenChain(Defect):
    """The entry ``seq`` is not the one that was recorded: changed, removed or moved."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the audit chain is broken at entry {seq}")
        self.seq = seq


class Undone(BrokenChain):
    """The chain is valid, and is not the one that was noted: its end was cut off, or an earlier
    copy was put back or written on, or all of it was computed anew."""

    def __init__(self, noted: int, entries: int) -> None:
        super().__init__(min(noted, entries + 1))
        found = (
            f"the audit log ends at entry {entries}, and entry {noted} was noted: what came after "
            "was cut off, or an earlier copy was put back"
            if noted > entries
            else f"entry {noted} of the audit log is not the one that was noted: the log was "
            "written anew from there on, or from before"
        )
        self.args = (f"{found}. Look first whether the note is of this log",)


class Unsure(Defect):
    """The note does not say whether the log is whole."""


@unique
class Doubt(Enum):
    """Why a note does not say whether the log is whole, where the chain is valid."""

    NUMBER = "the noted hash is that of another entry"
    HASH = "the noted hash differs from that of the entry in a few digits"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of ``verify``.

    Attributes:
        entries: how many the log holds.
        head: the last valid entry.
        broken_at: the number of the first entry that is not valid, or not the noted one.
        noted: the number that was noted, if one was.
        doubt: why nothing follows from the note; ``found_at`` is the entry that has its hash, or
            nearly.
    """

    entries: int
    head: Receipt
    broken_at: int | None
    noted: int | None = None
    doubt: Doubt | None = None
    found_at: int = 0

    def require_whole(self) -> None:
        """Raise unless the whole chain is valid and goes on from the note.

        Raises:
            BrokenChain: an entry is not the one that was recorded.
            Undone: the chain does not go on from the note.
            Unsure: the note has a slip.
        """
        if self.broken_at is not None:
            if self.noted is not None and self.head.seq == self.entries:  # the chain is valid
                raise Undone(self.noted, self.entries)
            raise BrokenChain(self.broken_at)
        if self.doubt is Doubt.NUMBER:
            raise Unsure(
                f"the noted hash is that of entry {self.found_at}, and not of entry {self.noted}. "
                "The chain is valid, and goes on from there. Compare the number with the note"
            )
        if self.doubt is Doubt.HASH:
            raise Unsure(
                f"the noted hash differs from that of entry {self.found_at} in a few digits, so it "
                "was mistyped. The chain is valid. Compare the hash with the note"
            )


def verify(rows: Iterable[Row], entries: int, noted: Receipt | None) -> Report:
    """Compute a whole chain again.

    Args:
        rows: all entries, in their order.
        entries: the number of the last.
        noted: a receipt that was kept elsewhere.
    """
    head = Receipt(0, GENESIS)
    note = None if noted is None else _Note(noted, head)
    broken_at: int | None = None
    try:
        for row in in_chain(rows):
            head = Receipt(row.seq, row.hash)
            if note is not None:
                note.compare(head)
    except BrokenChain as broken:
        broken_at = broken.seq
    if note is None:
        return Report(entries, head, broken_at)
    number = note.noted.seq
    if note.found_at is None:
        # The chain was cut off before the note, or somebody computed all of it again.
        missing = min(number, entries + 1)
        broken_at = missing if broken_at is None else min(broken_at, missing)
    return Report(entries, head, broken_at, number, note.doubt, note.found_at or 0)


def in_chain(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield entries for as long as each is the one that was recorded after the one before it.

    Raises:
        BrokenChain: one is not.
    """
    previous = GENESIS
    for number, row in enumerate(rows, 1):
        if row.seq != number or row.hash != chain_hash(previous, number, row.header, row.body):
            raise BrokenChain(number)
        previous = row.hash
        yield row


class _Note:
    """A receipt that was noted elsewhere, compared with each valid entry in their order.

    Attributes:
        found_at: the entry that has its hash, or nearly; None where none has.
        doubt: see ``Doubt``.
    """

    def __init__(self, noted: Receipt, genesis: Receipt) -> None:
        self.noted = noted
        self.found_at: int | None = None
        self.doubt: Doubt | None = None
        self.compare(genesis)

    def compare(self, head: Receipt) -> None:
        if head.hash == self.noted.hash:
            self.found_at = head.seq
            self.doubt = None if head.seq == self.noted.seq else Doubt.NUMBER
        elif head.seq == self.noted.seq and _is_mistyped(self.noted.hash, head.hash):
            self.found_at, self.doubt = head.seq, Doubt.HASH


def _is_mistyped(noted: bytes, recorded: bytes) -> bool:
    digits = zip(noted.hex(), recorded.hex(), strict=True)
    return sum(one != other for one, other in digits) <= MISTYPED_DIGITS
