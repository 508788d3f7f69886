"""A few children of an export by their own numbers, with digests of their details: the next import
sees by it whether the details of one child have come to another. Pure.

Counts cannot show that a column was sorted by itself, moved by a row, or swapped with another of
the same form: every child has a date of birth, and it is another child's. Which children are in the
sample follows from their own numbers alone, so the same ones are in it from import to import.

Law: no value is kept. Of each detail there are two bytes of a digest, of each number six, sealed
beside the records (``census.Census``); ``SAMPLED`` children are enough to see what befell most.
"""

from __future__ import annotations

import hashlib
import heapq
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fingerpost.private.demographics import Demographics, written_birth

SAMPLED: Final = 64
_NUMBER_BYTES: Final = 6
_DETAIL_BYTES: Final = 2
_NONE: Final = bytes(_DETAIL_BYTES)
DETAILS: Final = ("forename", "surname", "dob", "sex", "postcode", "health_number")
"""In the order of their digests."""

Sample = dict[bytes, bytes]
"""The digest of a child's own number → those of her details, each ``_NONE`` where she has none."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of the children of an earlier sample.

    Attributes:
        sought: how many of them the sample of now would hold if they were there.
        gone: how many of those are not there.
        changed: by detail, how many have another one than before, and how many had one both times.
    """

    sought: int
    gone: int
    changed: Mapping[str, tuple[int, int]]


@dataclass(slots=True, repr=False)
class Sampler:
    """Takes the children of an export one by one, and keeps those of the sample."""

    _kept: list[tuple[int, str, Demographics]] = field(default_factory=list)

    def add(self, local_id: str, who: Demographics) -> None:
        """Take a child. No two may have one number."""
        place = -int.from_bytes(_digest(_NUMBER_BYTES, local_id))
        if len(self._kept) < SAMPLED:
            heapq.heappush(self._kept, (place, local_id, who))
        elif place > self._kept[0][0]:
            heapq.heapreplace(self._kept, (place, local_id, who))

    def sample(self) -> Sample:
        return {
            _digest(_NUMBER_BYTES, local_id): b"".join(_details(local_id, who))
            for _, local_id, who in self._kept
        }


def compared(before: Sample, now: Sample) -> Compared:
    """Hold a sample beside an earlier one."""
    last = max(now, default=b"") if len(now) >= SAMPLED else b"\xff" * _NUMBER_BYTES
    sought = [number for number in before if number <= last]
    both = [(_parts(before[number]), _parts(now[number])) for number in sought if number in now]
    changed = {}
    for place, detail in enumerate(DETAILS):
        pairs = [(old[place], new[place]) for old, new in both]
        pairs = [pair for pair in pairs if _NONE not in pair]
        changed[detail] = sum(old != new for old, new in pairs), len(pairs)
    return Compared(len(sought), len(sought) - len(both), changed)


def _details(local_id: str, who: Demographics) -> Iterator[bytes]:
    values = (
        who.forename,
        who.surname,
        written_birth(who.dob),
        who.sex.name if who.sex is not None else "",
        who.postcode,
        who.health_number,
    )
    for detail, value in zip(DETAILS, map(_folded, values), strict=True):
        yield _digest(_DETAIL_BYTES, local_id, detail, value) if value else _NONE


def _folded(text: str) -> str:
    """Return letters and digits without accents and case: other ways to write one value are no
    change of it.
    """
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def _digest(size: int, *parts: str) -> bytes:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=size).digest()


def _parts(details: bytes) -> list[bytes]:
    return [details[n : n + _DETAIL_BYTES] for n in range(0, len(details), _DETAIL_BYTES)]
