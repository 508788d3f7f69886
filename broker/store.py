"""Keep the replay set in one SQLite file and the chained hash log in another.

The replay set is written first. A crash between the two leaves a query that was never carried and
may not be asked again. It never leaves one that was carried and not recorded, since nothing leaves
before both are on the disk.

Neither file shows a query without the key: in the replay set, too, hashes and times are sealed, and
a row is found by a keyed name.

A store that was put back from a backup lacks what came after the backup. The hash log detects that
and refuses to open. ``adopt`` takes it as it is, and the replay set then begins anew. A replay set
that was put back alone, or changed, begins anew by itself: the broker then refuses what it may have
carried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Engine, column, select, table

from broker.migrations import REVISIONS
from broker.ports import LookupRecord, Seen, Store
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.membership.ports import Reached
from fingerpost.protocol.limits import HASH_BYTES
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.group_commit import GroupCommit
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import RowNames, key_for, step_after
from fingerpost.runtime.summed_rows import SummedRows
from fingerpost.runtime.witness import Fault, PutBack, WitnessFolder

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
HASH_LOG: Final = "hash-log"
REPLAY_SET: Final = "replay-set"
STORES: Final = (HASH_LOG, REPLAY_SET)
"""The names of their witnesses."""

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
        witness=witness.of(HASH_LOG),
        adopt=adopt,
    )


def hash_log_writer(store: Store, reached: Reached) -> GroupCommit[LookupRecord]:
    """Return the writer of ``store``, an implementation of ``ports.Recorder``.

    What is recorded may not leave earlier (G7). ``run`` is a task of the process: a broker that
    cannot record does not carry.
    """
    return GroupCommit(lambda records: store.append(records, reached()), "hash-log")


class SqlStore:
    """Implements ``ports.Store``.

    Attributes:
        anew: why the replay set began anew at the opening; None where it did not.
    """

    def __init__(
        self,
        rows: SummedRows,
        hash_log: AuditLog,
        master_key: bytes,
        complete_since: float,
        anew: Fault | None,
    ) -> None:
        self._rows = rows
        self._hash_log = hash_log
        self._names = RowNames(_REPLAY_SET, master_key)
        self._box = SealedBox(key_for(_REPLAY_SET, master_key))
        self._complete_since = complete_since
        self.anew = anew

    @classmethod
    def open(cls, folder: Path, master_key: bytes, witness: WitnessFolder, now: float) -> Self:
        """Open the store, and make what does not exist yet.

        A replay set that is new, or is not the newest that was written, is complete from ``now`` on
        (UNIX seconds). A time that is later than ``now`` stays: either clock may be the wrong one,
        and the broker refuses until it has come.

        Raises:
            StoreBehind: the hash log was put back from a backup.
            Defect: it does not open.
        """
        with ExitStack() as opened:  # what does not fit is closed again
            hash_log, rows = _open_files(opened, folder, master_key, witness)
            anew = None
            try:
                rows.require_whole()
            except PutBack as put_back:
                anew = put_back.fault
                _begin_anew(rows, now)
            since = _complete_since(rows)
            if since is None:
                _begin_anew(rows, since := now)
            opened.pop_all()
        return cls(rows, hash_log, master_key, since, anew)

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
            hash_log, rows = _open_files(opened, folder, master_key, witness, adopt=True)
            hash_log.adopt(
                AuditEvent(STORE_ADOPTED, by, why, int(now), {"complete_since": int(now)})
            )
            _begin_anew(rows, now)

    @property
    def complete_since(self) -> float:
        return self._complete_since

    def seen(self, reached: float) -> tuple[Seen, ...]:
        with reading(self._rows.engine) as connection:
            rows = connection.execute(select(seen)).all()
        found = (self._open(row.name, row.sealed) for row in rows)
        return tuple(each for each in found if each.keep_until >= int(reached))

    def append(self, records: Sequence[LookupRecord], reached: float) -> None:
        with self._rows.changing() as change:
            change.delete(seen, seen.c.forget_at < int(reached))
            change.insert(seen, [self._row(record) for record in records])
        self._hash_log.append_many([_event(record) for record in records])

    def forget_due(self, reached: float) -> int:
        """Destroy the keys of the months of the hash log whose period is over, unless it is under a
        legal hold; return how many."""
        return len(self._hash_log.forget_due(reached))

    def close(self) -> None:
        self._rows.engine.dispose()
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
) -> tuple[AuditLog, SummedRows]:
    hash_log = open_hash_log(folder, master_key, witness, adopt=adopt)
    opened.callback(hash_log.close)
    engine = open_migrated(folder / REPLAY_FILE, REVISIONS)
    opened.callback(engine.dispose)
    return hash_log, replay_rows(engine, witness)


def replay_rows(engine: Engine, witness: WitnessFolder) -> SummedRows:
    """Return the replay set's rows, held to their witness."""
    return SummedRows(
        engine,
        [memory, seen],
        witness.of(REPLAY_SET),
        what="the replay set",
        remedy="It begins anew when the broker starts",
    )


def _complete_since(rows: SummedRows) -> float | None:
    with reading(rows.engine) as connection:
        since: float | None = connection.execute(select(memory)).scalar_one_or_none()
    return since


def _begin_anew(rows: SummedRows, now: float) -> None:
    rows.clear()
    with rows.changing() as change:
        change.insert(memory, [{"complete_since": now}])


def _event(record: LookupRecord) -> AuditEvent:
    return AuditEvent(
        LOOKUP_RECORDED,
        Actor.of(record.gateway),
        OperationId.of(record.query_hash),
        record.at,
        {"agency": record.agency.value, "reach": record.reach.name},
        record.handle.value.encode("ascii"),
    )
