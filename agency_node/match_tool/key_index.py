"""Which records have a key: for hundreds of thousands of records, in a dozen bytes for each key.

Pure. A key is kept as 64 bits of its hash beside the record's position; where 2.5 million keys are
asked for 2.5 million times, two different ones are taken for one in one run of three million.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Final

from fingerpost.private.linkage import BlockingKey

_SHELVES: Final = 256  # sorted one by one, so that sorting needs little room beside
_BITS: Final = 0xFFFF_FFFF_FFFF_FFFF


class KeyIndex:
    """First ``add`` everything, then ``close`` it, then ask."""

    def __init__(self) -> None:
        self._hashes = [array("Q") for _ in range(_SHELVES)]
        self._positions = [array("I") for _ in range(_SHELVES)]

    def add(self, position: int, keys: Iterable[BlockingKey]) -> None:
        for key in keys:
            number = _number(key)
            self._hashes[number % _SHELVES].append(number)
            self._positions[number % _SHELVES].append(position)

    def close(self) -> None:
        for shelf in range(_SHELVES):
            entries = sorted(zip(self._hashes[shelf], self._positions[shelf], strict=True))
            self._hashes[shelf] = array("Q", (number for number, _ in entries))
            self._positions[shelf] = array("I", (position for _, position in entries))

    def shared(self, keys: Iterable[BlockingKey]) -> Counter[int]:
        """The records that have any of ``keys``, by position, and how many of them."""
        found: Counter[int] = Counter()
        for key in keys:
            number = _number(key)
            hashes = self._hashes[number % _SHELVES]
            place = bisect_left(hashes, number)
            while place < len(hashes) and hashes[place] == number:
                found[self._positions[number % _SHELVES][place]] += 1
                place += 1
        return found


def _number(key: BlockingKey) -> int:
    return hash(key.rule.to_bytes(2, "big") + key.value) & _BITS
