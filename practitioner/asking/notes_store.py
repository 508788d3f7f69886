"""``ports.Notes`` in a database beside the outcomes, under keys that are derived from theirs.

An attacker who reads the file without the key learns how many queries of the week there are and how
many nodes each reached, by the size of a row, which the broker knows, and how many notes; one who
puts an earlier copy back loses notes, or has them sent once more. With the key he can read the
notes of recorded packets of the week, and write notes; he can open no query and no answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Engine, column, delete, insert, select, table

from fingerpost.private.codec import read_note, write_note
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.database import empty_journal, open_migrated, reading
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import SealedTable, key_for
from practitioner.asking.migrations import NOTES
from practitioner.asking.notes import RUNG, KeptNote, Thread

NOTE_SIZES: Final = (256,)
_STEP_BYTES: Final = 4096
_NODE_BYTES: Final = 96
_PLACE: Final = b"fingerpost/v1 thread of a gateway"
_REFUSAL: Final = "a thread does not open: wrong outcome key, or changed"

# The table as ``migrations`` makes it.
threads_ = table("threads", column("number"), column("sealed"))


class _Thread(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    operation: str
    asked_at: int
    keys: dict[str, bytes]
    revision: int = limits.FIRST_REVISION

    def __repr__(self) -> str:
        return "_Thread(…)"


class _Note(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    operation: str
    note: bytes
    came: bool
    left: bool

    def __repr__(self) -> str:
        return "_Note(…)"


_THREAD: Final = msgspec.msgpack.Decoder(_Thread)


class SqlNotes:
    """Implements ``ports.Notes``. Processes share the file. ``mark``, ``about`` and ``forget_due``
    block on the disk."""

    def __init__(self, engine: Engine, outcome_key: bytes) -> None:
        self._engine = engine
        self._box = SealedBox(key_for("threads of a gateway", outcome_key))
        self._notes = SealedTable("notes", _Note, outcome_key, NOTE_SIZES)
        with reading(engine) as connection:
            self._notes.require_key(connection)

    async def begin(self, threads: Sequence[Thread]) -> None:
        await asyncio.to_thread(self._begin, threads)

    def _begin(self, threads: Sequence[Thread]) -> None:
        with self._engine.begin() as connection:
            for thread in threads:
                connection.execute(insert(threads_).values(sealed=self._sealed(thread)))

    async def threads(self, after: int) -> tuple[tuple[int, Thread], ...]:
        return await asyncio.to_thread(self._threads, after)

    def _threads(self, after: int) -> tuple[tuple[int, Thread], ...]:
        query = select(threads_).where(threads_.c.number > after).order_by(threads_.c.number)
        with reading(self._engine) as connection:
            return tuple(
                (row.number, self._opened(row.sealed)) for row in connection.execute(query)
            )

    async def waiting(self) -> tuple[KeptNote, ...]:
        return await asyncio.to_thread(self._waiting)

    def _waiting(self) -> tuple[KeptNote, ...]:
        return tuple(kept for kept in self._all() if not kept.came and not kept.left)

    async def keep(self, notes: Sequence[KeptNote]) -> None:
        if notes:
            await asyncio.to_thread(self.mark, notes)

    def mark(self, notes: Sequence[KeptNote]) -> None:
        """Keep notes, in one commit. One that is there is written over."""
        with self._engine.begin() as connection:
            for kept in notes:
                written = write_note(kept.note, limits.NEWEST_REVISION)
                row = _Note(kept.operation, written, kept.came, kept.left)
                self._notes.put(connection, row, *_parts(kept))

    def about(self, operation: str) -> tuple[KeptNote, ...]:
        """Return what was said of a lookup, oldest first. The caller has seen whose it is."""
        found = [kept for kept in self._all() if kept.operation == operation]
        return tuple(sorted(found, key=lambda kept: kept.note.at))

    def revision_of(self, operation: str) -> int:
        """Return the newest revision in which notes about a lookup can be written."""
        of = [t.revision for _, t in self._threads(0) if t.operation == operation]
        return max(of, default=limits.NEWEST_REVISION)

    async def rung(self, operation: str) -> frozenset[AgencyId]:
        said = await asyncio.to_thread(self.about, operation)
        return frozenset(
            kept.note.agency for kept in said if not kept.came and kept.note.kind in RUNG
        )

    def forget_due(self, reached: float) -> None:
        """Destroy what belongs to queries of more than seven days ago.

        Args:
            reached: see ``membership.ports.Reached``.
        """
        oldest = int(reached) - limits.NOTES_KEPT_SECONDS
        with self._engine.begin() as connection:
            threads = connection.execute(select(threads_)).all()
            kept = {row.number: self._opened(row.sealed) for row in threads}
            live = {thread.operation for thread in kept.values() if thread.asked_at > oldest}
            for number, thread in kept.items():
                if thread.asked_at <= oldest:
                    connection.execute(delete(threads_).where(threads_.c.number == number))
            for row in self._notes.records(connection):
                if row.operation not in live:
                    self._notes.remove(connection, *_parts(_kept(row)))
        empty_journal(self._engine)  # it still holds the pages as they were

    def close(self) -> None:
        self._engine.dispose()

    def _all(self) -> tuple[KeptNote, ...]:
        with reading(self._engine) as connection:
            return tuple(_kept(row) for row in self._notes.records(connection))

    def _sealed(self, thread: Thread) -> bytes:
        """Seal a thread at a size that follows from how many nodes its query reached."""
        keys = {node.value: key for node, key in thread.keys.items()}
        row = _Thread(thread.operation, thread.asked_at, keys, thread.revision)
        data = msgspec.msgpack.encode(row)
        size = -(-(64 + _NODE_BYTES * len(keys)) // _STEP_BYTES) * _STEP_BYTES
        return self._box.seal_padded(data, _PLACE, (size,))

    def _opened(self, sealed: bytes) -> Thread:
        try:
            kept = _THREAD.decode(self._box.open_padded(sealed, _PLACE, _REFUSAL))
        except msgspec.MsgspecError:
            raise Defect(_REFUSAL) from None
        keys = {MemberId(node): key for node, key in kept.keys.items()}
        return Thread(kept.operation, kept.asked_at, keys, kept.revision)


def _parts(kept: KeptNote) -> tuple[bytes, ...]:
    return bytes([kept.came, kept.note.kind]), kept.note.number


def _kept(row: _Note) -> KeptNote:
    return KeptNote(row.operation, read_note(row.note), row.came, row.left)


def open_notes(path: Path, outcome_key: bytes) -> SqlNotes:
    """Open the notes in SQLite at ``path``, made and migrated. Raises ``Defect``."""
    return SqlNotes(open_migrated(path, NOTES), outcome_key)
