"""The three roles that are signed online: snapshot, timestamp, deny-list.

The snapshot names only what the offline keys have signed by threshold, at versions that never go
back. A list on disk that does not verify leaves the earlier snapshot in force, and the timestamp is
renewed (attack: a file put into the folder must not stop the federation). The deny-list is decided
by a file of the issuer's own, of which no earlier copy is accepted (attack: the record of before a
suspension is put back); what lies in the repository follows from it, so that the next ``refresh``
repairs what a crash between two writes left.

No version is signed twice. A member that has seen a version never fetches it again, so a second
list of the same version, with a suspension, would not be read by anybody who has the first (attack,
and accident: the repository is put back from a backup). The newest version of each role is
witnessed on another root, and what lies in the repository goes on above it.

The deny-list only takes away: it makes nobody a member.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Generic

from securesystemslib.exceptions import UnverifiedSignatureError
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
from fingerpost.runtime.witness import (
    Adopted,
    Fault,
    Mark,
    RecordAdoption,
    WitnessedFile,
    WitnessFolder,
    fault_of,
    unrecorded,
)

SNAPSHOT_DAYS: Final = 14
DENY_LIST_DAYS: Final = 14
TIMESTAMP_DAYS: Final = limits.TIMESTAMP_VALID_SECONDS // limits.DAY
ONLINE_DAYS: Final[Mapping[str, int]] = {
    SNAPSHOT: SNAPSHOT_DAYS,
    TIMESTAMP: TIMESTAMP_DAYS,
    DENY_LIST: DENY_LIST_DAYS,
}
"""For how long what is signed online is valid, by role."""


@dataclass(frozen=True, slots=True)
class OnlineKeys:
    snapshot: Signer
    timestamp: Signer
    deny_list: Signer


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did. ``due``: when the timestamp is to be signed next. ``refused``: why the
    lists on disk were not taken, if so. ``put_back``: the roles that were not what was signed last,
    and were signed anew under a later version."""

    snapshot_version: int
    new_snapshot: bool
    new_timestamp: bool
    due: float
    lists: Lists | None
    refused: Refused | None
    put_back: Mapping[str, Fault]


@dataclass(frozen=True, slots=True)
class _Earlier(Generic[S]):
    """What lies in the repository of one role.

    Attributes:
        signed: None where there is none.
        fault: why it is not what was signed last. Then it is signed anew.
        least: the least version of the next one: members may have seen all below.
    """

    signed: S | None
    fault: Fault | None
    least: int

    @property
    def version(self) -> int:
        """The version of the next one."""
        return max(self.least, 1 if self.signed is None else self.signed.version + 1)


class Online:
    """The online signer of a repository.

    ``trusted_root``: the root that the chain starts from. ``record``: the issuer's own record of
    who is suspended (``deny_list_record``); it must exist. ``witness``: keeps the newest versions.
    """

    def __init__(
        self,
        repository: Repository,
        trusted_root: bytes,
        keys: OnlineKeys,
        record: WitnessedFile,
        witness: WitnessFolder,
    ) -> None:
        self.repository = repository
        self._trusted = trusted_root
        self._keys = keys
        self._record = record
        self._witness = {name: witness.of(f"signed.{name}") for name in ONLINE_DAYS}

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

    def adopt_deny_list(self, record: RecordAdoption = unrecorded) -> tuple[DenyList, Adopted]:
        """Accept the record as it is: a person has restored it. Raises ``Defect``."""
        with self.repository.lock():
            data, adopted = self._record.adopt(record=record)
            return _read_record(data), adopted

    def refresh(self, now: float) -> Refreshed:
        """Bring snapshot, timestamp and deny-list up to date.

        Raises:
            Refused: UNTRUSTED_METADATA when neither the lists nor an earlier snapshot verify.
        """
        with self.repository.lock():
            roots = self.repository.read_roots(self._trusted)
            before = self._earlier(roots, SNAPSHOT, Snapshot, now)
            stamped = self._earlier(roots, TIMESTAMP, Timestamp, now)
            denied_before = self._earlier_deny_list(now)
            lists, refused = None, None
            denied = self._write_deny_list(denied_before, before.signed, now)
            try:
                lists = self.repository.read_lists(self._trusted)
                snapshot = self._snapshot_of(lists, before, stamped.signed, now)
            except Refused as why:
                if before.signed is None:
                    raise
                lists, refused = None, why
                snapshot = _with_deny_list(before, denied, now)
            new_snapshot = snapshot is not before.signed
            if new_snapshot:
                self._put(SNAPSHOT, snapshot.version, roles.sign(snapshot, [self._keys.snapshot]))
            stamp = self._timestamp_of(snapshot, stamped, now)
            new_timestamp = stamp is not stamped.signed
            if new_timestamp:
                self._put(TIMESTAMP, stamp.version, roles.sign(stamp, [self._keys.timestamp]))
        due = _signed_at(stamp, TIMESTAMP_DAYS) + limits.TIMESTAMP_EVERY_SECONDS
        found = {SNAPSHOT: before.fault, TIMESTAMP: stamped.fault, DENY_LIST: denied_before.fault}
        put_back = {name: fault for name, fault in found.items() if fault is not None}
        return Refreshed(
            snapshot.version, new_snapshot, new_timestamp, due, lists, refused, put_back
        )

    def _earlier(
        self, roots: tuple[Root, ...], name: str, type_: type[S], now: float
    ) -> _Earlier[S]:
        data = self.repository.read_metadata(name)
        signed = None if data is None else verify_by_any(roots, name, read_signed(data, type_))
        return self._judged(name, signed, data, now)

    def _judged(self, name: str, signed: S | None, data: bytes | None, now: float) -> _Earlier[S]:
        """Compare what lies in the repository with what was signed last."""
        witness = self._witness[name]
        witnessed = witness.newest()
        held = None if signed is None else Mark(signed.version, sha256(data or b"").digest())
        fault = fault_of(held, witnessed)
        if fault is None and held is not None:
            witness.note(held)  # a crash came between the file and its mark
        least = 1 if witnessed is None else witnessed.number + 1
        if signed is not None and fault is Fault.UNWITNESSED:
            # Restored without its witness. No more than one a second was signed meanwhile.
            age = now - _signed_at(signed, ONLINE_DAYS[name])
            least = signed.version + max(0, int(age)) + 1
        return _Earlier(signed, fault, least)

    def _put(self, name: str, version: int, data: bytes) -> None:
        self.repository.write_metadata(name, data)
        self._witness[name].note(Mark(version, sha256(data).digest()))

    def _earlier_deny_list(self, now: float) -> _Earlier[Targets]:
        """Return what is published, if our key signed it."""
        data = self.repository.read_metadata(DENY_LIST)
        found = self._judged(DENY_LIST, self._signed_by_us(data), data, now)
        witnessed = self._witness[DENY_LIST].newest()
        last = None if witnessed is None else witnessed.digest
        if data is not None and sha256(data).digest() == last:
            return replace(found, fault=None)  # by a key that was changed since, perhaps
        return found

    def _signed_by_us(self, data: bytes | None) -> Targets | None:
        key = self._keys.deny_list.public_key
        try:
            metadata = read_signed(data or b"", Targets)
            key.verify_signature(metadata.signatures[key.keyid], metadata.signed_bytes)
        except (Refused, KeyError, UnverifiedSignatureError):
            return None
        return metadata.signed

    def _write_deny_list(
        self, earlier: _Earlier[Targets], before: Snapshot | None, now: float
    ) -> MetaFile:
        """Sign the issuer's record when it changed or the signature ages; return what is then
        published.
        """
        path = federation_files.DENY_LIST
        data = federation_files.write_deny_list(self.deny_list())
        target = TargetFile.from_data(path, data)
        present = earlier.signed
        if (
            present is not None
            and earlier.fault is None
            and self._is_published(present, target)
            and not roles.needs_renewal(present, now, DENY_LIST_DAYS)
        ):
            lying = self.repository.read_metadata(DENY_LIST) or b""
            return MetaFile.from_data(present.version, lying, ["sha256"])
        version = earlier.version
        if before is not None and (known := before.meta.get(f"{DENY_LIST}.json")) is not None:
            version = max(version, known.version + 1)
        role = roles.targets_role(version, roles.expiry(now, DENY_LIST_DAYS), {path: target})
        signed = roles.sign(role, [self._keys.deny_list])
        self.repository.write_target(path, data)
        self._put(DENY_LIST, version, signed)
        return MetaFile.from_data(version, signed, ["sha256"])

    def _is_published(self, present: Targets, wanted: TargetFile) -> bool:
        """Return whether the record, and nothing else, is published."""
        try:
            self.repository.read_target(federation_files.DENY_LIST, wanted)
        except Refused:
            return False
        return bool(present.targets == {federation_files.DENY_LIST: wanted})

    def _snapshot_of(
        self, lists: Lists, earlier: _Earlier[Snapshot], stamped: Timestamp | None, now: float
    ) -> Snapshot:
        """Return the next snapshot, or the earlier itself when nothing changed.

        Raises:
            Refused: UNTRUSTED_METADATA for a role that is missing or whose version went back.
        """
        signed = {TARGETS: lists.targets, **lists.delegated}
        meta = {
            f"{name}.json": MetaFile.from_data(role.version, lists.raw[name], ["sha256"])
            for name, role in signed.items()
        }
        version, before = earlier.version, earlier.signed
        if before is None:
            # Snapshot lost, timestamp not: go on from the version that members have seen.
            version = max(version, 1 if stamped is None else stamped.snapshot_meta.version + 1)
        else:
            for name, known in before.meta.items():
                if name not in meta or meta[name].version < known.version:
                    # Members refuse such a snapshot and would stay on the last one.
                    raise Refused(Code.UNTRUSTED_METADATA, "role gone or gone back")
            if meta == before.meta and not _needs_renewal(earlier, now):
                return before
        return Snapshot(version=version, expires=roles.expiry(now, SNAPSHOT_DAYS), meta=meta)

    def _timestamp_of(
        self, snapshot: Snapshot, earlier: _Earlier[Timestamp], now: float
    ) -> Timestamp:
        """Return the next timestamp, or the earlier itself while it names this snapshot and is not
        yet due.
        """
        data = self.repository.read_metadata(SNAPSHOT)
        if data is None:
            raise Defect("the snapshot is gone")
        meta = MetaFile.from_data(snapshot.version, data, ["sha256"])
        before = earlier.signed
        # One from the future is signed again, too: a clock that was set back must not stop the
        # federation later.
        age = -1.0 if before is None else int(now) - _signed_at(before, TIMESTAMP_DAYS)
        due = not 0 <= age < limits.TIMESTAMP_EVERY_SECONDS or earlier.fault is not None
        if before is not None and before.snapshot_meta == meta and not due:
            return before
        return Timestamp(
            version=earlier.version,
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


def _signed_at(signed: Snapshot | Timestamp | Targets | Root, days: int) -> float:
    return signed.expires.timestamp() - days * limits.DAY


def _needs_renewal(earlier: _Earlier[Snapshot], now: float) -> bool:
    before = earlier.signed
    aged = before is not None and roles.needs_renewal(before, now, SNAPSHOT_DAYS)
    return aged or earlier.fault is not None


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


def _with_deny_list(earlier: _Earlier[Snapshot], denied: MetaFile, now: float) -> Snapshot:
    """Return the earlier snapshot, which there is, with the newest deny-list.

    A list that does not verify must not delay a suspension.
    """
    name, before = f"{DENY_LIST}.json", earlier.signed
    if before is None:
        raise Defect("there is no earlier snapshot")
    if before.meta.get(name) == denied and not _needs_renewal(earlier, now):
        return before
    return Snapshot(
        version=earlier.version,
        expires=roles.expiry(now, SNAPSHOT_DAYS),
        meta={**before.meta, name: denied},
    )
