"""The audit log: what happened, in an order that nobody can change undetected.

Law: append, verify, show, forget. Audit is not logging: an entry is on the disk before ``append``
returns, and a party that cannot record does not answer, so every failure raises. The rules are in
``chain`` and ``retention``, the tables in ``store``.

The head, number and hash of the newest entry, is written to the log's witness after each commit
(``runtime.witness``). It may be behind the database after a crash, but never ahead. If it is ahead,
the database was deleted or replaced by an older copy, and the log does not open until an operator
accepts that (``adopt``).

Everything is sealed but number and hash of an entry, so whatever is looked for is found by opening
the headers one after the other; 100,000 of them take some seconds.

A backup of both the database and the master key brings back what was forgotten since: keep the
master key out of the database's backups.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import Connection, Engine

from fingerpost.audit import retention, store
from fingerpost.audit.chain import (
    BODY_SIZES,
    HEADER_SIZES,
    Actor,
    AuditEvent,
    FieldValue,
    Month,
    MonthKey,
    OperationId,
    body_place,
    chain_hash,
    header_place,
    month_place,
    parse_header,
)
from fingerpost.audit.head import Head, StoreBehind
from fingerpost.audit.migrations import REVISIONS
from fingerpost.audit.store import Receipt, Row
from fingerpost.audit.verification import BrokenChain, Report, in_chain, verify
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.database import empty_journal, open_migrated, reading
from fingerpost.runtime.files import KEY_BYTES
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.witness import Witness

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
ADOPTED: Final = "audit.adopted"
SEARCHED: Final = "audit.searched"
RIGHT: Final = "audit.right"
_HEADERS: Final = b"fingerpost/v1 audit headers"
_OWN_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    MONTH_FORGOTTEN: frozenset({"month"}),
    ADOPTED: frozenset(),
    SEARCHED: frozenset({"by"}),
    RIGHT: frozenset({"right", "decision", "second"}),
    retention.HOLD_SET: frozenset(),
    retention.HOLD_LIFTED: frozenset({"hold", "second"}),
}


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
        self,
        engine: Engine,
        witness: Witness,
        catalogue: Mapping[str, frozenset[str]],
        master: bytes,
    ) -> None:
        self._engine = engine
        self._head = Head(witness)
        self._catalogue = {**catalogue, **_OWN_EVENTS}
        self._master = SealedBox(master)
        self._headers = SealedBox(HKDFExpand(SHA256(), KEY_BYTES, _HEADERS).derive(master))
        self._lock = threading.Lock()
        self._followed = 0
        self._in_force: frozenset[int] = frozenset()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        catalogue: Mapping[str, frozenset[str]],
        master_key: bytes,
        witness: Witness,
        adopt: bool = False,
    ) -> Self:
        """Open or create the log at ``path``.

        Args:
            catalogue: the fields of each kind of event.
            witness: keeps its head.
            adopt: open a database that holds less than its head says, too. It is accepted by
                ``adopt`` or ``record_adoption``, and not before.

        Raises:
            Defect: the master key is not 32 bytes, or not the one this log was made with.
            StoreBehind: the head says more than the database holds, or is missing.
            BrokenChain: the entry at the head is not the one that the head names.
        """
        SealedBox(master_key)  # its size, before a file is made
        engine = open_migrated(path, REVISIONS)
        try:
            log = cls(engine, witness, catalogue, master_key)
            with reading(engine) as connection:
                next(log._month_keys(connection), None)  # another master key does not open it
                if not adopt:
                    log._head.check(connection)
            if not adopt:
                log._head.bring_to(log.head())
            empty_journal(engine)  # ``forget`` may have failed to, because of a reader
        except BaseException:
            engine.dispose()
            raise
        return log

    def append(self, event: AuditEvent) -> Receipt:
        """Record an event; it is on the disk on return.

        Raises:
            Defect: the catalogue does not know the event, or not with these fields.
            StoreFailed: it is not recorded; no action may depend on it.
        """
        return self.append_many([event])[0]

    def append_many(self, events: Sequence[AuditEvent]) -> tuple[Receipt, ...]:
        """Record several events in one commit, all or none. Raises as ``append``."""
        for event in events:
            self._require_catalogued(event)
        return self._append(events)

    def _append(self, events: Sequence[AuditEvent]) -> tuple[Receipt, ...]:
        with self._lock:
            with self._engine.begin() as connection:
                receipts = self._add(connection, events)
            if receipts:
                self._head.try_write(receipts[-1])
        return receipts

    def verify(self, witness: Receipt | None = None) -> Report:
        """Compute the whole chain again; ``witness`` is a receipt kept elsewhere.

        Without it only the witness of the log shows that the end was cut off.
        """
        with reading(self._engine) as connection:
            entries = store.last(connection).seq
            return verify(store.rows(connection), entries, witness)

    def show(
        self, since: int, until: int, *, decrypt: bool, verified: bool = False
    ) -> Iterator[Entry]:
        """Yield the entries with ``since`` ≤ at < ``until`` (UNIX seconds), in the order of the
        chain.

        They are shown as stored, unless ``verified``: then each is held to the chain before it is
        shown. Read the iterator to its end: while it is open, the write-ahead log cannot be
        emptied.

        Raises:
            BrokenChain: with ``verified``, at the first entry that is not as recorded, whatever its
                time.
        """
        with reading(self._engine) as connection:
            keys = {
                key.month: None if key.secret is None else SealedBox(key.secret)
                for _, key in self._month_keys(connection)
            }
            rows = store.rows(connection)
            for row in in_chain(rows) if verified else rows:
                header = self._open_header(row)
                event = parse_header(header)
                if since <= event.at < until:
                    yield _entry(row, event, header, keys, decrypt=decrypt)

    def forget(self, month: Month, *, actor: Actor, operation: OperationId, at: int) -> Receipt:
        """Destroy a month's key, and record that; its bodies can never be read again.

        Bytes may survive on the medium (the spare blocks of an SSD) and in backups; see the head of
        this module.

        Args:
            at: now, UNIX seconds.

        Raises:
            Defect: there is no such key, the month is that of ``at``, or a legal hold is in force.
        """
        event = AuditEvent(MONTH_FORGOTTEN, actor, operation, at, {"month": month.value})
        event.header()  # its bounds, before the month is taken from the time
        if Month.at(at) <= month:
            raise Defect("the audit log does not forget a month that is not over")
        with self._lock:
            with self._engine.begin() as connection:
                retention.require_free(self._holds(connection))
                self._destroy_key(connection, month)
                receipts = self._add(connection, [event])
            self._head.try_write(receipts[-1])
            empty_journal(self._engine)  # it still holds the page with the key
        return receipts[0]

    def forget_due(self, reached: float) -> tuple[Month, ...]:
        """Destroy the keys of the months whose period is over, and record that; none while a legal
        hold is in force.

        Args:
            reached: see ``membership.ports.Reached``. By the clock of this machine alone, a clock
                that is years ahead would destroy everything.

        Returns:
            The months that were forgotten.
        """
        with self._lock, reading(self._engine) as connection:
            due = sorted(
                key.month.value
                for _, key in self._month_keys(connection)
                if key.secret is not None and retention.is_due(key.month, reached)
            )
            if not due or self._holds(connection):
                return ()
        months = tuple(map(Month, due))
        for month in months:
            self.forget(
                month, actor=retention.ITSELF, operation=OperationId("period"), at=int(reached)
            )
        return months

    def holds(self) -> frozenset[int]:
        """Return the legal holds in force, by the numbers of the entries that set them."""
        with self._lock, reading(self._engine) as connection:
            return self._holds(connection)

    def _holds(self, connection: Connection) -> frozenset[int]:
        """Only entries that were added since the last call are opened."""
        for row in store.rows(connection, after=self._followed):
            event = parse_header(self._open_header(row))
            self._in_force = retention.after(self._in_force, row.seq, event)
            self._followed = row.seq
        return self._in_force

    def hold(self, *, actor: Actor, operation: OperationId, at: int) -> int:
        """Set a legal hold: nothing of this log is forgotten until two persons lift it. Return its
        number."""
        return self._append([AuditEvent(retention.HOLD_SET, actor, operation, at, {})])[0].seq

    def lift(
        self, hold: int, *, actor: Actor, second: Actor, operation: OperationId, at: int
    ) -> None:
        """Lift a legal hold.

        Raises:
            Defect: it is one person twice, or there is no such hold in force.
        """
        retention.require_two(actor, second)
        if hold not in self.holds():
            raise Defect(f"--hold: no legal hold {hold} is in force")
        fields: dict[str, FieldValue] = {"hold": hold, "second": second.value}
        self._append([AuditEvent(retention.HOLD_LIFTED, actor, operation, at, fields)])

    def record_right(
        self,
        right: str,
        decision: str,
        *,
        actor: Actor,
        second: Actor,
        operation: OperationId,
        at: int,
        body: bytes = b"",
    ) -> Receipt:
        """Record what two persons decided on somebody's right over her data.

        Args:
            right, decision: names of closed lists.
            body: what was given to her; forgotten with its month.

        Raises:
            Defect: it is one person twice.
        """
        retention.require_two(actor, second)
        fields = {"right": right, "decision": decision, "second": second.value}
        return self._append([AuditEvent(RIGHT, actor, operation, at, fields, body)])[0]

    def adopt(self, event: AuditEvent) -> None:
        """Record the event, which says who accepts the log as it is, and then accept it (attack: a
        log that was shortened is accepted on a disk that is full, and nothing says by whom).

        Raises:
            Defect: as ``append``; the log is not accepted.
        """
        self._require_catalogued(event)
        self._adopt(event)

    def record_adoption(self, *, actor: Actor, operation: OperationId, at: int) -> None:
        """Record who accepts a log that was opened with ``adopt``, and why; then accept it. Raises
        as ``adopt``."""
        self._adopt(AuditEvent(ADOPTED, actor, operation, at, {}))

    def _adopt(self, event: AuditEvent) -> None:
        self._head.adopt(self._append([event])[0])

    def record_search(
        self, *, actor: Actor, operation: OperationId, at: int, by: str, body: bytes
    ) -> Receipt:
        """Record that somebody searches the log, before it is searched. Raises as ``append``.

        Args:
            by: the names of what is searched by.
            body: what is searched for.
        """
        return self._append([AuditEvent(SEARCHED, actor, operation, at, {"by": by}, body)])[0]

    def hash_at(self, seq: int) -> bytes | None:
        """Return the hash stored with an entry; None where there is no such entry."""
        with reading(self._engine) as connection:
            return store.hash_at(connection, seq)

    def head(self) -> Receipt:
        """Return the newest entry, for witnesses elsewhere to keep; number 0 for an empty log."""
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
        keys: dict[Month, SealedBox] = {}
        for event in events:
            seq, header, month = head.seq + 1, event.header(), Month.at(event.at)
            if month not in keys:
                keys[month] = SealedBox(self._key_to_seal(connection, month))
            body = keys[month].seal_padded(event.body, body_place(seq, header), BODY_SIZES)
            sealed = self._headers.seal_padded(header, header_place(seq), HEADER_SIZES)
            head = Receipt(seq, chain_hash(head.hash, seq, sealed, body))
            store.add(connection, Row(seq, sealed, head.hash, body))
            receipts.append(head)
        return tuple(receipts)

    def _open_header(self, row: Row) -> bytes:
        """Open a header. Raises ``Defect`` when it was not sealed with this key for this place."""
        refusal = f"audit entry {row.seq} cannot be opened"
        return self._headers.open_padded(row.header, header_place(row.seq), refusal)

    # ---- the keys of the months ------------------------------------------------------------------

    def _month_keys(self, connection: Connection) -> Iterator[tuple[int, MonthKey]]:
        """Yield number and key of each month, the newest first. Raises ``Defect``: another master
        key made them.
        """
        refusal = "the master key does not open the keys of this audit log"
        for number, sealed in store.month_keys(connection):
            yield number, MonthKey.read(self._master.open(sealed, month_place(number), refusal))

    def _key_to_seal(self, connection: Connection, month: Month) -> bytes:
        number = 1
        for last, key in self._month_keys(connection):
            if key.month == month:
                if key.secret is None:
                    # With a second key for the month, "forgotten" would not be true of all its
                    # entries.
                    raise Defect(f"the audit log has forgotten {month}; is the clock wrong?")
                return key.secret
            number = max(number, last + 1)
        secret = os.urandom(KEY_BYTES)
        self._put_key(connection, number, MonthKey(month, secret))
        return secret

    def _destroy_key(self, connection: Connection, month: Month) -> None:
        for number, key in self._month_keys(connection):
            if key.month == month and key.secret is not None:
                self._put_key(connection, number, MonthKey(month, None))
                return
        raise Defect(f"the audit log has no key of {month} to forget")

    def _put_key(self, connection: Connection, number: int, key: MonthKey) -> None:
        sealed = self._master.seal(key.written(), month_place(number))
        store.put_month_key(connection, number, sealed)


def _entry(
    row: Row,
    event: AuditEvent,
    header: bytes,
    keys: Mapping[Month, SealedBox | None],
    *,
    decrypt: bool,
) -> Entry:
    month = Month.at(event.at)
    if month not in keys:
        raise Defect(f"the audit log has lost the key of {month}")
    key, body = keys[month], None
    if key is not None and decrypt:
        refusal = f"audit entry {row.seq} cannot be opened"
        place = body_place(row.seq, header)
        body = key.open_padded(row.body, place, refusal)
    return Entry(
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
