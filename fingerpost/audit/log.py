"""The audit log: what happened, in an order that cannot be changed unseen.

Law: append, verify, show, forget. Audit is not logging: an entry is on the disk before ``append``
returns, and who cannot record does not answer, so every failure raises. The rules are in
``audit_chain``, the tables in ``audit_store``.

Beside the database lies its head (``<name>.head``): number and hash of the newest entry, written
after each commit. It may lag after a crash and may never lead: if it does, the database was put
back from an older copy, and the log refuses to open until somebody adopts that knowingly.

A backup that holds both the database and the master key brings back what was forgotten since: keep
the master key out of the database's backups.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection, Engine

from fingerpost.audit import store
from fingerpost.audit.chain import (
    GENESIS,
    Actor,
    AuditEvent,
    FieldValue,
    Month,
    OperationId,
    body_place,
    chain_hash,
    month_place,
    parse_header,
)
from fingerpost.audit.head import BrokenChain, HeadFile, StoreBehind
from fingerpost.audit.migrations import REVISIONS
from fingerpost.audit.store import Receipt, Row
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.database import empty_journal, migrate, open_sqlite, reading
from fingerpost.runtime.files import KEY_BYTES
from fingerpost.runtime.sealed_box import SealedBox

__all__ = [
    "Actor",
    "AuditEvent",
    "AuditLog",
    "BrokenChain",
    "Entry",
    "Month",
    "OperationId",
    "Receipt",
    "Report",
    "StoreBehind",
]

MONTH_FORGOTTEN: Final = "audit.month_forgotten"
_OWN_EVENTS: Final[Mapping[str, frozenset[str]]] = {MONTH_FORGOTTEN: frozenset({"month"})}


@dataclass(frozen=True, slots=True)
class Report:
    """What ``verify`` found. ``head`` is the last entry that holds; ``broken_at`` the first not."""

    entries: int
    head: Receipt
    broken_at: int | None

    def require_whole(self) -> None:
        """Raises ``BrokenChain``."""
        if self.broken_at is not None:
            raise BrokenChain(self.broken_at)


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """An entry to show. ``body`` is None when not asked for, or ``forgotten`` with its month."""

    seq: int
    hash: bytes
    kind: str
    actor: Actor
    operation: OperationId
    at: int
    fields: Mapping[str, FieldValue]
    body: bytes | None
    forgotten: bool

    def __repr__(self) -> str:
        return f"Entry({self.seq}, {self.kind})"


class AuditLog:
    """One file, any number of threads; a second process (a command line) may share it.

    Every call blocks on the disk: from asyncio, ``await asyncio.to_thread(log.append, event)``.
    """

    def __init__(
        self, engine: Engine, head: Path, catalogue: Mapping[str, frozenset[str]], master: SealedBox
    ) -> None:
        self._engine = engine
        self._head_file = HeadFile(head)
        self._catalogue = {**catalogue, **_OWN_EVENTS}
        self._master = master
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        catalogue: Mapping[str, frozenset[str]],
        master_key: bytes,
        adopt: bool = False,
    ) -> Self:
        """Open or create the log at ``path``; its head lies beside it.

        ``catalogue``: for each kind of event the public fields it carries. ``adopt`` accepts a
        database that holds less than its head says; record who did that, and why, as an event.

        Raises:
            Defect: the master key is not 32 bytes, or not the one this log was made with.
            StoreBehind: the head says more than the database holds, or is missing.
            BrokenChain: the entry at the head is not the one that the head names.
        """
        master = SealedBox(master_key)
        engine = open_sqlite(path)
        try:
            migrate(engine, REVISIONS)
            log = cls(engine, path.with_name(path.name + ".head"), catalogue, master)
            with reading(engine) as connection:
                log._check_master(connection)
                if not adopt:
                    log._head_file.check(connection)
            log._head_file.write(log.head())
            empty_journal(engine)  # a reader may have kept ``forget`` from it
        except BaseException:
            engine.dispose()
            raise
        return log

    def append(self, event: AuditEvent) -> Receipt:
        """Record an event; it is on the disk on return.

        Raises:
            Defect: the catalogue does not know the event, or not with these fields.
            StoreFailed: it is not recorded; what depends on it must not happen.
        """
        return self.append_many([event])[0]

    def append_many(self, events: Sequence[AuditEvent]) -> tuple[Receipt, ...]:
        """Record several events in one commit, all or none. Raises as ``append``."""
        for event in events:
            self._require_catalogued(event)
        with self._lock:
            with self._engine.begin() as connection:
                receipts = self._add(connection, events)
            if receipts:
                self._head_file.try_write(receipts[-1])
        return receipts

    def verify(self, witness: Receipt | None = None) -> Report:
        """Compute the whole chain anew; ``witness`` is a receipt kept elsewhere.

        Without a witness an end cut off is seen only against the head beside the file.
        """
        head = Receipt(0, GENESIS)
        broken_at: int | None = None
        with reading(self._engine) as connection:
            entries = store.last(connection).seq
            for row in store.rows(connection):
                if not _follows(head, row):
                    broken_at = head.seq + 1
                    break
                head = Receipt(row.seq, row.hash)
            witnessed = store.hash_at(connection, witness.seq) if witness else None
        if witness is not None and witnessed != witness.hash:
            # Cut off before the witness, or the whole chain computed anew by somebody.
            missing = min(witness.seq, entries + 1)
            broken_at = missing if broken_at is None else min(broken_at, missing)
        return Report(entries, head, broken_at)

    def show(self, since: int, until: int, *, decrypt: bool) -> Iterator[Entry]:
        """Entries with ``since`` ≤ at < ``until`` (UNIX seconds), in the order of the chain.

        Shows what is stored; ``verify`` says whether it is what was recorded. Read it to its end:
        a half-read one keeps the write-ahead log from being emptied.
        """
        with reading(self._engine) as connection:
            for row in store.rows(connection, since=since, until=until):
                event = parse_header(row.header)
                key = self._key(connection, Month.at(event.at))
                body = _open_body(key, row) if key and decrypt else None
                yield Entry(
                    row.seq,
                    row.hash,
                    event.kind,
                    event.actor,
                    event.operation,
                    event.at,
                    event.fields,
                    body,
                    forgotten=key is None,
                )

    def forget(self, month: Month, *, actor: Actor, operation: OperationId, at: int) -> Receipt:
        """Destroy a month's key, and record that; its bodies can never be read again.

        ``at``: now, UNIX seconds. Bytes may outlive this on the medium (an SSD's spare blocks)
        and in backups; see the head of this module.

        Raises:
            Defect: there is no such key, or the month is that of ``at``.
        """
        event = AuditEvent(MONTH_FORGOTTEN, actor, operation, at, {"month": month.value})
        event.header()  # its bounds, before the month is taken from the time
        if Month.at(at) <= month:
            raise Defect("the audit log does not forget a month that is not over")
        with self._lock:
            with self._engine.begin() as connection:
                store.destroy_month_key(connection, month, at)
                receipts = self._add(connection, [event])
            self._head_file.try_write(receipts[-1])
            empty_journal(self._engine)  # it still holds the page with the key
        return receipts[0]

    def head(self) -> Receipt:
        """The newest entry; number 0 for an empty log. For witnesses elsewhere to keep."""
        with reading(self._engine) as connection:
            return store.last(connection)

    def close(self) -> None:
        self._engine.dispose()

    def _require_catalogued(self, event: AuditEvent) -> None:
        fields = self._catalogue.get(event.kind)
        if fields is None or event.kind in _OWN_EVENTS:
            raise Defect(f"audit event {event.kind} is not in the catalogue")
        if fields != event.fields.keys():
            raise Defect(f"audit event {event.kind} does not carry the fields of the catalogue")

    def _add(self, connection: Connection, events: Sequence[AuditEvent]) -> tuple[Receipt, ...]:
        head = store.last(connection)
        receipts = []
        for event in events:
            seq, header = head.seq + 1, event.header()
            key = self._key_to_seal(connection, Month.at(event.at))
            sealed = SealedBox(key).seal(event.body, body_place(seq, header))
            head = Receipt(seq, chain_hash(head.hash, seq, header, sealed))
            store.add(connection, Row(seq, event.at, header, sealed, head.hash))
            receipts.append(head)
        return tuple(receipts)

    def _key(self, connection: Connection, month: Month) -> bytes | None:
        """The key of a month; None once it was forgotten."""
        row = store.month_key(connection, month)
        if row is None:
            raise Defect(f"the audit log has lost the key of {month}")
        return self._unwrap(month, row.wrapped) if row.wrapped else None

    def _key_to_seal(self, connection: Connection, month: Month) -> bytes:
        if store.month_key(connection, month) is None:
            key = os.urandom(KEY_BYTES)
            wrapped = self._master.seal(key, month_place(month))
            store.add_month_key(connection, month, wrapped)
            return key
        known = self._key(connection, month)
        if known is None:
            # A second key for the month would make "forgotten" mean less than it says.
            raise Defect(f"the audit log has forgotten {month}; is the clock wrong?")
        return known

    def _check_master(self, connection: Connection) -> None:
        newest = store.newest_key(connection)
        if newest is not None and newest.wrapped is not None:
            self._unwrap(newest.month, newest.wrapped)

    def _unwrap(self, month: Month, wrapped: bytes) -> bytes:
        refusal = f"the master key does not open the audit key of {month}"
        return self._master.open(wrapped, month_place(month), refusal)


def _open_body(key: bytes, row: Row) -> bytes:
    """Raises ``Defect`` when the body was not sealed with this key for this place."""
    refusal = f"audit entry {row.seq} cannot be opened"
    return SealedBox(key).open(row.sealed, body_place(row.seq, row.header), refusal)


def _follows(head: Receipt, row: Row) -> bool:
    expected = chain_hash(head.hash, row.seq, row.header, row.sealed)
    if row.seq != head.seq + 1 or row.hash != expected:
        return False
    try:
        # The column is there to find entries by; it must not say another time than the header.
        return parse_header(row.header).at == row.at
    except Defect:
        return False
