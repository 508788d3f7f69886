"""What a thief of disks reads: every file of the stolen parties, searched and joined.

Law: a thief knows the program and what is public, and nothing of the lookups. He reads the rows of
every database and the bytes of every other file, and keeps what was not there before the lookups.
Then he looks for words, and for what is about one lookup:

* by an equal value: a hash or a number, as bytes or as text, alone or inside of something;
* by a time that lies within a second of the lookup's, at once or after one offset is taken from all
  values of a column (until when a thing is kept is a time, too);
* by rank, where a table has one row for each lookup, and by length, where rows of one table differ
  in length and what everybody knows does not.

What he finds is compared with what happened (``Lookup``), which only the judge knows.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

FACTS: Final = ("asking agency", "practitioner", "purpose", "child", "answer")
"""What a word can tell of a lookup."""
DAY: Final = 86_400
_HEX: Final = re.compile(rb"[0-9a-f]{16,64}")
_DECIMAL: Final = re.compile(rb"(?<!\d)\d{10}(?!\d)")
_ISO: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_BINARY: Final = re.compile(rb"(?=(\0{4}[^\0]...))", re.DOTALL)
_DATABASE: Final = b"SQLite format 3\0"
_OF_ONE_LOOKUP: Final = 12
"""A value that more rows have is not that of one lookup, such as the name of a member."""


@dataclass(frozen=True)
class Row:
    """A row, or a file that is no database.

    Attributes:
        place: file and table, in the party's folder.
        rank: its place in the table, from 0.
    """

    party: str
    place: str
    rank: int
    values: tuple[tuple[str, object], ...]

    def blobs(self) -> Iterator[bytes]:
        for _, value in self.values:
            if isinstance(value, bytes | str):
                yield value if isinstance(value, bytes) else value.encode()

    def names(self) -> frozenset[bytes]:
        """Values that can join: hashes and numbers in hexadecimal, wherever they stand."""
        found: set[bytes] = set()
        for blob in self.blobs():
            found.update(_HEX.findall(blob))
            if len(blob) in (16, 32):
                found.add(blob.hex().encode())
        return frozenset(found)

    def times(self) -> Iterator[tuple[str, int]]:
        """Whatever may be a time in UNIX seconds, with the column that it is in."""
        for column, value in self.values:
            if isinstance(value, int | float):
                yield column, int(value)
        for blob in self.blobs():
            for stated in _ISO.findall(blob):
                yield "stated", int(datetime.fromisoformat(stated.decode()).timestamp())
            yield from (("written", int(digits)) for digits in _DECIMAL.findall(blob))
            yield from (("inside", int.from_bytes(at, "big")) for at in _BINARY.findall(blob))

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(map(len, self.blobs()))


@dataclass(frozen=True)
class Lookup:
    """What happened.

    Attributes:
        began, ended: its first and last second.
        names: its number and hashes, in hexadecimal.
        words: of each of ``FACTS``, every form that tells it.
        public: what everybody knows of it.
        opened: the agencies where it opened.
    """

    began: int
    ended: int
    names: frozenset[bytes]
    words: Mapping[str, frozenset[bytes]]
    public: object
    opened: frozenset[str]

    def is_at(self, time: int) -> bool:
        return self.began - 1 <= time <= self.ended + 1


@dataclass
class Read:
    """What was read. The sets are of lookups by their place in the list, of ``lengths`` the places
    whose rows differ in length.
    """

    counted: bool = False
    when: set[int] = field(default_factory=set)
    facts: dict[str, set[int]] = field(default_factory=lambda: {fact: set() for fact in FACTS})
    opened: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    lengths: set[str] = field(default_factory=set)


# ---- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Disk:
    """What was read of one party's disk."""

    rows: tuple[Row, ...]
    raw: bytes

    @classmethod
    def of(cls, party: str, folder: Path, keys: Iterable[Path]) -> Disk:
        """Read all files, but for ``keys``: files of keys, or folders of them."""
        left = {path.resolve() for path in keys}
        rows: list[Row] = []
        raw: list[bytes] = []
        for path in sorted(folder.resolve().rglob("*")):
            if not path.is_file() or left & {path, *path.parents}:
                continue
            content = path.read_bytes()
            raw.append(content)
            place = str(path.relative_to(folder.resolve()))
            if content.startswith(_DATABASE):
                rows += _database(party, place, path)
            elif not place.endswith(("-wal", "-shm")):  # those are read with their database
                rows.append(Row(party, place, 0, (("content", content),)))
        return cls(tuple(rows), b"\0".join(raw))

    def since(self, before: Disk) -> Disk:
        """Return what is new: rows that were added or changed. ``raw`` stays whole."""
        known = {(row.place, row.values) for row in before.rows}
        return Disk(tuple(r for r in self.rows if (r.place, r.values) not in known), self.raw)


def _database(party: str, place: str, path: Path) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal"):
            if (source := path.with_name(path.name + end)).exists():
                shutil.copy(source, folder)
        with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
            named = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            for (table,) in connection.execute(named).fetchall():
                cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - its own name
                columns = [column[0] for column in cursor.description]
                for rank, row in enumerate(cursor):
                    yield Row(
                        party, f"{place}:{table}", rank, tuple(zip(columns, row, strict=True))
                    )


# ---- joining -------------------------------------------------------------------------------------


def read(
    disks: Sequence[Disk],
    lookups: Sequence[Lookup],
    *,
    opened: Sequence[Row] = (),
    known_before: bytes = b"",
) -> Read:
    """Return what disks and opened rows tell of the lookups.

    Args:
        disks: what is new of each.
        opened: rows that were opened with a key.
        known_before: all bytes that were there before.
    """
    rows = [*(row for disk in disks for row in disk.rows), *opened]
    tables: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        tables[row.party, row.place].append(row)
    found = Read()
    found.counted = any(len(table) >= len(lookups) for table in tables.values())
    found.lengths = {
        f"{party} {place}" for (party, place), some in tables.items() if _differ(some, lookups)
    }
    about = _about(rows, tables, lookups, found)
    taken = set().union(*about)
    of_nobody = _text(row for row in rows if row not in taken)
    everywhere = _text(rows)
    raw = b"\0".join(disk.raw for disk in disks)
    for number, lookup in enumerate(lookups):
        mine = about[number]
        if any(Path(row.place.split(":")[0]).stem in lookup.opened for row in mine):
            found.opened.add(number)
        if len({row.party for row in mine}) > 1:
            found.joined.add(number)
        text = _text(mine) + of_nobody
        for fact, words in lookup.words.items():
            # A word in what is about this lookup, or about none that is known; or outside of all
            # rows, in what was deleted.
            if any(w in text or _is_loose(w, raw, everywhere, known_before) for w in words):
                found.facts[fact].add(number)
    return found


def _text(rows: Iterable[Row]) -> bytes:
    return b"\0".join(blob for row in rows for blob in row.blobs())


def _is_loose(word: bytes, raw: bytes, everywhere: bytes, before: bytes) -> bool:
    return word in raw and word not in everywhere and word not in before


def _about(
    rows: Sequence[Row],
    tables: Mapping[tuple[str, str], Sequence[Row]],
    lookups: Sequence[Lookup],
    found: Read,
) -> list[set[Row]]:
    """Return the rows about each lookup: by its names, by time, or by a value that they share."""
    owners: dict[bytes, set[Row]] = defaultdict(set)
    for row in rows:
        for name in row.names():
            owners[name].add(row)
    about = [set().union(*(owners[name] for name in lookup.names)) for lookup in lookups]
    for table in tables.values():
        for number, row in _by_time(table, lookups):
            about[number].add(row)
            found.when.add(number)
    for mine in about:
        for row in tuple(mine):
            for name in row.names():
                if len(owners[name]) <= _OF_ONE_LOOKUP:
                    mine |= owners[name]
    return about


def _by_time(table: Sequence[Row], lookups: Sequence[Lookup]) -> Iterator[tuple[int, Row]]:
    """Yield lookup and row that belong together by a time, at once or by an offset that holds for
    half of the lookups, and three at least.
    """
    first, last = lookups[0].began - DAY, lookups[-1].ended + 8 * DAY
    columns: dict[str, set[tuple[int, Row]]] = defaultdict(set)
    for row in table:
        for column, at in row.times():
            if first <= at <= last:
                columns[column].add((at, row))
    for times in columns.values():
        offsets = Counter(at - lookup.began for at in {at for at, _ in times} for lookup in lookups)
        enough = max(3, len(lookups) // 2)
        for offset in {0, *(offset for offset, count in offsets.items() if count >= enough)}:
            for number, lookup in enumerate(lookups):
                yield from ((number, row) for at, row in times if lookup.is_at(at - offset))


def _differ(table: Sequence[Row], lookups: Sequence[Lookup]) -> bool:
    """Whether lengths tell rows apart: of one row for each lookup, those about which the public
    knows the same; of other tables, all.
    """
    if len(table) != len(lookups):
        return len({row.lengths for row in table}) > 1
    by_public: dict[object, set[tuple[int, ...]]] = defaultdict(set)
    for lookup, row in zip(lookups, table, strict=True):
        by_public[lookup.public].add(row.lengths)
    return any(len(lengths) > 1 for lengths in by_public.values())
