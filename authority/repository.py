"""The repository folder: metadata and targets on disk, and what of them verifies.

The two halves of the authority share it, and it makes no decision for either. ``read_lists``
follows the chain root → targets → delegated roles by signature and threshold, through python-tuf's
metadata API; whatever breaks the chain is ``Refused(UNTRUSTED_METADATA)``. Times are not judged
here: an expired list is still what was signed.

Each file has one writer: the offline half writes root, targets, bins, code lists and their targets;
the online half writes snapshot, timestamp and deny-list. ``lock`` keeps the two apart on one
machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.runtime.files import or_defect, replace_file
from fingerpost.runtime.lock import locked

ROOT: Final = "root"
TARGETS: Final = "targets"
SNAPSHOT: Final = "snapshot"
TIMESTAMP: Final = "timestamp"
DENY_LIST: Final = "deny-list"
CODE_LISTS: Final = "code-lists"

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class Lists:
    """What the offline keys have signed: verified, and the bytes as they lie on disk by role."""

    roots: tuple[Root, ...]
    targets: Targets
    delegated: Mapping[str, Targets]
    raw: Mapping[str, bytes]

    @property
    def root(self) -> Root:
        return self.roots[-1]

    def target_files(self) -> Iterator[tuple[str, TargetFile]]:
        for role in self.delegated.values():
            yield from role.targets.items()


class Repository:
    """``folder/metadata/<role>.json`` and ``folder/targets/<path>``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the repository while one half writes; waits for the other half.

        Raises:
            Defect: the folder does not exist.
        """
        with locked(self.folder / ".lock", wait=True):
            yield

    def read(self, path: str) -> bytes | None:
        """Return a file by its path below the folder; None when there is none.

        Raises:
            Defect: it cannot be read, or is longer than a member will take.
        """
        with or_defect(f"{self.folder / path}: cannot be read"):
            try:
                handle = os.open(self.folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            with os.fdopen(handle, "rb") as file:
                data = file.read(limits.METADATA_FILE_BYTES + 1)
        if len(data) > limits.METADATA_FILE_BYTES:
            raise Defect(f"{path}: longer than a member will take")
        return data

    def read_metadata(self, name: str) -> bytes | None:
        return self.read(f"metadata/{name}.json")

    def read_target(self, path: str, stated: TargetFile) -> bytes:
        """Return a target.

        Raises:
            Refused: UNTRUSTED_METADATA, it is missing or not the file that was signed.
        """
        data = self.read(f"targets/{path}")
        if data is None:
            raise Refused(Code.UNTRUSTED_METADATA, "target missing")
        try:
            stated.verify_length_and_hashes(data)
        except RepositoryError:
            raise Refused(Code.UNTRUSTED_METADATA, "target differs") from None
        return data

    def write_metadata(self, name: str, data: bytes, *, durable: bool = True) -> None:
        self._write(self.metadata / f"{name}.json", data, durable)

    def write_target(self, path: str, data: bytes, *, durable: bool = True) -> None:
        self._write(self.targets / path, data, durable)

    def _write(self, path: Path, data: bytes, durable: bool) -> None:
        if len(data) > limits.METADATA_FILE_BYTES:
            raise Defect(f"{path.name}: {len(data)} bytes, longer than a member will take")
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        replace_file(path, data, mode=0o644, durable=durable)

    def remove_target(self, path: str) -> None:
        (self.targets / path).unlink(missing_ok=True)

    def read_roots(self, trusted: bytes) -> tuple[Root, ...]:
        """Return the roots from the trusted one to the newest, each signed by the one before it and
        by itself.

        Raises:
            Refused: UNTRUSTED_METADATA.
        """
        first = read_signed(trusted, Root)
        _verify(first.signed, ROOT, first)
        roots = [first.signed]
        while (data := self.read_metadata(f"{roots[-1].version + 1}.root")) is not None:
            following = read_signed(data, Root)
            if following.signed.version != roots[-1].version + 1:
                raise Refused(Code.UNTRUSTED_METADATA, "root version")
            _verify(roots[-1], ROOT, following)
            _verify(following.signed, ROOT, following)
            roots.append(following.signed)
        return tuple(roots)

    def read_offline(self) -> dict[str, Root | Targets]:
        """Return, unverified, what the root's and governance's keys have signed, by role."""
        found: dict[str, Root | Targets] = {}
        for name in (ROOT, TARGETS, CODE_LISTS):
            data = self.read_metadata(name)
            if data is not None:
                root = name == ROOT
                signed = read_signed(data, Root) if root else read_signed(data, Targets)
                found[name] = signed.signed
        return found

    def read_lists(self, trusted: bytes) -> Lists:
        """Verify all lists and return them.

        Raises:
            Refused: UNTRUSTED_METADATA: something is missing, unsigned or below its threshold.
        """
        roots = self.read_roots(trusted)
        raw: dict[str, bytes] = {}
        targets = self._read_delegate(roots[-1], TARGETS, raw)
        if targets.delegations is None or targets.delegations.roles is None or targets.targets:
            raise Refused(Code.UNTRUSTED_METADATA, "targets layout")
        delegated = {
            name: self._read_delegate(targets, name, raw) for name in targets.delegations.roles
        }
        if any(role.delegations is not None for role in delegated.values()):
            raise Refused(Code.UNTRUSTED_METADATA, "delegation too deep")
        return Lists(roots, targets, delegated, raw)

    def signed_at(self, trusted: bytes) -> float:
        """Return when the issuer signed the newest timestamp that is here (seconds since 1970 UTC),
        by its own clock; 0 while there is none that verifies.
        """
        try:
            data = self.read_metadata(TIMESTAMP)
            if data is None:
                return 0.0
            stamp = verify_by_any(self.read_roots(trusted), TIMESTAMP, read_signed(data, Timestamp))
        except Refused:
            return 0.0
        return stamp.expires.timestamp() - limits.TIMESTAMP_VALID_SECONDS

    def _read_delegate(self, by: Root | Targets, name: str, raw: dict[str, bytes]) -> Targets:
        data = self.read_metadata(name)
        if data is None:
            raise Refused(Code.UNTRUSTED_METADATA, "role missing")
        metadata = read_signed(data, Targets)
        _verify(by, name, metadata)
        raw[name] = data
        return metadata.signed


def read_signed(data: bytes, type_: type[S]) -> Metadata[S]:
    """Parse metadata without verifying it. Raises ``Refused(UNTRUSTED_METADATA)``."""
    try:
        metadata = Metadata[S].from_bytes(data)
    except (RepositoryError, ValueError):
        raise Refused(Code.UNTRUSTED_METADATA, "metadata form") from None
    if not isinstance(metadata.signed, type_):
        raise Refused(Code.UNTRUSTED_METADATA, "metadata type")
    return metadata


def verify_by_any(roots: tuple[Root, ...], name: str, metadata: Metadata[S]) -> S:
    """Verify under one of the roots: the newest, or one before it whose keys have since been
    changed.

    Raises:
        Refused: UNTRUSTED_METADATA.
    """
    for root in reversed(roots):
        try:
            root.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
        except (RepositoryError, ValueError):
            continue
        return metadata.signed
    raise Refused(Code.UNTRUSTED_METADATA, "signature")


def _verify(by: Root | Targets, name: str, metadata: Metadata[S]) -> None:
    try:
        by.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError):
        raise Refused(Code.UNTRUSTED_METADATA, "signature") from None
