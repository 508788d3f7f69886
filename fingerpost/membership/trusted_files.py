"""python-tuf as the member list uses it: verified files by path, at a time that is given.

Law: the only module that knows ``tuf.ngclient``. Signatures, thresholds, versions and expiry are TUF's work (The
Update Framework specification 1.0, section 5); here stand the limits, the clock, the store and the errors. Files
are kept under the hash of their content, so that a file once verified is never written over by another (attack
and accident: a refresh that stops half-way leaves a mix).

What a mirror can do: serve nothing, or old metadata until it expires. Both end in ``Refused``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    LengthOrHashMismatchError,
    RepositoryError,
)
from tuf.api.metadata import TargetFile, Targets
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused

Fetch = Callable[[str], bytes]
"""The file at ``metadata/...`` or ``targets/...``, blocking. Raises ``Refused``: NOT_ALLOWED when there is no such
file, any other code when it could not be asked."""

METADATA: Final = "metadata/"
TARGETS: Final = "targets/"

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LIMITS: Final = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=8,  # targets, deny-list or code-lists, one bin
    root_max_length=limits.METADATA_FILE_BYTES,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=limits.METADATA_FILE_BYTES,
    targets_max_length=limits.METADATA_FILE_BYTES,
)


class _Fetcher(FetcherInterface):
    def __init__(self, fetch: Fetch) -> None:
        self._ask = fetch

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            return iter((self._ask(url),))
        except Refused as refused:
            if refused.code is Code.NOT_ALLOWED:
                raise DownloadHTTPError("no such file", 404) from refused
            raise


class TrustedFiles(Updater):
    """One look at the member list, at ``now`` (seconds since 1970 UTC).

    ``folder`` remembers the newest metadata seen (what TUF needs against rollback), ``store`` holds target files by
    the SHA-256 of their content, ``root`` is the content of the trusted root.json. Every method may fetch and
    raises ``Refused``: UNTRUSTED_METADATA for what does not verify, is missing or has expired, or what ``fetch``
    raised; ``Defect`` when this process cannot write its own folder. ``trusted_from`` is the version of ``root``.
    """

    def __init__(self, folder: Path, store: Path, root: bytes, fetch: Fetch, now: float) -> None:
        self._store = store
        self._folder = folder
        with _by_blame():
            for path in (folder, store):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            super().__init__(
                metadata_dir=str(folder),
                metadata_base_url=METADATA,
                target_base_url=TARGETS,
                fetcher=_Fetcher(fetch),
                config=_LIMITS,
                bootstrap=root,
            )
        self._trusted_set.reference_time = datetime.fromtimestamp(now, UTC)
        self.trusted_from = self._trusted_set.root.version

    def refresh(self) -> None:
        """Root, timestamp, snapshot and targets. Once, before all else."""
        with _by_blame():
            super().refresh()

    @property
    def version(self) -> int:
        """The snapshot's: it names the version of every file of metadata but root and timestamp."""
        return self._trusted_set.snapshot.version

    @property
    def versions(self) -> tuple[int, int]:
        """Of timestamp and snapshot: while both stay, all that was signed stays."""
        return self._trusted_set.timestamp.version, self._trusted_set.snapshot.version

    @property
    def valid_until(self) -> float:
        """The earliest expiry of all metadata looked at so far."""
        # The set iterates over its metadata, not over names.
        return min(signed.expires.timestamp() for signed in self._trusted_set)

    @property
    def delegated_until(self) -> float:
        """The earliest expiry of the delegated roles among it; the snapshot pins their versions."""
        names = {name.removesuffix(".json") for name in self._trusted_set.snapshot.meta}
        delegated = (name for name in names - {Targets.type} if name in self._trusted_set)
        expiries = (self._trusted_set[name].expires.timestamp() for name in delegated)
        return min(expiries, default=math.inf)

    def find(self, path: str) -> TargetFile | None:
        """What the metadata says of a target path; None when nobody signed one."""
        with _by_blame():
            return self.get_targetinfo(path)

    def content(self, target: TargetFile) -> bytes:
        """Its bytes, from the store or else fetched; they have the length and hash that were signed."""
        kept = self.kept_at(target)
        with _by_blame():
            try:
                data = kept.read_bytes()
                target.verify_length_and_hashes(data)
            except (FileNotFoundError, LengthOrHashMismatchError):
                self.download_target(target, str(kept))
                data = kept.read_bytes()
                target.verify_length_and_hashes(data)
        return data

    def kept_at(self, target: TargetFile) -> Path:
        digest = target.hashes.get("sha256", "")
        if _SHA256.fullmatch(digest) is None or target.length > limits.METADATA_FILE_BYTES:
            raise Refused(Code.UNTRUSTED_METADATA, "target file's hash or length")
        return self._store / digest

    def everything(self) -> list[TargetFile]:
        """All targets of all roles that the top role delegates to."""
        delegations = self._trusted_set.targets.delegations
        roles = delegations.roles if delegations and delegations.roles else {}
        with _by_blame():
            loaded = [self._load_targets(role, Targets.type) for role in roles]
        return [target for role in loaded for target in role.targets.values()]

    def metadata(self) -> dict[str, bytes]:
        """The files of metadata that were looked at, by the path they are fetched by: with them alone the same look
        can be taken again."""
        roots = range(self.trusted_from + 1, self._trusted_set.root.version + 1)
        kept = {f"{n}.root.json": self._folder / "root_history" / f"{n}.root.json" for n in roots}
        roles = (name.removesuffix(".json") for name in self._trusted_set.snapshot.meta)
        for role in ("timestamp", "snapshot", *(r for r in roles if r in self._trusted_set)):
            kept[f"{role}.json"] = self._folder / f"{role}.json"
        with _by_blame():
            return {METADATA + name: path.read_bytes() for name, path in kept.items()}


@contextmanager
def _by_blame() -> Iterator[None]:
    try:
        yield
    except (DownloadHTTPError, DownloadLengthMismatchError):
        raise Refused(Code.UNTRUSTED_METADATA, "file missing or too long") from None
    except DownloadError as error:
        if isinstance(error.__cause__, (Refused, Defect)):
            raise error.__cause__ from None
        raise
    except RepositoryError as error:
        raise Refused(Code.UNTRUSTED_METADATA, type(error).__name__) from None
    except OSError as error:
        raise Defect(f"member list folder: {type(error).__name__}") from None
