"""Keep the replay set in one SQLite file and the chained hash log in another.

The replay set is written first. A crash between the two leaves a query that was never carried and
may not be asked again. It never leaves one that was carried and not recorded, since nothing leaves
before both are on the disk.

Neither file shows a query without the key: in the replay set, too, hashes and times are sealed, and
a row is found by a keyed name.

A store that was put back from a backup lacks what came after the backup. The hash log detects that
and refuses to open. ``adopt`` takes it as it is, and the replay set then begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection, Engine, column, delete, insert, select, table
from sqlalchemy.dialects import sqlite

from broker.migrations import REVISIONS
from broker.ports import LookupRecord, Seen, Store
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.membership.ports import Reached
from fingerpost.protocol.limits import HASH_BYTES
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.group_commit import GroupCommit
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import RowNames, key_for, step_after
from fingerpost.runtime.witness import WitnessFolder

LOOKUP_RECORDED: Final = "broker.lookup_recorded"
STORE_ADOPTED: Final = "broker.store_adopted"
AUDIT_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    LOOKUP_RECORDED: frozenset({"agency", "reach"}),
    STORE_ADOPTED: frozenset({"complete_since"}),
}
"""The hash log. The actor of a lookup is the gateway, its operation is H(query), and its body is
the practitioner's handle, so that a forgotten month holds no pseudonym of a person. Without the key
a thief reads how many lookups there were.
"""
REPLAY_FILE: Final = "replay.sqlite"
HASH_LOG_FILE: Final = "hash-log.sqlite"

# The tables as ``migrations`` makes them.
memory = table("memory", column("complete_since"))
seen = table("seen", column("name"), column("forget_at"), column("sealed"))
_REPLAY_SET: Final = "replay set"


def open_hash_log(
    folder: Path, master_key: bytes, witness: WitnessFolder, *, adopt: bool = False
) -> AuditLog:
    """Open the hash log.

    Raises:
        StoreBehind: it was put back from a backup, and ``adopt`` is false.
        Defect: it does not open.
    """
    return AuditLog.open(
        folder / HASH_LOG_FILE,
        catalogue=AUDIT_EVENTS,
        master_key=master_key,
        witness=witness.of("hash-log"),
        adopt=adopt,
    )


def hash_log_writer(store: Store, reached: Reached) -> GroupCommit[LookupRecord]:
    """Return the writer of ``store``, an implementation of ``ports.Recorder``.

    What is recorded may not leave earlier (G7). ``run`` is a task of the process: a broker that
    cannot record does not carry.
    """
    return GroupCommit(lambda records: store.append(records, reached()), "hash-log")


class SqlStore:
    """Implements ``ports.Store``."""

    def __init__(
        self, engine: Engine, hash_log: AuditLog, master_key: bytes, complete_since: float
    ) -> None:
        self._engine = engine
        self._hash_log = hash_log
        self._names = RowNames(_REPLAY_SET, master_key)
        self._box = SealedBox(key_for(_REPLAY_SET, master_key))
        self._complete_since = complete_since

    @classmethod
    def open(cls, folder: Path, master_key: bytes, witness: WitnessFolder, now: float) -> Self:
        """Open the store, and make what does not exist yet.

        A new replay set is complete from ``now`` on (UNIX seconds).

        Raises:
            StoreBehind: the hash log was put back from a backup.
            Defect: it does not open.
        """
        with ExitStack() as opened:  # what does not fit is closed again
            hash_log, engine = _open_files(opened, folder, master_key, witness)
            with engine.begin() as connection:
                since = connection.execute(select(memory.c.complete_since)).scalar_one_or_none()
                # A time in the future was written by a clock that was ahead: it says nothing.
                if since is None or since > now:
                    since = now
                    _begin_anew(connection, since)
            opened.pop_all()
        return cls(engine, hash_log, master_key, since)

    @classmethod
    def adopt(
        cls,
        folder: Path,
        master_key: bytes,
        witness: WitnessFolder,
        *,
        by: Actor,
        why: OperationId,
        now: float,
    ) -> None:
        """Take a store that was put back from a backup.

        The replay set counts from ``now``, and the hash log records who did it and why.
        """
        with ExitStack() as opened:
            hash_log, engine = _open_files(opened, folder, master_key, witness, adopt=True)
            with engine.begin() as connection:
                _begin_anew(connection, now)
            hash_log.append(
                AuditEvent(STORE_ADOPTED, by, why, int(now), {"complete_since": int(now)})
            )

    @property
    def complete_since(self) -> float:
        return self._complete_since

    def seen(self, reached: float) -> tuple[Seen, ...]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(seen)).all()
        found = (self._open(row.name, row.sealed) for row in rows)
        return tuple(each for each in found if each.keep_until >= int(reached))

    def append(self, records: Sequence[LookupRecord], reached: float) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(seen).where(seen.c.forget_at < int(reached)))
            connection.execute(
                sqlite.insert(seen).on_conflict_do_nothing(), [self._row(r) for r in records]
            )
        self._hash_log.append_many([_event(record) for record in records])

    def close(self) -> None:
        self._engine.dispose()
        self._hash_log.close()

    def _row(self, record: LookupRecord) -> dict[str, object]:
        name = self._names.of(record.query_hash)
        plain = record.query_hash + record.keep_until.to_bytes(8, "big")
        return {
            "name": name,
            "forget_at": step_after(record.keep_until),
            "sealed": self._box.seal(plain, name),
        }

    def _open(self, name: bytes, sealed: bytes) -> Seen:
        refusal = "the replay set does not open: wrong audit key, or changed"
        plain = self._box.open(sealed, name, refusal)
        return Seen(plain[:HASH_BYTES], int.from_bytes(plain[HASH_BYTES:], "big"))


def _open_files(
    opened: ExitStack,
    folder: Path,
    master_key: bytes,
    witness: WitnessFolder,
    *,
    adopt: bool = False,
) -> tuple[AuditLog, Engine]:
    hash_log = open_hash_log(folder, master_key, witness, adopt=adopt)
    opened.callback(hash_log.close)
    engine = open_migrated(folder / REPLAY_FILE, REVISIONS)
    opened.callback(engine.dispose)
    return hash_log, engine


def _begin_anew(connection: Connection, now: float) -> None:
    connection.execute(delete(memory))
    connection.execute(insert(memory).values(complete_since=now))


def _event(record: LookupRecord) -> AuditEvent:
    return AuditEvent(
        LOOKUP_RECORDED,
        Actor.of(record.gateway),
        OperationId.of(record.query_hash),
        record.at,
        {"agency": record.agency.value, "reach": record.reach.name},
        record.handle.value.encode("ascii"),
    )
