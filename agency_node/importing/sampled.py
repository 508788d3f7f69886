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
import itertools
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from fingerpost.private.demographics import Demographics, written_birth

SAMPLED: Final = 64
_NUMBER_BYTES: Final = 6
_DETAIL_BYTES: Final = 2
_NONE: Final = bytes(_DETAIL_BYTES)
DETAILS: Final = ("forename", "surname", "dob", "sex", "postcode", "health_number")
"""In the order of their digests."""
_SENSITIVE: Final = len(DETAILS)
"""Behind them, whether a row of hers is sensitive, by its flag or its kind: words of kinds that are
mapped anew show a child, too. Samples of an earlier release end before it."""

Sample = dict[bytes, bytes]
"""The digest of a child's own number → those of her details, each ``_NONE`` where she has none; the
children in the order of their file."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of the children of an earlier sample.

    Attributes:
        sought: how many of them the sample of now would hold if they were there.
        gone: how many of those are not in the file, not even in a row that is left out.
        changed: by detail, how many have another one than before, and how many had one both times.
        run: how many of those who are gone stood one behind the other in the file before, and not
            at its beginning, where those stand who came first and leave first.
        at_end: whether they are the last ones of the file before.
        lifted: the digests of the numbers of those who were sensitive and are not.
        were_sensitive: how many of those who are here were.
    """

    sought: int
    gone: int
    changed: Mapping[str, tuple[int, int]]
    run: int
    at_end: bool
    lifted: tuple[bytes, ...]
    were_sensitive: int

    @property
    def odds(self) -> float:
        """Return of how many choices of those who are gone one has such a ``run`` in it."""
        others = math.comb(self.sought - self.run, self.gone - self.run)
        places = 1 if self.at_end else max(1, self.sought - self.run)
        return math.comb(self.sought, self.gone) / (others * places)


@dataclass(slots=True, repr=False)
class Sampler:
    """Takes the children of an export one by one, and keeps those of the sample."""

    _kept: list[tuple[int, int, str, Demographics, bool]] = field(default_factory=list)
    _taken: int = 0

    def add(self, local_id: str, who: Demographics, *, sensitive: bool) -> None:
        """Take a child. No two may have one number."""
        self._taken += 1
        place = -int.from_bytes(number_of(local_id))
        if len(self._kept) < SAMPLED:
            heapq.heappush(self._kept, (place, self._taken, local_id, who, sensitive))
        elif place > self._kept[0][0]:
            heapq.heapreplace(self._kept, (place, self._taken, local_id, who, sensitive))

    def sample(self) -> Sample:
        return {
            number_of(local_id): b"".join(_details(local_id, who, sensitive))
            for _, _, local_id, who, sensitive in sorted(self._kept, key=lambda each: each[1])
        }


def compared(before: Sample, now: Sample, left_out: Set[bytes] = frozenset()) -> Compared:
    """Hold a sample beside an earlier one.

    Args:
        left_out: the digests of the numbers of children who are in the file of now, and of whom
            every row is refused or no longer current.
    """
    last = max(now, default=b"") if len(now) >= SAMPLED else b"\xff" * _NUMBER_BYTES
    sought = [number for number in before if number <= last]
    both = {n: (_parts(before[n]), _parts(now[n])) for n in sought if n in now}
    changed = {}
    for place, detail in enumerate(DETAILS):
        pairs = [(old[place], new[place]) for old, new in both.values()]
        pairs = [pair for pair in pairs if _NONE not in pair]
        changed[detail] = sum(old != new for old, new in pairs), len(pairs)
    sensitive = [number for number, (old, _) in both.items() if old[_SENSITIVE] != _NONE]
    gone = [number not in now and number not in left_out for number in sought]
    run, at_end = _longest_run(gone)
    return Compared(
        sought=len(sought),
        gone=sum(gone),
        changed=changed,
        run=run,
        at_end=at_end,
        lifted=tuple(number for number in sensitive if both[number][1][_SENSITIVE] == _NONE),
        were_sensitive=len(sensitive),
    )


def _longest_run(gone: Sequence[bool]) -> tuple[int, bool]:
    """Return how many ``True`` follow each other at most, without those at the beginning, and
    whether they are the last ones.
    """
    runs = [(len([*some]), is_gone) for is_gone, some in itertools.groupby(gone)]
    runs = runs[1:] if runs and runs[0][1] else runs
    longest = max((length for length, is_gone in runs if is_gone), default=0)
    return longest, bool(runs) and runs[-1] == (longest, True)


def number_of(local_id: str) -> bytes:
    """Return the digest by which a sample knows a child."""
    return _digest(_NUMBER_BYTES, local_id)


def details_of(who: Demographics) -> tuple[str, ...]:
    """Return ``DETAILS`` of a child; empty where she has none."""
    sex = who.sex.name if who.sex is not None else ""
    dob = written_birth(who.dob)
    return (who.forename, who.surname, dob, sex, who.postcode, who.health_number)


def folded(text: str) -> str:
    """Return letters and digits without accents and case: other ways to write one value are no
    change of it.
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text)).lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def _details(local_id: str, who: Demographics, sensitive: bool) -> Iterator[bytes]:
    for detail, value in zip(DETAILS, map(folded, details_of(who)), strict=True):
        yield _digest(_DETAIL_BYTES, local_id, detail, value) if value else _NONE
    yield _digest(_DETAIL_BYTES, local_id, "sensitive") if sensitive else _NONE


def _digest(size: int, *parts: str) -> bytes:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=size).digest()


def _parts(details: bytes) -> list[bytes]:
    found = [details[n : n + _DETAIL_BYTES] for n in range(0, len(details), _DETAIL_BYTES)]
    return [*found, _NONE] if len(found) == _SENSITIVE else found
