"""``notes.ports.NotesStore`` in a database.

A packet is kept as it came until it is read: without the key it is random bytes of one size, and
the broker knows how many there are. Then its salt alone is kept. Threads and notes are sealed, at
one size each; there are as many threads as queries that opened in the week, and as many reports of
wrong numbers as requesters made within a year. An attacker who can change the file can lose notes,
and keep threads for longer; one who reads it with the key can read the notes of the week, also in
packets that were recorded on their way, and write to the agencies that asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, column, delete, func, select, table, update
from sqlalchemy.dialects import sqlite

from agency_node.notes.migrations import NOTES
from agency_node.notes.ports import KeptNote, Thread, WrongNumber
from agency_node.reading.ports import Rest, in_steps, never_rest
from fingerpost.private.codec import read_note, write_note
from fingerpost.private.notes import NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.packets import CarriedPacket, hour_of
from fingerpost.runtime.database import empty_journal, open_migrated, reading
from fingerpost.runtime.sealed_rows import SealedTable

ROW_SIZES: Final = (256,)
WRONG_KEPT_SECONDS: Final = 365 * limits.DAY

# The table as ``migrations`` makes it.
packet_ = table("packet", *map(column, ("salt", "exchange", "hour", "packet", "unread")))


class _Thread(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: bytes
    agency: str
    key: bytes
    at: int
    requester: str = ""
    revision: int = limits.FIRST_REVISION

    def __repr__(self) -> str:
        return "_Thread(…)"


class _Note(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: bytes
    note: bytes

    def __repr__(self) -> str:
        return "_Note(…)"


class _Wrong(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    agency: str
    telephone: str
    reporter: str
    at: int

    def __repr__(self) -> str:
        return "_Wrong(…)"


class SqlNotes:
    """Implements ``ports.NotesStore``. Raises ``StoreFailed``, a ``Defect``."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        """``key``: 32 bytes, secret; the keys of the tables are derived from it."""
        self._engine = engine
        self._threads = SealedTable("thread", _Thread, key, ROW_SIZES)
        self._came = SealedTable("came", _Note, key, ROW_SIZES)
        self._waiting = SealedTable("waiting", _Note, key, ROW_SIZES)
        self._wrong = SealedTable("wrong_number", _Wrong, key, ROW_SIZES)
        with reading(engine) as connection:
            self._threads.require_key(connection)

    def keep(self, packets: Sequence[CarriedPacket]) -> frozenset[bytes]:
        new = set()
        with self._engine.begin() as connection:
            for each in packets:
                row = {
                    "salt": each.salt,
                    "exchange": each.exchange,
                    "hour": each.hour,
                    "packet": each.packet,
                    "unread": True,
                }
                added = sqlite.insert(packet_).values(row).on_conflict_do_nothing()
                if connection.execute(added).rowcount:
                    new.add(each.exchange)
        return frozenset(new)

    def unread(self) -> tuple[CarriedPacket, ...]:
        query = select(packet_).where(packet_.c.unread).order_by(packet_.c.salt)
        with reading(self._engine) as connection:
            return tuple(
                CarriedPacket(row.exchange, row.hour, row.packet)
                for row in connection.execute(query)
            )

    def read(
        self,
        packets: Sequence[CarriedPacket],
        came: Sequence[KeptNote],
        wrong: Sequence[WrongNumber] = (),
    ) -> None:
        with self._engine.begin() as connection:
            for each in packets:
                of = packet_.c.salt == each.salt
                connection.execute(update(packet_).where(of).values(unread=False, packet=b""))
            for kept in came:
                if kept.note.kind is NoteKind.RECEIVED:
                    self._waiting.remove(connection, kept.note.number)
                elif self._came.get(connection, kept.note.number) is None:
                    self._came.put(connection, _written(kept), kept.note.number)
            for report in wrong:
                row = _Wrong(
                    report.agency.value, report.telephone, report.reporter.value, report.at
                )
                self._wrong.put(connection, row, *_parts(report))

    def wrong_numbers(self) -> tuple[WrongNumber, ...]:
        with reading(self._engine) as connection:
            return tuple(_wrong(row) for row in self._wrong.records(connection))

    def count_wrong(self) -> int:
        return self._count("wrong_number")

    def number_is_right(self, agency: AgencyId, telephone: str) -> None:
        with self._engine.begin() as connection:
            for each in map(_wrong, self._wrong.records(connection)):
                if (each.agency, each.telephone) == (agency, telephone):
                    self._wrong.remove(connection, *_parts(each))

    def add(self, threads: Sequence[Thread]) -> None:
        with self._engine.begin() as connection:
            for each in threads:
                requester = each.requester.value if each.requester else ""
                row = _Thread(
                    each.query, each.agency.value, each.key, each.at, requester, each.revision
                )
                self._threads.put(connection, row, each.query, each.agency.value.encode("ascii"))

    def threads(self, rest: Rest = never_rest) -> tuple[Thread, ...]:
        with reading(self._engine) as connection:
            return tuple(
                Thread(
                    row.query,
                    AgencyId(row.agency),
                    row.key,
                    row.at,
                    AgencyId(row.requester) if row.requester else None,
                    row.revision,
                )
                for row in in_steps(self._threads.each(connection), rest)
                if row.key
            )

    def count(self) -> int:
        return self._count("thread")

    def _count(self, name: str) -> int:
        query = select(func.count()).select_from(table(name))
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def came(self, agency: AgencyId) -> tuple[KeptNote, ...]:
        kept = self._kept(self._came)
        return tuple(sorted((n for n in kept if n.note.agency == agency), key=_age))

    def leave(self, note: KeptNote) -> None:
        with self._engine.begin() as connection:
            self._waiting.put(connection, _written(note), note.note.number)

    def waiting(self) -> tuple[KeptNote, ...]:
        return self._kept(self._waiting)

    def forget_due(self, reached: float) -> None:
        with self._engine.begin() as connection:
            threads = self._threads.records(connection)
            over = [t for t in threads if t.at <= int(reached) - limits.NOTES_KEPT_SECONDS]
            gone = {t.query for t in over}
            for thread in over:
                self._threads.remove(connection, thread.query, thread.agency.encode("ascii"))
            for notes in (self._came, self._waiting):
                for kept in notes.records(connection):
                    if kept.query in gone:
                        notes.remove(connection, read_note(kept.note).number)
            for report in map(_wrong, self._wrong.records(connection)):
                if report.at <= int(reached) - WRONG_KEPT_SECONDS:
                    self._wrong.remove(connection, *_parts(report))
            old = packet_.c.hour < hour_of(reached) - 1
            connection.execute(delete(packet_).where(old, packet_.c.unread.is_(False)))
        empty_journal(self._engine)  # it still holds the pages as they were

    def close(self) -> None:
        self._engine.dispose()

    def _kept(self, notes: SealedTable[_Note]) -> tuple[KeptNote, ...]:
        with reading(self._engine) as connection:
            found: list[Any] = notes.records(connection)
        return tuple(KeptNote(kept.query, read_note(kept.note)) for kept in found)


def _written(kept: KeptNote) -> _Note:
    return _Note(kept.query, write_note(kept.note, limits.NEWEST_REVISION))


def _wrong(row: _Wrong) -> WrongNumber:
    return WrongNumber(AgencyId(row.agency), row.telephone, AgencyId(row.reporter), row.at)


def _parts(wrong: WrongNumber) -> tuple[bytes, ...]:
    return tuple(
        part.encode("ascii") for part in (wrong.agency.value, wrong.telephone, wrong.reporter.value)
    )


def _age(kept: KeptNote) -> int:
    return kept.note.at


def open_notes(path: Path, key: bytes) -> SqlNotes:
    """Open the notes in SQLite at ``path``, made and migrated. Raises ``Defect``."""
    return SqlNotes(open_migrated(path, NOTES), key)
