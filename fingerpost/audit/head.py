"""The head of the audit log, beside its database: number and hash of the newest entry.

Law: one line in one file, replaced after each commit without waiting for the disk. It may be behind
the database after a crash. It is ahead only when the database was cut or replaced by an older copy.
An attacker who can write both can make them agree: then only a witness elsewhere shows it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from sqlalchemy import Connection

from fingerpost.audit import store
from fingerpost.audit.store import Receipt
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import replace_file


class BrokenChain(Defect):
    """The entry ``seq`` is not the one that was recorded: changed, removed or moved."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the audit chain is broken at entry {seq}")
        self.seq = seq


class StoreBehind(Defect):
    """The log holds less than its head says: it was truncated, or restored from an old backup."""


class HeadFile:
    """The file that holds a log's head."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, connection: Connection) -> None:
        """Compare the head with the database. A log without entries needs no head yet.

        Raises:
            StoreBehind: the database ends before the head, or there is no head.
            BrokenChain: another entry stands where the head was.
        """
        entries = store.last(connection).seq
        head = self._read()
        if head is None:
            if entries:
                raise StoreBehind("the head of the audit log is missing")
            return
        if head.seq > entries:
            raise StoreBehind(f"the audit log ends at entry {entries}, its head says {head.seq}")
        if store.hash_at(connection, head.seq) != head.hash:
            raise BrokenChain(head.seq)

    def write(self, head: Receipt) -> None:
        """Write the head, durable on return. Raises ``Defect`` when the disk fails."""
        replace_file(self._path, _line(head))

    def try_write(self, head: Receipt) -> None:
        """Write the head after a commit; a failure is ignored, since the entry is recorded."""
        with contextlib.suppress(Defect):  # an older head is still true
            replace_file(self._path, _line(head), durable=False)

    def _read(self) -> Receipt | None:
        try:
            seq, hash_ = self._path.read_text("ascii").split()
            return Receipt(int(seq), bytes.fromhex(hash_))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise StoreBehind("the head of the audit log cannot be read") from None


def _line(head: Receipt) -> bytes:
    return f"{head.seq} {head.hash.hex()}\n".encode()
