"""A file as a node would hold it, and what a question would meet there.

Pure. Bounds, comparison and the ruling among several records are those of a node
(``fingerpost.private.linkage``); here a record is known by its position in the file.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol, Self, TypeVar

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import BlockingKey, NormalForm, normalise, wide_keys
from fingerpost.private.linkage.comparison import Ruling, decide, likeliest

Watch = Callable[[str, int, int], None]
"""It is called with the progress: what is being done, how much of it is done, of how much."""

_REPORTED_EVERY: Final = 500
_SHELVES: Final = 256  # each is sorted alone, so that sorting needs little memory
_BITS: Final = 0xFFFF_FFFF_FFFF_FFFF

_T = TypeVar("_T")


def unwatched(_doing: str, _done: int, _of: int) -> None:
    """Ignore the progress."""


def watched(items: Sequence[_T], doing: str, watch: Watch) -> Iterator[tuple[int, _T]]:
    """Enumerate the items, and report the progress."""
    for position, item in enumerate(items):
        if position % _REPORTED_EVERY == 0:
            watch(doing, position, len(items))
        yield position, item
    watch(doing, len(items), len(items))


class Row(Protocol):
    """One record. ``id``: the agency's own number of it."""

    @property
    def id(self) -> str: ...

    @property
    def demographics(self) -> Demographics: ...


class Recorded:
    """The records of a file: the normal form of each, the keys of a question about it, and an index
    of the blocking keys of all.

    First ``add`` every record, then ``close`` it, then ask. ``keys``: how many keys all records
    have together. A record takes the wide keys, which contain the narrow ones.
    """

    def __init__(self, *, upn: bool) -> None:
        """``upn``: whether the agreement lets the pupil number be used."""
        self.ids: list[str] = []
        self.forms: list[NormalForm] = []
        self.keys = self.without_keys = 0
        self.upn = upn
        self._index = KeyIndex()
        self._asked, self._asked_until = array("Q"), array("Q")

    @classmethod
    def of(cls, rows: Sequence[Row], *, upn: bool, watch: Watch = unwatched) -> Self:
        """Return these records, closed."""
        recorded = cls(upn=upn)
        for _, row in watched(rows, "Making keys", watch):
            form = normalise(row.demographics)
            recorded.add(row.id, form, *wide_keys(form, upn=upn))
        recorded.close()
        return recorded

    def __len__(self) -> int:
        return len(self.forms)

    def add(
        self,
        id_: str,
        form: NormalForm,
        keys: Sequence[BlockingKey],
        asked: Iterable[BlockingKey],
    ) -> None:
        """Add one record.

        Args:
            keys: those that it has as a record.
            asked: those of a question about it. Of each, 8 bytes are kept.
        """
        self._index.add(len(self.forms), keys)
        self.ids.append(id_)
        self.forms.append(form)
        self._asked.extend(map(key_number, asked))
        self._asked_until.append(len(self._asked))
        self.keys += len(keys)
        self.without_keys += not keys

    def close(self) -> None:
        self._index.close()

    def opened(self, keys: Iterable[BlockingKey]) -> Counter[int]:
        """Return the records that a question with these keys opens, each with its shared keys."""
        return self._index.shared(map(key_number, keys))

    def opened_by(self, position: int) -> Counter[int]:
        """Return the same for a question about the record at ``position``, which is among them."""
        first = self._asked_until[position - 1] if position else 0
        return self._index.shared(self._asked[first : self._asked_until[position]])

    def likely(self, opened: Mapping[int, int]) -> list[int]:
        """Choose the records to compare as a node does.

        Those that share equally many keys are chosen by id, so that no figure depends on the order
        of a file.
        """
        by_id = {(self.ids[position], position): count for position, count in opened.items()}
        return [position for _, position in likeliest(by_id)]

    def rule(self, asked: NormalForm, positions: Sequence[int]) -> dict[int, Ruling]:
        """Decide about these records as a node does that compares them for one question."""
        forms = [self.forms[position] for position in positions]
        return dict(zip(positions, decide(asked, forms, upn=self.upn), strict=True))


class KeyIndex:
    """Which records have a blocking key: for hundreds of thousands of records, 12 bytes a key.

    First ``add`` everything, then ``close`` it, then ask. A key is kept as 64 bits of its hash
    beside the record's position. Where 2.5 million keys are asked for 2.5 million times, two
    different keys are taken for one in one run of three million.
    """

    def __init__(self) -> None:
        self._hashes = [array("Q") for _ in range(_SHELVES)]
        self._positions = [array("I") for _ in range(_SHELVES)]

    def add(self, position: int, keys: Iterable[BlockingKey]) -> None:
        for key in keys:
            number = key_number(key)
            self._hashes[number % _SHELVES].append(number)
            self._positions[number % _SHELVES].append(position)

    def close(self) -> None:
        for shelf in range(_SHELVES):
            entries = sorted(zip(self._hashes[shelf], self._positions[shelf], strict=True))
            self._hashes[shelf] = array("Q", (number for number, _ in entries))
            self._positions[shelf] = array("I", (position for _, position in entries))

    def shared(self, numbers: Iterable[int]) -> Counter[int]:
        """Return the records that have any of the keys with these numbers, by position, and how
        many of them.
        """
        found: Counter[int] = Counter()
        for number in numbers:
            hashes = self._hashes[number % _SHELVES]
            place = bisect_left(hashes, number)
            while place < len(hashes) and hashes[place] == number:
                found[self._positions[number % _SHELVES][place]] += 1
                place += 1
        return found


def key_number(key: BlockingKey) -> int:
    """Return the 64 bits by which an index of this process knows a key."""
    return hash(key) & _BITS
