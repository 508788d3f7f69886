"""The three roles that are signed online: snapshot, timestamp, deny-list.

The snapshot names only what the offline keys have signed by threshold, at versions that never go
back. A list on disk that does not verify leaves the earlier snapshot in force, and the timestamp is
renewed (attack: a file put into the folder must not stop the federation). The deny-list is decided
by a file of the issuer's own, of which no earlier copy is accepted (attack: the record of before a
suspension is put back); what lies in the repository follows from it, so that the next ``refresh``
repairs what a crash between two writes left.

The deny-list only takes away: it makes nobody a member.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from securesystemslib.signer import Signer
from tuf.api.metadata import (
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from authority import roles
from authority.repository import (
    DENY_LIST,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Lists,
    Repository,
    S,
    read_signed,
    verify_by_any,
)
from fingerpost.protocol import federation_files, limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList
from fingerpost.runtime.witness import Adopted, WitnessedFile, WitnessFolder

SNAPSHOT_DAYS: Final = 14
DENY_LIST_DAYS: Final = 14
TIMESTAMP_DAYS: Final = limits.TIMESTAMP_VALID_SECONDS // limits.DAY


@dataclass(frozen=True, slots=True)
class OnlineKeys:
    snapshot: Signer
    timestamp: Signer
    deny_list: Signer


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did. ``due``: when the timestamp is to be signed next. ``refused``: why the
    lists on disk were not taken, if so."""

    snapshot_version: int
    new_snapshot: bool
    new_timestamp: bool
    due: float
    lists: Lists | None
    refused: Refused | None


class Online:
    """The online signer of a repository.

    ``trusted_root``: the root that the chain starts from. ``record``: the issuer's own record of
    who is suspended (``deny_list_record``); it must exist.
    """

    def __init__(
        self,
        repository: Repository,
        trusted_root: bytes,
        keys: OnlineKeys,
        record: WitnessedFile,
    ) -> None:
        self.repository = repository
        self._trusted = trusted_root
        self._keys = keys
        self._record = record

    def deny_list(self) -> DenyList:
        """Return the record of who is suspended.

        Raises:
            PutBack: it is not the newest that was written.
            Defect: it is missing; an empty list in its place would reinstate everybody.
        """
        return _read_record(self._record.read())

    def change_deny_list(self, change: Callable[[DenyList], DenyList], now: float) -> Refreshed:
        """Record the change, then sign and publish it."""
        with self.repository.lock():
            self._record.write(federation_files.write_deny_list(change(self.deny_list())))
        return self.refresh(now)

    def adopt_deny_list(self) -> tuple[DenyList, Adopted]:
        """Accept the record as it is: a person has restored it. Raises ``Defect``."""
        with self.repository.lock():
            data, adopted = self._record.adopt()
            return _read_record(data), adopted

    def refresh(self, now: float) -> Refreshed:
        """Bring snapshot, timestamp and deny-list up to date.

        Raises:
            Refused: UNTRUSTED_METADATA when neither the lists nor an earlier snapshot verify.
        """
        with self.repository.lock():
            roots = self.repository.read_roots(self._trusted)
            before = self._earlier(roots, SNAPSHOT, Snapshot)
            stamped = self._earlier(roots, TIMESTAMP, Timestamp)
            lists, refused = None, None
            denied = self._write_deny_list(before, now)
            try:
                lists = self.repository.read_lists(self._trusted)
                snapshot = self._snapshot_of(lists, before, stamped, now)
            except Refused as why:
                if before is None:
                    raise
                lists, refused = None, why
                snapshot = _with_deny_list(before, denied, now)
            new_snapshot = snapshot is not before
            if new_snapshot:
                data = roles.sign(snapshot, [self._keys.snapshot])
                self.repository.write_metadata(SNAPSHOT, data)
            stamp = self._timestamp_of(snapshot, stamped, now)
            new_timestamp = stamp is not stamped
            if new_timestamp:
                self.repository.write_metadata(TIMESTAMP, roles.sign(stamp, [self._keys.timestamp]))
        due = _signed_at(stamp) + limits.TIMESTAMP_EVERY_SECONDS
        return Refreshed(snapshot.version, new_snapshot, new_timestamp, due, lists, refused)

    def _earlier(self, roots: tuple[Root, ...], name: str, type_: type[S]) -> S | None:
        data = self.repository.read_metadata(name)
        if data is None:
            return None
        return verify_by_any(roots, name, read_signed(data, type_))

    def _write_deny_list(self, before: Snapshot | None, now: float) -> MetaFile:
        """Sign the issuer's record when it changed or the signature ages; return what is then
        published.
        """
        path = federation_files.DENY_LIST
        data = federation_files.write_deny_list(self.deny_list())
        target = TargetFile.from_data(path, data)
        present = self._present_deny_list(target)
        version = 1
        if before is not None and (known := before.meta.get(f"{DENY_LIST}.json")) is not None:
            version = known.version + 1
        if present is not None:
            if not roles.needs_renewal(present, now, DENY_LIST_DAYS):
                lying = self.repository.read_metadata(DENY_LIST) or b""
                return MetaFile.from_data(present.version, lying, ["sha256"])
            version = max(version, present.version + 1)
        role = roles.targets_role(version, roles.expiry(now, DENY_LIST_DAYS), {path: target})
        signed = roles.sign(role, [self._keys.deny_list])
        self.repository.write_target(path, data)
        self.repository.write_metadata(DENY_LIST, signed)
        return MetaFile.from_data(version, signed, ["sha256"])

    def _present_deny_list(self, wanted: TargetFile) -> Targets | None:
        """Return what is published, if it equals the record and our key signed it."""
        data = self.repository.read_metadata(DENY_LIST)
        if data is None:
            return None
        key = self._keys.deny_list.public_key
        try:
            metadata = read_signed(data, Targets)
            self.repository.read_target(federation_files.DENY_LIST, wanted)
        except Refused:
            return None
        signature = metadata.signatures.get(key.keyid)
        said = metadata.signed.targets == {federation_files.DENY_LIST: wanted}
        if signature is None or not said:
            return None
        return metadata.signed  # read_lists verifies it against the delegation

    def _snapshot_of(
        self, lists: Lists, before: Snapshot | None, stamped: Timestamp | None, now: float
    ) -> Snapshot:
        """Return the next snapshot, or ``before`` itself when nothing changed.

        Raises:
            Refused: UNTRUSTED_METADATA for a role that is missing or whose version went back.
        """
        signed = {TARGETS: lists.targets, **lists.delegated}
        meta = {
            f"{name}.json": MetaFile.from_data(role.version, lists.raw[name], ["sha256"])
            for name, role in signed.items()
        }
        if before is None:
            # Snapshot lost, timestamp not: go on from the version that members have seen.
            version = 1 if stamped is None else stamped.snapshot_meta.version + 1
        else:
            for name, known in before.meta.items():
                if name not in meta or meta[name].version < known.version:
                    # Members refuse such a snapshot and would stay on the last one.
                    raise Refused(Code.UNTRUSTED_METADATA, "role gone or gone back")
            if meta == before.meta and not roles.needs_renewal(before, now, SNAPSHOT_DAYS):
                return before
            version = before.version + 1
        return Snapshot(version=version, expires=roles.expiry(now, SNAPSHOT_DAYS), meta=meta)

    def _timestamp_of(self, snapshot: Snapshot, before: Timestamp | None, now: float) -> Timestamp:
        """Return the next timestamp, or ``before`` itself while it names this snapshot and is not
        yet due.
        """
        data = self.repository.read_metadata(SNAPSHOT)
        if data is None:
            raise Defect("the snapshot is gone")
        meta = MetaFile.from_data(snapshot.version, data, ["sha256"])
        # One from the future is signed again, too: a clock that was set back must not stop the
        # federation later.
        age = -1.0 if before is None else int(now) - _signed_at(before)
        due = not 0 <= age < limits.TIMESTAMP_EVERY_SECONDS
        if before is not None and before.snapshot_meta == meta and not due:
            return before
        return Timestamp(
            version=1 if before is None else before.version + 1,
            expires=roles.expiry(now, TIMESTAMP_DAYS),
            snapshot_meta=meta,
        )


def deny_list_record(path: Path, witness: WitnessFolder) -> WitnessedFile:
    """Return the record of who is suspended, at ``path``, with its witness."""
    return WitnessedFile(
        path,
        witness.of("deny-list"),
        most=limits.METADATA_FILE_BYTES,
        remedy="Nothing is signed until the newest copy is back, or the record is adopted: "
        "fingerpost-issuer adopt-deny-list",
    )


def _read_record(data: bytes | None) -> DenyList:
    if data is None:
        raise Defect("deny-list record: there is none; a founding makes it")
    try:
        return federation_files.read_deny_list(data)
    except Refused:
        raise Defect("deny-list record: not a deny-list") from None


def _signed_at(timestamp: Timestamp) -> float:
    return timestamp.expires.timestamp() - limits.TIMESTAMP_VALID_SECONDS


def require_forwards(signed_at: float, now: float) -> None:
    """Require that time has not gone back since the issuer last signed. Pure.

    Members take the issuer's time for a moment that has passed, so a person decides which of the
    two was wrong.

    Args:
        signed_at: when the newest timestamp was signed, seconds since 1970 UTC.

    Raises:
        Defect: the clock is behind it by more than the clock skew.
    """
    behind = int(signed_at - now)
    if behind > limits.CLOCK_SKEW_SECONDS:
        raise Defect(
            f"this machine's clock is {behind} seconds behind the last timestamp that the issuer "
            "signed. Set the clock right. If it is right, the timestamp was signed by a clock that "
            "was ahead: sign one by this clock (`fingerpost-issuer sign`), and start again"
        )


def _with_deny_list(before: Snapshot, denied: MetaFile, now: float) -> Snapshot:
    """Return the earlier snapshot with the newest deny-list.

    A list that does not verify must not delay a suspension.
    """
    name = f"{DENY_LIST}.json"
    if before.meta.get(name) == denied and not roles.needs_renewal(before, now, SNAPSHOT_DAYS):
        return before
    return Snapshot(
        version=before.version + 1,
        expires=roles.expiry(now, SNAPSHOT_DAYS),
        meta={**before.meta, name: denied},
    )
