"""python-tuf as the member list uses it: verified files by path, at a time that is given.

Law: this is the only module that knows ``tuf.ngclient``. TUF checks signatures, thresholds,
versions and expiry (The Update Framework specification 1.0, section 5); this module adds the
limits, the clock, the store and the errors. Files are kept under the hash of their content, so that
no other file overwrites a verified one (attack and accident: a refresh that stops half-way leaves a
mix).

A mirror can serve nothing, or old metadata until it expires. Both end in ``Refused``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import unique
from pathlib import Path
from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
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
from fingerpost.protocol.errors import Code, Defect, Refused, Rule
from fingerpost.runtime.files import or_defect

Fetch = Callable[[str], bytes]
"""Returns the file at ``metadata/...`` or ``targets/...``; blocking. Raises ``Refused``:
NOT_ALLOWED when there is no such file, any other code when the server could not be asked."""

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


@unique
class ListRule(Rule):
    """Why a list is not taken, where somebody acts on it."""

    BACK = "older than the list in force"


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
    """The files of the member list, verified at one time. ``trusted_from`` is the version of the
    root it began with.

    Every method may fetch, and raises ``Refused`` (UNTRUSTED_METADATA for what does not verify, is
    missing or has expired, or what ``fetch`` raised) or ``Defect`` (this process cannot write its
    own folder).
    """

    def __init__(self, folder: Path, store: Path, root: bytes, fetch: Fetch, now: float) -> None:
        """
        Args:
            folder: keeps the newest metadata seen, which TUF needs against rollback.
            store: keeps target files by the SHA-256 of their content.
            root: the content of the trusted root.json.
            now: seconds since 1970 UTC.
        """
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
        """Fetch and verify root, timestamp, snapshot and targets. Call it once, before all else."""
        with _by_blame():
            super().refresh()

    @property
    def version(self) -> int:
        """The version of the snapshot, which pins every file of metadata but root and timestamp."""
        return self._trusted_set.snapshot.version

    @property
    def versions(self) -> tuple[int, int]:
        """The versions of timestamp and snapshot: while both stay, all signed files stay."""
        return self._trusted_set.timestamp.version, self._trusted_set.snapshot.version

    @property
    def signed_at(self) -> float:
        """When the issuer signed the timestamp, seconds since 1970 UTC by its clock."""
        return self._trusted_set.timestamp.expires.timestamp() - limits.TIMESTAMP_VALID_SECONDS

    @property
    def valid_until(self) -> float:
        """The earliest expiry of all metadata read so far, seconds since 1970 UTC.

        A list is good for a day from the look, whatever it says (attack: a timestamp that an issuer
        signed while its clock was ahead is replayed for as long as it was ahead).
        """
        # The set iterates over its metadata, not over names.
        expiries = (signed.expires.timestamp() for signed in self._trusted_set)
        most = limits.TIMESTAMP_VALID_SECONDS + limits.CLOCK_SKEW_SECONDS
        return min(*expiries, self._trusted_set.reference_time.timestamp() + most)

    @property
    def delegated_until(self) -> float:
        """The earliest expiry of the delegated roles read so far; the snapshot pins them."""
        names = {name.removesuffix(".json") for name in self._trusted_set.snapshot.meta}
        delegated = (name for name in names - {Targets.type} if name in self._trusted_set)
        expiries = (self._trusted_set[name].expires.timestamp() for name in delegated)
        return min(expiries, default=math.inf)

    def find(self, path: str) -> TargetFile | None:
        """Return the signed entry of a target path; None when there is none."""
        with _by_blame():
            return self.get_targetinfo(path)

    def content(self, target: TargetFile) -> bytes:
        """Return the bytes of a target, from the store or fetched, with the length and hash that
        were signed.
        """
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
        """Return all targets of all roles that the top role delegates to."""
        delegations = self._trusted_set.targets.delegations
        roles = delegations.roles if delegations and delegations.roles else {}
        with _by_blame():
            loaded = [self._load_targets(role, Targets.type) for role in roles]
        return [target for role in loaded for target in role.targets.values()]

    def metadata(self) -> dict[str, bytes]:
        """Return the files of metadata that were read, by the path under which they are fetched.

        With them alone the same list can be verified again.
        """
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
        with or_defect("member list folder"):
            yield
    except (DownloadHTTPError, DownloadLengthMismatchError):
        raise Refused(Code.UNTRUSTED_METADATA, "file missing or too long") from None
    except DownloadError as error:
        if isinstance(error.__cause__, (Refused, Defect)):
            raise error.__cause__ from None
        raise
    except BadVersionNumberError:
        raise Refused(Code.UNTRUSTED_METADATA, ListRule.BACK) from None
    except RepositoryError as error:
        raise Refused(Code.UNTRUSTED_METADATA, type(error).__name__) from None
